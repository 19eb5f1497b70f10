//! Indexes that vanish while a run compares them with the documents: a flush of any database drops them all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cache_core::connection::{KeyChanges, PushStream};
use cache_core::{
    Batch, Cache, CacheModel, Capabilities, Command, Connection, IndexSchema, Migrator, Protocol, Reply,
    Result,
};
use cache_tests::releases::{save, second, write};
use cache_tests::{chain, connect, private_server};
use futures_core::future::BoxFuture;

type New = second::User;

const DOCUMENTS: u32 = 1_300;

/// Before the search of this number it drops all indexes, as a flush of another database does; and has somebody make them
/// again, if that is known.
struct Dropping {
    inner: Arc<dyn Connection>,
    elsewhere: Cache,
    left: AtomicUsize,
    again: Option<Command>,
}

impl Dropping {
    async fn passes(&self, command: &Command) {
        if command.name() == "FT.SEARCH" && self.left.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.elsewhere.command(Command::new("FLUSHDB")).await.unwrap();
            if let Some(create) = &self.again {
                self.inner.send(create.clone()).await.unwrap();
            }
        }
    }
}

impl Connection for Dropping {
    fn send(&self, command: Command) -> BoxFuture<'_, Result<Reply>> {
        Box::pin(async move {
            self.passes(&command).await;
            self.inner.send(command).await
        })
    }

    fn send_all(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>> {
        Box::pin(async move {
            for command in batch.commands() {
                self.passes(command).await;
            }
            self.inner.send_all(batch).await
        })
    }

    fn capabilities(&self) -> &Capabilities {
        self.inner.capabilities()
    }

    fn pushes(&self) -> Option<PushStream> {
        self.inner.pushes()
    }

    fn generation(&self) -> u64 {
        self.inner.generation()
    }

    fn notices_flushes(&self) -> bool {
        self.inner.notices_flushes()
    }

    fn changes_of(&self, key: &[u8]) -> Option<KeyChanges> {
        self.inner.changes_of(key)
    }

    fn deadline(&self) -> Duration {
        self.inner.deadline()
    }
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
        let dropping = Cache::from_connection(Arc::new(Dropping {
            inner: Arc::clone(plain.connection()),
            elsewhere: elsewhere.clone(),
            left: AtomicUsize::new(search),
            again: is_made_again.then_some(create),
        }));
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
