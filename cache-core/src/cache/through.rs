//! The same cache over a connection that looks at what is sent.

use std::sync::Arc;

use cache_index::Command;

use super::Cache;
use super::fence::is_one_of;
use super::fenced::READS;
use crate::connection::Connection;

impl Cache {
    /// The same cache, all of whose commands go through what is made of its connection.
    pub(crate) fn through(&self, wrap: impl Fn(Arc<dyn Connection>) -> Arc<dyn Connection>) -> Self {
        let connection = wrap(Arc::clone(&self.connection));
        let unfenced = self.unfenced.as_ref().map(|unfenced| wrap(Arc::clone(unfenced)));
        Self { connection, unfenced, ..self.clone() }
    }
}

/// Whether a command changes no key, for certain.
pub(crate) fn is_read(command: &Command) -> bool {
    is_one_of(command.name(), &READS)
}
