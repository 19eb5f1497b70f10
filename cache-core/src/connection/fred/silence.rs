//! For how long a server has been asked without saying anything.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// When something was asked, and when something was heard. Moments are counted in nanoseconds.
pub(super) struct Silence {
    made: Instant,
    heard: AtomicU64,
    /// The first that was asked since then.
    asked: AtomicU64,
}

impl Silence {
    pub(super) fn new() -> Self {
        Self { made: Instant::now(), heard: AtomicU64::new(0), asked: AtomicU64::new(0) }
    }

    /// Something was asked that began at this moment.
    pub(super) fn asks(&self, began: Instant) {
        if self.asked.load(Ordering::Relaxed) <= self.heard.load(Ordering::Relaxed) {
            self.asked.store(self.at(began), Ordering::Relaxed);
        }
    }

    /// Something was heard, if only that the connection is gone.
    pub(super) fn hears(&self) {
        self.heard.store(self.at(Instant::now()), Ordering::Relaxed);
    }

    /// For how long nothing has been heard while an answer was owed. Only for who waits for one.
    pub(super) fn lasts(&self, now: Instant) -> Duration {
        let since = self.heard.load(Ordering::Relaxed).max(self.asked.load(Ordering::Relaxed));
        Duration::from_nanos(self.at(now).saturating_sub(since))
    }

    fn at(&self, moment: Instant) -> u64 {
        u64::try_from(moment.saturating_duration_since(self.made).as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_lasts_since_the_first_question_that_nothing_was_heard_after() {
        let silence = Silence::new();
        let start = silence.made;
        let at = |millis| start + Duration::from_millis(millis);
        let lasts = |now| silence.lasts(at(now)).as_millis();
        // Nobody asked for five seconds: that is none.
        silence.asks(at(5_000));
        silence.asks(at(5_400));
        assert_eq!((lasts(5_500), lasts(7_000)), (500, 2_000));
        silence.heard.store(silence.at(at(5_600)), Ordering::Relaxed);
        assert_eq!(lasts(7_000), 1_400, "another call may still wait");
        silence.asks(at(9_000));
        assert_eq!(lasts(9_100), 100);
    }
}
