//! Documents that are there and not in an index: looked for key by key, since the server's counters only grow.

use std::collections::HashSet;

use bytes::Bytes;
use cache_index::{Batch, Command, IndexInfo, Reply, Schema, SearchAnswer, text_of};
use sha2::{Digest, Sha256};

use crate::cache::Cache;
use crate::document::Scan;
use crate::error::{Error, Result};

/// How many keys are looked for at once.
const CHUNK: usize = 500;

/// How many of the keys are kept: so many are judged one by one, in about a fifth of a second.
const KEPT: usize = 1_000;

/// Documents that are there and not in an index.
#[derive(Debug, Default)]
pub(crate) struct Absent {
    pub(crate) number: u64,
    /// The keys of the first ones, to be told: what is no text in them stands as `\xff`.
    pub(crate) keys: Vec<String>,
    /// The keys of the first thousand. They come in the order of their hashes, so that they stand for all.
    pub(crate) all: Vec<Bytes>,
    /// What stands for the key of each, in any process.
    pub(crate) digests: HashSet<u64>,
}

impl Absent {
    /// How many of the keys are told.
    pub(crate) const TOLD: usize = 10;

    /// What the server counted: documents that failed to be indexed, each as often as it did.
    pub(crate) fn counted(seen: &IndexInfo) -> Self {
        Self { number: seen.failures, keys: seen.last_failure.iter().cloned().collect(), ..Self::default() }
    }

    /// The same without those with these digests; `None`: not all keys are known.
    pub(crate) fn without(self, except: &HashSet<u64>) -> Option<Self> {
        if except.is_empty() {
            return Some(self);
        }
        if self.all.len() as u64 != self.number {
            return None;
        }
        let mut rest = Self::default();
        self.all.into_iter().filter(|key| !except.contains(&digest(key))).for_each(|key| rest.add(key));
        Some(rest)
    }

    fn add(&mut self, key: Bytes) {
        // A scan may show a key twice.
        if !self.digests.insert(digest(&key)) {
            return;
        }
        self.number += 1;
        if self.keys.len() < Self::TOLD {
            self.keys.push(text_of(&key));
        }
        if self.all.len() < KEPT {
            self.all.push(key);
        }
    }
}

/// What stands for a key: of a billion of them, two are taken for one with a probability of three in a hundred.
pub(crate) fn digest(key: &[u8]) -> u64 {
    let mut first = [0; 8];
    first.iter_mut().zip(Sha256::digest(key)).for_each(|(to, from)| *to = from);
    u64::from_be_bytes(first)
}

/// The documents that are missing from an index, as it was seen.
///
/// The server's counter only grows, so a document that was mended or deleted is still in it: where it is not 0, what is
/// missing is looked for, and where documents are known to have been missing, or nobody knows. In a cluster, where no one scan sees all keys, the counter has to do, and so it has for an index
/// that a filter leaves documents out of.
pub(crate) async fn missing(
    cache: &Cache,
    schema: &Schema,
    seen: &IndexInfo,
    may_be_missing: bool,
) -> Result<Absent> {
    let counted = || Absent::counted(seen);
    if seen.failures == 0 && !may_be_missing {
        return Ok(Absent::default());
    }
    if schema.filter().is_some() {
        return Ok(counted());
    }
    Ok(absent(cache, schema, &seen.name, None, &HashSet::new()).await?.unwrap_or_else(counted))
}

/// The documents of a schema's model that are not in an index, and are in the other one if that is given; those with the
/// digests that are given are left out. `None`: they cannot be looked for, on a cluster.
///
/// One scan of all keys, and a search for each 500 of the model's. What it finds is so at one moment each, whatever is
/// written meanwhile; a document that is written behind the scan is not looked at.
pub(crate) async fn absent(
    cache: &Cache,
    schema: &Schema,
    index: &str,
    other: Option<&str>,
    except: &HashSet<u64>,
) -> Result<Option<Absent>> {
    if cache.capabilities().cluster {
        // What is missing is confirmed in one transaction, which is of one slot.
        return Ok(None);
    }
    let mut scan = Scan::of(cache, schema, "looking for documents that are not in an index");
    let mut absent = Absent::default();
    loop {
        let mut chunk = Vec::with_capacity(CHUNK);
        while chunk.len() < CHUNK {
            match scan.next().await {
                Some(Ok(key)) => chunk.push(key),
                Some(Err(error)) => return Err(error),
                None => break,
            }
        }
        if chunk.is_empty() {
            return Ok(Some(absent));
        }
        for key in confirmed(cache, index, other, outside(cache, index, chunk).await?).await? {
            if !except.contains(&digest(&key)) {
                absent.add(key);
            }
        }
    }
}

/// Those of these documents that are there and not in the index.
pub(crate) async fn still_absent(cache: &Cache, index: &str, keys: Vec<Bytes>) -> Result<Absent> {
    let mut absent = Absent::default();
    confirmed(cache, index, None, keys).await?.into_iter().for_each(|key| absent.add(key));
    Ok(absent)
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
pub(super) fn question(index: &str, keys: &[Bytes]) -> Command {
    Command::new("FT.SEARCH")
        .args_from([index, "*", "NOCONTENT", "INKEYS"])
        .arg_display(keys.len())
        .args_from(keys)
        .args_from(["LIMIT", "0"])
        .arg_display(keys.len())
        .args_from(["TIMEOUT", "0", "DIALECT", "2"])
        .repeatable()
}

pub(super) fn found(answer: Result<Reply>) -> Result<HashSet<Bytes>> {
    let answer = SearchAnswer::decode(answer?, false)
        .map_err(|source| Error::Decode { command: "FT.SEARCH".to_owned(), source })?;
    Ok(answer.hits.into_iter().map(|hit| hit.key).collect())
}
