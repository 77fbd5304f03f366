-- The id of the latest access token, where a new one ends the one before; NULL otherwise.
ALTER TABLE session ADD COLUMN access BLOB;
