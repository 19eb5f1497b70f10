//! Documents by their unique values: through the claim to the document.

use bytes::Bytes;
use cache_index::{Command, Reply};
use futures_core::future::BoxFuture;
use serde_json::Value;

use super::claims::{is_value, start, text};
use super::content::Content;
use super::guarded::TRIES;
use crate::cache::Cache;
use crate::document::read::{decode, decode_as, unreadable};
use crate::error::Result;
use crate::model::Model;

/// The document that has these values in what is unique under this number. What the derive's `get_by_<field>` does.
///
/// # Errors
/// As [`CacheModel::get`](crate::CacheModel::get).
pub fn get_by_unique<'a, M: Model, const N: usize>(
    cache: &'a Cache,
    number: usize,
    values: [Option<Value>; N],
) -> BoxFuture<'a, Result<Option<M>>> {
    // In a box: an `async fn` with the derive's arguments would make three messages of one wrong type.
    Box::pin(get(cache, number, values.into_iter().collect()))
}

async fn get<M: Model>(cache: &Cache, number: usize, values: Option<Vec<Value>>) -> Result<Option<M>> {
    cache.capabilities().require_json("`get_by`")?;
    let members = M::schema().unique().get(number).copied().unwrap_or_default();
    let Some(values) = values else { return Ok(None) };
    let mut claim = start(cache.keyspace()?, M::schema())?;
    claim.extend_from_slice(text(members, values.clone()).as_bytes());
    let mut before = None;
    for _ in 0..TRIES {
        let content = match cache.command(Command::new("GET").key(&claim).repeatable()).await? {
            Reply::Bulk(content) => content,
            Reply::Nil => return Ok(None),
            other => return Err(unreadable("GET", &other)),
        };
        if before.as_ref() == Some(&content) {
            return Ok(None);
        }
        let Some(Content { owner, .. }) = Content::read(&content) else { return Ok(None) };
        if let Some(json) = read(cache, &owner).await? {
            let document: Value = decode_as::<M, _>(&owner, &json)?;
            let has = |(member, value): (&&str, &Value)| {
                document.get(*member).filter(|it| is_value(it)) == Some(value)
            };
            if members.iter().zip(&values).all(has) {
                return decode::<M>(&owner, &json).map(Some);
            }
        }
        // The claim is a leftover; or the value went from one document to another in between.
        before = Some(content);
    }
    Ok(None)
}

async fn read(cache: &Cache, key: &[u8]) -> Result<Option<Bytes>> {
    match cache.command(Command::new("JSON.GET").key(key).repeatable()).await? {
        Reply::Bulk(json) => Ok(Some(json)),
        Reply::Nil => Ok(None),
        other => Err(unreadable("JSON.GET", &other)),
    }
}
