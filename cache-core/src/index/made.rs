//! How often an index was made: a number beside the model's documents, `<global>:~<prefix>:made:<fingerprint>`.
//!
//! Whoever makes the index, or makes the server fill it anew, counts it up before. So a process that looked at the index
//! finds out that its answers may come from another one, which is being filled: in RESP3 the server tells it before it answers
//! anything later; elsewhere each query reads the number in front of its look and behind itself.
//!
//! Whoever adds fields to an index writes the number as it is, in the same transaction: all who use that index, as whichever release, look
//! at it before they believe another answer, since it may lack documents that it had. On a cluster each query looks.

use cache_index::{Batch, Beside, Command, Fingerprint, Reply, Schema};

use crate::cache::Cache;
use crate::error::Result;

/// The key of the number.
pub(crate) fn key(cache: &Cache, schema: &Schema) -> Result<Vec<u8>> {
    key_of(cache, schema, schema.fingerprint())
}

/// That of another release of the model.
fn key_of(cache: &Cache, schema: &Schema, fingerprint: &Fingerprint) -> Result<Vec<u8>> {
    let mut key = Vec::new();
    schema.write_sibling(cache.keyspace()?, &mut key, Beside::Model, &[&"made", fingerprint])?;
    Ok(key)
}

/// Reads the number.
pub(super) fn read(cache: &Cache, schema: &Schema) -> Result<Command> {
    Ok(Command::new("GET").key(key(cache, schema)?).repeatable())
}

/// Reads the number, and where the server tells of changes, has it tell of this one. To be sent in front of a look, in one
/// piece with it.
pub(super) fn listen(cache: &Cache, schema: &Schema, index: &str) -> Result<Vec<Command>> {
    let mut commands = Vec::with_capacity(2);
    let connection = cache.connection();
    if connection.notices_flushes() {
        let key = key(cache, schema)?;
        // Before it is asked to, so that nothing is missed.
        cache.standing().hears(index, || connection.changes_of(&key));
        // It counts for the next command of the connection; a pipeline is written in one piece.
        commands.push(Command::new("CLIENT").arg("CACHING").arg("YES").repeatable());
    }
    commands.push(read(cache, schema)?);
    Ok(commands)
}

/// What came of that: the number, and whether it will be heard that it changes. Where the server does not tell, each query
/// looks.
pub(super) fn heard(cache: &Cache, index: &str, answers: &[Result<Reply>]) -> (u64, bool) {
    let read = answers.last().and_then(|last| last.as_ref().ok());
    let number = read.and_then(number);
    // What is no number cannot be counted up, and then nobody is told.
    let is_counted = number.is_some() || read == Some(&Reply::Nil);
    let hears = match answers.len() > 1 {
        true => is_counted && answers.iter().all(Result::is_ok) && cache.standing().is_heard(index),
        // A connection that was only being made when this was sent may be one that tells, and was not asked to.
        false => !cache.connection().notices_flushes(),
    };
    (number.unwrap_or_default(), hears)
}

/// The number in an answer; `None`: the index was never made, or somebody else put something there.
pub(super) fn number(reply: &Reply) -> Option<u64> {
    reply.as_str()?.parse().ok()
}

/// Counts it up. In one transaction with what makes the index, nobody sees the one without the other.
pub(crate) fn announcement(cache: &Cache, schema: &Schema) -> Result<Command> {
    Ok(Command::new("INCR").key(key(cache, schema)?))
}

/// Makes an index with these commands, announced before; one result for each of them.
pub(crate) async fn make(
    cache: &Cache,
    schema: &Schema,
    commands: Vec<Command>,
) -> Result<Vec<Result<Reply>>> {
    let announcement = announcement(cache, schema)?;
    if cache.capabilities().cluster {
        // There is no transaction over the slots of keys and what all masters do. This one comes first, and counts.
        let _number = cache.unfenced_all(Batch::pipeline(vec![announcement])).await?.pop().transpose()?;
        return cache.unfenced_all(Batch::pipeline(commands)).await;
    }
    let batch = [announcement].into_iter().chain(commands).collect();
    let mut answers = cache.unfenced_all(Batch::atomic(batch)).await?.into_iter();
    let _number = answers.next().transpose()?;
    Ok(answers.collect())
}

/// Adds fields to an index with this command, of which those are told who use it as these releases: each number is written as it is.
pub(crate) async fn alter(
    cache: &Cache,
    schema: &Schema,
    alter: Command,
    releases: &[Fingerprint],
) -> Result<Reply> {
    let tell = |release| Ok(Command::new("INCRBY").key(key_of(cache, schema, release)?).arg("0"));
    let batch = [Ok(alter)].into_iter().chain(releases.iter().map(tell)).collect::<Result<_>>()?;
    // Where somebody put something else in the place of a number, each query looks.
    cache.unfenced_all(Batch::atomic(batch)).await?.into_iter().next().unwrap_or(Ok(Reply::Nil))
}
