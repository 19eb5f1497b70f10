//! The server's eviction policy, as it was last read.

use std::sync::{Mutex, PoisonError};

/// The eviction policy, and on which connection it was read.
#[derive(Debug, Default)]
pub(crate) struct EvictionPolicy {
    read: Mutex<Option<(u64, String)>>,
}

impl EvictionPolicy {
    /// The policy, if it was read on this connection.
    pub(crate) fn known(&self, connection: u64) -> Option<String> {
        let read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        read.as_ref().filter(|(on, _)| *on == connection).map(|(_, policy)| policy.clone())
    }

    pub(crate) fn learn(&self, connection: u64, policy: String) {
        *self.read.lock().unwrap_or_else(PoisonError::into_inner) = Some((connection, policy));
    }
}
