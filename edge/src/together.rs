//! Waiting for more than one thing at a time.

use core::future::poll_fn;
use core::pin::Pin;
use core::task::Poll;

/// Which of two was done first, with what came of it.
#[derive(Debug)]
pub(crate) enum First<A, B> {
    One(A),
    Other(B),
}

/// Waits for one of the two; the other may go on afterwards.
pub(crate) async fn first<A, B>(
    mut one: Pin<&mut impl Future<Output = A>>,
    mut other: Pin<&mut impl Future<Output = B>>,
) -> First<A, B> {
    poll_fn(|context| match one.as_mut().poll(context) {
        Poll::Ready(one) => Poll::Ready(First::One(one)),
        Poll::Pending => other.as_mut().poll(context).map(First::Other),
    })
    .await
}

/// Waits for all of them, as they come.
pub(crate) async fn all<T>(waiting: impl Iterator<Item = impl Future<Output = T>>) -> Vec<T> {
    let mut waiting: Vec<_> = waiting.map(Box::pin).collect();
    let mut done = Vec::with_capacity(waiting.len());
    poll_fn(|context| {
        waiting.retain_mut(|future| match future.as_mut().poll(context) {
            Poll::Ready(value) => {
                done.push(value);
                false
            }
            Poll::Pending => true,
        });
        if waiting.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done
}
