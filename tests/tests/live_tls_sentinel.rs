//! A master and its sentinels that are all behind TLS: they are found and trusted by the same settings, also after a failover.

#![cfg(unix)]

use std::time::{Duration, Instant};

use cache_core::{Cache, CacheModel, Error, Protocol, RedisSettings, Tls};
use cache_tests::authority::Authority;
use cache_tests::sentinel::{BehindTls, MASTER, Watched};
use cache_tests::{chain, refused_by_fred};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Note {
    #[primary_key]
    id: u32,
    text: String,
}

fn note(id: u32) -> Note {
    Note { id, text: format!("text {id}") }
}

/// How long it may take until there are writes again: until it is noticed (1 s), an election, and what two busy cores add.
const BACK: Duration = Duration::from_secs(20);

fn settings(behind: &BehindTls, tls: Tls) -> RedisSettings {
    let settings = RedisSettings::sentinel(behind.urls(), MASTER).tls(tls);
    settings.connect_timeout(Duration::from_secs(4)).response_timeout(Duration::from_secs(4))
}

async fn reason(settings: RedisSettings) -> String {
    match Cache::connect(settings).await {
        Err(Error::Tls { reason }) => reason,
        Err(error) => panic!("{}", chain(&error)),
        Ok(_) => panic!("it connected"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sentinels_and_master_are_talked_to_with_tls_also_after_a_failover() {
    let authority = Authority::new();
    let watched = Watched::start(None).await;
    let certificate = authority.vouch("127.0.0.1");
    let behind = watched.behind_tls(&certificate, &certificate).await;
    if refused_by_fred(&settings(&behind, authority.trusted())).await {
        return;
    }
    let mut caches = Vec::new();
    for protocol in [Protocol::Resp2, Protocol::Resp3] {
        let cache = Cache::connect(settings(&behind, authority.trusted()).protocol(protocol)).await;
        let cache =
            cache.unwrap_or_else(|error| panic!("{}", chain(&error))).project(&format!("{protocol:?}"));
        assert!(note(1).save(&cache).await.unwrap().stored());
        assert_eq!(Note::get(&cache, 1).await.unwrap(), Some(note(1)));
        caches.push(cache);
    }
    // What there is came through the port that has TLS: without that port there is nothing.
    behind.server(0).refuse();
    let error = note(2).save(&caches[0]).await.unwrap_err();
    assert!(error.is_unavailable(), "{}", chain(&error));
    behind.server(0).redirect(&watched.server(0).url()).unwrap();
    assert!(note(2).save(&caches[0]).await.unwrap().stored());

    watched.server(0).kill().await.unwrap();
    let died = Instant::now();
    for cache in &caches {
        while let Err(error) = note(3).save(cache).await {
            assert!(error.is_unavailable() || error.is_write_refused(), "{}", chain(&error));
            assert!(died.elapsed() < BACK, "nothing is written again: {}", chain(&error));
        }
        assert_eq!(Note::get_many(cache, [1, 3]).await.unwrap(), [Some(note(1)), Some(note(3))]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_not_trusted_is_told_by_type() {
    let (authority, other) = (Authority::new(), Authority::new());
    let watched = Watched::start(None).await;
    let named = authority.vouch("redis.example");
    let behind = watched.behind_tls(&named, &named).await;
    if refused_by_fred(&settings(&behind, authority.trusted())).await {
        return;
    }
    // One name for all of them, which are where the sentinels say.
    let cache = Cache::connect(settings(&behind, authority.trusted().sni("redis.example"))).await.unwrap();
    cache.ping().await.unwrap();
    let unknown = reason(settings(&behind, other.trusted().sni("redis.example"))).await;
    assert!(unknown.contains("invalid peer certificate"), "{unknown}");
    let name = reason(settings(&behind, authority.trusted())).await;
    assert!(name.contains("certificate") && name.contains("127.0.0.1"), "{name}");
    // The sentinels are trusted, and what they name is not.
    let behind = watched.behind_tls(&other.vouch("127.0.0.1"), &authority.vouch("127.0.0.1")).await;
    let master = reason(settings(&behind, authority.trusted())).await;
    assert!(master.contains("invalid peer certificate"), "{master}");
    // And the other way round.
    let sentinel = reason(settings(&behind, other.trusted())).await;
    assert!(sentinel.contains("invalid peer certificate"), "{sentinel}");
    // Sentinels with TLS are not asked without it.
    let plain: Vec<_> = behind.urls().iter().map(|url| url.replace("rediss://", "redis://")).collect();
    let error = Cache::connect(RedisSettings::sentinel(plain, MASTER)).await.unwrap_err();
    assert!(
        matches!(error, Error::Settings { .. }) && chain(&error).contains("rediss://"),
        "{}",
        chain(&error)
    );
}
