//! A cluster of one node taken for one whose search modules coordinate: it has all documents, so that it answers for all of them,
//! under the rules of a cluster.

use std::sync::Arc;

use cache_core::{Cache, Capabilities, Command, Connection, Route};

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
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    crate::hand_on!(inner: send, send_all, pushes, generation, notices_flushes, changes_of, tracking, deadline);
}
