//! When a server was last heard of.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

/// When a server last said something on a connection, and since when it has something to say. Moments are counted in nanoseconds.
pub(super) struct Heard {
    made: Instant,
    last: AtomicU64,
    owed: AtomicU64,
}

impl Heard {
    /// Just now.
    pub(super) fn new() -> Self {
        Self { made: Instant::now(), last: AtomicU64::new(0), owed: AtomicU64::new(0) }
    }

    /// It said something at this moment.
    pub(super) fn at(&self, moment: Instant) {
        self.last.store(self.until(moment), Ordering::Relaxed);
    }

    /// From this moment on an answer is owed, and none was before.
    pub(super) fn owes(&self, moment: Instant) {
        self.owed.store(self.until(moment), Ordering::Relaxed);
    }

    /// Whether it said something since this moment.
    pub(super) fn is_since(&self, moment: Instant) -> bool {
        self.last.load(Ordering::Relaxed) >= self.until(moment)
    }

    /// Whether it said nothing since this moment, and owed an answer all the time. Only for who waits for one, or did.
    pub(super) fn is_silent_since(&self, moment: Instant) -> bool {
        let since = self.last.load(Ordering::Relaxed).max(self.owed.load(Ordering::Relaxed));
        // Before the connection was made nothing was owed.
        moment >= self.made && since <= self.until(moment)
    }

    fn until(&self, moment: Instant) -> u64 {
        u64::try_from(moment.saturating_duration_since(self.made).as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_silence_begins_with_what_is_owed() {
        let heard = Heard::new();
        let at = |millis| heard.made + Duration::from_millis(millis);
        heard.at(at(100));
        // Nobody asked for five seconds: that is none.
        heard.owes(at(5_000));
        assert!(!heard.is_silent_since(at(4_999)) && heard.is_silent_since(at(5_000)));
        assert!(!heard.is_since(at(4_000)));
        heard.at(at(5_600));
        assert!(!heard.is_silent_since(at(5_500)) && heard.is_silent_since(at(5_600)));
        let before = heard.made.checked_sub(Duration::from_millis(1));
        assert!(before.is_none_or(|before| !Heard::new().is_silent_since(before)), "it was not made yet");
    }
}
