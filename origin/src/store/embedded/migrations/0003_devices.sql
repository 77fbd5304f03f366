-- The device that used a session last, by its own account, and where it was; NULL when unknown.
ALTER TABLE session ADD COLUMN agent TEXT;
ALTER TABLE session ADD COLUMN place TEXT;
