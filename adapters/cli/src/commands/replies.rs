//! `replies`: what people wrote who are in a campaign.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use campaign_core::delivery::CampaignId;
use campaign_core::limits::Zone;
use campaign_core::store::{CampaignQuery, ReplyQuery, ReplyRow, Store};
use serde_json::json;

use super::campaign;
use crate::exit::{Exit, Failure};
use crate::language::Text;
use crate::output::Output;
use crate::setup::Setup;

/// What people wrote who are in a campaign, as far as a sending process heard it
///
/// Replies are heard while a command sends, and while `watch --stay` listens; what people write at other times is on the phone.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  waha-campaign replies \"tagihan mei\"
  waha-campaign replies --json")]
pub(crate) struct Args {
    /// The campaign; all of them unless given
    #[arg(value_name = "NAME")]
    name: Option<String>,
}

/// Replies read at once.
const PAGE: u32 = 1_000;

pub(crate) async fn run(setup: &Setup, args: Args) -> Result<Exit, Failure> {
    let store = setup.existing_store().await?;
    let only = match &args.name {
        Some(name) => Some(campaign(&*store, name).await?.id),
        None => None,
    };
    let mut query = ReplyQuery {
        campaign: only,
        after: 0,
        limit: PAGE,
    };
    let mut names: BTreeMap<CampaignId, String> = BTreeMap::new();
    loop {
        let page = store.replies(&query).await?;
        for row in &page {
            let name = match names.entry(row.campaign) {
                Entry::Occupied(known) => known.get().clone(),
                Entry::Vacant(vacant) => {
                    vacant.insert(name_of(&*store, row.campaign).await?).clone()
                }
            };
            show(&setup.output, &name, row);
        }
        match page.last() {
            Some(last) => query.after = last.number,
            None => break,
        }
    }
    if query.after == 0 {
        setup.output.note(&Text::NoReplies);
    }
    Ok(Exit::Done)
}

/// One reply, as a line.
pub(crate) fn show(output: &Output, campaign: &str, row: &ReplyRow) {
    let reply = &row.reply;
    output.json_line(&json!({
        "campaign": campaign,
        "phone": reply.from.to_string(),
        "received_at": reply.received_at,
        "text": reply.text,
    }));
    output.say(&Text::ReplyLine {
        name: campaign.to_owned(),
        phone: reply.from.to_string(),
        at: Zone::default().show(reply.received_at),
        text: in_one_line(&reply.text),
    });
}

async fn name_of(store: &dyn Store, campaign: CampaignId) -> Result<String, Failure> {
    let query = CampaignQuery::These(vec![campaign]);
    let record = store.campaigns(&query).await?.into_iter().next();
    Ok(record.map_or_else(String::new, |it| it.definition.name.clone()))
}

/// A text of several lines, or with a terminal's own signs, must not look like something else.
fn in_one_line(text: &str) -> String {
    let words = text.split(|c: char| c.is_whitespace() || c.is_control());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_one_line_without_a_terminals_signs() {
        assert_eq!(
            in_one_line("ya\n\x1b[2Jsaya \u{9b}1m bayar\r"),
            "ya [2Jsaya 1m bayar"
        );
    }
}
