//! A connection that stops the process after some commands, so that it can be killed there.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cache_core::connection::PushStream;
use cache_core::{Batch, Cache, Command, Connection, Reply, Result};
use futures_core::future::BoxFuture;

/// What is said when the commands are used up.
pub const STOPPED: &str = "STOPPED";

/// Passes on so many commands and their answers; then it says so on standard output, and nothing is answered any more.
pub struct Stopping {
    inner: Arc<dyn Connection>,
    left: AtomicUsize,
}

impl Stopping {
    /// A cache over the same connection, which stops after this many commands, and whose deadline is short: nobody is
    /// waited for longer than needed.
    pub fn cache(cache: &Cache, commands: usize) -> Cache {
        let inner = Arc::clone(cache.connection());
        Cache::from_connection(Arc::new(Self { inner, left: AtomicUsize::new(commands) }))
    }

    async fn count(&self, commands: usize) {
        let left = self.left.fetch_sub(commands, Ordering::Relaxed);
        if left <= commands {
            println!("{STOPPED}");
            let _ = std::io::stdout().flush();
            std::future::pending::<()>().await;
        }
    }
}

impl Connection for Stopping {
    fn send(&self, command: Command) -> BoxFuture<'_, Result<Reply>> {
        Box::pin(async move {
            let reply = self.inner.send(command).await;
            self.count(1).await;
            reply
        })
    }

    fn send_all(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>> {
        Box::pin(async move {
            let commands = batch.commands().len();
            let replies = self.inner.send_all(batch).await;
            self.count(commands).await;
            replies
        })
    }

    fn pushes(&self) -> Option<PushStream> {
        None
    }

    fn deadline(&self) -> Duration {
        Duration::from_millis(100)
    }

    crate::hand_on!(inner: capabilities, generation, notices_flushes, changes_of);
}
