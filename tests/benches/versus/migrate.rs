//! Making an index over many documents and waiting until it is filled: by the migrator, and by hand.

use std::time::{Duration, Instant};

use cache_core::embedded::Server;
use cache_core::{Cache, CacheModel, Migrator, RedisSettings};
use redis::aio::MultiplexedConnection;
use serde::Serialize;

use crate::corpus::{Item, Size, item};
use crate::round::Spread;
use crate::work::Outcome;

/// How often each is done.
const TIMES: usize = 3;

/// How often it is asked by hand whether the index is filled, as often as the migrator does.
const ASKED_EVERY: Duration = Duration::from_millis(50);

/// What it took.
#[derive(Debug, Serialize)]
pub(crate) struct Filled {
    pub(crate) documents: u64,
    pub(crate) seconds: Spread,
    /// Seconds by hand for each of the migrator's.
    pub(crate) to_hand: Spread,
}

pub(crate) async fn measure(documents: u64) -> Outcome<Filled> {
    let server = Server::options().tcp(true).start().await?;
    let settings = RedisSettings::new(server.url()).response_timeout(Duration::from_secs(60));
    let cache = Cache::connect(settings).await?;
    let client = redis::Client::open(server.url())?;
    let mut hand = client.get_multiplexed_async_connection().await?;
    let (mut ours, mut ratios) = (Vec::new(), Vec::new());
    for time in 0..TIMES {
        let cache = cache.clone().project(&format!("fill{time}"));
        for first in (0..documents).step_by(2_000) {
            let some: Vec<_> =
                (first..documents.min(first + 2_000)).map(|id| item(Size::Small, id)).collect();
            for saved in Item::save_many(&cache, &some).await {
                let _ = saved?;
            }
        }
        let prefix = format!("fill{time}:cache:item:");
        // Who comes first changes; the other one's index is gone by then.
        let (by_us, by_hand) = if time % 2 == 0 {
            let by_us = migrated(&cache, documents).await?;
            (by_us, filled(&mut hand, &prefix, documents).await?)
        } else {
            let by_hand = filled(&mut hand, &prefix, documents).await?;
            (migrated(&cache, documents).await?, by_hand)
        };
        ours.push(by_us);
        ratios.push(by_hand / by_us);
        let _: () = redis::cmd("FLUSHALL").query_async(&mut hand).await?;
    }
    Ok(Filled {
        documents,
        seconds: Spread::of(ours).ok_or("no time")?,
        to_hand: Spread::of(ratios).ok_or("no time")?,
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
    Ok(took)
}
