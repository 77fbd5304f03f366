-- What proves that somebody reads an address: one for each account and purpose. The secret itself is
-- in the letter alone.

CREATE TABLE proof (
    account TEXT NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    -- 'verify', 'reset' or 'notice'.
    purpose TEXT NOT NULL,
    -- SHA-256 of the secret, base64url.
    digest TEXT NOT NULL UNIQUE,
    -- The address that it was sent to.
    email TEXT NOT NULL,
    -- Unix seconds.
    made_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    PRIMARY KEY (account, purpose)
);

CREATE INDEX proof_expiry ON proof (expires_at);
