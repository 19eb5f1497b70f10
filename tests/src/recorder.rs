//! A connection that talks to nobody: it records what is sent.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cache_core::connection::{KeyChanges, PushStream};
use cache_core::{Batch, Cache, Capabilities, Command, Connection, Reply, Result, Schema};
use futures_core::future::BoxFuture;

/// Records what is sent and answers from a list, then with `OK`. An index that is asked after together with a query is
/// filled, and was found to lack nothing by others; that a process asks for that once is not recorded.
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
        self.write(command);
        self.answers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
            .unwrap_or(Reply::Status("OK".into()))
    }

    fn write(&self, command: &Command) {
        let words: Vec<_> = command.args().map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        let repeat = if command.is_repeatable() { " (repeatable)" } else { "" };
        self.sent.lock().unwrap_or_else(PoisonError::into_inner).push(format!("{}{repeat}", words.join(" ")));
    }

    /// What was sent since the last call: the words of each command, and in front of those that travelled together
    /// `pipeline` or `MULTI`.
    pub fn sent(&self) -> Vec<String> {
        std::mem::take(&mut self.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What stands in front of a look at the index of the project `shop`: being told when it is made again.
pub fn listening(schema: &Schema) -> [String; 2] {
    [
        "CLIENT CACHING YES (repeatable)".to_owned(),
        format!("GET shop:cache:~{}:made:{} (repeatable)", schema.prefix(), schema.fingerprint()),
    ]
}

/// What a server says of an index that is filled.
fn filled(asked: &Command) -> Reply {
    let bulk = |text: &[u8]| Reply::Bulk(text.to_vec().into());
    // Asked for by a script, it stands behind that.
    let index = asked.args().skip_while(|word| *word != b"FT.INFO").nth(1).unwrap_or_default();
    Reply::Array(vec![bulk(b"index_name"), bulk(index), bulk(b"indexing"), Reply::Int(0)])
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
        let is_about_what_was_found = |command: &Command| {
            command.args().any(|word| word.ends_with(b":compared")) && command.name() == "EVALSHA"
        };
        if batch.commands().iter().any(is_about_what_was_found) {
            let found = Reply::Bulk(r#"0 0f {"server":"","failures":0,"missing":0,"fields":1}"#.into());
            return Box::pin(async move { Ok(vec![Ok(found), Ok(Reply::Nil)]) });
        }
        self.sent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(if batch.is_atomic() { "MULTI" } else { "pipeline" }.to_owned());
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
                return Ok(Reply::Int(1));
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
