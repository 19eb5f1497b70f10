//! Calls that are under way while something else is done.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;

/// A future that was begun, so that what it sends is on its way.
pub(crate) struct Begun<F: Future> {
    future: Pin<Box<F>>,
    ended: Option<F::Output>,
}

/// Begins a future, and does not wait for it: what takes time and waits for nothing can be done meanwhile. Whoever drives
/// the connection has its turn before, on a runtime of one thread too, so that what is sent is on its way.
pub(crate) async fn begin<F: Future>(future: F) -> Begun<F> {
    let mut future = Box::pin(future);
    let ended = poll_fn(|context| {
        Poll::Ready(match future.as_mut().poll(context) {
            Poll::Ready(ended) => Some(ended),
            Poll::Pending => None,
        })
    })
    .await;
    tokio::task::yield_now().await;
    Begun { future, ended }
}

impl<F: Future> Begun<F> {
    /// Waits for its end. What came meanwhile is handed over first: it is in time, however long the other thing took.
    pub(crate) async fn end(self) -> F::Output {
        tokio::task::yield_now().await;
        match self.ended {
            Some(ended) => ended,
            None => self.future.await,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn what_is_begun_is_under_way_and_ends_later() {
        let step = Cell::new(0);
        let (sender, answer) = tokio::sync::oneshot::channel();
        let call = async {
            step.set(1);
            let answer = answer.await.unwrap();
            step.set(2);
            answer
        };
        let begun = begin(call).await;
        sender.send("answer").unwrap();
        assert_eq!(step.get(), 1);
        assert_eq!((begun.end().await, step.get()), ("answer", 2));
    }

    #[tokio::test]
    async fn what_was_answered_in_time_is_no_time_out() {
        use std::time::Duration;
        let (asks, asked) = tokio::sync::oneshot::channel();
        let (answers, answered) = tokio::sync::oneshot::channel();
        // Whoever drives a connection, on the one thread that there is.
        tokio::spawn(async move { answers.send(asked.await.unwrap()) });
        let call = async move {
            asks.send("answer").unwrap();
            answered.await.unwrap()
        };
        let begun = begin(tokio::time::timeout(Duration::from_millis(5), call)).await;
        std::thread::sleep(Duration::from_millis(20));
        assert_eq!(begun.end().await, Ok("answer"));
    }

    #[tokio::test]
    async fn what_ends_at_once_is_not_polled_again() {
        assert_eq!(begin(async { 7 }).await.end().await, 7);
    }
}
