//! Leases on a real server: renewed, lost, given back, waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cache_core::{
    Cache, Command, Gate, GateError, Layout, OnError, OnLost, OnceOutcome, Outcome, Released, Scope,
};
use cache_tests::live;

/// Renewed every third of it: a busy machine may keep everybody waiting for half of it.
const SHORT: Duration = Duration::from_millis(1_500);

fn short() -> Gate {
    Gate::new("job").ttl(SHORT).any_ttl()
}

fn key(cache: &Cache) -> String {
    format!("{}:job:leader", cache.project_name().unwrap().unwrap())
}

async fn left(cache: &Cache) -> i64 {
    cache.command(Command::new("PTTL").key(key(cache))).await.unwrap().as_int().unwrap()
}

async fn gone(cache: &Cache) {
    let until = Instant::now() + Duration::from_secs(5);
    while left(cache).await != -2 {
        assert!(Instant::now() < until, "the key stays");
    }
}

async fn a_lease_is_renewed_while_its_work_runs(cache: Cache) {
    let began = Instant::now();
    let outcome = short()
        .run(&cache, async |lease| {
            while began.elapsed() < SHORT * 4 {
                lease.check()?;
                let held = cache.command(Command::new("GET").key(key(&cache))).await?;
                assert_eq!(held.as_str(), Some(lease.token()));
            }
            Ok::<_, GateError>(())
        })
        .await
        .unwrap();
    assert!(matches!(outcome, Outcome::Ran(())), "{outcome:?}");
    assert!(cache.gate_counts().renewed >= 4, "{:?}", cache.gate_counts());
}

async fn a_lease_is_not_renewed_beyond_its_longest_time(cache: Cache) {
    let gate = short().max_hold(SHORT * 2);
    let began = Instant::now();
    let outcome = gate.run(&cache, async |_| std::future::pending::<Result<(), GateError>>().await).await;
    assert!(matches!(outcome, Ok(Outcome::Lost(None))), "{outcome:?}");
    assert!(began.elapsed() >= SHORT * 2 && began.elapsed() < SHORT * 8, "{:?}", began.elapsed());
}

async fn work_whose_key_is_taken_is_cancelled_before_its_time_is_over(cache: Cache) {
    let gate = Gate::new("job").ttl(Duration::from_millis(900)).any_ttl();
    let began = Instant::now();
    let outcome = gate
        .run(&cache, async |lease| {
            cache.command(Command::new("SET").key(key(&cache)).arg("another").arg("PX").arg("60000")).await?;
            lease.lost().await;
            std::future::pending::<Result<(), GateError>>().await
        })
        .await;
    assert!(matches!(outcome, Ok(Outcome::Lost(None))), "{outcome:?}");
    assert!(began.elapsed() < Duration::from_millis(880), "told by the renewal: {:?}", began.elapsed());
    assert!(left(&cache).await > 30_000, "the other's key was touched");
    assert_eq!(cache.gate_counts().lost, 1);
}

async fn signalled_work_goes_on(cache: Cache) {
    let outcome = short()
        .on_lost(OnLost::Signal)
        .run(&cache, async |lease| {
            cache.command(Command::new("DEL").key(key(&cache))).await?;
            lease.lost().await;
            assert!(matches!(lease.check(), Err(GateError::Lost { .. })));
            Ok::<_, GateError>(5)
        })
        .await;
    assert!(matches!(outcome, Ok(Outcome::Lost(Some(5)))), "{outcome:?}");
}

async fn fences_grow_also_when_the_keys_are_lost(cache: Cache) {
    let mut last = 0;
    for round in 0..40 {
        let lease = short().try_lock(&cache).await.unwrap().expect("nobody holds it");
        assert!(lease.fence() > last, "round {round}: {} after {last}", lease.fence());
        last = lease.fence();
        assert_eq!(lease.release().await, Released::Released);
        if round % 4 == 0 {
            let fence = format!("{{{}}}:f", key(&cache));
            assert_eq!(cache.command(Command::new("DEL").key(fence)).await.unwrap().as_int(), Some(1));
        }
    }
}

async fn a_dropped_lease_is_given_back_with_its_last_clone(cache: Cache) {
    let lease = short().ttl(Duration::from_secs(60)).try_lock(&cache).await.unwrap().unwrap();
    let other = lease.clone();
    drop(lease);
    assert!(cache.shutdown(Duration::from_secs(5)).await);
    assert!(other.check().is_ok() && left(&cache).await > 0);
    drop(other);
    assert!(cache.shutdown(Duration::from_secs(5)).await);
    assert_eq!(left(&cache).await, -2);
    assert_eq!(cache.gate_counts().released_by_drop, 1);
}

async fn a_panic_gives_the_lease_back(cache: Cache) {
    let (inner, gate) = (cache.clone(), short().ttl(Duration::from_secs(60)).grace(Duration::from_secs(60)));
    let run = tokio::spawn(async move {
        let _ = gate.run(&inner, async |_| -> Result<(), GateError> { panic!("as the test wants") }).await;
    });
    assert!(run.await.unwrap_err().is_panic());
    gone(&cache).await;
}

async fn errors_may_keep_the_gate_shut(cache: Cache) {
    let failing = async |gate: Gate| {
        let work = async |_| Err::<(), _>(GateError::Settings("failed"));
        assert!(gate.run(&cache, work).await.is_err());
        let left = left(&cache).await;
        cache.command(Command::new("DEL").key(key(&cache))).await.unwrap();
        left
    };
    let gate = Gate::new("job").grace(Duration::from_secs(5));
    assert_eq!(failing(gate.clone()).await, -2);
    assert!((1..=5_000).contains(&failing(gate.clone().on_error(OnError::Grace)).await));
    let backoff = OnError::Backoff(Duration::from_secs(9));
    assert!((5_001..=9_000).contains(&failing(gate.on_error(backoff)).await));
}

async fn a_key_stays_at_least_as_long_as_was_wanted_from_the_start(cache: Cache) {
    let gate = Gate::new("job").at_least(Duration::from_secs(20)).grace(Duration::from_secs(1));
    gate.run(&cache, async |_| Ok::<_, GateError>(())).await.unwrap().ran().unwrap();
    assert!((15_000..=20_000).contains(&left(&cache).await));
}

async fn a_lock_is_had_when_it_is_released_or_expires(cache: Cache) {
    let gate = short();
    let lease = gate.try_lock(&cache).await.unwrap().unwrap();
    assert!(gate.try_lock(&cache).await.unwrap().is_none());
    assert!(gate.lock(&cache).wait(Duration::from_millis(50)).await.unwrap().is_none());
    let (waiting, other) = (gate.clone(), cache.clone());
    let waiter = tokio::spawn(async move { waiting.lock(&other).wait(Duration::from_secs(30)).await });
    assert_eq!(lease.release().await, Released::Released);
    let lease = waiter.await.unwrap().unwrap().expect("the gate is free");
    // Nobody renews a key like this one: it expires.
    assert_eq!(lease.release().await, Released::Released);
    let set = Command::new("SET").key(key(&cache)).arg("4711").arg("PX").arg("300");
    cache.command(set).await.unwrap();
    assert!(gate.lock(&cache).wait(Duration::from_secs(30)).await.unwrap().is_some());
}

async fn a_generation_is_done_once_and_others_wait_for_its_end(cache: Cache) {
    let (done, gate) = (Arc::new(AtomicU32::new(0)), short());
    let once = |generation: &'static str| {
        let (cache, done, gate) = (cache.clone(), Arc::clone(&done), gate.clone());
        tokio::spawn(async move {
            let before = done.load(Ordering::SeqCst);
            let work = async |_| {
                tokio::time::sleep(Duration::from_millis(100)).await;
                Ok::<_, GateError>(done.fetch_add(1, Ordering::SeqCst))
            };
            let outcome = gate.once(generation).run_or_wait(&cache, Duration::from_secs(30), work).await;
            assert!(done.load(Ordering::SeqCst) > before, "returned before it was done");
            outcome.unwrap()
        })
    };
    let racers: Vec<_> = (0..12).map(|_| once("v1")).collect();
    let mut ran = 0;
    for racer in racers {
        let outcome = racer.await.unwrap();
        assert!(outcome.is_done(), "{outcome:?}");
        ran += u32::from(matches!(outcome, OnceOutcome::Ran(_)));
    }
    assert_eq!((ran, done.load(Ordering::SeqCst)), (1, 1));
    let again = gate.once("v1").run_or_wait(&cache, Duration::ZERO, async |_| Ok::<_, GateError>(())).await;
    assert!(matches!(again, Ok(OnceOutcome::AlreadyDone)), "{again:?}");
    let next = gate.once("v2").run_or_wait(&cache, Duration::ZERO, async |_| Ok::<_, GateError>(())).await;
    assert!(matches!(next, Ok(OnceOutcome::Ran(()))), "{next:?}");
    let old = gate.once("v1").run_or_wait(&cache, Duration::ZERO, async |_| Ok::<_, GateError>(())).await;
    assert!(matches!(old, Ok(OnceOutcome::AlreadyDone)), "an older release does not do it again: {old:?}");
}

async fn a_leader_that_fails_is_followed_by_a_waiter(cache: Cache) {
    let gate = short();
    let failed = gate
        .once("v1")
        .run_or_wait(&cache, Duration::ZERO, async |_| Err::<(), _>(GateError::Settings("failed")))
        .await;
    assert!(failed.is_err());
    let next = gate.once("v1").run_or_wait(&cache, Duration::ZERO, async |_| Ok::<_, GateError>(())).await;
    assert!(matches!(next, Ok(OnceOutcome::Ran(()))), "{next:?}");
}

async fn a_schedule_runs_once_a_period(cache: Cache) {
    let (ran, period) = (Arc::new(AtomicU32::new(0)), Duration::from_millis(500));
    let processes: Vec<_> = (0..6)
        .map(|_| {
            let (cache, ran, schedule) = (cache.clone(), Arc::clone(&ran), short().every(period));
            tokio::spawn(async move {
                for _ in 0..3 {
                    let count = async |_| Ok::<_, GateError>(ran.fetch_add(1, Ordering::SeqCst));
                    schedule.next(&cache, count).await.unwrap();
                }
            })
        })
        .collect();
    for process in processes {
        process.await.unwrap();
    }
    // They started within one period, or around the end of one.
    let ran = ran.load(Ordering::SeqCst);
    assert!((3..=4).contains(&ran), "{ran}");
}

async fn whoever_looks_sees_who_holds_it(cache: Cache) {
    let gate = short();
    assert_eq!(gate.inspect(&cache).await.unwrap(), None);
    let lease = gate.try_lock(&cache).await.unwrap().unwrap();
    let holder = gate.inspect(&cache).await.unwrap().unwrap();
    assert_eq!((holder.token.as_str(), holder.fence), (lease.token(), lease.fence()));
    assert_eq!(holder.process, Some(std::process::id()));
    assert!(holder.ttl.unwrap() <= SHORT && holder.age.unwrap() < Duration::from_secs(10));
    lease.release().await;
    cache.command(Command::new("SET").key(key(&cache)).arg("4711")).await.unwrap();
    let python = gate.inspect(&cache).await.unwrap().unwrap();
    assert_eq!((python.token.as_str(), python.host, python.ttl), ("4711", None, None));
}

async fn scopes_and_layouts_have_keys_of_their_own(cache: Cache) {
    let project = cache.project_name().unwrap().unwrap().to_owned();
    let fleet = short().try_lock(&cache).await.unwrap().unwrap();
    let host = short().scope(Scope::Host).try_lock(&cache).await.unwrap().unwrap();
    let parent = short().scope(Scope::Parent).try_lock(&cache).await.unwrap().unwrap();
    let lock = short().layout(Layout::Lock).try_lock(&cache).await.unwrap().unwrap();
    assert_eq!(fleet.key(), format!("{project}:job:leader"));
    assert_eq!(lock.key(), format!("{project}:lock:job"));
    assert!(host.key().starts_with(&format!("{project}:job@")) && host.key().ends_with(":leader"));
    assert!(parent.key().contains('/') && parent.key() != host.key());
}

live! {
    a_lease_is_renewed_while_its_work_runs,
    a_lease_is_not_renewed_beyond_its_longest_time,
    work_whose_key_is_taken_is_cancelled_before_its_time_is_over,
    signalled_work_goes_on,
    fences_grow_also_when_the_keys_are_lost,
    a_dropped_lease_is_given_back_with_its_last_clone,
    a_panic_gives_the_lease_back,
    errors_may_keep_the_gate_shut,
    a_key_stays_at_least_as_long_as_was_wanted_from_the_start,
    a_lock_is_had_when_it_is_released_or_expires,
    a_generation_is_done_once_and_others_wait_for_its_end,
    a_leader_that_fails_is_followed_by_a_waiter,
    a_schedule_runs_once_a_period,
    whoever_looks_sees_who_holds_it,
    scopes_and_layouts_have_keys_of_their_own,
}
