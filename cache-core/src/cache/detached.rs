//! Work in the background that ends with the cache it is done for.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::watch;

use super::Cache;

/// What every clone of a cache holds, and what works in the background for it does not.
#[derive(Clone)]
pub(super) struct Alive(Arc<watch::Sender<()>>);

impl Default for Alive {
    fn default() -> Self {
        Self(Arc::new(watch::Sender::new(())))
    }
}

/// Tells when the last clone of a cache was dropped.
pub(crate) struct Gone(watch::Receiver<()>);

impl Cache {
    /// The same cache for work in the background, which does not keep a server of its own alive, and what tells that
    /// work to end. It is to hold this cache within [`Gone::or`] only.
    pub(crate) fn detached(&self) -> (Self, Gone) {
        let gone = Gone(self.alive.0.subscribe());
        let background = Arc::new(self.background.lent());
        (Self { alive: Alive::default(), background, keeps: None, ..self.clone() }, gone)
    }
}

impl Gone {
    /// Does the work until it is done or the cache is gone; then it is dropped, wherever it was.
    pub(crate) async fn or<T>(mut self, work: impl Future<Output = T>) -> Option<T> {
        let (mut work, mut gone) = (pin!(work), pin!(self.0.changed()));
        poll_fn(|context| {
            // Nothing is ever sent: it ends when there is no sender any more.
            if gone.as_mut().poll(context).is_ready() {
                return Poll::Ready(None);
            }
            work.as_mut().poll(context).map(Some)
        })
        .await
    }
}
