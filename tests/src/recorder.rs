//! A connection that talks to nobody: it records what is sent.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cache_core::connection::PushStream;
use cache_core::{Batch, Cache, Capabilities, Command, Connection, Reply, Result};
use futures_core::future::BoxFuture;

/// Records what is sent and answers from a list, then with `OK`.
pub struct Recorder {
    sent: Mutex<Vec<String>>,
    answers: Mutex<Vec<Reply>>,
    capabilities: Capabilities,
}

impl Recorder {
    /// A recorder, and a cache of the project `shop` over it.
    pub fn cache(answers: impl IntoIterator<Item = Reply>) -> (Arc<Self>, Cache) {
        Self::cache_of(capabilities(), answers)
    }

    /// A recorder of a server that can do this, and a cache of the project `shop` over it.
    pub fn cache_of(
        capabilities: Capabilities,
        answers: impl IntoIterator<Item = Reply>,
    ) -> (Arc<Self>, Cache) {
        let mut answers: Vec<_> = answers.into_iter().collect();
        answers.reverse();
        let recorder = Arc::new(Self { sent: Mutex::default(), answers: Mutex::new(answers), capabilities });
        let cache = Cache::from_connection(recorder.clone()).project("shop");
        (recorder, cache)
    }

    fn record(&self, command: &Command) -> Reply {
        let words: Vec<_> = command.args().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        let repeat = if command.is_repeatable() { " (repeatable)" } else { "" };
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{}{repeat}", words.join(" ")));
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
            .unwrap_or(Reply::Status("OK".into()))
    }

    /// What was sent since the last call: the words of each command, and in front of those that travelled together
    /// `pipeline` or `MULTI`.
    pub fn sent(&self) -> Vec<String> {
        std::mem::take(&mut self.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What a server with both modules can do.
pub fn capabilities() -> Capabilities {
    let mut capabilities = Capabilities::default();
    (capabilities.search, capabilities.json) = (Some(21005), Some(20803));
    capabilities.max_search_results = 1_000_000;
    capabilities
}

impl Connection for Recorder {
    fn send(&self, command: Command) -> BoxFuture<'_, Result<Reply>> {
        let reply = self.record(&command);
        Box::pin(async move { Ok(reply) })
    }

    fn send_all(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>> {
        self.sent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(if batch.is_atomic() { "MULTI" } else { "pipeline" }.to_owned());
        let replies = batch.commands().iter().map(|command| Ok(self.record(command))).collect();
        Box::pin(async move { Ok(replies) })
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn pushes(&self) -> Option<PushStream> {
        None
    }

    fn deadline(&self) -> Duration {
        Duration::from_secs(2)
    }
}
