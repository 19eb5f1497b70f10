//! Messages that a server sends without being asked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use cache_index::Reply;
use tokio::sync::mpsc;

/// A message that no command asked for.
///
/// ```no_run
/// # async fn example(cache: cache_core::Cache) {
/// use cache_core::connection::Push;
///
/// let Some(mut pushes) = cache.connection().pushes() else { return };
/// while let Some(push) = pushes.next().await {
///     match push {
///         Push::Invalidate(Some(keys)) => println!("forget {keys:?}"),
///         // Nobody knows what changed.
///         Push::Invalidate(None) | Push::Disconnected => println!("forget everything"),
///         _ => {}
///     }
/// }
/// # }
/// ```
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
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use cache_core::connection::{Push, PushStream};
///
/// let (sender, mut pushes) = PushStream::channel();
/// sender.send(Push::Invalidate(None));
/// drop(sender); // the connection is given up
/// assert_eq!(pushes.next().await, Some(Push::Invalidate(None)));
/// assert_eq!(pushes.next().await, None);
/// # }
/// ```
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
///
/// What reads a connection of one's own stops when nobody listens:
///
/// ```
/// use cache_core::connection::{Push, PushStream};
///
/// let (sender, pushes) = PushStream::channel();
/// assert!(sender.send(Push::Disconnected));
/// drop(pushes);
/// assert!(sender.is_closed() && !sender.send(Push::Disconnected));
/// ```
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
///
/// ```no_run
/// use std::collections::HashMap;
/// use std::sync::{Arc, Mutex};
///
/// use cache_core::connection::Invalidations;
///
/// #[derive(Default)]
/// struct Kept(Mutex<HashMap<Vec<u8>, String>>);
///
/// impl Invalidations for Kept {
///     fn changed(&self, key: &[u8]) {
///         self.0.lock().unwrap().remove(key);
///     }
///
///     fn all_changed(&self) {
///         self.0.lock().unwrap().clear();
///     }
///
///     fn lost(&self) {
///         self.all_changed(); // what changes now, nobody tells
///     }
/// }
///
/// # fn example(cache: cache_core::Cache) -> cache_core::Result<()> {
/// let kept = Arc::new(Kept::default());
/// if let Some(tracked) = cache.connection().tracking(kept.clone()).transpose()? {
///     println!("what is read here and put into `kept` is good: {:?}", tracked.capabilities());
/// }
/// # Ok(())
/// # }
/// ```
pub trait Invalidations: Send + Sync + 'static {
    /// A key that was read has changed since, or the server gave up remembering that it was read.
    fn changed(&self, key: &[u8]);

    /// Any key may have changed: a database was flushed.
    fn all_changed(&self);

    /// The connection is gone, and what is not told of it any more with it. Told before another one is made.
    fn lost(&self);
}

/// How often the server said that a key changed which it was told to track.
///
/// ```
/// use cache_core::connection::KeyChanges;
///
/// let changes = KeyChanges::default();
/// let (told, before) = (changes.clone(), changes.count());
/// told.add(); // by whoever reads the connection
/// assert!(changes.count() > before, "what was read before is out of date");
/// ```
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
