//! Documents that are there and not in an index: looked for key by key, since the server's counters only grow.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

use bytes::Bytes;
use cache_index::{Batch, Command, IndexInfo, Reply, SearchAnswer};

use super::inspect::info;
use super::plan::Plan;
use crate::cache::Cache;
use crate::document::{Scan, count_all};
use crate::error::{Error, Result};

/// How many keys are looked for at once.
const CHUNK: usize = 500;

/// How many of the keys are told.
const TOLD: usize = 10;

/// How many documents are missing from the plan's index, as it was seen.
///
/// The server's counter only grows, so a document that was mended or deleted is still in it: what is missing is
/// counted, where there is a reason to. In a cluster, where no one scan sees all keys, the counter has to do, and so it has for
/// an index that a filter leaves documents out of.
pub(super) async fn missing(cache: &Cache, plan: &Plan, seen: &IndexInfo) -> Result<u64> {
    if seen.failures == 0 || plan.schema.0.filter().is_some() {
        return Ok(seen.failures);
    }
    match count_all(cache, plan.schema.0).await {
        Ok(there) => {
            let now = info(cache, &seen.name).await?;
            Ok(there.saturating_sub(now.map_or(seen.documents, |now| now.documents)))
        }
        Err(Error::Unsupported { .. }) => Ok(seen.failures),
        Err(error) => Err(error),
    }
}

/// Documents that are there and not in an index.
pub(super) struct Absent {
    pub(super) number: u64,
    /// The keys of the first ones.
    pub(super) keys: Vec<String>,
}

/// The documents of the plan's model that are not in an index, and are in the other one if that is given. `None`: they
/// cannot be looked for, on a cluster.
pub(super) async fn absent(
    cache: &Cache,
    plan: &Plan,
    index: &str,
    other: Option<&str>,
) -> Result<Option<Absent>> {
    let mut scan = Scan::of(cache, plan.schema.0, "looking for documents that are not in an index");
    let mut absent = Absent { number: 0, keys: Vec::new() };
    // A scan may show a key twice.
    let (hasher, mut counted) = (RandomState::new(), HashSet::new());
    loop {
        let mut chunk = Vec::with_capacity(CHUNK);
        while chunk.len() < CHUNK {
            match scan.next().await {
                Some(Ok(key)) => chunk.push(key),
                Some(Err(Error::Unsupported { .. })) => return Ok(None),
                Some(Err(error)) => return Err(error),
                None => break,
            }
        }
        if chunk.is_empty() {
            return Ok(Some(absent));
        }
        for key in confirmed(cache, index, other, outside(cache, index, chunk).await?).await? {
            if counted.insert(hasher.hash_one(&key)) {
                absent.number += 1;
                if absent.keys.len() < TOLD {
                    absent.keys.push(String::from_utf8_lossy(&key).into_owned());
                }
            }
        }
    }
}

/// Those of the keys that are not in the index; some may be gone since they were read, or written.
async fn outside(cache: &Cache, index: &str, mut keys: Vec<Bytes>) -> Result<Vec<Bytes>> {
    let found = found(cache.command(question(index, &keys)).await)?;
    keys.retain(|key| !found.contains(key));
    Ok(keys)
}

/// Those of the keys that at one moment are there, not in the index, and in the other one.
async fn confirmed(cache: &Cache, index: &str, other: Option<&str>, keys: Vec<Bytes>) -> Result<Vec<Bytes>> {
    if keys.is_empty() {
        return Ok(keys);
    }
    let mut questions = vec![question(index, &keys)];
    questions.extend(other.map(|other| question(other, &keys)));
    questions.extend(keys.iter().map(|key| Command::new("EXISTS").key(key).repeatable()));
    let mut answers = cache.send_all(Batch::atomic(questions)).await?.into_iter();
    let mut next = || answers.next().unwrap_or(Ok(Reply::Nil));
    let inside = found(next())?;
    let wanted = match other {
        Some(_) => Some(found(next())?),
        None => None,
    };
    let mut confirmed = Vec::new();
    for key in keys {
        let there = next()?.as_int() == Some(1);
        if there && !inside.contains(&key) && wanted.as_ref().is_none_or(|wanted| wanted.contains(&key)) {
            confirmed.push(key);
        }
    }
    Ok(confirmed)
}

/// Which of the keys are in the index. The server's own time-out would cut the answer, so it is told none.
fn question(index: &str, keys: &[Bytes]) -> Command {
    Command::new("FT.SEARCH")
        .args_from([index, "*", "NOCONTENT", "INKEYS"])
        .arg_display(keys.len())
        .args_from(keys)
        .args_from(["LIMIT", "0"])
        .arg_display(keys.len())
        .args_from(["TIMEOUT", "0", "DIALECT", "2"])
        .repeatable()
}

fn found(answer: Result<Reply>) -> Result<HashSet<Bytes>> {
    let answer = SearchAnswer::decode(answer?, false)
        .map_err(|source| Error::Decode { command: "FT.SEARCH".to_owned(), source })?;
    Ok(answer.hits.into_iter().map(|hit| hit.key).collect())
}
