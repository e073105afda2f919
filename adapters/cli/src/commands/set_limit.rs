//! `set-limit`: what an account may send, from now on; without any limit, what it may send now.

use std::sync::Arc;

use campaign_core::gateway::{Gateway, Session};
use campaign_core::limits::LaneLimits;
use campaign_core::store::{Command, Store};

use crate::exit::{Exit, Failure};
use crate::language::Text;
use crate::limits::{LimitArgs, LimitWishes, shown};
use crate::operate::carry_out;
use crate::setup::{Setup, check_session};

/// Change what an account may send, while campaigns run too; without a limit, show it
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign set-limit --per-day 300 --gap 20s..40s
  waha-campaign set-limit --session toko")]
pub(crate) struct Args {
    /// The WhatsApp session whose account it is (default unless told)
    #[arg(long, value_name = "NAME")]
    session: Option<String>,
    #[command(flatten)]
    limits: LimitArgs,
}

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
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
