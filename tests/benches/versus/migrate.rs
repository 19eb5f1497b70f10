//! Making an index over many documents and waiting until it is filled: by the migrator, and by hand.

use std::time::{Duration, Instant};

use cache_core::embedded::Server;
use cache_core::{Cache, Migrator, RedisSettings};
use redis::ProtocolVersion;
use redis::aio::MultiplexedConnection;
use serde::Serialize;

use crate::connect::{self, LATE, by_hand};
use crate::corpus::{Item, Size};
use crate::round::Spread;
use crate::work::Outcome;

/// How many rounds there are, each with documents of its own.
const ROUNDS: usize = 3;

/// How often it is asked by hand whether the index is filled, as often as the migrator does.
const ASKED_EVERY: Duration = Duration::from_millis(50);

/// How long the server has for what it does after its answer: an index that was dropped is freed behind it.
const REST: Duration = Duration::from_millis(500);

/// What it took.
#[derive(Debug, Serialize)]
pub(crate) struct Filled {
    pub(crate) documents: u64,
    pub(crate) seconds: Spread,
    /// Seconds by hand for each of the migrator's.
    pub(crate) to_hand: Spread,
    /// The migrator's against the migrator's: the noise.
    pub(crate) to_itself: Spread,
}

pub(crate) async fn measure(documents: u64) -> Outcome<Filled> {
    let server = Server::options().tcp(true).start().await?;
    let settings = RedisSettings::new(server.url()).response_timeout(LATE);
    let cache = Cache::connect(settings).await?;
    let mut hand = by_hand(&server.url(), ProtocolVersion::RESP2).await?;
    let (mut seconds, mut to_hand, mut to_itself) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let cache = cache.clone().project(&format!("fill{round}"));
        connect::save(&cache, Size::Small, 0, documents).await?;
        let prefix = format!("fill{round}:cache:item:");
        // By hand in the middle: what changes from turn to turn is the same for both. Each index is gone before the next is made.
        let first = migrated(&cache, documents).await?;
        let by_hand = filled(&mut hand, &prefix, documents).await?;
        let last = migrated(&cache, documents).await?;
        let ours = (first + last) / 2.0;
        seconds.push(ours);
        to_hand.push(by_hand / ours);
        to_itself.push(first / last);
        let _: () = redis::cmd("FLUSHALL").query_async(&mut hand).await?;
    }
    Ok(Filled {
        documents,
        seconds: Spread::of(seconds).ok_or("no round")?,
        to_hand: Spread::of(to_hand).ok_or("no round")?,
        to_itself: Spread::of(to_itself).ok_or("no round")?,
    })
}

async fn migrated(cache: &Cache, documents: u64) -> Outcome<f64> {
    let began = Instant::now();
    let migration = Migrator::new().register::<Item>().run(cache).await?;
    let took = began.elapsed().as_secs_f64();
    let index = migration.indexes().first().ok_or("no index")?;
    if index.documents != documents {
        return Err(format!("the index holds {} documents of {documents}", index.documents).into());
    }
    cache.command(cache_core::Command::new("FT.DROPINDEX").arg(&index.name)).await?;
    tokio::time::sleep(REST).await;
    Ok(took)
}

async fn filled(connection: &mut MultiplexedConnection, prefix: &str, documents: u64) -> Outcome<f64> {
    let began = Instant::now();
    let mut create = redis::cmd("FT.CREATE");
    create.arg("by-hand").arg("ON").arg("JSON").arg("PREFIX").arg(1).arg(prefix).arg("SCHEMA");
    create.arg("$.shelf").arg("AS").arg("shelf").arg("TAG").arg("CASESENSITIVE");
    create.arg("$.color").arg("AS").arg("color").arg("TAG").arg("CASESENSITIVE");
    create.arg("$.price").arg("AS").arg("price").arg("NUMERIC").arg("SORTABLE");
    create.arg("$.title").arg("AS").arg("title").arg("TEXT");
    let _: () = create.query_async(connection).await?;
    loop {
        let info: std::collections::HashMap<String, redis::Value> =
            redis::cmd("FT.INFO").arg("by-hand").query_async(connection).await?;
        let number = |name: &str| -> Outcome<f64> {
            let value = info.get(name).cloned().ok_or("FT.INFO lacks a number")?;
            Ok(redis::from_redis_value(value)?)
        };
        if number("percent_indexed")? >= 1.0 && number("num_docs")? as u64 == documents {
            break;
        }
        tokio::time::sleep(ASKED_EVERY).await;
    }
    let took = began.elapsed().as_secs_f64();
    let _: () = redis::cmd("FT.DROPINDEX").arg("by-hand").query_async(connection).await?;
    tokio::time::sleep(REST).await;
    Ok(took)
}
