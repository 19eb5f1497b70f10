//! Indexes that vanish while a run compares them with the documents: a flush of any database drops them all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use cache_core::{Cache, CacheModel, Command, IndexSchema, Migrator, Protocol};
use cache_tests::before::Before;
use cache_tests::releases::{save, second, write};
use cache_tests::{chain, connect, private_server};

type New = second::User;

const DOCUMENTS: u32 = 1_300;

/// Before the search of this number all indexes are dropped, as a flush of another database does; and somebody makes one
/// again, if that is known.
fn dropping(plain: &Cache, elsewhere: &Cache, search: usize, again: Option<Command>) -> Cache {
    let (inner, elsewhere) = (Arc::clone(plain.connection()), elsewhere.clone());
    let left = AtomicUsize::new(search);
    let connection = Before::new(plain.connection(), move |command| {
        let is_it = command.name() == "FT.SEARCH" && left.fetch_sub(1, Ordering::SeqCst) == 1;
        let (inner, elsewhere, again) = (Arc::clone(&inner), elsewhere.clone(), again.clone());
        Box::pin(async move {
            if is_it {
                elsewhere.command(Command::new("FLUSHDB")).await.unwrap();
                if let Some(create) = again {
                    inner.send(create).await.unwrap();
                }
            }
        })
    });
    Cache::from_connection(Arc::new(connection))
}

async fn runs_until_it_is_filled(protocol: Protocol, is_made_again: bool) {
    let server = private_server().await;
    let (plain, elsewhere) = (connect(&server.url(), protocol).await, format!("{}?db=1", server.url()));
    let elsewhere = connect(&elsewhere, protocol).await;
    for search in 1..=3 {
        let cache = plain.clone().project(&format!("p{search}"));
        save(&cache, DOCUMENTS).await;
        // One that no index takes, so that all are looked for.
        write(&cache, 5_000, r#"{"id":5000,"name":17,"age":5,"city":"x"}"#).await;
        let create = New::schema().create_index(cache.keyspace().unwrap()).unwrap();
        let dropping = dropping(&plain, &elsewhere, search, is_made_again.then_some(create));
        let dropping = dropping.project(&format!("p{search}"));
        let run = Migrator::new().register::<New>().run(&dropping).await;
        let migration = run.unwrap_or_else(|error| panic!("{search}: {}", chain(&error)));
        let index = &migration.indexes()[0];
        assert_eq!(index.missing, 1, "{search}");
        let found = New::find().allow_partial().count(&cache).await.unwrap();
        assert_eq!(found, u64::from(DOCUMENTS), "{search}: it is filled when the run has ended");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_vanishes_2() {
    runs_until_it_is_filled(Protocol::Resp2, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_vanishes_3() {
    runs_until_it_is_filled(Protocol::Resp3, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_somebody_makes_again_2() {
    runs_until_it_is_filled(Protocol::Resp2, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_somebody_makes_again_3() {
    runs_until_it_is_filled(Protocol::Resp3, true).await;
}
