//! What each side starts with: documents, an index, and a connection by hand.

use std::time::Duration;

use cache_core::{Cache, CacheModel, Migrator};
use redis::aio::MultiplexedConnection;

use crate::corpus::{Corpus, Item, Size, item};
use crate::work::Outcome;

/// How long an answer may take.
pub(crate) const LATE: Duration = Duration::from_secs(60);

/// How many documents are saved at once.
const TOGETHER: u64 = 1_000;

/// Makes the index and saves all documents.
pub(crate) async fn fill(cache: &Cache, corpus: &Corpus) -> Outcome<()> {
    Migrator::new().register::<Item>().run(cache).await?;
    save(cache, corpus.size, 0, corpus.documents).await
}

/// Saves the documents with the ids from `first` to below `end`.
pub(crate) async fn save(cache: &Cache, size: Size, first: u64, end: u64) -> Outcome<()> {
    for first in (first..end).step_by(TOGETHER as usize) {
        let some: Vec<_> = (first..end.min(first + TOGETHER)).map(|id| item(size, id)).collect();
        for saved in Item::save_many(cache, &some).await {
            let _ = saved?;
        }
    }
    Ok(())
}

pub(crate) async fn by_hand(url: &str) -> Outcome<MultiplexedConnection> {
    let config = redis::AsyncConnectionConfig::new().set_response_timeout(Some(LATE));
    Ok(redis::Client::open(url)?.get_multiplexed_async_connection_with_config(&config).await?)
}
