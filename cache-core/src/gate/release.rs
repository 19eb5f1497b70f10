//! Giving a key back, as often as it takes.

use std::time::Duration;

use super::keys::GateKeys;
use super::scripts;
use crate::backoff::Backoff;
use crate::cache::Cache;
use crate::clock::Moment;

/// What is to be given back.
#[derive(Debug, Clone)]
pub(super) struct Release {
    pub(super) cache: Cache,
    pub(super) keys: GateKeys,
    pub(super) token: String,
    pub(super) ttl: Duration,
    /// How long the key stays.
    pub(super) stay: Duration,
    /// The generation that is done with it; empty: none.
    pub(super) generation: String,
    /// Whether it was asked for before, and nothing heard of it.
    pub(super) unheard: bool,
}

impl Release {
    /// Asks until the server answers, or until then, but once in any case: whether the key was ours to the end, and with it the
    /// generation is noted; `None`: nobody knows.
    pub(super) async fn ask_until(&self, until: Moment) -> Option<bool> {
        let (mut unheard, mut backoff) = (self.unheard, Backoff::new(self.ttl / 100, self.ttl / 10));
        loop {
            match self.ask().await {
                Some(true) => return Some(true),
                // A release that was done and not heard of, whose key is gone by now, looks like one that was lost. What is noted does
                // not.
                Some(false) if unheard && self.generation.is_empty() => return None,
                Some(false) => return Some(false),
                None => unheard = true,
            }
            let left = Moment::now().until(until);
            if left.is_zero() {
                return None;
            }
            tokio::time::sleep(backoff.pause().min(left)).await;
        }
    }

    async fn ask(&self) -> Option<bool> {
        let Self { cache, keys, token, stay, generation, ttl, .. } = self;
        scripts::release(cache, keys, token, *stay, generation, call_timeout(*ttl)).await.ok()
    }
}

/// How long a call about a key with this ttl may take.
pub(super) fn call_timeout(ttl: Duration) -> Duration {
    (ttl / 10).min(Duration::from_secs(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_short_beside_the_ttl() {
        assert_eq!(call_timeout(Duration::from_secs(30)), Duration::from_secs(1));
        assert_eq!(call_timeout(Duration::from_millis(300)), Duration::from_millis(30));
    }
}
