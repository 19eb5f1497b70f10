//! Migrations of servers that are away, watches over indexes, and what a probe is told of both.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cache_core::{
    Cache, CacheModel, Command, ErrorClass, IndexSchema, IndexState, MigrateError, Migrator, Protocol, Ready,
    RedisSettings, Shortfall,
};
use cache_tests::{connect, connect_lazy, connect_redis, connect_with, private_server, speaking};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Note {
    #[primary_key]
    id: u32,
    #[index]
    words: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Plain {
    #[primary_key]
    id: u32,
}

fn migrator() -> Migrator {
    Migrator::new().register::<Note>().register::<Plain>()
}

async fn note(cache: &Cache, id: u32) {
    let _ = Note { id, words: "some".to_owned() }.save(cache).await.unwrap();
}

fn state(cache: &Cache) -> IndexState {
    cache.readiness().indexes()[0].state
}

/// Waits until what can be asked without the server is so.
async fn until(what: &str, condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_secs(40), "waited too long for: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

async fn a_migration_waits_for_its_server(protocol: Protocol) {
    let server = private_server().await;
    let settings = RedisSettings::new(server.url()).protocol(protocol);
    let cache = connect_with(settings.response_timeout(Duration::from_secs(20))).await.unwrap();
    server.kill().await.unwrap();

    let error = migrator().run(&cache).await.unwrap_err();
    assert!(matches!(&error, MigrateError::Server(error) if error.is_unavailable()), "{error}");
    assert_eq!((state(&cache), cache.readiness().overall()), (IndexState::Missing, Ready::No));
    for _ in 0..3 {
        let migration = migrator().defer().run(&cache).await.unwrap();
        assert!(migration.is_deferred() && migration.indexes().is_empty());
    }
    assert!(
        matches!(state(&cache), IndexState::Deferred { class: ErrorClass::Unavailable, .. }),
        "{}",
        cache.readiness()
    );
    assert!(!cache.readiness().is_ready());
    assert!(Note::find().count(&cache).await.unwrap_err().is_unavailable());

    server.restart().await.unwrap();
    until("the migration", || cache.readiness().overall() == Ready::Yes).await;
    note(&cache, 1).await;
    assert_eq!(Note::find().count(&cache).await.unwrap(), 1);
    assert!(!migrator().defer().run(&cache).await.unwrap().is_deferred());
    let stats = cache.command(Command::new("INFO").arg("commandstats")).await.unwrap();
    assert!(stats.as_str().unwrap().contains("cmdstat_FT.CREATE:calls=1,"), "three runs are one task");
}

/// A service that boots before its server does.
async fn a_cache_may_be_there_before_its_server(protocol: Protocol) {
    let server = private_server().await;
    server.kill().await.unwrap();
    let settings = RedisSettings::new(server.url()).protocol(protocol);
    let error = connect_with(&settings).await.unwrap_err();
    assert!(error.is_unavailable(), "{error}");
    let cache = connect_lazy(&settings).unwrap();
    assert!(cache.ping().await.unwrap_err().is_unavailable());
    assert!(migrator().defer().run(&cache).await.unwrap().is_deferred());
    assert!(cache.capabilities().server.is_empty());

    server.restart().await.unwrap();
    until("the migration", || cache.readiness().overall() == Ready::Yes).await;
    let there = connect(&server.url(), protocol).await;
    assert_eq!(cache.capabilities(), there.capabilities());
    note(&cache, 1).await;
    assert_eq!(Note::find().count(&cache).await.unwrap(), 1);
    assert_eq!(cache.connection().notices_flushes(), there.connection().notices_flushes());
}

async fn what_is_put_off_or_watched_ends_with_the_cache(protocol: Protocol) {
    let server = private_server().await;
    let cache = connect(&server.url(), protocol).await;
    server.kill().await.unwrap();
    assert!(migrator().defer().run(&cache).await.unwrap().is_deferred());
    let watch = migrator().watch(&cache).unwrap();
    let (connection, clone) = (Arc::downgrade(cache.connection()), cache.clone());
    drop(cache);
    tokio::task::yield_now().await;
    assert!(connection.upgrade().is_some());
    drop(clone);
    until("the end of the tasks", || connection.upgrade().is_none()).await;
    drop(watch);
}

async fn settings_that_cannot_work_are_no_reason_to_wait(protocol: Protocol) {
    let server = private_server().await;
    let cache = connect(&server.url(), protocol).await;
    let user = ["SETUSER", "app", "on", ">secret", "~*", "&*", "+@all", "-ft.create"];
    let _ = cache.command(Command::new("ACL").args_from(user)).await.unwrap();
    let cache =
        connect_with(speaking(format!("{}?user=app&pass=secret", server.url()), protocol)).await.unwrap();
    let error = migrator().defer().run(&cache).await.unwrap_err();
    assert!(!matches!(&error, MigrateError::Server(error) if error.is_unavailable()), "{error}");
    assert!(error.to_string().to_lowercase().contains("ft.create"), "{error}");
    assert_eq!(state(&cache), IndexState::Missing);
}

async fn a_watch_heals_and_counts(protocol: Protocol) {
    let server = private_server().await;
    let cache = connect(&server.url(), protocol).await;
    let other = connect(&server.url(), protocol).await;
    note(&cache, 1).await;
    assert_eq!(cache.readiness().indexes(), []);
    // What was never migrated is told, and not made.
    let watch = migrator().watch_every(&cache, Duration::ZERO).unwrap();
    let first = cache.readiness();
    assert_eq!((first.indexes().len(), first.overall()), (1, Ready::No));
    migrator().run(&cache).await.unwrap();
    until("the migrated index", || state(&cache) == IndexState::Ready).await;

    // Nobody asks on this cache; the watch makes it again.
    let flushed = connect(&format!("{}?db=1", server.url()), protocol).await;
    let _ = flushed.command(Command::new("FLUSHDB")).await.unwrap();
    let index = Note::schema().index_name(cache.keyspace().unwrap());
    let began = Instant::now();
    while other.command(Command::new("FT.INFO").arg(&index)).await.is_err() {
        assert!(began.elapsed() < Duration::from_secs(20), "the watch does nothing");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    until("the healed index", || cache.readiness().overall() == Ready::Yes).await;

    // Documents that cannot be indexed are told without a run of the migrator, and when they were mended.
    let bad = Command::new("JSON.SET").key("cache:note:9").arg("$").arg(r#"{"id":9,"words":17}"#);
    let _ = other.command(bad).await.unwrap();
    until("a document that failed", || state(&cache) == IndexState::FailedDocuments(1)).await;
    assert_eq!((cache.readiness().overall(), cache.readiness().is_ready()), (Ready::Degraded, true));
    let partial = Note::find().allow_partial().all(&cache).await.unwrap();
    assert_eq!(partial.completeness().shortfalls(), [Shortfall::FailedDocuments(1)]);
    assert!(Note::delete_by_id(&other, 9).await.unwrap());
    until("nothing that failed", || state(&cache) == IndexState::Ready).await;
    assert_eq!(Note::find().count(&cache).await.unwrap(), 1);
    drop(watch);
}

/// What was seen before does not hold: it is not told, and the next answers know, though nobody asks the index.
/// In RESP3, in which alone a server tells of it.
#[tokio::test]
async fn after_a_flush_nothing_of_before_is_told() {
    let server = private_server().await;
    // Through the `redis` crate, which hears of the flush.
    let cache = connect_redis(&server.url(), Protocol::Resp3).await;
    note(&cache, 1).await;
    migrator().run(&cache).await.unwrap();
    assert_eq!((state(&cache), cache.readiness().overall()), (IndexState::Ready, Ready::Yes));
    let flushed = connect(&format!("{}?db=1", server.url()), Protocol::Resp3).await;
    let _ = flushed.command(Command::new("FLUSHDB")).await.unwrap();
    cache.ping().await.unwrap();
    assert!(matches!(state(&cache), IndexState::Filling { .. }), "{}", cache.readiness());
    until("the healed index", || cache.readiness().overall() == Ready::Yes).await;
    assert_eq!(Note::find().count(&cache).await.unwrap(), 1);
}

async fn after_a_run_that_broke_off_nothing_of_before_is_told(protocol: Protocol) {
    let server = private_server().await;
    let cache = connect(&server.url(), protocol).await;
    note(&cache, 1).await;
    migrator().run(&cache).await.unwrap();
    assert_eq!(state(&cache), IndexState::Ready);
    let index = Note::schema().index_name(cache.keyspace().unwrap());
    let drop_index = || Command::new("FT.DROPINDEX").arg(&index);

    // A run that is dropped in the middle.
    let _ = cache.command(drop_index()).await.unwrap();
    let (told, created) = tokio::sync::watch::channel(false);
    let tell = move |step: &str| {
        if step == "created" {
            told.send_replace(true);
        }
    };
    let slow = migrator().observe_steps(Arc::new(tell));
    let mut created = created;
    tokio::select! {
        biased;
        _ = created.wait_for(|created| *created) => {}
        done = slow.run(&cache) => panic!("{done:?}"),
    }
    assert!(matches!(state(&cache), IndexState::Filling { .. }), "{}", cache.readiness());
    until("the index", || cache.readiness().overall() == Ready::Yes).await;

    // One that ends with an error.
    let _ = cache.command(drop_index()).await.unwrap();
    let words = [&index, "ON", "JSON", "PREFIX", "1", "none:", "SCHEMA", "$.a", "AS", "a", "TAG"];
    let _ = cache.command(Command::new("FT.CREATE").args_from(words)).await.unwrap();
    assert!(matches!(migrator().run(&cache).await, Err(MigrateError::Drift { .. })));
    assert_ne!(state(&cache), IndexState::Ready);
    until("what is wrong", || state(&cache) == IndexState::Drifted).await;
    assert_eq!(cache.readiness().overall(), Ready::No);
}

cache_tests::both! {
    a_migration_waits_for_its_server,
    a_cache_may_be_there_before_its_server,
    what_is_put_off_or_watched_ends_with_the_cache,
    settings_that_cannot_work_are_no_reason_to_wait,
    a_watch_heals_and_counts,
    after_a_run_that_broke_off_nothing_of_before_is_told,
}
