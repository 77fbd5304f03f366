-- What the hash of a password does not tell. Only SQL that SQLite and Postgres both speak.

-- Grows with each password that is chosen or taken away; the same one hashed anew is no other.
ALTER TABLE account ADD COLUMN password_version BIGINT NOT NULL DEFAULT 0;

-- More than one may have registered the address, which nobody has proven yet.
ALTER TABLE account ADD COLUMN contested BOOLEAN NOT NULL DEFAULT FALSE;

-- Which of these were registered twice, and which by a login elsewhere alone, is not known any more.
UPDATE account SET contested = TRUE WHERE password_hash IS NULL AND NOT email_verified;
