//! Reading documents by their keys.

use cache_index::{Command, DecodeError, Reply};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::keyed::{chunks_of_keys, key_of, keyed, truth};
use super::stamp::{STAMP, version_of};
use super::unstamped;
use crate::begun::{Begun, begin};
use crate::cache::Cache;
use crate::error::{Error, Result, escaped};
use crate::model::{JsonMap, Model};
use crate::primary_key::Id;

pub(crate) fn get<M: Model>(
    cache: &Cache,
    id: impl Id<M::PrimaryKey>,
) -> impl Future<Output = Result<Option<M>>> + Send {
    // Without a path the answer is the document itself; with `$` it would be a list of one.
    let command = keyed::<M>(cache, cache.entry(Command::new("JSON.GET").repeatable()), id);
    async move { cache.or_without(get_at(cache, command).await, || None) }
}

/// The document that a `JSON.GET` without a path is about.
pub(crate) async fn get_at<M: Model>(cache: &Cache, command: Result<Command>) -> Result<Option<M>> {
    cache.require_json("`get`")?;
    let command = command?;
    let key = key_of(&command);
    decode_reply(&key, cache.command(command).await?)
}

/// The document in the answer to a `JSON.GET` without a path.
pub(crate) fn decode_reply<M: Model>(key: &[u8], reply: Reply) -> Result<Option<M>> {
    match reply {
        Reply::Nil => Ok(None),
        Reply::Bulk(json) => decode::<M>(key, &json).map(Some),
        other => Err(unreadable("JSON.GET", &other)),
    }
}

pub(crate) fn get_many<M, I>(cache: &Cache, ids: I) -> impl Future<Output = Result<Vec<Option<M>>>> + Send
where
    M: Model,
    I: IntoIterator<Item: Id<M::PrimaryKey>>,
{
    let start = || cache.entry(Command::new("JSON.MGET").repeatable());
    let commands = chunks_of_keys::<M, _>(cache, start, ids);
    get_many_at(cache, commands)
}

/// The documents that these `JSON.MGET` without a path are about.
pub(crate) async fn get_many_at<M: Model>(
    cache: &Cache,
    commands: Result<Vec<Command>>,
) -> Result<Vec<Option<M>>> {
    cache.require_json("`get_many`")?;
    let mut commands = commands?.into_iter();
    let mut found = Vec::new();
    // Two are under way: while the server answers the second one, the documents of the first are read here.
    let mut first = ask_for(cache, commands.next()).await;
    let mut second = ask_for(cache, commands.next()).await;
    while let Some((keys, asked)) = first {
        let reply = asked.end().await;
        first = second;
        second = ask_for(cache, commands.next()).await;
        let before = found.len();
        let answer = reply.and_then(|reply| read_each(&keys, reply, &mut found));
        cache.or_without(answer, || found.resize_with(before + keys.args().len() - 1, || None))?;
    }
    Ok(found)
}

/// Asks for the documents of a chunk of keys, if there is one; answers with the keys, too.
async fn ask_for(
    cache: &Cache,
    keys: Option<Command>,
) -> Option<(Command, Begun<impl Future<Output = Result<Reply>>>)> {
    let keys = keys?;
    let asked = begin(cache.command(keys.clone().arg("$"))).await;
    Some((keys, asked))
}

/// Reads the documents that a chunk of keys was answered with.
fn read_each<M: Model>(keys: &Command, reply: Reply, found: &mut Vec<Option<M>>) -> Result<()> {
    match reply {
        Reply::Array(items) if items.len() == keys.args().len() - 1 => {
            found.reserve(items.len());
            for (key, item) in keys.args().skip(1).zip(items) {
                found.push(match item {
                    Reply::Nil => None,
                    // `$` wraps each document in a list of one.
                    Reply::Bulk(json) if json.starts_with(b"[") && json.ends_with(b"]") => {
                        decode::<M>(key, json.get(1..json.len() - 1).unwrap_or_default()).map(Some)?
                    }
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
    let command = keyed::<M>(cache, cache.entry(Command::new("EXISTS").repeatable()), id);
    async move { cache.or_without(truth(cache, command).await, || false) }
}

/// The document in these bytes, brought to the form of the model if it has an older one. One of a newer form is read as
/// it is.
pub(crate) fn decode<M: Model>(key: &[u8], json: &[u8]) -> Result<M> {
    let Some(version) = M::SCHEMA_VERSION else { return decode_as::<M, M>(key, json) };
    let refuse = |source| refused::<M>(key, source);
    let from = version_of(json).map_err(refuse)?;
    if from >= version {
        return unstamped::read(json).map_err(refuse);
    }
    let mut document: JsonMap = serde_json::from_slice(json).map_err(refuse)?;
    document.remove(STAMP);
    upgrade::<M>(key, from, &mut document)?;
    M::deserialize(Value::Object(document)).map_err(refuse)
}

/// The document in these bytes as it is stored, as a `T`.
pub(crate) fn decode_as<M: Model, T: DeserializeOwned>(key: &[u8], json: &[u8]) -> Result<T> {
    serde_json::from_slice(json).map_err(|source| refused::<M>(key, source))
}

/// Brings the members of a document to the form of the model.
pub(super) fn upgrade<M: Model>(key: &[u8], from: u32, document: &mut JsonMap) -> Result<()> {
    M::upgrade_document(from, document).map_err(|source| Error::Upgrade {
        key: String::from_utf8_lossy(key).into_owned(),
        model: M::schema().model(),
        from,
        source: escaped(source),
    })
}

pub(super) fn refused<M: Model>(key: &[u8], source: serde_json::Error) -> Error {
    Error::Document { key: String::from_utf8_lossy(key).into_owned(), model: M::schema().model(), source }
}

pub(super) fn unreadable(command: &'static str, found: &Reply) -> Error {
    Error::Decode {
        command: command.to_owned(),
        source: DecodeError::unexpected("a JSON document", found.describe()),
    }
}
