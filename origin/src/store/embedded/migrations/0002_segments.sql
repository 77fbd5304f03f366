-- Sessions begun before this are dead, all of them; 0 for none.
ALTER TABLE log ADD COLUMN sessions_before_ms INTEGER NOT NULL DEFAULT 0;

-- Which segments there are (JSON); NULL for none.
ALTER TABLE log ADD COLUMN manifest TEXT;

CREATE TABLE segment (
    name TEXT NOT NULL PRIMARY KEY,
    content BLOB NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
