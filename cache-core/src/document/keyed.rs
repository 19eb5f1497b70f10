//! Commands about documents by their keys: made, bounded, sent.

use std::fmt::Display;

use bytes::Bytes;
use cache_index::{Command, DecodeError, Reply};

use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::primary_key::Id;

/// How many documents one command or one pipeline is about, at most: enough that round trips do not matter, and few
/// enough that the server is not kept from others for more than some milliseconds.
pub(crate) const CHUNK: usize = 500;

/// How many bytes of keys or documents one command or one pipeline holds before no more is added.
pub(super) const CHUNK_BYTES: usize = 1 << 20;

/// The command with the document's key as its next argument.
#[expect(clippy::needless_pass_by_value, reason = "an id is often a reference already")]
pub(super) fn keyed<M: Model>(
    cache: &Cache,
    command: Command,
    id: impl Id<M::PrimaryKey>,
) -> Result<Command> {
    id.parts(|parts| keyed_by::<M>(cache, command, parts))
}

/// The command with the key of the document whose primary key has these parts.
pub(super) fn keyed_by<M: Model>(cache: &Cache, command: Command, parts: &[&dyn Display]) -> Result<Command> {
    let keyspace = cache.keyspace()?;
    let mut refused = Ok(());
    let command = command.key_with(|buffer| refused = M::schema().write_key(keyspace, buffer, parts));
    refused?;
    Ok(command)
}

/// Commands of nothing but keys, as many as it takes for none to be too long. No ids are no commands.
pub(super) fn chunks_of_keys<M, I>(cache: &Cache, start: impl Fn() -> Command, ids: I) -> Result<Vec<Command>>
where
    M: Model,
    I: IntoIterator<Item: Id<M::PrimaryKey>>,
{
    let mut full = Vec::new();
    let mut last = start();
    for id in ids {
        if last.args().len() > CHUNK || last.size() > CHUNK_BYTES {
            full.push(std::mem::replace(&mut last, start()));
        }
        last = keyed::<M>(cache, last, id)?;
    }
    if last.args().len() > 1 {
        full.push(last);
    }
    Ok(full)
}

/// The key of a document in memory.
pub(super) fn key_of_model<M: Model>(cache: &Cache, model: &M) -> Result<Vec<u8>> {
    let mut key = Vec::with_capacity(64);
    let keyspace = cache.keyspace()?;
    model.primary_key().parts(|parts| M::schema().write_key(keyspace, &mut key, parts))?;
    Ok(key)
}

/// Refuses a document that belongs under another key than the one it was made for.
pub(crate) fn same_key<M: Model>(cache: &Cache, made: &M, expected: &[u8]) -> Result<()> {
    let found = key_of_model(cache, made)?;
    if found == expected {
        return Ok(());
    }
    let shown = |key: &[u8]| String::from_utf8_lossy(key).into_owned();
    Err(Error::OtherKey { model: M::schema().model(), expected: shown(expected), found: shown(&found) })
}

/// The parts of an id, in words.
#[expect(clippy::needless_pass_by_value, reason = "an id is often a reference already")]
pub(crate) fn parts_of<K>(id: impl Id<K>) -> Vec<String> {
    id.parts(|parts| parts.iter().map(ToString::to_string).collect())
}

/// The key that a command is about.
pub(super) fn key_of(command: &Command) -> Bytes {
    Bytes::copy_from_slice(command.route_key().unwrap_or_default())
}

/// Sends a command that answers 1 for done and 0 for nothing to do.
pub(super) async fn truth(cache: &Cache, command: Result<Command>) -> Result<bool> {
    Ok(count(cache, command?).await? > 0)
}

/// Sends a command that answers how many keys it did something to.
pub(super) async fn count(cache: &Cache, command: Command) -> Result<u64> {
    let name = command.name().to_owned();
    match cache.command(command).await? {
        Reply::Int(number) => Ok(u64::try_from(number).unwrap_or_default()),
        Reply::Bool(truth) => Ok(u64::from(truth)),
        other => Err(Error::Decode {
            command: name,
            source: DecodeError::unexpected("an integer", other.describe()),
        }),
    }
}
