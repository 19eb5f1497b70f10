//! Waiting until what was written is found.

use std::time::Duration;

use cache_index::Filter;

use crate::cache::{Cache, IndexPolicy};
use crate::error::Result;
use crate::model::{Indexed, Model};
use crate::query::Query;

/// How long an index may take to be filled. The server fills one with some 100,000 documents a second; a test has fewer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Waits until queries of the model find all that was written before, and says how many documents that are.
///
/// The server indexes a document as it is written, so that only an index that is being filled is waited for: one that was
/// just made, or one after a restart. The server is asked; nothing sleeps for good measure.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel, testkit};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct Ticket { #[primary_key] id: u32, #[index] state: String }
/// # async fn example(cache: Cache, tickets: Vec<Ticket>) -> cache_core::Result<()> {
/// for saved in Ticket::save_many(&cache, &tickets).await {
///     assert!(saved?.stored());
/// }
/// assert_eq!(testkit::settled::<Ticket>(&cache).await?, tickets.len() as u64);
/// assert!(Ticket::find_by_state("open").exists(&cache).await?);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// What kept the query from a complete answer: the index was not made ([`Migrator`](crate::Migrator)), documents do not
/// fit it, or it is not filled after 30 seconds ([`Error::Indexing`](crate::Error::Indexing)).
#[doc(alias = "wait_until_indexed")]
pub async fn settled<M: Model + Indexed>(cache: &Cache) -> Result<u64> {
    Query::<M>::new(Filter::all()).while_indexing(IndexPolicy::WaitUpTo(PATIENCE)).count(cache).await
}
