//! A connection that talks to nobody: it records what is sent.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cache_index::{Batch, Command, Reply};
use futures_core::future::BoxFuture;

use crate::cache::Cache;
use crate::connection::{Capabilities, Connection, KeyChanges, PushStream};
use crate::error::Result;

/// A connection to nobody that records the commands it is given, for tests of what code sends.
///
/// It answers from a list, then with `OK` to everything: what the code makes of an answer is tested only as far as the
/// list is what a server would answer. Two things it answers by itself, so that lists hold answers of the code's own
/// commands: an index that is asked after together with a query is filled, and was not made again. What a process asks once,
/// whether others found documents that the index lacks, is answered with no and not shown.
///
/// ```
/// use cache_core::testkit::Recorder;
/// use cache_core::{CacheModel, Reply};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: u32, name: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// let (recorder, cache) = Recorder::cache([Reply::Bulk(r#"{"id":7,"name":"Ann"}"#.into())]);
/// assert_eq!(User::get(&cache, 7).await?.unwrap().name, "Ann");
/// assert_eq!(recorder.sent(), ["JSON.GET cache:user:7 (repeatable)"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[doc(alias = "mock")]
pub struct Recorder {
    sent: Mutex<Vec<String>>,
    answers: Mutex<VecDeque<Reply>>,
    capabilities: Capabilities,
}

impl Recorder {
    /// A recorder of a server with the modules of Redis Stack 7.4 that answers so, and a cache over it.
    pub fn cache(answers: impl IntoIterator<Item = Reply>) -> (Arc<Self>, Cache) {
        Self::cache_of(capabilities(), answers)
    }

    /// As [`cache`](Self::cache), of a server that can do this.
    pub fn cache_of(
        capabilities: Capabilities,
        answers: impl IntoIterator<Item = Reply>,
    ) -> (Arc<Self>, Cache) {
        let answers = Mutex::new(answers.into_iter().collect());
        let recorder = Arc::new(Self { sent: Mutex::default(), answers, capabilities });
        let cache = Cache::from_connection(recorder.clone());
        (recorder, cache)
    }

    /// What was sent since the last call, one line each: the words of a command with spaces between them, and behind it
    /// `(repeatable)` if it may be sent again after a broken connection. In front of those that travelled together stands
    /// `pipeline` or `MULTI`. Bytes that are no UTF-8 are shown as U+FFFD.
    pub fn sent(&self) -> Vec<String> {
        std::mem::take(&mut lock(&self.sent))
    }

    fn record(&self, command: &Command) -> Reply {
        self.write(command);
        lock(&self.answers).pop_front().unwrap_or(Reply::Status("OK".into()))
    }

    fn write(&self, command: &Command) {
        let words: Vec<_> = command.args().map(String::from_utf8_lossy).collect();
        let repeat = if command.is_repeatable() { " (repeatable)" } else { "" };
        lock(&self.sent).push(format!("{}{repeat}", words.join(" ")));
    }
}

/// What a server with both modules can do.
fn capabilities() -> Capabilities {
    let mut capabilities = Capabilities::default();
    (capabilities.search, capabilities.json) = (Some(21005), Some(20803));
    capabilities.max_search_results = 1_000_000;
    capabilities
}

/// What a server says of an index that is filled.
fn filled(asked: &Command) -> Reply {
    let bulk = |text: &[u8]| Reply::Bulk(text.to_vec().into());
    // Asked for by a script, it stands behind that.
    let index = asked.args().skip_while(|word| *word != b"FT.INFO").nth(1).unwrap_or_default();
    Reply::Array(vec![bulk(b"index_name"), bulk(index), bulk(b"indexing"), Reply::Int(0)])
}

impl Connection for Recorder {
    fn send(&self, command: Command) -> BoxFuture<'_, Result<Reply>> {
        let reply = self.record(&command);
        Box::pin(async move { Ok(reply) })
    }

    fn send_all(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>> {
        let is_about_what_was_found = |command: &Command| {
            command.args().any(|word| word.ends_with(b":compared")) && command.name() == "EVALSHA"
        };
        if batch.commands().iter().any(is_about_what_was_found) {
            let found = Reply::Bulk(r#"0 0f {"server":"","failures":0,"missing":0,"fields":1}"#.into());
            return Box::pin(async move { Ok(vec![Ok(found), Ok(Reply::Nil)]) });
        }
        lock(&self.sent).push(if batch.is_atomic() { "MULTI" } else { "pipeline" }.to_owned());
        let answer = |command: &Command| {
            let has =
                |part: &[u8]| command.args().any(|word| word.windows(part.len()).any(|some| some == part));
            if has(b"FT.INFO") {
                self.write(command);
                return Ok(filled(command));
            }
            // How often the index was made, and being told of that.
            if command.name() == "CLIENT" || has(b":made:") {
                self.write(command);
                return Ok(if command.name() == "GET" { Reply::Bulk("1".into()) } else { Reply::Int(1) });
            }
            Ok(self.record(command))
        };
        let replies = batch.commands().iter().map(answer).collect();
        Box::pin(async move { Ok(replies) })
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn pushes(&self) -> Option<PushStream> {
        None
    }

    fn notices_flushes(&self) -> bool {
        true
    }

    fn changes_of(&self, _: &[u8]) -> Option<KeyChanges> {
        Some(KeyChanges::default())
    }

    fn deadline(&self) -> Duration {
        Duration::from_secs(2)
    }
}

fn lock<T>(it: &Mutex<T>) -> MutexGuard<'_, T> {
    it.lock().unwrap_or_else(PoisonError::into_inner)
}
