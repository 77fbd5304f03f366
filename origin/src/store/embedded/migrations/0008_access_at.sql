-- When the latest access token was made, where a new one ends the one before; NULL otherwise.
ALTER TABLE session ADD COLUMN access_at_ms INTEGER;
