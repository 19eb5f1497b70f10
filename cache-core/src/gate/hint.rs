//! A hint for those who wait: the server's word that the key has changed.
//!
//! Connections that speak RESP3 have the server track keys that it is asked to, for what it tells of flushes. A waiter has
//! it track the gate's key, and is told of whatever happens to it: a release, a deletion by any other library, the end
//! of its time. It is told once, and may not be told at all: a waiter looks again after its pause in any case.

use cache_index::{Batch, Command, Reply};

use crate::cache::{Cache, Sent};
use crate::connection::{Push, PushStream};

/// What may call a waiter before its pause is over.
#[derive(Debug, Default)]
pub(super) struct Hint {
    pushes: Option<PushStream>,
}

impl Hint {
    /// Waits until the key is gone or was changed. Unbounded, and for ever where the connection cannot be told: to be
    /// raced against the pause.
    pub(super) async fn wait(&mut self, cache: &Cache, key: &str) {
        match self.ask(cache, key).await {
            Some(true) => self.called(key).await,
            // The key is gone already.
            Some(false) => {}
            None => std::future::pending().await,
        }
    }

    /// Has the server track the key: whether it is there; `None`: it will say nothing.
    async fn ask(&mut self, cache: &Cache, key: &str) -> Option<bool> {
        let connection = cache.connection();
        if !connection.notices_flushes() {
            return None;
        }
        // Before the key is asked after, so that nothing is missed.
        if self.pushes.is_none() {
            self.pushes = connection.pushes();
        }
        self.pushes.as_ref()?;
        // It counts for the next command of the connection; a pipeline is written in one piece.
        let track = Command::new("CLIENT").arg("CACHING").arg("YES").repeatable();
        let get = Command::new("GET").key(key).repeatable();
        let batch = Batch::pipeline(vec![track, get]);
        let observed = cache.observe(Sent::Many(&batch));
        let answers = observed.around(connection.send_all(batch)).await.ok()?;
        match <[_; 2]>::try_from(answers) {
            Ok([Ok(_), Ok(value)]) => Some(value != Reply::Nil),
            _ => None,
        }
    }

    /// Waits until the server says that the key, or any key, was changed, or can say nothing any more.
    async fn called(&mut self, key: &str) {
        let Some(pushes) = &mut self.pushes else { return };
        let is_it = |changed: &Reply| changed.as_bytes() == Some(key.as_bytes());
        loop {
            match pushes.next().await {
                Some(Push::Invalidate(Some(keys))) if !keys.iter().any(is_it) => {}
                Some(Push::Other(..)) => {}
                Some(Push::Invalidate(_) | Push::Disconnected) => return,
                // The connection was given up: there will be another stream.
                None => break,
            }
        }
        self.pushes = None;
        std::future::pending::<()>().await;
    }
}
