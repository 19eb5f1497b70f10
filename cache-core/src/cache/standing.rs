//! What is known of each index between queries, so that no query has to ask.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use cache_index::Shortfall;

/// Per index, why its answers may be incomplete whatever the query. Told by the migrator.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    indexes: RwLock<HashMap<String, Vec<Shortfall>>>,
}

impl Standing {
    pub(crate) fn report(&self, index: &str, shortfalls: Vec<Shortfall>) {
        let mut indexes = self.indexes.write().unwrap_or_else(PoisonError::into_inner);
        if shortfalls.is_empty() {
            indexes.remove(index);
        } else {
            indexes.insert(index.to_owned(), shortfalls);
        }
    }

    pub(crate) fn of(&self, index: &str) -> Vec<Shortfall> {
        let indexes = self.indexes.read().unwrap_or_else(PoisonError::into_inner);
        indexes.get(index).cloned().unwrap_or_default()
    }
}
