//! What was found when an index was compared with the documents, kept for later runs and for replicas that wait for it.
//!
//! A hash beside the model's documents, `<global>:~<prefix>:compared`:
//!
//! | field | value |
//! |---|---|
//! | `<fingerprint>` | when, a blank, the index's mark, a blank, the rest as JSON |
//! | `<fingerprint>:mark` | the mark of the index |
//! | `<fingerprint>><old index>` | as the first, of what the old index held |
//!
//! An index is marked by an alias, `<global>:<prefix>:idx:<fingerprint>:<mark>`, which goes with it: one that is made later
//! under the same name has none, whoever makes it, so that nothing that is kept is taken to be about that.

use bytes::Bytes;
use cache_index::Fingerprint;
use serde::{Deserialize, Serialize};

/// What an index lacked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Lacked {
    /// How many documents.
    pub(crate) missing: u64,
    /// Their keys; where there were too many to keep, the first.
    #[serde(default, skip_serializing_if = "Vec::is_empty", with = "keys")]
    pub(crate) keys: Vec<Bytes>,
    /// How many of them, at least, the server would take: none where all have values that it refuses. `None`: it was not asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lost: Option<u64>,
}

impl Lacked {
    /// Whether it is known which documents, and not only how many.
    pub(crate) fn is_known(&self) -> bool {
        self.keys.len() as u64 == self.missing
    }
}

/// Keys in JSON: texts, and those that are none as lists of bytes.
mod keys {
    use std::borrow::Cow;
    use std::str;

    use bytes::Bytes;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize, Deserialize)]
    #[serde(untagged)]
    enum Key<'a> {
        Text(Cow<'a, str>),
        Other(Cow<'a, [u8]>),
    }

    pub(super) fn serialize<S: Serializer>(keys: &[Bytes], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(keys.iter().map(|key| match str::from_utf8(key) {
            Ok(text) => Key::Text(text.into()),
            Err(_) => Key::Other(key.as_ref().into()),
        }))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Bytes>, D::Error> {
        let bytes = |key: Key<'_>| match key {
            Key::Text(text) => text.into_owned().into(),
            Key::Other(bytes) => bytes.into_owned().into(),
        };
        Ok(Vec::<Key<'de>>::deserialize(deserializer)?.into_iter().map(bytes).collect())
    }
}

/// What was found when an index was compared with the documents.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Compared {
    /// When, by the server's clock, in milliseconds since 1970.
    #[serde(skip)]
    pub(crate) at: u64,
    /// The mark of the index.
    #[serde(skip)]
    pub(crate) mark: String,
    /// The run of the server: its counters begin anew with the next one. Empty: it does not tell.
    pub(crate) server: String,
    /// What the server's counter of failures said before.
    pub(crate) failures: u64,
    #[serde(flatten)]
    pub(crate) lacked: Lacked,
    /// How many fields the index had; if some were added since, then before that.
    pub(crate) fields: usize,
    /// What it lacked before fields were added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) before: Option<Lacked>,
}

impl Compared {
    /// Reads what is kept; `None`: somebody else put something there.
    pub(crate) fn read(value: &str) -> Option<Self> {
        let mut parts = value.splitn(3, ' ');
        let (at, mark, json) = (parts.next()?.parse().ok()?, parts.next()?.to_owned(), parts.next()?);
        Some(Self { at, mark, ..serde_json::from_str(json).ok()? })
    }

    /// Whether no document was missing but those that the server refuses for a value: then the index was filled.
    pub(crate) fn is_filled(&self) -> bool {
        self.lacked.missing == 0 || self.lacked.lost == Some(0)
    }

    /// Whether the server's counter is the same one in this run of the server: after a restart it may come to the same number
    /// by other documents; but not to none.
    pub(crate) fn is_of_run(&self, run: &str) -> bool {
        self.failures == 0 || !self.server.is_empty() && self.server == run
    }

    /// What the index lacked before fields were added to it, if some were.
    pub(crate) fn before(&self) -> &Lacked {
        self.before.as_ref().unwrap_or(&self.lacked)
    }
}

/// What is kept of an index that is there.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Kept {
    /// The schema for which it was compared.
    pub(crate) fingerprint: Fingerprint,
    /// The index, by its own name.
    pub(crate) index: String,
    pub(crate) compared: Compared,
}

/// The alias that marks an index.
pub(crate) fn mark_name(alias: &str, fingerprint: Fingerprint, mark: &str) -> String {
    format!("{alias}:{fingerprint}:{mark}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_as_it_was_written() {
        let lacked = |keys: &[&'static [u8]]| Lacked {
            missing: 2,
            keys: keys.iter().map(|key| Bytes::from_static(key)).collect(),
            lost: Some(0),
        };
        for before in [None, Some(lacked(&[]))] {
            let lacked = lacked(&[b"a b", b"c\xff"]);
            let one = Compared {
                at: 7,
                mark: "0f".to_owned(),
                failures: 3,
                fields: 2,
                lacked,
                before,
                ..Compared::default()
            };
            let value = format!("7 0f {}", serde_json::to_string(&one).unwrap());
            assert_eq!(Compared::read(&value), Some(one.clone()));
            assert!(one.lacked.is_known() && one.is_filled());
            assert!(one.before.as_ref().is_none_or(|before| !before.is_known()));
            // However often the server counted.
            for lost in [None, Some(1)] {
                let lacked = Lacked { lost, ..one.lacked.clone() };
                assert!(!Compared { lacked, ..one.clone() }.is_filled());
            }
        }
        for other in ["", "7", "7 0f", "x 0f {}", "7 0f {}"] {
            assert_eq!(Compared::read(other), None, "{other}");
        }
    }
}
