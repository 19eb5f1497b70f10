//! Small programs around gates, as somebody writes them who has read the docs and nothing else.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cache_core::{
    Blocking, Cache, CacheModel, Degrade, Error, Gate, GateError, Lease, OnLost, OnceOutcome, Outcome,
    Released, gate,
};
use cache_tests::{connect, degrade, live, private_server};
use serde::{Deserialize, Serialize};
use tokio::sync::{Mutex, watch};

type BoxError = Box<dyn StdError + Send + Sync>;

const SHORT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(20);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Setting {
    #[primary_key]
    name: String,
    value: u32,
}

/// A boot that seeds, in replicas that each spawn it; its errors are those of the service.
async fn a_boot_that_seeds(cache: Cache) {
    async fn seed(cache: &Cache) -> Result<u32, BoxError> {
        let settings = (0..3).map(|value| Setting { name: format!("s{value}"), value });
        for setting in settings {
            let _ = setting.save(cache).await?;
        }
        Ok("3".parse()?)
    }
    let replicas = (0..4).map(|_| {
        let cache = cache.clone();
        tokio::spawn(async move {
            let gate = Gate::new("bootstrap").grace(LONG);
            let outcome = gate.run(&cache, async |_lease| seed(&cache).await).await?;
            Ok::<_, BoxError>(outcome.ran())
        })
    });
    let mut seeded = 0;
    for replica in replicas.collect::<Vec<_>>() {
        seeded += replica.await.unwrap().unwrap().unwrap_or_default();
    }
    assert_eq!(seeded, 3);
    assert_eq!(Setting::get(&cache, "s2").await.unwrap().unwrap().value, 2);
}

/// Leaders follow each other: one that is told to end gives the gate back, and the next one is called.
async fn leaders_that_follow_each_other(cache: Cache) {
    let (stop, leads) = (Arc::new(AtomicU32::new(0)), Arc::new(Mutex::new(Vec::new())));
    let candidates = (0..3).map(|who| {
        let (cache, stop, leads) = (cache.clone(), Arc::clone(&stop), Arc::clone(&leads));
        tokio::spawn(async move {
            let gate = Gate::new("leader").ttl(LONG);
            let Some(lease) = gate.lock(&cache).wait(LONG).await? else { return Ok(None) };
            leads.lock().await.push((who, lease.fence()));
            let lost = tokio::select! {
                () = lease.lost() => true,
                () = async {
                    while stop.load(Ordering::Relaxed) == 0 {
                        if lease.check().is_err() { return }
                        tokio::time::sleep(SHORT).await;
                    }
                } => false,
            };
            stop.fetch_sub(1, Ordering::Relaxed);
            Ok::<_, GateError>((!lost).then_some(lease.release().await))
        })
    });
    let candidates: Vec<_> = candidates.collect();
    stop.fetch_add(3, Ordering::Relaxed);
    for candidate in candidates {
        assert_eq!(candidate.await.unwrap().unwrap(), Some(Released::Released));
    }
    let leads = leads.lock().await.clone();
    assert!(leads.len() == 3 && leads.is_sorted_by_key(|(_, fence)| *fence), "{leads:?}");
}

/// A job of a timer that keeps its own state, beside the end of the service.
async fn a_timer_with_state_of_its_own(cache: Cache) {
    let (end, mut ended) = watch::channel(false);
    let service = tokio::spawn(async move {
        let (mut rounds, every) = (0_u32, Gate::new("tick").every(Duration::from_millis(100)));
        let ticking = async {
            loop {
                let next = every.next(&cache, async |lease| {
                    lease.check()?;
                    rounds += 1;
                    if rounds == 2 {
                        end.send_replace(true);
                    }
                    Ok::<_, GateError>(())
                });
                next.await?;
            }
        };
        let stopped: Result<(), GateError> = tokio::select! {
            stopped = ticking => stopped,
            _ = ended.wait_for(|ended| *ended) => Ok(()),
        };
        stopped.map(|()| rounds)
    });
    assert_eq!(service.await.unwrap().unwrap(), 2);
}

/// Work that borrows what is around it, and answers what it made of it.
async fn work_that_borrows(cache: Cache) {
    let mut totals: HashMap<String, u32> = HashMap::new();
    let names = ["a", "b", "a"].map(str::to_owned);
    let outcome = Gate::new("count")
        .run(&cache, async |lease| {
            for name in &names {
                lease.check()?;
                *totals.entry(name.clone()).or_default() += 1;
            }
            Ok::<_, GateError>(names.len())
        })
        .await
        .unwrap();
    assert_eq!((outcome.ran(), totals["a"]), (Some(3), 2));
}

/// A store of one's own that refuses what is late.
async fn a_store_that_knows_fences(cache: Cache) {
    struct Store(Mutex<(u64, String)>);
    impl Store {
        async fn write(&self, fence: u64, text: &str) -> bool {
            let mut row = self.0.lock().await;
            let newer = fence >= row.0;
            if newer {
                *row = (fence, text.to_owned());
            }
            newer
        }
    }
    let (store, gate) = (Store(Mutex::default()), Gate::new("report").on_lost(OnLost::Signal));
    let first = gate.try_lock(&cache).await.unwrap().expect("it is free");
    let late = first.fence();
    assert!(store.write(late, "first").await);
    assert_eq!(first.release().await, Released::Released);
    gate.run(&cache, async |lease| {
        assert!(store.write(lease.fence(), "second").await);
        Ok::<_, GateError>(())
    })
    .await
    .unwrap()
    .ran()
    .unwrap();
    assert!(!store.write(late, "late").await);
    assert_eq!(store.0.lock().await.1, "second");
}

/// A service whose methods are gated, with an error type of its own.
struct Billing {
    cache: Cache,
    rate: u32,
}

#[derive(Debug)]
enum BillingError {
    Gate(GateError),
    Cache(Error),
    Rate,
}

impl From<GateError> for BillingError {
    fn from(error: GateError) -> Self {
        Self::Gate(error)
    }
}

impl From<Error> for BillingError {
    fn from(error: Error) -> Self {
        Self::Cache(error)
    }
}

impl Billing {
    /// Charges once.
    #[gate(format!("bill-{customer}"), ttl = "1m", cache = self.cache)]
    async fn bill(&self, customer: &str, lease: &Lease) -> Result<u32, BillingError> {
        let fenced = lease.fenced(&self.cache)?;
        let bill = Setting {
            name: format!("bill-{customer}"),
            value: self.rate.checked_mul(2).ok_or(BillingError::Rate)?,
        };
        let _ = bill.save(&fenced).await?;
        Ok(bill.value)
    }
}

async fn a_service_with_gated_methods(cache: Cache) {
    let billing = Billing { cache: cache.clone(), rate: 21 };
    let (one, other) = tokio::join!(billing.bill("ann"), billing.bill("bob"));
    assert_eq!((one.unwrap().ran(), other.unwrap().ran()), (Some(42), Some(42)));
    let rich = Billing { rate: u32::MAX, ..billing };
    match rich.bill("ann").await {
        Err(BillingError::Rate) => {}
        Err(BillingError::Gate(error)) => panic!("{error}"),
        Err(BillingError::Cache(error)) => panic!("{error}"),
        Ok(outcome) => panic!("{outcome:?}"),
    }
    // The error gave the gate back at once.
    let again = Billing { rate: 1, ..rich };
    assert_eq!(again.bill("ann").await.unwrap().ran(), Some(2));
    assert_eq!(Setting::get(&cache, "bill-ann").await.unwrap().unwrap().value, 2);
}

/// What a release does once, however many replicas of it boot; the leader of the first try fails.
async fn what_a_release_does_once(cache: Cache) {
    let tries = Arc::new(AtomicU32::new(0));
    let replicas = (0..4).map(|_| {
        let (cache, tries) = (cache.clone(), Arc::clone(&tries));
        tokio::spawn(async move {
            let once = Gate::new("release").once(env!("CARGO_PKG_VERSION"));
            once.run_or_wait(&cache, LONG, async |_| {
                tokio::time::sleep(SHORT).await;
                if tries.fetch_add(1, Ordering::Relaxed) == 0 {
                    Err("the first one fails".into())
                } else {
                    Ok(())
                }
            })
            .await
        })
    });
    let mut ends: Vec<Result<OnceOutcome<()>, BoxError>> = Vec::new();
    for replica in replicas.collect::<Vec<_>>() {
        ends.push(replica.await.unwrap());
    }
    let failed = ends.iter().filter(|end| end.is_err()).count();
    let ran = ends.iter().filter(|end| matches!(end, Ok(OnceOutcome::Ran(())))).count();
    assert!(ends.iter().flatten().all(OnceOutcome::is_done), "{ends:?}");
    assert_eq!((failed, ran, tries.load(Ordering::Relaxed)), (1, 1, 2), "{ends:?}");
}

/// Gates inside of gates, the same one among them.
async fn gates_within_gates(cache: Cache) {
    let (outer, inner) = (Gate::new("jobs:outer"), Gate::new("jobs:inner"));
    let done = outer
        .run(&cache, async |lease| {
            let again = outer.run(&cache, async |_| Ok::<_, GateError>(())).await?;
            assert!(again.is_busy(), "{again:?}");
            let inner = inner.run(&cache, async |inner| Ok::<_, GateError>(inner.fence())).await?;
            let holder = outer.inspect(&cache).await?.expect("it is held");
            assert_eq!((holder.token.as_str(), holder.process), (lease.token(), Some(std::process::id())));
            Ok::<_, GateError>(inner.ran())
        })
        .await
        .unwrap();
    assert!(done.ran().flatten().is_some_and(|fence| fence > 0));
    assert_eq!(outer.inspect(&cache).await.unwrap(), None);
    assert_eq!(cache.gate_counts().released, 2);
}

live! {
    a_boot_that_seeds,
    leaders_that_follow_each_other,
    a_timer_with_state_of_its_own,
    work_that_borrows,
    a_store_that_knows_fences,
    a_service_with_gated_methods,
    what_a_release_does_once,
    gates_within_gates,
}

/// A command line, which is not asynchronous.
#[test]
fn a_command_line() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let server = runtime.block_on(private_server());
    let blocking = Blocking::connect(server.url()).unwrap();
    let refused = blocking.wait(Gate::new("cli").run(blocking.cache(), async |_| Ok::<_, GateError>(())));
    assert!(refused.unwrap_err().to_string().contains(".project("));
    let blocking = blocking.with(|cache| cache.project("shop"));
    let gate = Gate::new("cli");
    let lease = blocking.wait(gate.try_lock(blocking.cache())).unwrap().expect("it is free");
    assert!(blocking.wait(gate.try_lock(blocking.cache())).unwrap().is_none());
    // The thread waits for nothing, and the lease is renewed all the same.
    lease.check().unwrap();
    drop(lease);
    assert!(blocking.wait(blocking.cache().shutdown(LONG)));
    let ran = blocking.wait(gate.run(blocking.cache(), async |_| Ok::<_, GateError>(7))).unwrap();
    assert_eq!(ran.ran(), Some(7));
}

/// A service that boots without its server, and finds it later.
#[tokio::test]
async fn a_boot_without_a_server() {
    let server = private_server().await;
    server.pause().await.unwrap();
    let cache = degrade(Degrade::new(), server.url()).await.unwrap().project("shop");
    let gate = Gate::new("bootstrap");
    let outcome = gate.run(&cache, async |_| Ok::<_, GateError>(())).await.unwrap();
    assert!(matches!(outcome, Outcome::Unavailable(_)), "{outcome:?}");
    server.resume().await.unwrap();
    let waited = gate.lock(&cache).wait(LONG).await.unwrap();
    assert_eq!(waited.expect("the server is there").release().await, Released::Released);
    let other = connect(&server.url(), cache_core::Protocol::Resp2).await.project("shop");
    assert_eq!(gate.run(&other, async |_| Ok::<_, BoxError>(1)).await.unwrap().ran(), Some(1));
}
