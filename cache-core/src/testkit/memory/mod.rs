//! A connection without a server: documents that are kept in this process.

// A file imports from those before it: refused, json, keys, guard, patch, scripts, commands.

mod commands;
mod guard;
mod json;
mod keys;
mod patch;
mod refused;
mod scripts;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use cache_index::{Batch, Command, Reply};
use futures_core::future::BoxFuture;
use tokio::time::Instant;

use self::keys::Keys;
use crate::cache::Cache;
use crate::connection::{Capabilities, Connection, Documents, PushStream};
use crate::error::Result;

/// A connection without a server, for unit tests of code that keeps documents: what is saved is there, until it is deleted
/// or its time is over.
///
/// ```
/// use std::time::Duration;
///
/// use cache_core::testkit::Memory;
/// use cache_core::{Cache, CacheModel};
/// # use serde::{Deserialize, Serialize};
///
/// # #[derive(Serialize, Deserialize, CacheModel)]
/// # #[cache(ttl = "30m")]
/// # struct Session { #[primary_key] id: u32, #[index] user: String, #[index(sortable)] seen: u64 }
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> cache_core::Result<()> {
/// let cache: Cache = Memory::cache();
/// Session { id: 1, user: "ann".to_owned(), seen: 7 }.save(&cache).await?;
/// assert_eq!(Session::find_by_user("ann").one(&cache).await?.id, 1);
///
/// // With `#[tokio::test(start_paused = true)]`, half an hour takes no time.
/// tokio::time::advance(Duration::from_secs(30 * 60)).await;
/// assert!(Session::get(&cache, 1).await?.is_none());
/// # Ok(())
/// # }
/// ```
///
/// | what | with it |
/// |---|---|
/// | all that [`CacheModel`](crate::CacheModel) does to documents by their keys: save, insert, replace, get, delete, patch, modify, time to live, `keys`, `ids`, bulk; versions and unique values | as on a server |
/// | queries of whole documents, their `ids`, `count`, `delete`, `update`, with `sort_by` and `page` | decided by [`Filter::accepts`](crate::Filter::accepts), over all documents of the model; no index is asked for, so that a forgotten migrator is not noticed. Without `sort_by` they come as they were written last, and where that would decide which of those that words found are answered, it is refused: a server goes by their scores |
/// | what sounds alike, raw queries, shapes; the nearest vectors, scores, views, models with a `filter` | [`Error::Unsupported`](crate::Error::Unsupported), or what `accepts` says |
/// | aggregations, suggestions, terms, migrations, gates, loads, settings of tenants, any other command | [`Error::Unsupported`](crate::Error::Unsupported), which says what it was |
///
/// What a server does that this does not: it expands a prefix to 200 values and says so, takes time, breaks, forgets what it
/// has no memory for, rounds one double in four hundred, and needs rights. For that there is
/// [`#[cache_core::test]`](macro@crate::test).
///
/// Times to live go by the clock of [`tokio`](tokio::time), which a test may pause and advance.
#[derive(Debug)]
#[doc(alias = "fake")]
#[doc(alias = "mock")]
pub struct Memory {
    keys: Mutex<Keys>,
    capabilities: Capabilities,
    /// What this clock showed when tokio's showed that.
    began: (Duration, Instant),
}

impl Memory {
    /// A cache with nothing in it. Its clones have the same documents; another call makes another cache.
    pub fn cache() -> Cache {
        let mut capabilities = Capabilities::default();
        (capabilities.search, capabilities.json) = (Some(21005), Some(20803));
        capabilities.max_search_results = u64::MAX;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let began = (now, Instant::now());
        Cache::from_connection(Arc::new(Self { keys: Mutex::default(), capabilities, began }))
    }

    /// What is there now.
    fn keys(&self) -> MutexGuard<'_, Keys> {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        let (began, then) = self.began;
        let now = began.saturating_add(then.elapsed());
        keys.expire(u64::try_from(now.as_millis()).unwrap_or(u64::MAX));
        keys
    }
}

impl Connection for Memory {
    fn send(&self, command: Command) -> BoxFuture<'_, Result<Reply>> {
        let reply = commands::run(&mut self.keys(), &command);
        Box::pin(async move { reply })
    }

    fn send_all(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>> {
        let mut keys = self.keys();
        let replies = batch.commands().iter().map(|command| commands::run(&mut keys, command)).collect();
        Box::pin(async move { Ok(replies) })
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn pushes(&self) -> Option<PushStream> {
        None
    }

    fn notices_flushes(&self) -> bool {
        true
    }

    fn deadline(&self) -> Duration {
        Duration::from_secs(2)
    }

    fn documents(&self) -> Option<&dyn Documents> {
        Some(self)
    }
}

impl Documents for Memory {
    fn starting(&self, start: &[u8]) -> Vec<(Bytes, Bytes)> {
        self.keys().documents(start)
    }
}
