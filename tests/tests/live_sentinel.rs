//! Servers that sentinels watch: the cache finds the master, and follows when it dies. Replication is asynchronous, so that the
//! engine may lose what was acknowledged last; that is counted and printed. What is there is right.

#![cfg(unix)]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cache_core::connection::RedisAdapter;
use cache_core::{Cache, CacheModel, Command, Error, Protocol, RedisSettings};
use cache_tests::sentinel::{MASTER, Watched};
use cache_tests::{chain, refused_by_fred};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "plain")]
struct Plain {
    #[primary_key]
    id: u32,
    text: String,
}

fn plain(id: u32) -> Plain {
    Plain { id, text: format!("text {id}") }
}

const WRITERS: u32 = 8;

/// How long it may take until there are writes again: until it is noticed (1 s), an election, and what two busy cores add.
const BACK: Duration = Duration::from_secs(20);

/// What a call may take beyond its deadline, on two busy cores.
const LATE: Duration = Duration::from_secs(2);

fn sentinels_of_nobody() -> RedisSettings {
    RedisSettings::sentinel(["redis://127.0.0.1:1", "redis://127.0.0.1:2"], MASTER)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_dies_resp3() {
    a_master_dies(Protocol::Resp3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_master_dies_resp2() {
    a_master_dies(Protocol::Resp2).await;
}

async fn a_master_dies(protocol: Protocol) {
    if refused_by_fred(&sentinels_of_nobody()).await {
        return;
    }
    let mut watched = Watched::start(None).await;
    let settings = RedisSettings::sentinel(watched.urls(), MASTER).protocol(protocol);
    let deadline = Duration::from_secs(2);
    let cache = Cache::connect(settings.response_timeout(deadline)).await.unwrap().project("sentinel");
    let (over, next) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..WRITERS {
        let (cache, over, next) = (cache.clone(), over.clone(), next.clone());
        tasks.spawn(async move {
            let (mut acknowledged, mut failed, mut longest) = (Vec::new(), 0_u64, Duration::ZERO);
            while !over.load(Ordering::SeqCst) {
                let id = next.fetch_add(1, Ordering::SeqCst);
                let began = Instant::now();
                match plain(id).save(&cache).await {
                    Ok(saved) => {
                        assert!(saved.stored());
                        acknowledged.push(id);
                    }
                    Err(error) if error.is_unavailable() || error.is_write_refused() => failed += 1,
                    Err(error) => panic!("{id}: {}", chain(&error)),
                }
                longest = longest.max(began.elapsed());
                match Plain::get(&cache, id).await {
                    Ok(found) => assert!(found.is_none_or(|found| found == plain(id)), "{id}"),
                    Err(error) => assert!(error.is_unavailable(), "{id}: {}", chain(&error)),
                }
            }
            (acknowledged, failed, longest)
        });
    }
    let reaches = async |count: u32| {
        while next.load(Ordering::SeqCst) < count {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    reaches(1_000).await;
    // One sentinel is gone too: the other two are enough.
    watched.kill_sentinel(0);
    watched.server(0).kill().await.unwrap();
    let died = Instant::now();
    while plain(u32::MAX).save(&cache).await.is_err() {
        assert!(died.elapsed() < BACK, "nothing is written again");
    }
    let back = died.elapsed();
    let more = next.load(Ordering::SeqCst) + 500;
    reaches(more).await;
    over.store(true, Ordering::SeqCst);
    let (mut acknowledged, mut failed, mut longest) = (Vec::new(), 0, Duration::ZERO);
    while let Some(ended) = tasks.join_next().await {
        let (own, unavailable, most) = ended.unwrap();
        acknowledged.extend(own);
        failed += unavailable;
        longest = longest.max(most);
    }
    assert!(longest < deadline + LATE, "a call took {longest:?}");
    let found = Plain::get_many(&cache, acknowledged.iter().copied()).await.unwrap();
    let mut lost = 0;
    for (id, found) in acknowledged.iter().zip(found) {
        match found {
            Some(found) => assert_eq!(found, plain(*id)),
            None => lost += 1,
        }
    }
    let all = acknowledged.len();
    println!(
        "figures: acknowledged {all}, not {failed}, lost by the engine {lost}, wrong 0, milliseconds until written again {}, \
         longest call {}",
        back.as_millis(),
        longest.as_millis()
    );
    assert!(failed > 0 && back > Duration::from_millis(100), "nobody noticed that the master died");
    assert!(lost * 4 < all, "{lost} of {all} lost");
}

/// The sentinels do not know yet, or somebody has it done by hand: it refuses writes, and the connection goes on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failover_that_is_asked_for_is_followed() {
    if refused_by_fred(&sentinels_of_nobody()).await {
        return;
    }
    let watched = Watched::start(Some("s3cret")).await;
    let of = |settings: RedisSettings| settings.sentinel_password("s3cret");
    let mut settings = of(RedisSettings::sentinel(watched.urls(), MASTER));
    let cache = Cache::connect(&settings).await.unwrap().project("sentinel");
    let _ = plain(1).save(&cache).await.unwrap();
    assert_eq!(port_of(&cache).await, watched.server(0).port());
    let sentinel = Cache::connect(watched.urls()[0].replace("redis://", "redis://:s3cret@")).await.unwrap();
    sentinel.command(Command::new("SENTINEL").args_from(["FAILOVER", MASTER])).await.unwrap();
    let began = Instant::now();
    while port_of(&cache).await != watched.server(1).port() {
        assert!(began.elapsed() < BACK, "the old master is still in use");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let _ = plain(2).save(&cache).await.unwrap();
    assert_eq!(Plain::get_many(&cache, [1, 2]).await.unwrap(), [Some(plain(1)), Some(plain(2))]);

    // Without their password, and by another name.
    settings = RedisSettings::sentinel(watched.urls(), MASTER);
    let error = Cache::connect(&settings).await.unwrap_err();
    assert!(error.is_access_denied(), "{}", chain(&error));
    let error = Cache::connect(of(RedisSettings::sentinel(watched.urls(), "other"))).await.unwrap_err();
    assert!(matches!(error, Error::Settings { .. }) && error.to_string().contains("`other`"), "{error}");
}

/// The port of the server that answers now.
async fn port_of(cache: &Cache) -> Option<u16> {
    let port = cache.command(Command::new("CONFIG").args_from(["GET", "port"])).await.ok()?;
    let pairs = port.into_pairs().ok()?;
    pairs.first()?.1.as_str()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_no_master_is_not_used() {
    if refused_by_fred(&sentinels_of_nobody()).await {
        return;
    }
    let watched = Watched::start(None).await;
    let settings =
        RedisSettings::sentinel(watched.urls(), MASTER).connect_timeout(Duration::from_millis(800));
    let cache = Cache::connect(&settings).await.unwrap().project("sentinel");
    // What the sentinels name follows another server by now. They mend it after a while; until then nothing is written.
    let direct = Cache::connect(watched.server(0).url()).await.unwrap();
    direct.command(Command::new("REPLICAOF").args_from(["127.0.0.1", "1"])).await.unwrap();
    // The connection that is there is refused, and given up.
    let error = plain(1).save(&cache).await.unwrap_err();
    assert!(error.is_write_refused(), "{}", chain(&error));
    let began = Instant::now();
    let error = plain(1).save(&cache).await.unwrap_err();
    assert!(error.is_unavailable() && !error.is_write_refused(), "{}", chain(&error));
    assert!(chain(&error).contains("it says that it is a replica"), "{}", chain(&error));
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    direct.command(Command::new("REPLICAOF").args_from(["NO", "ONE"])).await.unwrap();
    let began = Instant::now();
    while plain(1).save(&cache).await.is_err() {
        assert!(began.elapsed() < BACK, "the master is not used again");
    }
}

/// A connection that redis-rs made by its own `SentinelClient` is one to the server that was the master then.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_redis_rs_made() {
    let watched = Watched::start(None).await;
    let (name, kind) = (MASTER.to_owned(), redis::sentinel::SentinelServerType::Master);
    let mut client = redis::sentinel::SentinelClient::build(watched.urls(), name, None, kind).unwrap();
    let connection = client.get_async_connection().await.unwrap();
    let adapter = RedisAdapter::new(connection).response_timeout(Duration::from_secs(2));
    let cache = Cache::from_connection(adapter.connect().await.unwrap()).project("sentinel");
    assert_eq!(port_of(&cache).await, watched.server(0).port());
    let _ = plain(1).save(&cache).await.unwrap();
    assert_eq!(Plain::get(&cache, 1).await.unwrap(), Some(plain(1)));
    watched.server(0).kill().await.unwrap();
    let died = Instant::now();
    let error = plain(2).save(&cache).await.unwrap_err();
    assert!(error.is_unavailable(), "{}", chain(&error));
    // It stays with what died; another one is made for the new master.
    let again = loop {
        assert!(died.elapsed() < BACK, "there is no new master");
        let Ok(connection) = client.get_async_connection().await else { continue };
        let Ok(connection) = RedisAdapter::new(connection).connect().await else { continue };
        let again = Cache::from_connection(connection).project("sentinel");
        if plain(2).save(&again).await.is_ok() {
            break again;
        }
    };
    assert_eq!(Plain::get_many(&again, [1, 2]).await.unwrap(), [Some(plain(1)), Some(plain(2))]);
    assert!(Plain::get(&cache, 1).await.unwrap_err().is_unavailable());
}

#[tokio::test]
async fn nobody_answers() {
    if refused_by_fred(&sentinels_of_nobody()).await {
        return;
    }
    let settings = sentinels_of_nobody();
    let began = Instant::now();
    let error = Cache::connect(&settings).await.unwrap_err();
    assert!(error.is_unavailable() && error.to_string().contains("no sentinel"), "{}", chain(&error));
    // What answers is no sentinel.
    let server = cache_core::embedded::Server::options().tcp(true).start().await.unwrap();
    let error = Cache::connect(RedisSettings::sentinel([server.url()], MASTER)).await.unwrap_err();
    assert!(matches!(error, Error::Settings { .. }) && error.to_string().contains("sentinel"), "{error}");
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
}
