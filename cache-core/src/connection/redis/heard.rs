//! When a server was last heard of.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// When a server last said something on a connection.
pub(super) struct Heard {
    made: Instant,
    /// In nanoseconds since then.
    last: AtomicU64,
}

impl Heard {
    /// Just now.
    pub(super) fn new() -> Self {
        Self { made: Instant::now(), last: AtomicU64::new(0) }
    }

    /// It said something at this moment.
    pub(super) fn at(&self, moment: Instant) {
        self.last.store(self.until(moment), Ordering::Relaxed);
    }

    /// Whether it did since this moment.
    pub(super) fn is_since(&self, moment: Instant) -> bool {
        self.last.load(Ordering::Relaxed) >= self.until(moment)
    }

    fn until(&self, moment: Instant) -> u64 {
        u64::try_from(moment.saturating_duration_since(self.made).as_nanos()).unwrap_or(u64::MAX)
    }
}
