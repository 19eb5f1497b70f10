//! Who is told of pushes.

use std::sync::{Mutex, PoisonError};

use crate::connection::push::PushSender;
use crate::connection::{Push, PushStream};

/// Who is told of pushes, of one connection or of all of a cluster.
#[derive(Default)]
pub(super) struct Listeners(Mutex<Vec<PushSender>>);

impl Listeners {
    pub(super) fn listen(&self) -> PushStream {
        let (sender, stream) = PushStream::channel();
        let mut listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|listener| !listener.is_closed());
        listeners.push(sender);
        stream
    }

    pub(super) fn tell(&self, push: &Push) {
        let mut listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|listener| listener.send(push.clone()));
    }
}
