//! The fence of a lease: the number that writes carry, and where the largest that was seen is kept.

use std::sync::Arc;

use cache_index::{Beside, Command, Schema};

use super::Cache;
use crate::connection::Connection;
use crate::error::Result;

/// How long the largest number is kept beside a document of a cluster, in milliseconds: a week after the last write.
/// Elsewhere it is kept once for all documents, for ever.
const LIFE: u64 = 7 * 24 * 60 * 60 * 1_000;

/// What the writes of a fenced cache carry.
#[derive(Debug, Clone)]
pub(crate) struct Fence {
    number: u64,
    /// The gate's own fence.
    key: Arc<[u8]>,
    /// On a cluster, what the keys beside documents end with.
    beside: Option<OnCluster>,
}

/// The gate, as it is named beside documents.
#[derive(Debug, Clone)]
struct OnCluster {
    gate: Arc<str>,
    end: Arc<[u8]>,
}

/// What one write carries.
#[derive(Debug, Clone)]
pub(crate) struct Carried {
    /// Where the largest number is kept.
    pub(crate) key: Arc<[u8]>,
    pub(crate) number: u64,
    /// How long it is kept there, in milliseconds; `None`: for ever.
    pub(crate) life: Option<u64>,
}

impl Fence {
    /// `gate` is the key of the gate, `key` the one of its fence.
    pub(super) fn new(gate: &str, key: &str, number: u64, is_cluster: bool) -> Self {
        let beside = is_cluster.then(|| OnCluster {
            gate: gate.into(),
            end: format!(":fence:{}", gate.replace(':', "%3A")).into_bytes().into(),
        });
        Self { number, key: key.as_bytes().into(), beside }
    }

    /// What a write of this document carries.
    ///
    /// # Errors
    /// [`Error::Name`](crate::Error::Name) on a cluster, for a document whose slot no other key can be on.
    pub(crate) fn carried(&self, cache: &Cache, schema: &Schema, document: &[u8]) -> Result<Carried> {
        let number = self.number;
        let Some(OnCluster { gate, .. }) = &self.beside else {
            return Ok(Carried { key: Arc::clone(&self.key), number, life: None });
        };
        let (mut key, beside) = (Vec::new(), Beside::Key(document));
        schema.write_sibling(cache.keyspace()?, &mut key, beside, &[&"fence", gate])?;
        Ok(Carried { key: key.into(), number, life: Some(LIFE) })
    }

    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Whether the command is a script that has the largest number as its last key, to compare with it.
    pub(super) fn is_carried_by(&self, command: &Command) -> bool {
        if !is_one_of(command.name(), &["EVALSHA", "EVAL"]) {
            return false;
        }
        let keys = command.args().nth(2).and_then(|count| std::str::from_utf8(count).ok()?.parse().ok());
        let last = keys.and_then(|count: usize| command.args().nth(count.checked_add(2)?));
        last.is_some_and(|last| match &self.beside {
            Some(OnCluster { end, .. }) => last.ends_with(end),
            None => *last == *self.key,
        })
    }
}

impl Cache {
    /// What a write of this document carries; `None`: nothing, since the cache is not a fenced one.
    pub(crate) fn carried(&self, schema: &Schema, document: &[u8]) -> Result<Option<Carried>> {
        self.fence.as_ref().map(|fence| fence.carried(self, schema, document)).transpose()
    }

    /// The connection for what goes on below, whichever handle began it.
    pub(super) fn unfenced(&self) -> Arc<dyn Connection> {
        Arc::clone(self.unfenced.as_ref().unwrap_or(&self.connection))
    }

    /// Whether writes carry a fence.
    pub(crate) fn is_fenced(&self) -> bool {
        self.fence.is_some()
    }
}

pub(super) fn is_one_of(name: &str, names: &[&str]) -> bool {
    names.iter().any(|known| name.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_scripts_that_have_the_number_as_their_last_key_carry_it() {
        let fence = Fence { number: 7, key: b"{g}:f"[..].into(), beside: None };
        let call = |count: &str, keys: &[&str]| {
            keys.iter().fold(Command::new("EVALSHA").arg("0123").arg(count), Command::key).arg("7")
        };
        assert!(fence.is_carried_by(&call("1", &["{g}:f"])));
        assert!(fence.is_carried_by(&call("2", &["a", "{g}:f"])));
        assert!(!fence.is_carried_by(&call("2", &["{g}:f", "a"])));
        assert!(!fence.is_carried_by(&call("1", &["a", "{g}:f"])), "an argument is no key");
        assert!(!fence.is_carried_by(&call("18446744073709551615", &["{g}:f"])));
        assert!(!fence.is_carried_by(&call("-1", &["{g}:f"])));
        assert!(!fence.is_carried_by(&Command::new("DEL").arg("x").arg("1").key("{g}:f")));
    }
}
