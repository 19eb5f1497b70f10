//! Waiting for a gate: with RESP3 the server calls, and in any case the key is looked at again. Through the `redis` crate: with
//! `fred` nobody is called. What is about being called speaks RESP3 alone, in which servers call.

use std::time::{Duration, Instant};

use cache_core::{Cache, Command, Gate, GateError, Lease, OnceOutcome, Protocol};
use cache_tests::{connect_redis, private_server};

/// Less than the shortest pause between two looks at the key.
const CALLED: Duration = Duration::from_millis(200);

fn gate() -> Gate {
    Gate::new("job").ttl(Duration::from_secs(60))
}

async fn lease(cache: &Cache) -> Lease {
    gate().try_lock(cache).await.unwrap().expect("the gate is free")
}

/// How many keys the server tracks for its clients.
async fn tracked(cache: &Cache) -> u64 {
    let info = cache.command(Command::new("INFO").arg("stats")).await.unwrap();
    let line = |line: &str| line.strip_prefix("tracking_total_keys:")?.trim().parse().ok();
    info.as_str().unwrap().lines().find_map(line).unwrap()
}

/// A waiter on a connection of its own, which is waiting by now, and how long it waited when what it waits for happened.
async fn called<F, R>(protocol: Protocol, rounds: u32, wait: impl Fn(Cache) -> F, happens: R) -> Vec<Duration>
where
    F: Future<Output = ()> + Send + 'static,
    R: AsyncFn(Lease),
{
    let server = private_server().await;
    let (cache, other) =
        (connect_redis(&server.url(), protocol).await, connect_redis(&server.url(), protocol).await);
    let (cache, other) = (cache.project("waits"), other.project("waits"));
    let mut waited = Vec::new();
    for round in 0..rounds {
        let held = lease(&cache).await;
        let waits = tokio::spawn(wait(other.clone()));
        while other.gate_counts().denied <= u64::from(round) {
            tokio::task::yield_now().await;
        }
        while protocol == Protocol::Resp3 && tracked(&cache).await == 0 {}
        let began = Instant::now();
        happens(held).await;
        waits.await.unwrap();
        waited.push(began.elapsed());
        cache.shutdown(Duration::from_secs(5)).await;
    }
    waited
}

async fn locks(cache: Cache) {
    let lease = gate().lock(&cache).wait(Duration::from_secs(20)).await.unwrap().expect("it is given back");
    lease.release().await;
}

async fn release(lease: Lease) {
    lease.release().await;
}

fn shown(what: &str, mut waited: Vec<Duration>) -> Duration {
    waited.sort();
    let (median, longest) = (waited[waited.len() / 2], waited[waited.len() - 1]);
    println!("{what}: median {median:?}, longest {longest:?}");
    longest
}

#[tokio::test]
async fn a_waiter_is_called_when_the_gate_is_given_back() {
    let longest = shown("RESP3, released", called(Protocol::Resp3, 20, locks, release).await);
    assert!(longest < CALLED, "{longest:?}");
}

#[tokio::test]
async fn a_waiter_is_called_when_a_lease_is_dropped() {
    let longest =
        shown("RESP3, dropped", called(Protocol::Resp3, 10, locks, async |lease| drop(lease)).await);
    assert!(longest < CALLED, "{longest:?}");
}

#[tokio::test]
async fn a_waiter_in_resp2_looks_again() {
    let longest = shown("RESP2, released", called(Protocol::Resp2, 5, locks, release).await);
    assert!(longest < Duration::from_millis(2_500), "{longest:?}");
}

#[tokio::test]
async fn whoever_waits_for_a_generation_is_called_when_it_is_done() {
    let server = private_server().await;
    let cache = connect_redis(&server.url(), Protocol::Resp3).await.project("waits");
    let other = connect_redis(&server.url(), Protocol::Resp3).await.project("waits");
    let once = gate().grace(Duration::from_secs(30)).once("2026");
    let mut done = None;
    let follower = once.clone();
    let outcome: Result<_, GateError> = once
        .run_or_wait(&cache, Duration::from_secs(1), async |_| {
            let waits = tokio::spawn(async move {
                let outcome = follower
                    .run_or_wait(&other, Duration::from_secs(20), async |_| Ok::<_, GateError>(()))
                    .await
                    .unwrap();
                (outcome, Instant::now())
            });
            while tracked(&cache).await == 0 {}
            done = Some((waits, Instant::now()));
            Ok(())
        })
        .await;
    assert!(matches!(outcome, Ok(OnceOutcome::Ran(()))));
    let (waits, began) = done.unwrap();
    let (outcome, ended) = waits.await.unwrap();
    assert!(matches!(outcome, OnceOutcome::Waited), "{outcome:?}");
    // The grace keeps the key for long: it is its new end that is told.
    assert!(ended - began < CALLED, "{:?}", ended - began);
}

#[tokio::test]
async fn a_hint_that_was_lost_is_not_waited_for() {
    let server = private_server().await;
    let cache = connect_redis(&server.url(), Protocol::Resp3).await.project("waits");
    let other = connect_redis(&server.url(), Protocol::Resp3).await.project("waits");
    let held = lease(&cache).await;
    let waits = tokio::spawn({
        let other = other.clone();
        async move { locks(other).await }
    });
    while tracked(&cache).await == 0 {}
    // Nothing is tracked any more, and nobody is told: the pause ends all the same.
    let off = Command::new("CLIENT").arg("KILL").arg("TYPE").arg("normal").arg("SKIPME").arg("yes");
    cache.command(off).await.unwrap();
    held.release().await;
    let began = Instant::now();
    waits.await.unwrap();
    assert!(began.elapsed() < Duration::from_millis(2_500), "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_key_that_another_library_holds_calls_too() {
    let server = private_server().await;
    let cache = connect_redis(&server.url(), Protocol::Resp3).await.project("waits");
    let key = "waits:job:leader";
    for ends in ["DEL", "PEXPIRE"] {
        cache.command(Command::new("SET").key(key).arg("4711")).await.unwrap();
        let waits = tokio::spawn(locks(cache.clone()));
        while tracked(&cache).await == 0 {}
        let end = Command::new(ends).key(key);
        let began = Instant::now();
        cache.command(if ends == "DEL" { end } else { end.arg("1") }).await.unwrap();
        waits.await.unwrap();
        assert!(began.elapsed() < CALLED, "{ends}: {:?}", began.elapsed());
    }
}
