//! REV-15, REV-16: very many live revocations. None is forgotten, nobody else is refused, one more
//! is not much to write.

use e2e::Outcome;
use e2e::scale::{Course, measure};

pub(crate) async fn tell() -> Outcome {
    tell_of(Course { revoked: 100_000, good: 200_000 }).await
}

pub(crate) async fn tell_at_length() -> Outcome {
    tell_of(Course { revoked: 1_000_000, good: 1_000_000 }).await
}

async fn tell_of(course: Course) -> Outcome {
    let scale = measure(course).await?;
    println!("{course:?}: {scale:?}");
    assert_eq!(scale.refused, 0, "good tokens refused");
    assert_eq!(scale.let_in, 0, "revoked tokens let in");
    assert!(scale.good_sent > 2_000 && scale.revoked_sent >= 2_000);
    assert!(scale.suspected > 0, "no filter was mistaken, so nothing was shown");
    assert!(scale.published < 200_000, "{} bytes for one more", scale.published);
    let more = scale.memory_after.saturating_sub(scale.memory_before);
    assert!(more < 64 << 20, "{more} bytes of memory");
    Ok(())
}
