//! What answers mean, whichever connection they came on.

use cache_index::{Command, DecodeError, Reply};

use crate::connection::{Capabilities, Push};
use crate::error::{Error, Result};

/// What a message calls commands that travel together.
pub(super) fn names(commands: &[&Command]) -> String {
    commands.iter().map(|command| command.name()).collect::<Vec<_>>().join("+")
}

/// The answers to [`Capabilities::questions`], on a connection to this database.
pub(super) fn capabilities(answers: Vec<Reply>, database: i64) -> Result<Capabilities> {
    let mut answers = answers.into_iter();
    let mut next = |command| answer(command, answers.next().unwrap_or(Reply::Nil));
    let (hello, max_results, alias) = (next("HELLO"), next("FT.CONFIG"), next("COMMAND"));
    // What a server that is starting says of itself is not what it will be able to do.
    if let Err(error) = &max_results
        && error.is_unavailable()
    {
        return Err(error.again());
    }
    Ok(Capabilities { database, ..Capabilities::read(hello?, max_results, alias)? })
}

/// The answer to a command: a server's error is an error.
pub(super) fn answer(command: &str, reply: Reply) -> Result<Reply> {
    match reply {
        Reply::Error(source) => Err(Error::Server { command: command.to_owned(), source }),
        reply => Ok(reply),
    }
}

/// The answers of a transaction, `MULTI` first: what `EXEC` gave, one each; if it was not run, why not.
///
/// Where `MULTI` is refused, the server runs what follows one by one, and says at the end that there was no transaction.
pub(super) fn transaction(commands: &[&Command], mut replies: Vec<Reply>) -> Result<Vec<Result<Reply>>> {
    match replies.pop() {
        Some(Reply::Array(replies)) if replies.len() == commands.len() => {
            Ok(commands.iter().zip(replies).map(|(command, reply)| answer(command.name(), reply)).collect())
        }
        Some(Reply::Error(source)) => {
            // The command that was refused says why; `EXEC` says only that one was.
            let names = std::iter::once("MULTI").chain(commands.iter().map(|command| command.name()));
            let refused = names.zip(replies).find_map(|(name, reply)| answer(name, reply).err());
            Err(refused.unwrap_or_else(|| Error::Server { command: "EXEC".to_owned(), source }))
        }
        other => Err(Error::Decode {
            command: "EXEC".to_owned(),
            source: DecodeError::unexpected(
                "one answer for each command",
                other.unwrap_or(Reply::Nil).describe(),
            ),
        }),
    }
}

/// What a message says that nobody asked for, its kind first.
pub(super) fn push(items: Vec<Reply>) -> Push {
    let mut items = items.into_iter();
    let kind = items.next();
    match kind.as_ref().and_then(Reply::as_str) {
        Some("invalidate") => Push::Invalidate(match items.next() {
            Some(Reply::Array(keys)) => Some(keys),
            // FLUSHALL and FLUSHDB invalidate everything with a null.
            _ => None,
        }),
        kind => Push::Other(kind.unwrap_or_default().to_lowercase(), items.collect()),
    }
}
