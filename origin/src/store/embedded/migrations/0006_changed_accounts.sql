-- Accounts that changed lately: whoever remembers one reads it again.
CREATE TABLE changed_account (
    subject TEXT NOT NULL PRIMARY KEY,
    -- Unix seconds.
    told_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX changed_account_by_told_until ON changed_account (told_until);
