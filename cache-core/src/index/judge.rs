//! Why an index lacks a document: whether the server refuses it for a value, or would take it.
//!
//! The server's counter does not tell: it counts each rewrite, and of documents that a scan never met it knows nothing. So
//! the server is asked: in one script an index of the same fields is made over a single key, a copy of each document is
//! written there and looked for, and both are gone when the script ends. As it runs without anything in between, nobody else
//! ever sees them, and there is nothing to be left behind by whoever is killed. The key and the index have one name, beside
//! the model's documents, `<global>:~<prefix>:probe`. (Making an index over the missing keys themselves would have the
//! server scan all keys.)

use std::time::{Duration, Instant};

use bytes::Bytes;
use cache_index::{Batch, Beside, Command, IndexInfo, Reply, Schema};

use super::absent::{Absent, found, question};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::script::Script;

/// How many documents are judged at once, at most. The server does nothing else meanwhile: as many are taken as are judged in
/// about [`PAUSE`], as the last ones were.
const CHUNK: usize = 50;
const PAUSE: Duration = Duration::from_millis(50);

/// How long documents are judged, about; those that come then stand for the others.
const BOUND: Duration = Duration::from_secs(10);

/// A single document may take longer than a command of any other kind: so many deadlines of the connection.
const DEADLINES: u32 = 10;

/// KEYS: the key of the copies, documents. ARGV: the words of the command that makes an index over that key. Answers of each
/// document 1 if the server indexes it, 0 if not (also if it cannot write what it reads), -1 if it is gone; or the names of commands that the user may not run.
const JUDGE: Script = Script {
    source: "local probe, judged, denied = KEYS[1], {}, {}
local needed = {{'FT.CREATE', probe, 'SCHEMA'}, {'FT.INFO', probe}, {'FT.DROPINDEX', probe}, {'DEL', probe},
  {'JSON.GET', KEYS[2]}, {'JSON.SET', probe, '$', '1'}}
for _, words in ipairs(needed) do
  local known, allowed = pcall(redis.acl_check_cmd, unpack(words))
  if known and not allowed then denied[#denied + 1] = words[1] end
end
if #denied > 0 then return denied end
local function documents()
  local info = redis.pcall('FT.INFO', probe)
  for i = 1, #info, 2 do
    local key, value = info[i], info[i + 1]
    if type(key) == 'table' then key = key.ok end
    if key == 'num_docs' then return tonumber(value) end
  end
end
local no_writes = {OOM = 1, READONLY = 1, MISCONF = 1, NOREPLICAS = 1, NOPERM = 1}
local cleared = redis.pcall('DEL', probe)
if type(cleared) == 'table' then return cleared end
redis.pcall('FT.DROPINDEX', probe)
local made = redis.pcall('FT.CREATE', unpack(ARGV))
if made.err then return made end
for i = 2, #KEYS do
  local document = redis.pcall('JSON.GET', KEYS[i])
  judged[i - 1] = -1
  if type(document) == 'string' then
    local copied = redis.pcall('JSON.SET', probe, '$', document)
    local code = copied.err and copied.err:match('^%u+')
    if code and no_writes[code] then judged = copied break end
    judged[i - 1] = copied.err and 0 or documents() or -1
    redis.pcall('DEL', probe)
  end
end
redis.pcall('DEL', probe)
redis.pcall('FT.DROPINDEX', probe)
return judged",
    sha1: "2c19e20c205980ec7da1e4802e6835e45a24972b",
};

/// What kept them from being judged.
#[derive(Debug)]
pub(crate) enum Unjudged {
    /// The user may not run these commands.
    Denied(Vec<String>),
    /// The server could not be asked, or takes no writes now.
    Failed(Error),
}

impl From<Error> for Unjudged {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// Those of the documents which an index was found to lack that the server would take, so that the index should have them;
/// no more are looked for when there are ten. The others have values that the server refuses, are gone, or are in the index
/// by now. With how many were looked at, in order.
///
/// On one server, and where the schema has no `filter`: what that leaves out is refused for no value.
pub(crate) async fn judge(
    cache: &Cache,
    schema: &Schema,
    index: &IndexInfo,
    keys: &[Bytes],
) -> Result<(Vec<Bytes>, usize), Unjudged> {
    let (mut lost, mut judged, mut chunk, began) = (Vec::new(), 0, 1, Instant::now());
    let (mut probe, keyspace) = (Vec::new(), cache.keyspace()?);
    schema.write_sibling(keyspace, &mut probe, Beside::Model, &[&"probe"]).map_err(Error::from)?;
    let Some(create) = schema.create_index(keyspace) else { return Ok((lost, judged)) };
    let patience = cache.connection().deadline().saturating_mul(DEADLINES);
    while lost.len() < Absent::TOLD && began.elapsed() < BOUND {
        let left = keys.get(judged..).unwrap_or_default();
        let keys = left.get(..chunk).unwrap_or(left);
        if keys.is_empty() {
            break;
        }
        let asked = Instant::now();
        let call = JUDGE.call().arg_display(keys.len().saturating_add(1)).key(&probe);
        let call = keys.iter().fold(call, Command::key);
        let call = as_probe(call, &create, &probe, schema, index);
        // In one transaction with the question whether the index has them, so that both are about the same documents.
        let batch = Batch::atomic(vec![
            JUDGE.by_source(&call.repeatable()).within(patience),
            question(&index.name, keys),
        ]);
        let mut answers = cache.unfenced_all(batch).await?.into_iter();
        let mut next = || answers.next().unwrap_or(Ok(Reply::Nil));
        let verdicts = next()?.into_items().unwrap_or_default();
        let inside = found(next())?;
        let denied: Vec<_> = verdicts.iter().filter_map(|name| name.as_str().map(str::to_owned)).collect();
        if !denied.is_empty() {
            return Err(Unjudged::Denied(denied));
        }
        let taken = keys.iter().zip(verdicts).filter(|(_, verdict)| verdict.as_int() == Some(1));
        lost.extend(taken.map(|(key, _)| key).filter(|key| !inside.contains(*key)).cloned());
        judged += keys.len();
        chunk = if asked.elapsed() > PAUSE { (chunk / 2).max(1) } else { (chunk * 2).min(CHUNK) };
    }
    Ok((lost, judged))
}

/// The command that makes an index, as one over the key of the copies that scans nothing, with the fields that the index has
/// beyond the schema's.
fn as_probe(call: Command, create: &Command, probe: &[u8], schema: &Schema, index: &IndexInfo) -> Command {
    // FT.CREATE name ON JSON PREFIX 1 prefix …
    const BEHIND: usize = 7;
    let call = call.arg(probe).args_from(["ON", "JSON", "PREFIX", "1"]).arg(probe).arg("SKIPINITIALSCAN");
    let call = call.args_from(create.args().skip(BEHIND));
    let own: Vec<_> = schema.indexed().map(|field| field.name().to_string()).collect();
    index.definition.fields.iter().filter(|field| !own.contains(&field.name)).fold(call, |call, field| {
        let call = call.args_from([field.path.as_str(), "AS", field.name.as_str(), field.kind.as_str()]);
        let options = field.options.iter().map(String::as_str);
        if field.kind == "VECTOR" {
            // What decides is how many numbers there are; how they are searched does not.
            let sized = options.filter(|one| one.starts_with("TYPE ") || one.starts_with("DIM "));
            let sized = sized.filter_map(|one| one.split_once(' ')).flat_map(|(name, value)| [name, value]);
            return call.args_from(["FLAT", "6", "DISTANCE_METRIC", "L2"]).args_from(sized);
        }
        call.args_from(options.filter(|one| ["SORTABLE", "UNF", "FLAT", "SPHERICAL"].contains(one)))
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_name_is_the_digest_of_the_source() {
        crate::script::assert_named(&super::JUDGE);
    }
}
