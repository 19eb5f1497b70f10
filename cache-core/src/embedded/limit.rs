//! A bound on blocking work: a point in time, and a flag that goes up when nobody waits any more.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::error::EmbeddedError;

/// How long blocking work may go on.
#[derive(Debug, Clone)]
pub(super) struct Limit {
    bound: Duration,
    until: Instant,
    abandoned: Arc<AtomicBool>,
}

/// Held by the future that waits: dropping it ends the work under the limit early.
#[derive(Debug)]
pub(super) struct Waiting(Arc<AtomicBool>);

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Limit {
    pub(super) fn new(bound: Duration) -> (Limit, Waiting) {
        let abandoned = Arc::new(AtomicBool::new(false));
        (
            Limit { bound, until: Instant::now() + bound, abandoned: Arc::clone(&abandoned) },
            Waiting(abandoned),
        )
    }

    /// The same limit, tightened to `bound` from now.
    pub(super) fn within(&self, bound: Duration) -> Limit {
        let until = Instant::now() + bound;
        if until < self.until { Limit { bound, until, ..self.clone() } } else { self.clone() }
    }

    /// What is left, at most `most` and never zero, which sockets take for "no timeout".
    pub(super) fn left(&self, most: Duration) -> Duration {
        self.until.saturating_duration_since(Instant::now()).min(most).max(Duration::from_millis(1))
    }

    /// Fails once the work has to end; `what` names it in the message.
    pub(super) fn check(&self, what: &str) -> Result<(), EmbeddedError> {
        if self.abandoned.load(Ordering::Relaxed) {
            Err(EmbeddedError::Interrupted)
        } else if Instant::now() >= self.until {
            Err(EmbeddedError::TimedOut { what: what.to_owned(), bound: self.bound })
        } else {
            Ok(())
        }
    }

    /// Sleeps shortly between two looks at something that can only be polled.
    pub(super) fn nap(&self, length: Duration) {
        thread::sleep(self.left(length));
    }
}

/// Lengths for [`Limit::nap`]: quick at first, because most waits are short, then gentle on the processor.
pub(super) fn naps() -> impl Iterator<Item = Duration> {
    std::iter::successors(Some(Duration::from_millis(1)), |nap| {
        Some((*nap * 2).min(Duration::from_millis(20)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_when_its_time_is_up_or_nobody_waits() {
        let (limit, waiting) = Limit::new(Duration::from_secs(60));
        assert!(limit.check("it").is_ok());
        let tight = limit.within(Duration::ZERO);
        assert_eq!(
            tight.check("the wait").unwrap_err().to_string(),
            "the wait took longer than 0 s: make sure the machine is not overloaded, then try again"
        );
        assert!(tight.left(Duration::from_secs(1)) > Duration::ZERO);
        drop(waiting);
        assert!(matches!(limit.check("it"), Err(EmbeddedError::Interrupted)));
        assert!(matches!(tight.check("it"), Err(EmbeddedError::Interrupted)));
    }

    #[test]
    fn tightening_never_loosens() {
        let (limit, _waiting) = Limit::new(Duration::from_secs(1));
        assert_eq!(limit.within(Duration::from_secs(9)).bound, Duration::from_secs(1));
    }
}
