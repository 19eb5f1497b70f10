//! Settings over settings: deep, with what is absent and what is null told apart.
//!
//! What is put over something else has the members that differ. Objects are put together member by member; everything else
//! replaces what it is put over, null too. What lacks a member inherits it; to leave one out that what lies below has,
//! its name is in the list `~absent` of the object.

use serde_json::Value;

use crate::model::JsonMap;

/// The member that lists what is left out.
pub(super) const ABSENT: &str = "~absent";

/// What is below with what differs over it.
pub(super) fn merge(below: &JsonMap, over: &JsonMap) -> JsonMap {
    let mut merged = below.clone();
    put_over(&mut merged, over);
    merged
}

fn put_over(below: &mut JsonMap, over: &JsonMap) {
    if let Some(Value::Array(names)) = over.get(ABSENT) {
        for name in names.iter().filter_map(Value::as_str) {
            below.remove(name);
        }
    }
    for (name, value) in over.iter().filter(|(name, _)| *name != ABSENT) {
        match (below.get_mut(name), value) {
            (Some(Value::Object(below)), Value::Object(over)) => put_over(below, over),
            (_, Value::Object(over)) => {
                let mut fresh = JsonMap::new();
                put_over(&mut fresh, over);
                below.insert(name.clone(), Value::Object(fresh));
            }
            (_, value) => {
                below.insert(name.clone(), value.clone());
            }
        }
    }
}

/// What has to be put over `below` for `whole` to come out.
pub(super) fn strip(whole: &JsonMap, below: &JsonMap) -> JsonMap {
    let mut over = JsonMap::new();
    for (name, value) in whole {
        match (below.get(name), value) {
            (Some(below), value) if below == value => {}
            (Some(Value::Object(below)), Value::Object(whole)) => {
                over.insert(name.clone(), Value::Object(strip(whole, below)));
            }
            _ => {
                over.insert(name.clone(), value.clone());
            }
        }
    }
    let absent: Vec<_> =
        below.keys().filter(|name| !whole.contains_key(*name)).cloned().map(Value::String).collect();
    if !absent.is_empty() {
        over.insert(ABSENT.to_owned(), Value::Array(absent));
    }
    over
}

/// What is in `known` and not in `read`, deep: members that a service does not know and that its release is not to take
/// away. They are added to `whole` where it has nothing in their place.
pub(super) fn carry(whole: &mut JsonMap, known: &JsonMap, read: &JsonMap) {
    for (name, value) in known {
        match (read.get(name), value) {
            (None, value) => {
                if !whole.contains_key(name) {
                    whole.insert(name.clone(), value.clone());
                }
            }
            (Some(Value::Object(read)), Value::Object(known)) => {
                if let Some(Value::Object(whole)) = whole.get_mut(name) {
                    carry(whole, known, read);
                }
            }
            (Some(_), _) => {}
        }
    }
}

/// Whether the list of what is left out stands anywhere as a member of its own.
pub(super) fn is_reserved(whole: &JsonMap) -> bool {
    whole.iter().any(|(name, value)| name == ABSENT || reserved_within(value))
}

fn reserved_within(value: &Value) -> bool {
    match value {
        Value::Object(members) => is_reserved(members),
        Value::Array(items) => items.iter().any(reserved_within),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn map(value: Value) -> JsonMap {
        match value {
            Value::Object(members) => members,
            other => panic!("{other} is no object"),
        }
    }

    #[test]
    fn absent_and_null_are_two_things() {
        let below = map(json!({"theme": "light", "limit": 5, "nested": {"a": 1, "b": 2}, "list": [1, 2]}));
        let over = map(
            json!({"limit": null, "nested": {"b": 3, "~absent": ["a"]}, "list": [3], "~absent": ["theme"]}),
        );
        let merged = merge(&below, &over);
        assert_eq!(Value::Object(merged.clone()), json!({"limit": null, "nested": {"b": 3}, "list": [3]}));
        assert_eq!(strip(&merged, &below), over);
        assert_eq!(strip(&below, &below), JsonMap::new());
    }

    #[test]
    fn what_is_not_read_is_carried_over() {
        let known = map(json!({"a": 1, "newer": 2, "nested": {"b": 1, "newer": [3]}, "gone": {"newer": 1}}));
        let read = map(json!({"a": 1, "nested": {"b": 1}, "gone": {}}));
        let mut whole = map(json!({"a": 7, "nested": {"b": 8}}));
        carry(&mut whole, &known, &read);
        assert_eq!(Value::Object(whole), json!({"a": 7, "newer": 2, "nested": {"b": 8, "newer": [3]}}));
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf =
            prop_oneof![Just(Value::Null), any::<bool>().prop_map(Value::from), (0..3).prop_map(Value::from)];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::Array),
                members(inner).prop_map(Value::Object),
            ]
        })
    }

    fn members(value: impl Strategy<Value = Value>) -> impl Strategy<Value = JsonMap> {
        proptest::collection::btree_map("[a-d]", value, 0..4)
            .prop_map(|members| members.into_iter().collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]

        #[test]
        fn what_is_stripped_is_merged_again(whole in members(value()), below in members(value())) {
            let over = strip(&whole, &below);
            prop_assert_eq!(merge(&below, &over), whole.clone());
            // Nothing is left that could be.
            prop_assert_eq!(strip(&merge(&below, &over), &below), over);
            prop_assert_eq!(merge(&whole, &JsonMap::new()), whole);
        }

        #[test]
        fn nothing_is_carried_that_is_read(known in members(value()), mut whole in members(value())) {
            let before = whole.clone();
            carry(&mut whole, &known, &known);
            prop_assert_eq!(whole, before);
        }
    }
}
