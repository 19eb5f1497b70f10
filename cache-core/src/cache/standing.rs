//! What is known of each index between queries, so that no query has to make a round trip for it.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use cache_index::Shortfall;

/// How long what was seen of an index is believed on one connection.
const BELIEVED: Duration = Duration::from_secs(30);

/// Per index, why its answers may be incomplete whatever the query.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    indexes: RwLock<HashMap<String, Known>>,
}

#[derive(Debug, Default)]
struct Known {
    /// Told by the migrator.
    told: Vec<Shortfall>,
    seen: Option<Seen>,
}

/// What was seen of an index.
#[derive(Debug, Clone, Copy)]
struct Seen {
    /// On which connection: after another one was made, it may be another server, or the same one started anew.
    connection: u64,
    filled: bool,
    looked: Instant,
}

impl Standing {
    /// Takes what the migrator found to be missing in the index, and puts it in the place of what it found before.
    pub(crate) fn report(&self, index: &str, shortfalls: Vec<Shortfall>) {
        let mut indexes = self.indexes.write().unwrap_or_else(PoisonError::into_inner);
        indexes.entry(index.to_owned()).or_default().told = shortfalls;
    }

    /// Whether it is not known, or no longer, if the index is filled: the next query is to ask.
    pub(crate) fn wants_look(&self, index: &str, connection: u64) -> bool {
        let indexes = self.indexes.read().unwrap_or_else(PoisonError::into_inner);
        let Some(seen) = indexes.get(index).and_then(|known| known.seen) else { return true };
        seen.connection != connection || !seen.filled || seen.looked.elapsed() >= BELIEVED
    }

    /// Takes whether the index was seen to be filled.
    pub(crate) fn saw(&self, index: &str, connection: u64, filled: bool) {
        let mut indexes = self.indexes.write().unwrap_or_else(PoisonError::into_inner);
        let seen = Seen { connection, filled, looked: Instant::now() };
        indexes.entry(index.to_owned()).or_default().seen = Some(seen);
    }

    /// Why answers of this index may be incomplete.
    pub(crate) fn of(&self, index: &str) -> Vec<Shortfall> {
        let indexes = self.indexes.read().unwrap_or_else(PoisonError::into_inner);
        let Some(known) = indexes.get(index) else { return Vec::new() };
        let mut shortfalls = known.told.clone();
        if known.seen.is_some_and(|seen| !seen.filled) {
            shortfalls.push(Shortfall::Indexing);
        }
        shortfalls
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_is_looked_at_until_it_is_filled_and_again_on_another_connection() {
        let standing = Standing::default();
        assert!(standing.wants_look("i", 0));
        standing.saw("i", 0, false);
        assert_eq!(standing.of("i"), [Shortfall::Indexing]);
        assert!(standing.wants_look("i", 0));
        standing.saw("i", 0, true);
        assert!(standing.of("i").is_empty());
        assert!(!standing.wants_look("i", 0));
        assert!(standing.wants_look("i", 1));
    }

    #[test]
    fn what_the_migrator_told_stays_until_it_tells_otherwise() {
        let standing = Standing::default();
        standing.report("i", vec![Shortfall::FailedDocuments(2)]);
        standing.saw("i", 0, false);
        assert_eq!(standing.of("i"), [Shortfall::FailedDocuments(2), Shortfall::Indexing]);
        standing.report("i", Vec::new());
        assert_eq!(standing.of("i"), [Shortfall::Indexing]);
    }
}
