//! Many documents at once: pipelines of bounded size, one result for each document, in order.

use std::borrow::Borrow;

use cache_index::{Batch, Command, Reply, ServerErrorKind};

use super::expiry::Expiry;
use super::keyed::{CHUNK, CHUNK_BYTES};
use super::saved::Saved;
use super::write::{Condition, Write};
use super::write_script::WRITE;
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::model::Model;

/// Documents that travel together.
#[derive(Default)]
pub(super) struct Chunk {
    /// Each document, or why it cannot be written.
    documents: Vec<Result<Write>>,
    bytes: usize,
}

impl Chunk {
    /// Adds a document. One that cannot be written is an error of its own and does not keep the others.
    pub(super) fn push<M: Model>(&mut self, cache: &Cache, model: &M) {
        let write = cache
            .capabilities()
            .require_json("`save_many`")
            .and_then(|()| Write::new(model, cache, Condition::Any, Expiry::Model));
        self.bytes += write.as_ref().map_or(0, Write::size);
        self.documents.push(write);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.documents.len() >= CHUNK || self.bytes >= CHUNK_BYTES
    }

    /// Writes the documents in one round trip. The flag says whether the server could be reached.
    pub(super) async fn send(self, cache: &Cache) -> (Vec<Result<Saved>>, bool) {
        let writes = || self.documents.iter().flatten();
        let commands: Vec<_> = writes().map(Write::command).collect();
        let count = commands.len();
        let sent = if writes().any(Write::is_scripted) {
            send_scripts(cache, commands).await
        } else {
            cache.connection().send_all(Batch::pipeline(commands)).await
        };
        let (answers, reached) = match sent {
            Ok(answers) => (answers, true),
            Err(error) => {
                let reached = !error.is_unavailable();
                let mut answers: Vec<_> = (1..count).map(|_| Err(error.again())).collect();
                answers.push(Err(error));
                (answers, reached)
            }
        };
        let mut answers = answers.into_iter();
        let results = self.documents.into_iter().map(|write| {
            let write = write?;
            let (saved, _) = write.answer(answers.next().unwrap_or(Ok(Reply::Nil))?)?;
            Ok(saved)
        });
        (results.collect(), reached)
    }
}

/// Sends calls of [`WRITE`]. The first one brings the script with it, so that the others find it.
async fn send_scripts(cache: &Cache, calls: Vec<Command>) -> Result<Vec<Result<Reply>>> {
    let by_source = |call: &Command| WRITE.by_source(call);
    let sent = calls
        .iter()
        .enumerate()
        .map(|(position, call)| if position == 0 { by_source(call) } else { call.clone() })
        .collect();
    let mut answers = cache.connection().send_all(Batch::pipeline(sent)).await?;
    let lost = answers.iter().position(
        |answer| matches!(answer, Err(error) if error.server_kind() == Some(ServerErrorKind::NoScript)),
    );
    if let Some(lost) = lost {
        // Somebody emptied the server's script cache meanwhile. All that come behind are written again: otherwise an
        // earlier document could end up over a later one of the same key.
        let again = calls.iter().skip(lost).map(by_source).collect();
        let rest = cache.connection().send_all(Batch::pipeline(again)).await?;
        answers.truncate(lost);
        answers.extend(rest);
    }
    Ok(answers)
}

pub(crate) fn save_many<M, I>(cache: &Cache, models: I) -> impl Future<Output = Vec<Result<Saved>>> + Send
where
    M: Model,
    I: IntoIterator<Item: Borrow<M>, IntoIter: Send>,
{
    let mut models = models.into_iter();
    async move {
        let mut results = Vec::with_capacity(models.size_hint().0);
        loop {
            let mut chunk = Chunk::default();
            while !chunk.is_full()
                && let Some(model) = models.next()
            {
                chunk.push::<M>(cache, model.borrow());
            }
            if chunk.is_empty() {
                return results;
            }
            let (answers, reached) = chunk.send(cache).await;
            results.extend(answers);
            if !reached {
                // Each further chunk would wait for its own deadline.
                results.extend(models.map(|_| Err(not_sent())));
                return results;
            }
        }
    }
}

fn not_sent() -> Error {
    Error::Unavailable {
        reason: "not sent, since documents before it were not answered".to_owned(),
        source: None,
    }
}
