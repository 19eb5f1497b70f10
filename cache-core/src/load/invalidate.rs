//! Dropping what is stored of documents, with the right of loads under way to store them.

use std::sync::Arc;

use cache_index::{Batch, Command};
use futures_core::future::BoxFuture;

use super::entry::Keys;
use crate::cache::{Cache, Invalidation};
use crate::document::{CHUNK, delete_key, parts_of};
use crate::error::Result;
use crate::model::Model;
use crate::primary_key::Id;

pub(crate) fn invalidate<M: Model>(
    cache: &Cache,
    id: impl Id<M::PrimaryKey>,
) -> impl Future<Output = Result<()>> + Send {
    let id = parts_of(id);
    async move { drop_all::<M>(cache, &[id]).await }
}

pub(crate) fn invalidate_many<M, I>(cache: &Cache, ids: I) -> impl Future<Output = Result<()>> + Send
where
    M: Model,
    I: IntoIterator<Item: Id<M::PrimaryKey>>,
{
    let ids: Vec<_> = ids.into_iter().map(parts_of).collect();
    async move { drop_all::<M>(cache, &ids).await }
}

async fn drop_all<M: Model>(cache: &Cache, ids: &[Vec<String>]) -> Result<()> {
    let keys = ids.iter().map(|id| Keys::of::<M>(cache, id)).collect::<Result<Vec<_>>>()?;
    for keys in keys.chunks(CHUNK) {
        for keys in keys {
            // Who comes from now on does not wait for what was begun before.
            cache.flights().forget(&keys.document);
        }
        let owed = cache.degrades().then_some(keys).into_iter().flatten().map(owed::<M>);
        cache.or_owed(drop_these::<M>(cache, keys).await, owed, || ())?;
        // What is owed is named by the mark.
        keys.iter().for_each(|keys| cache.forget(&keys.document));
    }
    Ok(())
}

/// Drops a document, its mark and what is known of it, in one step each.
async fn drop_these<M: Model>(cache: &Cache, keys: &[Keys]) -> Result<()> {
    if !M::schema().unique().is_empty() {
        // They are never loaded, but have claims.
        for keys in keys {
            delete_key::<M>(cache, keys.document.clone()).await?;
        }
        return Ok(());
    }
    let drops = keys.iter().map(|keys| {
        let command = keys.all().into_iter().fold(Command::new("DEL"), Command::key);
        cache.entry(command.repeatable())
    });
    for answer in cache.send_all(Batch::pipeline(drops.collect())).await? {
        answer?;
    }
    Ok(())
}

/// The same, later.
fn owed<M: Model>(keys: &Keys) -> (Vec<u8>, Invalidation) {
    let named = keys.clone();
    let drops = move |cache: Cache| -> BoxFuture<'static, Result<()>> {
        let keys = named.clone();
        Box::pin(async move { drop_these::<M>(&cache, &[keys]).await })
    };
    (keys.mark.clone(), Arc::new(drops))
}
