//! Until when what is kept can be believed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Moment;

/// The time during which nothing that was kept is missed by an invalidation. It has a number, and what was asked for in one is
/// not believed in the next. Zero: there is none, since nobody would tell of changes.
pub(super) type Epoch = u64;

/// Until when, and since which break of the line, what is kept can be believed.
///
/// An answered `PING` proves that all was heard that the server had to say when it was sent: so what is kept is believed for a
/// while after that, and no longer, whatever keeps the next one from being sent. A line that breaks ends it at once.
#[derive(Debug, Default)]
pub(super) struct Trust {
    epoch: AtomicU64,
    /// In microseconds of [`Moment`].
    until: AtomicU64,
    lines: Mutex<Lines>,
}

/// What only changes with the line.
#[derive(Debug, Default)]
struct Lines {
    last: Epoch,
    losses: u64,
}

impl Trust {
    /// The epoch of this moment; `None`: nothing is believed.
    pub(super) fn epoch(&self, now: Moment) -> Option<Epoch> {
        let epoch = self.epoch.load(Ordering::Acquire);
        (epoch != 0 && now.micros() < self.until.load(Ordering::Acquire)).then_some(epoch)
    }

    /// How often the line broke: to be read before a `PING` is sent.
    pub(super) fn losses(&self) -> u64 {
        self.lines().losses
    }

    /// A `PING` was answered. Believed until then, unless the line broke since there were as many losses. Whether this began an
    /// epoch.
    pub(super) fn answered(&self, losses: u64, until: Moment) -> bool {
        let mut lines = self.lines();
        if lines.losses != losses {
            return false;
        }
        self.until.store(until.micros(), Ordering::Release);
        let begins = self.epoch.load(Ordering::Acquire) == 0;
        if begins {
            lines.last += 1;
            self.epoch.store(lines.last, Ordering::Release);
        }
        begins
    }

    /// The line broke, or is silent.
    pub(super) fn lost(&self) {
        let mut lines = self.lines();
        lines.losses += 1;
        self.epoch.store(0, Ordering::Release);
    }

    /// All that was kept is out of date; what is asked for from now on is not.
    pub(super) fn begin_anew(&self) {
        let mut lines = self.lines();
        if self.epoch.load(Ordering::Acquire) != 0 {
            lines.last += 1;
            self.epoch.store(lines.last, Ordering::Release);
        }
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn it_is_believed_while_the_line_answers_and_never_after_it_broke() {
        let (trust, now) = (Trust::default(), Moment::now());
        let (soon, later) = (now.after(Duration::from_secs(1)), now.after(Duration::from_secs(4)));
        assert_eq!(trust.epoch(now), None);
        assert!(trust.answered(trust.losses(), soon));
        assert_eq!((trust.epoch(now), trust.epoch(soon)), (Some(1), None), "nobody answered since");
        assert!(!trust.answered(trust.losses(), later));
        assert_eq!(trust.epoch(soon), Some(1), "nothing was missed");
        let before = trust.losses();
        trust.lost();
        assert_eq!(trust.epoch(now), None);
        assert!(!trust.answered(before, later), "of the line before");
        assert_eq!(trust.epoch(now), None);
        assert!(trust.answered(trust.losses(), later));
        assert_eq!(trust.epoch(now), Some(2));
        trust.begin_anew();
        assert_eq!(trust.epoch(now), Some(3));
        trust.lost();
        trust.begin_anew();
        assert_eq!(trust.epoch(now), None);
    }
}
