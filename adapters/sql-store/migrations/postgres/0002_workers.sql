-- Several processes that send from one database: workers. Leases, and what workers put on record, go by the server's clock.

-- The clock that workers share: elapsed time counts from a moment of the server's, under a number drawn by chance. Where somebody sets the
-- server's clock, another moment and number take their place: elapsed times before and after it are not compared. No row: no worker yet.
CREATE TABLE clock (
    one smallint PRIMARY KEY CHECK (one = 1),
    boot bigint NOT NULL,
    began bigint NOT NULL
);

CREATE TABLE worker (
    -- Never given twice.
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lease_until bigint NOT NULL,
    -- For how long it has its lease from when it renewed it.
    lease bigint NOT NULL,
    -- Under which number it knows the clock.
    boot bigint NOT NULL,
    -- The last of the news that it was told.
    heard bigint NOT NULL,
    holder text NOT NULL,
    -- Its accounts that cannot send: JSON.
    held text NOT NULL DEFAULT '[]',
    word text NOT NULL DEFAULT 'null',
    -- It is about to leave, and takes up nothing more.
    retires boolean NOT NULL DEFAULT false
) WITH (fillfactor = 50);

-- The sessions of all campaigns, and who attends them.
CREATE TABLE session (
    name text PRIMARY KEY,
    worker integer REFERENCES worker ON DELETE SET NULL,
    -- Its account's lane was opened through another one: it stays with that.
    is_follower boolean NOT NULL DEFAULT false
);
CREATE INDEX session_worker ON session (worker);

-- What others have changed that a worker has in memory, in the order of commits, because one transaction writes at a time.
CREATE TABLE news (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Which worker told it, if it was one.
    worker integer,
    what text NOT NULL
);

-- From which lane the message may have gone: its attempt's, or else that of its campaign's session. 0: there is none.
ALTER TABLE doubt ADD COLUMN lane integer NOT NULL DEFAULT 0;
-- Those without an attempt are among them.
CREATE INDEX doubt_restored ON doubt (delivery) WHERE restoration IS NOT NULL;
-- All rows are in these indices, but only who names lanes finds them: of a table that it takes for empty, the server would as soon go through
-- one of them as by the key.
CREATE INDEX doubt_lane ON doubt (lane, delivery) WHERE lane >= 0;
CREATE INDEX doubt_lane_due ON doubt (lane, next_look, delivery) WHERE lane >= 0 AND next_look IS NOT NULL;
DROP INDEX attempt_lane;
CREATE INDEX attempt_lane ON attempt (lane, seq) WHERE lane > 0;
CREATE INDEX lane_session ON lane (session);
