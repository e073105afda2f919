//! `set-limit`: what an account may send, from now on, or what a campaign, a server or the whole installation may; without any limit, what it
//! may send now.

use std::sync::Arc;

use campaign_core::gateway::{Gateway, Session};
use campaign_core::limits::{LaneLimits, Scope, SharedLimits};
use campaign_core::store::{Command, Store};

use super::campaign;
use crate::exit::{Exit, Failure};
use crate::inputs::zone;
use crate::language::Text;
use crate::limits::{LimitArgs, LimitWishes, SharedWishes, shared_shown, shown};
use crate::operate::carry_out;
use crate::setup::{Setup, check_session};

/// Change what an account may send, or a campaign over all its accounts, while campaigns run too; without a limit, show it
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign set-limit --per-day 300 --gap 20s..40s
  waha-campaign set-limit --session toko
  waha-campaign set-limit --campaign \"tagihan mei\" --per-day 500
  waha-campaign set-limit --installation --window 1000/1h")]
pub(crate) struct Args {
    /// The WhatsApp session whose account it is (default unless told)
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
    /// The limits of this campaign over all its accounts, not an account's: --per-day and --window
    #[arg(long, value_name = "NAME", conflicts_with_all = ["session", "server", "installation"])]
    campaign: Option<String>,
    /// The limits of all sessions of one server: the one of --url unless another is named
    #[arg(long, value_name = "HOST:PORT", num_args = 0..=1, default_missing_value = "", conflicts_with_all = ["session", "installation"])]
    server: Option<String>,
    /// The limits of everything that is sent from this database
    #[arg(long, conflicts_with = "session")]
    installation: bool,
    #[command(flatten)]
    limits: LimitArgs,
}

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let is_shared = args.campaign.is_some() || args.server.is_some() || args.installation;
    if is_shared {
        return run_shared(setup, args).await;
    }
    let is_asked = !args.limits.is_empty();
    let wishes = LimitWishes::read(&args.limits, None, &setup.settings)?;
    let session = Session::new(&setup.settings.session(&args.session).value);
    let gateway = setup.gateway(setup.clock()).await?;
    check_session(&gateway, &session, &setup.settings.url.value).await?;
    let Some(account) = gateway.observe(&session).await.account else {
        return Err(Failure::new(
            Exit::NotReady,
            Text::SessionNotReady {
                session: session.to_string(),
                status: "STARTING".into(),
            },
        ));
    };
    let store: Arc<dyn Store> = setup.store().await?;
    let usual = wishes.over(LaneLimits::default());
    let mut limits = store.lane(account, &session, &usual).await?.limits;
    if is_asked {
        limits = wishes.over(limits);
        let command = Command::SetLimits {
            account,
            limits: limits.clone(),
        };
        carry_out(setup, &store, vec![command]).await?;
    }
    setup.output.say(&Text::LimitsAre {
        session: session.to_string(),
        phone: account.0.to_string(),
    });
    setup.output.say(&shown(&limits));
    setup.output.json(&limits);
    Ok(Exit::Done)
}

async fn run_shared(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let wishes = SharedWishes::read(&args.limits)?;
    let store = setup.store().await?;
    let scope = match (&args.campaign, args.server) {
        (Some(name), _) => Scope::Campaign(campaign(&*store, name).await?.id),
        (None, Some(name)) if name.is_empty() => Scope::Server(setup.server_name()?.into()),
        (None, Some(name)) => Scope::Server(name.into()),
        (None, None) => Scope::Installation,
    };
    let all = store.shared_limits().await?;
    let on_record = all.into_iter().find(|record| record.scope == scope);
    let zone = zone(&None, &setup.settings)?;
    let on_record = on_record.map(|record| record.limits);
    let mut limits = on_record.unwrap_or(SharedLimits {
        zone,
        ..SharedLimits::default()
    });
    if !args.limits.is_empty() {
        limits = wishes.over(limits);
        let command = Command::SetSharedLimits {
            scope: scope.clone(),
            limits: (!limits.is_empty()).then(|| limits.clone()),
        };
        carry_out(setup, &store, vec![command]).await?;
    }
    setup.output.say(&Text::SharedLimitsAre {
        scope,
        campaign: args.campaign,
    });
    setup.output.say(&shared_shown(&limits));
    setup.output.json(&limits);
    Ok(Exit::Done)
}
