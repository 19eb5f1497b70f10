//! What the gates of a cache did, counted.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::metrics;

/// What all gates of a cache handle and of its clones did since it was made, in this process.
///
/// All counts only grow, so that a metrics library can read them whenever it is asked.
///
/// ```no_run
/// # fn example(cache: cache_core::Cache) {
/// let counts = cache.gate_counts();
/// println!("gates_acquired_total {}", counts.acquired);
/// println!("gates_held_seconds_total {}", counts.held.as_secs_f64());
/// if counts.lost > 0 {
///     println!("leases are lost: give them a longer ttl, or see why the server does not answer");
/// }
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GateCounts {
    /// How often a gate was won.
    pub acquired: u64,
    /// How often a key was found in another's hands: waiting, each look counts.
    pub denied: u64,
    /// How often the server could not be asked.
    pub unavailable: u64,
    /// How often a lease was renewed.
    pub renewed: u64,
    /// How often a renewal had no answer; it is tried again until the lease is over.
    pub renewals_failed: u64,
    /// How many leases were lost before their end.
    pub lost: u64,
    /// How many leases were released by the server's word.
    pub released: u64,
    /// How many of the leases were left to be released by what was dropped: cancelled, panicked, or let go.
    pub released_by_drop: u64,
    /// How often a release found the key gone, or in another's hands, and left it alone.
    pub foreign_releases_prevented: u64,
    /// How long leases were held that have ended, together.
    pub held: Duration,
    /// How long asking for gates took, together, without the pauses between two looks.
    pub waited: Duration,
}

/// One of the counts.
#[derive(Debug, Clone, Copy)]
pub(crate) enum GateCount {
    Acquired,
    Denied,
    Unavailable,
    Renewed,
    RenewalFailed,
    Lost,
    Released,
    ReleasedByDrop,
    ForeignReleasePrevented,
}

impl GateCount {
    /// As the field of [`GateCounts`].
    fn name(self) -> &'static str {
        match self {
            Self::Acquired => "acquired",
            Self::Denied => "denied",
            Self::Unavailable => "unavailable",
            Self::Renewed => "renewed",
            Self::RenewalFailed => "renewals_failed",
            Self::Lost => "lost",
            Self::Released => "released",
            Self::ReleasedByDrop => "released_by_drop",
            Self::ForeignReleasePrevented => "foreign_releases_prevented",
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct GateTally {
    counts: [AtomicU64; 9],
    held: AtomicU64,
    waited: AtomicU64,
}

impl GateTally {
    pub(crate) fn count(&self, what: GateCount) {
        if let Some(count) = self.counts.get(what as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        metrics::gate(what.name());
    }

    pub(crate) fn held(&self, time: Duration) {
        self.held.fetch_add(micros(time), Ordering::Relaxed);
        metrics::gate_held(time);
    }

    pub(crate) fn waited(&self, time: Duration) {
        self.waited.fetch_add(micros(time), Ordering::Relaxed);
        metrics::gate_waited(time);
    }

    pub(crate) fn counts(&self) -> GateCounts {
        let of = |what: GateCount| self.counts.get(what as usize).map_or(0, |it| it.load(Ordering::Relaxed));
        GateCounts {
            acquired: of(GateCount::Acquired),
            denied: of(GateCount::Denied),
            unavailable: of(GateCount::Unavailable),
            renewed: of(GateCount::Renewed),
            renewals_failed: of(GateCount::RenewalFailed),
            lost: of(GateCount::Lost),
            released: of(GateCount::Released),
            released_by_drop: of(GateCount::ReleasedByDrop),
            foreign_releases_prevented: of(GateCount::ForeignReleasePrevented),
            held: Duration::from_micros(self.held.load(Ordering::Relaxed)),
            waited: Duration::from_micros(self.waited.load(Ordering::Relaxed)),
        }
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
