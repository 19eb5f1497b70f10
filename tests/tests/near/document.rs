//! What is written and read.

use std::time::Duration;

use cache_core::{Cache, CacheModel, RedisSettings};
use serde::{Deserialize, Serialize};

/// A document whose number only grows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "counted")]
pub(crate) struct Counted {
    #[primary_key]
    pub(crate) id: u64,
    pub(crate) number: u64,
}

/// A connection of its own, with time: where many programs share a core, an answer may be late.
pub(crate) async fn connect(url: &str) -> Cache {
    let late = Duration::from_secs(20);
    Cache::connect(RedisSettings::new(url).response_timeout(late).connect_timeout(late)).await.unwrap()
}

/// What the server has, and what is read near, for each key: how many differ.
pub(crate) fn differing(server: &[Option<Counted>], near: &[Option<u64>]) -> u64 {
    assert_eq!(server.len(), near.len());
    let differ = |(server, near): &(&Option<Counted>, &Option<u64>)| {
        server.as_ref().map(|counted| counted.number) != **near
    };
    server.iter().zip(near).filter(differ).count() as u64
}
