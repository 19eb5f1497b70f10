//! How leases end: over connections that break at that moment, with clones that others keep, by the work itself.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cache_core::testkit::{Direction, Fault, Proxy};
use cache_core::{
    Cache, Command, Gate, GateCounts, GateError, OnLost, OnUnavailable, OnceOutcome, Outcome, Protocol,
    Released,
};
use cache_tests::{connect_with, private_server, speaking};

/// Long beside what the tests take.
fn gate() -> Gate {
    Gate::new("job").ttl(Duration::from_secs(20))
}

async fn left(cache: &Cache) -> i64 {
    let key = format!("{}:job:leader", cache.project_name().unwrap().unwrap());
    cache.command(Command::new("PTTL").key(key)).await.unwrap().as_int().unwrap()
}

async fn gone(cache: &Cache) {
    let until = Instant::now() + Duration::from_secs(5);
    while left(cache).await != -2 {
        assert!(Instant::now() < until, "the key stays: {}", left(cache).await);
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// A server, a cache of it through a proxy, and one past it.
struct Line {
    _server: cache_core::embedded::Server,
    url: String,
    proxy: Arc<Proxy>,
    through: Cache,
    direct: Cache,
}

async fn line(protocol: Protocol) -> Line {
    let server = private_server().await;
    let proxy = Arc::new(Proxy::start(&server.url()).await.unwrap());
    let through = connect_with(speaking(proxy.url(), protocol)).await.unwrap().project("shop");
    let direct = connect_with(speaking(server.url(), protocol)).await.unwrap().project("shop");
    Line { url: server.url(), _server: server, proxy, through, direct }
}

impl Line {
    /// Nothing gets through for so long.
    fn breaks_for(&self, time: Duration) {
        self.proxy.refuse();
        let (proxy, url) = (Arc::clone(&self.proxy), self.url.clone());
        tokio::spawn(async move {
            tokio::time::sleep(time).await;
            proxy.redirect(&url).unwrap();
        });
    }
}

async fn the_end_of_work_is_noted_over_a_line_that_breaks(protocol: Protocol) {
    let line = line(protocol).await;
    for (number, broken) in [20, 300, 2_500].into_iter().enumerate() {
        let generation = format!("g{number}");
        let once = gate().once(&generation);
        let done = once
            .run_or_wait(&line.through, Duration::ZERO, async |_lease| {
                line.breaks_for(Duration::from_millis(broken));
                Ok::<_, GateError>("here")
            })
            .await;
        assert!(matches!(done, Ok(OnceOutcome::Ran("here"))), "{broken}: {done:?}");
        let again =
            once.run_or_wait(&line.direct, Duration::ZERO, async |_lease| Ok::<_, GateError>("again")).await;
        assert!(matches!(again, Ok(OnceOutcome::AlreadyDone)), "{broken}: {again:?}");
    }
}

async fn an_end_that_is_noted_and_not_heard_of_is_one(protocol: Protocol) {
    let line = line(protocol).await;
    let once = gate().once("g");
    let done = once
        .run_or_wait(&line.through, Duration::ZERO, async |_lease| {
            line.proxy.next(Direction::ToClient, Fault::Reset);
            Ok::<_, GateError>(())
        })
        .await;
    assert!(matches!(done, Ok(OnceOutcome::Ran(()))), "{done:?}");
}

/// A key that stays for a moment is gone when the connection asks again, which is no sign that it was lost.
async fn a_release_that_is_not_heard_of_is_no_loss(protocol: Protocol) {
    let line = line(protocol).await;
    for stay in [0, 1, 3, 10_000] {
        let gated = gate().grace(Duration::from_millis(stay));
        let done = gated
            .run(&line.through, async |_lease| {
                line.proxy.next(Direction::ToClient, Fault::Reset);
                Ok::<_, GateError>(7)
            })
            .await;
        assert!(matches!(done, Ok(Outcome::Ran(7))), "{stay}: {done:?}");
        let key = format!("{}:job:leader", line.direct.project_name().unwrap().unwrap());
        line.direct.command(Command::new("DEL").key(key)).await.unwrap();
    }
    assert!(line.through.shutdown(Duration::from_secs(10)).await);
    let counts = line.through.gate_counts();
    assert_eq!((counts.foreign_releases_prevented, counts.lost), (0, 0));
}

async fn what_cannot_be_noted_does_not_count_as_done(protocol: Protocol) {
    let line = line(protocol).await;
    let once = Gate::new("job").ttl(Duration::from_secs(1)).once("g");
    let done = once
        .run_or_wait(&line.through, Duration::ZERO, async |_lease| {
            line.proxy.refuse();
            Ok::<_, GateError>(())
        })
        .await;
    assert!(matches!(done, Ok(OnceOutcome::Lost(Some(())))), "{done:?}");
    gone(&line.direct).await;
    let again = once.run_or_wait(&line.direct, Duration::ZERO, async |_lease| Ok::<_, GateError>(())).await;
    assert!(matches!(again, Ok(OnceOutcome::Ran(()))), "{again:?}");
}

async fn a_drop_and_a_run_are_released_over_a_line_that_breaks(protocol: Protocol) {
    let line = line(protocol).await;
    let lease = gate().try_lock(&line.through).await.unwrap().unwrap();
    line.breaks_for(Duration::from_millis(300));
    drop(lease);
    assert!(!line.through.shutdown(Duration::from_millis(50)).await, "it is not done yet");
    assert!(line.through.shutdown(Duration::from_secs(10)).await);
    assert_eq!(left(&line.direct).await, -2);

    let done = gate()
        .run(&line.through, async |_lease| {
            line.breaks_for(Duration::from_millis(300));
            Ok::<_, GateError>(())
        })
        .await;
    assert!(matches!(done, Ok(Outcome::Ran(()))), "{done:?}");
    gone(&line.direct).await;
}

/// Somebody watches the lease from elsewhere, for ever.
fn watched(lease: &cache_core::Lease) -> tokio::task::JoinHandle<()> {
    let lease = lease.clone();
    tokio::spawn(async move { lease.lost().await })
}

async fn clones_keep_no_gate_shut(cache: Cache) {
    let (name, own) = (gate(), cache.clone());
    let panics = tokio::spawn(async move {
        let run = name.run(&own, async |lease| {
            watched(&lease);
            if lease.is_leased() {
                panic!("on purpose");
            }
            Ok::<_, GateError>(())
        });
        let _ = run.await;
    });
    assert!(panics.await.unwrap_err().is_panic());
    gone(&cache).await;

    let gated = gate();
    let run = gated.run(&cache, async |lease| {
        watched(&lease);
        std::future::pending::<Result<(), GateError>>().await
    });
    assert!(tokio::time::timeout(Duration::from_millis(100), run).await.is_err());
    gone(&cache).await;
    let once = gate().once("g");
    let once = once.run_or_wait(&cache, Duration::ZERO, async |lease| {
        watched(&lease);
        std::future::pending::<Result<(), GateError>>().await
    });
    assert!(tokio::time::timeout(Duration::from_millis(100), once).await.is_err());
    gone(&cache).await;
    assert_eq!(cache.gate_counts().released_by_drop, 3);
    // Whoever watches is told.
    let mut watcher = None;
    let done = gate()
        .run(&cache, async |lease| {
            watcher = Some(watched(&lease));
            Ok::<_, GateError>(())
        })
        .await;
    assert!(matches!(done, Ok(Outcome::Ran(()))));
    tokio::time::timeout(Duration::from_secs(5), watcher.unwrap()).await.unwrap().unwrap();
}

async fn work_may_give_its_lease_back(cache: Cache) {
    for on_lost in [OnLost::CancelBody, OnLost::Signal, OnLost::Abort] {
        let done = gate()
            .on_lost(on_lost)
            .run(&cache, async |lease| {
                let kept = lease.clone();
                assert_eq!(lease.release().await, Released::Released);
                assert_eq!(left(&cache).await, -2);
                assert!(kept.check().is_err());
                tokio::time::sleep(Duration::from_millis(20)).await;
                assert_eq!(kept.release().await, Released::Released, "as it was");
                Ok::<_, GateError>(7)
            })
            .await;
        assert!(matches!(done, Ok(Outcome::Ran(7))), "{done:?}");
    }
    let GateCounts { lost, released, .. } = cache.gate_counts();
    assert_eq!((lost, released), (0, 3));
    // What is to be noted has to be held to the end.
    let once = gate().once("g");
    let early = once
        .run_or_wait(&cache, Duration::ZERO, async |lease| {
            lease.release().await;
            Ok::<_, GateError>(())
        })
        .await;
    assert!(matches!(early, Ok(OnceOutcome::Lost(Some(())))), "{early:?}");
    let done = once.run_or_wait(&cache, Duration::ZERO, async |_lease| Ok::<_, GateError>(())).await;
    assert!(matches!(done, Ok(OnceOutcome::Ran(()))), "{done:?}");
}

async fn the_last_generations_are_known_however_fast_they_come(cache: Cache) {
    let mut done = Vec::new();
    for number in 0..150_u32 {
        // In no order.
        let once = gate().once(format!("{:08x}", number.wrapping_mul(0x9E37_79B9)));
        let ran = once.run_or_wait(&cache, Duration::ZERO, async |_lease| Ok::<_, GateError>(())).await;
        assert!(matches!(ran, Ok(OnceOutcome::Ran(()))), "{number}: {ran:?}");
        done.push(once);
        for once in done.iter().rev().take(64) {
            let again = once.run_or_wait(&cache, Duration::ZERO, async |_lease| Ok::<_, GateError>(())).await;
            assert!(matches!(again, Ok(OnceOutcome::AlreadyDone)), "{number}: {again:?}");
        }
    }
}

async fn periods_are_no_generations(cache: Cache) {
    let once = gate().once("release-7");
    let ran = once.run_or_wait(&cache, Duration::ZERO, async |_lease| Ok::<_, GateError>(())).await;
    assert!(matches!(ran, Ok(OnceOutcome::Ran(()))), "{ran:?}");
    let every = gate().every(Duration::from_millis(100));
    for _ in 0..3 {
        every.next(&cache, async |_lease| Ok::<_, GateError>(())).await.unwrap();
    }
    let done = format!("{{{}:job:leader}}:done", cache.project_name().unwrap().unwrap());
    let count = async |key: &str| cache.command(Command::new("ZCARD").key(key)).await.unwrap().as_int();
    assert_eq!((count(&done).await, count(&format!("{done}:every")).await), (Some(1), Some(3)));
}

async fn a_holder_of_another_library_has_no_age_here(cache: Cache) {
    gate().run(&cache, async |_lease| Ok::<_, GateError>(())).await.unwrap().ran().unwrap();
    let key = format!("{}:job:leader", cache.project_name().unwrap().unwrap());
    cache.command(Command::new("SET").key(key).arg("4711").arg("PX").arg("60000")).await.unwrap();
    let holder = gate().inspect(&cache).await.unwrap().unwrap();
    assert_eq!((holder.token.as_str(), holder.process, holder.fence, holder.age), ("4711", None, 0, None));
}

async fn a_strict_gate_looks_each_time(protocol: Protocol) {
    let server = private_server().await;
    let cache = connect_with(speaking(server.url(), protocol)).await.unwrap().project("shop");
    let strict = gate().strict();
    let run = async || strict.run(&cache, async |_lease| Ok::<_, GateError>(())).await;
    assert!(matches!(run().await, Ok(Outcome::Ran(()))));
    let policy = |policy: &str| Command::new("CONFIG").args_from(["SET", "maxmemory-policy", policy]);
    cache.command(policy("allkeys-lru")).await.unwrap();
    assert!(matches!(run().await, Err(GateError::Evictable { .. })));
    cache.command(policy("noeviction")).await.unwrap();
    assert!(matches!(run().await, Ok(Outcome::Ran(()))));
}

async fn a_server_that_takes_no_writes_is_none_for_a_gate(protocol: Protocol) {
    let server = private_server().await;
    let cache = connect_with(speaking(server.url(), protocol)).await.unwrap().project("shop");
    cache.command(Command::new("CONFIG").args_from(["SET", "min-replicas-to-write", "1"])).await.unwrap();
    let run = async |gate: Gate| gate.run(&cache, async |lease| Ok::<_, GateError>(lease.is_leased())).await;
    let skipped = run(gate()).await;
    assert!(matches!(skipped, Ok(Outcome::Unavailable(_))), "{skipped:?}");
    assert!(run(gate().on_unavailable(OnUnavailable::Fail)).await.is_err());
    let unleased = run(gate().on_unavailable(OnUnavailable::RunUnleased)).await;
    assert!(matches!(unleased, Ok(Outcome::Ran(false))), "{unleased:?}");
    for contradiction in [
        gate().on_unavailable(OnUnavailable::RunUnleased).strict(),
        gate().renew(false).max_hold(Duration::from_secs(60)),
    ] {
        assert!(matches!(run(contradiction).await, Err(GateError::Settings(_))));
    }
}

cache_tests::both! {
    cache_tests::alone =>
        the_end_of_work_is_noted_over_a_line_that_breaks,
        an_end_that_is_noted_and_not_heard_of_is_one,
        a_release_that_is_not_heard_of_is_no_loss,
        what_cannot_be_noted_does_not_count_as_done,
        a_drop_and_a_run_are_released_over_a_line_that_breaks,
        a_strict_gate_looks_each_time,
        a_server_that_takes_no_writes_is_none_for_a_gate;
    cache_tests::run =>
        clones_keep_no_gate_shut,
        work_may_give_its_lease_back,
        the_last_generations_are_known_however_fast_they_come,
        periods_are_no_generations,
        a_holder_of_another_library_has_no_age_here;
}
