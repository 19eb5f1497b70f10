//! What is stored of a document that is loaded: itself, and beside it what is known of the last load.

use std::fmt::Display;
use std::time::Duration;

use bytes::Bytes;
use cache_index::{Batch, Beside, Command, DecodeError, Reply};
use serde::{Deserialize, Serialize};

use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::model::Model;

/// That there is nothing, in the form of [`Known`].
pub(super) const NOTHING: &str = r#"{"v":1,"nothing":true}"#;

/// The version of [`Known`]: what has another one says nothing to this release.
const VERSION: u32 = 1;

/// What is known of the last load.
#[derive(Serialize, Deserialize)]
struct Known {
    v: u32,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    nothing: bool,
    /// How long it took, in milliseconds.
    #[serde(default)]
    took: u64,
}

/// The text that says how long loading took.
pub(super) fn took(duration: Duration) -> String {
    format!(r#"{{"v":{VERSION},"took":{}}}"#, duration.as_millis())
}

/// The keys that a load is about, all on one slot.
#[derive(Debug, Clone)]
pub(super) struct Keys {
    pub(super) document: Vec<u8>,
    /// Marks a load that is under way; gone when the document is invalidated.
    pub(super) mark: Vec<u8>,
    /// What is known of the last load; gone when it is stale.
    pub(super) known: Vec<u8>,
}

impl Keys {
    pub(super) fn of<M: Model>(cache: &Cache, id: &[String]) -> Result<Self> {
        let (schema, keyspace) = (M::schema(), cache.keyspace()?);
        let parts: Vec<&dyn Display> = id.iter().map(|part| part as &dyn Display).collect();
        let mut document = Vec::with_capacity(64);
        schema.write_key(keyspace, &mut document, &parts)?;
        let sibling = |kind: &'static str| {
            let mut name: Vec<&dyn Display> = vec![&kind];
            name.extend(&parts);
            let mut key = Vec::with_capacity(128);
            schema.write_sibling(keyspace, &mut key, Beside::Document(&parts), &name)?;
            Ok::<_, Error>(key)
        };
        Ok(Self { mark: sibling("loading")?, known: sibling("loaded")?, document })
    }

    pub(super) fn all(&self) -> [&[u8]; 3] {
        [&self.document, &self.mark, &self.known]
    }
}

/// What a read of the three keys says.
pub(super) enum Entry {
    /// It is stored.
    Stored {
        json: Bytes,
        /// How long it is good still; `None`: nothing is known of that.
        fresh_for: Option<Duration>,
        /// How long loading it took.
        took: Option<Duration>,
    },
    /// It is known that there is nothing.
    Nothing,
    /// It has to be loaded: nothing is known, or there is no server to ask.
    Unknown,
}

impl Entry {
    /// What it is, as it is counted.
    pub(super) fn outcome(&self) -> &'static str {
        match self {
            Self::Stored { .. } => "hit",
            Self::Nothing => "nothing",
            Self::Unknown => "miss",
        }
    }

    /// Reads it in one round trip.
    pub(super) async fn read(cache: &Cache, keys: &Keys) -> Result<Self> {
        cache.require_json("`load`")?;
        let commands = vec![
            cache.entry(Command::new("JSON.GET").key(&keys.document).repeatable()),
            cache.entry(Command::new("GET").key(&keys.known).repeatable()),
            cache.entry(Command::new("PTTL").key(&keys.known).repeatable()),
        ];
        let mut answers = match cache.send_all(Batch::pipeline(commands)).await {
            Ok(answers) => answers.into_iter(),
            Err(error) if cache.is_without(&error) => return Ok(Self::Unknown),
            Err(error) => return Err(error),
        };
        let mut next = || answers.next().unwrap_or(Ok(Reply::Nil));
        let (document, known, left) = match (next(), next(), next()) {
            (Ok(document), Ok(known), Ok(left)) => (document, known, left),
            (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) if cache.is_without(&error) => {
                return Ok(Self::Unknown);
            }
            (Err(error), ..) | (_, Err(error), _) | (.., Err(error)) => return Err(error),
        };
        // What cannot be read was written by another release, and says nothing.
        let known = known.as_bytes().and_then(|text| serde_json::from_slice::<Known>(text).ok());
        let known = known.filter(|known| known.v == VERSION);
        match document {
            Reply::Bulk(json) => Ok(Self::Stored {
                json,
                fresh_for: left.as_int().and_then(|left| u64::try_from(left).ok()).map(Duration::from_millis),
                took: known.filter(|known| !known.nothing).map(|known| Duration::from_millis(known.took)),
            }),
            Reply::Nil if known.is_some_and(|known| known.nothing) => Ok(Self::Nothing),
            Reply::Nil => Ok(Self::Unknown),
            other => Err(Error::Decode {
                command: "JSON.GET".to_owned(),
                source: DecodeError::unexpected("a JSON document", other.describe()),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_texts_are_of_one_form() {
        let nothing = Known { v: VERSION, nothing: true, took: 0 };
        assert!(serde_json::from_str::<Known>(NOTHING).unwrap().nothing);
        assert_eq!(nothing.v, serde_json::from_str::<Known>(NOTHING).unwrap().v);
        let known: Known = serde_json::from_str(&took(Duration::from_millis(1234))).unwrap();
        assert_eq!((known.v, known.nothing, known.took), (VERSION, false, 1234));
    }
}
