-- What an operator does to a campaign on its way and afterwards, and what people answer.

-- Two more reasons to skip somebody, 8 and 9. No row is written for it: a CHECK is no part of what a table keeps, and SQLite's manual has it
-- exchanged like this (ALTER TABLE, "Making Other Kinds Of Table Schema Changes"). What follows makes other connections read the schema anew.
PRAGMA writable_schema = ON;
UPDATE sqlite_schema
SET sql = replace(sql, 'WHEN 9 THEN reason BETWEEN 1 AND 7', 'WHEN 9 THEN reason BETWEEN 1 AND 9')
WHERE type = 'table' AND name = 'delivery';
PRAGMA writable_schema = RESET;

-- The live campaigns, and the others passed over: single messages are campaigns too, and there are many of them.
CREATE INDEX campaign_state ON campaign (state);

-- What a campaign said before its message was edited; the present message is in its definition.
CREATE TABLE earlier_message (
    campaign INTEGER NOT NULL,
    -- From 1, in the order in which they were replaced.
    version INTEGER NOT NULL,
    message TEXT NOT NULL,
    replaced_at INTEGER NOT NULL,
    -- Deliveries that were not waiting to be sent any more by then.
    past INTEGER NOT NULL,
    PRIMARY KEY (campaign, version)
) STRICT, WITHOUT ROWID;

-- Whether a number is on WhatsApp, as the server last said.
CREATE TABLE presence (
    phone INTEGER PRIMARY KEY,
    is_on_whatsapp INTEGER NOT NULL CHECK (is_on_whatsapp IN (0, 1)),
    checked_at INTEGER NOT NULL
) STRICT;

-- What people wrote who are in a campaign.
CREATE TABLE reply (
    seq INTEGER PRIMARY KEY,
    account INTEGER NOT NULL,
    message_id TEXT NOT NULL,
    phone INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    text TEXT NOT NULL,
    -- The latest campaign that had written to them.
    campaign INTEGER NOT NULL,
    UNIQUE (account, message_id)
) STRICT;
CREATE INDEX reply_campaign ON reply (campaign, seq);

-- When the people of a campaign were taken out of the database. What it was and its counts stay, and nothing moves it any more.
ALTER TABLE campaign ADD COLUMN pruned_at INTEGER CHECK (pruned_at IS NULL OR state IN (7, 8));
