//! Invalidations that the server has not been told of: kept, and delivered before anything is read from it again.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use cache_index::Keyspace;
use futures_core::future::BoxFuture;
use tokio::task::JoinSet;

use super::Cache;
use super::circuit::Circuit;
use super::readiness::ErrorClass;
use crate::error::{Error, Result};

/// How many are kept: about ten megabytes of keys.
const MOST: usize = 100_000;

/// How many are delivered at once, in one round trip or few.
const AT_ONCE: usize = 64;

/// What is to be done: on a cache in the same namespace, as often as it takes.
pub(crate) type Invalidation = Arc<dyn Fn(Cache) -> BoxFuture<'static, Result<()>> + Send + Sync>;

/// What is owed, by the key that it is about: the last one is enough.
#[derive(Default)]
pub(super) struct Owed {
    keys: Mutex<HashMap<Vec<u8>, (Invalidation, Keyspace)>>,
}

impl Owed {
    pub(super) fn count(&self) -> usize {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Keeps a key, and opens the circuit until it is delivered. `false`: there are too many.
    pub(super) fn keep(&self, cache: &Cache, key: Vec<u8>, owed: Invalidation, class: ErrorClass) -> bool {
        let Ok(keyspace) = cache.keyspace() else { return false };
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.len() >= MOST && !keys.contains_key(&key) {
            return false;
        }
        keys.insert(key, (owed, keyspace.clone()));
        // Under the lock, so that it is not closed between.
        cache.circuit.open(class);
        true
    }

    /// Delivers what there is, and closes the circuit when there is no more.
    ///
    /// # Errors
    /// What kept one from being delivered; it is kept, with those behind it.
    pub(super) async fn deliver(&self, cache: &Cache, circuit: &Circuit) -> Result<()> {
        loop {
            let mut delivering = JoinSet::new();
            {
                let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
                for (key, (owed, keyspace)) in keys.iter().take(AT_ONCE) {
                    let (key, owed) = (key.clone(), Arc::clone(owed));
                    let cache = Cache { keyspace: Ok(keyspace.clone()), ..cache.clone() };
                    delivering.spawn(async move { owed(cache).await.map(|()| (key, owed)) });
                }
                if delivering.is_empty() {
                    circuit.close();
                    return Ok(());
                }
            }
            let mut failed = None;
            while let Some(delivered) = delivering.join_next().await {
                match delivered {
                    Ok(Ok((key, owed))) => self.is_done(&key, &owed),
                    // As many wait as may: those that were let through are done.
                    Ok(Err(error)) if error.is_busy() => {}
                    Ok(Err(error)) => failed = Some(error),
                    // It panicked, which its owner was told of; the next round does it again.
                    Err(_) => {
                        let reason = "an invalidation could not be delivered".to_owned();
                        failed = failed.or(Some(Error::Unavailable { reason, source: None }));
                    }
                }
            }
            if let Some(error) = failed {
                return Err(error);
            }
        }
    }

    /// One was delivered. What was kept for its key since then is another one.
    fn is_done(&self, key: &[u8], owed: &Invalidation) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if keys.get(key).is_some_and(|(kept, _)| Arc::ptr_eq(kept, owed)) {
            keys.remove(key);
        }
    }
}

impl fmt::Debug for Owed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owed").field("count", &self.count()).finish()
    }
}
