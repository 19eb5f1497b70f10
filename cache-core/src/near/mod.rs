//! A near cache: documents in memory, decoded, as long as the server says that they did not change.

// A file imports from those before it: settings, trust, table, stripes, store, name, status, writes, line, handle, many.

mod handle;
mod line;
mod many;
mod name;
mod settings;
mod status;
mod store;
mod stripes;
mod table;
#[cfg(test)]
mod table_orders;
mod trust;
mod writes;

use std::sync::Arc;

pub use handle::NearHandle;
pub use settings::NearCache;
pub use status::NearStatus;

use self::line::{Line, a_cluster};
use self::store::Store;
use self::writes::Writes;
use crate::cache::Cache;
use crate::error::{Error, Result};

impl Cache {
    /// A near cache before this one: reads of its handle are answered from memory, as long as the server says that nothing
    /// changed. See [`NearHandle`] for what that guarantees.
    ///
    /// It has a connection of its own, on which all is read that is kept (`CLIENT TRACKING ON`: the server remembers each key
    /// that was read there, and tells once when it changes; what it forgets of that, for want of room
    /// (`tracking-table-max-keys`), it tells as a change). Writes go through the connection of the cache. The namespace is the one that
    /// the cache has now.
    ///
    /// The user needs `+client|tracking`, `+pttl` and `+ping` beside what documents are read with.
    ///
    /// It need not reach the server: until it does, every read asks as [`get`](crate::CacheModel::get) does, and
    /// [`NearHandle::status`] says so. A service that boots without its server gets its near cache when that comes.
    ///
    /// # Errors
    /// [`Error::Unsupported`] in RESP2, with a connection that [`Cache::connect`] did not make, and on a cluster;
    /// [`Error::is_access_denied`] if the user may not have `CLIENT TRACKING`; [`Error::Name`] for a namespace that is none;
    /// [`Error::NoRuntime`].
    #[doc(alias = "client_side_caching")]
    pub async fn near(&self, settings: NearCache) -> Result<NearHandle> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(Error::NoRuntime);
        }
        let global = self.keyspace()?.global().to_owned();
        if self.capabilities().cluster {
            return Err(a_cluster());
        }
        let store = Arc::new(Store::new(settings.capacity, &global));
        let line = Line::new(&store, self.connection())?;
        let cache = self.through(|connection| Arc::new(Writes::new(connection, &store)));
        let cache = cache.forgetting(move |key| store.table.changed(key));
        match line.ask().await {
            // It may pass, and is asked for in the background.
            Err(error) if !error.is_unavailable() => return Err(error),
            _ => line.keep(),
        }
        Ok(NearHandle::new(cache, settings, line))
    }
}
