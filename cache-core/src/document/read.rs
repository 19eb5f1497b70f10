//! Reading documents by their keys.

use bytes::Bytes;
use cache_index::{Command, DecodeError, Reply};
use serde::de::DeserializeOwned;

use super::keyed::{chunks_of_keys, key_of, keyed, truth};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::primary_key::Id;

pub(crate) fn get<M: Model>(
    cache: &Cache,
    id: impl Id<M::PrimaryKey>,
) -> impl Future<Output = Result<Option<M>>> + Send {
    // Without a path the answer is the document itself; with `$` it would be a list of one.
    get_at(cache, keyed::<M>(cache, Command::new("JSON.GET").repeatable(), id))
}

/// The document that a `JSON.GET` without a path is about.
pub(super) async fn get_at<M: Model>(cache: &Cache, command: Result<Command>) -> Result<Option<M>> {
    cache.capabilities().require_json("`get`")?;
    let command = command?;
    let key = key_of(&command);
    match cache.command(command).await? {
        Reply::Nil => Ok(None),
        Reply::Bulk(json) => decode::<M, M>(&key, &json).map(Some),
        other => Err(unreadable("JSON.GET", &other)),
    }
}

pub(crate) fn get_many<M, I>(cache: &Cache, ids: I) -> impl Future<Output = Result<Vec<Option<M>>>> + Send
where
    M: Model,
    I: IntoIterator<Item: Id<M::PrimaryKey>>,
{
    let commands = chunks_of_keys::<M, _>(cache, || Command::new("JSON.MGET").repeatable(), ids);
    async move {
        cache.capabilities().require_json("`get_many`")?;
        let mut found = Vec::new();
        for command in commands? {
            mget(cache, command, &mut found).await?;
        }
        Ok(found)
    }
}

/// Appends what is under each key of the command.
async fn mget<M: Model>(cache: &Cache, command: Command, found: &mut Vec<Option<M>>) -> Result<()> {
    let keys: Vec<Bytes> = command.args().skip(1).map(Bytes::copy_from_slice).collect();
    match cache.command(command.arg("$")).await? {
        Reply::Array(items) if items.len() == keys.len() => {
            for (key, item) in keys.iter().zip(items) {
                found.push(match item {
                    Reply::Nil => None,
                    // `$` wraps each document in a list of one.
                    Reply::Bulk(json) => decode::<M, (M,)>(key, &json).map(|(document,)| Some(document))?,
                    other => return Err(unreadable("JSON.MGET", &other)),
                });
            }
            Ok(())
        }
        other => Err(unreadable("JSON.MGET", &other)),
    }
}

pub(crate) fn exists<M: Model>(
    cache: &Cache,
    id: impl Id<M::PrimaryKey>,
) -> impl Future<Output = Result<bool>> + Send {
    let command = keyed::<M>(cache, Command::new("EXISTS").repeatable(), id);
    truth(cache, command)
}

/// The document in these bytes, as a `T` that is or holds an `M`.
pub(crate) fn decode<M: Model, T: DeserializeOwned>(key: &[u8], json: &[u8]) -> Result<T> {
    serde_json::from_slice(json).map_err(|source| Error::Document {
        key: String::from_utf8_lossy(key).into_owned(),
        model: M::schema().model(),
        source,
    })
}

pub(super) fn unreadable(command: &'static str, found: &Reply) -> Error {
    Error::Decode {
        command: command.to_owned(),
        source: DecodeError::unexpected("a JSON document", found.describe()),
    }
}
