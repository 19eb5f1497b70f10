//! A cluster of one node taken for one whose search modules coordinate: it has all documents, so that it answers for all of them,
//! under the rules of a cluster.

use std::sync::Arc;
use std::time::Duration;

use cache_core::connection::{Invalidations, KeyChanges, PushStream};
use cache_core::{Batch, Cache, Capabilities, Command, Connection, Reply, Result, Route};
use futures_core::future::BoxFuture;

/// With any value: the server is such a node.
const ONE_NODE: &str = "CACHE_TEST_ONE_NODE";

struct Coordinated {
    inner: Arc<dyn Connection>,
    capabilities: Capabilities,
}

/// The cache as it is, or as `CACHE_TEST_ONE_NODE` says if the server is a node of a cluster.
///
/// # Panics
/// If the cluster has several masters: each of them would answer for itself.
pub(crate) async fn as_told(cache: Cache) -> Cache {
    if std::env::var_os(ONE_NODE).is_none() || !cache.capabilities().cluster {
        return cache;
    }
    let masters = cache.command(Command::new("DBSIZE").routed(Route::AllMasters)).await;
    let masters = masters.map(|sizes| sizes.into_items().map_or(0, |sizes| sizes.len()));
    assert!(matches!(masters, Ok(1)), "{ONE_NODE} is for a cluster of one node, and this is {masters:?}");
    let inner = Arc::clone(cache.connection());
    let mut capabilities = inner.capabilities().clone();
    capabilities.coordinator = true;
    Cache::from_connection(Arc::new(Coordinated { inner, capabilities }))
}

impl Connection for Coordinated {
    fn send(&self, command: Command) -> BoxFuture<'_, Result<Reply>> {
        self.inner.send(command)
    }

    fn send_all(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>> {
        self.inner.send_all(batch)
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn pushes(&self) -> Option<PushStream> {
        self.inner.pushes()
    }

    fn generation(&self) -> u64 {
        self.inner.generation()
    }

    fn notices_flushes(&self) -> bool {
        self.inner.notices_flushes()
    }

    fn changes_of(&self, key: &[u8]) -> Option<KeyChanges> {
        self.inner.changes_of(key)
    }

    fn tracking(&self, told: Arc<dyn Invalidations>) -> Option<Result<Arc<dyn Connection>>> {
        self.inner.tracking(told)
    }

    fn deadline(&self) -> Duration {
        self.inner.deadline()
    }
}
