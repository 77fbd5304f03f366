-- Logins elsewhere, and whose they are. Only SQL that SQLite and Postgres both speak.

CREATE TABLE identity (
    -- Together they are the identity: an address may change hands.
    issuer TEXT NOT NULL,
    subject TEXT NOT NULL,
    account_id TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    -- Its name in the configuration.
    provider TEXT NOT NULL,
    -- Unix seconds.
    linked_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject),
    UNIQUE (account_id, provider)
);

-- Sign-ins elsewhere whose `state` came back: each does once.
CREATE TABLE spent_state (
    state TEXT NOT NULL PRIMARY KEY,
    -- Unix seconds; later it is too old anyhow.
    until BIGINT NOT NULL
);

CREATE INDEX spent_state_until ON spent_state (until);
