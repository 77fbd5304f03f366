//! The clock and the randomness of the machine.

use std::time::SystemTime;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use common::{SessionId, UnixMillis};
use rand::rand_core::UnwrapErr;
use rand::rngs::SysRng;
use rand::{Rng as _, RngExt as _};
use uuid::{Builder, Uuid};

use crate::port::{Clock, Random};

/// The machine's clock.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> UnixMillis {
        // A clock before 1970 makes every token invalid rather than the process fall.
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        UnixMillis::new(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
    }
}

/// The operating system's generator, asked afresh each time: no state that a fork could copy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OsRandom;

/// A system that cannot draw random bytes must not mint tokens; that is the one thing worth
/// falling for.
fn os() -> UnwrapErr<SysRng> {
    UnwrapErr(SysRng)
}

impl Random for OsRandom {
    fn uuid(&self) -> Uuid {
        let mut bytes = [0; 16];
        os().fill_bytes(&mut bytes);
        Builder::from_random_bytes(bytes).into_uuid()
    }

    fn session_id(&self, now: UnixMillis) -> SessionId {
        let mut bytes = [0; 10];
        os().fill_bytes(&mut bytes);
        SessionId::new(Builder::from_unix_timestamp_millis(now.get(), &bytes).into_uuid())
    }

    fn opaque(&self) -> String {
        let mut bytes = [0; 32];
        os().fill_bytes(&mut bytes);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn up_to(&self, max: u16) -> u16 {
        os().random_range(0..=max)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn iss_07_of_a_million_token_ids_no_two_are_alike() {
        let mut ids: Vec<_> = (0..1_000_000).map(|_| OsRandom.token_id()).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 1_000_000);
    }

    #[test]
    fn iss_08_no_two_ids_are_alike_and_each_bit_is_drawn() {
        let ids: HashSet<_> = (0..100_000).map(|_| OsRandom.uuid()).collect();
        assert_eq!(ids.len(), 100_000);
        let ones: u32 = ids.iter().map(|id| id.as_u128().count_ones()).sum();
        // 122 fair bits, and two of the six fixed ones are set: 63 on average.
        let mean = f64::from(ones) / 100_000.0;
        assert!((mean - 63.0).abs() < 0.2, "{mean} ones in an id");
    }

    #[test]
    fn iss_08_no_two_texts_are_alike_and_each_is_of_256_bits() {
        let texts: HashSet<_> = (0..100_000).map(|_| OsRandom.opaque()).collect();
        assert_eq!(texts.len(), 100_000);
        assert!(texts.iter().all(|text| text.len() == 43));
        // Fair bits: each of the 64 characters comes up as often, within six standard deviations.
        let mut counts = [0_u32; 256];
        texts.iter().flat_map(|text| text.bytes().take(42)).for_each(|byte| {
            counts[usize::from(byte)] += 1;
        });
        let seen: Vec<_> = counts.into_iter().filter(|count| *count > 0).collect();
        assert_eq!(seen.len(), 64);
        assert!(seen.iter().all(|count| (64_100..=67_150).contains(count)), "{seen:?}");
    }

    #[test]
    fn a_session_id_bears_the_time_of_its_beginning() {
        let now = SystemClock.now_ms();
        let id = OsRandom.session_id(now);
        assert_eq!(id.began_at(), Some(now));
        assert_ne!(id, OsRandom.session_id(now));
    }
}
