//! Acknowledgements: when each is due for a message, and the one clock that makes them happen.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio::sync::Notify;

use crate::clock::micros;
use crate::draws::Draws;
use crate::faults::Fault;
use crate::sessions::{Account, Session};
use crate::settings::AckTiming;
use crate::shapes;
use crate::world::{World, lock};

/// The least time between two rounds, so that a flood of acknowledgements costs few wake-ups.
const ROUND: Duration = Duration::from_millis(1);

/// What WhatsApp says of a message (WAHA's numbers).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i8)]
pub(crate) enum Ack {
    Error = -1,
    Pending = 0,
    Server = 1,
    Device = 2,
    Read = 3,
}

impl Ack {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Pending => "PENDING",
            Self::Server => "SERVER",
            Self::Device => "DEVICE",
            Self::Read => "READ",
        }
    }

    /// The number Baileys keeps in its store, which starts at ERROR.
    pub(crate) fn baileys(self) -> i8 {
        self as i8 + 1
    }
}

/// A message WhatsApp will say something about.
pub(crate) struct Delivery {
    pub(crate) session: Arc<Session>,
    pub(crate) account: Arc<Account>,
    pub(crate) jid: Box<str>,
    pub(crate) id: Box<str>,
    /// Who gives receipts in a group; empty in a chat of two.
    pub(crate) members: Vec<String>,
}

pub(crate) struct Due {
    at_us: u64,
    /// The order in which they were planned, for those that are due at the same time.
    nth: u64,
    ack: Ack,
    delivery: Arc<Delivery>,
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> Ordering {
        (self.at_us, self.nth).cmp(&(other.at_us, other.nth))
    }
}

/// Which acknowledgements come, and how long after the hand-over (unscaled).
pub(crate) fn plan(
    timing: &AckTiming,
    fault: Option<Fault>,
    on_whatsapp: bool,
    draws: &mut Draws,
) -> Vec<(Duration, Ack)> {
    let server = draws.between(timing.server.0, timing.server.1);
    let device = server + draws.between(timing.device.0, timing.device.1);
    let read = device + draws.between(timing.read.0, timing.read.1);
    let (has_server, has_device, has_read) = (
        draws.chance(timing.server_rate),
        draws.chance(timing.device_rate) && on_whatsapp,
        draws.chance(timing.read_rate),
    );
    let extra = Duration::from_secs(60) + Duration::from_secs(240).mul_f64(draws.unit());
    let mut acks = Vec::with_capacity(3);
    if has_server {
        acks.push((server, Ack::Server));
        if has_device {
            acks.push((device, Ack::Device));
            if has_read {
                acks.push((read, Ack::Read));
            }
        }
    }
    match fault {
        Some(Fault::AcksMissing) => acks.clear(),
        Some(Fault::AcksLate) => acks.iter_mut().for_each(|ack| ack.0 += extra),
        // Nobody has it, so nobody can say more than SERVER does.
        Some(Fault::AcksOutOfOrder) if !on_whatsapp => {}
        Some(Fault::AcksOutOfOrder) => {
            acks = vec![
                (server, Ack::Read),
                (device, Ack::Device),
                (read, Ack::Server),
            ];
        }
        Some(Fault::AcksTwice) => {
            let again: Vec<_> = acks
                .iter()
                .map(|(at, ack)| (*at + Duration::from_millis(200), *ack))
                .collect();
            acks.extend(again);
        }
        Some(Fault::AckErrorThenDevice) if on_whatsapp => {
            acks = vec![(server, Ack::Error), (device, Ack::Device)];
        }
        Some(Fault::AckErrorThenDevice | Fault::AckError) => acks = vec![(server, Ack::Error)],
        _ => {}
    }
    acks
}

#[derive(Default)]
pub(crate) struct AckQueue {
    due: Mutex<BinaryHeap<Reverse<Due>>>,
    planned: AtomicU64,
    earlier: Notify,
}

impl AckQueue {
    /// What waited for the device is due now, in the order it came.
    fn put_back(&self, parked: Vec<Due>, now_us: u64) {
        if parked.is_empty() {
            return;
        }
        let mut due = lock(&self.due);
        due.extend(parked.into_iter().map(|mut one| {
            one.at_us = now_us;
            Reverse(one)
        }));
        drop(due);
        self.earlier.notify_one();
    }

    pub(crate) fn expect(&self, at_us: u64, acks: Vec<(Duration, Ack)>, delivery: Delivery) {
        if acks.is_empty() {
            return;
        }
        let delivery = Arc::new(delivery);
        let mut due = lock(&self.due);
        let before = due.peek().map(|next| next.0.at_us);
        for (after, ack) in acks {
            due.push(Reverse(Due {
                at_us: at_us.saturating_add(micros(after)),
                nth: self.planned.fetch_add(1, Relaxed),
                ack,
                delivery: delivery.clone(),
            }));
        }
        let sooner = due.peek().map(|next| next.0.at_us) < before || before.is_none();
        drop(due);
        if sooner {
            self.earlier.notify_one();
        }
    }

    /// How many acknowledgements are still to come.
    pub(crate) fn outstanding(&self) -> usize {
        lock(&self.due).len()
    }
}

impl World {
    /// Makes acknowledgements happen until the simulator ends.
    pub(crate) async fn run_acks(self: Arc<Self>) {
        let end = self.end.clone();
        end.run_until_cancelled(async {
            loop {
                let next = lock(&self.acks.due).peek().map(|next| next.0.at_us);
                let Some(next) = next else {
                    self.acks.earlier.notified().await;
                    continue;
                };
                let now = self.clock.now_us();
                if next > now {
                    let wait = Duration::from_micros(next - now).max(ROUND);
                    tokio::select! {
                        () = tokio::time::sleep(wait) => {}
                        () = self.acks.earlier.notified() => {}
                    }
                }
                self.acknowledge();
                tokio::task::yield_now().await;
            }
        })
        .await;
    }

    fn acknowledge(self: &Arc<Self>) {
        let now = self.clock.now_us();
        loop {
            let due = {
                let mut due = lock(&self.acks.due);
                match due.peek() {
                    Some(next) if next.0.at_us <= now => due.pop(),
                    _ => None,
                }
            };
            let Some(Reverse(due)) = due else { return };
            let session = due.delivery.session.clone();
            if session
                .account()
                .is_none_or(|now| now.phone != due.delivery.account.phone)
            {
                // Another phone is paired: the acknowledgements of the one before are not for it.
            } else if session.is_connected() {
                self.tell(&session, &due);
            } else {
                // WhatsApp keeps it for the device until that is back.
                lock(&session.parked).push(due);
                // Which it may be since the look at it.
                if session.is_connected() {
                    self.unpark(&session);
                }
            }
        }
    }

    /// The device is back: what WhatsApp kept for it comes.
    pub(crate) fn unpark(&self, session: &Session) {
        let parked = std::mem::take(&mut *lock(&session.parked));
        self.acks.put_back(parked, self.clock.now_us());
    }

    fn tell(self: &Arc<Self>, session: &Arc<Session>, due: &Due) {
        let Delivery {
            account,
            jid,
            id,
            members,
            ..
        } = &*due.delivery;
        if members.is_empty() {
            session.store.acknowledge(id, due.ack);
            let error = match due.ack {
                Ack::Error => self.ack_error(account, id),
                _ => None,
            };
            self.emit(session, "message.ack", || {
                let chat = self.event_chat(jid);
                let mut payload = json!({
                    "id": format!("true_{chat}_{id}"),
                    "from": chat,
                    "fromMe": true,
                    "ack": due.ack as i8,
                    "ackName": due.ack.name(),
                });
                if let Some(error) = error {
                    payload["error"] = error;
                }
                payload.to_string()
            });
            return;
        }
        for member in members {
            if due.ack >= Ack::Device {
                let at_s = self.clock.wall_ms() / 1000;
                session.store.receipt(id, &shapes::s_whatsapp(member), at_s);
            }
            self.emit(session, "message.ack.group", || {
                let member_jid = shapes::s_whatsapp(member);
                // NOWEB shows a delivery receipt of a group as SERVER (recorded).
                let ack = if due.ack == Ack::Device { Ack::Server } else { due.ack };
                json!({
                    "id": format!("true_{jid}_{id}_{}@c.us", account.phone),
                    "from": jid,
                    "to": jid,
                    "participant": shapes::c_us(&member_jid),
                    "fromMe": true,
                    "ack": ack as i8,
                    "ackName": ack.name(),
                    "_data": {
                        "key": {"remoteJid": jid, "fromMe": true, "id": id, "participant": member_jid},
                        "receipt": {
                            "userJid": member_jid,
                            "receiptTimestamp": self.clock.wall_ms() / 1000,
                        },
                    },
                })
                .to_string()
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acks(fault: Option<Fault>, on_whatsapp: bool) -> Vec<Ack> {
        let timing = AckTiming {
            device_rate: 1.0,
            read_rate: 1.0,
            ..AckTiming::default()
        };
        let mut plan = plan(&timing, fault, on_whatsapp, &mut Draws::keyed(1, &[], 1));
        plan.sort();
        plan.into_iter().map(|(_, ack)| ack).collect()
    }

    #[test]
    fn each_fault_shapes_the_acknowledgements() {
        use Ack::{Device, Error, Read, Server};
        assert_eq!(acks(None, true), [Server, Device, Read]);
        assert_eq!(acks(None, false), [Server]);
        assert_eq!(acks(Some(Fault::AcksMissing), true), []);
        assert_eq!(acks(Some(Fault::AcksLate), true), [Server, Device, Read]);
        assert_eq!(
            acks(Some(Fault::AcksOutOfOrder), true),
            [Read, Device, Server]
        );
        assert_eq!(acks(Some(Fault::AcksTwice), true).len(), 6);
        assert_eq!(acks(Some(Fault::AckErrorThenDevice), true), [Error, Device]);
        assert_eq!(acks(Some(Fault::AckError), true), [Error]);
        // A number that nobody has acknowledges nothing, whatever goes wrong.
        for fault in Fault::ALL {
            let acks = acks(Some(*fault), false);
            assert!(acks.iter().all(|ack| *ack < Device), "{fault}: {acks:?}");
        }
    }
}
