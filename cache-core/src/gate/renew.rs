//! Renewal: a task that keeps a lease while it is held.

use std::sync::Arc;
use std::time::Duration;

use super::held::Held;
use super::scripts;
use crate::backoff::Backoff;
use crate::cache::GateCount;
use crate::clock::Moment;

/// Renews the lease every third of its ttl until it is over, at most for as long as it may be held.
///
/// A renewal that has no answer is tried again, after a random pause that doubles, until the lease is over by itself.
pub(super) fn start(held: &Arc<Held>, max_hold: Option<Duration>) {
    tokio::spawn(keep(Arc::clone(held), max_hold));
}

async fn keep(held: Arc<Held>, max_hold: Option<Duration>) {
    let calm = held.ttl / 3;
    let retries = || Backoff::new(held.ttl / 100, calm);
    let (mut pause, mut retry) = (calm, retries());
    while held.pause(pause).await {
        let asked = Moment::now();
        if max_hold.is_some_and(|longest| held.began.until(asked) >= longest) {
            tracing::warn!(key = %held.keys.lock, "gate held for its longest time: it is not renewed any more");
            return;
        }
        match scripts::renew(&held.cache, &held.keys, &held.token, held.ttl, held.call_timeout()).await {
            Ok(true) => {
                held.extend(asked);
                held.cache.gate_tally().count(GateCount::Renewed);
                let took = asked.until(Moment::now());
                tracing::trace!(key = %held.keys.lock, fence = held.fence, ?took, "gate renewed");
                (pause, retry) = (calm, retries());
            }
            Ok(false) => {
                // Released meanwhile, it is not lost.
                if held.left().is_some() {
                    held.lose();
                }
                return;
            }
            Err(error) => {
                held.cache.gate_tally().count(GateCount::RenewalFailed);
                tracing::warn!(key = %held.keys.lock, %error, "gate not renewed");
                pause = retry.pause();
            }
        }
    }
    held.ran_out();
}
