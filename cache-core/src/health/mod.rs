//! What probes of a service are told: whether its cache can be used, within a bound, whatever the server does.

// A file imports from those before it: report, axum.

#[cfg(feature = "axum")]
mod axum;
mod report;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

#[cfg(feature = "axum")]
pub use self::axum::routes;
pub use self::report::{GateHealth, Health, IndexHealth, Ping};
use crate::cache::{Cache, ErrorClass};
use crate::gate::{Gate, GateError};

/// How long an answer is given again before the server is asked anew.
const KEPT: Duration = Duration::from_secs(1);

/// How the health of a cache is asked for. Clones, also on other tasks, share what was found last.
///
/// Each question has a bound of its own and all are asked at once, over the connection that the cache has: the answer comes
/// within that bound, and many probes cost as much as one a second.
///
/// ```no_run
/// # async fn example(cache: cache_core::Cache) {
/// use cache_core::Gate;
/// use cache_core::health::HealthCheck;
///
/// let check = HealthCheck::new(&cache).gate(Gate::new("nightly"));
/// let health = check.run().await;
/// let status = if health.is_ready() { 200 } else { 503 };
/// println!("{status} {health}");
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct HealthCheck {
    cache: Cache,
    gates: Vec<Gate>,
    within: Duration,
    required: Option<bool>,
    last: Arc<tokio::sync::Mutex<Option<(Instant, Health)>>>,
}

impl HealthCheck {
    /// Half a second for each question. The server is required, unless the cache
    /// [does without it](Cache::connect_or_degrade).
    pub fn new(cache: &Cache) -> Self {
        Self {
            cache: cache.clone(),
            gates: Vec::new(),
            within: Duration::from_millis(500),
            required: None,
            last: Arc::default(),
        }
    }

    /// Says of this gate, too, who holds it.
    pub fn gate(mut self, gate: Gate) -> Self {
        self.gates.push(gate);
        self.last = Arc::default();
        self
    }

    /// How long each question may take.
    pub fn within(mut self, bound: Duration) -> Self {
        self.within = bound;
        self.last = Arc::default();
        self
    }

    /// Whether a service without the server is not ready.
    pub fn required(mut self, required: bool) -> Self {
        self.required = Some(required);
        self.last = Arc::default();
        self
    }

    /// Asks, or answers what was found within the last second.
    pub async fn run(&self) -> Health {
        // Who comes while it is asked waits for that, as long as it takes at most: once its bound.
        let mut last = self.last.lock().await;
        if let Some((asked, health)) = &*last
            && asked.elapsed() < KEPT
        {
            return health.clone();
        }
        let health = self.ask().await;
        *last = Some((Instant::now(), health.clone()));
        health
    }

    async fn ask(&self) -> Health {
        let mut gates = JoinSet::new();
        for (at, gate) in self.gates.iter().enumerate() {
            let (gate, cache, within) = (gate.clone(), self.cache.clone(), self.within);
            gates.spawn(async move { (at, inspect(&gate, &cache, within).await) });
        }
        let ping = self.ping().await;
        let mut found = Vec::with_capacity(self.gates.len());
        while let Some(gate) = gates.join_next().await {
            found.extend(gate);
        }
        found.sort_by_key(|(at, _)| *at);
        let required = self.required.unwrap_or_else(|| !self.cache.degrades());
        Health::new(&self.cache, ping, required, found.into_iter().map(|(_, gate)| gate).collect())
    }

    async fn ping(&self) -> Ping {
        let began = Instant::now();
        match tokio::time::timeout(self.within, self.cache.ping()).await {
            Ok(Ok(())) => Ping::Answered(began.elapsed()),
            Ok(Err(error)) => Ping::Failed(ErrorClass::of(&error)),
            Err(_) => Ping::Failed(ErrorClass::Timeout),
        }
    }
}

async fn inspect(gate: &Gate, cache: &Cache, within: Duration) -> GateHealth {
    let name = gate.name().to_owned();
    match tokio::time::timeout(within, gate.inspect(cache)).await {
        Ok(Ok(holder)) => GateHealth::found(name, holder.as_ref()),
        Ok(Err(GateError::Server(error))) => GateHealth::unknown(name, ErrorClass::of(&error)),
        Ok(Err(_)) => GateHealth::unknown(name, ErrorClass::Other),
        Err(_) => GateHealth::unknown(name, ErrorClass::Timeout),
    }
}

impl Cache {
    /// Asks whether the cache can be used: [`HealthCheck`](crate::health::HealthCheck) with what is usual. Keep one of those
    /// for probes that come often.
    ///
    /// Takes half a second at most.
    pub async fn health(&self) -> Health {
        HealthCheck::new(self).run().await
    }
}

/// Whether the server of these settings answers, for scripts and containers that have no cache: connects, asks, and
/// hangs up, within this bound.
///
/// ```no_run
/// # async fn example() -> std::process::ExitCode {
/// use std::time::Duration;
/// use cache_core::RedisSettings;
///
/// match cache_core::health::check("redis://localhost:6379", Duration::from_secs(1)).await {
///     Ok(_) => std::process::ExitCode::SUCCESS,
///     Err(class) => {
///         println!("{class}");
///         std::process::ExitCode::FAILURE
///     }
/// }
/// # }
/// ```
///
/// # Errors
/// The class of what kept it from answering. The error itself may name hosts and users.
#[cfg(feature = "redis")]
pub async fn check(
    settings: impl Into<crate::settings::RedisSettings>,
    within: Duration,
) -> Result<Duration, ErrorClass> {
    let began = Instant::now();
    let ask = async {
        let cache = Cache::connect(settings).await?;
        cache.ping().await
    };
    match tokio::time::timeout(within, ask).await {
        Ok(Ok(())) => Ok(began.elapsed()),
        Ok(Err(error)) => Err(ErrorClass::of(&error)),
        Err(_) => Err(ErrorClass::Timeout),
    }
}
