//! How many calls wait for the server at once.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::Ordering;
use std::task::Poll;
use std::time::Duration;

use cache_core::{Batch, Cache, CacheModel, Command, Degrade, Error, ErrorClass, Protocol, RedisSettings};
use cache_tests::{connect_with, degrade, dropped, private_server, speaking};
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use tokio::task::JoinHandle;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(ttl = "5m")]
struct Note {
    #[primary_key]
    id: u32,
}

const LIMIT: usize = 8;

/// A call that waits for the server, and was sent, until it is told to go on.
async fn waits(cache: &Cache) -> JoinHandle<cache_core::Result<()>> {
    let (cache, (sent, begun)) = (cache.clone(), tokio::sync::oneshot::channel());
    let waiting = tokio::spawn(async move {
        let call = Command::new("BLPOP").arg("nothing").arg("0").within(Duration::from_secs(30));
        let mut call = pin!(cache.command(call));
        assert!(poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await.is_pending());
        sent.send(()).unwrap();
        call.await.map(drop)
    });
    begun.await.unwrap();
    waiting
}

/// Lets those that wait in `waits` go on.
async fn go_on(other: &Cache, count: usize) {
    let push = (0..count).fold(Command::new("RPUSH").arg("nothing"), |push, _| push.arg("x"));
    other.command(push).await.unwrap();
}

async fn one_more_is_refused(protocol: Protocol) {
    let server = private_server().await;
    let other = connect_with(server.url()).await.unwrap();
    let settings = RedisSettings::new(server.url()).protocol(protocol).max_in_flight(LIMIT);
    let cache = connect_with(settings).await.unwrap();
    let mut waiting = Vec::new();
    for _ in 0..LIMIT {
        waiting.push(waits(&cache).await);
    }
    let refused = cache.ping().await.unwrap_err();
    assert!(matches!(refused, Error::Busy { limit: LIMIT }) && refused.is_unavailable());
    assert_eq!(ErrorClass::of(&refused), ErrorClass::Busy);
    let says = "8 calls have no answer yet, waited for or given up; ";
    assert!(refused.to_string().starts_with(says), "{refused}");
    assert!(refused.to_string().contains("max_in_flight"), "{refused}");
    assert!(Note { id: 1 }.save(&cache).await.unwrap_err().is_busy());
    assert!(Note::get_many(&cache, 0..9).await.unwrap_err().is_busy());
    assert!(cache.is_enabled(), "it says nothing of the server");
    // One that is given up counts no more.
    let given_up = waiting.swap_remove(0);
    given_up.abort();
    assert!(given_up.await.unwrap_err().is_cancelled());
    waiting.push(waits(&cache).await);
    // The server knows nothing of the one that was given up.
    go_on(&other, LIMIT + 1).await;
    for waiting in waiting {
        waiting.await.unwrap().unwrap();
    }
    cache.ping().await.unwrap();
    let all = join_all((0..LIMIT).map(|_| cache.ping())).await;
    assert!(all.iter().all(Result::is_ok));
}

/// Nobody waits then, which the error does not say. Through the `redis` crate: the other client has handed them all to the server.
async fn those_that_were_given_up_count_until_they_are_answered(protocol: Protocol) {
    let server = private_server().await;
    let settings = RedisSettings::new(server.url()).protocol(protocol).max_in_flight(2);
    let cache = Cache::connect(settings).await.unwrap();
    server.pause().await.unwrap();
    for _ in 0..2 {
        let given_up = tokio::time::timeout(Duration::from_millis(50), cache.ping()).await;
        assert!(given_up.is_err(), "{given_up:?}");
    }
    let refused = cache.ping().await.unwrap_err();
    assert!(matches!(refused, Error::Busy { limit: 2 }), "{refused}");
    assert!(refused.to_string().contains("given up"), "{refused}");
    server.resume().await.unwrap();
    let answered = async {
        while cache.ping().await.is_err_and(|error| error.is_busy()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), answered).await.unwrap();
    cache.ping().await.unwrap();
}

/// A batch is one call, and what a connection asks first is none.
async fn batches_wait_beside_each_other(protocol: Protocol) {
    let server = private_server().await;
    let settings = RedisSettings::new(server.url()).protocol(protocol).max_in_flight(2);
    let cache = connect_with(settings).await.unwrap();
    let other = connect_with(server.url()).await.unwrap();
    let batch = |name: &'static str| {
        let pings = (0..500).map(|n| Command::new(name).arg(n.to_string()).repeatable());
        cache.connection().send_all(Batch::pipeline(pings.collect()))
    };
    for round in 0..10 {
        for answers in join_all([batch("ECHO"), batch("PING")]).await {
            let answers = answers.unwrap();
            assert!(answers.len() == 500 && answers.iter().all(Result::is_ok), "round {round}");
        }
        // What comes next is on another connection, of which is asked first what it can do.
        other.command(Command::new("CLIENT").args_from(["KILL", "TYPE", "normal"])).await.unwrap();
    }
}

/// One by one, in pipelines and in transactions.
async fn what_is_dropped_answers_nobody_else(cache: Cache) {
    let seed = u64::from(std::process::id());
    let found = dropped::one_in_ten(&cache, seed, 400).await;
    let of = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::SeqCst);
    assert!(of(&found.dropped) > 100 && of(&found.answers) > 5_000, "{found:?}");
    assert!(of(&found.wrong) == 0 && of(&found.failed) == 0, "seed {seed}: {found:?}");
}

async fn a_degraded_cache_does_without_and_is_enabled_still(protocol: Protocol) {
    let server = private_server().await;
    let other = connect_with(speaking(server.url(), protocol)).await.unwrap();
    let cache = degrade(Degrade::new(), speaking(server.url(), protocol).max_in_flight(1)).await.unwrap();
    assert!(Note { id: 1 }.save(&cache).await.unwrap().stored());
    let waiting = waits(&cache).await;
    for _ in 0..40 {
        assert_eq!(Note::get(&cache, 1).await.unwrap(), None);
        assert!(!Note { id: 1 }.save(&cache).await.unwrap().stored());
    }
    assert!(cache.ping().await.unwrap_err().is_busy());
    assert!(cache.is_enabled());
    go_on(&other, 1).await;
    waiting.await.unwrap().unwrap();
    assert_eq!(Note::get(&cache, 1).await.unwrap(), Some(Note { id: 1 }));
}

cache_tests::both! {
    cache_tests::alone =>
        one_more_is_refused,
        batches_wait_beside_each_other,
        those_that_were_given_up_count_until_they_are_answered,
        a_degraded_cache_does_without_and_is_enabled_still;
    cache_tests::run =>
        what_is_dropped_answers_nobody_else;
}
