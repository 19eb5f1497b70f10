//! What a process remembers by itself: the last good settings, and who was not there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::error::TierFailure;
use super::rows::TenantRow;

/// How many tenants' last good settings are kept.
const MOST: usize = 10_000;

/// The last good settings, for when nobody can be asked.
#[derive(Debug, Default)]
pub(super) struct LastGood {
    rows: Mutex<HashMap<String, (Arc<TenantRow>, Instant)>>,
}

impl LastGood {
    pub(super) fn keep(&self, row: &Arc<TenantRow>) {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        if rows.len() >= MOST
            && !rows.contains_key(&row.tenant)
            && let Some(any) = rows.keys().next().cloned()
        {
            rows.remove(&any);
        }
        rows.insert(row.tenant.clone(), (Arc::clone(row), Instant::now()));
    }

    pub(super) fn forget(&self, tenant: &str) {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner).remove(tenant);
    }

    /// What was good, at most so long ago.
    pub(super) fn get(&self, tenant: &str, within: Duration) -> Option<Arc<TenantRow>> {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let (row, good) = rows.get(tenant)?;
        (good.elapsed() <= within).then(|| Arc::clone(row))
    }
}

/// How long a store is left alone that has not answered for as long.
const LEFT_ALONE: Duration = Duration::from_millis(500);

/// Whether a store does not answer. Who asks it all the same waits for nothing, and so would everybody behind; one call finds
/// that it is back.
#[derive(Debug, Default)]
pub(super) struct Away(Mutex<Option<(TierFailure, Instant)>>);

impl Away {
    /// What it failed with, if it is not to be asked now. Else this call may, and as long as it does, nobody else.
    pub(super) fn check(&self, within: Duration) -> Result<(), TierFailure> {
        let mut away = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some((failure, until)) = away.as_mut() else { return Ok(()) };
        let now = Instant::now();
        if now < *until {
            return Err(failure.clone());
        }
        *until = now + within;
        Ok(())
    }

    /// What became of a call, and how long it took. One that fails at once is no reason to wait.
    pub(super) fn note(&self, took: Duration, failure: Option<&TierFailure>) {
        let mut away = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *away = failure
            .filter(|_| took >= LEFT_ALONE)
            .map(|failure| (failure.clone(), Instant::now() + LEFT_ALONE));
    }
}

/// How long a failure that was told is no news.
const TOLD_FOR: Duration = Duration::from_secs(10);

/// How many failures are told in that time.
const MOST_TOLD: usize = 16;

/// Failures that were told of lately.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<HashMap<String, Instant>>);

impl Told {
    /// Whether it was not told of lately, nor too many others; it is from now on.
    pub(super) fn is_news(&self, failure: String) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.retain(|_, since| since.elapsed() < TOLD_FOR);
        if told.len() >= MOST_TOLD || told.contains_key(&failure) {
            return false;
        }
        told.insert(failure, Instant::now());
        true
    }
}

/// Names that nobody knew. Bounded: whoever asks for ever new ones fills no memory, here or on the server.
#[derive(Debug)]
pub(super) struct Unknown {
    most: usize,
    lasts: Duration,
    names: Mutex<HashMap<String, Instant>>,
}

impl Unknown {
    pub(super) fn new(most: usize, lasts: Duration) -> Self {
        Self { most, lasts, names: Mutex::default() }
    }

    /// How long a name that turns out to be unknown is to be remembered; zero if there are too many already.
    pub(super) fn lasts(&self) -> Duration {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() >= self.most {
            names.retain(|_, since| since.elapsed() < self.lasts);
        }
        if names.len() < self.most { self.lasts } else { Duration::ZERO }
    }

    pub(super) fn keep(&self, name: &str) {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() < self.most {
            names.insert(name.to_owned(), Instant::now());
        }
    }

    pub(super) fn forget(&self, name: &str) {
        self.names.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
    }

    pub(super) fn has(&self, name: &str) -> bool {
        let names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        names.get(name).is_some_and(|since| since.elapsed() < self.lasts)
    }
}

#[cfg(test)]
mod tests {
    use super::super::error::Tier;
    use super::*;

    #[test]
    fn a_store_that_does_not_answer_is_asked_by_one_call() {
        let (away, failure) = (Away::default(), TierFailure::new(Tier::Store, "late"));
        let minute = Duration::from_secs(60);
        away.note(Duration::ZERO, Some(&failure));
        assert!(away.check(minute).is_ok(), "it failed at once");
        away.note(LEFT_ALONE, Some(&failure));
        assert!(away.check(minute).is_err());
        *away.0.lock().unwrap() = Some((failure, Instant::now()));
        assert!(away.check(minute).is_ok() && away.check(minute).is_err(), "one asks");
        away.note(LEFT_ALONE, None);
        assert!(away.check(minute).is_ok() && away.check(minute).is_ok());
    }

    #[test]
    fn a_failure_is_news_once() {
        let told = Told::default();
        assert!(
            told.is_news("a".to_owned()) && !told.is_news("a".to_owned()) && told.is_news("b".to_owned())
        );
        let many = (0..100).filter(|number| told.is_news(number.to_string())).count();
        assert_eq!(many, MOST_TOLD - 2);
    }

    #[test]
    fn no_more_are_remembered_than_may_be() {
        let unknown = Unknown::new(3, Duration::from_secs(60));
        for name in ["a", "b", "c", "d"] {
            unknown.keep(name);
        }
        assert!(unknown.has("c") && !unknown.has("d"));
        assert_eq!(unknown.lasts(), Duration::ZERO);
        unknown.forget("a");
        assert_eq!(unknown.lasts(), Duration::from_secs(60));
        let brief = Unknown::new(1, Duration::ZERO);
        brief.keep("a");
        assert!(!brief.has("a"));
    }
}
