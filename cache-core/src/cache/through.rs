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

    /// The same cache, which has keys forgotten whose invalidation it owes to the server.
    pub(crate) fn forgetting(self, forgets: impl Fn(&[u8]) + Send + Sync + 'static) -> Self {
        Self { forgets: Some(Arc::new(forgets)), ..self }
    }
}

/// Whether a command changes no key, for certain.
pub(crate) fn is_read(command: &Command) -> bool {
    is_one_of(command.name(), &READS)
}

#[cfg(all(test, feature = "testkit"))]
mod tests {
    use std::sync::Mutex;

    use crate::cache::{Degrade, Invalidation};
    use crate::error::Error;
    use crate::testkit::Recorder;

    use super::super::circuit::Circuit;
    use super::*;

    #[tokio::test]
    async fn what_is_owed_is_forgotten_once_nobody_reads_any_more() {
        let circuit = Arc::new(Circuit::new(true));
        let (state, forgotten) = (Arc::clone(&circuit), Arc::new(Mutex::new(Vec::new())));
        let seen = Arc::clone(&forgotten);
        let degrade = Some(Arc::new(Degrade::new()));
        let cache = Cache { degrade, circuit, ..Recorder::cache([]).1 }.forgetting(move |key| {
            seen.lock().unwrap().push((key.to_vec(), state.state().is_enabled()));
        });
        let later: Invalidation = Arc::new(|_| Box::pin(async { Ok(()) }));
        let refused = Error::Unavailable { reason: "it is gone".to_owned(), source: None };
        assert!(cache.or_owed(Err(refused), [(b"k".to_vec(), later)], || ()).is_ok());
        assert_eq!(*forgotten.lock().unwrap(), [(b"k".to_vec(), false)]);
    }
}
