//! Deleting documents by their keys, and letting them end.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use cache_index::Command;
use futures_core::future::BoxFuture;

use super::expiry::{millis, since_epoch};
use super::keyed::{CHUNK, chunks_of_keys, count};
use super::touch::Touch;
use super::unique;
use crate::cache::{Cache, Invalidation};
use crate::error::Result;
use crate::model::Model;
use crate::primary_key::Id;

pub(crate) fn delete<M: Model>(
    cache: &Cache,
    id: impl Id<M::PrimaryKey>,
) -> impl Future<Output = Result<bool>> + Send {
    let touch = Touch::delete::<M>(cache, id);
    async move {
        let touch = touch?;
        let owed = cache.degrades().then(|| owed::<M>(touch.key()));
        cache.or_owed(touch.run(cache).await, owed, || false)
    }
}

/// Deletes the document with this key.
pub(crate) async fn delete_key<M: Model>(cache: &Cache, key: Vec<u8>) -> Result<()> {
    Touch::delete_at::<M>(cache, key)?.run(cache).await.map(drop)
}

/// The document with this key, deleted later.
fn owed<M: Model>(key: &[u8]) -> (Vec<u8>, Invalidation) {
    let named = key.to_vec();
    let delete = move |cache: Cache| -> BoxFuture<'static, Result<()>> {
        let key = named.clone();
        Box::pin(async move { delete_key::<M>(&cache, key).await })
    };
    (key.to_vec(), Arc::new(delete))
}

pub(crate) fn delete_many<M, I>(cache: &Cache, ids: I) -> impl Future<Output = Result<u64>> + Send
where
    M: Model,
    I: IntoIterator<Item: Id<M::PrimaryKey>>,
{
    let (mut commands, mut touches) = (Ok(Vec::new()), Ok(Vec::new()));
    if M::schema().unique().is_empty() && !cache.is_fenced() {
        commands = chunks_of_keys::<M, _>(cache, || Command::new("DEL"), ids);
    } else {
        touches = ids.into_iter().map(|id| Touch::delete::<M>(cache, id)).collect::<Result<Vec<_>>>();
    }
    async move {
        let mut deleted = 0;
        for command in commands? {
            let owed = cache.degrades().then(|| command.args().skip(1).map(owed::<M>).collect::<Vec<_>>());
            let answer = count(cache, command).await;
            deleted += cache.or_owed(answer, owed.into_iter().flatten(), || 0)?;
        }
        for touches in touches?.chunks_mut(CHUNK) {
            let replies = unique::run_many(cache, touches).await.0;
            for (reply, touch) in replies.into_iter().zip(touches) {
                let answer = reply.and_then(|reply| Touch::answer(&reply));
                let owed = cache.degrades().then(|| owed::<M>(touch.key()));
                deleted += u64::from(cache.or_owed(answer, owed, || false)?);
            }
        }
        Ok(deleted)
    }
}

/// Deletes the documents with these keys, at most [`CHUNK`], and says how many were there.
pub(crate) async fn delete_keys<M: Model>(cache: &Cache, keys: &[Bytes]) -> Result<u64> {
    if M::schema().unique().is_empty() && !cache.is_fenced() {
        return count(cache, keys.iter().fold(Command::new("DEL"), Command::key)).await;
    }
    let touches = keys.iter().map(|key| Touch::delete_at::<M>(cache, key.to_vec()));
    let mut deleted = 0;
    for reply in unique::run_many(cache, &mut touches.collect::<Result<Vec<_>>>()?).await.0 {
        deleted += u64::from(Touch::answer(&reply?)?);
    }
    Ok(deleted)
}

pub(crate) fn expire<M: Model>(
    cache: &Cache,
    id: impl Id<M::PrimaryKey>,
    after: Duration,
) -> impl Future<Output = Result<bool>> + Send {
    let touch = Touch::expire::<M>(cache, id, "PEXPIRE", Some(millis(after)));
    async move { touch?.run(cache).await }
}

pub(crate) fn expire_at<M: Model>(
    cache: &Cache,
    id: impl Id<M::PrimaryKey>,
    at: SystemTime,
) -> impl Future<Output = Result<bool>> + Send {
    let touch = Touch::expire::<M>(cache, id, "PEXPIREAT", Some(since_epoch(at)));
    async move { touch?.run(cache).await }
}

pub(crate) fn persist<M: Model>(
    cache: &Cache,
    id: impl Id<M::PrimaryKey>,
) -> impl Future<Output = Result<bool>> + Send {
    let touch = Touch::expire::<M>(cache, id, "PERSIST", None);
    async move { touch?.run(cache).await }
}
