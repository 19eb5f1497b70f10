//! A handle that does without the server, made from one that does not.

use std::sync::Arc;

use super::Cache;
use super::circuit::Circuit;

impl Cache {
    /// The same cache, done without when there is no server: as it is, if it [does](Cache::degrades); else with a circuit
    /// and owed invalidations of its own.
    pub(crate) fn degrading(&self) -> Self {
        if self.degrades() {
            return self.clone();
        }
        Self {
            circuit: Arc::new(Circuit::new(true)),
            degrade: Some(Arc::default()),
            owed: Arc::default(),
            background: Arc::default(),
            ..self.clone()
        }
    }
}
