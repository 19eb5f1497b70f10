//! Why an index lacks a document: whether the server refuses it for a value, or would take it.
//!
//! The server's counter does not tell: it counts each rewrite, and of documents that a scan never met it knows nothing. So
//! the server is asked: in one script an index of the same fields is made over a single key, a copy of each document is
//! written there and looked for, and both are gone when the script ends. As it runs without anything in between, nobody else
//! ever sees them, and there is nothing to be left behind by whoever is killed. The key and the index have one name, beside
//! the model's documents, that nobody else has: `<global>:~<prefix>:probe:` and a random number. (Making an index over the missing keys themselves would have the
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

/// How many words a command has in a script, at most: a Lua stack holds 8,000 (`LUAI_MAXCSTACK`), with what else is on it. An
/// index of the 1,024 fields that there can be has more if each has eight or more: then those beyond are added to it.
const MOST_WORDS: usize = 7_000;

/// KEYS: the key of the copies, documents. ARGV: the words of the command that makes an index over that key, and of those that add
/// the rest of the fields, each behind the number of its words. Answers of each
/// document 1 if the server indexes it, 0 if not (also if it cannot write what it reads), -1 if it is gone; or the names of commands that the user may not run.
const JUDGE: Script = Script {
    source: "local probe, judged, denied = KEYS[1], {}, {}
local needed = {{'FT.CREATE', probe, 'SCHEMA'}, {'FT.INFO', probe}, {'FT.DROPINDEX', probe}, {'DEL', probe},
  {'JSON.GET', KEYS[2]}, {'JSON.SET', probe, '$', '1'}}
if ARGV[ARGV[1] + 2] then needed[#needed + 1] = {'FT.ALTER', probe, 'SCHEMA', 'ADD'} end
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
local made, from, command = {}, 1, 'FT.CREATE'
while ARGV[from] and not made.err do
  local to = from + ARGV[from]
  made = redis.pcall(command, unpack(ARGV, from + 1, to))
  from, command = to + 1, 'FT.ALTER'
end
if made.err then redis.pcall('FT.DROPINDEX', probe) return made end
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
    sha1: "3af43963cddf0a77f48233331c061300c7c6fb1b",
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
    let token = format!("{:032x}", rand::random::<u128>());
    schema.write_sibling(keyspace, &mut probe, Beside::Model, &[&"probe", &token]).map_err(Error::from)?;
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
    // Fields may be added to it that it was not made with: of any number of texts.
    let head: [&[u8]; 8] =
        [probe, b"ON", b"JSON", b"PREFIX", b"1", probe, b"SKIPINITIALSCAN", b"MAXTEXTFIELDS"];
    let mut words = head.to_vec();
    words.extend(create.args().skip(BEHIND).filter(|word| *word != b"MAXTEXTFIELDS"));
    let own: Vec<_> = schema.indexed().map(|field| field.name().to_string()).collect();
    for field in index.definition.fields.iter().filter(|field| !own.contains(&field.name)) {
        let mut more = vec![field.path.as_str(), "AS", field.name.as_str(), field.kind.as_str()];
        let options = field.options.iter().map(String::as_str);
        if field.kind == "VECTOR" {
            // What decides is how many numbers there are; how they are searched does not.
            let sized = options.filter(|one| one.starts_with("TYPE ") || one.starts_with("DIM "));
            let sized = sized.filter_map(|one| one.split_once(' ')).flat_map(|(name, value)| [name, value]);
            more.extend(["FLAT", "6", "DISTANCE_METRIC", "L2"].into_iter().chain(sized));
        } else {
            more.extend(options.filter(|one| ["SORTABLE", "UNF", "FLAT", "SPHERICAL"].contains(one)));
        }
        words.extend(more.into_iter().map(str::as_bytes));
    }
    commands(&words, probe)
        .into_iter()
        .fold(call, |call, words| call.arg_display(words.len()).args_from(words))
}

/// The words of a command that makes an index, in commands of not too many: the first makes it, the others add fields.
fn commands<'a>(words: &[&'a [u8]], index: &'a [u8]) -> Vec<Vec<&'a [u8]>> {
    // A field begins with its path, and no other word that begins like one stands in front of `AS`.
    let begins = |pair: &[&[u8]]| matches!(pair, [path, b"AS"] if path.starts_with(b"$"));
    let starts = words.windows(2).enumerate().filter(|(_, pair)| begins(pair)).map(|(at, _)| at);
    let add: [&[u8]; 4] = [index, b"SKIPINITIALSCAN", b"SCHEMA", b"ADD"];
    let (mut commands, mut command, mut from) = (Vec::new(), Vec::new(), 0);
    for to in starts.chain([words.len()]) {
        let field = words.get(from..to).unwrap_or_default();
        if command.len() + field.len() > MOST_WORDS && from > 0 {
            commands.push(command);
            command = add.to_vec();
        }
        command.extend_from_slice(field);
        from = to;
    }
    commands.push(command);
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Those of a field begin where its path does, whatever it and the others are called.
    #[test]
    fn a_command_of_many_words_becomes_several() {
        let field =
            |number: usize| [format!("$.f{number}"), "AS".to_owned(), "AS".to_owned(), "TAG".to_owned()];
        let of = |fields: usize| {
            let separator = ["SEPARATOR".to_owned(), "$".to_owned()];
            let words = (0..fields).flat_map(|number| field(number).into_iter().chain(separator.clone()));
            ["i".to_owned(), "SCHEMA".to_owned()].into_iter().chain(words).collect::<Vec<_>>()
        };
        let split = |fields| {
            let words = of(fields);
            let words: Vec<_> = words.iter().map(String::as_bytes).collect();
            let split = commands(&words, b"i");
            assert!(split.iter().all(|command| command.len() <= MOST_WORDS));
            let added = split.iter().skip(1).map(|command| command.len() - 4).sum::<usize>();
            assert_eq!(split.first().map_or(0, Vec::len) + added, words.len(), "nothing is lost");
            let starts: Vec<_> =
                split.iter().skip(1).map(|command| String::from_utf8_lossy(command[4])).collect();
            assert!(starts.iter().all(|path| path.starts_with("$.f")), "{starts:?}");
            split.len()
        };
        assert_eq!([split(0), split(1), split(1_024), split(2_400)], [1, 1, 1, 3]);
    }

    #[test]
    fn the_name_is_the_digest_of_the_source() {
        crate::script::assert_named(&super::JUDGE);
    }
}
