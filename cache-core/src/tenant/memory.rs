//! A store in the memory of the process, for tests and development.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Map, Value};

use super::store::{StoreResult, Stored, TenantStore};

/// A store in the memory of the process, gone with it. Clones share what they hold, as the replicas of a service share a
/// database.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::tenant::StoreResult<()> {
/// use cache_core::tenant::{MemoryStore, TenantStore};
/// use serde_json::{Map, json};
///
/// let store = MemoryStore::new();
/// let replica = store.clone();
/// let settings = Map::from_iter([("theme".to_owned(), json!("dark"))]);
/// assert_eq!(store.put("acme", &settings, None).await?, Some(1));
/// assert_eq!(replica.put("acme", &settings, None).await?, None, "there is something, of revision 1");
/// assert_eq!(replica.all().await?.len(), 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    rows: Arc<Mutex<HashMap<String, Row>>>,
}

#[derive(Debug, Default)]
struct Row {
    settings: Option<Map<String, Value>>,
    revision: u64,
}

impl Row {
    fn stored(&self) -> Option<Stored> {
        Some(Stored { settings: self.settings.clone()?, revision: self.revision })
    }
}

impl MemoryStore {
    /// A store with nothing in it.
    pub fn new() -> Self {
        Self::default()
    }

    fn with<R>(&self, work: impl FnOnce(&mut HashMap<String, Row>) -> R) -> R {
        work(&mut self.rows.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl TenantStore for MemoryStore {
    async fn get(&self, tenant: &str) -> StoreResult<Option<Stored>> {
        Ok(self.with(|rows| rows.get(tenant).and_then(Row::stored)))
    }

    async fn put(
        &self,
        tenant: &str,
        settings: &Map<String, Value>,
        replaces: Option<u64>,
    ) -> StoreResult<Option<u64>> {
        Ok(self.with(|rows| {
            let row = rows.entry(tenant.to_owned()).or_default();
            let there = row.settings.is_some().then_some(row.revision);
            (there == replaces).then(|| {
                *row = Row { settings: Some(settings.clone()), revision: row.revision + 1 };
                row.revision
            })
        }))
    }

    async fn remove(&self, tenant: &str, replaces: u64) -> StoreResult<bool> {
        Ok(self.with(|rows| {
            let row = rows.get_mut(tenant).filter(|row| row.revision == replaces);
            row.and_then(|row| row.settings.take()).is_some()
        }))
    }

    async fn all(&self) -> StoreResult<Vec<(String, Stored)>> {
        Ok(self.with(|rows| {
            rows.iter().filter_map(|(tenant, row)| Some((tenant.clone(), row.stored()?))).collect()
        }))
    }
}
