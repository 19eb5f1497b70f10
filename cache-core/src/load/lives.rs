//! A time to live that is no constant of the model.

use std::time::Duration;

use super::Load;
use crate::model::Model;

impl<M: Model> Load<M> {
    /// How long what is loaded is stored, in place of the model's time to live.
    pub(crate) fn lives(mut self, ttl: Duration) -> Self {
        self.settings.ttl = Some(ttl);
        self
    }
}
