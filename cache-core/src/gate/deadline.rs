//! When a lease is over by the clock here.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::Moment;

/// How long it is slept at once. The runtime's timers stand still while the machine does, and the clock of leases does not:
/// after a suspend it is looked at again this soon.
const LOOK: Duration = Duration::from_secs(1);

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

    /// Waits until it has passed. A change of `over` calls for a look at it at once.
    pub(super) async fn passed(&self, mut over: watch::Receiver<bool>) {
        while let Some(left) = self.left() {
            // The time may have been extended meanwhile.
            let _ = tokio::time::timeout(left.min(LOOK), over.changed()).await;
        }
    }

    /// It has passed, whatever the clock says.
    pub(super) fn end(&self) {
        self.0.store(0, Ordering::Release);
    }
}

/// Waits that long by the clock of leases, or until it is over.
pub(super) async fn pause(time: Duration, mut over: watch::Receiver<bool>) {
    let until = Moment::now().after(time);
    let mut left = time;
    while !left.is_zero() {
        if tokio::time::timeout(left.min(LOOK), over.wait_for(|over| *over)).await.is_ok() {
            return;
        }
        left = Moment::now().until(until);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

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
    /// The timers stand still in a suspend, and the clock of leases goes on: the moment is in the past when they go on too.
    #[tokio::test(start_paused = true)]
    async fn a_suspend_is_noticed_within_a_second_of_its_end() {
        let deadline = Arc::new(Deadline::new(Moment::now().after(LONG)));
        let (over, seen) = watch::channel(false);
        let waits = Arc::clone(&deadline);
        let waiting = tokio::spawn(async move { waits.passed(seen).await });
        tokio::time::sleep(LOOK / 2).await;
        deadline.0.store(Moment::now().micros(), Ordering::Release);
        let began = tokio::time::Instant::now();
        waiting.await.unwrap();
        assert!(began.elapsed() <= LOOK, "{:?}", began.elapsed());
        drop(over);
    }

    #[tokio::test]
    async fn a_pause_ends_when_it_is_over() {
        let (over, seen) = watch::channel(false);
        let waiting = tokio::spawn(pause(LONG, seen.clone()));
        over.send_replace(true);
        waiting.await.unwrap();
        let began = Moment::now();
        over.send_replace(false);
        pause(Duration::from_millis(20), seen).await;
        assert!(began.until(Moment::now()) >= Duration::from_millis(20));
    }
}
