-- What people want, what a restriction leaves in doubt, and who shares what.

-- What a restriction leaves in doubt: one more reason, 44. The CHECK is exchanged as in 0002_operator.sql.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
SET sql = replace(sql, 'WHEN 2 THEN reason BETWEEN 40 AND 43', 'WHEN 2 THEN reason BETWEEN 40 AND 44')
WHERE type = 'table' AND name = 'delivery';
PRAGMA writable_schema = RESET;
-- How well an account is, and what a person sends from it.

-- Why its messages wait, for how long, and when its session was last restarted: JSON.
ALTER TABLE lane ADD COLUMN health TEXT;
-- What a person sent from the phone or from WhatsApp Web, where the account's limits count that: once per message.
CREATE TABLE by_hand (
    account INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    sent_at INTEGER NOT NULL,
    -- As of an attempt: 1 where the other had written within a day before.
    slot INTEGER NOT NULL CHECK (slot IN (0, 1)),
    PRIMARY KEY (account, message_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX by_hand_latest ON by_hand (account, sent_at);

-- Limits of accounts that nothing was sent from yet: their lane begins with them.
CREATE TABLE early_limits (
    account INTEGER PRIMARY KEY,
    limits TEXT NOT NULL
) STRICT;

-- Limits above the accounts, and what was sent under them: JSON. The scope is JSON too: "installation", {"server":"..."}, {"tenant":"..."} or
-- {"campaign":1}.
CREATE TABLE shared_limits (
    scope TEXT PRIMARY KEY,
    limits TEXT NOT NULL,
    past TEXT
) STRICT, WITHOUT ROWID;

-- Whom nothing may be sent to, and why.

-- How a number came on the suppression list: 0 operator, 1 reply, 2 import, 3 block, 4 bounce. What a reply brought about, a reply can lift.
ALTER TABLE suppression ADD COLUMN origin INTEGER NOT NULL DEFAULT 0 CHECK (origin BETWEEN 0 AND 4);

-- The rules that hold over all campaigns, as JSON. No row: the default ones.
CREATE TABLE consent_rules (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    rules TEXT NOT NULL
) STRICT;

-- What each person asked for last, and whether an opt-out is still to be confirmed.
CREATE TABLE wish (
    phone INTEGER PRIMARY KEY,
    is_opt_out INTEGER NOT NULL CHECK (is_opt_out IN (0, 1)),
    at INTEGER NOT NULL,
    account INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    is_to_be_confirmed INTEGER NOT NULL CHECK (is_to_be_confirmed IN (0, 1) AND is_to_be_confirmed <= is_opt_out)
) STRICT;
CREATE INDEX wish_to_be_confirmed ON wish (phone) WHERE is_to_be_confirmed = 1;

-- Who agreed to what, and who withdrew it. Categories: 0 marketing, 1 utility, 2 authentication, 3 service.
CREATE TABLE consent (
    phone INTEGER NOT NULL,
    category INTEGER NOT NULL CHECK (category BETWEEN 0 AND 3),
    is_granted INTEGER NOT NULL CHECK (is_granted IN (0, 1)),
    origin INTEGER NOT NULL CHECK (origin BETWEEN 0 AND 4),
    source TEXT NOT NULL,
    since INTEGER NOT NULL,
    PRIMARY KEY (phone, category)
) STRICT, WITHOUT ROWID;

-- What was put on record lately and not proved to be held back, by person: frequency caps and repetitions are judged by it. Kept as long as
-- the longest cap. The hash is empty where a repetition would be none.
CREATE TABLE written (
    phone INTEGER NOT NULL,
    delivery INTEGER NOT NULL,
    at INTEGER NOT NULL,
    category INTEGER NOT NULL CHECK (category BETWEEN 0 AND 3),
    text_hash INTEGER,
    PRIMARY KEY (phone, delivery)
) STRICT, WITHOUT ROWID;
-- The week before counts too: back from the latest attempt, because a migration has no clock.
INSERT OR REPLACE INTO written (phone, delivery, at, category, text_hash)
SELECT delivery.phone, delivery.id, attempt.started_wall,
       CASE json_extract(campaign.definition, '$.category')
           WHEN 'utility' THEN 1 WHEN 'authentication' THEN 2 WHEN 'service' THEN 3 ELSE 0 END,
       CASE attempt.slot WHEN 0 THEN attempt.text_hash END
FROM delivery
JOIN attempt ON attempt.seq = delivery.attempt
JOIN campaign ON campaign.id = delivery.id >> 32
WHERE attempt.started_wall > (SELECT max(started_wall) FROM attempt) - 604800000000
  AND (attempt.outcome IS NULL OR attempt.outcome NOT IN (2, 3, 4, 5));

-- Which account knows a person: the last one that wrote to them, unless that is proved not to have been handed over, or that they wrote to.
-- A campaign over several accounts leaves them to it. Where an attempt brought it about, whose it was and who knew the person before are kept,
-- for when nothing was sent after all.
CREATE TABLE known (
    phone INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    at INTEGER NOT NULL,
    delivery INTEGER,
    was_account INTEGER,
    was_at INTEGER,
    CHECK ((was_account IS NULL) = (was_at IS NULL) AND (delivery IS NOT NULL OR was_account IS NULL))
) STRICT;
-- By what is on record, the earliest first: the latest is what stays.
INSERT OR REPLACE INTO known (phone, account, at)
SELECT phone, account, at FROM (
    SELECT delivery.phone, lane.account, attempt.started_wall AS at
    FROM delivery JOIN attempt ON attempt.seq = delivery.attempt JOIN lane ON lane.id = attempt.lane
    WHERE attempt.outcome IS NULL OR attempt.outcome NOT IN (2, 3, 4, 5)
    UNION ALL SELECT phone, account, heard_at FROM heard)
ORDER BY at;

-- In a copy that was put in place, new generations leave those out that may have been given after the copy was made.
ALTER TABLE campaign ADD COLUMN first_generation INTEGER NOT NULL DEFAULT 0;

-- When it was found that a lane is held: JSON. Of what is on record, a day before it ends.
ALTER TABLE lane ADD COLUMN hold_told TEXT;
ALTER TABLE lane ADD COLUMN cold_hold_told TEXT;
UPDATE lane SET hold_told = json_object('elapsed', 0, 'wall', strftime('%Y-%m-%dT%H:%M:%SZ', hold_until / 1000000 - 86400, 'unixepoch'), 'boot', 0)
WHERE hold_until IS NOT NULL;
UPDATE lane SET cold_hold_told = json_object('elapsed', 0, 'wall', strftime('%Y-%m-%dT%H:%M:%SZ', cold_hold_until / 1000000 - 86400, 'unixepoch'), 'boot', 0)
WHERE cold_hold_until IS NOT NULL;

-- Whose phone belongs to a LID.
CREATE TABLE lid (
    lid INTEGER PRIMARY KEY,
    phone INTEGER NOT NULL UNIQUE
) STRICT;

-- What people wrote under a LID whose phone nobody told.
CREATE TABLE hidden_reply (
    seq INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    lid INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    text TEXT NOT NULL,
    UNIQUE (account, message_id)
) STRICT;
CREATE INDEX hidden_reply_lid ON hidden_reply (lid, seq);

-- Opt-outs among these. While an account has one, its broadcasts go only to people whose LID is known.
CREATE TABLE hidden_opt_out (
    account INTEGER NOT NULL,
    lid INTEGER NOT NULL,
    since INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    PRIMARY KEY (account, lid)
) STRICT, WITHOUT ROWID;

-- Where this database went: from then on nothing of it is sent or changed here.
CREATE TABLE moved (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    -- Which database that is, and what people call it.
    place TEXT NOT NULL,
    name TEXT NOT NULL
) STRICT;
