//! What is on the server, read in two round trips: the names first, then everything that they stand for.

use std::collections::{BTreeSet, HashMap};

use bytes::Bytes;
use cache_index::{
    Batch, Beside, Command, DecodeError, Fingerprint, IndexInfo, Keyspace, Reply, Schema, ServerErrorKind,
};

use super::denied;
use super::error::MigrateError;
use super::memory::ServerMemory;
use super::observed::{Observed, Seen};
use super::plan::Plan;
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::index;

/// How many indexes are asked after in one round trip: each answer has some kilobytes.
const ASKED: usize = 256;

/// The key that says which schemas of a model's prefix are in use: a sorted set, `<global>:~<prefix>:leases`.
pub(super) fn leases_key(schema: &Schema, keyspace: &Keyspace) -> Result<Vec<u8>> {
    let mut key = Vec::new();
    schema.write_sibling(keyspace, &mut key, Beside::Model, &[&"leases"])?;
    Ok(key)
}

/// The key that says which indexes are being extended: a hash, `<global>:~<prefix>:extending`. A field is the fingerprint
/// of the schema that needs it, its value how many documents were missing before, a blank, the index.
pub(super) fn extending_key(schema: &Schema, keyspace: &Keyspace) -> Result<Vec<u8>> {
    let mut key = Vec::new();
    schema.write_sibling(keyspace, &mut key, Beside::Model, &[&"extending"])?;
    Ok(key)
}

/// How many documents were missing from the index that the plan extends, before it did.
pub(super) async fn missing_before(cache: &Cache, plan: &Plan) -> Result<u64> {
    let key = extending_key(plan.schema.0, cache.keyspace()?)?;
    let reply =
        cache.command(Command::new("HGET").key(key).arg_display(plan.fingerprint).repeatable()).await?;
    Ok(extending(&reply).map_or(0, |(missing, _)| missing))
}

/// What there is for each of the models.
pub(super) async fn inspect(
    cache: &Cache,
    schemas: &[&'static Schema],
) -> Result<Vec<Observed>, MigrateError> {
    let keyspace = cache.keyspace()?;
    let mut questions = vec![
        Command::new("FT._LIST").repeatable(),
        Command::new("TIME").repeatable(),
        Command::new("INFO").arg("memory").repeatable(),
    ];
    for schema in schemas {
        questions.push(
            Command::new("ZRANGE")
                .key(leases_key(schema, keyspace)?)
                .args_from(["0", "-1", "WITHSCORES"])
                .repeatable(),
        );
        let key = extending_key(schema, keyspace)?;
        questions.push(Command::new("HGET").key(key).arg_display(schema.fingerprint()).repeatable());
    }
    let mut answers = index::ask_all(cache, Batch::pipeline(questions)).await?.into_iter();
    let mut next = || answers.next().unwrap_or(Ok(Reply::Nil));
    let mut listed = names(next()?).map_err(|source| unreadable("FT._LIST", source))?;
    // The server's order is that of a hash table; plans have one of their own.
    listed.sort_unstable();
    let now = millis(next()?)?;
    // Not everybody may ask it.
    let memory = next().ok().and_then(|info| ServerMemory::read(info.as_str()?));
    let mut beside = Vec::with_capacity(schemas.len());
    for schema in schemas {
        let (leases, extended) = match (next(), next()) {
            (Ok(leases), Ok(extended)) => (leases, extended),
            (Err(error), _) | (_, Err(error)) => return Err(denied::on_keys(cache, schema, error).await),
        };
        let leases = scores(leases).map_err(|source| unreadable("ZRANGE", source))?;
        beside.push((leases, extending(&extended)));
    }
    let mut names: BTreeSet<Bytes> = listed.iter().cloned().collect();
    for (schema, (leases, _)) in schemas.iter().zip(&beside) {
        let (alias, index) = (schema.alias(keyspace), schema.index_name(keyspace));
        names.extend(leases.iter().map(|(fingerprint, _)| format!("{alias}:{fingerprint}").into()));
        names.extend([index.into(), alias.into()]);
    }
    let found = infos(cache, names.into_iter().collect()).await?;
    let seen = Seen { listed, found, now, memory };
    let beside = schemas.iter().zip(beside);
    Ok(beside.map(|(schema, (leases, extending))| seen.of(schema, keyspace, leases, extending)).collect())
}

/// What the server knows of the indexes, or targets of aliases, with these names; those that are none are left out.
async fn infos(cache: &Cache, names: Vec<Bytes>) -> Result<HashMap<Bytes, IndexInfo>> {
    let mut found = HashMap::with_capacity(names.len());
    for names in names.chunks(ASKED) {
        let questions = names.iter().map(question).collect();
        let answers = index::ask_all(cache, Batch::pipeline(questions)).await?;
        for (name, answer) in names.iter().zip(answers) {
            if let Some(info) = read(answer)? {
                found.insert(name.clone(), info);
            }
        }
    }
    Ok(found)
}

/// What the server knows of an index or of the target of an alias; `None`: there is none of this name.
pub(super) async fn info(cache: &Cache, name: &str) -> Result<Option<IndexInfo>> {
    let answers = index::ask_all(cache, Batch::pipeline(vec![question(name)])).await?;
    answers.into_iter().next().map_or(Ok(None), read)
}

pub(super) fn question(name: impl AsRef<[u8]>) -> Command {
    Command::new("FT.INFO").arg(name).repeatable()
}

pub(super) fn read(answer: Result<Reply>) -> Result<Option<IndexInfo>> {
    match answer {
        Ok(reply) => IndexInfo::decode(reply).map(Some).map_err(|source| unreadable("FT.INFO", source)),
        Err(error) if error.server_kind() == Some(ServerErrorKind::UnknownIndex) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Names are bytes: one that is no text is none of ours, and its index may be of our documents all the same.
fn names(reply: Reply) -> Result<Vec<Bytes>, DecodeError> {
    let name = |reply| match reply {
        Reply::Bulk(name) => Some(name),
        Reply::Status(name) => Some(name.into()),
        _ => None,
    };
    Ok(reply.into_items()?.into_iter().filter_map(name).collect())
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

/// How many documents were missing, and the index that is being extended.
fn extending(reply: &Reply) -> Option<(u64, String)> {
    let (missing, index) = reply.as_str()?.split_once(' ')?;
    Some((missing.parse().ok()?, index.to_owned()))
}

fn unreadable(command: &str, source: DecodeError) -> Error {
    Error::Decode { command: command.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

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
