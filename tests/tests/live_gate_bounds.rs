//! Waits for a gate end with their bound, whatever the connection does; and what an attempt may have won by then is given
//! back.

use std::time::{Duration, Instant};

use cache_core::embedded::Server;
use cache_core::testkit::{Direction, Fault, Proxy};
use cache_core::{Cache, Command, Error, Gate, GateError, OnceOutcome, Protocol};
use cache_tests::{connect, private_server};

/// For how long is waited.
const BOUND: Duration = Duration::from_millis(300);

/// Far more than a bound, and far less than the ttl.
const LATE: Duration = Duration::from_millis(1_500);

/// What a busy machine adds.
const SLACK: Duration = Duration::from_millis(400);

fn gate() -> Gate {
    Gate::new("job").ttl(Duration::from_secs(20))
}

/// A server, a cache of it through a proxy that was used before, and one past it.
struct Line {
    _server: Server,
    proxy: Proxy,
    through: Cache,
    direct: Cache,
}

async fn line(protocol: Protocol) -> Line {
    let server = private_server().await;
    let proxy = Proxy::start(&server.url()).await.unwrap();
    let through = connect(&proxy.url(), protocol).await.project("shop");
    let direct = connect(&server.url(), protocol).await.project("shop");
    gate().try_lock(&through).await.unwrap().expect("it is free").release().await;
    assert!(through.shutdown(Duration::from_secs(5)).await);
    Line { _server: server, proxy, through, direct }
}

impl Line {
    async fn is_held(&self) -> bool {
        let holder = self.direct.command(Command::new("EXISTS").key("shop:job:leader")).await.unwrap();
        holder.as_int() == Some(1)
    }

    /// The key of the attempt is there at some time, and goes long before its ttl is over.
    async fn is_given_back(&self) {
        let began = Instant::now();
        assert!(self.through.shutdown(Duration::from_secs(10)).await, "it is not asked for any more");
        while self.is_held().await {
            assert!(began.elapsed() < Duration::from_secs(10), "the key stays");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        // Nothing that is on its way makes it again.
        let time = self.direct.command(Command::new("GET").key("{shop:job:leader}:f")).await.unwrap();
        assert!(time.as_str().is_some());
        gate().try_lock(&self.direct).await.unwrap().expect("it is free").release().await;
    }
}

async fn an_attempt_is_cut(protocol: Protocol, direction: Direction) {
    let line = line(protocol).await;
    line.proxy.next(direction, Fault::Delay(LATE));
    let began = Instant::now();
    let waited = gate().lock(&line.through).wait(BOUND).await;
    let took = began.elapsed();
    assert!((BOUND..BOUND + SLACK).contains(&took), "{direction:?}: {took:?}");
    match waited {
        Err(GateError::Server(Error::Timeout { after, .. })) => assert_eq!(after, BOUND),
        other => panic!("{direction:?}: {other:?}"),
    }
    if direction == Direction::ToClient {
        assert!(line.through.gate_counts().unavailable > 0);
    }
    line.is_given_back().await;
}

async fn an_attempt_whose_answer_is_late_is_cut(protocol: Protocol) {
    an_attempt_is_cut(protocol, Direction::ToClient).await;
}

async fn an_attempt_that_arrives_late_is_cut_and_undone(protocol: Protocol) {
    an_attempt_is_cut(protocol, Direction::ToServer).await;
}

async fn whoever_waits_for_a_generation_is_not_kept_longer(protocol: Protocol) {
    let line = line(protocol).await;
    line.proxy.next(Direction::ToClient, Fault::Delay(LATE));
    let (began, mut ran) = (Instant::now(), false);
    let once = gate().once("2026");
    let outcome = once.run_or_wait(&line.through, BOUND, async |_| {
        ran = true;
        Ok::<_, GateError>(())
    });
    let outcome = outcome.await.unwrap();
    let took = began.elapsed();
    assert!((BOUND..BOUND + SLACK).contains(&took) && !ran, "{took:?}");
    assert!(matches!(outcome, OnceOutcome::Unavailable(Error::Timeout { .. })), "{outcome:?}");
    line.is_given_back().await;
    let outcome = once.run_or_wait(&line.through, BOUND, async |_| Ok::<_, GateError>(())).await.unwrap();
    assert!(matches!(outcome, OnceOutcome::Ran(())), "{outcome:?}");
}

/// Somebody holds it, which was said before the line fell silent.
async fn who_heard_of_a_holder_is_told_that_it_was_not_in_time(protocol: Protocol) {
    let line = line(protocol).await;
    let held = gate().try_lock(&line.direct).await.unwrap().expect("it is free");
    let began = Instant::now();
    let gate = gate();
    let (waited, ()) = tokio::join!(gate.lock(&line.through).wait(BOUND * 3), async {
        while line.through.gate_counts().denied == 0 {
            tokio::task::yield_now().await;
        }
        line.proxy.silence(Direction::ToClient);
    });
    let took = began.elapsed();
    assert!(matches!(waited, Ok(None)), "{waited:?}");
    assert!((BOUND * 3..BOUND * 3 + SLACK).contains(&took), "{took:?}");
    held.release().await;
}

async fn without_a_bound_it_is_asked_once(protocol: Protocol) {
    let line = line(protocol).await;
    line.proxy.next(Direction::ToClient, Fault::Delay(BOUND));
    let began = Instant::now();
    let lease = gate().lock(&line.through).wait(Duration::ZERO).await.unwrap().expect("it is free");
    assert!(began.elapsed() >= BOUND);
    let began = Instant::now();
    assert!(gate().lock(&line.direct).wait(Duration::ZERO).await.unwrap().is_none());
    assert!(began.elapsed() < BOUND, "{:?}", began.elapsed());
    lease.release().await;
}

/// The last looks come before the end of the wait.
async fn what_is_given_back_shortly_before_the_end_is_had(protocol: Protocol) {
    let line = line(protocol).await;
    let (mut had, mut tries) = (0, 0);
    // A busy machine may keep a look, or what is given back, until the end is over.
    while had < 3 && tries < 15 {
        tries += 1;
        let held = gate().try_lock(&line.direct).await.unwrap().expect("it is free");
        let gate = gate();
        let (waited, _) = tokio::join!(gate.lock(&line.through).wait(BOUND), async {
            tokio::time::sleep(BOUND / 3).await;
            held.release().await
        });
        if let Some(lease) = waited.unwrap() {
            lease.release().await;
            had += 1;
        }
    }
    assert_eq!(had, 3, "it was given back in time, {tries} times");
}

cache_tests::both! {
    an_attempt_whose_answer_is_late_is_cut,
    an_attempt_that_arrives_late_is_cut_and_undone,
    whoever_waits_for_a_generation_is_not_kept_longer,
    who_heard_of_a_holder_is_told_that_it_was_not_in_time,
    without_a_bound_it_is_asked_once,
    what_is_given_back_shortly_before_the_end_is_had,
}
