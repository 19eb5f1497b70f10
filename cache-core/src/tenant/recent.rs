//! What a process remembers by itself: the last good settings, and who was not there.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

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
    use super::*;

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
