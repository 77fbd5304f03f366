-- Sessions, the block log and leases. Ids are UUIDs of 16 bytes; times are Unix seconds unless
-- their name ends in _ms. No token is in here, and nothing a token could be made from.

CREATE TABLE session (
    sid BLOB NOT NULL PRIMARY KEY,
    subject TEXT NOT NULL,
    generation INTEGER NOT NULL,
    jti BLOB NOT NULL,
    -- The id of the refresh token before the current one.
    previous BLOB,
    -- Digest of the device that got the current one.
    device TEXT,
    remember INTEGER NOT NULL,
    -- The span, in seconds, that each use gives the session.
    idle INTEGER NOT NULL,
    rotated_at_ms INTEGER NOT NULL,
    idle_end INTEGER NOT NULL,
    absolute_end INTEGER NOT NULL,
    -- Why it was revoked; NULL while it was not.
    ended TEXT
) STRICT, WITHOUT ROWID;

CREATE INDEX session_by_subject ON session (subject, sid);
CREATE INDEX session_by_idle_end ON session (idle_end);

CREATE TABLE blocked (
    id BLOB NOT NULL PRIMARY KEY,
    expires_at INTEGER NOT NULL,
    epoch INTEGER NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;

CREATE INDEX blocked_by_expires_at ON blocked (expires_at);

-- One row: the epoch of the last change to the log.
CREATE TABLE log (
    one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
    epoch INTEGER NOT NULL
) STRICT;

INSERT INTO log (one, epoch) VALUES (1, 0);

CREATE TABLE lease (
    name TEXT NOT NULL PRIMARY KEY,
    holder BLOB NOT NULL,
    fence INTEGER NOT NULL,
    until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
