//! The seam between everything here and a client: commands go in, replies come out.

#[cfg(any(feature = "fred", feature = "redis"))]
mod answers;
mod capabilities;
mod classify;
#[cfg(any(feature = "fred", feature = "redis"))]
mod cluster;
#[cfg(feature = "fred")]
mod fred;
#[cfg(any(feature = "fred", feature = "redis"))]
mod hello;
#[cfg(any(feature = "fred", feature = "redis"))]
mod in_flight;
#[cfg(any(feature = "fred", feature = "redis"))]
mod learned;
pub(crate) mod needs;
mod push;
#[cfg(feature = "redis")]
pub(crate) mod redis;
#[cfg(all(feature = "tls", any(feature = "fred", feature = "redis")))]
pub(crate) mod trust;

use std::sync::Arc;

use bytes::Bytes;
use cache_index::{Batch, Command, Reply};
use futures_core::future::BoxFuture;

pub use capabilities::Capabilities;
pub use classify::server_error;
pub(crate) use classify::{is_unmade, is_without_resp3};
#[cfg(feature = "fred")]
pub use fred::FredConnection;
pub use push::{Invalidations, KeyChanges, Push, PushSender, PushStream};
#[cfg(feature = "redis")]
pub use redis::RedisAdapter;

use crate::error::Result;

/// A connection to a server, or to a cluster of them. [`Cache`](crate::Cache) holds one and nothing above it
/// names a client.
///
/// Every future is bounded by a deadline and safe to drop: a dropped call's answer is never given to another.
///
/// One that stands before another, and tells what took long:
///
/// ```
/// use std::sync::Arc;
/// use std::time::{Duration, Instant};
///
/// use cache_core::connection::{Capabilities, Connection, PushStream};
/// use cache_core::{Batch, Cache, Command, Reply, Result};
/// use futures_core::future::BoxFuture;
///
/// struct Watched(Arc<dyn Connection>);
///
/// impl Connection for Watched {
///     fn send(&self, command: Command) -> BoxFuture<'_, Result<Reply>> {
///         Box::pin(async move {
///             let (name, began) = (command.name().to_owned(), Instant::now());
///             let answer = self.0.send(command).await;
///             if began.elapsed() > Duration::from_millis(100) {
///                 println!("{name} took {:?}", began.elapsed());
///             }
///             answer
///         })
///     }
///
///     fn send_all(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>> {
///         self.0.send_all(batch)
///     }
///
///     fn capabilities(&self) -> &Capabilities {
///         self.0.capabilities()
///     }
///
///     fn pushes(&self) -> Option<PushStream> {
///         self.0.pushes()
///     }
///
///     fn generation(&self) -> u64 {
///         self.0.generation() // the one below may be made anew
///     }
///
///     fn deadline(&self) -> Duration {
///         self.0.deadline()
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// let watched = Cache::from_connection(Arc::new(Watched(Arc::clone(cache.connection()))));
/// watched.ping().await?;
/// # Ok(())
/// # }
/// ```
pub trait Connection: Send + Sync + 'static {
    /// Sends a command and waits for its answer, at most as long as the command or the connection allows.
    ///
    /// A server's error is an `Err`, never a [`Reply::Error`].
    fn send(&self, command: Command) -> BoxFuture<'_, Result<Reply>>;

    /// Sends the commands of a batch in one round trip; one result each, in order.
    ///
    /// The outer error means that the batch as a whole has no answer.
    fn send_all(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>>;

    /// What the server can do, as it was read when the connection was made.
    fn capabilities(&self) -> &Capabilities;

    /// What the server says without being asked, from now on, in the order of the wire. `None`: the protocol or
    /// the client has no such messages.
    fn pushes(&self) -> Option<PushStream>;

    /// Which connection to the server is in use: another number after it broke and was made anew, since the server
    /// may then be another, or have started anew. A connection that never is made anew is always the first.
    ///
    /// Where [`notices_flushes`](Connection::notices_flushes) holds, it is another number too after a database of the
    /// server was flushed, which drops all search indexes, and before any answer is given that came after that.
    fn generation(&self) -> u64 {
        0
    }

    /// Whether [`generation`](Connection::generation) changes when a database of the server is flushed. Where it does
    /// not, every query asks in its own round trip whether its index is still the one that it was.
    fn notices_flushes(&self) -> bool {
        false
    }

    /// How often the server said that this key changed, while a connection in use had it tracked: `CLIENT CACHING YES` in
    /// front of a `GET` of it, in one pipeline. It grows before any answer is given that came after the change. `None`:
    /// it never will, and whoever depends on it asks with every query.
    fn changes_of(&self, _key: &[u8]) -> Option<KeyChanges> {
        None
    }

    /// A connection of its own to the same server, on which the server is told to say when a key changes that was read there:
    /// `CLIENT TRACKING ON`. Where it refuses, all calls of that connection fail. It is made with the first call, and anew
    /// when it breaks. `None`: the protocol or the client has no such messages.
    fn tracking(&self, told: Arc<dyn Invalidations>) -> Option<Result<Arc<dyn Connection>>> {
        drop(told);
        None
    }

    /// The documents of a connection that holds them itself, as `testkit::Memory` does: queries are then decided here. `None`: a
    /// server is asked.
    fn documents(&self) -> Option<&dyn Documents> {
        None
    }

    /// How long a command may take that has no deadline of its own.
    fn deadline(&self) -> std::time::Duration;
}

/// Documents that a connection holds itself.
///
/// ```
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: u64, name: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// User { id: 7, name: "Ann".to_owned() }.save(&cache).await?;
/// // What a test left in a `testkit::Memory`.
/// let documents = cache.connection().documents().map(|documents| documents.starting(b"cache:")).unwrap_or_default();
/// for (key, json) in &documents {
///     assert_eq!(key, "cache:user:7");
///     println!("{}", String::from_utf8_lossy(json));
/// }
/// # assert_eq!(documents.len(), 1);
/// # Ok(())
/// # }
/// ```
pub trait Documents {
    /// Those whose keys begin like this, each with its key, in the order of their last writes.
    fn starting(&self, start: &[u8]) -> Vec<(Bytes, Bytes)>;
}
