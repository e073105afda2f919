-- Times are microseconds since 1970 (UTC). A stamp is three columns: elapsed time of a boot, wall time, that boot.
-- Numbers of states, reasons, kinds and campaign states are those of campaign-core; they never change their meaning.
-- Columns are in the order of their width: a row has no gaps.

-- One row: what this database is, and how far it has come. It is written with every batch, and so is narrow.
CREATE TABLE meta (
    one smallint PRIMARY KEY CHECK (one = 1),
    is_marked_restored boolean NOT NULL DEFAULT false,
    next_campaign integer NOT NULL DEFAULT 1,
    -- Attempts up to here were considered for silence.
    silent_seq bigint NOT NULL DEFAULT 0,
    -- The moment of the last batch.
    last_elapsed bigint NOT NULL DEFAULT 0,
    last_wall bigint NOT NULL DEFAULT 0,
    last_boot bigint NOT NULL DEFAULT 0,
    message_key bytea NOT NULL CHECK (length(message_key) = 16)
) WITH (fillfactor = 50);

-- Where the database was at home at the last take-over: one that wakes up elsewhere is a copy. Whoever reads a dump back, be it into the same
-- place, writes this row in another transaction than it says.
CREATE TABLE home (
    one smallint PRIMARY KEY CHECK (one = 1),
    written_in bigint NOT NULL,
    place text NOT NULL
);

CREATE TABLE runner (
    one smallint PRIMARY KEY CHECK (one = 1),
    holder text NOT NULL,
    word text NOT NULL
);

CREATE TABLE campaign (
    id integer PRIMARY KEY CHECK (id BETWEEN 0 AND 16777215),
    next_ordinal integer NOT NULL DEFAULT 0,
    first_ordinal integer NOT NULL DEFAULT 0,
    -- Which import its rows are of: an import that was begun anew shuts the earlier one out.
    import integer NOT NULL DEFAULT 1,
    created_at bigint NOT NULL,
    rejected bigint NOT NULL DEFAULT 0,
    -- When its people were taken out of the database. What it was and its counts stay, and nothing moves it any more.
    pruned_at bigint,
    state smallint NOT NULL CHECK (state BETWEEN 0 AND 8),
    -- In a copy that was put in place, new generations leave those out that may have been given after the copy was made.
    first_generation smallint NOT NULL DEFAULT 0,
    kind smallint NOT NULL,
    -- 0 marketing, 1 utility, 2 authentication, 3 service.
    category smallint NOT NULL CHECK (category BETWEEN 0 AND 3),
    name text COLLATE "C" NOT NULL UNIQUE,
    session text NOT NULL,
    definition text NOT NULL,
    columns text NOT NULL,
    CHECK (pruned_at IS NULL OR state IN (7, 8))
);
-- The live campaigns, and the others passed over: single messages are campaigns too, and there are many of them.
CREATE INDEX campaign_state ON campaign (state);
CREATE INDEX campaign_created ON campaign (created_at);

-- What a campaign said before its message was edited; the present message is in its definition.
CREATE TABLE earlier_message (
    campaign integer NOT NULL,
    -- From 1, in the order in which they were replaced.
    version integer NOT NULL,
    replaced_at bigint NOT NULL,
    -- Deliveries that were not waiting to be sent any more by then.
    past bigint NOT NULL,
    message text NOT NULL,
    PRIMARY KEY (campaign, version)
);

-- How many deliveries stand where, one per recipient: kept by differences once a batch, never counted.
CREATE TABLE campaign_count (
    n bigint NOT NULL CHECK (n >= 0),
    campaign integer NOT NULL,
    state smallint NOT NULL,
    reason smallint NOT NULL,
    PRIMARY KEY (campaign, state, reason)
) WITH (fillfactor = 50);

-- Narrow, and without another index: it is written twice per message, in key order. A batch moves all rows of a page at once: the half of it
-- that is free takes their next versions, so that no index is written for them.
CREATE TABLE delivery (
    id bigint PRIMARY KEY,
    phone bigint NOT NULL,
    -- The latest attempt.
    attempt bigint,
    changed_at bigint NOT NULL,
    state smallint NOT NULL,
    reason smallint NOT NULL DEFAULT 0,
    attempts smallint NOT NULL DEFAULT 0,
    -- 1: corrected; 2: superseded, it does not count; 4: there is a remark.
    flags smallint NOT NULL DEFAULT 0 CHECK (flags BETWEEN 0 AND 7),
    CONSTRAINT delivery_state CHECK (CASE state
        WHEN 0 THEN reason = 0
        WHEN 1 THEN reason = 0 AND attempt IS NOT NULL
        WHEN 2 THEN reason BETWEEN 40 AND 44
        WHEN 3 THEN reason IN (0, 60)
        WHEN 4 THEN reason IN (0, 61)
        WHEN 5 THEN reason = 0
        WHEN 6 THEN reason = 0
        WHEN 7 THEN reason = 0
        WHEN 8 THEN reason BETWEEN 20 AND 23
        WHEN 9 THEN reason BETWEEN 1 AND 9
        WHEN 10 THEN reason IN (0, 62)
        ELSE false END)
) WITH (fillfactor = 45);

-- What a recipient's row said; the key is that of the first generation.
CREATE TABLE delivery_content (
    id bigint PRIMARY KEY,
    row bigint NOT NULL,
    key text,
    "values" text NOT NULL
);

-- The server's words about where a delivery stands now.
CREATE TABLE remark (
    delivery bigint PRIMARY KEY,
    message text NOT NULL
);

CREATE TABLE recipient (
    phone bigint NOT NULL,
    delivery bigint NOT NULL,
    campaign integer NOT NULL,
    key text COLLATE "C" NOT NULL,
    PRIMARY KEY (campaign, phone, key)
);

-- Numbers of attempts: they grow in the order of commits, because one transaction writes at a time.
CREATE SEQUENCE attempt_seq;

CREATE TABLE attempt (
    seq bigint PRIMARY KEY,
    delivery bigint NOT NULL,
    -- The delivery's attempt before this one.
    previous bigint,
    text_hash bigint NOT NULL,
    started_elapsed bigint NOT NULL,
    started_wall bigint NOT NULL,
    started_boot bigint NOT NULL,
    ended_elapsed bigint,
    ended_wall bigint,
    ended_boot bigint,
    lane integer NOT NULL,
    epoch integer NOT NULL,
    kind smallint NOT NULL,
    -- 0 cold, 1 reply.
    slot smallint NOT NULL CHECK (slot IN (0, 1)),
    -- 1 accepted, 2 held, 3 not handed over, 4 not handed over for the last time, 5 refused, 6 maybe sent, 7 its owner died, 8 other.
    outcome smallint,
    foreign_id text,
    message text,
    CHECK ((ended_wall IS NULL) = (outcome IS NULL))
) WITH (fillfactor = 45);
CREATE INDEX attempt_lane ON attempt (lane, seq);

CREATE TABLE foreign_id (
    id text COLLATE "C" PRIMARY KEY,
    delivery bigint NOT NULL
);

-- Exactly the deliveries that are scheduled.
CREATE TABLE ready (
    delivery bigint PRIMARY KEY,
    not_before bigint NOT NULL
);
CREATE INDEX ready_waiting ON ready (not_before, delivery) WHERE not_before > 0;

-- Exactly the deliveries that are unconfirmed, or accepted and silent.
CREATE TABLE doubt (
    delivery bigint PRIMARY KEY,
    next_look bigint,
    -- In doubt because the database was restored.
    restoration bigint,
    looks smallint NOT NULL DEFAULT 0,
    missing text
);
CREATE INDEX doubt_due ON doubt (next_look, delivery) WHERE next_look IS NOT NULL;

-- Once for each time that the database turned out to be an older copy: what is in doubt because of it happened between these.
CREATE TABLE restoration (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    started_elapsed bigint NOT NULL,
    started_wall bigint NOT NULL,
    started_boot bigint NOT NULL,
    ended_elapsed bigint NOT NULL,
    ended_wall bigint NOT NULL,
    ended_boot bigint NOT NULL,
    attempt_max bigint NOT NULL
);

-- Attempts to be considered for silence later than their turn: they ended late, or were accepted by later evidence.
CREATE TABLE unheard (
    attempt bigint PRIMARY KEY
);

-- Chats with an open attempt: from its journal until its delivery leaves sending and unconfirmed.
CREATE TABLE open_chat (
    phone bigint NOT NULL,
    delivery bigint NOT NULL,
    lane integer NOT NULL,
    PRIMARY KEY (lane, phone)
);

CREATE TABLE lane (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    epoch integer NOT NULL DEFAULT 1,
    account bigint NOT NULL UNIQUE,
    day_sends integer NOT NULL DEFAULT 0,
    -- Of the sends of the day, those of the cold slot.
    day_cold integer NOT NULL DEFAULT 0,
    hold_until bigint,
    cold_hold_until bigint,
    -- The newest attempt of each slot, from which its gap is found without reading those of the other.
    newest_cold bigint,
    newest_reply bigint,
    -- The session it was last opened through.
    session text NOT NULL,
    limits text NOT NULL,
    day text,
    -- How far the number was warmed up.
    warmth text,
    hold text,
    -- When that was found: JSON.
    hold_told text,
    -- Why nobody may be written to who has not written of late.
    cold_hold text,
    cold_hold_told text,
    trusted text NOT NULL,
    -- The session whose message store was seen on, and since when.
    store_on text,
    -- Why its messages wait, for how long, and when its session was last restarted: JSON.
    health text
) WITH (fillfactor = 50);

-- Limits of accounts that nothing was sent from yet: their lane begins with them.
CREATE TABLE early_limits (
    account bigint PRIMARY KEY,
    limits text NOT NULL
);

-- Limits above the accounts, and what was sent under them: JSON. The scope is JSON too: "installation", {"server":"..."}, {"tenant":"..."} or
-- {"campaign":1}.
CREATE TABLE shared_limits (
    scope text COLLATE "C" PRIMARY KEY,
    limits text NOT NULL,
    past text
) WITH (fillfactor = 50);

CREATE TABLE command (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    body text NOT NULL,
    answer text
);
CREATE INDEX command_open ON command (id) WHERE answer IS NULL;

-- Whether a number is on WhatsApp, as the server last said.
CREATE TABLE presence (
    phone bigint PRIMARY KEY,
    checked_at bigint NOT NULL,
    is_on_whatsapp boolean NOT NULL
);

-- What people wrote who are in a campaign.
CREATE TABLE reply (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account bigint NOT NULL,
    phone bigint NOT NULL,
    received_at bigint NOT NULL,
    -- The latest campaign that had written to them.
    campaign integer NOT NULL,
    message_id text COLLATE "C" NOT NULL,
    text text NOT NULL,
    UNIQUE (account, message_id)
);
CREATE INDEX reply_campaign ON reply (campaign, seq);

-- When somebody wrote last to an account.
CREATE TABLE heard (
    account bigint NOT NULL,
    phone bigint NOT NULL,
    heard_at bigint NOT NULL,
    PRIMARY KEY (account, phone)
);

-- What a person sent from the phone or from WhatsApp Web, where the account's limits count that: once per message.
CREATE TABLE by_hand (
    account bigint NOT NULL,
    sent_at bigint NOT NULL,
    -- As of an attempt: 1 where the other had written within a day before.
    slot smallint NOT NULL CHECK (slot IN (0, 1)),
    message_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (account, message_id)
);
CREATE INDEX by_hand_latest ON by_hand (account, sent_at);

-- How a number came on the suppression list: 0 operator, 1 reply, 2 import, 3 block, 4 bounce. What a reply brought about, a reply can lift.
CREATE TABLE suppression (
    phone bigint PRIMARY KEY,
    since bigint NOT NULL,
    origin smallint NOT NULL CHECK (origin BETWEEN 0 AND 4),
    source text NOT NULL
);

-- The rules that hold over all campaigns, as JSON. No row: the default ones.
CREATE TABLE consent_rules (
    one smallint PRIMARY KEY CHECK (one = 1),
    rules text NOT NULL
);

-- What each person asked for last, and whether an opt-out is still to be confirmed.
CREATE TABLE wish (
    phone bigint PRIMARY KEY,
    at bigint NOT NULL,
    account bigint NOT NULL,
    is_opt_out boolean NOT NULL,
    is_to_be_confirmed boolean NOT NULL CHECK (is_to_be_confirmed <= is_opt_out),
    message_id text NOT NULL
);
CREATE INDEX wish_to_be_confirmed ON wish (phone) WHERE is_to_be_confirmed;

-- Who agreed to what, and who withdrew it.
CREATE TABLE consent (
    phone bigint NOT NULL,
    since bigint NOT NULL,
    category smallint NOT NULL CHECK (category BETWEEN 0 AND 3),
    origin smallint NOT NULL CHECK (origin BETWEEN 0 AND 4),
    is_granted boolean NOT NULL,
    source text NOT NULL,
    PRIMARY KEY (phone, category)
);

-- What was put on record lately and not proved to be held back, by person: frequency caps and repetitions are judged by it. Kept as long as
-- the longest cap. The hash is empty where a repetition would be none.
CREATE TABLE written (
    phone bigint NOT NULL,
    delivery bigint NOT NULL,
    at bigint NOT NULL,
    text_hash bigint,
    category smallint NOT NULL CHECK (category BETWEEN 0 AND 3),
    PRIMARY KEY (phone, delivery)
);

-- Which account knows a person: the last one that wrote to them, unless that is proved not to have been handed over, or that they wrote to.
-- A campaign over several accounts leaves them to it. Where an attempt brought it about, whose it was and who knew the person before are kept,
-- for when nothing was sent after all.
CREATE TABLE known (
    phone bigint PRIMARY KEY,
    account bigint NOT NULL,
    at bigint NOT NULL,
    delivery bigint,
    was_account bigint,
    was_at bigint,
    CHECK ((was_account IS NULL) = (was_at IS NULL) AND (delivery IS NOT NULL OR was_account IS NULL))
) WITH (fillfactor = 70);

-- Whose phone belongs to a LID.
CREATE TABLE lid (
    lid bigint PRIMARY KEY,
    phone bigint NOT NULL UNIQUE
);

-- What people wrote under a LID whose phone nobody told.
CREATE TABLE hidden_reply (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account bigint NOT NULL,
    lid bigint NOT NULL,
    received_at bigint NOT NULL,
    message_id text COLLATE "C" NOT NULL,
    text text NOT NULL,
    UNIQUE (account, message_id)
);
CREATE INDEX hidden_reply_lid ON hidden_reply (lid, seq);

-- Opt-outs among these. While an account has one, its broadcasts go only to people whose LID is known.
CREATE TABLE hidden_opt_out (
    account bigint NOT NULL,
    lid bigint NOT NULL,
    since bigint NOT NULL,
    message_id text NOT NULL,
    PRIMARY KEY (account, lid)
);
