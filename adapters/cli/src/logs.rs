//! Logs: to stderr, through one writer that masks phone numbers whatever wrote them.

use std::io::{self, Write};

use campaign_core::phone::masked;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::screen;

/// Starts logging. `filter` is as tracing's `EnvFilter` reads it: `info`, `waha_gateway=debug`.
///
/// # Errors
/// What is wrong with the filter.
pub(crate) fn start(filter: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|error| error.to_string())?;
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(MaskingWriter)
        .with_ansi(false)
        .finish();
    tracing::subscriber::set_global_default(subscriber).map_err(|error| error.to_string())
}

struct MaskingWriter;

impl<'a> MakeWriter<'a> for MaskingWriter {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line(Vec::new())
    }
}

/// One event's text, written whole and masked.
struct Line(Vec<u8>);

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let text = masked(&String::from_utf8_lossy(&self.0));
        // A log that cannot be written must not end the program.
        screen::beside_bars(|| {
            let _unwritten = io::stderr().lock().write_all(text.as_bytes());
        });
    }
}
