-- Tries that are counted, by digests of what they are counted for.

CREATE TABLE rate (
    counter BLOB NOT NULL PRIMARY KEY,
    -- When all its tries are forgotten.
    full_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX rate_by_full ON rate (full_ms);

-- Failures in a row.
CREATE TABLE failures (
    counter BLOB NOT NULL PRIMARY KEY,
    count INTEGER NOT NULL,
    -- Of the last one.
    at_ms INTEGER NOT NULL,
    -- When it is forgotten.
    until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX failures_by_until ON failures (until_ms);
