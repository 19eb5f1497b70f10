//! Three masters of a cluster with documents on all of them, for the migrator.

use std::future::Future;
use std::sync::Arc;

use cache_core::{Cache, CacheModel, Protocol};

use crate::coordinator::{Coordinator, Masters};
use crate::releases::{save, second};

/// How many there are.
pub const MASTERS: usize = 3;
/// How many documents.
pub const DOCUMENTS: u64 = 30;

/// The masters, and a cache over them.
pub struct Lab {
    masters: Masters,
    /// What stands for the cluster.
    pub coordinator: Arc<Coordinator>,
    /// Over that.
    pub cache: Cache,
}

impl Lab {
    /// With documents on all masters.
    pub async fn new(protocol: Protocol) -> Self {
        let masters = Masters::start(MASTERS).await;
        let (coordinator, cache) = Coordinator::over(&masters, protocol).await;
        save(&cache, u32::try_from(DOCUMENTS).unwrap_or_else(|error| panic!("{error}"))).await;
        Self { masters, coordinator, cache }
    }

    /// Another process.
    pub async fn other(&self) -> (Arc<Coordinator>, Cache) {
        Coordinator::over(&self.masters, self.cache.capabilities().protocol).await
    }

    /// What a name stands for, a master each.
    pub async fn said(&self, name: &str) -> Vec<Option<String>> {
        let mut said = Vec::new();
        for master in 0..MASTERS {
            let answer = self.coordinator.say(master, &["FT.INFO", name]).await;
            let pairs = answer.ok().and_then(|info| info.into_pairs().ok()).unwrap_or_default();
            let own = pairs.iter().find(|(key, _)| key.as_str() == Some("index_name"));
            said.push(own.and_then(|(_, name)| name.as_str().map(str::to_owned)));
        }
        said
    }

    /// Whether all masters say so.
    pub async fn all_say(&self, name: &str, index: &str) -> bool {
        self.said(name).await.iter().all(|said| said.as_deref() == Some(index))
    }

    /// A master loses an index, and all names of it.
    pub async fn lose(&self, master: usize, index: &str) {
        let _ = self
            .coordinator
            .say(master, &["FT.DROPINDEX", index])
            .await
            .unwrap_or_else(|error| panic!("{error}"));
    }

    /// How many documents queries of the second release find.
    pub async fn count(&self) -> u64 {
        second::User::find().count(&self.cache).await.unwrap_or_else(|error| panic!("{error}"))
    }
}

/// Runs a case over masters of its own.
///
/// # Panics
/// If the case does, or no server can be had.
pub fn run<F: Future<Output = ()>>(name: &str, protocol: Protocol, case: impl FnOnce(Lab) -> F) {
    crate::on_threads(name, protocol, async |protocol| case(Lab::new(protocol).await).await);
}
