//! The control: redis-rs's own client cache (feature `cache-aio`), which asks first and keeps then, and believes what it keeps on
//! a line that is silent.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cache_core::Command;
use cache_core::testkit::{Direction, Proxy};
use cache_tests::dice::Dice;
use cache_tests::private_server;
use redis::aio::MultiplexedConnection;
use redis::caching::CacheConfig;
use redis::{AsyncConnectionConfig, Client};

use crate::case::{Found, Profile};
use crate::document::connect;
use crate::races::{KEYS, LOADS, SETTLED, WRITERS, WRITTEN, rounds};

/// How long it is believed on a line that is silent, where it must not be.
const SILENT: Duration = Duration::from_secs(3);

async fn cached(url: &str) -> MultiplexedConnection {
    let separator = if url.starts_with("redis+unix") || url.starts_with("unix") { "?" } else { "/?" };
    let client = Client::open(format!("{url}{separator}protocol=resp3")).unwrap();
    let size = NonZeroUsize::new(10_000).unwrap();
    let caching = CacheConfig::new().set_size(size).set_default_client_ttl(SILENT * 10);
    let config = AsyncConnectionConfig::new().set_cache_config(caching).set_response_timeout(None);
    client.get_multiplexed_async_connection_with_config(&config).await.unwrap()
}

async fn value(connection: &mut MultiplexedConnection, key: &str) -> Option<u64> {
    redis::cmd("GET").arg(key).query_async(connection).await.unwrap()
}

/// C2, of the same keys, readers, writers and time.
pub(crate) async fn races(profile: Profile) -> Found {
    let server = private_server().await;
    let url = server.url();
    let (admin, mut writers, mut found) = (connect(&url).await, Vec::new(), Found::default());
    for _ in 0..WRITERS {
        writers.push(connect(&url).await);
    }
    for round in 0..rounds(profile).min(33) {
        let mut near = cached(&url).await;
        let (readers, side_by_side) = LOADS[usize::try_from(round).unwrap() % LOADS.len()];
        let stop = Arc::new(AtomicBool::new(false));
        let dice = |lane| Dice::lane(profile.seed ^ (round << 20), lane);
        let mut tasks = Vec::new();
        for lane in 0..WRITERS * side_by_side {
            let (cache, mut dice) = (writers[usize::try_from(lane % WRITERS).unwrap()].clone(), dice(lane));
            let stop = Arc::clone(&stop);
            tasks.push(tokio::spawn(async move {
                let mut number = lane;
                while !stop.load(Ordering::Relaxed) {
                    number += WRITERS * 1_000;
                    let key = format!("c2-{round}:{}", dice.below(KEYS));
                    cache.command(Command::new("SET").key(key).arg_display(number)).await.unwrap();
                }
                0
            }));
        }
        for lane in 0..readers {
            let (mut near, mut dice, stop) = (near.clone(), dice(1_000 + lane), Arc::clone(&stop));
            tasks.push(tokio::spawn(async move {
                let mut reads = 0;
                while !stop.load(Ordering::Relaxed) {
                    for _ in 0..24 {
                        value(&mut near, &format!("c2-{round}:{}", dice.below(KEYS))).await;
                        reads += 1;
                    }
                    tokio::task::yield_now().await;
                }
                reads
            }));
        }
        tokio::time::sleep(WRITTEN).await;
        stop.store(true, Ordering::Relaxed);
        for task in tasks {
            found.reads += task.await.unwrap();
        }
        tokio::time::sleep(SETTLED).await;
        for id in 0..KEYS {
            let key = format!("c2-{round}:{id}");
            let here = value(&mut near, &key).await;
            let there = admin.command(Command::new("GET").key(&key)).await.unwrap();
            found.stale += u64::from(here != there.as_str().map(|number| number.parse().unwrap()));
            found.checks += 1;
        }
        let statistics = near.get_cache_statistics().unwrap();
        found.hits += u64::try_from(statistics.hit).unwrap();
    }
    found
}

/// C3, of a line that is silent.
pub(crate) async fn silent(_: Profile) -> Found {
    let server = private_server().await;
    let (admin, proxy) = (connect(&server.url()).await, Proxy::start(&server.url()).await.unwrap());
    let mut near = cached(&proxy.url()).await;
    let mut found = Found { faults: 1, ..Found::default() };
    for id in 0..50 {
        admin.command(Command::new("SET").key(id.to_string()).arg("0")).await.unwrap();
    }
    for _ in 0..2 {
        for id in 0..50 {
            value(&mut near, &id.to_string()).await;
            found.reads += 1;
        }
    }
    proxy.silence(Direction::ToClient);
    for id in 0..50 {
        admin.command(Command::new("SET").key(id.to_string()).arg("1")).await.unwrap();
    }
    tokio::time::sleep(SILENT).await;
    for id in 0..50 {
        let key = id.to_string();
        // What is not answered at once is not answered from memory.
        let here = tokio::time::timeout(Duration::from_millis(100), value(&mut near, &key)).await;
        found.stale += u64::from(here == Ok(Some(0)));
        found.checks += 1;
    }
    found.hits += u64::try_from(near.get_cache_statistics().unwrap().hit).unwrap();
    found
}
