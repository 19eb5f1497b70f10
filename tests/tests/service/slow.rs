//! A store of settings whose answers are slow, at random.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cache_core::tenant::{MemoryStore, StoreResult, Stored, TenantStore};
use cache_tests::dice::Dice;
use serde_json::{Map, Value};

/// The processes of a case share what it holds.
#[derive(Debug, Clone)]
pub(crate) struct Slow {
    store: MemoryStore,
    dice: Arc<Mutex<Dice>>,
}

impl Slow {
    pub(crate) fn new(seed: u64) -> Self {
        Self { store: MemoryStore::new(), dice: Arc::new(Mutex::new(Dice::new(seed))) }
    }

    /// A request or an answer is on its way.
    async fn travels(&self) {
        let pause = self.dice.lock().unwrap_or_else(PoisonError::into_inner).below(6);
        if pause < 3 {
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    }
}

impl TenantStore for Slow {
    async fn get(&self, tenant: &str) -> StoreResult<Option<Stored>> {
        self.travels().await;
        let stored = self.store.get(tenant).await;
        self.travels().await;
        stored
    }

    async fn put(
        &self,
        tenant: &str,
        settings: &Map<String, Value>,
        replaces: Option<u64>,
    ) -> StoreResult<Option<u64>> {
        self.travels().await;
        let put = self.store.put(tenant, settings, replaces).await;
        self.travels().await;
        put
    }

    async fn remove(&self, tenant: &str, replaces: u64) -> StoreResult<bool> {
        self.store.remove(tenant, replaces).await
    }

    async fn all(&self) -> StoreResult<Vec<(String, Stored)>> {
        self.travels().await;
        self.store.all().await
    }
}
