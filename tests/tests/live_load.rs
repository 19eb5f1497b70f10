//! Documents that are loaded when they are missing: once, never over what is newer, and without a server too.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use cache_core::{Cache, CacheModel, Command, Degrade, Error, LoadError, RedisSettings, Ttl};
use cache_tests::{connect_with, degrade, live, private_server};
use serde::{Deserialize, Serialize};
use tokio::sync::{Barrier, Notify, oneshot};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(ttl = "10m", jitter = 0.1)]
struct Price {
    #[primary_key]
    article: u64,
    cents: i64,
}

fn price(article: u64, cents: i64) -> Price {
    Price { article, cents }
}

#[derive(Debug)]
struct Broken(#[allow(dead_code)] u32);

async fn found(price: Price) -> Result<Option<Price>, Infallible> {
    Ok(Some(price))
}

/// Another handle on the same server, as another process has it.
async fn elsewhere(cache: &Cache) -> Cache {
    let settings = RedisSettings::new(cache_tests::shared_url().await);
    let protocol = cache.capabilities().protocol;
    let global = cache.keyspace().unwrap().global().to_owned();
    connect_with(settings.protocol(protocol)).await.unwrap().namespace(&global)
}

/// The keys of the namespace, and how long they live.
async fn ttls(cache: &Cache) -> Vec<(String, i64)> {
    let pattern = format!("{}:*", cache.keyspace().unwrap().global());
    let keys = cache.command(Command::new("KEYS").arg(&pattern)).await.unwrap().into_items().unwrap();
    let mut ttls = Vec::new();
    for key in keys {
        let ttl = cache.command(Command::new("PTTL").key(key.as_bytes().unwrap())).await.unwrap();
        ttls.push((key.as_str().unwrap().to_owned(), ttl.as_int().unwrap()));
    }
    ttls.sort();
    ttls
}

async fn a_document_is_loaded_when_it_is_missing(cache: Cache) {
    let loads = Arc::new(AtomicUsize::new(0));
    for _ in 0..5 {
        let loads = Arc::clone(&loads);
        let load = async move || {
            loads.fetch_add(1, Ordering::SeqCst);
            found(price(7, 100)).await
        };
        assert_eq!(Price::get_or_load(&cache, 7, load).await.unwrap(), Some(price(7, 100)));
    }
    assert_eq!(loads.load(Ordering::SeqCst), 1);
    assert_eq!(Price::get(&cache, 7).await.unwrap(), Some(price(7, 100)));
    let ttls = ttls(&cache).await;
    assert_eq!(ttls.len(), 2, "the document, and how long it took: {ttls:?}");
    assert!(ttls.iter().all(|(_, ttl)| (500_000..=661_000).contains(ttl)), "{ttls:?}");
    Price::invalidate(&cache, 7).await.unwrap();
    assert_eq!(Price::get(&cache, 7).await.unwrap(), None);
}

async fn times_to_live_differ(cache: Cache) {
    let mut lives = BTreeSet::new();
    for article in 0..50 {
        assert!(price(article, 1).save(&cache).await.unwrap().stored());
        let Ttl::Remaining(left) = Price::ttl(&cache, article).await.unwrap() else { panic!() };
        assert!((539..=660).contains(&left.as_secs()), "{left:?}");
        lives.insert(left.as_secs());
    }
    assert!(lives.len() > 10, "{lives:?}");
}

async fn that_there_is_nothing_is_remembered_for_a_while(cache: Cache) {
    let loads = Arc::new(AtomicUsize::new(0));
    let none = || {
        let loads = Arc::clone(&loads);
        async move || {
            loads.fetch_add(1, Ordering::SeqCst);
            Ok::<Option<Price>, Infallible>(None)
        }
    };
    for _ in 0..3 {
        assert_eq!(Price::get_or_load(&cache, 1, none()).await.unwrap(), None);
    }
    assert_eq!(loads.load(Ordering::SeqCst), 1);
    let ttls = ttls(&cache).await;
    assert!(ttls.len() == 1 && (3_000..=6_000).contains(&ttls[0].1), "{ttls:?}");
    // What is there now is found, and what is invalidated is asked for again.
    assert!(price(1, 5).save(&cache).await.unwrap().stored());
    assert_eq!(Price::get_or_load(&cache, 1, none()).await.unwrap(), Some(price(1, 5)));
    Price::invalidate_many(&cache, [1, 2]).await.unwrap();
    assert_eq!(Price::get_or_load(&cache, 1, none()).await.unwrap(), None);
    assert_eq!(loads.load(Ordering::SeqCst), 2);
    for _ in 0..2 {
        let forgets = Price::load(2).missing_for(Duration::ZERO);
        assert_eq!(forgets.get(&cache, none()).await.unwrap(), None);
    }
    assert_eq!(loads.load(Ordering::SeqCst), 4);
}

async fn a_thousand_that_miss_load_once(cache: Cache) {
    let (loads, barrier) = (Arc::new(AtomicUsize::new(0)), Arc::new(Barrier::new(1_000)));
    for round in 0..5 {
        let calls: Vec<_> = (0..1_000)
            .map(|_| {
                let (cache, loads, barrier) = (cache.clone(), Arc::clone(&loads), Arc::clone(&barrier));
                tokio::spawn(async move {
                    barrier.wait().await;
                    let load = async move || {
                        loads.fetch_add(1, Ordering::SeqCst);
                        tokio::time::sleep(Duration::from_millis(20)).await;
                        found(price(round, 1)).await
                    };
                    Price::get_or_load(&cache, round, load).await.unwrap()
                })
            })
            .collect();
        for call in calls {
            assert_eq!(call.await.unwrap(), Some(price(round, 1)));
        }
        assert_eq!(loads.load(Ordering::SeqCst), usize::try_from(round).unwrap() + 1);
    }
}

async fn who_gives_up_does_not_keep_the_others_from_it(cache: Cache) {
    let (go, started) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let load = {
        let (go, started) = (Arc::clone(&go), Arc::clone(&started));
        async move || {
            started.notify_one();
            go.notified().await;
            found(price(1, 1)).await
        }
    };
    let first = tokio::spawn({
        let cache = cache.clone();
        async move { Price::get_or_load(&cache, 1, load).await }
    });
    started.notified().await;
    let second = tokio::spawn({
        let cache = cache.clone();
        async move {
            Price::get_or_load(&cache, 1, async || -> Result<_, Infallible> { panic!("it is loaded") }).await
        }
    });
    tokio::task::yield_now().await;
    first.abort();
    assert!(first.await.unwrap_err().is_cancelled());
    go.notify_one();
    assert_eq!(second.await.unwrap().unwrap(), Some(price(1, 1)));
    assert_eq!(Price::get(&cache, 1).await.unwrap(), Some(price(1, 1)));
}

async fn a_failure_is_told_and_not_remembered(cache: Cache) {
    let error = Price::get_or_load(&cache, 1, async || Err(Broken(7))).await.unwrap_err();
    assert!(matches!(error.loader(), Some(Broken(7))), "{error}");
    let panics = async || -> Result<Option<Price>, Broken> { panic!("on purpose") };
    let error = Price::get_or_load(&cache, 1, panics).await.unwrap_err();
    assert!(matches!(error, LoadError::Panicked), "{error}");
    let hangs = async || std::future::pending::<Result<Option<Price>, Broken>>().await;
    let error = Price::load(1).within(Duration::from_millis(50)).get(&cache, hangs).await.unwrap_err();
    assert!(matches!(error, LoadError::Timeout { .. }), "{error}");
    let other = Price::get_or_load(&cache, 1, || found(price(2, 1))).await.unwrap_err();
    let LoadError::Cache(other) = other else { panic!("{other}") };
    assert!(matches!(*other, Error::OtherKey { .. }), "{other}");
    assert_eq!(Price::get_or_load(&cache, 1, || found(price(1, 1))).await.unwrap(), Some(price(1, 1)));
}

/// A load that waits in its middle.
struct Halted {
    load: tokio::task::JoinHandle<Option<Price>>,
    go: oneshot::Sender<()>,
}

async fn halted(cache: &Cache, brings: Option<Price>) -> Halted {
    let (started, begun) = oneshot::channel();
    let (go, gone) = oneshot::channel();
    let cache = cache.clone();
    let load = tokio::spawn(async move {
        let load = async move || {
            started.send(()).unwrap();
            gone.await.unwrap();
            Ok::<_, Infallible>(brings)
        };
        Price::load(1).stale_after(Duration::from_secs(60)).get(&cache, load).await.unwrap()
    });
    begun.await.unwrap();
    Halted { load, go }
}

async fn a_load_stores_nothing_over_what_is_newer(cache: Cache) {
    let other = elsewhere(&cache).await;
    // Invalidated, here and elsewhere.
    for by in [&cache, &other] {
        let halted = halted(&cache, Some(price(1, 1))).await;
        Price::invalidate(by, 1).await.unwrap();
        halted.go.send(()).unwrap();
        assert_eq!(halted.load.await.unwrap(), Some(price(1, 1)), "it asked before");
        assert_eq!(Price::get(&cache, 1).await.unwrap(), None);
    }
    // Saved.
    let loads = halted(&cache, Some(price(1, 1))).await;
    assert!(price(1, 2).save(&other).await.unwrap().stored());
    loads.go.send(()).unwrap();
    assert_eq!(loads.load.await.unwrap(), Some(price(1, 2)));
    assert_eq!(Price::get(&cache, 1).await.unwrap(), Some(price(1, 2)));
    // That there is nothing is not stored over something either.
    Price::invalidate(&cache, 1).await.unwrap();
    let loads = halted(&cache, None).await;
    assert!(price(1, 3).save(&other).await.unwrap().stored());
    loads.go.send(()).unwrap();
    assert_eq!(loads.load.await.unwrap(), Some(price(1, 3)));
}

async fn who_asks_after_an_invalidation_gets_nothing_older(cache: Cache) {
    let other = elsewhere(&cache).await;
    for by in [&cache, &other] {
        Price::invalidate(by, 1).await.unwrap();
        let halted = halted(&cache, Some(price(1, 1))).await;
        Price::invalidate(by, 1).await.unwrap();
        let asks = tokio::spawn({
            let cache = cache.clone();
            async move { Price::get_or_load(&cache, 1, || found(price(1, 2))).await.unwrap() }
        });
        // It joins the load, or begins its own; in either case what it gets is newer.
        tokio::time::sleep(Duration::from_millis(20)).await;
        halted.go.send(()).unwrap();
        assert_eq!(asks.await.unwrap(), Some(price(1, 2)));
        halted.load.await.unwrap();
        assert_eq!(Price::get(&cache, 1).await.unwrap(), Some(price(1, 2)));
    }
}

async fn what_is_stale_is_answered_and_loaded_in_the_background(cache: Cache) {
    let load = |cents| {
        let cache = cache.clone();
        async move {
            let load = Price::load(1).stale_after(Duration::from_millis(50)).early(0.0);
            load.get(&cache, move || found(price(1, cents))).await.unwrap().unwrap().cents
        }
    };
    assert_eq!((load(1).await, load(2).await), (1, 1));
    tokio::time::sleep(Duration::from_millis(60)).await;
    assert_eq!(load(3).await, 1, "the stale one");
    let began = std::time::Instant::now();
    while Price::get(&cache, 1).await.unwrap() != Some(price(1, 3)) {
        assert!(began.elapsed() < Duration::from_secs(5));
        tokio::task::yield_now().await;
    }
    // A document that its source lost goes.
    tokio::time::sleep(Duration::from_millis(60)).await;
    let stale = Price::load(1).stale_after(Duration::from_millis(50));
    assert!(stale.get(&cache, async || Ok::<_, Infallible>(None)).await.unwrap().is_some());
    while Price::get(&cache, 1).await.unwrap().is_some() {
        assert!(began.elapsed() < Duration::from_secs(5));
        tokio::task::yield_now().await;
    }
}

async fn one_process_of_a_fleet_loads(cache: Cache) {
    let loads = Arc::new(AtomicUsize::new(0));
    let mut fleet = vec![cache.clone()];
    for _ in 0..7 {
        fleet.push(elsewhere(&cache).await);
    }
    let calls: Vec<_> = fleet
        .iter()
        .map(|cache| {
            let (cache, loads) = (cache.clone(), Arc::clone(&loads));
            tokio::spawn(async move {
                let load = async move || {
                    loads.fetch_add(1, Ordering::SeqCst);
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    found(price(1, 1)).await
                };
                Price::load(1).once_per_fleet(Duration::from_secs(20)).get(&cache, load).await.unwrap()
            })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap(), Some(price(1, 1)));
    }
    assert_eq!(loads.load(Ordering::SeqCst), 1);
    // One that does not end is waited for so long, and no longer.
    Price::invalidate(&cache, 1).await.unwrap();
    let halted = halted(&cache, Some(price(1, 1))).await;
    let impatient = Price::load(1).once_per_fleet(Duration::from_millis(100));
    assert_eq!(impatient.get(&fleet[1], || found(price(1, 2))).await.unwrap(), Some(price(1, 2)));
    halted.go.send(()).unwrap();
    halted.load.await.unwrap();
    assert_eq!(Price::get(&cache, 1).await.unwrap(), Some(price(1, 2)));
}

/// C1: after a change of the source was followed by an invalidation, nobody who asks later gets what was before.
async fn no_read_goes_back(cache: Cache) {
    let source = Arc::new(AtomicI64::new(0));
    let fleet = [cache.clone(), elsewhere(&cache).await, elsewhere(&cache).await];
    let acknowledged = Arc::new(AtomicI64::new(0));
    let readers: Vec<_> = (0..12)
        .map(|number: usize| {
            let (source, acknowledged) = (Arc::clone(&source), Arc::clone(&acknowledged));
            let cache = fleet[number % 3].clone();
            tokio::spawn(async move {
                let (mut reads, mut last) = (0_usize, 0);
                while last < 300 {
                    let least = acknowledged.load(Ordering::SeqCst);
                    let source = Arc::clone(&source);
                    let load = async move || {
                        let cents = source.load(Ordering::SeqCst);
                        tokio::time::sleep(Duration::from_micros(rand_micros())).await;
                        found(price(1, cents)).await
                    };
                    let load = Price::load(1).early(5.0).get(&cache, load).await.unwrap().unwrap();
                    assert!(load.cents >= least, "{} after {least}", load.cents);
                    (reads, last) = (reads + 1, load.cents);
                }
                reads
            })
        })
        .collect();
    for cents in 1..=300 {
        source.store(cents, Ordering::SeqCst);
        Price::invalidate(&fleet[usize::try_from(cents).unwrap() % 3], 1).await.unwrap();
        acknowledged.store(cents, Ordering::SeqCst);
        tokio::time::sleep(Duration::from_micros(rand_micros())).await;
    }
    let mut reads = 0;
    for reader in readers {
        reads += reader.await.unwrap();
    }
    assert!(reads > 600, "{reads}");
    assert!(ttls(&cache).await.iter().all(|(_, ttl)| *ttl > 0));
}

/// Up to two milliseconds; the order in which tasks run is chance enough.
fn rand_micros() -> u64 {
    u64::from(
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().subsec_nanos() / 100
            % 2_000,
    )
}

live!(
    a_document_is_loaded_when_it_is_missing,
    times_to_live_differ,
    that_there_is_nothing_is_remembered_for_a_while,
    a_thousand_that_miss_load_once,
    who_gives_up_does_not_keep_the_others_from_it,
    a_failure_is_told_and_not_remembered,
    a_load_stores_nothing_over_what_is_newer,
    who_asks_after_an_invalidation_gets_nothing_older,
    what_is_stale_is_answered_and_loaded_in_the_background,
    one_process_of_a_fleet_loads,
    no_read_goes_back,
);

#[tokio::test]
async fn without_a_server_it_is_loaded_and_invalidated_later() {
    let server = private_server().await;
    let cache =
        degrade(Degrade::new().entry_timeout(Duration::from_millis(100)), server.url()).await.unwrap();
    let direct = connect_with(server.url()).await.unwrap();
    assert_eq!(Price::get_or_load(&cache, 1, || found(price(1, 1))).await.unwrap(), Some(price(1, 1)));
    server.pause().await.unwrap();
    for cents in 2..10 {
        let loaded = Price::get_or_load(&cache, 1, move || found(price(1, cents))).await.unwrap();
        assert_eq!(loaded, Some(price(1, cents)));
    }
    assert!(!cache.is_enabled());
    Price::invalidate(&cache, 1).await.unwrap();
    Price::invalidate_many(&cache, [1, 2]).await.unwrap();
    assert_eq!(cache.owed_invalidations(), 2);
    server.resume().await.unwrap();
    assert!(cache.watch_state().enabled().await);
    assert_eq!(Price::get(&direct, 1).await.unwrap(), None);
    assert_eq!(Price::get_or_load(&cache, 1, || found(price(1, 11))).await.unwrap(), Some(price(1, 11)));
}
