//! Indexes that vanish and are made again by another process, which nobody else misses: what the others answer meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cache_core::connection::{KeyChanges, PushStream};
use cache_core::{
    Batch, Cache, CacheModel, Command, Connection, Error, IndexPolicy, IndexSchema, IndexState, Migrator,
    Protocol, Reply, Result,
};
use cache_tests::{chain, connect, connect_redis, private_server};
use futures_core::future::BoxFuture;
use serde::{Deserialize, Serialize};

/// Enough that the server takes a while to fill an index.
const DOCUMENTS: u32 = 3_000;

/// Longer than any of it takes.
const LONG: IndexPolicy = IndexPolicy::WaitUpTo(Duration::from_secs(60));

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Reading {
    #[primary_key]
    id: u32,
    #[index(text)]
    note: String,
}

fn migrator() -> Migrator {
    Migrator::new().register::<Reading>()
}

fn index(cache: &Cache) -> String {
    Reading::schema().index_name(cache.keyspace().unwrap())
}

async fn fill(cache: &Cache) {
    let reading = |id| Reading { id, note: format!("reading number {id} taken with an automobile") };
    for saved in Reading::save_many(cache, (0..DOCUMENTS).map(reading)).await {
        let _ = saved.unwrap();
    }
}

async fn drop_index(cache: &Cache) {
    let _ = cache.command(Command::new("FT.DROPINDEX").arg(index(cache))).await.unwrap();
}

/// What a process is that hears nothing of what others do: the control.
struct Deaf(Arc<dyn Connection>);

impl Connection for Deaf {
    fn changes_of(&self, _: &[u8]) -> Option<KeyChanges> {
        Some(KeyChanges::default())
    }

    cache_tests::hand_on!(0: send, send_all, capabilities, pushes, generation, notices_flushes, deadline);
}

/// Answers that were complete by their own word and were not, and answers that said what they lacked.
#[derive(Debug, Default, Clone, Copy)]
struct Seen {
    short: u32,
    refused: u32,
}

impl Seen {
    async fn ask(&mut self, cache: &Cache, deaf: bool) {
        match Reading::find().count(cache).await {
            Ok(found) => self.short += u32::from(found != u64::from(DOCUMENTS)),
            Err(error) if error.is_indexing() => self.refused += 1,
            // Who hears of nothing may also take what one index lacked that was being filled for what the next one lacks.
            Err(Error::Incomplete { .. }) if deaf => self.refused += 1,
            Err(error) => panic!("{}", chain(&error)),
        }
    }
}

async fn until_filled(cache: &Cache) {
    while Reading::find().while_indexing(LONG).count(cache).await.unwrap() != u64::from(DOCUMENTS) {}
}

/// One process makes the index again that somebody dropped by hand, by a query and by its migrator in turn, and another one
/// asks meanwhile.
async fn healed_elsewhere(protocol: Protocol, deaf: bool, rounds: u32) -> Seen {
    let server = private_server().await;
    let healer = connect(&server.url(), protocol).await;
    // The control is of who would hear of it.
    let other = match deaf {
        true => connect_redis(&server.url(), protocol).await,
        false => connect(&server.url(), protocol).await,
    };
    let other =
        if deaf { Cache::from_connection(Arc::new(Deaf(Arc::clone(other.connection())))) } else { other };
    fill(&healer).await;
    for cache in [&healer, &other] {
        migrator().run(cache).await.unwrap();
        until_filled(cache).await;
    }
    let mut seen = Seen::default();
    for round in 0..rounds {
        drop_index(&healer).await;
        if round % 2 == 0 {
            // Whatever it is answered, the index is there again.
            let _ = Reading::find().count(&healer).await;
            seen.ask(&other, deaf).await;
        } else {
            let (cache, (made, is_made)) = (healer.clone(), tokio::sync::oneshot::channel());
            let made = std::sync::Mutex::new(Some(made));
            let tell = move |step: &str| {
                if let Some(made) = made.lock().unwrap().take_if(|_| step == "created") {
                    let _ = made.send(());
                }
            };
            let run =
                tokio::spawn(
                    async move { migrator().observe_steps(Arc::new(tell)).run(&cache).await.unwrap() },
                );
            is_made.await.unwrap();
            while !run.is_finished() {
                seen.ask(&other, deaf).await;
            }
            run.await.unwrap();
        }
        until_filled(&healer).await;
        until_filled(&other).await;
    }
    seen
}

async fn an_index_that_another_process_makes_again_is_not_taken_for_filled(protocol: Protocol) {
    let seen = healed_elsewhere(protocol, false, 8).await;
    println!("figures: {} short, {} refused, in 8 rounds", seen.short, seen.refused);
    assert_eq!(seen.short, 0);
    assert!(seen.refused > 0, "nobody ever met an index that was being filled");
}

/// In RESP3: in RESP2 each query looks itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_does_not_hear_of_it_answers_short() {
    for _ in 0..8 {
        let seen = healed_elsewhere(Protocol::Resp3, true, 2).await;
        if seen.short > 0 {
            println!("figures: control caught, {} short, {} refused", seen.short, seen.refused);
            return;
        }
    }
    panic!("the control was never caught");
}

/// In RESP3, in which alone a server tells of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readiness_hears_of_it_too() {
    let server = private_server().await;
    // Only the client of the `redis` crate hears of it.
    let (healer, other) =
        (connect(&server.url(), Protocol::Resp3).await, connect_redis(&server.url(), Protocol::Resp3).await);
    fill(&healer).await;
    for cache in [&healer, &other] {
        migrator().run(cache).await.unwrap();
    }
    let state = || other.readiness().indexes()[0].state;
    assert_eq!(state(), IndexState::Ready);
    drop_index(&healer).await;
    let _ = Reading::find().count(&healer).await;
    // Heard before any answer that comes later.
    other.ping().await.unwrap();
    assert!(matches!(state(), IndexState::Filling { .. }), "{}", other.readiness());
    // Nobody asks: what is told next was looked at in the background.
    while state() != IndexState::Ready {
        tokio::task::yield_now().await;
    }
    assert_eq!(Reading::find().count(&other).await.unwrap(), u64::from(DOCUMENTS));
}

/// A connection on which somebody else is served between the look and the query that travels with it.
struct Between {
    inner: Arc<dyn Connection>,
    other: Cache,
    armed: AtomicBool,
    /// Whether the last number is told as if it were the first: the control.
    deaf: bool,
}

impl Connection for Between {
    fn send_all(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>> {
        Box::pin(async move {
            let commands = batch.commands().to_vec();
            let looks = |command: &Command| command.args().any(|word| word == b"FT.INFO");
            let Some(look) = commands.iter().position(looks).filter(|at| at + 1 < commands.len()) else {
                return self.inner.send_all(batch).await;
            };
            let (before, behind) = commands.split_at(look + 1);
            let mut answers = self.inner.send_all(Batch::pipeline(before.to_vec())).await?;
            if self.armed.swap(false, Ordering::SeqCst) {
                drop_index(&self.other).await;
                let _ = Reading::find().count(&self.other).await;
            }
            answers.extend(self.inner.send_all(Batch::pipeline(behind.to_vec())).await?);
            if self.deaf
                && let (Some(Ok(first)), true) =
                    (answers.first(), commands.last().is_some_and(|last| last.name() == "GET"))
            {
                let first = first.clone();
                answers.pop();
                answers.push(Ok(first));
            }
            Ok(answers)
        })
    }

    fn pushes(&self) -> Option<PushStream> {
        None
    }

    cache_tests::hand_on!(inner: send, capabilities, generation, deadline);
}

/// In RESP2, in which a look travels with each query.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn between_a_look_and_its_query_no_index_is_made_again_unseen() {
    let server = private_server().await;
    let healer = connect(&server.url(), Protocol::Resp2).await;
    fill(&healer).await;
    migrator().run(&healer).await.unwrap();
    for (deaf, rounds) in [(false, 8), (true, 8)] {
        let inner = Arc::clone(connect(&server.url(), Protocol::Resp2).await.connection());
        let between = Arc::new(Between { inner, other: healer.clone(), armed: AtomicBool::new(false), deaf });
        let cache = Cache::from_connection(between.clone());
        let mut seen = Seen::default();
        for _ in 0..rounds {
            between.armed.store(true, Ordering::SeqCst);
            seen.ask(&cache, deaf).await;
            assert!(!between.armed.load(Ordering::SeqCst), "it looked");
            until_filled(&healer).await;
        }
        println!("figures: {seen:?}, deaf: {deaf}");
        if deaf {
            assert!(seen.short > 0, "the control was never caught");
        } else {
            assert_eq!((seen.short, seen.refused > 0), (0, true));
        }
    }
}

/// A connection that is only being made when the first query is put together, and then is one that tells of changes.
struct Coming {
    inner: Arc<dyn Connection>,
    is_there: AtomicBool,
}

impl Connection for Coming {
    fn send(&self, command: Command) -> BoxFuture<'_, Result<Reply>> {
        self.is_there.store(true, Ordering::SeqCst);
        self.inner.send(command)
    }

    fn send_all(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>> {
        self.is_there.store(true, Ordering::SeqCst);
        self.inner.send_all(batch)
    }

    fn notices_flushes(&self) -> bool {
        self.is_there.load(Ordering::SeqCst) && self.inner.notices_flushes()
    }

    cache_tests::hand_on!(inner: capabilities, pushes, generation, changes_of, deadline);
}

/// In RESP3, in which alone there is something to hear.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_look_before_the_connection_was_there_is_not_one_that_hears() {
    let server = private_server().await;
    let healer = connect(&server.url(), Protocol::Resp3).await;
    fill(&healer).await;
    migrator().run(&healer).await.unwrap();
    let mut seen = Seen::default();
    for _ in 0..8 {
        until_filled(&healer).await;
        // Only the client of the `redis` crate hears of it.
        let inner = Arc::clone(connect_redis(&server.url(), Protocol::Resp3).await.connection());
        let cache = Cache::from_connection(Arc::new(Coming { inner, is_there: AtomicBool::new(false) }));
        assert_eq!(Reading::find().count(&cache).await.unwrap(), u64::from(DOCUMENTS));
        drop_index(&healer).await;
        let _ = Reading::find().count(&healer).await;
        seen.ask(&cache, false).await;
    }
    assert_eq!(seen.short, 0);
    assert!(seen.refused > 0, "nobody ever met an index that was being filled");
}

cache_tests::both! {
    cache_tests::on_threads => an_index_that_another_process_makes_again_is_not_taken_for_filled;
}
