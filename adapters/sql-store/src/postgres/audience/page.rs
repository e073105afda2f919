//! A page of an audience: who of it is there already is asked for once, and the others come in together.

use std::collections::{BTreeMap, HashMap};

use campaign_core::delivery::{CampaignId, DeliveryId, Happening, Standing, State, apply};
use campaign_core::store::{Imported, NewRecipient};

use crate::codes;
use crate::postgres::fault::{Fault, Result};
use crate::postgres::moves::{Differences, write_counts};
use crate::postgres::transaction::{Columns, Parameters, Tx, int, text};

/// A page of an audience on its way in.
pub(super) struct Page {
    campaign: CampaignId,
    pub(super) next: u32,
    at: i64,
    counts: Differences,
    ids: Vec<i64>,
    phones: Vec<i64>,
    states: Vec<i16>,
    reasons: Vec<i16>,
    rows: Vec<i64>,
    keys: Vec<Option<String>>,
    identities: Vec<String>,
    values: Vec<String>,
}

impl Page {
    pub(super) fn new(campaign: CampaignId, next: u32, at: i64) -> Self {
        Self {
            campaign,
            next,
            at,
            counts: Differences::new(),
            ids: Vec::new(),
            phones: Vec::new(),
            states: Vec::new(),
            reasons: Vec::new(),
            rows: Vec::new(),
            keys: Vec::new(),
            identities: Vec::new(),
            values: Vec::new(),
        }
    }

    pub(super) async fn take(
        &mut self,
        tx: &Tx<'_>,
        recipients: &[NewRecipient],
    ) -> Result<Vec<Imported>> {
        let identities: Vec<(i64, String)> = recipients
            .iter()
            .map(|it| {
                let key = codes::recipient_key(it.key.as_deref());
                (codes::digits(it.phone), text(&key))
            })
            .collect();
        let there = self.there(tx, &identities).await?;
        // Those of this page are told by each other.
        let mut first_rows: HashMap<&(i64, String), u64> = HashMap::new();
        let mut imported = Vec::with_capacity(recipients.len());
        for (place, (recipient, identity)) in recipients.iter().zip(&identities).enumerate() {
            let delivery = DeliveryId::new(self.campaign, self.next).ok_or_else(|| {
                Fault::refused(format!(
                    "a campaign has at most {} recipients",
                    DeliveryId::RECIPIENTS_MAX
                ))
            })?;
            let earlier = there
                .get(&place)
                .or_else(|| first_rows.get(identity))
                .copied();
            imported.push(match earlier {
                Some(first_row) => Imported::Duplicate { first_row },
                None => {
                    first_rows.insert(identity, recipient.row);
                    self.add(delivery, recipient, identity)?;
                    Imported::Added(delivery)
                }
            });
        }
        Ok(imported)
    }

    /// The rows of those that came in earlier, by their places here.
    async fn there(
        &self,
        tx: &Tx<'_>,
        identities: &[(i64, String)],
    ) -> Result<BTreeMap<usize, u64>> {
        let (phones, keys): (Vec<i64>, Vec<&str>) = identities
            .iter()
            .map(|(phone, key)| (*phone, key.as_str()))
            .unzip();
        let found = tx
            .rows(
                "SELECT w.place, c.row
                 FROM unnest($2::bigint[], $3::text[]) WITH ORDINALITY AS w (phone, key, place)
                 CROSS JOIN LATERAL (
                     SELECT delivery FROM recipient WHERE campaign = $1 AND phone = w.phone AND key = w.key OFFSET 0) AS r
                 CROSS JOIN LATERAL (SELECT row FROM delivery_content WHERE id = r.delivery OFFSET 0) AS c",
                &[&int(self.campaign.number())?, &phones, &keys],
            )
            .await?;
        let there = |row: &tokio_postgres::Row| {
            let place = usize::try_from(row.at::<i64>(0)? - 1).map_err(Fault::unreadable)?;
            Ok((place, row.at::<i64>(1)?.cast_unsigned()))
        };
        found.iter().map(there).collect()
    }

    fn add(
        &mut self,
        delivery: DeliveryId,
        recipient: &NewRecipient,
        (phone, identity): &(i64, String),
    ) -> Result<()> {
        let standing = match recipient.skip {
            None => Standing::NEW,
            Some(reason) => apply(Standing::NEW, Happening::Skipped(reason))
                .ok()
                .filter(|to| codes::fits(to.state, to.reason))
                .ok_or_else(|| Fault::refused(format!("nothing is skipped as {reason}")))?,
        };
        self.ids.push(codes::number(delivery));
        self.phones.push(*phone);
        self.states.push((standing.state as u8).into());
        self.reasons
            .push(codes::reason_number(standing.reason).into());
        self.rows.push(recipient.row.cast_signed());
        self.keys.push(recipient.key.as_deref().map(text));
        self.identities.push(identity.clone());
        self.values.push(serde_json::to_string(&recipient.values)?);
        let place = (self.campaign, standing.state, standing.reason);
        *self.counts.entry(place).or_default() += 1;
        self.next += 1;
        Ok(())
    }

    pub(super) async fn write(&self, tx: &Tx<'_>) -> Result<()> {
        if self.ids.is_empty() {
            return Ok(());
        }
        let campaign = int(self.campaign.number())?;
        let ready = self.ids.iter().zip(&self.states);
        let ready: Vec<i64> = ready
            .filter(|(_, state)| **state == i16::from(State::Scheduled as u8))
            .map(|(id, _)| *id)
            .collect();
        let deliveries: Parameters<'_> = &[
            &self.ids,
            &self.phones,
            &self.states,
            &self.reasons,
            &self.at,
        ];
        let contents: Parameters<'_> = &[&self.ids, &self.rows, &self.keys, &self.values];
        let recipients: Parameters<'_> = &[&campaign, &self.phones, &self.identities, &self.ids];
        let due: Parameters<'_> = &[&ready];
        tokio::try_join!(
            biased;
            tx.execute(
                "INSERT INTO delivery (id, phone, state, reason, changed_at)
                 SELECT *, $5::bigint FROM unnest($1::bigint[], $2::bigint[], $3::smallint[], $4::smallint[])",
                deliveries,
            ),
            tx.execute(
                "INSERT INTO delivery_content (id, row, key, \"values\")
                 SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::text[])",
                contents,
            ),
            // In the order of the table: each of its pages is written once.
            tx.execute(
                "INSERT INTO recipient (campaign, phone, key, delivery)
                 SELECT $1::integer, phone, key, delivery
                 FROM unnest($2::bigint[], $3::text[], $4::bigint[]) AS n (phone, key, delivery) ORDER BY phone, key",
                recipients,
            ),
            tx.execute(
                "INSERT INTO ready (delivery, not_before) SELECT delivery, 0 FROM unnest($1::bigint[]) AS n (delivery)",
                due,
            ),
            write_counts(tx, &self.counts),
        )?;
        Ok(())
    }
}
