//! A hundred thousand seeded mutations of good tokens, none of which may be accepted.

use std::collections::{BTreeMap, HashSet};

use crate::cases::mutants::{Numbers, SEED, good_tokens, mutate};
use crate::tokens::{Issuer, NOW};

const COUNT: usize = 100_000;

#[test]
fn no_mutation_is_accepted() {
    let issuer = Issuer::new();
    let tokens = good_tokens(&issuer.mint());
    for token in &tokens {
        assert!(issuer.judge(token, NOW).is_ok(), "the control is refused: {token}");
    }
    let mut numbers = Numbers::new(SEED);
    let mut reasons = BTreeMap::new();
    let (mut unchanged, mut tried) = (0, HashSet::new());
    while tried.len() < COUNT {
        let mutant = mutate(&mut numbers, &tokens);
        if tokens.contains(&mutant) {
            unchanged += 1;
            continue;
        }
        if !tried.insert(mutant.clone()) {
            continue;
        }
        match issuer.judge(&mutant, NOW) {
            Ok(_) => panic!("seed {SEED:#x}: accepted {mutant}"),
            Err(error) => *reasons.entry(format!("{error:?}")).or_insert(0) += 1,
        }
    }
    println!(
        "seed {SEED:#x}: {COUNT} different mutants, 0 accepted; {unchanged} came out unchanged; refused for {reasons:?}"
    );
    // Mutants that only the signature tells from good ones are what this is about.
    assert!(reasons.get("Signature").is_some_and(|count| *count > COUNT / 20), "{reasons:?}");
}
