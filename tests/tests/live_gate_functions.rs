//! Functions with a gate around them.

use std::time::Duration;

use cache_core::{Cache, GateError, Lease, OnError, OnUnavailable, Outcome, gate};
use cache_tests::live;

#[derive(Debug)]
enum Failed {
    Gate(GateError),
    Work(String),
}

impl From<GateError> for Failed {
    fn from(error: GateError) -> Self {
        Self::Gate(error)
    }
}

#[gate("plain")]
async fn plain(cache: &Cache) -> Result<u32, GateError> {
    cache.ping().await?;
    Ok(7)
}

/// Has a lease, arguments before and after it, and an early end.
#[gate("nightly", ttl = "5m", grace = "10s", at_least = "0s", max_hold = "1h", on_error = OnError::Grace, strict)]
pub async fn nightly(name: &str, lease: &Lease, cache: &Cache, fails: bool) -> Result<String, Failed> {
    lease.check()?;
    assert!(lease.fence() > 0 && lease.key().ends_with(":nightly:leader"));
    if fails {
        return Err(Failed::Work(name.to_owned()));
    }
    let inner = nested(cache, name.to_owned()).await?;
    Ok(format!("{name} {}", inner.ran().unwrap_or_default()))
}

#[gate(format!("of-{tenant}"), renew = false, ttl = "2s")]
async fn nested(cache: &Cache, tenant: String) -> Result<usize, GateError> {
    let _ = cache;
    Ok(tenant.len())
}

struct Service<T> {
    cache: Cache,
    state: T,
}

impl<T: Clone + Send + Sync> Service<T> {
    const KEY: &'static str = "service";

    #[gate(Self::KEY, cache = self.cache, on_unavailable = OnUnavailable::Fail)]
    async fn state(&self, lease: Lease) -> Result<(T, u64), GateError> {
        Ok((self.state.clone(), lease.fence()))
    }

    #[gate("mutable", cache = self.cache.clone())]
    async fn change(&mut self, state: T) -> Result<(), GateError> {
        self.state = state;
        Ok(())
    }
}

async fn a_function_runs_behind_its_gate(cache: Cache) {
    assert_eq!(plain(&cache).await.unwrap().ran(), Some(7));
    assert_eq!(nightly("a", &cache, false).await.unwrap().ran().as_deref(), Some("a 1"));
    let again = nightly("a", &cache, false).await.unwrap();
    assert!(matches!(again, Outcome::Busy { .. }), "the grace: {again:?}");
}

async fn its_errors_come_through_and_those_of_the_gate_too(cache: Cache) {
    let failed = nightly("a", &cache, true).await.unwrap_err();
    assert!(matches!(&failed, Failed::Work(name) if name == "a"), "{failed:?}");
    let without_project = Cache::from_connection(std::sync::Arc::clone(cache.connection()));
    let failed = nightly("a", &without_project, true).await.unwrap_err();
    assert!(matches!(failed, Failed::Gate(GateError::NoProject)), "{failed:?}");
}

async fn methods_can_be_gated(cache: Cache) {
    let mut service = Service { cache: cache.clone(), state: vec![1] };
    let (state, fence) = service.state().await.unwrap().ran().unwrap();
    assert_eq!(state, [1]);
    assert!(fence > 0);
    service.change(vec![2]).await.unwrap().ran().unwrap();
    assert_eq!(service.state, [2]);
}

async fn gated_functions_can_be_spawned(cache: Cache) {
    let task = tokio::spawn(async move {
        let ran = nightly("spawned", &cache, false).await.unwrap().ran();
        cache.shutdown(Duration::from_secs(5)).await;
        ran
    });
    assert!(task.await.unwrap().is_some());
}

live! {
    a_function_runs_behind_its_gate,
    its_errors_come_through_and_those_of_the_gate_too,
    methods_can_be_gated,
    gated_functions_can_be_spawned,
}
