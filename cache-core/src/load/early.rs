//! When a document that is good still is loaded again.

use std::time::Duration;

/// When it is loaded again, while it is stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Freshness {
    pub(super) stale_after: Option<Duration>,
    pub(super) beta: f64,
}

impl Default for Freshness {
    fn default() -> Self {
        Self { stale_after: None, beta: 1.0 }
    }
}

impl Freshness {
    /// Whether it is due. `fresh_for`: how long it is good still, `None`: nothing is known of that. `took`: how long
    /// loading it took.
    pub(super) fn is_due(self, fresh_for: Option<Duration>, took: Option<Duration>) -> bool {
        // From (0, 1], so that the logarithm is finite.
        self.is_due_by(fresh_for, took, 1.0 - rand::random::<f64>())
    }

    /// XFetch, algorithm 1 of the paper that [`Load`](super::Load) names: due when `now - delta * beta * ln(random) >=
    /// expiry`.
    fn is_due_by(self, fresh_for: Option<Duration>, took: Option<Duration>, random: f64) -> bool {
        match (fresh_for, took) {
            (Some(left), Some(took)) => took.as_secs_f64() * self.beta * -random.ln() >= left.as_secs_f64(),
            (Some(_), None) => false,
            (None, _) => self.stale_after.is_some(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Option<Duration> = Some(Duration::from_secs(1));

    #[test]
    fn it_is_the_rule_of_the_paper() {
        let usual = Freshness::default();
        // ln(e^-2) = -2: due when two loads' time is left, or less.
        let random = (-2.0_f64).exp();
        assert!(usual.is_due_by(Some(Duration::from_millis(1999)), SECOND, random));
        assert!(!usual.is_due_by(Some(Duration::from_millis(2001)), SECOND, random));
        assert!(Freshness { beta: 2.0, ..usual }.is_due_by(
            Some(Duration::from_millis(3999)),
            SECOND,
            random
        ));
        assert!(!Freshness { beta: 0.0, ..usual }.is_due_by(Some(Duration::from_millis(1)), SECOND, random));
        assert!(!usual.is_due_by(SECOND, SECOND, 1.0));
    }

    #[test]
    fn what_nothing_is_known_of_is_stale_where_that_matters() {
        let usual = Freshness::default();
        assert!(!usual.is_due_by(None, None, 0.5) && !usual.is_due_by(SECOND, None, 0.5));
        assert!(Freshness { stale_after: SECOND, ..usual }.is_due_by(None, None, 0.5));
    }
}
