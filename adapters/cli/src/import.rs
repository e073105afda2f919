//! A list into the store, page by page: while the store takes one, the next is read. Memory holds a few pages, whatever the length of the list.

use std::collections::{BTreeMap, HashSet};
use std::sync::mpsc::{Receiver, sync_channel};

use campaign_core::audience::{Audience, AudienceError, Fault, Page, Recipient, Reject};
use campaign_core::campaign::{Missing, NumberCheck};
use campaign_core::clock::{Clock, Now};
use campaign_core::delivery::{CampaignId, DeliveryId, Reason};
use campaign_core::message::BoundMessage;
use campaign_core::phone::PhoneNumber;
use campaign_core::store::{Imported, NewRecipient, PRESENCE_KEPT_FOR, Store, StoreError};
use jiff::Timestamp;

use crate::exit::Failure;
use crate::inputs::{Inputs, refused};
use crate::language::Text;
use crate::left_out::LeftOut;
use crate::output::Output;
use crate::progress::Counter;
use crate::rows::{Check, Checked, Faults, Rejects};

/// Pages that wait for the store, beside the one that is being read.
const PAGES_AHEAD: usize = 1;

/// What an import came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) deliveries: u64,
    pub(crate) skipped: u64,
    pub(crate) rejected: u64,
    /// Rows that had come in before, from the same row.
    pub(crate) known: u64,
    /// Of the others, those that would be skipped if they were due now.
    pub(crate) left_out: u64,
}

/// Imports the whole list. The campaign stays in `importing`.
///
/// # Errors
/// When the message cannot be made for a row, or a file or the store fails. The campaign is imported anew the next time.
pub(crate) async fn import(
    output: &Output,
    store: &dyn Store,
    clock: &dyn Clock,
    inputs: &mut Inputs,
    rejects: &mut Rejects,
) -> Result<(CampaignId, Totals), Failure> {
    let now: Now = clock.now();
    let columns = inputs.audience.columns().variables().clone();
    let campaign = store.create(&inputs.definition, &columns, now).await?;
    let mut import = Import {
        store,
        campaign,
        door: Door::Import,
        order: Vec::new(),
        faults: Faults::default(),
        rejects,
        left: u64::from(inputs.definition.source.limit.unwrap_or(u32::MAX)),
        known_since: (inputs.definition.check == NumberCheck::Only)
            .then(|| now.wall - PRESENCE_KEPT_FOR),
        left_out: Some(LeftOut::of(&inputs.definition, now.wall)),
        totals: Totals::default(),
        mended: HashSet::new(),
        untold: 0,
    };
    let check = Check::new(&inputs.message, inputs.definition.missing);
    import.read(output, &mut inputs.audience, check)?;
    import.faults.refuse()?;
    if let Some(text) = import.left_out.as_ref().and_then(LeftOut::text) {
        output.note(&text);
    }
    Ok((campaign, import.totals))
}

/// More people for a campaign whose audience is whole. Every row is looked at before the first one comes in.
pub(crate) struct Addition<'a> {
    pub(crate) campaign: CampaignId,
    /// For the columns of the list that they stand in.
    pub(crate) message: &'a BoundMessage,
    pub(crate) missing: Missing,
    /// Where the values of the campaign's columns stand in that list, if they do.
    pub(crate) order: Vec<Option<usize>>,
}

/// What an addition came to.
#[derive(Debug, Default)]
pub(crate) struct Added {
    pub(crate) totals: Totals,
    /// Rows of a rejects file that are in the campaign now.
    pub(crate) mended: HashSet<u64>,
}

impl Addition<'_> {
    /// How many rows can be written to, with those that are in the campaign already.
    ///
    /// # Errors
    /// When the message cannot be made for a row, or the file cannot be read.
    pub(crate) fn look(&self, output: &Output, audience: &mut Audience) -> Result<u64, Failure> {
        let mut check = Check::new(self.message, self.missing);
        let mut faults = Faults::default();
        let mut counter = Counter::new(output);
        let (mut rows, mut good) = (0, 0);
        while let Some(page) = tokio::task::block_in_place(|| audience.next()) {
            let page = page.map_err(refused)?;
            rows += page.rows() as u64;
            counter.show(rows);
            for recipient in &page.recipients {
                match check.check(recipient) {
                    Checked::Message(_) => good += 1,
                    Checked::Fault(fault) => faults.add(recipient.row, fault),
                    Checked::Skip(_) => {}
                }
            }
        }
        drop(counter);
        faults.refuse()?;
        Ok(good)
    }

    /// Adds them.
    ///
    /// # Errors
    /// When a file or the store fails: who has come in by then is in, and told from the others when it is tried again.
    pub(crate) fn carry_out(
        self,
        output: &Output,
        store: &dyn Store,
        now: Now,
        audience: &mut Audience,
        rejects: &mut Rejects,
    ) -> Result<Added, Failure> {
        let mut import = Import {
            store,
            campaign: self.campaign,
            door: Door::Addition(now),
            order: self.order,
            faults: Faults::default(),
            rejects,
            left: u64::MAX,
            known_since: None,
            left_out: None,
            totals: Totals::default(),
            mended: HashSet::new(),
            untold: 0,
        };
        import.read(output, audience, Check::new(self.message, self.missing))?;
        Ok(Added {
            totals: import.totals,
            mended: import.mended,
        })
    }
}

/// How rows come into the store.
#[derive(Debug, Clone, Copy)]
enum Door {
    Import,
    Addition(Now),
}

struct Import<'a> {
    store: &'a dyn Store,
    campaign: CampaignId,
    door: Door,
    /// Where the values of the campaign's columns stand in a row; empty: in their own order.
    order: Vec<Option<usize>>,
    /// Of the rows that came in.
    faults: Faults,
    rejects: &'a mut Rejects,
    /// How many may still come in.
    left: u64,
    /// Whoever was asked about since comes in with the answer: nothing else is wanted of them.
    known_since: Option<Timestamp>,
    /// Counts who would be skipped by what is known of them.
    left_out: Option<LeftOut>,
    totals: Totals,
    /// Rows of a rejects file that are in the campaign now.
    mended: HashSet<u64>,
    /// Rejected rows that the store has not been told of.
    untold: u64,
}

/// A page, and what each of its recipients comes to.
struct Read {
    page: Page,
    checked: Vec<Checked<u64>>,
}

impl Read {
    fn of(page: Page, check: &mut Check<'_>) -> Self {
        let checked = page.recipients.iter().map(|it| check.check(it).hashed());
        Self {
            checked: checked.collect(),
            page,
        }
    }
}

impl Import<'_> {
    /// Takes the whole list in, on this thread, while another one reads and checks what comes next.
    fn read(
        &mut self,
        output: &Output,
        audience: &mut Audience,
        mut check: Check<'_>,
    ) -> Result<(), Failure> {
        let (pages, read) = sync_channel(PAGES_AHEAD);
        let reader = move || {
            for page in audience {
                // Who takes them in has enough, or has failed.
                if pages
                    .send(page.map(|page| Read::of(page, &mut check)))
                    .is_err()
                {
                    break;
                }
            }
        };
        tokio::task::block_in_place(|| {
            std::thread::scope(|scope| {
                std::thread::Builder::new()
                    .name("list".to_owned())
                    .spawn_scoped(scope, reader)
                    .map_err(Failure::other)?;
                tokio::runtime::Handle::current().block_on(self.take_in(output, read))
            })
        })
    }

    async fn take_in(
        &mut self,
        output: &Output,
        read: Receiver<Result<Read, AudienceError>>,
    ) -> Result<(), Failure> {
        let mut counter = Counter::new(output);
        let mut rows = 0;
        while self.left > 0 {
            let Ok(read) = read.recv() else {
                break;
            };
            let read = read.map_err(refused)?;
            rows += read.page.rows() as u64;
            counter.show(rows);
            self.page(read).await?;
        }
        drop(counter);
        self.store(Vec::new()).await?;
        self.rejects.finish()
    }

    /// Puts recipients into the store, and tells it of the rejected rows that it does not know of.
    async fn store(&mut self, new: Vec<NewRecipient>) -> Result<Vec<Imported>, Failure> {
        let untold = std::mem::take(&mut self.untold);
        let stored = match self.door {
            Door::Import => self.store.import(self.campaign, new, untold).await,
            Door::Addition(now) => self.store.add(self.campaign, new, untold, now).await,
        };
        stored.map_err(too_many)
    }

    fn values(&self, recipient: &Recipient) -> Box<[Box<str>]> {
        if self.order.is_empty() {
            return recipient.values.clone();
        }
        let value = |place: &Option<usize>| {
            let value = place.and_then(|place| recipient.values.get(place));
            value.cloned().unwrap_or_default()
        };
        self.order.iter().map(value).collect()
    }

    async fn page(&mut self, Read { mut page, checked }: Read) -> Result<(), Failure> {
        let recipients = std::mem::take(&mut page.recipients);
        let mut first_rows = vec![None; recipients.len()];
        let mut last_row = None;
        let mut begun = 0;
        // Under a limit the duplicates among the last ones make room for others.
        while begun < recipients.len() && self.left > 0 {
            let room = usize::try_from(self.left).unwrap_or(usize::MAX);
            let end = recipients.len().min(begun.saturating_add(room));
            let part = &recipients[begun..end];
            let imported = self.add(part, &checked[begun..end]).await?;
            for (place, imported) in (begun..end).zip(&imported) {
                let recipient = &recipients[place];
                let is_in = match imported {
                    Imported::Added(_) => true,
                    Imported::Duplicate { first_row } => {
                        first_rows[place] = Some(*first_row);
                        *first_row == recipient.row
                    }
                };
                if is_in && recipient.was_rejected {
                    self.mended.insert(recipient.row);
                }
            }
            last_row = part.last().map(|recipient| recipient.row);
            begun = end;
        }
        page.refuse_duplicates(first_rows);
        let before = page.rejects.len();
        page.rejects.retain(|reject| !is_in_already(reject));
        self.totals.known += (before - page.rejects.len()) as u64;
        if self.left == 0 {
            // What stands below the last one that came in was not looked at.
            page.rejects
                .retain(|reject| last_row.is_some_and(|last| reject.row < last));
        }
        self.rejects.write(&mut page.rejects)?;
        // What came out of a rejects file counts as rejected already.
        let new = page.rejects.iter().filter(|reject| !reject.was_rejected);
        self.untold += new.count() as u64;
        self.totals.rejected += page.rejects.len() as u64;
        Ok(())
    }

    async fn add(
        &mut self,
        recipients: &[Recipient],
        checked: &[Checked<u64>],
    ) -> Result<Vec<Imported>, Failure> {
        let known = match self.known_since {
            None => BTreeMap::new(),
            Some(since) => {
                let phones: Vec<PhoneNumber> = recipients.iter().map(|it| it.phone).collect();
                self.store.presence(&phones, since).await?
            }
        };
        let answered = |phone| {
            known.get(&phone).map(|is_there| match is_there {
                true => Reason::OnWhatsapp,
                false => Reason::NotOnWhatsapp,
            })
        };
        let mut new = Vec::with_capacity(recipients.len());
        let mut texts = Vec::with_capacity(recipients.len());
        for (recipient, checked) in recipients.iter().zip(checked) {
            let (skip, hash) = match checked {
                Checked::Message(hash) => (answered(recipient.phone), Some(*hash)),
                Checked::Skip(reason) => (Some(*reason), None),
                // It refuses the whole input at the end; until then every row is looked at.
                Checked::Fault(fault) => {
                    self.faults.add(recipient.row, fault.clone());
                    (None, None)
                }
            };
            texts.push(match skip {
                Some(_) => None,
                None => hash.map(|hash| (recipient.phone, hash)),
            });
            new.push(NewRecipient {
                row: recipient.row,
                phone: recipient.phone,
                key: recipient.key.clone(),
                values: self.values(recipient),
                skip,
                was_rejected: recipient.was_rejected,
            });
        }
        let skips: Vec<bool> = new.iter().map(|it| it.skip.is_some()).collect();
        let imported = self.store(new).await?;
        let mut written_to = Vec::new();
        for (imported, (is_skipped, text)) in imported.iter().zip(skips.into_iter().zip(texts)) {
            if matches!(imported, Imported::Added(_)) {
                self.totals.deliveries += 1;
                self.totals.skipped += u64::from(is_skipped);
                self.left -= 1;
                written_to.extend(text);
            }
        }
        if let Some(left_out) = &mut self.left_out {
            self.totals.left_out += left_out.look(self.store, &written_to).await?;
        }
        Ok(imported)
    }
}

/// The row itself came in before: its list is added once more.
fn is_in_already(reject: &Reject) -> bool {
    matches!(reject.fault, Fault::Duplicate { first_row } if first_row == reject.row)
}

fn too_many(error: StoreError) -> Failure {
    match error {
        StoreError::Refused(why) if why.contains("recipients") => {
            Failure::refused(Text::TooManyRows {
                most: DeliveryId::RECIPIENTS_MAX,
            })
        }
        error => error.into(),
    }
}
