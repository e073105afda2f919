//! Ctrl-C, SIGTERM and SIGHUP, and what Windows has in their place. The first one asks to stop, the second one insists.

use std::io;

use tokio::sync::mpsc;

/// Tells of each signal to stop.
#[derive(Debug)]
pub(crate) struct Signals(mpsc::Receiver<()>);

impl Signals {
    /// Listens from now on. The signals no longer end the process by themselves.
    ///
    /// # Errors
    /// When the system does not let a process listen.
    pub(crate) fn listen() -> io::Result<Self> {
        let (tell, told) = mpsc::channel(8);
        listen(&tell)?;
        Ok(Self(told))
    }

    /// The next signal.
    pub(crate) async fn next(&mut self) {
        if self.0.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(unix)]
fn listen(tell: &mpsc::Sender<()>) -> io::Result<()> {
    use tokio::signal::unix::{SignalKind, signal};

    for kind in [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ] {
        let mut signals = signal(kind)?;
        let tell = tell.clone();
        tokio::spawn(async move {
            while signals.recv().await.is_some() && tell.send(()).await.is_ok() {}
        });
    }
    Ok(())
}

#[cfg(windows)]
fn listen(tell: &mpsc::Sender<()>) -> io::Result<()> {
    use tokio::signal::windows;

    macro_rules! each {
        ($($signal:ident),+) => {$({
            let mut signals = windows::$signal()?;
            let tell = tell.clone();
            tokio::spawn(async move {
                while signals.recv().await.is_some() && tell.send(()).await.is_ok() {}
            });
        })+};
    }
    each!(ctrl_c, ctrl_break, ctrl_close, ctrl_logoff, ctrl_shutdown);
    Ok(())
}

#[cfg(not(any(unix, windows)))]
fn listen(_: &mpsc::Sender<()>) -> io::Result<()> {
    Ok(())
}
