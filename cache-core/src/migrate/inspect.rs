//! What is on the server, read in two round trips: the names first, then everything that they stand for.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use cache_index::{
    Batch, Beside as Place, Command, DecodeError, Fingerprint, IndexInfo, Keyspace, Reply, Route, Schema,
    ServerErrorKind, printed, text_of,
};

use super::denied;
use super::error::MigrateError;
use super::memory::ServerMemory;
use super::observed::{Beside, Extending, Observed, Seen, redis_om_index, redis_om_keys};
use super::plan::Plan;
use crate::cache::{Cache, Masters};
use crate::error::{Error, Result};
use crate::index::{self, Compared, compared_key, mark_name, question, read};

/// How many indexes are asked after in one round trip: each answer has some kilobytes.
const ASKED: usize = 256;

/// The key that says which schemas of a model's prefix are in use: a sorted set, `<global>:~<prefix>:leases`.
pub(super) fn leases_key(schema: &Schema, keyspace: &Keyspace) -> Result<Vec<u8>> {
    let mut key = Vec::new();
    schema.write_sibling(keyspace, &mut key, Place::Model, &[&"leases"])?;
    Ok(key)
}

/// The key that says which indexes are being extended: a hash, `<global>:~<prefix>:extending`. A field is the fingerprint
/// of the schema that needs it. Its value is how many documents were missing before, `/`, how many fields there were, what
/// stands for each of these documents behind a comma unless there were too many, a blank, the index.
pub(super) fn extending_key(schema: &Schema, keyspace: &Keyspace) -> Result<Vec<u8>> {
    let mut key = Vec::new();
    schema.write_sibling(keyspace, &mut key, Place::Model, &[&"extending"])?;
    Ok(key)
}

/// The key of whoever looks for the documents that an index lacks, for all replicas: `<global>:~<prefix>:comparing:<fingerprint>`.
pub(super) fn turn_key(schema: &Schema, keyspace: &Keyspace) -> Result<Vec<u8>> {
    let (mut key, parts) = (Vec::new(), [&"comparing" as &dyn std::fmt::Display, schema.fingerprint()]);
    schema.write_sibling(keyspace, &mut key, Place::Model, &parts)?;
    Ok(key)
}

/// The releases that have said that they use an index of the model, and were not forgotten since.
pub(super) async fn leased(cache: &Cache, plan: &Plan) -> Result<Vec<Fingerprint>> {
    let key = leases_key(plan.schema.0, cache.keyspace()?)?;
    let all = Command::new("ZRANGE").key(key).args_from(["0", "-1"]).repeatable();
    let members = cache.command(all).await?.into_items();
    let members = members.map_err(|source| unreadable("ZRANGE", source))?;
    // What somebody else put there is no lease.
    Ok(members.iter().filter_map(|member| member.as_str()?.parse().ok()).collect())
}

/// Which indexes are being extended now.
pub(super) async fn extensions(cache: &Cache, plan: &Plan) -> Result<Vec<Extending>> {
    let key = extending_key(plan.schema.0, cache.keyspace()?)?;
    let reply = cache.command(Command::new("HGETALL").key(key).repeatable()).await?;
    extending(reply).map_err(|source| unreadable("HGETALL", source))
}

/// What there is for each of the models.
pub(super) async fn inspect(
    cache: &Cache,
    schemas: &[&'static Schema],
) -> Result<Vec<Observed>, MigrateError> {
    let keyspace = cache.keyspace()?;
    let routes = match cache.capabilities().cluster {
        true => Masters::of(cache).await?.routes(),
        false => vec![Route::AnyNode],
    };
    let list = |route: &Route| Command::new("FT._LIST").routed(route.clone()).repeatable();
    let mut questions: Vec<_> = routes.iter().map(list).collect();
    questions.extend([
        Command::new("TIME").repeatable(),
        Command::new("INFO").args_from(["server", "memory"]).repeatable(),
        Command::new("DBSIZE").repeatable(),
    ]);
    for schema in schemas {
        questions.push(
            Command::new("ZRANGE")
                .key(leases_key(schema, keyspace)?)
                .args_from(["0", "-1", "WITHSCORES"])
                .repeatable(),
        );
        let key = extending_key(schema, keyspace)?;
        questions.push(Command::new("HGETALL").key(key).repeatable());
        let key = compared_key(schema, keyspace)?;
        questions.push(Command::new("HGETALL").key(key).repeatable());
        questions.push(Command::new("GET").key(turn_key(schema, keyspace)?).repeatable());
        let kept = redis_om_keys(&redis_om_index(&schema.alias(keyspace)));
        questions.extend(kept.map(|key| Command::new("TYPE").key(key).repeatable()));
    }
    let mut answers = index::ask_all(cache, Batch::pipeline(questions)).await?.into_iter();
    let mut next = || answers.next().unwrap_or(Ok(Reply::Nil));
    let mut masters = Vec::with_capacity(routes.len());
    for route in routes {
        masters.push((route, index::listed(next()?)?));
    }
    // The server's order is that of a hash table; plans have one of their own.
    let listed: BTreeSet<Bytes> = masters.iter().flat_map(|(_, listed)| listed).cloned().collect();
    let now = millis(next()?)?;
    // Not everybody may ask it.
    let told = next().ok().and_then(|info| info.as_str().map(str::to_owned)).unwrap_or_default();
    let memory = ServerMemory::read(&told);
    let server = index::run_id(&told).unwrap_or_default().to_owned();
    let keys =
        next().ok().and_then(|keys| keys.as_int()).and_then(|keys| keys.try_into().ok()).unwrap_or_default();
    let mut beside = Vec::with_capacity(schemas.len());
    for schema in schemas {
        let mut of = [Reply::Nil, Reply::Nil, Reply::Nil];
        let keys = [
            leases_key(schema, keyspace)?,
            extending_key(schema, keyspace)?,
            compared_key(schema, keyspace)?,
        ];
        for (reply, key) in of.iter_mut().zip(keys) {
            *reply = match next() {
                Ok(reply) => reply,
                Err(error) => return Err(denied::on_keys(cache, schema, &key, error).await),
            };
        }
        let [leases, extended, compared] = of;
        let taken = is_taken(next()).then(|| turn_key(schema, keyspace)).transpose()?;
        let taken = taken.map(|key| text_of(&key));
        let leases = scores(leases).map_err(|source| unreadable("ZRANGE", source))?;
        let extensions = extending(extended).map_err(|source| unreadable("HGETALL", source))?;
        let compared = comparisons(compared).map_err(|source| unreadable("HGETALL", source))?;
        // A document may have such a key too; and not everybody may ask.
        let is_theirs = |answer: Result<Reply>| answer.is_ok_and(|kind| kind.as_str() == Some("string"));
        let kept = redis_om_keys(&redis_om_index(&schema.alias(keyspace)));
        let kept = kept.into_iter().filter(|_| is_theirs(next())).collect();
        beside.push(Beside { leases, extensions, compared, taken, redis_om_keys: kept, hashed: Vec::new() });
    }
    let mut names = listed.clone();
    for (schema, beside) in schemas.iter().zip(&beside) {
        let (alias, index) = (schema.alias(keyspace), schema.index_name(keyspace));
        names.extend(beside.leases.iter().map(|(fingerprint, _)| format!("{alias}:{fingerprint}").into()));
        let mark =
            |(fingerprint, one): &(Fingerprint, Compared)| mark_name(&alias, *fingerprint, &one.mark).into();
        names.extend(beside.compared.iter().map(mark));
        names.extend(beside.compared.iter().map(|(fingerprint, _)| format!("{alias}:{fingerprint}").into()));
        names.extend([index.into(), alias.into()]);
    }
    let ours: Vec<_> = schemas.iter().map(|schema| schema.alias(keyspace)).collect();
    let is_ours = |name: &[u8]| {
        let mut behind = ours.iter().filter_map(|alias| name.strip_prefix(alias.as_bytes()));
        behind.any(|rest| rest.is_empty() || rest.starts_with(b":"))
    };
    let Infos { found, torn, hidden } = infos(cache, names.into_iter().collect(), &masters, is_ours).await?;
    let (cluster, listed) = (cache.capabilities().cluster, listed.into_iter().collect());
    let seen = Seen { listed, found, torn, hidden, now, keys, memory, server, cluster };
    let mut observed = Vec::with_capacity(schemas.len());
    for (schema, mut beside) in schemas.iter().zip(beside) {
        let wanted = schema.definition(keyspace);
        beside.hashed = hashed(cache, seen.same_documents(&wanted)).await?;
        observed.push(seen.of(schema, keyspace, beside));
    }
    Ok(observed)
}

/// Those of the indexes that redis-om says to have made: it keeps a SHA-1 beside each.
async fn hashed(cache: &Cache, indexes: impl Iterator<Item = &IndexInfo>) -> Result<Vec<String>> {
    let mut names: Vec<String> = indexes.map(|index| index.name.clone()).collect();
    if names.is_empty() {
        return Ok(names);
    }
    let get = |name: &String| {
        let [hash, _] = redis_om_keys(name);
        Command::new("GET").key(hash).repeatable()
    };
    let batch = Batch::pipeline(names.iter().map(get).collect());
    let mut answers = cache.send_all(batch).await?.into_iter();
    // What is no text was put there by somebody else.
    let is_sha1 = |reply: Reply| {
        reply
            .as_str()
            .is_some_and(|text| text.len() == 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    names.retain(|_| answers.next().is_some_and(|answer| answer.is_ok_and(is_sha1)));
    Ok(names)
}

/// What the server knows of indexes.
#[derive(Default)]
struct Infos {
    /// What answers to each name; those that stand for nothing are left out.
    found: HashMap<Bytes, IndexInfo>,
    /// The names of which the masters of a cluster do not say the same, and what each says.
    torn: HashMap<Bytes, Vec<Option<String>>>,
    /// Those of others that the user may not look at: RediSearch 2.10 takes an index's name for a key, and RediSearch 8 wants the
    /// documents to be readable.
    hidden: Vec<String>,
}

/// What each master, with what it lists, knows of the indexes, or targets of aliases, with these names.
async fn infos(
    cache: &Cache,
    names: Vec<Bytes>,
    masters: &[(Route, Vec<Bytes>)],
    is_ours: impl Fn(&[u8]) -> bool,
) -> Result<Infos> {
    let mut infos = Infos { found: HashMap::with_capacity(names.len()), ..Infos::default() };
    for names in names.chunks(ASKED) {
        let asked = |name: &Bytes| {
            let to = |(route, _): &(Route, Vec<Bytes>)| question(name, None).routed(route.clone());
            masters.iter().map(to).collect::<Vec<_>>()
        };
        let batch = Batch::pipeline(names.iter().flat_map(asked).collect());
        let mut answers = index::ask_all(cache, batch).await?.into_iter();
        for name in names {
            let mut said = Vec::with_capacity(masters.len());
            for ((_, listed), answer) in masters.iter().zip(&mut answers) {
                match read(answer) {
                    // What one server says of a name that is made just now it says of what it has.
                    Ok(info) if masters.len() == 1 => said.push(info),
                    Ok(info) => said.push(index::known(listed, info)),
                    Err(error)
                        if error.server_kind() == Some(ServerErrorKind::KeyPermission) && !is_ours(name) =>
                    {
                        infos.hide(name);
                    }
                    Err(error) => return Err(error),
                }
            }
            infos.take(name, said);
        }
    }
    Ok(infos)
}

impl Infos {
    /// Of what differs, what has least.
    fn take(&mut self, name: &Bytes, said: Vec<Option<IndexInfo>>) {
        let names = || said.iter().map(|one| one.as_ref().map(|info| info.name.as_str()));
        let fields = || said.iter().flatten().map(|info| info.definition.fields.len());
        if names().zip(names().skip(1)).any(|(one, next)| one != next) {
            self.torn.insert(name.clone(), names().map(|one| one.map(str::to_owned)).collect());
        } else if names().flatten().any(|own| *name == own.as_bytes())
            && fields().zip(fields().skip(1)).any(|(one, next)| one != next)
        {
            let told = fields().map(|fields| Some(format!("one of {fields} fields")));
            self.torn.insert(name.clone(), told.collect());
        }
        let poorest = said.into_iter().flatten().min_by_key(|info| info.definition.fields.len());
        self.found.extend(poorest.map(|info| (name.clone(), info)));
    }

    fn hide(&mut self, name: &[u8]) {
        let name = text_of(name);
        // One that is listed may have been asked after by two names.
        let is_same = |one: &String| printed(one).to_string() == printed(&name).to_string();
        if !self.hidden.iter().any(is_same) {
            self.hidden.push(name);
        }
    }
}

/// What the server knows of an index or of the target of an alias; `None`: there is none of this name. On a cluster there is one
/// if all masters have it, with the fields that it has on all of them.
pub(super) async fn info(cache: &Cache, name: &str) -> Result<Option<IndexInfo>> {
    if cache.capabilities().cluster {
        return Ok(index::everywhere(cache, name).await?.index());
    }
    let answers = index::ask_all(cache, Batch::pipeline(vec![question(name, None)])).await?;
    answers.into_iter().next().map_or(Ok(None), read)
}

/// Whether what is in the key of turns is no turn: those are 32 hexadecimal digits, and end by themselves. Not everybody may ask.
fn is_taken(answer: Result<Reply>) -> bool {
    match answer {
        Ok(Reply::Nil) => false,
        Ok(reply) => !reply
            .as_str()
            .is_some_and(|turn| turn.len() == 32 && turn.bytes().all(|digit| digit.is_ascii_hexdigit())),
        Err(error) => error.server_kind() == Some(ServerErrorKind::WrongType),
    }
}

/// What TIME answers, in milliseconds since 1970.
fn millis(reply: Reply) -> Result<u64> {
    let unexpected = DecodeError::unexpected("seconds and microseconds", reply.describe());
    let numbers: Vec<_> = reply
        .into_items()
        .unwrap_or_default()
        .iter()
        .filter_map(Reply::as_int)
        .filter_map(|n| u64::try_from(n).ok())
        .collect();
    match numbers[..] {
        [seconds, micros] => Ok(seconds.saturating_mul(1_000).saturating_add(micros / 1_000)),
        _ => Err(unreadable("TIME", unexpected)),
    }
}

/// Fingerprints and their scores: a list of pairs in RESP3, one flat list in RESP2.
fn scores(reply: Reply) -> Result<Vec<(Fingerprint, u64)>, DecodeError> {
    let flat: Vec<Reply> = reply
        .into_items()?
        .into_iter()
        .flat_map(|item| match item {
            Reply::Array(pair) => pair,
            other => vec![other],
        })
        .collect();
    let pairs = Reply::Array(flat).into_pairs()?;
    // What somebody else put there is no lease.
    Ok(pairs
        .iter()
        .filter_map(|(member, score)| {
            // A double holds the milliseconds of any date to come; a negative one is long ago.
            Some((member.as_str()?.parse().ok()?, score.as_double()?.max(0.0) as u64))
        })
        .collect())
}

/// The indexes that are being extended. What somebody else put there is none.
fn extending(reply: Reply) -> Result<Vec<Extending>, DecodeError> {
    let one = |(fingerprint, value): &(Reply, Reply)| {
        let (numbers, index) = value.as_str()?.split_once(' ')?;
        let (numbers, digests) = numbers.split_once(',').unwrap_or((numbers, ""));
        let (missing, fields) = numbers.split_once('/').unwrap_or((numbers, "0"));
        Some(Extending {
            fingerprint: fingerprint.as_str()?.parse().ok()?,
            index: index.to_owned(),
            missing: missing.parse().ok()?,
            fields: fields.parse().ok()?,
            digests: digests.split(',').filter_map(|digest| u64::from_str_radix(digest, 16).ok()).collect(),
        })
    };
    Ok(reply.into_pairs()?.iter().filter_map(one).collect())
}

/// What was found when indexes were compared with the documents. What somebody else put there is nothing.
fn comparisons(reply: Reply) -> Result<Vec<(Fingerprint, Compared)>, DecodeError> {
    let one = |(field, value): &(Reply, Reply)| {
        Some((field.as_str()?.parse().ok()?, Compared::read(value.as_str()?)?))
    };
    Ok(reply.into_pairs()?.iter().filter_map(one).collect())
}

/// The value for [`extending`].
pub(super) fn extending_value(before: &Extending) -> String {
    let Extending { index, missing, fields, digests, .. } = before;
    let digests: String = digests.iter().map(|digest| format!(",{digest:x}")).collect();
    format!("{missing}/{fields}{digests} {index}")
}

fn unreadable(command: &str, source: DecodeError) -> Error {
    Error::Decode { command: command.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn what_is_being_extended_is_read_as_it_was_written() {
        let pairs = |value: String| {
            let (field, other) = (Reply::Status("0123456789ab".into()), Reply::Status("somebody".into()));
            Reply::Map(vec![(field, Reply::Bulk(value.into())), (other, Reply::Bulk("1 x".into()))])
        };
        for digests in [HashSet::new(), HashSet::from([1, u64::MAX])] {
            let (fingerprint, index) = ("0123456789ab".parse().unwrap(), "a b:idx".to_owned());
            let one = Extending { fingerprint, index, missing: 2, fields: 3, digests };
            assert_eq!(extending(pairs(extending_value(&one))).unwrap(), [one]);
        }
        assert_eq!(extending(Reply::Map(vec![])).unwrap(), []);
    }

    #[test]
    fn leases_are_read_in_both_protocols() {
        let (member, score) = (Reply::Status("0123456789ab".into()), Reply::Status("1764350000123".into()));
        let foreign = Reply::Status("somebody".into());
        let flat = Reply::Array(vec![member.clone(), score, foreign, Reply::Int(1)]);
        let pairs = Reply::Array(vec![Reply::Array(vec![member, Reply::Double(1_764_350_000_123.0)])]);
        let expected = [("0123456789ab".parse().unwrap(), 1_764_350_000_123)];
        assert_eq!(scores(flat).unwrap(), expected);
        assert_eq!(scores(pairs).unwrap(), expected);
        assert_eq!(scores(Reply::Array(vec![])).unwrap(), []);
        let time = Reply::Array(vec![Reply::Status("12".into()), Reply::Status("345678".into())]);
        assert_eq!(millis(time).unwrap(), 12_345);
        assert!(millis(Reply::Nil).is_err());
    }
}
