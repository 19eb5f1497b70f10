//! Deleting documents by their keys.

use cache_index::Command;

use super::keyed::{chunks_of_keys, count, keyed, truth};
use crate::cache::Cache;
use crate::error::Result;
use crate::model::Model;
use crate::primary_key::Id;

pub(crate) fn delete<M: Model>(
    cache: &Cache,
    id: impl Id<M::PrimaryKey>,
) -> impl Future<Output = Result<bool>> + Send {
    truth(cache, keyed::<M>(cache, Command::new("DEL"), id))
}

pub(crate) fn delete_many<M, I>(cache: &Cache, ids: I) -> impl Future<Output = Result<u64>> + Send
where
    M: Model,
    I: IntoIterator<Item: Id<M::PrimaryKey>>,
{
    let commands = chunks_of_keys::<M, _>(cache, || Command::new("DEL"), ids);
    async move {
        let mut deleted = 0;
        for command in commands? {
            deleted += count(cache, command).await?;
        }
        Ok(deleted)
    }
}
