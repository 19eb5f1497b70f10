//! Indexes that vanish under a running application, and come back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use cache_core::embedded::Server;
use cache_core::{
    Cache, CacheModel, Command, Error, IndexPolicy, IndexSchema, Migrator, Protocol, RedisSettings, Terms,
};
use cache_tests::clients::is_fred;
use cache_tests::{chain, connect, connect_with, private_server};
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

/// Enough that the server takes a while to fill an index.
const DOCUMENTS: u32 = 5_000;

/// Longer than any of it takes, also where twenty programs share a core: a server that gets no time fills no index.
const PATIENCE: Duration = Duration::from_secs(600);

const LONG: IndexPolicy = IndexPolicy::WaitUpTo(PATIENCE);

/// How long an answer may take there.
const DEADLINE: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Reading {
    #[primary_key]
    id: u32,
    #[index(sortable)]
    value: u32,
    #[index]
    kind: String,
    #[index(text)]
    note: String,
}

async fn fill(cache: &Cache, documents: u32) {
    let reading = |id| Reading {
        id,
        value: id * 7,
        kind: if id % 2 == 0 { "even" } else { "odd" }.to_owned(),
        note: format!("reading number {id} taken with an automobile"),
    };
    for saved in Reading::save_many(cache, (0..documents).map(reading)).await {
        let _ = saved.unwrap();
    }
}

fn migrator() -> Migrator {
    Migrator::new().register::<Reading>()
}

async fn patient(url: &str, protocol: Protocol) -> Cache {
    let settings = RedisSettings::new(url).protocol(protocol);
    connect_with(settings.connect_timeout(DEADLINE).response_timeout(DEADLINE)).await.unwrap()
}

/// A server with documents, and a cache under which their index was made.
async fn migrated(protocol: Protocol) -> (Server, Cache) {
    let server = private_server().await;
    let cache = patient(&server.url(), protocol).await;
    fill(&cache, DOCUMENTS).await;
    migrator().run(&cache).await.unwrap();
    (server, cache)
}

/// Empties database 1, which is empty: all indexes are dropped, and the documents stay.
async fn flush(server: &Server) {
    let other = connect(&format!("{}?db=1", server.url()), Protocol::Resp3).await;
    let _ = other.command(Command::new("FLUSHDB")).await.unwrap();
}

async fn creations(cache: &Cache) -> u64 {
    let stats = cache.command(Command::new("INFO").arg("commandstats")).await.unwrap();
    let line = stats.as_str().unwrap().lines().find(|line| line.starts_with("cmdstat_FT.CREATE:"));
    let calls = |line: &str| line.split_once("calls=")?.1.split(',').next()?.parse().ok();
    line.and_then(calls).unwrap_or_default()
}

async fn alias_target(cache: &Cache) -> String {
    let alias = Reading::schema().alias(cache.keyspace().unwrap());
    let reply = cache.command(Command::new("FT.INFO").arg(alias)).await.unwrap();
    let named = |(name, value): (cache_core::Reply, cache_core::Reply)| {
        (name.as_str() == Some("index_name")).then(|| value.as_str().unwrap().to_owned())
    };
    reply.into_pairs().unwrap().into_iter().find_map(named).unwrap()
}

/// Applications that ask all the time, and what they were answered.
#[derive(Default)]
struct Seen {
    complete: AtomicU64,
    short: AtomicU64,
    refused: AtomicU64,
}

fn ask_all_the_time(
    cache: &Cache,
    seen: &Arc<Seen>,
    stop: &Arc<AtomicBool>,
    number: usize,
) -> JoinHandle<()> {
    let (cache, seen, stop) = (cache.clone(), seen.clone(), stop.clone());
    tokio::spawn(async move {
        while !stop.load(Ordering::Relaxed) {
            let found = match number % 3 {
                0 => Reading::find().count(&cache).await,
                1 => Reading::find().page(0, 3).all(&cache).await.map(|found| found.total()),
                // Seldom: this one is in no hurry to find out that the index vanished, and others make it again.
                _ => {
                    tokio::time::sleep(Duration::from_millis(30)).await;
                    Reading::find_by_kind("odd").count(&cache).await.map(|odd| odd * 2)
                }
            };
            match found {
                Ok(count) if count == u64::from(DOCUMENTS) => seen.complete.fetch_add(1, Ordering::Relaxed),
                Ok(_) => seen.short.fetch_add(1, Ordering::Relaxed),
                Err(error) if error.is_indexing() => seen.refused.fetch_add(1, Ordering::Relaxed),
                Err(error) => panic!("{}", chain(&error)),
            };
        }
    })
}

/// Two processes ask all the time, one of them seldom, while all indexes are dropped again and again.
async fn no_short_answer(server: &Server, caches: [Cache; 2], flushes: u32) {
    let (seen, stop) = (Arc::new(Seen::default()), Arc::new(AtomicBool::new(false)));
    let askers: Vec<_> = [(0, 0), (0, 1), (0, 2), (1, 2), (1, 2)]
        .map(|(cache, kind): (usize, usize)| ask_all_the_time(&caches[cache], &seen, &stop, kind))
        .into();
    for _ in 0..flushes {
        flush(server).await;
        // Until it is whole again, and has been asked for some time.
        for cache in &caches {
            let found = Reading::find().while_indexing(LONG).count(cache).await.unwrap();
            assert_eq!(found, u64::from(DOCUMENTS));
        }
        let (enough, began) = (seen.complete.load(Ordering::Relaxed) + 30, tokio::time::Instant::now());
        while seen.complete.load(Ordering::Relaxed) < enough {
            assert!(began.elapsed() < PATIENCE, "nothing is answered any more");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    stop.store(true, Ordering::Relaxed);
    for asker in askers {
        asker.await.unwrap();
    }
    let [complete, short, refused] =
        [&seen.complete, &seen.short, &seen.refused].map(|count| count.load(Ordering::Relaxed));
    println!("figures: {complete} complete, {refused} refused, {short} short, {flushes} flushes");
    assert_eq!(short, 0);
    assert!(refused > 0, "nobody ever met an index that was being filled");
}

async fn flushed_under_queries(protocol: Protocol) {
    let (server, cache) = migrated(protocol).await;
    let other = patient(&server.url(), protocol).await;
    migrator().run(&other).await.unwrap();
    no_short_answer(&server, [cache, other], 12).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_is_short_while_indexes_vanish_resp3() {
    flushed_under_queries(Protocol::Resp3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_is_short_while_indexes_vanish_resp2() {
    flushed_under_queries(Protocol::Resp2).await;
}

/// A user who may not have the server tell of flushes: then each query looks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_answer_is_short_where_the_server_does_not_tell_of_flushes() {
    let (server, cache) = migrated(Protocol::Resp3).await;
    assert_eq!(cache.connection().notices_flushes(), !is_fred());
    let user = ["SETUSER", "app", "on", ">secret", "~*", "&*", "+@all", "-client|tracking"];
    let _ = cache.command(Command::new("ACL").args_from(user)).await.unwrap();
    let url = format!("{}?user=app&pass=secret", server.url());
    let caches = [patient(&url, Protocol::Resp3).await, patient(&url, Protocol::Resp3).await];
    for cache in &caches {
        migrator().run(cache).await.unwrap();
        assert!(!cache.connection().notices_flushes());
    }
    no_short_answer(&server, caches, 6).await;
}

#[tokio::test]
async fn a_flush_is_another_generation_before_it_is_answered() {
    let server = private_server().await;
    let cache = connect(&server.url(), Protocol::Resp3).await;
    // fred drops what the server says of one, so that each query looks.
    assert_eq!(cache.connection().notices_flushes(), !is_fred());
    if is_fred() {
        return;
    }
    for _ in 0..50 {
        let before = cache.connection().generation();
        flush(&server).await;
        cache.ping().await.unwrap();
        assert_eq!(cache.connection().generation(), before + 1);
    }
}

async fn one_creation(protocol: Protocol) {
    let (server, cache) = migrated(protocol).await;
    let before = creations(&cache).await;
    flush(&server).await;
    let ask = |number: u32| {
        let cache = cache.clone();
        tokio::spawn(async move {
            let query = Reading::find().while_indexing(LONG);
            let found = match number % 4 {
                0 => query.count(&cache).await,
                1 => query.page(0, 1).all(&cache).await.map(|found| found.total()),
                2 => query.filter(Reading::KIND.eq("even")).count(&cache).await.map(|even| even * 2),
                _ => query.ids(&cache).await.map(|ids| ids.len() as u64),
            };
            // Some do not wait for it.
            if number.is_multiple_of(5) { u64::from(DOCUMENTS) } else { found.unwrap() }
        })
    };
    let asking: Vec<_> = (0..40).map(ask).collect();
    for (number, asking) in asking.into_iter().enumerate() {
        if number % 5 == 0 {
            asking.abort();
            continue;
        }
        assert_eq!(asking.await.unwrap(), u64::from(DOCUMENTS));
    }
    assert_eq!(creations(&cache).await, before + 1);
    assert_eq!(alias_target(&cache).await, Reading::schema().index_name(cache.keyspace().unwrap()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_makes_the_index_again_resp3() {
    one_creation(Protocol::Resp3).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_many_makes_the_index_again_resp2() {
    one_creation(Protocol::Resp2).await;
}

/// Whoever makes the index may give up at any moment: the next one takes over.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_caller_that_gives_up_keeps_nobody_from_it() {
    let (server, cache) = migrated(Protocol::Resp3).await;
    for pause in 0..40 {
        flush(&server).await;
        let (gives_up, waits) = (Reading::find(), Reading::find().while_indexing(LONG));
        let _ = tokio::time::timeout(Duration::from_micros(pause * 40), gives_up.count(&cache)).await;
        let found = tokio::time::timeout(PATIENCE, waits.count(&cache)).await;
        assert_eq!(found.unwrap().unwrap(), u64::from(DOCUMENTS));
    }
}

async fn every_verb(protocol: Protocol) {
    let (server, cache) = migrated(protocol).await;
    let cache = cache.while_indexing(LONG);
    let odd = || Reading::find_by_kind("odd");
    let half = DOCUMENTS / 2;

    flush(&server).await;
    assert!(odd().explain(&cache).await.unwrap().contains("odd"));
    flush(&server).await;
    assert!(!odd().profile(&cache).await.unwrap().to_string().is_empty());
    flush(&server).await;
    assert_eq!(Reading::tag_values(&cache, Reading::KIND).await.unwrap(), ["even", "odd"]);
    flush(&server).await;
    let misspelled = Reading::spell_check("raeding").distance(2).misspelled(&cache).await.unwrap();
    assert_eq!(misspelled[0].suggestions[0].term, "reading");
    flush(&server).await;
    assert!(Reading::synonyms().dump(&cache).await.unwrap().is_empty());
    flush(&server).await;
    assert!(odd().exists(&cache).await.unwrap());
    flush(&server).await;
    assert_eq!(odd().sort_by(Reading::VALUE.desc()).first(&cache).await.unwrap().unwrap().id, DOCUMENTS - 1);
    flush(&server).await;
    let mut stream = odd().stream(&cache);
    let mut streamed = 0;
    while let Some(reading) = stream.next().await {
        assert_eq!(reading.unwrap().kind, "odd");
        streamed += 1;
    }
    assert_eq!(streamed, half);
    flush(&server).await;
    #[derive(Deserialize)]
    struct Kind {
        kind: String,
        readings: u32,
    }
    let kinds = Reading::find().group_by(Reading::KIND).reduce("readings", cache_core::aggregate::count());
    let kinds = kinds.rows::<Kind>(&cache).await.unwrap();
    assert_eq!(kinds.len(), 2);
    assert!(kinds.iter().all(|kind| kind.readings == half && !kind.kind.is_empty()));
    flush(&server).await;
    let updated =
        odd().update(&cache, cache_core::Changes::new().set(Reading::KIND, "strange")).await.unwrap();
    assert_eq!(updated.changed(), u64::from(half));
    flush(&server).await;
    assert_eq!(Reading::find_by_kind("strange").delete(&cache).await.unwrap(), u64::from(half));
}

#[tokio::test]
async fn every_verb_makes_it_again_resp3() {
    every_verb(Protocol::Resp3).await;
}

#[tokio::test]
async fn every_verb_makes_it_again_resp2() {
    every_verb(Protocol::Resp2).await;
}

#[tokio::test]
async fn synonyms_come_back_with_the_index() {
    let (server, cache) = migrated(Protocol::Resp3).await;
    assert!(Reading::synonyms().update(&cache, "cars", ["car", "automobile"]).await.unwrap());
    let by_car = || Reading::find_by_note("car").while_indexing(LONG);
    assert_eq!(by_car().count(&cache).await.unwrap(), u64::from(DOCUMENTS));
    flush(&server).await;
    assert_eq!(by_car().count(&cache).await.unwrap(), u64::from(DOCUMENTS));
    assert_eq!(Reading::synonyms().dump(&cache).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_index_that_was_never_migrated_is_not_made() {
    let (server, cache) = migrated(Protocol::Resp3).await;
    let other = connect(&server.url(), Protocol::Resp3).await;
    assert_eq!(Reading::find().count(&other).await.unwrap(), u64::from(DOCUMENTS));
    let before = creations(&cache).await;
    flush(&server).await;
    for policy in [IndexPolicy::Allow, IndexPolicy::FailFast, LONG] {
        let error = Reading::find().while_indexing(policy).count(&other).await.unwrap_err();
        assert!(matches!(error, Error::IndexMissing { model: "Reading", .. }), "{error}");
        assert!(error.to_string().contains("register::<Reading>().run(&cache)"), "{error}");
    }
    assert_eq!(creations(&cache).await, before);
}

#[tokio::test]
async fn an_alias_that_points_elsewhere_is_left_there() {
    let (server, cache) = migrated(Protocol::Resp3).await;
    flush(&server).await;
    let alias = Reading::schema().alias(cache.keyspace().unwrap());
    let words = ["newer", "ON", "JSON", "PREFIX", "1", "none:", "SCHEMA", "$.a", "AS", "a", "TAG"];
    let _ = cache.command(Command::new("FT.CREATE").args_from(words)).await.unwrap();
    let _ = cache.command(Command::new("FT.ALIASADD").arg(alias).arg("newer")).await.unwrap();
    assert_eq!(Reading::find().while_indexing(LONG).count(&cache).await.unwrap(), u64::from(DOCUMENTS));
    assert_eq!(alias_target(&cache).await, "newer");
}

/// Documents may be lost with the indexes, and then they are not said to be missing from these.
async fn restarted_without_persistence(protocol: Protocol) {
    let (server, cache) = migrated(protocol).await;
    let bad = Command::new("JSON.SET").key("cache:reading:bad").arg("$").arg(r#"{"id":1,"value":"text"}"#);
    let _ = cache.command(bad).await.unwrap();
    migrator().run(&cache).await.unwrap();
    let error = Reading::find().count(&cache).await.unwrap_err();
    assert!(error.to_string().contains("another type"), "{error}");

    server.restart().await.unwrap();
    assert_eq!(Reading::find().while_indexing(LONG).count(&cache).await.unwrap(), 0);
    fill(&cache, 3).await;
    assert_eq!(Reading::find().count(&cache).await.unwrap(), 3);
    assert_eq!(creations(&cache).await, 1, "since the server started anew");
}

#[tokio::test]
async fn a_restart_without_persistence_is_an_empty_index_resp3() {
    restarted_without_persistence(Protocol::Resp3).await;
}

#[tokio::test]
async fn a_restart_without_persistence_is_an_empty_index_resp2() {
    restarted_without_persistence(Protocol::Resp2).await;
}
