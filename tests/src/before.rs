//! A connection that does something before it sends a command.

use std::sync::Arc;
use std::time::Duration;

use cache_core::{Batch, Command, Connection, Reply, Result};
use futures_core::future::BoxFuture;

type Deed = Box<dyn Fn(&Command) -> BoxFuture<'static, ()> + Send + Sync>;

/// Does something before each command; of a batch, before the batch is sent.
pub struct Before {
    inner: Arc<dyn Connection>,
    deed: Deed,
    deadline: Duration,
}

impl Before {
    /// Over this connection.
    pub fn new(
        inner: &Arc<dyn Connection>,
        deed: impl Fn(&Command) -> BoxFuture<'static, ()> + Send + Sync + 'static,
    ) -> Self {
        Self { inner: Arc::clone(inner), deed: Box::new(deed), deadline: inner.deadline() }
    }

    /// Says that it has another deadline.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }
}

impl Connection for Before {
    fn send(&self, command: Command) -> BoxFuture<'_, Result<Reply>> {
        Box::pin(async move {
            (self.deed)(&command).await;
            self.inner.send(command).await
        })
    }

    fn send_all(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>> {
        Box::pin(async move {
            for command in batch.commands() {
                (self.deed)(command).await;
            }
            self.inner.send_all(batch).await
        })
    }

    fn deadline(&self) -> Duration {
        self.deadline
    }

    crate::hand_on!(inner: capabilities, pushes, generation, notices_flushes, changes_of);
}
