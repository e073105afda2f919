-- Times are microseconds since 1970 (UTC). A stamp is three columns: elapsed time of a boot, wall time, that boot.
-- Numbers of states, reasons, kinds and campaign states are those of campaign-core; they never change their meaning.

-- One row: what this database is, and how far it has come.
CREATE TABLE meta (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    database_id BLOB NOT NULL CHECK (length(database_id) = 16),
    message_key BLOB NOT NULL CHECK (length(message_key) = 16),
    -- Batches made so far. A file beside the database remembers the last one that sent something: an older copy is known by it.
    batches INTEGER NOT NULL DEFAULT 0,
    -- The moment of the last batch.
    last_elapsed INTEGER NOT NULL DEFAULT 0,
    last_wall INTEGER NOT NULL DEFAULT 0,
    last_boot INTEGER NOT NULL DEFAULT 0,
    is_marked_restored INTEGER NOT NULL DEFAULT 0,
    next_campaign INTEGER NOT NULL DEFAULT 1,
    -- Attempts up to here were considered for silence.
    silent_seq INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE runner (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    holder TEXT NOT NULL,
    word TEXT NOT NULL
) STRICT;

CREATE TABLE campaign (
    id INTEGER PRIMARY KEY CHECK (id BETWEEN 0 AND 16777215),
    name TEXT NOT NULL UNIQUE,
    session TEXT NOT NULL,
    kind INTEGER NOT NULL,
    definition TEXT NOT NULL,
    columns TEXT NOT NULL,
    state INTEGER NOT NULL CHECK (state BETWEEN 0 AND 8),
    created_at INTEGER NOT NULL,
    rejected INTEGER NOT NULL DEFAULT 0,
    first_ordinal INTEGER NOT NULL DEFAULT 0,
    next_ordinal INTEGER NOT NULL DEFAULT 0,
    -- Which import its rows are of: an import that was begun anew shuts the earlier one out.
    import INTEGER NOT NULL DEFAULT 1
) STRICT;

-- How many deliveries stand where, one per recipient: kept by differences, never counted.
CREATE TABLE campaign_count (
    campaign INTEGER NOT NULL,
    state INTEGER NOT NULL,
    reason INTEGER NOT NULL,
    n INTEGER NOT NULL CHECK (n >= 0),
    PRIMARY KEY (campaign, state, reason)
) STRICT, WITHOUT ROWID;

-- Narrow, and without another index: it is written twice per message, in key order.
CREATE TABLE delivery (
    id INTEGER PRIMARY KEY,
    phone INTEGER NOT NULL,
    state INTEGER NOT NULL,
    reason INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    -- 1: corrected; 2: superseded, it does not count; 4: there is a remark.
    flags INTEGER NOT NULL DEFAULT 0 CHECK (flags BETWEEN 0 AND 7),
    -- The latest attempt.
    attempt INTEGER,
    changed_at INTEGER NOT NULL,
    CHECK (CASE state
        WHEN 0 THEN reason = 0
        WHEN 1 THEN reason = 0 AND attempt IS NOT NULL
        WHEN 2 THEN reason BETWEEN 40 AND 43
        WHEN 3 THEN reason IN (0, 60)
        WHEN 4 THEN reason IN (0, 61)
        WHEN 5 THEN reason = 0
        WHEN 6 THEN reason = 0
        WHEN 7 THEN reason = 0
        WHEN 8 THEN reason BETWEEN 20 AND 23
        WHEN 9 THEN reason BETWEEN 1 AND 7
        WHEN 10 THEN reason IN (0, 62)
        ELSE 0 END)
) STRICT;

-- What a recipient's row said; the key is that of the first generation.
CREATE TABLE delivery_content (
    id INTEGER PRIMARY KEY,
    row INTEGER NOT NULL,
    key TEXT,
    "values" TEXT NOT NULL
) STRICT;

-- The server's words about where a delivery stands now.
CREATE TABLE remark (
    delivery INTEGER PRIMARY KEY,
    message TEXT NOT NULL
) STRICT;

CREATE TABLE recipient (
    campaign INTEGER NOT NULL,
    phone INTEGER NOT NULL,
    key TEXT NOT NULL,
    delivery INTEGER NOT NULL,
    PRIMARY KEY (campaign, phone, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt (
    seq INTEGER PRIMARY KEY,
    delivery INTEGER NOT NULL,
    -- The delivery's attempt before this one.
    previous INTEGER,
    lane INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    kind INTEGER NOT NULL,
    text_hash INTEGER NOT NULL,
    started_elapsed INTEGER NOT NULL,
    started_wall INTEGER NOT NULL,
    started_boot INTEGER NOT NULL,
    ended_elapsed INTEGER,
    ended_wall INTEGER,
    ended_boot INTEGER,
    -- 1 accepted, 2 held, 3 not handed over, 4 not handed over for the last time, 5 refused, 6 maybe sent, 7 its owner died, 8 other.
    outcome INTEGER,
    foreign_id TEXT,
    message TEXT,
    CHECK ((ended_wall IS NULL) = (outcome IS NULL))
) STRICT;

CREATE TABLE foreign_id (
    id TEXT PRIMARY KEY,
    delivery INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Exactly the deliveries that are scheduled.
CREATE TABLE ready (
    delivery INTEGER PRIMARY KEY,
    not_before INTEGER NOT NULL
) STRICT;
CREATE INDEX ready_waiting ON ready (not_before, delivery) WHERE not_before > 0;

-- Exactly the deliveries that are unconfirmed, or accepted and silent.
CREATE TABLE doubt (
    delivery INTEGER PRIMARY KEY,
    next_look INTEGER,
    looks INTEGER NOT NULL DEFAULT 0,
    missing TEXT,
    -- In doubt because the database was restored.
    restoration INTEGER
) STRICT;
CREATE INDEX doubt_due ON doubt (next_look, delivery) WHERE next_look IS NOT NULL;

-- Once for each time that the database turned out to be an older copy: what is in doubt because of it happened between these.
CREATE TABLE restoration (
    id INTEGER PRIMARY KEY,
    started_elapsed INTEGER NOT NULL,
    started_wall INTEGER NOT NULL,
    started_boot INTEGER NOT NULL,
    ended_elapsed INTEGER NOT NULL,
    ended_wall INTEGER NOT NULL,
    ended_boot INTEGER NOT NULL,
    attempt_max INTEGER NOT NULL
) STRICT;

-- Attempts to be considered for silence later than their turn: they ended late, or were accepted by later evidence.
CREATE TABLE unheard (
    attempt INTEGER PRIMARY KEY
) STRICT;

-- Chats with an open attempt: from its journal until its delivery leaves sending and unconfirmed.
CREATE TABLE open_chat (
    lane INTEGER NOT NULL,
    phone INTEGER NOT NULL,
    delivery INTEGER NOT NULL,
    PRIMARY KEY (lane, phone)
) STRICT, WITHOUT ROWID;

CREATE TABLE suppression (
    phone INTEGER PRIMARY KEY,
    source TEXT NOT NULL,
    since INTEGER NOT NULL
) STRICT;

CREATE TABLE lane (
    id INTEGER PRIMARY KEY,
    account INTEGER NOT NULL UNIQUE,
    -- The session it was last opened through.
    session TEXT NOT NULL,
    limits TEXT NOT NULL,
    epoch INTEGER NOT NULL DEFAULT 1,
    day TEXT,
    day_sends INTEGER NOT NULL DEFAULT 0,
    hold TEXT,
    hold_until INTEGER,
    trusted TEXT NOT NULL,
    -- The session whose message store was seen on, and since when.
    store_on TEXT
) STRICT;

CREATE TABLE command (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    body TEXT NOT NULL,
    answer TEXT
) STRICT;
CREATE INDEX command_open ON command (id) WHERE answer IS NULL;
