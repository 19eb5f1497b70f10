//! Asking the server: commands about an index, and commands that travel together.

use std::time::Duration;

use cache_index::{Batch, Command, DecodeError, FieldKind, Reply, Shortfall, TermError};

use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::index::Question;
use crate::model::Model;

/// How many commands travel together at most.
const CHUNK: usize = 500;

/// The name of the model's index.
pub(super) fn index_of<M: Model>(cache: &Cache, what: &'static str) -> Result<String> {
    cache.capabilities().require_search(what)?;
    cache.capabilities().require_coordinator(what)?;
    Ok(M::schema().index_name(cache.keyspace()?))
}

/// The answers to commands that read the words of the model's documents, in order. They cannot say that they are partial,
/// so that an index which is being filled is an error.
pub(super) async fn words<M: Model>(cache: &Cache, index: &str, commands: &[Command]) -> Result<Vec<Reply>> {
    let question = Question { schema: M::schema(), index, deadline: None, policy: Some(cache.policy()) };
    let mut replies = Vec::with_capacity(commands.len());
    for chunk in commands.chunks(CHUNK) {
        let answer = question.ask(cache, chunk).await?;
        if answer.shortfalls.contains(&Shortfall::Indexing) {
            let (model, index) = (M::schema().model(), index.to_owned());
            return Err(Error::Indexing { model, index, waited: Duration::ZERO });
        }
        replies.extend(answer.replies);
    }
    Ok(replies)
}

/// The answer to a command about the model's index, whatever its state.
pub(super) async fn about<M: Model>(cache: &Cache, index: &str, command: Command) -> Result<Reply> {
    let question = Question { schema: M::schema(), index, deadline: None, policy: None };
    Ok(question.ask(cache, &[command]).await?.replies.into_iter().next().unwrap_or(Reply::Nil))
}

/// Refuses a model whose index has no words.
pub(super) fn require_text<M: Model>() -> Result<()> {
    match M::schema().indexed().any(|field| field.kind() == FieldKind::Text) {
        true => Ok(()),
        false => Err(TermError::NoText { model: M::schema().model() }.into()),
    }
}

/// The answers to commands that travel together, in order; the first error if one of them has none.
pub(super) async fn answers(cache: &Cache, commands: Vec<Command>) -> Result<Vec<Reply>> {
    let mut replies = Vec::with_capacity(commands.len());
    let mut commands = commands.into_iter().peekable();
    while commands.peek().is_some() {
        let batch = Batch::pipeline(commands.by_ref().take(CHUNK).collect());
        for reply in cache.send_all(batch).await? {
            replies.push(reply?);
        }
    }
    Ok(replies)
}

/// What reads answers, with the command's name in its error.
pub(super) fn decoded<T>(command: &'static str, decoded: Result<T, DecodeError>) -> Result<T> {
    decoded.map_err(|source| Error::Decode { command: command.to_owned(), source })
}

/// The answer as a number that is not negative.
pub(super) fn count(command: &'static str, reply: &Reply) -> Result<u64> {
    let count = reply.as_int().and_then(|count| u64::try_from(count).ok());
    decoded(command, count.ok_or_else(|| DecodeError::unexpected("a count", reply.describe())))
}
