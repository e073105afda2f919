-- Two slots of a lane, and who may be written to while strangers may not.

-- In which slot an attempt was made: 0 cold, 1 reply.
ALTER TABLE attempt ADD COLUMN slot INTEGER NOT NULL DEFAULT 0 CHECK (slot IN (0, 1));

-- Of the sends of the day, those of the cold slot.
ALTER TABLE lane ADD COLUMN day_cold INTEGER NOT NULL DEFAULT 0;
-- How far the number was warmed up.
ALTER TABLE lane ADD COLUMN warmth TEXT;
-- Why nobody may be written to who has not written of late, and until when.
ALTER TABLE lane ADD COLUMN cold_hold TEXT;
ALTER TABLE lane ADD COLUMN cold_hold_until INTEGER;
-- The newest attempt of each slot, from which its gap is found without reading those of the other.
ALTER TABLE lane ADD COLUMN newest_cold INTEGER;
ALTER TABLE lane ADD COLUMN newest_reply INTEGER;
UPDATE lane SET day_cold = day_sends;
UPDATE lane SET newest_cold = newest.seq
FROM (SELECT lane, max(seq) AS seq FROM attempt GROUP BY lane) AS newest WHERE newest.lane = lane.id;

-- When somebody wrote last to an account.
CREATE TABLE heard (
    account INTEGER NOT NULL,
    phone INTEGER NOT NULL,
    heard_at INTEGER NOT NULL,
    PRIMARY KEY (account, phone)
) STRICT, WITHOUT ROWID;
