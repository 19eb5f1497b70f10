//! Messages that a server sends without being asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cache_index::Reply;
use tokio::sync::mpsc;

/// A message that no command asked for.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Push {
    /// Keys that were tracked have changed; `None`: all of them may have.
    Invalidate(Option<Vec<Reply>>),
    /// The connection broke: whatever it tracked or subscribed is gone.
    Disconnected,
    /// Another message, with its kind.
    Other(String, Vec<Reply>),
}

/// The pushes of a connection, in the order of the wire and without loss: what is not read yet waits.
#[derive(Debug)]
pub struct PushStream {
    receiver: mpsc::UnboundedReceiver<Push>,
}

impl PushStream {
    /// A stream and what feeds it, for implementations of [`Connection`](super::Connection).
    pub fn channel() -> (PushSender, Self) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (PushSender { sender }, Self { receiver })
    }

    /// The next push. Waits for as long as none comes; `None`: the connection was given up.
    pub async fn next(&mut self) -> Option<Push> {
        self.receiver.recv().await
    }
}

/// What feeds a [`PushStream`].
#[derive(Debug, Clone)]
pub struct PushSender {
    sender: mpsc::UnboundedSender<Push>,
}

impl PushSender {
    /// Hands a push on; `false`: nobody listens any more.
    pub fn send(&self, push: Push) -> bool {
        self.sender.send(push).is_ok()
    }

    /// Whether nobody listens any more.
    pub fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }
}

/// Who is told what the server says of the keys that were read on a connection that [tracks](super::Connection::tracking)
/// them.
///
/// It is told where the connection is read, in the order of the wire: what was said before an answer is told before anybody
/// has that answer. So it must be quick, and wait for nothing.
pub trait Invalidations: Send + Sync + 'static {
    /// A key that was read has changed since, or the server gave up remembering that it was read.
    fn changed(&self, key: &[u8]);

    /// Any key may have changed: a database was flushed.
    fn all_changed(&self);

    /// The connection is gone, and what is not told of it any more with it. Told before another one is made.
    fn lost(&self);
}

/// How often the server said that a key changed which it was told to track.
#[derive(Debug, Clone, Default)]
pub struct KeyChanges(Arc<AtomicU64>);

impl KeyChanges {
    /// The number, which only grows.
    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }

    /// One more.
    pub fn add(&self) {
        self.0.fetch_add(1, Ordering::AcqRel);
    }
}
