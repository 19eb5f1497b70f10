//! An index that is being filled: its answers are never taken as complete.

use cache_core::{Cache, CacheModel, Error, IndexSchema, Migrator, Protocol, Shortfall};
use cache_tests::{connect, live, private_server};
use serde::{Deserialize, Serialize};

/// Enough that the server takes a while.
const DOCUMENTS: u32 = 5_000;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Reading {
    #[primary_key]
    id: u32,
    #[index(sortable)]
    value: u32,
    #[index(text)]
    note: String,
}

async fn fill(cache: &Cache) {
    let readings =
        (0..DOCUMENTS).map(|id| Reading { id, value: id * 7, note: format!("reading number {id}") });
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
    fill(&cache).await;
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
        fill(&cache).await;
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

live! {
    an_index_that_is_being_filled_is_seen,
}
