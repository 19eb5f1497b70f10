//! Documents that an index lacks, as far as the server's counter of failures tells between two counts.

use std::time::{Duration, Instant};

/// Of what is missing it is looked for one part of the time in so many whether it still is, and not more often than this.
const SELDOM: u32 = 100;
const PAUSE: Duration = Duration::from_secs(1);

/// How many documents an index lacks at most. The server's counter only grows, and begins anew with the index: by what it
/// grew since documents were counted, so many more may be missing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Failures {
    missing: u64,
    counted: u64,
    connection: u64,
    /// When documents were counted, and how long that took.
    when: Option<(Instant, Duration)>,
    last: u64,
    /// Whether the server fills the index with all that is there, so that what it lacks is in the counter.
    fills: bool,
}

impl Failures {
    /// So many were missing when they were counted just now, on this connection; what the counter said before.
    pub(super) fn counted(missing: u64, counter: u64, connection: u64, took: Duration) -> Self {
        let when = Some((Instant::now(), took));
        Self { missing, counted: counter, connection, when, last: counter, fills: true }
    }

    /// The index is made by one that lets the server fill it.
    pub(super) fn anew() -> Self {
        Self { fills: true, ..Self::default() }
    }

    /// The same where the counter was seen since it was read for that.
    pub(super) fn seen_later(self, before: Self) -> Self {
        Self { last: self.last.max(before.last), ..self }
    }

    /// Whether documents were never counted: somebody may have made the index without them, and the counter says nothing.
    pub(super) fn is_unknown(self) -> bool {
        self.when.is_none() && !self.fills
    }

    /// Documents cannot be counted: then the counter has to do.
    pub(super) fn uncountable(&mut self) {
        self.fills = true;
    }

    /// What the counter says now.
    pub(super) fn saw(&mut self, counter: u64) {
        self.last = counter;
    }

    /// What it said at about the time when it was seen last, before or after.
    pub(super) fn saw_beside(&mut self, counter: u64) {
        self.last = self.last.max(counter);
    }

    /// How many documents are missing at most.
    pub(super) fn most(self) -> u64 {
        match self.last.checked_sub(self.counted) {
            Some(more) => self.missing.saturating_add(more),
            None => self.last,
        }
    }

    /// Whether documents are to be counted to know better: also on another connection, behind which the server may have
    /// started anew, and its counter come to the same number by other documents; and now and then what was missing, which
    /// may have been mended.
    pub(super) fn is_due(self, connection: u64) -> bool {
        let is_over =
            |(at, took): (Instant, Duration)| at.elapsed() >= PAUSE.max(took.saturating_mul(SELDOM));
        self.is_unknown()
            || self.last != self.counted
            || self.last > 0 && self.connection != connection
            || self.missing > 0 && self.when.is_none_or(is_over)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_counter_bounds_what_is_missing_until_it_is_counted() {
        let counted = |missing, counter| Failures::counted(missing, counter, 0, Duration::ZERO);
        let mut failures = Failures::default();
        failures.saw(2);
        assert_eq!((failures.most(), failures.is_due(0)), (2, true));
        let mut failures = counted(1, 5);
        assert_eq!((failures.most(), failures.is_due(0), failures.is_due(1)), (1, false, true));
        failures.saw(7);
        assert_eq!((failures.most(), failures.is_due(0)), (3, true));
        // Another index, or the same after the server started anew.
        failures.saw(4);
        assert_eq!((failures.most(), failures.is_due(0)), (4, true));
        assert!(!counted(0, 0).is_due(9));
    }

    #[test]
    fn an_index_that_somebody_made_is_counted_once_whatever_the_counter_says() {
        assert!(Failures::default().is_unknown() && Failures::default().is_due(0));
        assert!(!Failures::anew().is_unknown() && !Failures::anew().is_due(0));
        let mut failures = Failures::default();
        failures.uncountable();
        assert!(!failures.is_due(0));
        failures.saw(1);
        assert!(failures.is_due(0) && failures.most() == 1);
    }

    #[test]
    fn what_is_missing_is_looked_for_again_after_a_while() {
        let of = |missing, ago| {
            let when = Instant::now().checked_sub(Duration::from_secs(ago)).unwrap();
            Failures { when: Some((when, Duration::from_secs(1))), ..Failures::counted(missing, 3, 0, PAUSE) }
        };
        assert!(!of(1, 90).is_due(0));
        assert!(of(1, 101).is_due(0));
        assert!(!of(0, 101).is_due(0));
    }
}
