//! A document that is made once, by whoever comes first.

use cache_index::{Command, Reply};

use super::expiry::Expiry;
use super::keyed::{key_of, keyed, same_key};
use super::read::{decode, get_at, unreadable};
use super::write::{Condition, Write};
use crate::cache::Cache;
use crate::error::Result;
use crate::model::Model;
use crate::primary_key::Id;

pub(crate) fn get_or_insert_with<M: Model, F>(
    cache: &Cache,
    id: impl Id<M::PrimaryKey>,
    make: F,
) -> impl Future<Output = Result<M>> + Send
where
    F: FnOnce() -> M + Send,
{
    let read = keyed::<M>(cache, Command::new("JSON.GET").repeatable(), id);
    async move {
        let read = read?;
        let key = key_of(&read);
        if let Some(there) = get_at(cache, Ok(read)).await? {
            return Ok(there);
        }
        let made = make();
        same_key(cache, &made, &key)?;
        let write = Write::new(&made, cache, Condition::NewOrGet, Expiry::Model)?;
        // What is stored is what everybody gets, also the one whose document it was: fields that serde skips are
        // their defaults for all of them.
        drop(made);
        match write.run(cache).await? {
            (_, Some(json)) => decode::<M>(&key, &json),
            (_, None) => Err(unreadable("EVALSHA", &Reply::Nil)),
        }
    }
}
