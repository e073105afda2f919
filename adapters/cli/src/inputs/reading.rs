//! How a list is read, as options.

use std::path::PathBuf;

use campaign_core::audience::Options;
use campaign_core::phone::{LinePolicy, Region};
use clap::Args;

use super::PAGE_ROWS;
use crate::exit::Failure;
use crate::settings::Settings;

/// How a list is read.
#[derive(Debug, Clone, Args)]
pub(crate) struct ReadingArgs {
    /// Where numbers without a country code belong (ID unless told)
    #[arg(long, value_name = "CC", help_heading = "List")]
    pub(crate) region: Option<String>,
    /// The column with phone numbers; found by its name unless given
    #[arg(long, value_name = "COLUMN", help_heading = "List")]
    pub(crate) phone_column: Option<String>,
    /// A column that tells several rows of one phone apart: invoice_no
    #[arg(long, value_name = "COLUMN", help_heading = "List")]
    pub(crate) key_column: Option<String>,
    /// The sheet; the first visible one unless given
    #[arg(long, value_name = "NAME", help_heading = "List")]
    pub(crate) sheet: Option<String>,
    /// Write to landlines too: a business may have one on WhatsApp
    #[arg(long, help_heading = "List")]
    pub(crate) allow_landline: bool,
    /// Where the rows that are left out are written (NAME.rejects.csv unless told)
    #[arg(long, value_name = "FILE", help_heading = "List")]
    pub(crate) rejects: Option<PathBuf>,
}

impl ReadingArgs {
    /// For the reader.
    ///
    /// # Errors
    /// When there is no such region.
    pub(crate) fn options(&self, settings: &Settings) -> Result<Options, Failure> {
        let region = settings.region(&self.region);
        Ok(Options {
            region: Region::new(&region.value).map_err(|error| region.wrong("region", error))?,
            lines: if self.allow_landline {
                LinePolicy::AnyLine
            } else {
                LinePolicy::MobileOnly
            },
            sheet: self.sheet.clone(),
            phone: self.phone_column.clone(),
            key: self.key_column.clone(),
            page_rows: PAGE_ROWS,
            ..Options::default()
        })
    }

    /// The options of the import in one line, so that the same file read in another way counts as another input.
    pub(crate) fn describe(&self, options: &Options) -> String {
        let mut line = format!("region {}", options.region);
        for (what, value) in [
            ("sheet", &options.sheet),
            ("phone column", &options.phone),
            ("key column", &options.key),
        ] {
            if let Some(value) = value {
                line.push_str(&format!(", {what} {value:?}"));
            }
        }
        if self.allow_landline {
            line.push_str(", landlines too");
        }
        line
    }
}
