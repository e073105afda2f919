//! What is promised about people who must not be written to, or not so often.

use jiff::SignedDuration;

use super::ContractStore;
use super::journal::suppression;
use super::scene::{
    Scene, TEXT_HASH, Target, account, answered, at, evidence, happened, phone, wall,
};
use crate::campaign::Category;
use crate::consent::{
    Barred, Consent, ConsentRule, FrequencyCap, HANDED_OVER_WITHIN, Lid, Origin, Rules, Terms, Wish,
};
use crate::delivery::{Ack, Doubt, Happening, Reason};
use crate::limits::Slot;
use crate::phone::PhoneNumber;
use crate::store::{
    Batch, Change, Effect, HiddenReply, Inquiry, Journal, Lost, Reply, ReplyQuery, Store,
};

const DAY: i64 = 24 * 3_600;

fn wrote(number: u64, id: &str, seconds: i64, text: &str) -> Change {
    Change::Reply(Reply {
        account: account(1),
        message_id: id.into(),
        from: phone(number),
        received_at: wall(seconds),
        text: text.into(),
    })
}

fn wrote_hidden(number: u64, id: &str, seconds: i64, text: &str) -> Change {
    Change::HiddenReply(HiddenReply {
        account: account(1),
        message_id: id.into(),
        lid: lid(number),
        received_at: wall(seconds),
        text: text.into(),
    })
}

fn lid(number: u64) -> Lid {
    Lid::from_number(700_000 + number).unwrap()
}

impl<S: Store> Scene<S> {
    fn journal_by(&self, target: Target, slot: Slot, terms: Terms) -> Change {
        Change::Journal(Journal {
            slot,
            terms,
            ..self.journal_of(target)
        })
    }

    /// Whether an attempt goes on record; it then ends with success.
    async fn may(&self, seconds: i64, target: Target) -> Result<(), Lost> {
        self.may_by(seconds, target, Terms::default()).await
    }

    async fn may_by(&self, seconds: i64, target: Target, terms: Terms) -> Result<(), Lost> {
        let terms = Terms {
            may_repeat: true,
            ..terms
        };
        self.may_exactly(seconds, self.journal_by(target, Slot::Cold, terms), target)
            .await
    }

    async fn may_exactly(&self, seconds: i64, journal: Change, target: Target) -> Result<(), Lost> {
        match self.one(seconds, journal).await {
            Effect::Moved { .. } => {
                self.one(seconds, answered(target.delivery, Happening::Accepted))
                    .await;
                Ok(())
            }
            Effect::Lost(lost) => Err(lost),
            other => panic!("{other:?}"),
        }
    }

    async fn origin_of(&self, number: u64) -> Option<Origin> {
        let list = self.store.suppressed(None, 1_000).await.unwrap();
        let on_it = list.into_iter().find(|it| it.phone == phone(number));
        on_it.map(|it| it.origin)
    }
}

/// A reply that is an opt-out puts its writer on the list in the same commit: what comes behind it in its batch is lost, in every campaign,
/// whether or not the writer is in one.
pub async fn an_opt_out_holds_from_the_commit_that_keeps_it(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (_, first) = scene.running("first", 0..2).await;
    let (_, second) = scene.running("second", 0..2).await;
    let effects = scene
        .commit(
            10,
            vec![
                scene.journal(first[0]),
                wrote(0, "A", 9, "Stop!!"),
                scene.journal(second[0]),
                wrote(1, "B", 9, "stop dulu ya"),
                scene.journal(first[1]),
                wrote(77, "C", 9, "BERHENTI"),
            ],
        )
        .await;
    assert!(
        matches!(effects[0], Effect::Moved { .. }),
        "it is in flight"
    );
    assert_eq!(effects[1], Effect::Wished(phone(0), Wish::OptOut));
    assert_eq!(effects[2], Effect::Lost(Lost::Suppressed));
    assert_eq!(effects[3], Effect::Done);
    assert!(matches!(effects[4], Effect::Moved { .. }));
    assert_eq!(effects[5], Effect::Wished(phone(77), Wish::OptOut));
    let list = scene.store.suppressed(None, 10).await.unwrap();
    let told: Vec<_> = list
        .iter()
        .map(|it| (it.phone, it.origin, &*it.source, it.since))
        .collect();
    assert_eq!(
        told,
        [
            (phone(0), Origin::Reply, "A", wall(9)),
            (phone(77), Origin::Reply, "C", wall(9)),
        ]
    );
    let (_, later) = scene.running("later", 77..78).await;
    assert_eq!(scene.may(11, later[0]).await, Err(Lost::Suppressed));
}

/// Whoever asks for messages again gets them, and has agreed to them; but not who is on the list by somebody else's word.
pub async fn an_opt_in_lifts_what_an_opt_out_made_and_nothing_else(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (_, targets) = scene.running("lifted", 0..3).await;
    let by = |number: usize, origin| crate::store::Suppression {
        origin,
        ..suppression(targets[number])
    };
    let list = [by(1, Origin::Operator)];
    scene.store.suppress(&list).await.unwrap();
    let stops = (0..3).map(|number| wrote(number, &format!("A{number}"), 10, "stop"));
    scene.commit(10, stops.collect()).await;
    // What comes on top of an opt-out is not the person's to lift.
    let list = [by(2, Origin::Bounce)];
    scene.store.suppress(&list).await.unwrap();
    let origins = [Origin::Reply, Origin::Operator, Origin::Bounce];
    for (number, origin) in (0..).zip(origins) {
        assert_eq!(scene.origin_of(number).await, Some(origin), "{number}");
    }
    let starts = (0..3).map(|number| wrote(number, &format!("B{number}"), 20, "MULAI"));
    let effects = scene.commit(20, starts.collect()).await;
    for (number, effect) in (0..).zip(effects) {
        assert_eq!(effect, Effect::Wished(phone(number), Wish::OptIn));
    }
    for (number, expected) in (0..).zip([Ok(()), Err(Lost::Suppressed), Err(Lost::Suppressed)]) {
        let judged = scene.may(21, targets[number]).await;
        assert_eq!(judged, expected, "{number}");
    }
    let consents = scene.store.consents(None, 2).await.unwrap();
    let consent = |category| Consent {
        phone: phone(0),
        category,
        is_granted: true,
        origin: Origin::Reply,
        source: "B0".into(),
        since: wall(20),
    };
    assert_eq!(
        consents,
        [consent(Category::Marketing), consent(Category::Utility)]
    );
    // An opt-out withdraws what was given.
    scene.one(30, wrote(0, "C", 30, "stop")).await;
    let consents = scene.store.consents(None, 2).await.unwrap();
    assert!(
        consents
            .iter()
            .all(|it| !it.is_granted && it.source == "C".into())
    );
}

/// Events come late and twice: by the time at which people wrote, the last one counts.
pub async fn the_latest_wish_counts_whenever_it_is_told(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    scene.running("late", 0..2).await;
    scene.one(50, wrote(0, "START", 40, "start")).await;
    for again in 0..2 {
        let late = scene.one(51 + again, wrote(0, "STOP", 30, "stop")).await;
        assert_eq!(late, Effect::Done);
        assert_eq!(scene.origin_of(0).await, None);
    }
    scene.one(60, wrote(1, "STOP", 60, "stop")).await;
    scene.one(61, wrote(1, "START", 60, "start")).await;
    assert_eq!(
        scene.origin_of(1).await,
        None,
        "of the same second, the one that came later"
    );
    assert_eq!(
        scene.one(62, wrote(1, "START", 60, "start")).await,
        Effect::Done
    );
    // One from the future is one of now: what is written after it counts.
    scene.one(70, wrote(1, "AGAIN", 9_000, "stop")).await;
    assert_eq!(scene.origin_of(1).await, Some(Origin::Reply));
    scene.one(71, wrote(1, "BACK", 71, "start")).await;
    assert_eq!(scene.origin_of(1).await, None);
    // The clock was put back meanwhile: whoever wants to be left alone is.
    scene.one(20, wrote(1, "LEAVE", 90, "stop")).await;
    assert_eq!(scene.origin_of(1).await, Some(Origin::Reply));
}

/// What is lost may have held the confirmation.
pub async fn a_restored_copy_confirms_no_opt_out_that_may_have_been_confirmed(
    database: &impl ContractStore,
) {
    let scene = Scene::open(database).await;
    let (_, targets) = scene.running("restored", 0..2).await;
    scene.one(10, wrote(0, "A", 10, "stop")).await;
    assert_eq!(scene.store.due_confirmations(10).await.unwrap().len(), 1);
    database.back_up().await;
    // The original goes on, and sends.
    let phone = phone(0);
    scene.one(20, Change::Confirmed { phone }).await;
    scene.send(21, targets[1]).await;
    drop(scene);
    let Some(store) = database.restore().await else {
        return;
    };
    assert!(store.take_over(at(1_000)).await.unwrap().is_restored);
    assert_eq!(store.due_confirmations(10).await.unwrap(), []);
    assert_eq!(store.suppressed(None, 10).await.unwrap().len(), 1);
}

/// One confirmation for each opt-out that is new, until it is made; none for who repeats it, is on the list anyway, or opted out long ago.
pub async fn an_opt_out_is_confirmed_once_until_the_person_opts_in_again(
    database: &impl ContractStore,
) {
    let scene = Scene::open(database).await;
    let (_, targets) = scene.running("confirmed", 0..4).await;
    let store = &scene.store;
    let due = async || {
        let due = store.due_confirmations(10).await.unwrap();
        let due = due.into_iter().map(|it| (it.phone, it.message_id));
        due.collect::<Vec<_>>()
    };
    store.suppress(&[suppression(targets[1])]).await.unwrap();
    scene
        .commit(
            10,
            vec![
                wrote(0, "A", 10, "stop"),
                wrote(1, "B", 10, "stop"),
                wrote(2, "C", 10 - 2 * DAY, "stop"),
                wrote(3, "D", 10, "halo"),
            ],
        )
        .await;
    let first = [(phone(0), "A".into())];
    assert_eq!(due().await, first);
    scene.one(11, wrote(0, "A2", 11, "STOP STOP")).await;
    scene.one(12, wrote(0, "A3", 12, "berhenti")).await;
    let next = database.open().await;
    assert_eq!(next.due_confirmations(10).await.unwrap().len(), 1);
    let confirmation = &store.due_confirmations(10).await.unwrap()[0];
    assert_eq!(
        (confirmation.account, &*confirmation.session.0),
        (account(1), "default")
    );
    // The confirmation alone goes to who has opted out, and only while that is so.
    let (_, confirming) = scene.running("opt-out:A", 0..2).await;
    let confirms = Terms {
        category: Category::Service,
        confirms_opt_out: true,
        ..Terms::default()
    };
    let journal = |target| scene.journal_by(target, Slot::Reply, confirms);
    let to_operators = scene.one(12, journal(confirming[1])).await;
    assert_eq!(to_operators, Effect::Lost(Lost::Suppressed));
    let sent = scene
        .may_exactly(13, journal(confirming[0]), confirming[0])
        .await;
    assert_eq!(sent, Ok(()));
    scene.one(14, Change::Confirmed { phone: phone(0) }).await;
    assert_eq!(due().await, []);
    scene.one(15, wrote(0, "A4", 15, "stop")).await;
    assert_eq!(due().await, []);
    scene.one(16, wrote(0, "A5", 16, "start")).await;
    scene.one(17, wrote(0, "A6", 17, "stop")).await;
    assert_eq!(due().await, [(phone(0), "A6".into())]);
    scene.one(18, wrote(0, "A7", 18, "start")).await;
    assert_eq!(due().await, [], "taken back before it was confirmed");
    let silent = Rules {
        confirmation: None,
        ..Rules::default()
    };
    store.set_rules(&silent).await.unwrap();
    scene.one(19, wrote(0, "A8", 19, "stop")).await;
    assert_eq!(due().await, []);
    assert_eq!(scene.origin_of(0).await, Some(Origin::Reply));
}

/// While nobody tells whose phone it is, broadcasts of the account go only to people whose LID is known to be another; once it is told, the
/// message that waits for the phone is lost.
pub async fn an_opt_out_known_only_by_lid_stops_a_pending_message_to_the_phone(
    database: &impl ContractStore,
) {
    let scene = Scene::open(database).await;
    let other = super::scene::lane(&scene.store, 2).await;
    let (_, targets) = scene.running("pending", 0..5).await;
    let known = Change::Lid {
        lid: lid(1),
        phone: phone(1),
    };
    scene.one(5, known).await;
    let told = scene.one(10, wrote_hidden(0, "A", 10, "STOP")).await;
    assert_eq!(told, Effect::HiddenOptOut);
    let again = scene.one(10, wrote_hidden(0, "A", 10, "STOP")).await;
    assert_eq!(again, Effect::Done);
    let may_be_hidden = Err(Lost::Barred(Barred::MayBeHidden));
    assert_eq!(scene.may(11, targets[0]).await, may_be_hidden);
    assert_eq!(
        scene.may(11, targets[1]).await,
        Ok(()),
        "known to be another"
    );
    let reply = scene.journal_by(targets[2], Slot::Reply, Terms::default());
    assert_eq!(
        scene.may_exactly(11, reply, targets[2]).await,
        Ok(()),
        "who waits for it"
    );
    let from_other = Change::Journal(Journal {
        lane: other.id,
        epoch: other.epoch,
        ..scene.journal_of(targets[3])
    });
    assert_eq!(
        scene.may_exactly(11, from_other, targets[3]).await,
        Ok(()),
        "of another account"
    );
    let next = database.open().await;
    let hidden = next.hidden_opt_outs().await.unwrap();
    assert_eq!(hidden.len(), 1);
    assert_eq!(
        (hidden[0].lid, hidden[0].account, hidden[0].since),
        (lid(0), account(1), wall(10))
    );
    let found = Change::Lid {
        lid: lid(0),
        phone: phone(0),
    };
    let effects = scene
        .commit(12, vec![found, scene.journal(targets[0])])
        .await;
    assert_eq!(effects[0], Effect::Wished(phone(0), Wish::OptOut));
    assert_eq!(effects[1], Effect::Lost(Lost::Suppressed));
    assert_eq!(scene.store.hidden_opt_outs().await.unwrap(), []);
    assert_eq!(
        scene.may(13, targets[4]).await,
        Ok(()),
        "nobody is hidden any more"
    );
    assert_eq!(scene.store.due_confirmations(9).await.unwrap().len(), 1);

    // Asked for again under the LID, or said by the operator to be nobody who matters: nobody waits any more.
    let (_, more) = scene.running("more", 4..6).await;
    scene.one(20, wrote_hidden(8, "B", 20, "stop")).await;
    scene.one(21, wrote_hidden(9, "C", 21, "stop")).await;
    assert_eq!(scene.may(22, more[0]).await, may_be_hidden);
    scene.one(23, wrote_hidden(8, "D", 23, "start")).await;
    assert_eq!(scene.may(24, more[0]).await, may_be_hidden);
    scene.one(25, Change::Dismiss { lid: lid(9) }).await;
    assert_eq!(scene.may(26, more[0]).await, Ok(()));
}

/// What came under a LID is what the person wrote, once it is known who that is, and what comes later is so at once.
pub async fn what_was_written_under_a_lid_is_kept_until_its_phone_is_known(
    database: &impl ContractStore,
) {
    let scene = Scene::open(database).await;
    let store = &scene.store;
    scene.running("hidden", 0..2).await;
    let texts = async || {
        let query = ReplyQuery {
            campaign: None,
            after: 0,
            limit: 10,
        };
        let page = store.replies(&query).await.unwrap();
        let texts = page.into_iter().map(|row| (row.reply.from, row.reply.text));
        texts.collect::<Vec<_>>()
    };
    scene.one(10, wrote_hidden(0, "A", 9, "berapa?")).await;
    scene.one(11, wrote_hidden(0, "B", 10, "halo")).await;
    assert_eq!(texts().await, []);
    let found = Change::Lid {
        lid: lid(0),
        phone: phone(0),
    };
    assert_eq!(scene.one(12, found).await, Effect::Done);
    let both: Vec<(PhoneNumber, Box<str>)> =
        vec![(phone(0), "berapa?".into()), (phone(0), "halo".into())];
    assert_eq!(texts().await, both);
    let told = scene.one(13, wrote_hidden(0, "C", 13, "stop")).await;
    assert_eq!(told, Effect::Wished(phone(0), Wish::OptOut));
    assert_eq!(texts().await.len(), 3);
    assert_eq!(store.hidden_opt_outs().await.unwrap(), []);
    // The LID moves on to another phone: what is written from then on is that person's.
    let moved = Change::Lid {
        lid: lid(0),
        phone: phone(1),
    };
    scene.one(14, moved).await;
    scene.one(15, wrote_hidden(0, "D", 15, "siapa?")).await;
    assert_eq!(texts().await.last(), Some(&(phone(1), "siapa?".into())));
    assert_eq!(scene.origin_of(1).await, None);
}

/// Consent counts where it is required, by its category; a withdrawal counts everywhere; answers need none.
pub async fn consent_is_kept_by_category_and_asked_for_where_it_is_required(
    database: &impl ContractStore,
) {
    let scene = Scene::open(database).await;
    let (_, targets) = scene.running("consent", 0..8).await;
    let consent = |number, category, is_granted| Consent {
        phone: phone(number),
        category,
        is_granted,
        origin: Origin::Import,
        source: "formulir".into(),
        since: wall(1),
    };
    use Category::{Marketing, Service, Utility};
    let given = [
        consent(3, Marketing, true),
        consent(1, Marketing, true),
        consent(1, Utility, false),
        consent(2, Marketing, false),
    ];
    scene.store.record_consents(&given).await.unwrap();
    scene.store.record_consents(&given[..1]).await.unwrap();
    let mut sorted = given.to_vec();
    sorted.sort_by_key(|it| (it.phone, it.category));
    let reader = database.open().await;
    let first = reader.consents(None, 2).await.unwrap();
    assert_eq!(first, sorted[..2]);
    let after = Some((first[1].phone, first[1].category));
    assert_eq!(reader.consents(after, 10).await.unwrap(), sorted[2..]);
    let terms = |category, consent| Terms {
        category,
        consent,
        ..Terms::default()
    };
    let none = Err(Lost::Barred(Barred::NoConsent));
    use ConsentRule::{NotRequired, Required};
    let rows = [
        (0, Marketing, Required, none),
        (1, Utility, Required, none),
        (1, Utility, NotRequired, none),
        (2, Marketing, NotRequired, none),
        (1, Marketing, Required, Ok(())),
        (0, Marketing, NotRequired, Ok(())),
        (2, Service, Required, Ok(())),
    ];
    for (number, category, rule, expected) in rows {
        let judged = scene
            .may_by(10, targets[number], terms(category, rule))
            .await;
        assert_eq!(judged, expected, "{number} {category} {rule:?}");
    }
    let withdrawn = [consent(3, Marketing, false)];
    scene.store.record_consents(&withdrawn).await.unwrap();
    let judged = scene
        .may_by(11, targets[3], terms(Marketing, Required))
        .await;
    assert_eq!(judged, none, "the last word counts");
}

/// At most so many to a person in any interval, whichever campaign or account they come from, counted from when they were put on record.
pub async fn a_frequency_cap_holds_across_two_running_campaigns(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let other = super::scene::lane(&scene.store, 2).await;
    let (_, one) = scene.running("one", 0..10).await;
    let (_, two) = scene.running("two", 0..10).await;
    let (_, three) = scene.running("three", 0..10).await;
    let rules = Rules {
        caps: vec![FrequencyCap::new(Some(Category::Marketing), 2, 7).unwrap()],
        ..Rules::default()
    };
    scene.store.set_rules(&rules).await.unwrap();
    assert_eq!(scene.store.rules().await.unwrap(), rules);
    let capped = |seconds, may_wait| {
        let until = wall(seconds).checked_add(HANDED_OVER_WITHIN);
        let until = until.unwrap();
        Err(Lost::Barred(Barred::Capped { until, may_wait }))
    };
    // Interleaved, in one batch: each person's third is one too many.
    let batch: Vec<Change> = (0..3)
        .flat_map(|n| [one[n], two[n], three[n]])
        .enumerate()
        .map(|(index, target)| {
            let journal = scene.journal_of(target);
            Change::Journal(Journal {
                // From another account, the chat is another one.
                lane: if index % 3 == 1 {
                    other.id
                } else {
                    scene.lane.id
                },
                ..journal
            })
        })
        .collect();
    let effects = scene.commit(0, batch).await;
    for (index, effect) in effects.iter().enumerate() {
        let is_third = index % 3 == 2;
        let lost = Effect::Lost(capped(7 * DAY, false).unwrap_err());
        assert_eq!(*effect == lost, is_third, "{index}: {effect:?}");
    }
    // Another category is not counted, and not held.
    let utility = Terms {
        category: Category::Utility,
        ..Terms::default()
    };
    let (_, bill) = scene.running("bill", 5..6).await;
    assert_eq!(scene.may_by(1, bill[0], utility).await, Ok(()));
    // Exact to the second, one place at a time.
    let fifth = 5;
    assert_eq!(scene.may(0, one[fifth]).await, Ok(()));
    assert_eq!(scene.may(2 * DAY, two[fifth]).await, Ok(()));
    let margin = HANDED_OVER_WITHIN.as_secs();
    for (seconds, expected) in [
        (3 * DAY, capped(7 * DAY, false)),
        (6 * DAY + margin, capped(7 * DAY, true)),
        (7 * DAY + margin - 1, capped(7 * DAY, true)),
        (7 * DAY + margin, Ok(())),
    ] {
        let judged = scene.may(seconds, three[fifth]).await;
        assert_eq!(judged, expected, "{seconds}");
    }
    let (_, four) = scene.running("four", 5..6).await;
    let judged = scene.may(7 * DAY + margin + 1, four[0]).await;
    assert_eq!(judged, capped(9 * DAY, false));
}

/// A message counts from its journal on. What is proved not to have been handed over does not; what may have been does, and what turns out to
/// have arrived after all does again.
pub async fn a_cap_is_given_back_only_when_it_is_proved_that_nothing_was_sent(
    database: &impl ContractStore,
) {
    let scene = Scene::open(database).await;
    let rules = Rules {
        caps: vec![FrequencyCap::new(None, 1, 1).unwrap()],
        ..Rules::default()
    };
    scene.store.set_rules(&rules).await.unwrap();
    let ends: [(&[Happening], bool); 8] = [
        (&[Happening::NotHandedOver { counts: true }], true),
        (&[Happening::Exhausted], true),
        (&[Happening::Refused], true),
        (&[Happening::Accepted], false),
        (&[Happening::MaybeSent(Doubt::NoAnswer)], false),
        (
            &[
                Happening::MaybeSent(Doubt::NoAnswer),
                Happening::ProvedAbsent,
            ],
            true,
        ),
        (
            &[
                Happening::MaybeSent(Doubt::NoAnswer),
                Happening::ProvedAbsentForGood(Reason::Expired),
            ],
            true,
        ),
        (
            &[
                Happening::MaybeSent(Doubt::NoAnswer),
                Happening::GivenUpByOperator,
            ],
            false,
        ),
    ];
    let other = super::scene::lane(&scene.store, 2).await;
    for (number, (happenings, is_free)) in (0..).zip(ends) {
        let (_, first) = scene
            .running(&format!("first {number}"), number..number + 1)
            .await;
        let (_, second) = scene
            .running(&format!("second {number}"), number..number + 1)
            .await;
        scene.send(1, first[0]).await;
        scene
            .one(2, answered(first[0].delivery, happenings[0]))
            .await;
        for happening in &happenings[1..] {
            let change = Change::Happened(happened(first[0].delivery, *happening));
            scene.one(3, change).await;
        }
        let from_other = Change::Journal(Journal {
            lane: other.id,
            epoch: other.epoch,
            ..scene.journal_of(second[0])
        });
        let judged = scene.may_exactly(4, from_other, second[0]).await;
        assert_eq!(judged.is_ok(), is_free, "{happenings:?}: {judged:?}");
    }
    // Proved absent by mistake: it arrived.
    let (_, first) = scene.running("wrong", 50..51).await;
    let (_, second) = scene.running("after", 50..51).await;
    scene.send_and(1, first[0], Happening::Exhausted).await;
    scene.one(3, evidence(first[0].delivery, Ack::Device)).await;
    let judged = scene.may(4, second[0]).await;
    assert!(
        matches!(judged, Err(Lost::Barred(Barred::Capped { .. }))),
        "{judged:?}"
    );
}

/// Another campaign's text of the last seven days goes to nobody a second time, unless the campaign may repeat it.
pub async fn the_same_text_is_not_sent_twice_within_a_week_unless_it_may_be(
    database: &impl ContractStore,
) {
    let scene = Scene::open(database).await;
    let (_, first) = scene.running("first", 0..6).await;
    let (_, second) = scene.running("second", 0..6).await;
    let journal = |target, text_hash, may_repeat| {
        Change::Journal(Journal {
            text_hash,
            terms: Terms {
                may_repeat,
                ..Terms::default()
            },
            ..scene.journal_of(target)
        })
    };
    let may = async |seconds, target, text_hash, may_repeat| {
        let journal = journal(target, text_hash, may_repeat);
        scene.may_exactly(seconds, journal, target).await
    };
    let repeated = Err(Lost::Barred(Barred::Repeated));
    for target in &first {
        assert_eq!(may(0, *target, TEXT_HASH, true).await, Ok(()));
    }
    assert_eq!(may(10, second[0], TEXT_HASH, false).await, repeated);
    assert_eq!(may(11, second[0], TEXT_HASH + 1, false).await, Ok(()));
    assert_eq!(may(10, second[1], TEXT_HASH, true).await, Ok(()));
    assert_eq!(
        may(7 * DAY - 1, second[2], TEXT_HASH, false).await,
        repeated
    );
    assert_eq!(may(7 * DAY, second[2], TEXT_HASH, false).await, Ok(()));
    // What WhatsApp refused was not read.
    assert_eq!(may(12, second[4], TEXT_HASH, false).await, repeated);
    let refused = evidence(first[4].delivery, Ack::Error);
    scene.one(13, refused).await;
    assert_eq!(may(14, second[4], TEXT_HASH, false).await, Ok(()));
    // Unless it turns out to have arrived all the same.
    for (seconds, ack) in [(13, Ack::Error), (14, Ack::Device)] {
        scene.one(seconds, evidence(first[5].delivery, ack)).await;
    }
    assert_eq!(may(15, second[5], TEXT_HASH, false).await, repeated);
    // A clock that was four weeks ahead for a while has made nobody forget.
    assert_eq!(may(28 * DAY, second[3], TEXT_HASH + 1, false).await, Ok(()));
    scene.store.take_over(at(28 * DAY)).await.unwrap();
    let inquiry = |number| Inquiry {
        phone: phone(number),
        slot: Slot::Cold,
        terms: Terms::default(),
        text_hash: TEXT_HASH,
    };
    let asked = [inquiry(3)];
    let answers = scene.store.may_not(&asked, wall(6 * DAY)).await.unwrap();
    assert_eq!(answers, [Some(Barred::Repeated)]);
    // A take-over forgets only what no rule asks for.
    drop(scene);
    let store = database.open().await;
    store.take_over(at(7 * DAY + 1)).await.unwrap();
    let asked = [inquiry(3), inquiry(2)];
    let answers = store.may_not(&asked, wall(7 * DAY + 2)).await.unwrap();
    assert_eq!(answers, [None, Some(Barred::Repeated)]);
}

/// What the journal would answer can be asked for before there is a campaign.
pub async fn whoever_would_be_left_out_is_known_beforehand(database: &impl ContractStore) {
    let scene = Scene::open(database).await;
    let (_, targets) = scene.running("before", 0..4).await;
    let consent = Consent {
        phone: phone(1),
        category: Category::Marketing,
        is_granted: false,
        origin: Origin::Operator,
        source: "telepon".into(),
        since: wall(0),
    };
    scene.store.record_consents(&[consent]).await.unwrap();
    scene
        .store
        .suppress(&[suppression(targets[0])])
        .await
        .unwrap();
    scene.send(5, targets[2]).await;
    let rules = Rules {
        caps: vec![FrequencyCap::new(None, 1, 30).unwrap()],
        ..Rules::default()
    };
    scene.store.set_rules(&rules).await.unwrap();
    let asked: Vec<Inquiry> = (0..4)
        .map(|number| Inquiry {
            phone: phone(number),
            slot: Slot::Cold,
            terms: Terms {
                may_repeat: number == 2,
                ..Terms::default()
            },
            text_hash: TEXT_HASH,
        })
        .collect();
    let answers = scene.store.may_not(&asked, wall(10)).await.unwrap();
    let until = wall(5) + SignedDuration::from_hours(30 * 24) + HANDED_OVER_WITHIN;
    assert_eq!(
        answers,
        [
            Some(Barred::Suppressed),
            Some(Barred::NoConsent),
            Some(Barred::Capped {
                until,
                may_wait: false
            }),
            None,
        ]
    );
    let again = [Inquiry {
        phone: phone(2),
        ..asked[3]
    }];
    let answers = scene.store.may_not(&again, wall(10)).await.unwrap();
    assert_eq!(answers, [Some(Barred::Repeated)]);
    // What follows the longest cap is forgotten when the person is written to again.
    let late = Batch {
        at: at(40 * DAY),
        changes: vec![scene.journal(targets[3])],
    };
    let effects = scene.store.commit(late.into()).await.unwrap();
    assert!(matches!(effects[0], Effect::Moved { .. }));
}
