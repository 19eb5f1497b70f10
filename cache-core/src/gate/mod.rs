//! The gate: lets one process of a fleet do a piece of work.

mod error;
mod lease;
mod outcome;
mod scripts;

use std::time::{Duration, Instant};

use cache_index::{DEFAULT_GLOBAL, check_name};

use crate::cache::Cache;

pub use error::GateError;
pub use lease::Lease;
pub use outcome::Outcome;

use scripts::Acquired;

/// The longest grace: a key that outlives its work by more than a day is a mistake in the unit.
const MAX_GRACE: Duration = Duration::from_secs(24 * 60 * 60);

/// The longest ttl.
const MAX_TTL: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// Settings of a gate: a key that one process at a time holds while it does a piece of work. Plain and cloneable;
/// all state is in the [`Lease`] of one run.
///
/// The holder is known by a token that nobody else has, and a key is only ever re-expired or deleted by the
/// holder whose token it still carries. On one server a gate keeps work from being done twice; it is no proof
/// against it: a holder that is stopped for longer than its `ttl`, or a server that loses the key, lets another
/// one in. [`Lease::check`] tells a holder whose time is over.
///
/// ```no_run
/// use std::time::Duration;
/// use cache_core::{Cache, Gate, GateError, Outcome};
///
/// # async fn seed() -> Result<u32, GateError> { Ok(3) }
/// # async fn example(cache: Cache) -> Result<(), GateError> {
/// let gate = Gate::new("bootstrap").ttl(Duration::from_secs(30)).grace(Duration::from_secs(10));
/// match gate.run(&cache, async |_lease| seed().await).await? {
///     Outcome::Ran(rows) => println!("seeded {rows} rows"),
///     Outcome::Busy { holder, .. } => println!("{holder} is at it"),
///     other => println!("{other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[doc(alias = "lock")]
#[doc(alias = "leader_election")]
#[doc(alias = "RedisGate")]
pub struct Gate {
    key: String,
    ttl: Duration,
    grace: Duration,
}

impl Gate {
    /// A gate of this key, with a `ttl` of 30 seconds and no grace. On the server the key is
    /// `<project>:<key>:leader`, so the cache needs a [`project`](Cache::project). Keys that begin with `cache:` are
    /// refused: they could be those of documents.
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into(), ttl: Duration::from_secs(30), grace: Duration::ZERO }
    }

    /// How long the key lives unless it is released: after that, a holder that crashed is in nobody's way.
    /// Longer than the work takes; at least 100 milliseconds, at most a year.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }

    /// How long the key stays after the work was done without an error, so that processes that come a little
    /// later find it done. Zero: it goes at once. At most a day.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Does the work if nobody else holds the gate.
    ///
    /// After the work the key is re-expired to the `grace` if it succeeded, and deleted if it failed; both only if
    /// it still is this run's own. An error while doing so does not replace the work's result: the key then goes
    /// when its `ttl` is over. The same holds for a run whose future is dropped.
    ///
    /// # Errors
    /// The work's own error; or [`GateError`] as the work's error type, if the settings cannot be used or the
    /// server cannot be asked.
    pub async fn run<T, E, F, R>(&self, cache: &Cache, work: F) -> Result<Outcome<T>, E>
    where
        F: FnOnce(Lease) -> R,
        R: Future<Output = Result<T, E>>,
        E: From<GateError>,
    {
        let key = self.checked_key(cache)?;
        let token = lease::token();
        let asked = Instant::now();
        let lease = match scripts::acquire(cache, &key, &token, self.ttl).await.map_err(GateError::Server)? {
            Acquired::Yes => Lease::new(key, token, asked, self.ttl),
            Acquired::No { holder, ttl } => return Ok(Outcome::Busy { holder, ttl }),
        };
        match work(lease.clone()).await {
            Ok(value) => {
                let released = scripts::release(cache, &lease, self.grace).await;
                // Without the server's word, the lease's own clock says whether the key was ours to the end.
                let held = released.unwrap_or_else(|_| lease.check().is_ok());
                Ok(if held { Outcome::Ran(value) } else { Outcome::Lost(value) })
            }
            Err(error) => {
                // The work's error is what the caller needs to see; the ttl bounds what could not be released.
                let _ = scripts::release(cache, &lease, Duration::ZERO).await;
                Err(error)
            }
        }
    }

    fn checked_key(&self, cache: &Cache) -> Result<String, GateError> {
        check_name("gate's key", &self.key)?;
        if self.key.split(':').next() == Some(DEFAULT_GLOBAL) {
            return Err(GateError::Settings(
                "a key that begins with `cache:` could be a document's; choose another",
            ));
        }
        if self.ttl < Duration::from_millis(100) {
            return Err(GateError::Settings("a ttl under 100 ms is shorter than a slow network's answer"));
        }
        if self.ttl > MAX_TTL {
            return Err(GateError::Settings("a ttl of more than a year is probably meant in another unit"));
        }
        if self.grace > MAX_GRACE {
            return Err(GateError::Settings("a grace of more than a day is probably meant in another unit"));
        }
        cache.keyspace()?;
        let project = cache.project_name()?.ok_or(GateError::NoProject)?;
        Ok(format!("{project}:{}:leader", self.key))
    }
}
