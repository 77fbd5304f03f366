-- Accounts. Only SQL that SQLite and Postgres both speak.

CREATE TABLE account (
    id TEXT NOT NULL PRIMARY KEY,
    -- Normalised: two spellings of one mailbox are one account.
    email TEXT NOT NULL UNIQUE,
    email_verified BOOLEAN NOT NULL,
    name TEXT,
    -- A JSON list of names; read and written whole, never searched.
    roles TEXT NOT NULL,
    disabled BOOLEAN NOT NULL,
    -- A PHC string; NULL for an account without a password.
    password_hash TEXT,
    -- Unix seconds.
    created_at BIGINT NOT NULL
);
