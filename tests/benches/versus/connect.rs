//! What each side starts with: documents, an index, and a connection by hand.

use std::time::Duration;

use cache_core::{Cache, CacheModel, Command, Migrator};
use redis::aio::MultiplexedConnection;
use redis::io::tcp::TcpSettings;
use redis::{IntoConnectionInfo, ProtocolVersion};

use crate::corpus::{Corpus, Item, Size, item};
use crate::work::Outcome;

/// How long an answer may take.
pub(crate) const LATE: Duration = Duration::from_secs(60);

/// How many documents are saved at once.
const TOGETHER: u64 = 1_000;

/// How many commands wait in the connection by hand before a caller does: as many as there ever are callers. (Of its own it is 50.)
const QUEUED: usize = 1_024;

/// By hand, a document with a time to live: a script, and its name. No `MULTI`: that would give one also to what is no document.
const STORING_SOURCE: &str = "local stored = redis.call('JSON.SET', KEYS[1], '$', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return stored";
pub(crate) const STORING: &str = "59386854cbe3364620eba08547ade1a37892dbac";

/// Makes the index and saves all documents; answers how many bytes each has.
pub(crate) async fn fill(cache: &Cache, corpus: &Corpus) -> Outcome<usize> {
    let load = Command::new("SCRIPT").arg("LOAD").arg(STORING_SOURCE);
    let name = cache.command(load).await?;
    if name.as_str() != Some(STORING) {
        return Err(format!("the script is {name:?}").into());
    }
    Migrator::new().register::<Item>().run(cache).await?;
    save(cache, corpus.size, 0, corpus.documents).await?;
    bytes(corpus)
}

/// The bytes of the documents that calls save, in the middle. They are what is told of them, or nothing is measured.
fn bytes(corpus: &Corpus) -> Outcome<usize> {
    let mut all = 0;
    for item in corpus.items.iter() {
        all += serde_json::to_vec(item)?.len();
    }
    let (bytes, told) = (all / corpus.items.len().max(1), corpus.size.bytes());
    if bytes.abs_diff(told) * 20 > told {
        return Err(format!("documents of {} have {bytes} bytes", corpus.size.name()).into());
    }
    Ok(bytes)
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

/// A connection as a careful user makes it: no command waits for the answer to the one before (`TCP_NODELAY`, which the crate leaves
/// off), nor for a place in the queue.
pub(crate) async fn by_hand(url: &str, protocol: ProtocolVersion) -> Outcome<MultiplexedConnection> {
    let info = url.into_connection_info()?;
    let redis = info.redis_settings().clone().set_protocol(protocol);
    let info = info.set_tcp_settings(TcpSettings::default().set_nodelay(true)).set_redis_settings(redis);
    let config =
        redis::AsyncConnectionConfig::new().set_response_timeout(Some(LATE)).set_pipeline_buffer_size(QUEUED);
    Ok(redis::Client::open(info)?.get_multiplexed_async_connection_with_config(&config).await?)
}
