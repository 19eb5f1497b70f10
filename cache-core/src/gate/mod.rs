//! The gate: lets one process of a fleet do a piece of work.

mod attempt;
mod deadline;
mod error;
mod function;
mod held;
mod hint;
mod inspect;
mod keys;
mod lease;
mod once;
mod outcome;
mod policy;
mod preflight;
mod release;
mod renew;
mod run;
mod schedule;
mod scripts;
mod token;
mod wait;

use std::time::Duration;

use crate::cache::Cache;

pub use error::GateError;
pub use function::{Gated, gated};
pub use held::Released;
pub use inspect::Holder;
pub use lease::Lease;
pub use once::{Once, OnceOutcome};
pub use outcome::Outcome;
pub use policy::{Durability, Layout, OnError, OnLost, OnUnavailable, Scope};
pub use schedule::Schedule;
pub use wait::Lock;

use keys::GateKeys;

/// The shortest ttl: a network and a runtime can keep an answer for longer than less.
const MIN_TTL: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// The longest ttl.
const MAX_TTL: Duration = Duration::from_secs(366 * 24 * 60 * 60);

/// The longest time that a key outlives its work: more than a day is a mistake in the unit.
const MAX_STAY: Duration = Duration::from_secs(24 * 60 * 60);

/// How many ttls a lease is renewed for unless it is said: a work that hangs is in the way no longer.
const MAX_HOLD: u32 = 20;

/// Settings of a gate: a key that one process at a time holds while it does a piece of work. Plain and cloneable;
/// all state is in the [`Lease`] of one run.
///
/// The holder is known by a token that nobody else has, and a key is only ever re-expired or deleted by the
/// holder whose token it still carries. While the work runs the lease is renewed.
///
/// # What is promised, and what is not
/// - **One server that keeps its data**, and whose clock is not set forward (keys end by it): at most one lease holds at a
///   time by the clocks of their holders ([`Lease::check`]); a holder that is stopped between that check and its effect can still be late. What must never
///   be late carries [`Lease::fence`], and its store refuses a smaller number than the largest it has seen; documents do
///   when they are written through [`Lease::fenced`].
/// - **A server that loses keys** (`FLUSHALL`, a restart without persistence, eviction): another holder may come while the
///   first does not know it until its next renewal that is answered, usually a third of the ttl later, and at the latest when
///   its own ttl is over, as without renewal. Fences still grow, since they are
///   the server's time at least.
/// - **Replicas and failover**: replication is asynchronous, so a promoted replica may not have the key; two holders until
///   the first one's renewal. [`Durability::Wait`] makes that rarer, not impossible. Fences grow as long as the new primary's
///   clock is not behind the old one's at the last win.
/// - **A cluster**: as one server with replicas, for the slot of the key.
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
    at_least: Duration,
    renew: bool,
    on_error: OnError,
    on_unavailable: OnUnavailable,
    on_lost: OnLost,
    durability: Durability,
    scope: Scope,
    layout: Layout,
    max_hold: MaxHold,
    strict: bool,
    any_ttl: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum MaxHold {
    Ttls(u32),
    Time(Duration),
    Endless,
}

impl Gate {
    /// A gate of this key, with a `ttl` of 30 seconds, renewed, and no grace. On the server the key is
    /// `<project>:<key>:leader`, so the cache needs a [`project`](Cache::project). Keys that begin with `cache:`, or have
    /// braces, are refused.
    pub fn new(key: impl Into<String>) -> Self {
        Self {
            key: key.into(),
            ttl: Duration::from_secs(30),
            grace: Duration::ZERO,
            at_least: Duration::ZERO,
            renew: true,
            on_error: OnError::default(),
            on_unavailable: OnUnavailable::default(),
            on_lost: OnLost::default(),
            durability: Durability::default(),
            scope: Scope::default(),
            layout: Layout::default(),
            max_hold: MaxHold::Ttls(MAX_HOLD),
            strict: false,
            any_ttl: false,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.key
    }

    /// How long the key lives unless it is renewed or released: after that, a holder that crashed is in nobody's way. At least
    /// a second, without renewal 100 milliseconds; at most a year.
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

    /// How long the key stays at least, counted from the start of the work, however that ends. At most a day.
    #[doc(alias = "lockAtLeastFor")]
    pub fn at_least(mut self, at_least: Duration) -> Self {
        self.at_least = at_least;
        self
    }

    /// Whether the lease is renewed, every third of its ttl, while the work runs. It is unless told otherwise; without it,
    /// the ttl has to be longer than the work.
    #[doc(alias = "watchdog")]
    pub fn renew(mut self, renew: bool) -> Self {
        self.renew = renew;
        self
    }

    /// For how long a lease is renewed at most, so that work that hangs is not in the way for ever; `None`: for ever.
    /// Twenty ttls unless it is said. At least the ttl.
    pub fn max_hold(mut self, longest: impl Into<Option<Duration>>) -> Self {
        self.max_hold = longest.into().map_or(MaxHold::Endless, MaxHold::Time);
        self
    }

    /// What becomes of the key when the work fails; [`OnError::ReleaseNow`] unless it is said.
    pub fn on_error(mut self, then: OnError) -> Self {
        self.on_error = then;
        self
    }

    /// What happens when the server cannot be asked; [`OnUnavailable::Skip`] unless it is said.
    pub fn on_unavailable(mut self, then: OnUnavailable) -> Self {
        self.on_unavailable = then;
        self
    }

    /// What becomes of the work when its lease is lost; [`OnLost::CancelBody`] unless it is said.
    pub fn on_lost(mut self, then: OnLost) -> Self {
        self.on_lost = then;
        self
    }

    /// When the gate counts as won; [`Durability::Local`] unless it is said.
    pub fn durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Among whom one is chosen; [`Scope::Fleet`] unless it is said.
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// How the key is named on the server; [`Layout::Leader`] unless it is said.
    pub fn layout(mut self, layout: Layout) -> Self {
        self.layout = layout;
        self
    }

    /// Refuses to run ([`GateError::Evictable`]) on a server whose eviction policy can throw locks away, or that does not
    /// say. Without it, such a server is only warned of, with a `tracing` event.
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// Lets tests use a ttl that no network would bear.
    #[doc(hidden)]
    pub fn any_ttl(mut self) -> Self {
        self.any_ttl = true;
        self
    }

    /// Checks the settings, and that the cache has a project; nothing is sent. Everything that uses the gate does it
    /// first.
    ///
    /// # Errors
    /// [`GateError`] for what makes no sense.
    pub fn check(&self, cache: &Cache) -> Result<(), GateError> {
        self.checked(cache).map(drop)
    }

    fn checked(&self, cache: &Cache) -> Result<GateKeys, GateError> {
        let keys = GateKeys::new(cache, &self.key, self.scope, self.layout)?;
        self.check_times()?;
        // It keeps everybody waiting who shares the connection, and those would take it for a silent one.
        if matches!(self.durability, Durability::Wait { timeout, .. } if timeout >= cache.connection().deadline())
        {
            return Err(GateError::Settings(
                "replicas are waited for as long as an answer of the connection may take, or longer; make it shorter, or \
                 `RedisSettings::response_timeout` longer, on a cache of its own",
            ));
        }
        Ok(keys)
    }

    fn check_times(&self) -> Result<(), GateError> {
        let (shortest, renewed) = MIN_TTL;
        let refused = |why| Err(GateError::Settings(why));
        if self.ttl < shortest {
            return refused("a ttl under 100 ms is shorter than a slow network's answer");
        }
        if self.renew && self.ttl < renewed && !self.any_ttl {
            return refused(
                "a ttl under a second leaves no time to renew it; make it longer, or `.renew(false)`",
            );
        }
        if self.ttl > MAX_TTL {
            return refused("a ttl of more than a year is probably meant in another unit");
        }
        if self.grace > MAX_STAY {
            return refused("a grace of more than a day is probably meant in another unit");
        }
        if self.at_least > MAX_STAY {
            return refused("an `at_least` of more than a day is probably meant in another unit");
        }
        if matches!(self.on_error, OnError::Backoff(time) if time > MAX_STAY) {
            return refused("a back-off of more than a day is probably meant in another unit");
        }
        if !self.renew && self.at_least > self.ttl {
            return refused("without renewal `at_least` cannot be longer than the ttl");
        }
        if matches!(self.max_hold, MaxHold::Time(longest) if longest < self.ttl) {
            return refused(
                "a `max_hold` shorter than the ttl cannot be kept: the key lives that long in any case",
            );
        }
        if !self.renew && matches!(self.max_hold, MaxHold::Time(_)) {
            return refused("without renewal a lease is held for its ttl at most; leave `max_hold` out");
        }
        let unleased = self.on_unavailable == OnUnavailable::RunUnleased;
        if unleased && (self.strict || self.durability != Durability::Local) {
            return refused(
                "work that may run without a lease cannot be sure of a strict or durable one; choose",
            );
        }
        match self.durability {
            Durability::Wait { replicas: 0, .. } => {
                refused("to wait for no replica is `Durability::Local`; write how many")
            }
            Durability::Wait { timeout, .. } if timeout >= self.ttl / 2 => {
                refused("waiting for replicas for half the ttl or more leaves no time for the work")
            }
            Durability::Wait { timeout, .. } if timeout < Duration::from_millis(1) => {
                refused("waiting for replicas needs at least a millisecond; zero would be for ever")
            }
            _ => Ok(()),
        }
    }

    /// For how long a lease is renewed at most; `None`: for ever.
    fn longest(&self) -> Option<Duration> {
        match self.max_hold {
            MaxHold::Ttls(ttls) => Some(self.ttl.saturating_mul(ttls)),
            MaxHold::Time(longest) => Some(longest),
            MaxHold::Endless => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn refused(gate: &Gate) -> &'static str {
        match gate.check_times() {
            Err(GateError::Settings(why)) => why,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_makes_no_sense_together_is_refused() {
        let gate = || Gate::new("job");
        assert!(gate().check_times().is_ok());
        assert!(refused(&gate().ttl(SECOND / 2)).contains("renew(false)"));
        assert!(gate().ttl(SECOND / 2).renew(false).check_times().is_ok());
        assert!(gate().ttl(SECOND / 3).any_ttl().check_times().is_ok());
        assert!(refused(&gate().ttl(SECOND / 100).any_ttl()).contains("100 ms"));
        assert!(refused(&gate().grace(SECOND * 90_000)).contains("a day"));
        assert!(refused(&gate().on_error(OnError::Backoff(SECOND * 90_000))).contains("a day"));
        assert!(refused(&gate().renew(false).at_least(SECOND * 60)).contains("at_least"));
        assert!(refused(&gate().max_hold(SECOND)).contains("max_hold"));
        assert!(gate().max_hold(None).check_times().is_ok());
        let wait = |replicas, timeout| Durability::Wait { replicas, timeout };
        assert!(refused(&gate().durability(wait(0, SECOND))).contains("how many"));
        assert!(refused(&gate().durability(wait(1, SECOND * 20))).contains("half the ttl"));
        assert!(refused(&gate().durability(wait(1, Duration::ZERO))).contains("for ever"));
    }
}
