//! What answers mean, whichever connection they came on.

use cache_index::{Command, DecodeError, Reply};

use crate::error::{Error, Result};

/// What a message calls commands that travel together.
pub(in crate::connection) fn names(commands: &[&Command]) -> String {
    commands.iter().map(|command| command.name()).collect::<Vec<_>>().join("+")
}

/// Whether a command asks about what was written on the very connection that it is sent on.
pub(in crate::connection) fn waits_for_replicas(command: &Command) -> bool {
    matches!(command.name(), "WAIT" | "WAITAOF")
}

/// The answer to a command: a server's error is an error.
pub(in crate::connection) fn answer(command: &str, reply: Reply) -> Result<Reply> {
    match reply {
        Reply::Error(source) => Err(Error::Server { command: command.to_owned(), source }),
        reply => Ok(reply),
    }
}

/// The answers of a transaction, `MULTI` first: what `EXEC` gave, one each; if it was not run, why not.
///
/// Where `MULTI` is refused, the server runs what follows one by one, and says at the end that there was no transaction.
pub(in crate::connection) fn transaction(
    commands: &[&Command],
    mut replies: Vec<Reply>,
) -> Result<Vec<Result<Reply>>> {
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
