//! Segments and their manifest.

use std::slice;

use common::revocation::{Manifest, Sealed, SegmentName, SegmentRef};
use common::{Epoch, UnixSeconds};
use uuid::Uuid;

use super::Bench;
use super::bench::seconds;
use crate::port::{Content, Fence, Leases, Segments};

const LEASE: &str = "publish";

fn content(n: u8, expires_at: u64) -> Content {
    let name = SegmentName::new([n; 32]);
    let segment = SegmentRef { name, count: 1, expires_at: UnixSeconds::new(expires_at) };
    // Not UTF-8, and with everything that a careless protocol stumbles over.
    Content { segment, bytes: [&[n, 0, 0xff, b'\r', b'\n'][..], &vec![n; 150_000]].concat() }
}

fn manifest(through: u64, contents: &[&Content]) -> Manifest {
    let (after, end) = (Epoch::ZERO, Epoch::new(through));
    let sealed = |content: &&Content| Sealed { segment: content.segment, after, through: end };
    Manifest { through: end, segments: contents.iter().map(sealed).collect() }
}

pub(super) async fn segments_come_with_their_manifest<B: Bench>(bench: &B) {
    let store = bench.store();
    assert_eq!(store.manifest().await.unwrap(), Manifest::default());
    let fence = store.acquire(LEASE, Uuid::now_v7(), seconds(60)).await.unwrap().unwrap();
    let [one, two] = [content(1, 4_000_000_000), content(2, 4_000_000_000)];
    let first = manifest(10, &[&one]);
    assert!(store.replace(LEASE, fence, &first, slice::from_ref(&one)).await.unwrap());
    let second = manifest(20, &[&one, &two]);
    assert!(store.replace(LEASE, fence, &second, slice::from_ref(&two)).await.unwrap());
    assert_eq!(store.manifest().await.unwrap(), second);
    for content in [one, two] {
        let kept = store.content(content.segment.name).await.unwrap();
        assert_eq!(kept, Some(content.bytes));
    }
    assert_eq!(store.content(SegmentName::new([3; 32])).await.unwrap(), None);
}

pub(super) async fn only_the_holder_of_the_fence_replaces<B: Bench>(bench: &B) {
    let store = bench.store();
    let [a, b] = [(); 2].map(|()| Uuid::now_v7());
    let one = content(1, 4_000_000_000);
    let never = Fence(1);
    assert!(
        !store.replace(LEASE, never, &manifest(1, &[&one]), slice::from_ref(&one)).await.unwrap()
    );
    let first = store.acquire(LEASE, a, seconds(60)).await.unwrap().unwrap();
    store.release(LEASE, a).await.unwrap();
    assert!(!store.replace(LEASE, first, &manifest(2, &[]), &[]).await.unwrap(), "given back");
    let second = store.acquire(LEASE, b, seconds(60)).await.unwrap().unwrap();
    assert!(store.replace(LEASE, second, &manifest(4, &[]), &[]).await.unwrap());
    assert!(
        !store.replace(LEASE, first, &manifest(3, &[&one]), slice::from_ref(&one)).await.unwrap()
    );
    assert_eq!(store.manifest().await.unwrap(), manifest(4, &[]));
    assert_eq!(store.content(one.segment.name).await.unwrap(), None);
}
