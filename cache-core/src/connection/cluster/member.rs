//! What a client has for one node of a cluster.

use std::future::Future;
use std::time::Duration;

use cache_index::{Command, Reply};

use crate::error::Result;

/// One node, with its connection, which is made anew when it breaks. What is sent to it goes nowhere else, and is sent again
/// only if it may be repeated.
pub(in crate::connection) trait Member: Send + Sync + 'static {
    /// Sends a command and waits for its answer; `timeout` in place of its own.
    fn call(
        &self,
        command: &Command,
        timeout: Option<Duration>,
    ) -> impl Future<Output = Result<Reply>> + Send;

    /// Sends commands one behind the other, in a transaction or not, and waits for their answers.
    fn call_all(
        &self,
        commands: &[&Command],
        atomic: bool,
        timeout: Option<Duration>,
    ) -> impl Future<Output = Result<Vec<Result<Reply>>>> + Send;

    /// The host that it is connected by; `None`: it has none.
    fn host(&self) -> Option<String>;

    /// As [`Connection::generation`](crate::Connection::generation).
    fn generation(&self) -> u64;

    /// As [`Connection::notices_flushes`](crate::Connection::notices_flushes).
    fn notices_flushes(&self) -> bool;
}
