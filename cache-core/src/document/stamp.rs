//! The version of a document's form: in the member `_v`, beside the model's own.

use std::num::NonZeroU32;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::model::JsonMap;

/// The member that holds the version.
pub(super) const STAMP: &str = "_v";

/// The version of documents that have none.
pub(crate) const FIRST: u32 = 1;

/// Writes the version into the object that begins there and is all of the buffer behind it.
pub(super) fn stamp(buffer: &mut Vec<u8>, start: usize, version: u32) {
    // What serde writes as something else than an object cannot have it, and is no document of a model's.
    if buffer.get(start) != Some(&b'{') || buffer.pop() != Some(b'}') {
        return;
    }
    let separator = if buffer.len() > start + 1 { "," } else { "" };
    buffer.extend_from_slice(format!("{separator}\"{STAMP}\":{version}}}").as_bytes());
}

/// The version of the document in this JSON, which is read over and not kept.
pub(super) fn version_of(json: &[u8]) -> Result<u32, serde_json::Error> {
    #[derive(Deserialize)]
    struct Stamped {
        #[serde(rename = "_v", default, deserialize_with = "version")]
        version: Option<NonZeroU32>,
    }
    Ok(serde_json::from_slice::<Stamped>(json)?.version.map_or(FIRST, NonZeroU32::get))
}

/// Takes the version out of a document.
pub(super) fn take_version(document: &mut JsonMap) -> Result<u32, serde_json::Error> {
    let version = document.remove(STAMP).unwrap_or(Value::Null);
    Ok(self::version(version)?.map_or(FIRST, NonZeroU32::get))
}

/// What the member holds; the error names it, since nobody who looks at a document knows otherwise what is meant.
fn version<'de, D: Deserializer<'de>>(value: D) -> Result<Option<NonZeroU32>, D::Error> {
    Option::deserialize(value).map_err(|error| {
        D::Error::custom(format!(
            "its member `{STAMP}` is no version ({error}); write a whole number from {FIRST} on, or delete it for version {FIRST}"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamped(json: &str) -> String {
        let mut buffer = format!("before{json}").into_bytes();
        stamp(&mut buffer, 6, 2);
        String::from_utf8(buffer).unwrap()
    }

    #[test]
    fn an_object_gets_the_version_as_its_last_member() {
        assert_eq!(stamped(r#"{"a":{}}"#), r#"before{"a":{},"_v":2}"#);
        assert_eq!(stamped("{}"), r#"before{"_v":2}"#);
        assert_eq!(stamped("[]"), "before[]");
    }

    #[test]
    fn documents_without_a_version_count_as_the_first() {
        let version = |json: &str| version_of(json.as_bytes()).ok();
        let taken = |json: &str| take_version(&mut serde_json::from_str(json).unwrap()).ok();
        for (json, expected) in [
            (r#"{"a":1}"#, Some(1)),
            (r#"{"_v":null}"#, Some(1)),
            (r#"{"a":[{"_v":7}],"_v":3}"#, Some(3)),
            (r#"{"_v":4294967295}"#, Some(u32::MAX)),
            (r#"{"_v":0}"#, None),
            (r#"{"_v":-1}"#, None),
            (r#"{"_v":"2"}"#, None),
            (r#"{"_v":4294967296}"#, None),
        ] {
            assert_eq!((version(json), taken(json)), (expected, expected), "{json}");
        }
        assert_eq!(version("5"), None);
        for error in [
            version_of(br#"{"_v":0}"#).unwrap_err(),
            take_version(&mut serde_json::from_str(r#"{"_v":"two"}"#).unwrap()).unwrap_err(),
        ] {
            assert!(error.to_string().starts_with("its member `_v` is no version (invalid "), "{error}");
        }
    }
}
