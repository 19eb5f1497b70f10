//! Pauses between attempts.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};

/// Pauses that double until the longest, each cut at random: full jitter (M. Brooker, "Exponential Backoff And Jitter", AWS
/// 2015), so that what failed for many at one moment does not come back at one moment. There is no end to them: whoever
/// asks knows how long to go on.
#[derive(Debug)]
pub(crate) struct Backoff {
    pauses: ExponentialBackoff,
    bound: Duration,
}

impl Backoff {
    /// The bound of the first pause, and of the longest.
    pub(crate) fn new(first: Duration, longest: Duration) -> Self {
        let pauses = ExponentialBuilder::new()
            .with_min_delay(first)
            .with_max_delay(longest)
            .with_factor(2.0)
            .without_max_times();
        let mut pauses = pauses.build();
        let bound = pauses.next().unwrap_or(first);
        Self { pauses, bound }
    }

    /// What the next pause is at most.
    #[cfg(any(feature = "fred", feature = "redis", test))]
    pub(crate) fn bound(&self) -> Duration {
        self.bound
    }

    /// The next pause.
    pub(crate) fn pause(&mut self) -> Duration {
        let bound = self.bound;
        self.bound = self.pauses.next().unwrap_or(bound);
        bound.mul_f64(rand::random())
    }
}

/// How long it is waited at most before a call is sent again whose connection broke.
#[cfg(feature = "redis")]
const AGAIN: Duration = Duration::from_millis(20);

/// Waits before a call is sent again whose connection broke: those of a whole fleet do when its server restarts.
/// (The `fred` crate has pauses of its own between connections.)
#[cfg(feature = "redis")]
pub(crate) async fn before_again() {
    tokio::time::sleep(Backoff::new(AGAIN, AGAIN).pause()).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_until_the_longest_and_have_no_end() {
        let (first, longest) = (Duration::from_millis(5), Duration::from_millis(30));
        let mut backoff = Backoff::new(first, longest);
        let mut bounds = Vec::new();
        for _ in 0..1000 {
            bounds.push(backoff.bound().as_millis());
            let bound = backoff.bound();
            assert!(backoff.pause() <= bound);
        }
        assert_eq!(&bounds[..4], [5, 10, 20, 30]);
        assert!(bounds[4..].iter().all(|bound| *bound == 30));
    }

    #[test]
    fn a_first_pause_beyond_the_longest_is_the_longest() {
        let mut backoff = Backoff::new(Duration::from_secs(9), Duration::from_secs(1));
        assert!(backoff.pause() <= Duration::from_secs(9));
        assert_eq!(backoff.bound(), Duration::from_secs(1));
        assert_eq!(Backoff::new(Duration::ZERO, Duration::ZERO).pause(), Duration::ZERO);
    }
}
