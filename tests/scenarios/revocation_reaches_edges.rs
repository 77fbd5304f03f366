//! REV-01, REV-02: how long after its answer a logout is felt at edges in two places, with both
//! mailboxes and with KV alone, whose caches were filled a second before.

use std::time::Duration;

use e2e::propagation::{Course, Mailboxes, measure};
use e2e::{Outcome, Store};

/// What the design promises of 99 in a hundred logouts.
const WITH_BOTH: Duration = Duration::from_secs(10);
const WITH_KV_ALONE: Duration = Duration::from_secs(40);

pub(crate) async fn tell(store: Store) -> Outcome {
    tell_of(20, Duration::from_secs(4), store).await
}

pub(crate) async fn tell_at_length(store: Store) -> Outcome {
    tell_of(200, Duration::from_mins(1), store).await
}

async fn tell_of(logouts: usize, over: Duration, store: Store) -> Outcome {
    let course = |mailboxes| Course { mailboxes, logouts, over, locations: 2, store };
    let (both, alone) = (course(Mailboxes::Both), course(Mailboxes::KvAlone));
    let (both, alone) = tokio::try_join!(measure(&both), measure(&alone))?;
    for (name, found, bound) in
        [("both mailboxes", both, WITH_BOTH), ("KV alone", alone, WITH_KV_ALONE)]
    {
        println!(
            "{logouts} logouts, two edges, {name}: {}; {} flaps, {} good requests let in",
            found.times, found.flaps, found.good
        );
        assert_eq!(found.times.count(), logouts * 2);
        assert!(found.times.percentile(99) <= bound, "{name}: the bound is {bound:?}");
        assert_eq!(found.flaps, 0, "{name}: refused, then let in again");
        assert_eq!(found.strange, [""; 0], "{name}");
        assert!(found.good > 0, "{name}: nobody was let in at all");
    }
    Ok(())
}
