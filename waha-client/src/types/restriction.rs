//! What WhatsApp allows an account towards people it has no chat with yet: the time lock and the quota of new chats. Both
//! stand beside the account in session information and in every event (WAHA source, servers after 2026.7.1; none is recorded).

use serde::Deserialize;

use super::{Extra, Me, optional_number, readable, text_enum};

text_enum! {
    /// How near an account is to the end of its quota of new chats (WAHA source).
    CappingStatus {
        /// Nothing to say.
        None = "NONE",
        /// WhatsApp has warned once.
        FirstWarning = "FIRST_WARNING",
        /// WhatsApp has warned twice.
        SecondWarning = "SECOND_WARNING",
        /// New chats are refused until the cycle ends.
        Capped = "CAPPED",
    }
}

/// WhatsApp's lock on writing to people who have no chat with the account: what error 463 of a send is about (WAHA source).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct ReachoutTimelock {
    /// WhatsApp's word for the reason, such as `RESTRICT_ALL_COMPANIONS`; `DEFAULT` when there is none. It changes nothing
    /// in what is refused.
    #[serde(default, deserialize_with = "readable")]
    pub enforcement_type: Option<String>,
    /// Whether the lock was on when the server last heard of it; `None` when it does not say.
    #[serde(default, deserialize_with = "readable")]
    pub is_active: Option<bool>,
    /// When it ends, Unix seconds.
    #[serde(
        rename = "timeEnforcementEnds",
        default,
        deserialize_with = "optional_number"
    )]
    pub ends_s: Option<i64>,
    /// Whatever else came.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The account's quota of messages to new chats, per cycle (WAHA source).
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct MessageCapping {
    /// How near the account is to its end; `None` when the server does not say.
    #[serde(rename = "cappingStatus", default, deserialize_with = "readable")]
    pub status: Option<CappingStatus>,
    /// How many the cycle has; -1 when the account has no quota.
    #[serde(default, deserialize_with = "optional_number")]
    pub total_quota: Option<i64>,
    /// How many of them are used.
    #[serde(default, deserialize_with = "optional_number")]
    pub used_quota: Option<i64>,
    /// When the cycle began, Unix seconds.
    #[serde(rename = "cycleStart", default, deserialize_with = "optional_number")]
    pub cycle_start_s: Option<i64>,
    /// When it ends, Unix seconds.
    #[serde(rename = "cycleEnd", default, deserialize_with = "optional_number")]
    pub cycle_end_s: Option<i64>,
    /// Whatever else came, such as `mvStatus` and `oteStatus`.
    #[serde(flatten)]
    pub extra: Extra,
}

impl MessageCapping {
    /// How many messages to new chats are left in the cycle; `None` without a quota, or when the server does not say.
    pub fn left(&self) -> Option<i64> {
        let total = self.total_quota.filter(|total| *total >= 0)?;
        Some(total.saturating_sub(self.used_quota?).max(0))
    }
}

/// Whether an account may write to people it has no chat with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NewChats {
    /// Nothing that the server has told is against it.
    Open,
    /// Not before this Unix second.
    ClosedUntil(i64),
    /// Not now, and the server does not say until when.
    Closed,
}

impl NewChats {
    fn closed_until(end_s: Option<i64>, now_s: i64) -> Self {
        match end_s {
            Some(end_s) if end_s <= now_s => Self::Open,
            Some(end_s) => Self::ClosedUntil(end_s),
            None => Self::Closed,
        }
    }

    /// Both hold: the later end counts, and no known end is later than any.
    fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Open, only) | (only, Self::Open) => only,
            (Self::ClosedUntil(one), Self::ClosedUntil(two)) => Self::ClosedUntil(one.max(two)),
            _ => Self::Closed,
        }
    }
}

impl Me {
    /// Whether the account may write to people it has no chat with, at this Unix second: closed while an active time lock
    /// has not ended, and while the quota is used up ([`CappingStatus::Capped`]) and its cycle has not ended.
    ///
    /// It only repeats what the server was told. A send can be refused with error 463 while nothing is told yet: hold on such
    /// a refusal too. Chats that exist are not concerned.
    ///
    /// ```
    /// use waha_client::types::{Me, NewChats};
    ///
    /// let me: Me = serde_json::from_str(
    ///     r#"{"id": "6281234567890@c.us", "reachoutTimelock": {"isActive": true, "timeEnforcementEnds": 1784477333}}"#,
    /// )?;
    /// assert_eq!(me.new_chats(1_784_400_000), NewChats::ClosedUntil(1_784_477_333));
    /// assert_eq!(me.new_chats(1_784_477_333), NewChats::Open);
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    pub fn new_chats(&self, now_s: i64) -> NewChats {
        let lock = self.reachout_timelock.as_ref();
        let capping = self.message_capping.as_ref();
        let locked = match lock.filter(|lock| lock.is_active == Some(true)) {
            Some(lock) => NewChats::closed_until(lock.ends_s, now_s),
            None => NewChats::Open,
        };
        let capped = match capping.filter(|cap| cap.status == Some(CappingStatus::Capped)) {
            Some(cap) => NewChats::closed_until(cap.cycle_end_s, now_s),
            None => NewChats::Open,
        };
        locked.and(capped)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use serde_json::json;

    use super::*;

    fn me(lock: serde_json::Value, capping: serde_json::Value) -> Me {
        let me = json!({"id": "628@c.us", "reachoutTimelock": lock, "messageCapping": capping});
        serde_json::from_value(me).unwrap()
    }

    #[test]
    fn new_chats_are_closed_while_a_lock_or_a_used_up_quota_lasts() {
        let lock = |active, ends: serde_json::Value| json!({"isActive": active, "timeEnforcementEnds": ends});
        let cap =
            |status, end: serde_json::Value| json!({"cappingStatus": status, "cycleEnd": end});
        let null = || json!(null);
        for (lock, capping, expected) in [
            (null(), null(), NewChats::Open),
            (json!({}), json!({}), NewChats::Open),
            (lock(true, json!(200)), null(), NewChats::ClosedUntil(200)),
            (lock(true, json!("200")), null(), NewChats::ClosedUntil(200)),
            (lock(true, json!(100)), null(), NewChats::Open),
            (lock(true, null()), null(), NewChats::Closed),
            (lock(true, json!("soon")), null(), NewChats::Closed),
            (lock(false, json!(200)), null(), NewChats::Open),
            (
                null(),
                cap("CAPPED", json!(300)),
                NewChats::ClosedUntil(300),
            ),
            (null(), cap("CAPPED", json!(99)), NewChats::Open),
            (null(), cap("CAPPED", null()), NewChats::Closed),
            (null(), cap("SECOND_WARNING", json!(300)), NewChats::Open),
            (null(), cap("LATER_WORD", json!(300)), NewChats::Open),
            (
                lock(true, json!(200)),
                cap("CAPPED", json!(300)),
                NewChats::ClosedUntil(300),
            ),
            (
                lock(true, json!(200)),
                cap("CAPPED", null()),
                NewChats::Closed,
            ),
            (
                lock(true, json!(200)),
                cap("CAPPED", json!(50)),
                NewChats::ClosedUntil(200),
            ),
        ] {
            let me = me(lock, capping);
            assert_eq!(me.new_chats(100), expected, "{me:?}");
        }
    }

    #[test]
    fn a_quota_tells_what_is_left_of_it() {
        for (total, used, left) in [
            (json!(1000), json!(640), Some(360)),
            (json!("1000"), json!("1001"), Some(0)),
            (json!(i64::MAX), json!(i64::MIN), Some(i64::MAX)),
            (json!(-1), json!(3), None),
            (json!(5), json!(null), None),
        ] {
            let capping = json!({"cappingStatus": "NONE", "totalQuota": total, "usedQuota": used});
            let capping: MessageCapping = serde_json::from_value(capping).unwrap();
            assert_eq!(capping.left(), left);
        }
    }

    #[test]
    fn shapes_of_a_later_server_cost_no_account() {
        let odd = me(
            json!("locked"),
            json!({"cappingStatus": 3, "totalQuota": [], "new": 1}),
        );
        assert_eq!(odd.reachout_timelock, None);
        let capping = odd.message_capping.unwrap();
        assert_eq!((capping.status, capping.total_quota), (None, None));
        assert_eq!(capping.extra["new"], 1);
    }
}
