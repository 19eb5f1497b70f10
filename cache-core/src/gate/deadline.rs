//! When a lease is over by the clock here.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::clock::Moment;

/// A moment that can be put off until it was found to have passed. From then on it has passed for everybody: an answer to
/// a renewal that comes after somebody was told of the loss takes nothing back.
#[derive(Debug)]
pub(super) struct Deadline(AtomicU64);

impl Deadline {
    pub(super) fn new(moment: Moment) -> Self {
        Self(AtomicU64::new(moment.micros()))
    }

    /// How long until it; `None`: it has passed.
    pub(super) fn left(&self) -> Option<Duration> {
        let mut known = self.0.load(Ordering::Acquire);
        loop {
            let left = Moment::now().until(Moment::from_micros(known)?);
            if !left.is_zero() {
                return Some(left);
            }
            // Put off at this very moment, it is looked at again.
            match self.0.compare_exchange(known, 0, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => return None,
                Err(later) => known = later,
            }
        }
    }

    /// Puts it off until that moment, unless it is later already, or was found to have passed.
    pub(super) fn extend(&self, moment: Moment) {
        let later = |known: u64| (known != 0).then_some(known.max(moment.micros()));
        // Nothing is to be done where it has passed.
        let _ = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, later);
    }

    /// It has passed, whatever the clock says.
    pub(super) fn end(&self) {
        self.0.store(0, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn what_was_found_to_be_over_stays_over() {
        let deadline = Deadline::new(Moment::now());
        assert_eq!(deadline.left(), None);
        deadline.extend(Moment::now().after(LONG));
        assert_eq!(deadline.left(), None, "an answer came after the loss was told");

        let deadline = Deadline::new(Moment::now().after(LONG));
        deadline.end();
        deadline.extend(Moment::now().after(LONG));
        assert_eq!(deadline.left(), None);
    }

    #[test]
    fn it_is_put_off_and_never_drawn_nearer() {
        let deadline = Deadline::new(Moment::now());
        // Nobody has looked yet.
        deadline.extend(Moment::now().after(LONG));
        deadline.extend(Moment::now());
        assert!(deadline.left() > Some(LONG / 2));
    }
}
