//! Documents as JSON, and what is in them by path.

use serde_json::Value;

use crate::document::members_of;

/// What is at this path; `None`: nothing.
pub(super) fn at<'a>(document: &'a Value, path: &str) -> Option<&'a Value> {
    members_of(path)?.iter().try_fold(document, |value, member| value.get(member))
}

/// As [`at`], to change it.
pub(super) fn at_mut<'a>(document: &'a mut Value, path: &str) -> Option<&'a mut Value> {
    members_of(path)?.iter().try_fold(document, |value, member| value.get_mut(member))
}

/// Puts a value at this path, if there is an object to have it.
pub(super) fn set(document: &mut Value, path: &str, value: Value) {
    let Some((last, parents)) = members_of(path).and_then(split) else { return };
    let parent = parents.iter().try_fold(document, |value, member| value.get_mut(member));
    if let Some(Value::Object(members)) = parent {
        members.insert(last, value);
    }
}

/// Takes away what is at this path.
pub(super) fn remove(document: &mut Value, path: &str) {
    let Some((last, parents)) = members_of(path).and_then(split) else { return };
    let parent = parents.iter().try_fold(document, |value, member| value.get_mut(member));
    if let Some(Value::Object(members)) = parent {
        members.remove(&last);
    }
}

fn split(mut members: Vec<String>) -> Option<(String, Vec<String>)> {
    let last = members.pop()?;
    Some((last, members))
}

/// What `JSON.GET` shows at a path that begins with `$`: a list of what is there.
pub(super) fn shown(document: &Value, path: &str) -> String {
    at(document, path).map_or_else(|| "[]".to_owned(), |value| format!("[{value}]"))
}
