//! A connection that talks to nobody, of the project `shop`.

use std::sync::Arc;

use cache_core::testkit::Recorder;
use cache_core::{Cache, Capabilities, Reply, Schema};

/// A recorder, and a cache of the project `shop` over it.
pub fn recorded(answers: impl IntoIterator<Item = Reply>) -> (Arc<Recorder>, Cache) {
    let (recorder, cache) = Recorder::cache(answers);
    (recorder, cache.project("shop"))
}

/// A recorder of a server that can do this, and a cache of the project `shop` over it.
pub fn recorded_of(
    capabilities: Capabilities,
    answers: impl IntoIterator<Item = Reply>,
) -> (Arc<Recorder>, Cache) {
    let (recorder, cache) = Recorder::cache_of(capabilities, answers);
    (recorder, cache.project("shop"))
}

/// What stands in front of a look at the index of the project `shop`: being told when it is made again.
pub fn listening(schema: &Schema) -> [String; 2] {
    [
        "CLIENT CACHING YES (repeatable)".to_owned(),
        format!("GET shop:cache:~{}:made:{} (repeatable)", schema.prefix(), schema.fingerprint()),
    ]
}

/// What a server with both modules can do.
pub fn capabilities() -> Capabilities {
    let (_, cache) = Recorder::cache([]);
    cache.capabilities().clone()
}
