//! What a step makes of a document that is given for that: functions cannot be compared, and what they do can.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::step::{Change, Step};
use crate::model::JsonMap;

/// What stands for a failure. It is not recorded: a step that fails is mended.
pub(super) const FAILED: &str = "failed";

/// What stands for each sample of a step, and for what the step makes of it.
pub(super) fn digests(step: &Step) -> Vec<(String, String)> {
    step.samples.iter().map(|sample| (of(sample), made(&step.up, sample))).collect()
}

fn made(up: &Change, sample: &JsonMap) -> String {
    let mut members = sample.clone();
    match up(&mut members) {
        Ok(()) => of(&members),
        // What it says may change.
        Err(_) => FAILED.to_owned(),
    }
}

fn of(members: &JsonMap) -> String {
    let mut text = String::new();
    write_members(members, &mut text);
    Sha256::digest(text).iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

/// The same text for the same members in any order: how they are ordered depends on features of `serde_json` that other
/// crates of a binary may turn on.
fn write(value: &Value, text: &mut String) {
    match value {
        Value::Array(items) => {
            text.push('[');
            for item in items {
                write(item, text);
                text.push(',');
            }
            text.push(']');
        }
        Value::Object(members) => write_members(members, text),
        scalar => text.push_str(&scalar.to_string()),
    }
}

fn write_members(members: &JsonMap, text: &mut String) {
    let mut members: Vec<_> = members.iter().collect();
    members.sort_by_key(|(name, _)| *name);
    text.push('{');
    for (name, value) in members {
        text.push_str(&Value::from(name.as_str()).to_string());
        text.push(':');
        write(value, text);
        text.push(',');
    }
    text.push('}');
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_differs_has_other_digests_and_the_order_is_none() {
        let digest = |value: Value| of(value.as_object().unwrap());
        let texts = [
            json!({}),
            json!({"a": []}),
            json!({"a": {}}),
            json!({"a": [1]}),
            json!({"a": ["1"]}),
            json!({"a": [[1]]}),
            json!({"a": 1, "b": 2}),
            json!({"a": {"b": 2}}),
            json!({"a\":1,\"b": 2}),
            json!({"a": null}),
        ];
        let digests: std::collections::HashSet<_> = texts.iter().cloned().map(digest).collect();
        assert_eq!(digests.len(), texts.len());
        let other: Value = serde_json::from_str(r#"{"b": {"d": 1, "c": 2}, "a": 3}"#).unwrap();
        assert_eq!(digest(other), digest(json!({"a": 3, "b": {"c": 2, "d": 1}})));
        // Binaries of different days agree on it.
        assert_eq!(digest(json!({"a": [1, "x"]})), "3ee3b10004205d40");
    }
}
