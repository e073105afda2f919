//! `session`: makes, pairs and looks after the WhatsApp accounts of a WAHA server.

mod act;
pub(super) mod failure;
mod pair;
mod screen;
mod show;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use campaign_core::clock::Clock;
use waha_client::{Error, SessionInfo, SessionName, SessionStatus, WahaClient};

use crate::exit::{Exit, Failure};
use crate::language::{Loss, Text};
use crate::settings::Setting;
use crate::setup::{Setup, without_secrets};
use act::Act;
use pair::Way;

/// Create, pair and look after sessions: the WhatsApp accounts of the WAHA server
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign session create toko      (makes it, with its message store on)
  waha-campaign session qr toko          (scan what it draws with the phone)
  waha-campaign session list")]
pub(crate) struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Each session, its account, and what to do when it is not WORKING
    #[command(after_help = "Example:
  waha-campaign session list
  waha-campaign session list --json")]
    List,
    /// Make a session with its message store on, and start it
    #[command(after_help = "Example:
  waha-campaign session create
  waha-campaign session create toko --no-start")]
    Create {
        #[command(flatten)]
        name: Name,
        /// Leave it stopped
        #[arg(long)]
        no_start: bool,
    },
    /// Start a session that is stopped
    #[command(after_help = "Example:
  waha-campaign session start toko")]
    Start(Name),
    /// Stop a session; it stays paired
    #[command(after_help = "Example:
  waha-campaign session stop toko")]
    Stop(Name),
    /// Stop a session and start it again; it stays paired
    #[command(after_help = "Example:
  waha-campaign session restart toko")]
    Restart(Name),
    /// End a session's pairing with its phone; the session stays
    #[command(after_help = "Example:
  waha-campaign session logout toko
  waha-campaign session logout toko --yes      (from a script)")]
    Logout {
        #[command(flatten)]
        name: Name,
        /// Do not ask
        #[arg(long, short = 'y')]
        yes: bool,
    },
    /// Remove a session with its pairing and its configuration
    #[command(after_help = "Example:
  waha-campaign session delete toko
  waha-campaign session delete toko --yes      (from a script)")]
    Delete {
        #[command(flatten)]
        name: Name,
        /// Do not ask
        #[arg(long, short = 'y')]
        yes: bool,
    },
    /// The account of a session
    #[command(after_help = "Example:
  waha-campaign session me toko")]
    Me(Name),
    /// Pair a session: shows its QR code until a phone has scanned it
    #[command(after_help = "Example:
  waha-campaign session qr toko
  waha-campaign session qr toko --out qr.png
  waha-campaign session qr toko --json --timeout 2m

With --json, one line for each new code and one for the end.")]
    Qr {
        #[command(flatten)]
        name: Name,
        /// Write the code as a picture instead of drawing it
        #[arg(long, value_name = "FILE.png")]
        out: Option<PathBuf>,
        /// Without colours (in a pipe, with NO_COLOR): draw for a light background instead of a dark one
        #[arg(long)]
        invert: bool,
        #[command(flatten)]
        patience: Patience,
    },
    /// Pair a session by a code that is typed on the phone, where nothing can be scanned
    #[command(after_help = "Example:
  waha-campaign session code 081234567890
  waha-campaign session code +6281234567890 --session toko

With --json, one line for the code and one for the end.")]
    Code {
        /// The number of the phone to pair with
        #[arg(value_name = "PHONE")]
        phone: String,
        /// The session [default: as the settings say, or "default"]
        #[arg(long, value_name = "NAME")]
        session: Option<String>,
        /// Where a number without country code belongs, as in ID
        #[arg(long, value_name = "COUNTRY")]
        region: Option<String>,
        #[command(flatten)]
        patience: Patience,
    },
}

#[derive(Debug, clap::Args)]
struct Name {
    /// The session [default: as the settings say, or "default"]
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

#[derive(Debug, clap::Args)]
struct Patience {
    /// End after this time; otherwise when WAHA gives up, about 3 minutes after it began
    #[arg(long, value_name = "TIME")]
    timeout: Option<String>,
}

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let open = |name: Option<String>| Desk::open(setup, name);
    match args.what {
        What::List => show::list(setup).await,
        What::Me(name) => show::me(&open(name.name).await?).await,
        What::Create { name, no_start } => act::create(&open(name.name).await?, !no_start).await,
        What::Start(name) => act::act(&open(name.name).await?, Act::Start).await,
        What::Stop(name) => act::act(&open(name.name).await?, Act::Stop).await,
        What::Restart(name) => act::act(&open(name.name).await?, Act::Restart).await,
        What::Logout { name, yes } => act::lose(&open(name.name).await?, Loss::Logout, yes).await,
        What::Delete { name, yes } => act::lose(&open(name.name).await?, Loss::Delete, yes).await,
        What::Qr {
            name,
            out,
            invert,
            patience,
        } => {
            let way = Way::Qr { out, invert };
            let ended = pair::pair(setup, name.name, way, patience.timeout).await;
            pair::in_lines(setup, ended)
        }
        What::Code {
            phone,
            session,
            region,
            patience,
        } => {
            let ended = match Way::code(setup, &phone, &region) {
                Ok(way) => pair::pair(setup, session, way, patience.timeout).await,
                Err(failure) => Err(failure),
            };
            pair::in_lines(setup, ended)
        }
    }
}

/// What a command about one session works with.
struct Desk<'a> {
    setup: &'a Setup,
    client: WahaClient,
    clock: Arc<dyn Clock>,
    name: SessionName,
}

impl<'a> Desk<'a> {
    async fn open(setup: &'a Setup, name: Option<String>) -> Result<Self, Failure> {
        let Setting { value, origin } = setup.settings.session(&name);
        let name = SessionName::new(value.as_str()).map_err(|_| {
            Failure::new(
                Exit::Usage,
                Text::SessionName {
                    name: value,
                    origin: origin.clone(),
                },
            )
        })?;
        Ok(Self {
            setup,
            client: setup.checked_client().await?,
            clock: setup.clock(),
            name,
        })
    }

    /// The session as it stands.
    ///
    /// # Errors
    /// When there is none of this name, or the server does not say.
    async fn look(&self) -> Result<SessionInfo, Failure> {
        let info = self.client.sessions().get(&self.name).await;
        info.map_err(|error| self.failure(&error))
    }

    fn failure(&self, error: &Error) -> Failure {
        failure::of(error, &self.url(), Some(&self.name))
    }

    fn url(&self) -> String {
        without_secrets(&self.setup.settings.url.value)
    }

    fn name(&self) -> String {
        self.name.to_string()
    }

    async fn pause(&self, time: Duration) {
        let end = self.clock.now().elapsed + time;
        while self.clock.now().elapsed < end {
            self.clock.wait_until(end).await;
        }
    }
}

/// The number and the name of a session's account.
#[derive(Debug, Clone, Default)]
struct AccountWords {
    number: Option<String>,
    push_name: Option<String>,
}

impl AccountWords {
    /// As the session tells. While it waits for a phone, WAHA may show whoever asked for a pairing code (recorded).
    fn of(info: &SessionInfo) -> Self {
        match info.status {
            SessionStatus::ScanQrCode
            | SessionStatus::PasskeyRequired
            | SessionStatus::PasskeyConfirmationRequired => Self::default(),
            _ => Self::of_me(info.me.as_ref()),
        }
    }

    fn of_me(me: Option<&waha_client::types::Me>) -> Self {
        let Some(me) = me else {
            return Self::default();
        };
        let number = match me.id.phone_digits() {
            Some(digits) => format!("+{digits}"),
            None => me.id.to_string(),
        };
        Self {
            number: Some(number),
            push_name: me.push_name.clone().filter(|name| !name.is_empty()),
        }
    }
}
