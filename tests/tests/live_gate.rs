//! The gate on a real server: one at a time, and nobody touches another's key.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cache_core::{Cache, Command, Gate, GateError, OnLost, Outcome, Route};
use cache_tests::live;

fn gate() -> Gate {
    Gate::new("job").ttl(Duration::from_secs(20))
}

fn key(cache: &Cache) -> String {
    format!("{}:job:leader", cache.project_name().unwrap().unwrap())
}

async fn left(cache: &Cache) -> i64 {
    cache.command(Command::new("PTTL").key(key(cache))).await.unwrap().as_int().unwrap()
}

async fn only_one_runs_and_the_others_learn_who(cache: Cache) {
    let outcome: Result<_, GateError> = gate()
        .run(&cache, async |lease| {
            lease.check()?;
            let held = cache.command(Command::new("GET").key(key(&cache))).await?;
            assert_eq!(held.as_str(), Some(lease.token()));
            match gate().run(&cache, async |_| Ok::<_, GateError>(())).await? {
                Outcome::Busy { holder, ttl } => {
                    assert_eq!(holder, lease.token());
                    assert!(ttl.unwrap() <= Duration::from_secs(20));
                }
                other => panic!("{other:?}"),
            }
            Ok(7)
        })
        .await;
    assert_eq!(outcome.unwrap().ran(), Some(7));
    assert_eq!(left(&cache).await, -2, "without a grace the key goes at once");
}

async fn many_racers_do_the_work_once_at_a_time(cache: Cache) {
    let (inside, ran) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let racers: Vec<_> = (0..32)
        .map(|_| {
            let (cache, inside, ran) = (cache.clone(), Arc::clone(&inside), Arc::clone(&ran));
            tokio::spawn(async move {
                for _ in 0..20 {
                    let outcome = gate()
                        .run(&cache, async |_| {
                            assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0, "two are inside");
                            tokio::task::yield_now().await;
                            inside.fetch_sub(1, Ordering::SeqCst);
                            Ok::<_, GateError>(())
                        })
                        .await
                        .unwrap();
                    if outcome.ran().is_some() {
                        ran.fetch_add(1, Ordering::SeqCst);
                    }
                }
            })
        })
        .collect();
    for racer in racers {
        racer.await.unwrap();
    }
    assert!(ran.load(Ordering::SeqCst) > 0);
}

async fn after_success_the_key_stays_for_the_grace(cache: Cache) {
    let gate = gate().grace(Duration::from_secs(5));
    let outcome = gate.run(&cache, async |_| Ok::<_, GateError>(())).await.unwrap();
    assert!(matches!(outcome, Outcome::Ran(())), "{outcome:?}");
    assert!((1..=5_000).contains(&left(&cache).await));
    let again = gate.run(&cache, async |_| Ok::<_, GateError>(())).await.unwrap();
    assert!(matches!(again, Outcome::Busy { .. }), "{again:?}");
}

async fn an_error_releases_at_once_and_comes_through(cache: Cache) {
    let error = gate()
        .grace(Duration::from_secs(5))
        .run(&cache, async |_| Err::<(), _>(GateError::Settings("the work's own error")))
        .await
        .unwrap_err();
    assert!(matches!(error, GateError::Settings("the work's own error")), "{error}");
    assert_eq!(left(&cache).await, -2);
}

async fn a_successors_key_is_never_touched(cache: Cache) {
    for succeeds in [true, false] {
        let outcome = gate()
            .grace(Duration::from_secs(5))
            .run(&cache, async |_| {
                // The lease ran out, and another holder came.
                let set = Command::new("SET").key(key(&cache)).arg("successor").arg("PX").arg("60000");
                cache.command(set).await?;
                if succeeds { Ok(1) } else { Err(GateError::Settings("failed")) }
            })
            .await;
        if succeeds {
            assert!(matches!(outcome.unwrap(), Outcome::Lost(Some(1))));
        } else {
            assert!(outcome.is_err());
        }
        let held = cache.command(Command::new("GET").key(key(&cache))).await.unwrap();
        assert_eq!(held.as_str(), Some("successor"));
        assert!(left(&cache).await > 30_000, "the successor's time was changed");
        cache.command(Command::new("DEL").key(key(&cache))).await.unwrap();
    }
}

async fn a_holder_that_is_cancelled_is_in_nobodys_way(cache: Cache) {
    let short = gate();
    let holder = cache.clone();
    let task = tokio::spawn({
        let short = short.clone();
        async move { short.run(&holder, async |_| std::future::pending::<Result<(), GateError>>().await).await }
    });
    while left(&cache).await < 0 {}
    task.abort();
    assert!(task.await.unwrap_err().is_cancelled());
    let began = std::time::Instant::now();
    loop {
        match short.run(&cache, async |_| Ok::<_, GateError>(())).await.unwrap() {
            Outcome::Ran(()) => break,
            Outcome::Busy { .. } => assert!(began.elapsed() < Duration::from_secs(2)),
            other => panic!("{other:?}"),
        }
    }
}

async fn a_lease_knows_when_its_time_is_over(cache: Cache) {
    let outcome = Gate::new("job")
        .ttl(Duration::from_millis(100))
        .renew(false)
        .on_lost(OnLost::Signal)
        .run(&cache, async |lease| {
            lease.check()?;
            // PTTL answers 0 in a key's last millisecond.
            while left(&cache).await >= 0 {}
            Ok::<_, GateError>(lease.check())
        })
        .await
        .unwrap();
    match outcome {
        Outcome::Lost(Some(Err(GateError::Lost { key: lost }))) => assert_eq!(lost, key(&cache)),
        other => panic!("{other:?}"),
    }
}

async fn what_makes_no_sense_is_refused(cache: Cache) {
    let run = async |gate: Gate, cache: &Cache| {
        gate.run(cache, async |_| Ok::<_, GateError>(())).await.unwrap_err()
    };
    assert!(matches!(run(Gate::new(""), &cache).await, GateError::Server(_)));
    assert!(matches!(run(Gate::new("a{b}"), &cache).await, GateError::Settings(_)));
    assert!(matches!(run(gate().ttl(Duration::from_millis(500)), &cache).await, GateError::Settings(_)));
    assert!(matches!(run(gate().ttl(Duration::from_millis(1)), &cache).await, GateError::Settings(_)));
    assert!(matches!(run(gate().grace(Duration::from_secs(90_000)), &cache).await, GateError::Settings(_)));
    let without_project = cache_core::Cache::from_connection(Arc::clone(cache.connection()));
    assert!(matches!(run(gate(), &without_project).await, GateError::NoProject));
}

async fn scripts_are_sent_again_when_the_server_forgot_them(cache: Cache) {
    gate().run(&cache, async |_| Ok::<_, GateError>(())).await.unwrap().ran().unwrap();
    cache.command(Command::new("SCRIPT").arg("FLUSH").routed(Route::AllMasters)).await.unwrap();
    gate().run(&cache, async |_| Ok::<_, GateError>(())).await.unwrap().ran().unwrap();
}

live! {
    only_one_runs_and_the_others_learn_who,
    many_racers_do_the_work_once_at_a_time,
    after_success_the_key_stays_for_the_grace,
    an_error_releases_at_once_and_comes_through,
    a_successors_key_is_never_touched,
    a_holder_that_is_cancelled_is_in_nobodys_way,
    a_lease_knows_when_its_time_is_over,
    what_makes_no_sense_is_refused,
    scripts_are_sent_again_when_the_server_forgot_them,
}
