//! Documents of which nothing is to be known but that they are stored: `JSON.MSET` takes many of them in one command, for which the
//! server does less than for as many of `JSON.SET`.

use cache_index::{Batch, Command, Reply};

use super::saved::Saved;
use super::unique::{self, Guarded};
use super::write::Write;
use crate::cache::Cache;
use crate::error::Result;

/// How many documents one command has: the server does nothing else meanwhile, for a few milliseconds.
const TOGETHER: usize = 100;

/// The first version of the JSON module that has the command, as it reports it. Source: its documentation.
const SINCE: u32 = 20_600;

/// Whether documents can be stored so: on one server, since a command has keys of one slot.
pub(super) fn is_possible(cache: &Cache, writes: &[Write]) -> bool {
    let server = cache.capabilities();
    writes.len() > 1
        && !server.cluster
        && server.json.is_some_and(|version| version >= SINCE)
        && writes.iter().all(Write::is_plain)
}

/// Stores documents in one round trip: one result each, in order. The flag says whether the server could be reached.
///
/// All documents of a command are stored or none. Where one is refused, it and those behind it are stored one by one in a second
/// round trip, so that each has a result of its own, and of two documents of one key the later one stays.
pub(super) async fn store(cache: &Cache, writes: &mut [Write]) -> (Vec<Result<Saved>>, bool) {
    let batch = Batch::pipeline(writes.chunks(TOGETHER).map(command).collect());
    let answers = match cache.send_all(batch).await {
        Ok(answers) => answers,
        Err(error) => {
            return (writes.iter().map(|_| Err(error.again())).collect(), !error.is_unavailable());
        }
    };
    let mut results = Vec::with_capacity(writes.len());
    for (chunk, answer) in writes.chunks(TOGETHER).zip(answers) {
        match answer {
            Ok(Reply::Status(status)) if status == "OK" => {
                results.extend(chunk.iter().map(|_| Ok(Saved::with(None))));
            }
            Ok(reply) => results.extend(chunk.iter().map(|write| write.saved(reply.clone()))),
            Err(error) if error.server_kind().is_some() => break,
            Err(error) => results.extend(chunk.iter().map(|_| Err(error.again()))),
        }
    }
    let Some(rest) = writes.get_mut(results.len()..).filter(|rest| !rest.is_empty()) else {
        return (results, true);
    };
    let (rest, reached) = one_by_one(cache, rest).await;
    results.extend(rest);
    (results, reached)
}

/// The same, a command for each.
pub(super) async fn one_by_one(cache: &Cache, writes: &mut [Write]) -> (Vec<Result<Saved>>, bool) {
    let (answers, reached) = unique::run_many(cache, writes).await;
    let saved = writes.iter().zip(answers).map(|(write, answer)| write.saved(answer?));
    (saved.collect(), reached)
}

fn command(writes: &[Write]) -> Command {
    let bytes: usize = writes.iter().map(|write| write.key().len() + write.size() + 1).sum();
    let command = Command::with_capacity("JSON.MSET", 1 + 3 * writes.len(), bytes + 16);
    writes.iter().fold(command, |command, write| command.key(write.key()).arg("$").arg(write.json()))
}
