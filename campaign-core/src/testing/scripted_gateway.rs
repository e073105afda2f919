//! A gateway that follows a script, and keeps the truth about who received what.
//!
//! Without a script every message is accepted and arrives. A script says, for one delivery or for all, how a send ends and whether
//! the message arrives all the same; a held send waits until the test lets it go, so that nothing has to sleep.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use async_trait::async_trait;

use crate::clock::{Clock, Elapsed, Now};
use crate::consent::Lid;
use crate::delivery::{Ack, DeliveryId, Doubt};
use crate::failure::{NotHandedOver, Outcome};
use crate::gateway::{
    Account, Finding, Found, Gateway, Guard, Observation, Readiness, Sending, Session, Withheld,
};
use crate::phone::PhoneNumber;

/// What happens to one send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Play {
    /// How it ends for the sender; `None`: with success and the id that was asked for.
    pub outcome: Option<Outcome>,
    /// Whether the message arrives.
    pub arrives: bool,
    /// Whether, and where, it waits to be released.
    pub hold: Hold,
}

/// Where a send waits until [`ScriptedGateway::release`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Hold {
    /// Nowhere.
    #[default]
    Nowhere,
    /// Before its guard is asked: nothing is written yet.
    BeforeBody,
    /// After the message was handed over, or not; only the answer is missing.
    BeforeAnswer,
}

impl Play {
    /// Accepted, and it arrives.
    pub fn accepted() -> Self {
        Self {
            outcome: None,
            arrives: true,
            hold: Hold::Nowhere,
        }
    }

    /// Accepted under an id that the server chose, and it arrives.
    pub fn accepted_as(message_id: &str) -> Self {
        let message_id = Some(message_id.into());
        Self::ends(Outcome::Accepted { message_id }, true)
    }

    /// Refused for good.
    pub fn refused(message: &str) -> Self {
        let message = message.into();
        Self::ends(Outcome::Refused { message }, false)
    }

    /// Proved not handed over.
    pub fn not_handed_over(why: NotHandedOver, retry_after: Option<Duration>) -> Self {
        let message = format!("{why:?}").into();
        let outcome = Outcome::NotHandedOver {
            why,
            retry_after,
            message,
        };
        Self::ends(outcome, false)
    }

    /// The answer is lost, and the message arrives or does not.
    pub fn answer_lost(arrives: bool) -> Self {
        let outcome = Outcome::MaybeSent {
            doubt: Doubt::NoAnswer,
            signal: None,
            message: "no answer".into(),
        };
        Self::ends(outcome, arrives)
    }

    /// Any other end.
    pub fn ends(outcome: Outcome, arrives: bool) -> Self {
        Self {
            outcome: Some(outcome),
            arrives,
            hold: Hold::Nowhere,
        }
    }

    /// The same, but it waits to be released.
    #[must_use]
    pub fn held(self, hold: Hold) -> Self {
        Self { hold, ..self }
    }

    /// Where nothing is connected, no body is about to be written.
    fn reaches_the_body(&self) -> bool {
        !matches!(
            self.outcome,
            Some(Outcome::NotHandedOver {
                why: NotHandedOver::Unreachable | NotHandedOver::Withheld,
                ..
            })
        )
    }
}

/// A send, as the gateway saw it.
#[derive(Debug, Clone)]
pub struct Sent {
    /// What was to be sent.
    pub sending: Sending,
    /// When it reached the gateway.
    pub at: Now,
    /// When its guard was asked, and what it said. `None`: it was not asked.
    pub guard: Option<(Now, Result<(), Withheld>)>,
    /// How it ended. `None`: it has not, or its sender stopped waiting.
    pub outcome: Option<Outcome>,
}

/// A message that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Whose message.
    pub delivery: DeliveryId,
    /// From which session.
    pub session: Session,
    /// Who received it.
    pub to: PhoneNumber,
    /// Its id on the server.
    pub message_id: String,
    /// Its text.
    pub text: String,
    /// When.
    pub at: Now,
}

type Script = Box<dyn FnMut(&Sending) -> Play + Send>;

/// Plays the way to WhatsApp. Clones share everything.
///
/// ```
/// use std::sync::Arc;
/// use campaign_core::delivery::{CampaignId, DeliveryId};
/// use campaign_core::testing::{ManualClock, Play, ScriptedGateway};
///
/// let clock = ManualClock::at("2026-01-05T01:00:00Z".parse()?);
/// let gateway = ScriptedGateway::new(Arc::new(clock));
/// let delivery = DeliveryId::new(CampaignId::new(1).unwrap(), 0).unwrap();
/// gateway.play(delivery, [Play::answer_lost(true), Play::accepted()]);
/// assert!(gateway.received().is_empty());
/// # Ok::<(), jiff::Error>(())
/// ```
#[derive(Clone)]
pub struct ScriptedGateway {
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    script: Option<Script>,
    plays: BTreeMap<DeliveryId, VecDeque<Play>>,
    answers: BTreeMap<DeliveryId, VecDeque<Found>>,
    observations: BTreeMap<Session, Observation>,
    sent: Vec<Sent>,
    findings: Vec<Finding>,
    observed: Vec<Session>,
    restarts: Vec<(Session, Now)>,
    received: Vec<Receipt>,
    acks: BTreeMap<DeliveryId, Ack>,
    lids: BTreeMap<Lid, PhoneNumber>,
    held: BTreeSet<usize>,
    released: BTreeSet<usize>,
    wakers: Vec<Waker>,
}

impl ScriptedGateway {
    /// Accepts everything, at the times of this clock. Sessions must be given by [`observes`](Self::observes).
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self {
            clock,
            state: Arc::default(),
        }
    }

    /// Says what happens to the next sends of a delivery, in their order. After those, the script for all sends applies.
    pub fn play(&self, delivery: DeliveryId, plays: impl IntoIterator<Item = Play>) {
        self.state()
            .plays
            .entry(delivery)
            .or_default()
            .extend(plays);
    }

    /// Says what happens to every send that has no play of its own.
    pub fn script(&self, script: impl FnMut(&Sending) -> Play + Send + 'static) {
        self.state().script = Some(Box::new(script));
    }

    /// Says what the next look-ups of a delivery find. After those, they find what is true.
    pub fn finds(&self, delivery: DeliveryId, found: impl IntoIterator<Item = Found>) {
        self.state()
            .answers
            .entry(delivery)
            .or_default()
            .extend(found);
    }

    /// Sessions know from now on whose phone belongs to a LID.
    pub fn knows_lid(&self, lid: Lid, phone: PhoneNumber) {
        self.state().lids.insert(lid, phone);
    }

    /// Says how a session stands from now on.
    pub fn observes(&self, session: &Session, observation: Observation) {
        self.state()
            .observations
            .insert(session.clone(), observation);
    }

    /// A session that is WORKING, keeps its messages, and whose server has run since the machine started.
    pub fn working(&self, account: Account) -> Observation {
        Observation {
            account: Some(account),
            server_up_since: Some(Elapsed::default()),
            server_time: Some(self.clock.now().wall),
            store_on: Some(true),
            platform: Some("2026.7 NOWEB".into()),
            ..Observation::only(Readiness::Working)
        }
    }

    /// Lets the held sends of a delivery go on.
    pub fn release(&self, delivery: DeliveryId) {
        self.release_where(|sent| sent.sending.delivery == delivery);
    }

    /// Lets every held send go on.
    pub fn release_all(&self) {
        self.release_where(|_| true);
    }

    /// The message of an earlier send arrives now: its server had held the request.
    pub fn arrives_late(&self, delivery: DeliveryId) {
        let now = self.clock.now();
        let mut state = self.state();
        let sent = state.sent.iter().rev();
        let mut sendings = sent.map(|sent| &sent.sending);
        if let Some(sending) = sendings.find(|sending| sending.delivery == delivery) {
            let receipt = receipt(sending, None, now);
            state.received.push(receipt);
        }
    }

    /// How far the message of a delivery got, for look-ups; [`Ack::Server`] unless told.
    pub fn got_as_far_as(&self, delivery: DeliveryId, ack: Ack) {
        self.state().acks.insert(delivery, ack);
    }

    /// Waits until so many sends have reached the gateway.
    pub async fn sends_reached(&self, count: usize) {
        self.wait_until(|state| state.sent.len() >= count).await;
    }

    /// Waits until so many sends are held.
    pub async fn sends_held(&self, count: usize) {
        self.wait_until(|state| state.held.len() >= count).await;
    }

    /// Every send, in the order in which they reached the gateway.
    pub fn sends(&self) -> Vec<Sent> {
        self.state().sent.clone()
    }

    /// Every look-up, in order.
    pub fn findings(&self) -> Vec<Finding> {
        self.state().findings.clone()
    }

    /// Every session looked at, in order.
    pub fn observed(&self) -> Vec<Session> {
        self.state().observed.clone()
    }

    /// Every session that was restarted, in order, and when. It stands afterwards as it did before.
    pub fn restarts(&self) -> Vec<(Session, Now)> {
        self.state().restarts.clone()
    }

    /// The truth: every message that arrived, in order.
    pub fn received(&self) -> Vec<Receipt> {
        self.state().received.clone()
    }

    /// The truth: how many messages of each delivery arrived. Whoever received none is not in it.
    pub fn times_received(&self) -> BTreeMap<DeliveryId, usize> {
        let mut times = BTreeMap::new();
        for receipt in &self.state().received {
            *times.entry(receipt.delivery).or_default() += 1;
        }
        times
    }

    fn release_where(&self, is_meant: impl Fn(&Sent) -> bool) {
        let mut state = self.state();
        let held = state.held.iter().copied();
        let released: Vec<usize> = held
            .filter(|number| state.sent.get(*number).is_some_and(&is_meant))
            .collect();
        state.released.extend(released);
        state.wake();
    }

    async fn hold(&self, number: usize) {
        let _held = Held {
            gateway: self,
            number,
        };
        {
            let mut state = self.state();
            state.held.insert(number);
            state.wake();
        }
        self.wait_until(|state| state.released.contains(&number))
            .await;
    }

    async fn wait_until(&self, is_so: impl Fn(&State) -> bool) {
        poll_fn(|context| {
            let mut state = self.state();
            if is_so(&state) {
                return Poll::Ready(());
            }
            state.wakers.push(context.waker().clone());
            Poll::Pending
        })
        .await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn begin(&mut self, sending: &Sending, at: Now) -> (usize, Play) {
        let own = self.plays.get_mut(&sending.delivery);
        let play = match (own.and_then(VecDeque::pop_front), &mut self.script) {
            (Some(play), _) => play,
            (None, Some(script)) => script(sending),
            (None, None) => Play::accepted(),
        };
        self.sent.push(Sent {
            sending: sending.clone(),
            at,
            guard: None,
            outcome: None,
        });
        self.wake();
        (self.sent.len() - 1, play)
    }

    fn end(&mut self, number: usize, outcome: Outcome) -> Outcome {
        if let Some(sent) = self.sent.get_mut(number) {
            sent.outcome = Some(outcome.clone());
        }
        outcome
    }

    fn has_arrived(&self, message_id: &str) -> bool {
        self.received
            .iter()
            .any(|receipt| receipt.message_id == message_id)
    }

    fn wake(&mut self) {
        for waker in self.wakers.drain(..) {
            waker.wake();
        }
    }
}

/// A send that is held, until it goes on or its sender stops waiting.
struct Held<'a> {
    gateway: &'a ScriptedGateway,
    number: usize,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        let mut state = self.gateway.state();
        state.held.remove(&self.number);
        state.released.remove(&self.number);
    }
}

impl fmt::Debug for ScriptedGateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        let (sent, received) = (state.sent.len(), state.received.len());
        write!(f, "ScriptedGateway({sent} sent, {received} received)")
    }
}

#[async_trait]
impl Gateway for ScriptedGateway {
    async fn send(&self, sending: &Sending, guard: Guard) -> Outcome {
        let (number, play) = self.state().begin(sending, self.clock.now());
        if play.hold == Hold::BeforeBody {
            self.hold(number).await;
        }
        if play.reaches_the_body() {
            let (now, said) = (self.clock.now(), guard.ask());
            let mut state = self.state();
            if let Some(sent) = state.sent.get_mut(number) {
                sent.guard = Some((now, said));
            }
            if let Err(withheld) = said {
                let outcome = Outcome::NotHandedOver {
                    why: NotHandedOver::Withheld,
                    retry_after: None,
                    message: withheld.to_string().into(),
                };
                return state.end(number, outcome);
            }
        }
        let own_id = || Outcome::Accepted {
            message_id: Some(sending.message_id.as_str().into()),
        };
        let outcome = play.outcome.unwrap_or_else(own_id);
        if play.arrives {
            let receipt = receipt(sending, Some(&outcome), self.clock.now());
            self.state().received.push(receipt);
        }
        if play.hold == Hold::BeforeAnswer {
            self.hold(number).await;
        }
        self.state().end(number, outcome)
    }

    async fn find(&self, finding: &Finding) -> Found {
        let mut state = self.state();
        state.findings.push(finding.clone());
        let told = state.answers.get_mut(&finding.delivery);
        if let Some(found) = told.and_then(VecDeque::pop_front) {
            return found;
        }
        if state.has_arrived(&finding.message_id) {
            let ack = state.acks.get(&finding.delivery);
            return Found::Found(ack.copied().unwrap_or(Ack::Server));
        }
        let control = finding.control.as_ref();
        Found::Absent {
            complete: control.is_some_and(|control| state.has_arrived(&control.message_id)),
        }
    }

    async fn restart(&self, session: &Session) -> bool {
        let now = self.clock.now();
        self.state().restarts.push((session.clone(), now));
        true
    }

    async fn phone_of(&self, _session: &Session, lid: Lid) -> Option<PhoneNumber> {
        self.state().lids.get(&lid).copied()
    }

    async fn lid_of(&self, _session: &Session, phone: PhoneNumber) -> Option<Lid> {
        let state = self.state();
        let mut lids = state.lids.iter();
        lids.find_map(|(lid, of)| (*of == phone).then_some(*lid))
    }

    async fn observe(&self, session: &Session) -> Observation {
        let mut state = self.state();
        state.observed.push(session.clone());
        let missing = Observation {
            server_up_since: Some(Elapsed::default()),
            server_time: Some(self.clock.now().wall),
            ..Observation::only(Readiness::Missing)
        };
        state.observations.get(session).cloned().unwrap_or(missing)
    }
}

fn receipt(sending: &Sending, outcome: Option<&Outcome>, at: Now) -> Receipt {
    let chosen = match outcome {
        Some(Outcome::Accepted {
            message_id: Some(id),
        }) => Some(id.to_string()),
        _ => None,
    };
    Receipt {
        delivery: sending.delivery,
        session: sending.session.clone(),
        to: sending.to,
        message_id: chosen.unwrap_or_else(|| sending.message_id.clone()),
        text: sending.message.text.clone(),
        at,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::delivery::CampaignId;
    use crate::gateway::Control;
    use crate::message::RenderedMessage;
    use crate::testing::ManualClock;

    struct Desk {
        clock: ManualClock,
        gateway: ScriptedGateway,
        closed: Arc<AtomicBool>,
    }

    fn desk() -> Desk {
        let clock = ManualClock::at("2026-01-05T01:00:00Z".parse().unwrap());
        Desk {
            gateway: ScriptedGateway::new(Arc::new(clock.clone())),
            closed: Arc::default(),
            clock,
        }
    }

    fn delivery(ordinal: u32) -> DeliveryId {
        DeliveryId::new(CampaignId::new(1).unwrap(), ordinal).unwrap()
    }

    impl Desk {
        fn sending(&self, ordinal: u32) -> Sending {
            Sending {
                delivery: delivery(ordinal),
                session: Session::new("default"),
                to: PhoneNumber::from_digits(6_281_200_000_000 + u64::from(ordinal)).unwrap(),
                message_id: format!("3EB0{ordinal:018}"),
                message: RenderedMessage::text("Halo"),
                deadline: self.clock.now().elapsed + Duration::from_secs(5),
            }
        }

        fn guard(&self) -> Guard {
            let deadline = self.clock.now().elapsed + Duration::from_secs(5);
            let clock: Arc<dyn Clock> = Arc::new(self.clock.clone());
            Guard::new(clock, deadline, Arc::clone(&self.closed))
        }

        async fn send(&self, ordinal: u32) -> Outcome {
            let (sending, guard) = (self.sending(ordinal), self.guard());
            self.gateway.send(&sending, guard).await
        }
    }

    #[tokio::test]
    async fn plays_come_in_order_and_the_ledger_tells_the_truth() {
        let desk = desk();
        let plays = [
            Play::not_handed_over(NotHandedOver::Unreachable, None),
            Play::answer_lost(true),
        ];
        desk.gateway.play(delivery(1), plays);
        desk.gateway
            .script(|sending| match sending.delivery.ordinal() {
                2 => Play::refused("no such chat"),
                3 => Play::accepted_as("BAE5"),
                _ => Play::accepted(),
            });
        assert!(matches!(desk.send(1).await, Outcome::NotHandedOver { .. }));
        assert!(matches!(desk.send(1).await, Outcome::MaybeSent { .. }));
        assert!(matches!(desk.send(2).await, Outcome::Refused { .. }));
        let foreign = Outcome::Accepted {
            message_id: Some("BAE5".into()),
        };
        assert_eq!(desk.send(3).await, foreign);
        assert!(matches!(desk.send(1).await, Outcome::Accepted { .. }));
        let times = desk.gateway.times_received();
        assert_eq!(times, BTreeMap::from([(delivery(1), 2), (delivery(3), 1)]));
        let asked: Vec<bool> = desk
            .gateway
            .sends()
            .iter()
            .map(|sent| sent.guard.is_some())
            .collect();
        assert_eq!(asked, [false, true, true, true, true]);
    }

    #[tokio::test]
    async fn a_closed_gate_withholds_what_is_held_before_its_body_and_not_what_is_held_after() {
        let desk = desk();
        desk.gateway
            .play(delivery(1), [Play::accepted().held(Hold::BeforeBody)]);
        desk.gateway
            .play(delivery(2), [Play::accepted().held(Hold::BeforeAnswer)]);
        let close_and_release = async {
            desk.gateway.sends_held(2).await;
            desk.closed.store(true, Ordering::Release);
            desk.gateway.release(delivery(1));
            desk.gateway.release_all();
        };
        let (first, second, ()) = tokio::join!(desk.send(1), desk.send(2), close_and_release);
        assert!(
            matches!(
                first,
                Outcome::NotHandedOver {
                    why: NotHandedOver::Withheld,
                    ..
                }
            ),
            "{first:?}"
        );
        assert!(matches!(second, Outcome::Accepted { .. }), "{second:?}");
        let times = desk.gateway.times_received();
        assert_eq!(times, BTreeMap::from([(delivery(2), 1)]));
        let said: Vec<_> = desk
            .gateway
            .sends()
            .iter()
            .map(|sent| sent.guard.map(|(_, said)| said))
            .collect();
        assert_eq!(said, [Some(Err(Withheld::Stopped)), Some(Ok(()))]);
    }

    #[tokio::test]
    async fn look_ups_find_what_arrived_and_absence_is_complete_only_with_the_control() {
        let desk = desk();
        desk.gateway.play(delivery(2), [Play::answer_lost(false)]);
        desk.send(1).await;
        desk.send(2).await;
        let finding = |ordinal: u32, control: Option<u32>| {
            let sending = desk.sending(ordinal);
            Finding {
                delivery: sending.delivery,
                session: sending.session,
                to: sending.to,
                message_id: sending.message_id,
                control: control.map(|ordinal| Control {
                    to: desk.sending(ordinal).to,
                    message_id: desk.sending(ordinal).message_id,
                }),
            }
        };
        let gateway = &desk.gateway;
        assert_eq!(
            gateway.find(&finding(1, None)).await,
            Found::Found(Ack::Server)
        );
        for (control, complete) in [(None, false), (Some(1), true), (Some(3), false)] {
            let found = gateway.find(&finding(2, control)).await;
            assert_eq!(found, Found::Absent { complete }, "{control:?}");
        }
        gateway.finds(delivery(2), [Found::Found(Ack::Read)]);
        assert_eq!(
            gateway.find(&finding(2, None)).await,
            Found::Found(Ack::Read)
        );
        gateway.arrives_late(delivery(2));
        gateway.got_as_far_as(delivery(2), Ack::Device);
        assert_eq!(
            gateway.find(&finding(2, None)).await,
            Found::Found(Ack::Device)
        );
        assert_eq!(gateway.findings().len(), 6);
    }
}
