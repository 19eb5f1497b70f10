//! Which steps ran in a namespace: a hash beside the model's documents, `<global>:~<prefix>:migrations`.
//!
//! | field | value |
//! |---|---|
//! | `<version>` | the step's checksum, a blank, its name |
//! | `<version>:sample:<digest>` | what stands for what the step made of a sample |
//! | `<version>:untouched` | `1` until the step changes its first document; releases that did not know it left it out |
//! | `turn` | how often the way was changed, and which it is: `up`, or `down` and the version; releases that did not know it left it out |
//! | `<version>:done` | when all documents had it, in milliseconds since 1970, by the clock of whoever saw it |

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cache_index::{Beside, Command, DecodeError, Reply};

use super::error::DataMigrationError;
use super::sample::digests;
use super::step::Step;
use super::turn::{TURN, Turn};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::model::Model;

/// A step that was begun in a namespace.
///
/// ```no_run
/// # use cache_core::{Cache, DataMigration};
/// # async fn example<M: cache_core::Model>(cache: Cache, migration: DataMigration<M>) -> cache_core::Result<()> {
/// for step in migration.history(&cache).await? {
///     let done = if step.finished.is_some() { "done" } else { "not done yet" };
///     println!("{} {}: {done}", step.version, step.name);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedStep {
    /// The version that it leads to.
    pub version: u32,
    /// Its name.
    pub name: String,
    /// What tells it from other steps: the SHA-256 of version and name, in hexadecimal digits. What it does is told by its
    /// [samples](crate::DataMigration::sample).
    pub checksum: String,
    /// When a run last saw that all documents had it; `None`: not yet.
    pub finished: Option<SystemTime>,
    /// What stands for its samples, and for what it made of them.
    pub(super) samples: Vec<(String, String)>,
    /// Whether it changed no document yet.
    pub(super) untouched: bool,
}

/// All that is recorded.
#[derive(Debug, Default)]
pub(super) struct Record {
    /// In the order of their versions.
    pub(super) steps: Vec<RecordedStep>,
    pub(super) turn: Option<Turn>,
}

impl RecordedStep {
    /// As it is recorded.
    pub(super) fn text(&self) -> String {
        format!("{} {}", self.checksum, self.name)
    }
}

/// What marks a step that changed no document yet.
pub(super) const UNTOUCHED: &str = "untouched";

pub(super) fn sample_field(version: u32, sample: &str) -> String {
    format!("{version}:sample:{sample}")
}

pub(super) fn key<M: Model>(cache: &Cache) -> Result<Vec<u8>> {
    let mut key = Vec::new();
    M::schema().write_sibling(cache.keyspace()?, &mut key, Beside::Model, &[&"migrations"])?;
    Ok(key)
}

/// What is recorded.
pub(super) async fn read<M: Model>(cache: &Cache) -> Result<Record> {
    decode(cache.command(Command::new("HGETALL").key(key::<M>(cache)?).repeatable()).await?)
}

/// How a step is another one than what was recorded.
pub(super) enum Differs {
    Step,
    Result,
}

impl Differs {
    pub(super) fn refused<M: Model>(&self, recorded: &RecordedStep, step: &Step) -> DataMigrationError {
        let (model, version, name) = (M::schema().model(), step.version, step.name.clone());
        match self {
            Self::Step => {
                DataMigrationError::Changed { model, version, recorded: recorded.name.clone(), name }
            }
            Self::Result => DataMigrationError::OtherResult { model, version, name },
        }
    }
}

pub(super) fn differs(recorded: &RecordedStep, step: &Step) -> Option<Differs> {
    if recorded.checksum != step.checksum() {
        return Some(Differs::Step);
    }
    let is_other = |(sample, made): (String, String)| {
        recorded.samples.iter().any(|(known, then)| *known == sample && *then != made)
    };
    digests(step).into_iter().any(is_other).then_some(Differs::Result)
}

/// Refuses a history in which one of these steps is another one, if that changed documents.
pub(super) fn compare<M: Model>(recorded: &[RecordedStep], steps: &[Step]) -> Result<(), DataMigrationError> {
    for step in steps {
        let there = recorded.iter().find(|recorded| recorded.version == step.version && !recorded.untouched);
        if let Some(there) = there
            && let Some(how) = differs(there, step)
        {
            return Err(how.refused::<M>(there, step));
        }
    }
    Ok(())
}

fn decode(reply: Reply) -> Result<Record> {
    let decode = |source: DecodeError| Error::Decode { command: "HGETALL".to_owned(), source };
    let pairs = reply.into_pairs().map_err(decode)?;
    let text = |reply: &Reply| reply.as_str().unwrap_or_default().to_owned();
    let pairs: Vec<_> = pairs.iter().map(|(field, value)| (text(field), text(value))).collect();
    let mut steps = Vec::new();
    for (field, value) in &pairs {
        let Ok(version) = field.parse() else { continue };
        let (checksum, name) = value.split_once(' ').unwrap_or((value, ""));
        let done = pairs.iter().find(|(other, _)| *other == format!("{field}:done"));
        let start = format!("{field}:sample:");
        let sample =
            |(other, made): &(String, String)| Some((other.strip_prefix(&start)?.to_owned(), made.clone()));
        let samples = pairs.iter().filter_map(sample).collect();
        let millis = done.and_then(|(_, millis)| millis.parse().ok());
        steps.push(RecordedStep {
            version,
            name: name.to_owned(),
            checksum: checksum.to_owned(),
            samples,
            untouched: pairs.iter().any(|(other, _)| *other == format!("{field}:{UNTOUCHED}")),
            finished: millis.and_then(|millis| UNIX_EPOCH.checked_add(Duration::from_millis(millis))),
        });
    }
    steps.sort_by_key(|step| step.version);
    let turn = pairs.iter().find(|(field, _)| field == TURN);
    Ok(Record { steps, turn: turn.and_then(|(_, text)| Turn::read(text)) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_in_the_order_of_its_versions() {
        let bulk = |text: &str| Reply::Bulk(text.to_owned().into());
        let fields: Vec<_> = [
            "turn",
            "3 down 1",
            "10",
            "aa to ten",
            "2:done",
            "1500",
            "2",
            "bb split the name",
            "x",
            "y",
            "2:sample:0f",
            "1e",
        ]
        .into_iter()
        .chain(["10:untouched", "1"])
        .map(bulk)
        .collect();
        let Record { steps, turn } = decode(Reply::Array(fields)).unwrap();
        assert_eq!(turn, Turn::read("3 down 1"));
        let shown: Vec<_> = steps
            .iter()
            .map(|step| (step.version, step.name.as_str(), step.checksum.as_str(), step.finished))
            .collect();
        let then = UNIX_EPOCH.checked_add(Duration::from_millis(1_500));
        assert_eq!(shown, [(2, "split the name", "bb", then), (10, "to ten", "aa", None)]);
        assert_eq!(steps[0].samples, [("0f".to_owned(), "1e".to_owned())]);
        assert_eq!((steps[0].untouched, steps[1].untouched), (false, true));
        assert!(decode(Reply::Map(Vec::new())).unwrap().steps.is_empty());
        assert!(decode(Reply::Int(1)).is_err());
    }
}
