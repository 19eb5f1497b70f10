//! Rounds that are run side by side.

use std::future::Future;

use crate::case::Found;

/// Runs so many rounds on so many lanes: each gets its number and its share.
pub(crate) async fn run<F>(lanes: u32, rounds: u32, lane: impl Fn(u32, u32) -> F) -> Found
where
    F: Future<Output = Found> + Send + 'static,
{
    let mut running = tokio::task::JoinSet::new();
    for n in 0..lanes {
        running.spawn(lane(n, rounds / lanes + u32::from(n < rounds % lanes)));
    }
    let mut sum = Found::default();
    for found in running.join_all().await {
        sum.add(found);
    }
    sum
}
