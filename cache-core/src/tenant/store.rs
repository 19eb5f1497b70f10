//! Where the settings of tenants are kept for good.

use std::error::Error;
use std::future::Future;

use futures_core::future::BoxFuture;
use serde_json::{Map, Value};

/// What a store answers. Any error can be returned from it with `?`.
///
/// ```
/// use cache_core::tenant::{Stored, StoreResult};
///
/// /// A row of a table: JSON and a number.
/// fn stored(json: &str, revision: i64) -> StoreResult<Stored> {
///     Ok(Stored { settings: serde_json::from_str(json)?, revision: revision.try_into()? })
/// }
/// assert!(stored("{}", 1).is_ok());
/// assert!(stored("[]", 1).is_err());
/// ```
pub type StoreResult<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What a store holds of a tenant.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::tenant::StoreResult<()> {
/// use cache_core::tenant::{MemoryStore, Stored, TenantStore};
///
/// let store = MemoryStore::new();
/// store.put("acme", &serde_json::from_str(r#"{"theme": "dark"}"#)?, None).await?;
/// if let Some(Stored { settings, revision }) = store.get("acme").await? {
///     assert_eq!((&settings["theme"], revision), (&"dark".into(), 1));
///     // What is written next has to name the revision that it replaces.
///     assert!(store.put("acme", &settings, Some(revision)).await?.is_some());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// What differs from the defaults.
    pub settings: Map<String, Value>,
    /// Counts the changes of this tenant's settings: each is larger than the one before, also after a removal.
    pub revision: u64,
}

/// Where the settings of tenants are kept for good: a database, whichever. [`PostgresStore`](super::PostgresStore) (feature
/// `postgres`) and [`MemoryStore`](super::MemoryStore) are two.
///
/// A store keeps what differs from the defaults as the members of one JSON object, and its revision. It need not know what is
/// in it, has no cache, and is asked from many tasks at once. Each call is given up after the
/// [`store_timeout`](super::Builder::store_timeout), so its future has to be safe to drop.
///
/// ```
/// use std::collections::HashMap;
/// use std::sync::Mutex;
///
/// use cache_core::tenant::{Stored, StoreResult, TenantStore};
/// use serde_json::{Map, Value};
///
/// #[derive(Default)]
/// struct Table(Mutex<HashMap<String, (Option<Map<String, Value>>, u64)>>);
///
/// impl TenantStore for Table {
///     async fn get(&self, tenant: &str) -> StoreResult<Option<Stored>> {
///         let table = self.0.lock().unwrap();
///         let row = table.get(tenant).and_then(|(row, revision)| Some((row.clone()?, *revision)));
///         Ok(row.map(|(settings, revision)| Stored { settings, revision }))
///     }
///
///     async fn put(&self, tenant: &str, settings: &Map<String, Value>, replaces: Option<u64>) -> StoreResult<Option<u64>> {
///         let mut table = self.0.lock().unwrap();
///         let (row, revision) = table.entry(tenant.to_owned()).or_default();
///         if row.is_some().then_some(*revision) != replaces {
///             return Ok(None);
///         }
///         (*row, *revision) = (Some(settings.clone()), *revision + 1);
///         Ok(Some(*revision))
///     }
///
///     async fn remove(&self, tenant: &str, replaces: u64) -> StoreResult<bool> {
///         let mut table = self.0.lock().unwrap();
///         let row = table.get_mut(tenant).filter(|(row, revision)| row.is_some() && *revision == replaces);
///         Ok(row.map(|row| row.0 = None).is_some())
///     }
///
///     async fn all(&self) -> StoreResult<Vec<(String, Stored)>> {
///         let table = self.0.lock().unwrap();
///         let rows = table.iter().filter_map(|(tenant, (row, revision))| {
///             Some((tenant.clone(), Stored { settings: row.clone()?, revision: *revision }))
///         });
///         Ok(rows.collect())
///     }
/// }
/// ```
pub trait TenantStore: Send + Sync + 'static {
    /// What is kept of a tenant; `None`: nothing is.
    ///
    /// # Errors
    /// What keeps the store from answering.
    fn get(&self, tenant: &str) -> impl Future<Output = StoreResult<Option<Stored>>> + Send;

    /// Keeps settings, if what is kept has the revision `replaces`, or, for `None`, nothing is kept. In one step, so that of
    /// several at once one succeeds. Answers the new revision; `None`: something else was there, and nothing was done.
    ///
    /// # Errors
    /// What keeps the store from doing it; whether it was done may be unknown.
    fn put(
        &self,
        tenant: &str,
        settings: &Map<String, Value>,
        replaces: Option<u64>,
    ) -> impl Future<Output = StoreResult<Option<u64>>> + Send;

    /// Removes what is kept, if it has this revision. `false`: it has another, or nothing is kept.
    ///
    /// # Errors
    /// What keeps the store from doing it; whether it was done may be unknown.
    fn remove(&self, tenant: &str, replaces: u64) -> impl Future<Output = StoreResult<bool>> + Send;

    /// Everything that is kept: for the hosts of all tenants. Asked for once after each change of hosts, by each process.
    ///
    /// # Errors
    /// What keeps the store from answering.
    fn all(&self) -> impl Future<Output = StoreResult<Vec<(String, Stored)>>> + Send;
}

/// The same without its type.
pub(super) trait AnyStore: Send + Sync + 'static {
    fn get<'a>(&'a self, tenant: &'a str) -> BoxFuture<'a, StoreResult<Option<Stored>>>;
    fn put<'a>(
        &'a self,
        tenant: &'a str,
        settings: &'a Map<String, Value>,
        replaces: Option<u64>,
    ) -> BoxFuture<'a, StoreResult<Option<u64>>>;
    fn remove<'a>(&'a self, tenant: &'a str, replaces: u64) -> BoxFuture<'a, StoreResult<bool>>;
    fn all(&self) -> BoxFuture<'_, StoreResult<Vec<(String, Stored)>>>;
}

impl<S: TenantStore> AnyStore for S {
    fn get<'a>(&'a self, tenant: &'a str) -> BoxFuture<'a, StoreResult<Option<Stored>>> {
        Box::pin(TenantStore::get(self, tenant))
    }

    fn put<'a>(
        &'a self,
        tenant: &'a str,
        settings: &'a Map<String, Value>,
        replaces: Option<u64>,
    ) -> BoxFuture<'a, StoreResult<Option<u64>>> {
        Box::pin(TenantStore::put(self, tenant, settings, replaces))
    }

    fn remove<'a>(&'a self, tenant: &'a str, replaces: u64) -> BoxFuture<'a, StoreResult<bool>> {
        Box::pin(TenantStore::remove(self, tenant, replaces))
    }

    fn all(&self) -> BoxFuture<'_, StoreResult<Vec<(String, Stored)>>> {
        Box::pin(TenantStore::all(self))
    }
}

/// A store shared with whoever else wants to look into it.
impl<S: TenantStore> TenantStore for std::sync::Arc<S> {
    fn get(&self, tenant: &str) -> impl Future<Output = StoreResult<Option<Stored>>> + Send {
        TenantStore::get(&**self, tenant)
    }

    fn put(
        &self,
        tenant: &str,
        settings: &Map<String, Value>,
        replaces: Option<u64>,
    ) -> impl Future<Output = StoreResult<Option<u64>>> + Send {
        TenantStore::put(&**self, tenant, settings, replaces)
    }

    fn remove(&self, tenant: &str, replaces: u64) -> impl Future<Output = StoreResult<bool>> + Send {
        TenantStore::remove(&**self, tenant, replaces)
    }

    fn all(&self) -> impl Future<Output = StoreResult<Vec<(String, Stored)>>> + Send {
        TenantStore::all(&**self)
    }
}
