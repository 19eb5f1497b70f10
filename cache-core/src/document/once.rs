//! A document that is made once, by whoever comes first.

use bytes::Bytes;
use cache_index::{Command, Reply};

use super::encode::write_document;
use super::expiry::Expiry;
use super::keyed::{key_of, keyed};
use super::read::{decode, get_at, unreadable};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::primary_key::Id;
use crate::script::{self, Script};

/// KEYS: the document. ARGV: its JSON; the command that sets its time to live and the argument of that, or nothing.
/// Answers the document that is there now.
///
/// Asked again it answers the same.
const INSERT_OR_GET: Script = Script {
    source: "local there = redis.call('JSON.GET', KEYS[1])
if there then return there end
redis.call('JSON.SET', KEYS[1], '$', ARGV[1])
if ARGV[2] ~= '' then redis.call(ARGV[2], KEYS[1], ARGV[3]) end
return redis.call('JSON.GET', KEYS[1])",
    sha1: "4e7d925987fec249684e8af9cdc9de488f08d544",
};

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
        let call = INSERT_OR_GET.call().arg("1").key(&key);
        let call = call.try_arg_with(|buffer| write_document(buffer, &made))?;
        let call = match Expiry::Model.command::<M>() {
            Some((setter, argument)) => call.arg(setter).arg_display(argument.unwrap_or_default()),
            None => call.arg(""),
        };
        // What is stored is what everybody gets, also the one whose document it was: fields that serde skips are
        // their defaults for all of them.
        drop(made);
        match script::run(cache, &INSERT_OR_GET, call.repeatable()).await? {
            Reply::Bulk(json) => decode::<M, M>(&key, &json),
            other => Err(unreadable("EVALSHA", &other)),
        }
    }
}

fn same_key<M: Model>(cache: &Cache, made: &M, expected: &Bytes) -> Result<()> {
    let schema = M::schema();
    let mut found = Vec::new();
    let keyspace = cache.keyspace()?;
    made.primary_key().parts(|parts| schema.write_key(keyspace, &mut found, parts))?;
    if found == *expected {
        return Ok(());
    }
    let shown = |key: &[u8]| String::from_utf8_lossy(key).into_owned();
    Err(Error::OtherKey { model: schema.model(), expected: shown(expected), found: shown(&found) })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_name_is_the_digest_of_the_source() {
        crate::script::assert_named(&super::INSERT_OR_GET);
    }
}
