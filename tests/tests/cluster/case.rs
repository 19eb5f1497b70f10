//! One case, on the cluster that those share which do it no harm.

use std::future::Future;
use std::time::Duration;

use cache_core::{Cache, Protocol, RedisSettings};
use cache_tests::cluster::Nodes;
use cache_tests::connect_with;
use libtest_mimic::{Failed, Trial};
use tokio::sync::OnceCell;

/// What a case gets.
pub(crate) struct Place {
    pub(crate) protocol: Protocol,
    /// A name of its own.
    pub(crate) project: String,
}

impl Place {
    /// The shared cluster, through one of its nodes.
    pub(crate) async fn cache(&self) -> Cache {
        self.through(shared().await, 1).await
    }

    /// The same, of which two calls wait for answers at once, as a read of many documents does it.
    pub(crate) async fn two_at_once(&self) -> Cache {
        self.of(self.settings(shared().await, 1).max_in_flight(2)).await
    }

    /// A cluster, through a node.
    pub(crate) async fn through(&self, nodes: &Nodes, at: u16) -> Cache {
        self.of(self.settings(nodes, at)).await
    }

    fn settings(&self, nodes: &Nodes, at: u16) -> RedisSettings {
        let settings = RedisSettings::new(nodes.url(at)).protocol(self.protocol);
        settings.response_timeout(Duration::from_secs(5))
    }

    async fn of(&self, settings: RedisSettings) -> Cache {
        let cache = connect_with(settings).await.unwrap_or_else(|error| panic!("{error}"));
        cache.project(&self.project)
    }
}

async fn shared() -> &'static Nodes {
    static NODES: OnceCell<Nodes> = OnceCell::const_new();
    NODES.get_or_init(|| Nodes::start(3, 1)).await
}

/// A case that is run on a runtime of its own; it fails by a panic.
pub(crate) fn case<F>(name: &str, protocol: Protocol, run: impl FnOnce(Place) -> F + Send + 'static) -> Trial
where
    F: Future<Output = ()>,
{
    let name = format!("{name}_{}", if protocol == Protocol::Resp2 { "2" } else { "3" });
    let place = Place { protocol, project: name.clone() };
    Trial::test(name.clone(), move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let began = std::time::Instant::now();
        runtime.map_err(|error| Failed::from(error.to_string()))?.block_on(run(place));
        println!("{name}: in {:.1} s", began.elapsed().as_secs_f64());
        Ok(())
    })
}
