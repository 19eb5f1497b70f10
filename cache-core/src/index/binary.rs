//! Questions about indexes, asked so that any bytes can come back.
//!
//! `FT._LIST` and `FT.INFO` answer names, prefixes and fields as simple strings. Those can hold neither bytes that are no
//! UTF-8, over which the client gives up the connection that all share, nor line ends, over which no client would know
//! where an answer ends; and both are made by whoever makes an index. A script gets the same answers, and gives them back
//! as bulk strings.

use cache_index::{Batch, Command, Reply, ServerErrorKind};

use crate::cache::Cache;
use crate::error::{Error, Result};

/// ARGV: a command and its arguments. By its source and not by its name: it is shorter than what is answered, and needs
/// no second round trip where the server does not know it.
const SOURCE: &str = "local function bulk(value)
  if type(value) ~= 'table' or value.err then return value end
  if value.ok then return value.ok end
  for i = 1, #value do value[i] = bulk(value[i]) end
  return value
end
return bulk(redis.pcall(unpack(ARGV)))";

/// What is asked in this way.
const ASKED: [&str; 2] = ["FT._LIST", "FT.INFO"];

/// Sends a batch that only reads, with its questions about indexes asked by the script.
///
/// As it is where that cannot be: on a cluster, whose search module refuses scripts, and for a user who may not run any.
pub(crate) async fn ask_all(cache: &Cache, batch: Batch) -> Result<Vec<Result<Reply>>> {
    if cache.capabilities().cluster {
        return cache.send_all(batch).await;
    }
    let scripted = batch.commands().iter().map(scripted).collect();
    let scripted = if batch.is_atomic() { Batch::atomic(scripted) } else { Batch::pipeline(scripted) };
    let answers = match cache.send_all(scripted).await {
        // A transaction with a command that is refused is refused as a whole.
        Err(error) if batch.is_atomic() && error.server_kind().is_some() => Err(error),
        other => Ok(other?),
    };
    match answers {
        Ok(answers) if !answers.iter().any(is_refused) => Ok(answers
            .into_iter()
            .zip(batch.commands())
            .map(|(answer, asked)| named(answer, asked))
            .collect()),
        _ => cache.send_all(batch).await,
    }
}

fn scripted(command: &Command) -> Command {
    if !ASKED.contains(&command.name()) {
        return command.clone();
    }
    let asked = Command::new("EVAL_RO").arg(SOURCE).arg("0").args_from(command.args()).repeatable();
    match command.timeout() {
        Some(timeout) => asked.within(timeout),
        None => asked,
    }
}

/// Whether a command may not be run, does not exist, or cannot be run in a script, which servers say in words of their
/// own. If it is the one within the script, it is so without that too.
fn is_refused(answer: &Result<Reply>) -> bool {
    use ServerErrorKind as Kind;
    let kind = answer.as_ref().err().and_then(Error::server_kind);
    matches!(kind, Some(Kind::Permission | Kind::UnknownCommand | Kind::Other))
}

/// An error names what was asked, not how.
fn named(answer: Result<Reply>, asked: &Command) -> Result<Reply> {
    match answer {
        Err(Error::Server { source, .. }) => Err(Error::Server { command: asked.name().to_owned(), source }),
        other => other,
    }
}
