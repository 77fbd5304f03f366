//! How the tables of a database stand to those that this program wants; for who looks and changes nothing.

use std::collections::BTreeSet;

use sqlx::migrate::Migrator;

/// How they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tables {
    /// As they are wanted.
    Current,
    /// So many steps are to be made.
    Behind(usize),
    /// A newer version made some of them.
    Ahead,
}

impl Tables {
    /// Judges by the steps that were made.
    pub(super) fn judge(migrator: &Migrator, made: &[i64]) -> Self {
        let wanted: BTreeSet<i64> = migrator.iter().map(|step| step.version).collect();
        let made: BTreeSet<i64> = made.iter().copied().collect();
        match wanted.difference(&made).count() {
            _ if !made.is_subset(&wanted) => Self::Ahead,
            0 => Self::Current,
            missing => Self::Behind(missing),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static MIGRATIONS: Migrator = sqlx::migrate!("src/store/accounts/migrations");

    #[test]
    fn tables_are_judged_by_the_steps_that_made_them() {
        let all: Vec<i64> = MIGRATIONS.iter().map(|step| step.version).collect();
        let newer = [&all[..], &[i64::MAX]].concat();
        for (made, expected) in [
            (&all[..], Tables::Current),
            (&[], Tables::Behind(all.len())),
            (&all[1..], Tables::Behind(1)),
            (&newer, Tables::Ahead),
        ] {
            assert_eq!(Tables::judge(&MIGRATIONS, made), expected);
        }
    }
}
