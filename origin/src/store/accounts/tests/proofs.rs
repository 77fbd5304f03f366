//! Proofs of an address.

use common::{Subject, UnixSeconds};
use tokio::task::JoinSet;

use super::{Bench, NOW, new};
use crate::port::{Accounts as _, Email, NewProof, Proofs as _, Purpose};

fn proof(account: &Subject, purpose: Purpose, digest: &str, made_at: u64) -> NewProof {
    NewProof {
        purpose,
        account: account.clone(),
        digest: digest.to_owned(),
        email: "ada@example.com".to_owned(),
        made_at: UnixSeconds::new(made_at),
        expires_at: UnixSeconds::new(made_at + 1_800),
        outweighs: true,
    }
}

pub(super) async fn a_proof_is_taken_once_however_many_bring_it(bench: &Bench) {
    let accounts = &bench.accounts;
    let ada = accounts.create(&new("u1", "ada@example.com")).await.unwrap().id;
    assert!(accounts.keep(&proof(&ada, Purpose::Reset, "d1", NOW.get()), NOW).await.unwrap());
    let mut asking = JoinSet::new();
    for _ in 0..16 {
        let accounts = accounts.clone();
        asking.spawn(async move { accounts.take(Purpose::Reset, "d1", NOW).await.unwrap() });
    }
    let taken: Vec<_> = asking.join_all().await.into_iter().flatten().collect();
    assert_eq!(taken.len(), 1);
    assert_eq!((&taken[0].account, &*taken[0].email), (&ada, "ada@example.com"));
}

pub(super) async fn a_newer_proof_replaces_the_older_after_a_pause(bench: &Bench) {
    let accounts = &bench.accounts;
    let ada = accounts.create(&new("u1", "ada@example.com")).await.unwrap().id;
    let before = UnixSeconds::new(NOW.get() - 60);
    let first = proof(&ada, Purpose::Verify, "d1", NOW.get() - 30);
    assert!(accounts.keep(&first, before).await.unwrap());
    let second = proof(&ada, Purpose::Verify, "d2", NOW.get());
    assert!(!accounts.keep(&second, before).await.unwrap());
    assert!(accounts.find(Purpose::Verify, "d1", NOW).await.unwrap().is_some());
    // Of another purpose there is one beside it.
    assert!(accounts.keep(&proof(&ada, Purpose::Reset, "d3", NOW.get()), before).await.unwrap());
    assert!(accounts.keep(&second, NOW).await.unwrap());
    assert!(accounts.find(Purpose::Verify, "d1", NOW).await.unwrap().is_none());
    assert!(accounts.find(Purpose::Verify, "d2", NOW).await.unwrap().is_some());
    accounts.forget(Purpose::Verify, &ada).await.unwrap();
    assert!(accounts.find(Purpose::Verify, "d2", NOW).await.unwrap().is_none());
    assert!(accounts.find(Purpose::Reset, "d3", NOW).await.unwrap().is_some());
}

pub(super) async fn a_proof_for_another_address_replaces_the_older_at_once(bench: &Bench) {
    let accounts = &bench.accounts;
    let ada = accounts.create(&new("u1", "ada@example.com")).await.unwrap().id;
    let before = UnixSeconds::new(NOW.get() - 60);
    let to = |email: &str, digest: &str, made_at: u64| NewProof {
        email: email.to_owned(),
        ..proof(&ada, Purpose::Verify, digest, made_at)
    };
    let is_good = |digest: &'static str| async move {
        accounts.find(Purpose::Verify, digest, NOW).await.unwrap().is_some()
    };
    assert!(accounts.keep(&to("slip@example.com", "d1", NOW.get() - 2), before).await.unwrap());
    // Not by the address that the account has: anybody may have that one confirmed again.
    let own = NewProof { outweighs: false, ..to("ada@example.com", "d0", NOW.get()) };
    assert!(!accounts.keep(&own, NOW).await.unwrap());
    assert!(is_good("d1").await && !is_good("d0").await);
    assert!(accounts.keep(&to("ada@example.com", "d2", NOW.get()), before).await.unwrap());
    assert!(!is_good("d1").await && is_good("d2").await);
    // What was asked for earlier and comes later does not come in between.
    assert!(!accounts.keep(&to("slip@example.com", "d3", NOW.get() - 2), before).await.unwrap());
    assert!(!accounts.keep(&to("slip@example.com", "d3", NOW.get() - 2), NOW).await.unwrap());
    let [slip, right] = ["slip@example.com", "ada@example.com"].map(|at| Email::parse(at).unwrap());
    let others = async |email, asked| {
        accounts.forget_others(Purpose::Verify, &ada, email, asked).await.unwrap();
    };
    others(&slip, UnixSeconds::new(NOW.get() - 2)).await;
    others(&right, NOW).await;
    assert!(is_good("d2").await);
    others(&slip, NOW).await;
    assert!(!is_good("d2").await);
    // One that is over is in nobody's way.
    let over = NewProof { expires_at: NOW, ..to("slip@example.com", "d4", NOW.get() - 1) };
    assert!(accounts.keep(&over, NOW).await.unwrap() && accounts.keep(&own, NOW).await.unwrap());
}

pub(super) async fn a_proof_is_good_for_its_purpose_and_time(bench: &Bench) {
    let accounts = &bench.accounts;
    let ada = accounts.create(&new("u1", "ada@example.com")).await.unwrap().id;
    let made = proof(&ada, Purpose::Reset, "d1", NOW.get());
    accounts.keep(&made, NOW).await.unwrap();
    assert!(accounts.take(Purpose::Verify, "d1", NOW).await.unwrap().is_none());
    assert!(accounts.take(Purpose::Reset, "d2", NOW).await.unwrap().is_none());
    assert!(accounts.take(Purpose::Reset, "' OR '1'='1", NOW).await.unwrap().is_none());
    assert!(accounts.take(Purpose::Reset, "d1", made.expires_at).await.unwrap().is_none());
    accounts.prune(NOW).await.unwrap();
    assert!(accounts.find(Purpose::Reset, "d1", NOW).await.unwrap().is_some());
    accounts.prune(made.expires_at).await.unwrap();
    assert!(accounts.find(Purpose::Reset, "d1", NOW).await.unwrap().is_none());
}
