//! What is kept of an index since it was compared with the documents, read by those that did not compare it.

use cache_index::{Batch, Beside, Command, IndexInfo, Keyspace, Reply, Schema, ServerErrorKind};

use super::absent::{Absent, still_absent};
use super::alias::with_name_of;
use super::compared::{Compared, mark_name};
use crate::cache::Cache;
use crate::error::Result;
use crate::script::{self, Script};

/// KEYS: what is kept of comparisons. ARGV: an index, what its mark's name begins with, the field. Answers what is kept of
/// this very index; nothing if there is nothing.
const KNOWN: Script = Script {
    source: with_name_of!(
        "local value = redis.call('HGET', KEYS[1], ARGV[3])
local mark = value and string.match(value, '^%d+ (%x+) ')
if mark and name_of(ARGV[2] .. mark) == ARGV[1] then return value end
return false"
    ),
    sha1: "eba415c04c6b141bd0015f5c2a2c67a011e73166",
};

/// The key that keeps what was found when indexes were compared: a hash, `<global>:~<prefix>:compared`.
pub(crate) fn compared_key(schema: &Schema, keyspace: &Keyspace) -> Result<Vec<u8>> {
    let mut key = Vec::new();
    schema.write_sibling(keyspace, &mut key, Beside::Model, &[&"compared"])?;
    Ok(key)
}

/// What is kept in a field about the index of this name; `None`: nothing, or it is about another one.
pub(crate) async fn recorded(
    cache: &Cache,
    schema: &Schema,
    index: &str,
    field: &str,
) -> Result<Option<Compared>> {
    let answer = script::run(cache, &KNOWN, question(cache, schema, index, field)?).await?;
    Ok(answer.as_str().and_then(Compared::read))
}

fn question(cache: &Cache, schema: &Schema, index: &str, field: &str) -> Result<Command> {
    let keyspace = cache.keyspace()?;
    let call = KNOWN.call().arg("1").key(compared_key(schema, keyspace)?).arg(index);
    let marks = mark_name(&schema.alias(keyspace), *schema.fingerprint(), "");
    Ok(call.arg(marks).arg(field).repeatable())
}

/// The documents that are missing from an index, as it was seen, by what is kept of it: without reading all keys. `None`: it was
/// not found to be filled, or more failed to be indexed since than can be told from what is kept.
pub(crate) async fn by_record(cache: &Cache, schema: &Schema, seen: &IndexInfo) -> Result<Option<Absent>> {
    let call = question(cache, schema, &seen.name, &schema.fingerprint().to_string())?;
    let ask = |call: Command| {
        cache.unfenced_all(Batch::pipeline(vec![
            call,
            // Not everybody may ask it.
            Command::new("INFO").arg("server").repeatable(),
        ]))
    };
    let mut answers = ask(call.clone()).await?;
    if answers.first().and_then(|first| first.as_ref().err()?.server_kind())
        == Some(ServerErrorKind::NoScript)
    {
        answers = ask(KNOWN.by_source(&call)).await?;
    }
    let mut answers = answers.into_iter();
    let mut next = || answers.next().unwrap_or(Ok(Reply::Nil));
    let Some(kept) = next()?.as_str().and_then(Compared::read) else { return Ok(None) };
    let run = next().ok().and_then(|info| info.as_str().and_then(run_id).map(str::to_owned));
    let holds = kept.failures == seen.failures && kept.is_filled() && kept.lacked.is_known();
    if holds && kept.is_of_run(run.as_deref().unwrap_or_default()) {
        return still_absent(cache, &seen.name, kept.lacked.keys).await.map(Some);
    }
    Ok(None)
}

/// What tells a run of the server from another one.
pub(crate) fn run_id(info: &str) -> Option<&str> {
    info.lines().find_map(|line| line.strip_prefix("run_id:")).map(str::trim)
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_name_is_the_digest_of_the_source() {
        crate::script::assert_named(&super::KNOWN);
    }
}
