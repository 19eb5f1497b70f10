//! An index that is being filled: its answers are never taken as complete.

use std::time::Duration;

use cache_core::embedded::Server;
use cache_core::{
    Cache, CacheModel, Error, IndexPolicy, IndexSchema, Migrator, Protocol, Ready, RedisSettings,
    ServerErrorKind, Shortfall, Terms,
};
use cache_tests::{connect, connect_lazy, connect_with, live, private_server};
use serde::{Deserialize, Serialize};

/// Longer than any of it takes.
const LONG: Duration = Duration::from_secs(60);

/// Enough that the server takes a while.
const DOCUMENTS: u32 = 20_000;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Reading {
    #[primary_key]
    id: u32,
    #[index(sortable)]
    value: u32,
    #[index(text)]
    note: String,
}

async fn fill(cache: &Cache, documents: u32) {
    let readings =
        (0..documents).map(|id| Reading { id, value: id * 7, note: format!("reading number {id}") });
    for saved in Reading::save_many(cache, readings.collect::<Vec<_>>()).await {
        let _ = saved.unwrap();
    }
}

/// Makes the index and does not wait for it, as a restart does.
async fn create(cache: &Cache) {
    let create = Reading::schema().create_index(cache.keyspace().unwrap()).unwrap();
    let _ = cache.command(create).await.unwrap();
}

/// Asks until an answer is complete, and says how many were not. None may be short and say that it is complete.
async fn refusals(cache: &Cache) -> u32 {
    let mut refused = 0;
    loop {
        match Reading::find().count(cache).await {
            Ok(count) => {
                assert_eq!(count, u64::from(DOCUMENTS));
                return refused;
            }
            Err(Error::Incomplete { completeness, .. }) => {
                assert_eq!(completeness.shortfalls(), [Shortfall::Indexing]);
                refused += 1;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

async fn an_index_that_is_being_filled_is_seen(cache: Cache) {
    fill(&cache, DOCUMENTS).await;
    create(&cache).await;
    let error = Reading::find().page(0, 3).all(&cache).await.unwrap_err();
    assert!(matches!(error, Error::Incomplete { .. }), "{error}");
    let error = Reading::find().stream(&cache).next().await.unwrap().unwrap_err();
    assert!(matches!(error, Error::Incomplete { .. }), "{error}");
    let partial = Reading::find().allow_partial().page(0, 3).all(&cache).await.unwrap();
    assert_eq!(partial.completeness().shortfalls(), [Shortfall::Indexing]);
    refusals(&cache).await;
    Migrator::new().register::<Reading>().run(&cache).await.unwrap();
    assert_eq!(refusals(&cache).await, 0);
}

async fn after_another_start_of_the_server(protocol: Protocol) {
    let server = private_server().await;
    let cache = connect(&server.url(), protocol).await;
    for starts in 0..2 {
        fill(&cache, DOCUMENTS).await;
        create(&cache).await;
        // What was known of the index on the connection before says nothing about this one.
        assert!(refusals(&cache).await > 0, "after {starts} starts");
        assert_eq!(refusals(&cache).await, 0);
        server.kill().await.unwrap();
        server.restart().await.unwrap();
    }
}

#[tokio::test]
async fn what_was_known_before_a_restart_is_forgotten_resp3() {
    after_another_start_of_the_server(Protocol::Resp3).await;
}

#[tokio::test]
async fn what_was_known_before_a_restart_is_forgotten_resp2() {
    after_another_start_of_the_server(Protocol::Resp2).await;
}

/// What is made of an index that the server fills again, by each policy.
async fn restarted_with_persistence(protocol: Protocol) {
    const MANY: u32 = 80_000;
    let server = Server::options().append_only(true).start().await.unwrap();
    let settings = RedisSettings::new(server.url()).protocol(protocol);
    let cache = connect_with(settings.response_timeout(Duration::from_secs(20))).await.unwrap();
    fill(&cache, MANY).await;
    Migrator::new().register::<Reading>().run(&cache).await.unwrap();

    server.restart().await.unwrap();
    let query = |policy| Reading::find().while_indexing(policy);
    let error = query(IndexPolicy::FailFast).count(&cache).await.unwrap_err();
    assert!(matches!(error, Error::Indexing { model: "Reading", .. }) && error.is_indexing(), "{error}");
    // What may be missing for another reason may not be for this one.
    let error = query(IndexPolicy::FailFast).allow_partial().count(&cache).await.unwrap_err();
    assert!(matches!(error, Error::Indexing { .. }), "{error}");
    let error = query(IndexPolicy::Allow).page(0, 1).all(&cache).await.unwrap_err();
    assert!(matches!(error, Error::Incomplete { .. }) && error.is_indexing(), "{error}");
    let partial = query(IndexPolicy::Allow).allow_partial().page(0, 1).all(&cache).await.unwrap();
    assert_eq!(partial.completeness().shortfalls(), [Shortfall::Indexing]);
    let error = Reading::spell_check("raeding").misspelled(&cache).await.unwrap_err();
    assert!(matches!(error, Error::Indexing { .. }), "{error}");
    let short = Duration::from_millis(60);
    let error = query(IndexPolicy::WaitUpTo(short)).count(&cache).await.unwrap_err();
    assert!(matches!(error, Error::Indexing { waited, .. } if waited >= short), "{error}");
    assert!(cache.readiness().is_ready(), "{}", cache.readiness());
    assert_ne!(cache.readiness().overall(), Ready::Yes);
    assert_eq!(query(IndexPolicy::WaitUpTo(LONG)).count(&cache).await.unwrap(), u64::from(MANY));
    assert_eq!(query(IndexPolicy::FailFast).count(&cache).await.unwrap(), u64::from(MANY));
    assert_eq!(cache.readiness().overall(), Ready::Yes);

    // A server that reads its data is waited for, too: it is there. One that is not is an error.
    // So it is by a cache that does not know yet what the server is.
    let settings = || RedisSettings::new(server.url()).response_timeout(Duration::from_secs(20));
    let lazy = connect_lazy(settings().protocol(protocol)).unwrap();
    let asked = async |cache: &Cache| {
        loop {
            match query(IndexPolicy::WaitUpTo(LONG)).count(cache).await {
                Ok(count) => break count,
                Err(error) => {
                    assert_ne!(error.server_kind(), Some(ServerErrorKind::Loading), "{error}");
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
            }
        }
    };
    let (restarted, known, unknown) = tokio::join!(server.restart(), asked(&cache), asked(&lazy));
    restarted.unwrap();
    assert_eq!((known, unknown), (u64::from(MANY), u64::from(MANY)));
}

#[tokio::test]
async fn policies_hold_while_the_server_fills_indexes_again_resp3() {
    restarted_with_persistence(Protocol::Resp3).await;
}

#[tokio::test]
async fn policies_hold_while_the_server_fills_indexes_again_resp2() {
    restarted_with_persistence(Protocol::Resp2).await;
}

live! {
    an_index_that_is_being_filled_is_seen,
}
