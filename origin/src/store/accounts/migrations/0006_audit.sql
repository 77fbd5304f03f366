-- What happened to accounts and sessions. Only SQL that SQLite and Postgres both speak.

CREATE TABLE audit (
    -- A UUIDv7: in the order of what happened.
    id TEXT NOT NULL PRIMARY KEY,
    -- Unix milliseconds.
    at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    -- The id of an account; ':operator', or ':client:' and a name; NULL when unknown.
    actor TEXT,
    subject TEXT,
    session TEXT,
    network TEXT,
    place TEXT,
    -- A JSON object.
    detail TEXT NOT NULL
);

CREATE INDEX audit_by_at ON audit (at);
CREATE INDEX audit_by_kind ON audit (kind, id);
CREATE INDEX audit_by_subject ON audit (subject, id);
