//! Invalidations that the server has not been told of: kept, and delivered before anything is read from it again.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use cache_index::Keyspace;
use futures_core::future::BoxFuture;

use super::Cache;
use super::circuit::Circuit;
use super::readiness::ErrorClass;
use crate::error::Result;

/// How many are kept: about ten megabytes of keys.
const MOST: usize = 100_000;

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
            let next = {
                let keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
                match keys.iter().next() {
                    Some((key, (owed, keyspace))) => (key.clone(), Arc::clone(owed), keyspace.clone()),
                    None => {
                        circuit.close();
                        return Ok(());
                    }
                }
            };
            let (key, owed, keyspace) = next;
            let cache = Cache { keyspace: Ok(keyspace), ..cache.clone() };
            owed(cache).await?;
            self.keys.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
        }
    }
}

impl fmt::Debug for Owed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Owed").field("count", &self.count()).finish()
    }
}
