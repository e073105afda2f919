//! One message to one person, once: the everyday call of a program that bills, reminds or answers.
//!
//! The caller names what the message is for, by a key of its own (`kuitansi-4711`). The same key with the same content is never sent
//! again: it answers with where the first one stands, from another task, another process, or after a crash. The same key with other
//! content is refused with what differs.
//!
//! A single message is a campaign of one recipient, so that it has every promise of one: it is journalled, paced with all else that its
//! account sends, looked up when it is in doubt. [`leave`] puts it into a store for whoever runs there;
//! [`Handle::send_once`](crate::driver::Handle::send_once) hands it to the driver of this process, and waits with it.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;

use crate::campaign::{CampaignState, Category, Definition, Difference, Source};
use crate::clock::Now;
use crate::delivery::{CampaignId, DeliveryId, Reason, Standing, State};
use crate::gateway::Session;
use crate::limits::{Hours, Zone};
use crate::message::MessageTemplate;
use crate::phone::PhoneNumber;
use crate::store::{
    CampaignQuery, CampaignRecord, Command, Created, NewRecipient, ReportQuery, Store, StoreError,
};

/// What single messages are called among the campaigns. No other campaign's name may hold a colon.
pub const PREFIX: &str = "send:";

/// One message to one person.
///
/// ```
/// use campaign_core::gateway::Session;
/// use campaign_core::message::MessageTemplate;
/// use campaign_core::once::SendOnce;
///
/// let text = MessageTemplate::text("Halo {{nama}}, pembayaran {{jumlah | rupiah}} sudah kami terima.")?;
/// let receipt = SendOnce {
///     values: vec![("nama".into(), "Budi".into()), ("jumlah".into(), "250000".into())],
///     ..SendOnce::new("kuitansi-4711".parse()?, Session::new("default"), "+6281234567890".parse()?, text)
/// };
/// assert_eq!(receipt.definition()?.name, "send:kuitansi-4711");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct SendOnce {
    /// What it is for.
    pub key: OnceKey,
    /// The session it is sent from.
    pub session: Session,
    /// To whom.
    pub to: PhoneNumber,
    /// What it says.
    pub message: MessageTemplate,
    /// The values of its variables, by name. They are never read as a template, whatever a customer is called.
    pub values: Vec<(Box<str>, Box<str>)>,
    /// What kind of business it is.
    pub category: Category,
    /// Somebody waits for it: it goes out beside the campaigns of its account, not in turn with them.
    pub is_urgent: bool,
    /// When it may be sent; `None` is at any hour.
    pub hours: Option<Hours>,
    /// The zone in which its times are shown.
    pub zone: Zone,
    /// It is not sent after this moment.
    pub expires_at: Option<Timestamp>,
    /// Whose message it is, where several share a database.
    pub tenant: Option<Box<str>>,
}

impl SendOnce {
    /// A message that somebody waits for, about something between the two: at any hour, for as long as it takes.
    pub fn new(key: OnceKey, session: Session, to: PhoneNumber, message: MessageTemplate) -> Self {
        Self {
            key,
            session,
            to,
            message,
            values: Vec::new(),
            category: Category::Utility,
            is_urgent: true,
            hours: None,
            zone: Zone::default(),
            expires_at: None,
            tenant: None,
        }
    }

    /// The campaign that it is.
    ///
    /// # Errors
    /// [`OnceError::Message`] when a variable has no value, or the message says nothing with them.
    pub fn definition(&self) -> Result<Definition, OnceError> {
        let (columns, values) = self.row();
        let bound = self.message.bind(&columns).map_err(OnceError::message)?;
        bound.render(&values).map_err(OnceError::message)?;
        Ok(Definition {
            category: self.category,
            is_urgent: self.is_urgent,
            hours: self.hours.clone(),
            zone: self.zone.clone(),
            expires_at: self.expires_at,
            tenant: self.tenant.clone(),
            source: Source {
                options: self.options(),
                ..Source::default()
            },
            ..Definition::new(
                format!("{PREFIX}{}", self.key),
                self.session.clone(),
                self.message.clone(),
            )
        })
    }

    /// Recipient and values as one line, in the order of their names: what tells one content from another.
    fn options(&self) -> String {
        let mut values: Vec<_> = self.values.iter().collect();
        values.sort_unstable();
        let mut line = format!("to {}", self.to);
        for (name, value) in values {
            line.push_str(&format!("; {name} = {value:?}"));
        }
        line
    }

    fn row(&self) -> (Vec<Box<str>>, Vec<Box<str>>) {
        self.values.iter().cloned().unzip()
    }
}

/// What a single message is for: any text of 1 to 100 characters that the caller will find again, such as an invoice's number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OnceKey(Box<str>);

impl OnceKey {
    /// The most characters of a key.
    pub const CHARS_MAX: usize = 100;

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OnceKey {
    type Err = BadKey;

    /// Without the spaces around it.
    fn from_str(text: &str) -> Result<Self, BadKey> {
        let key = text.trim();
        let is_good = !key.is_empty()
            && key.chars().count() <= Self::CHARS_MAX
            && !key.chars().any(char::is_control);
        if is_good {
            Ok(Self(key.into()))
        } else {
            Err(BadKey)
        }
    }
}

impl fmt::Display for OnceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a key has 1 to {} characters, none of them a line break or another control character",
    OnceKey::CHARS_MAX
)]
pub struct BadKey;

/// Why a single message was not taken.
#[derive(Debug, thiserror::Error)]
pub enum OnceError {
    /// The key was used for something else. Take another key, or the content that it was used for.
    #[error("the key {key} was used for another message, which differs in {}", names(.differences))]
    Differs {
        /// The key.
        key: OnceKey,
        /// What differs. The numbers in it are shortened.
        differences: Vec<Difference>,
    },
    /// The message and its values do not go together.
    #[error("{0}")]
    Message(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The person was taken out of the store since; it was sent then, or could not be.
    #[error("the person whom {key} went to was taken out of the database since")]
    Forgotten {
        /// The key.
        key: OnceKey,
    },
    /// The store failed, or could not take it.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl OnceError {
    fn message(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        OnceError::Message(Box::new(error))
    }
}

fn names(differences: &[Difference]) -> String {
    let names: Vec<&str> = differences.iter().map(|it| it.what).collect();
    names.join(", ")
}

/// A single message that is in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The campaign that it is.
    pub campaign: CampaignId,
    /// This call put it there; otherwise an earlier one, or another task's, did.
    pub is_new: bool,
}

/// Puts a message into a store and asks whoever runs there to send it. Nothing is sent by this call itself; when nobody runs, the next
/// runner sends it.
///
/// The same key with the same content changes nothing, however often and from wherever it comes.
///
/// # Errors
/// [`OnceError::Differs`] when the key was used for another content; see [`OnceError`] for the rest.
pub async fn leave(store: &dyn Store, once: &SendOnce, now: Now) -> Result<Left, OnceError> {
    let definition = once.definition()?;
    let (columns, values) = once.row();
    let recipient = NewRecipient::new(1, once.to, values);
    let created = store
        .create_whole(&definition, &columns, vec![recipient], now)
        .await?;
    let (campaign, is_new) = match created {
        Created::New(campaign) => (campaign, true),
        Created::There(campaign) => {
            let record = record(store, campaign).await?;
            let differences = differences(&record.definition, &definition);
            if !differences.is_empty() {
                let key = once.key.clone();
                return Err(OnceError::Differs { key, differences });
            }
            // Whoever put it there may have died before it asked.
            if record.state != CampaignState::Frozen {
                return Ok(Left {
                    campaign,
                    is_new: false,
                });
            }
            (campaign, false)
        }
    };
    store.submit(&Command::Start { campaign }).await?;
    Ok(Left { campaign, is_new })
}

/// Where a single message stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stands {
    /// The newest delivery: an operator may have had it sent anew.
    pub delivery: DeliveryId,
    /// To whom.
    pub phone: PhoneNumber,
    /// Where that stands, in full.
    pub standing: Standing,
    /// The server's words, where it had some.
    pub message: Option<Box<str>>,
}

/// Where a single message stands, in short.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It waits for its turn, or is on its way.
    Pending,
    /// It may have been sent, and is looked up; or a person has to decide.
    Unconfirmed {
        /// Why.
        why: Option<Reason>,
    },
    /// WAHA took it. Not yet "sent".
    Accepted,
    /// WhatsApp's server has it.
    Sent,
    /// The recipient's phone has it, or it was read.
    Delivered,
    /// It was not sent, and will not be.
    Failed {
        /// Why; `None` when it was cancelled.
        why: Option<Reason>,
    },
}

impl Stands {
    /// In short.
    pub fn outcome(&self) -> Outcome {
        let why = self.standing.reason;
        match self.standing.state {
            State::Scheduled | State::Sending => Outcome::Pending,
            State::Unconfirmed => Outcome::Unconfirmed { why },
            State::Accepted => Outcome::Accepted,
            State::Sent => Outcome::Sent,
            State::Delivered | State::Read | State::Played => Outcome::Delivered,
            State::Failed | State::Skipped | State::Cancelled => Outcome::Failed { why },
        }
    }

    /// It has got as far as was waited for, or will not get there by itself any more as far as is known now.
    pub fn has_reached(&self, goal: Goal) -> bool {
        match self.outcome() {
            Outcome::Pending | Outcome::Unconfirmed { .. } => false,
            Outcome::Accepted => goal <= Goal::Accepted,
            Outcome::Sent => goal <= Goal::Sent,
            Outcome::Delivered | Outcome::Failed { .. } => true,
        }
    }
}

/// How far a single message is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Goal {
    /// WAHA took it.
    Accepted,
    /// WhatsApp's server has it.
    Sent,
    /// The recipient's phone has it. A phone that is off has it much later.
    Delivered,
}

/// Where the message with a key stands; `None` when there is none.
///
/// # Errors
/// [`OnceError::Forgotten`] when its person was taken out of the store; [`OnceError::Store`] when that fails.
pub async fn look(store: &dyn Store, key: &OnceKey) -> Result<Option<Stands>, OnceError> {
    let Some(record) = store.campaign(&format!("{PREFIX}{key}")).await? else {
        return Ok(None);
    };
    if record.state <= CampaignState::Importing {
        return Ok(None);
    }
    stands(store, record.id, key).await.map(Some)
}

/// Where a message that was left stands.
///
/// # Errors
/// As [`look`].
pub async fn stands(
    store: &dyn Store,
    campaign: CampaignId,
    key: &OnceKey,
) -> Result<Stands, OnceError> {
    let rows = store.report(ReportQuery::of(campaign)).await?;
    let row = rows
        .into_iter()
        .next()
        .ok_or_else(|| OnceError::Forgotten { key: key.clone() })?;
    Ok(Stands {
        delivery: row.delivery,
        phone: row.phone,
        standing: row.standing,
        message: row.message,
    })
}

async fn record(store: &dyn Store, campaign: CampaignId) -> Result<CampaignRecord, StoreError> {
    let query = CampaignQuery::These(vec![campaign]);
    let found = store.campaigns(&query).await?.into_iter().next();
    found.ok_or_else(|| StoreError::NotFound {
        what: format!("campaign {}", campaign.number()),
    })
}

/// In what two single messages differ, as their caller knows them.
fn differences(was: &Definition, is: &Definition) -> Vec<Difference> {
    let options = |definition: &Definition| {
        let line = &definition.source.options;
        let (to, values) = line.split_once("; ").unwrap_or((line, ""));
        let to = to.strip_prefix("to ").unwrap_or(to);
        let phone = to.parse::<PhoneNumber>();
        let shown = phone.map_or("another".to_owned(), |phone| phone.masked().to_string());
        (to.to_owned(), shown, values.to_owned())
    };
    let (was_to, was_shown, was_values) = options(was);
    let (is_to, is_shown, is_values) = options(is);
    let mut found = Vec::new();
    if was_to != is_to {
        found.push(Difference {
            what: "recipient",
            was: was_shown,
            is: is_shown,
        });
    }
    if was_values != is_values {
        found.push(Difference {
            what: "values",
            was: was_values,
            is: is_values,
        });
    }
    let others = was.differences(is);
    found.extend(others.into_iter().filter(|it| it.what != "import options"));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn invoice(key: &str) -> SendOnce {
        let message = MessageTemplate::text("Halo {{nama}}").unwrap();
        let to = "+6281234567890".parse().unwrap();
        SendOnce {
            values: vec![("nama".into(), "Budi".into())],
            ..SendOnce::new(key.parse().unwrap(), Session::new("default"), to, message)
        }
    }

    #[test]
    fn a_key_is_a_line_of_text_that_people_can_read() {
        for good in ["4711", " kuitansi 2026/11/0042 ", &"x".repeat(100)] {
            assert_eq!(good.parse::<OnceKey>().unwrap().as_str(), good.trim());
        }
        for bad in ["", "  ", "a\nb", "a\u{7}", &"x".repeat(101)] {
            assert_eq!(bad.parse::<OnceKey>(), Err(BadKey), "{bad:?}");
        }
    }

    #[test]
    fn what_differs_is_told_without_the_number() {
        let was = invoice("1").definition().unwrap();
        type Change = fn(&mut SendOnce);
        let rows: [(Change, &[&str]); 7] = [
            (|_| {}, &[]),
            (
                |it| it.to = "+6281234567891".parse().unwrap(),
                &["recipient"],
            ),
            (
                |it| it.values = vec![("nama".into(), "Siti".into())],
                &["values"],
            ),
            (|it| it.category = Category::Service, &["category"]),
            (|it| it.is_urgent = false, &["urgent"]),
            (
                |it| it.message = MessageTemplate::text("Hai {{nama}}").unwrap(),
                &["message"],
            ),
            (|it| it.expires_at = Some(Timestamp::MAX), &["expiry"]),
        ];
        for (change, wanted) in rows {
            let mut other = invoice("1");
            change(&mut other);
            let found = differences(&was, &other.definition().unwrap());
            let names: Vec<_> = found.iter().map(|it| it.what).collect();
            assert_eq!(names, wanted);
            assert!(!format!("{found:?}").contains("6281234567"), "{found:?}");
        }
    }

    #[test]
    fn the_order_of_values_does_not_matter_and_no_value_can_pass_for_another() {
        let of = |values: &[(&str, &str)]| {
            let values = values
                .iter()
                .map(|(name, value)| ((*name).into(), (*value).into()));
            SendOnce {
                values: values.collect(),
                ..invoice("1")
            }
            .options()
        };
        assert_eq!(of(&[("a", "1"), ("b", "2")]), of(&[("b", "2"), ("a", "1")]));
        assert_ne!(of(&[("a", "1; b = \"2\"")]), of(&[("a", "1"), ("b", "2")]));
    }

    #[test]
    fn a_variable_without_a_value_is_told_before_anything_is_stored() {
        let bare = SendOnce {
            values: Vec::new(),
            ..invoice("1")
        };
        assert!(matches!(bare.definition(), Err(OnceError::Message(_))));
        let hostile = SendOnce {
            values: vec![("nama".into(), "{{ 7 * 7 }}".into())],
            ..invoice("1")
        };
        assert!(hostile.definition().is_ok());
    }

    #[test]
    fn a_goal_is_reached_by_whatever_lies_beyond_it_and_by_a_failure() {
        use State as S;
        let delivery = DeliveryId::new(CampaignId::new(1).unwrap(), 0).unwrap();
        // The state, and whether it is far enough for accepted, sent, delivered.
        let rows = [
            (S::Scheduled, [false; 3]),
            (S::Sending, [false; 3]),
            (S::Unconfirmed, [false; 3]),
            (S::Accepted, [true, false, false]),
            (S::Sent, [true, true, false]),
            (S::Delivered, [true; 3]),
            (S::Read, [true; 3]),
            (S::Failed, [true; 3]),
            (S::Skipped, [true; 3]),
            (S::Cancelled, [true; 3]),
        ];
        for (state, wanted) in rows {
            let stands = Stands {
                delivery,
                phone: PhoneNumber::FICTITIOUS,
                standing: Standing {
                    state,
                    ..Standing::NEW
                },
                message: None,
            };
            let found =
                [Goal::Accepted, Goal::Sent, Goal::Delivered].map(|goal| stands.has_reached(goal));
            assert_eq!(found, wanted, "{state}");
        }
    }
}
