//! Partial updates: what the script of a patch does, here.

use cache_index::Reply;
use serde_json::Value;

use super::guard::{Call, Guard, bulk};
use super::json::{at, at_mut, remove, set, shown};
use super::keys::Keys;
use crate::error::Result;

/// The longest part of a number that is shown.
const SHOWN: usize = 100;

/// A change, read.
struct Change<'a> {
    kind: &'a str,
    path: &'a str,
    parent: &'a str,
    /// Where its arguments are, and how many.
    first: usize,
    count: usize,
}

/// Runs a patch.
pub(super) fn patch(keys: &mut Keys, call: Call<'_>) -> Result<Reply> {
    let Some(document) = keys.document(call.key()) else { return Ok(Reply::Array(vec![bulk("missing")])) };
    let guard = match Guard::check(keys, call, 2) {
        Ok(guard) => guard,
        Err(refused) => return Ok(refused),
    };
    let changes = changes(call, guard.rest);
    let (mut next, mut version) = (document.clone(), Reply::Nil);
    for (position, change) in changes.iter().enumerate() {
        match make(document, &mut next, call, change) {
            Ok(Some(counted)) => version = bulk(counted),
            Ok(None) => {}
            Err(Refused { why: "form", .. }) => return Ok(Reply::Array(vec![bulk("form")])),
            Err(Refused { why, held }) => {
                let position = Reply::Int(i64::try_from(position).unwrap_or_default());
                let held = held.map_or(Reply::Nil, bulk);
                return Ok(Reply::Array(vec![bulk(why), position, held]));
            }
        }
    }
    let wanted = if call.text(1) == "get" { bulk(next.to_string()) } else { Reply::Nil };
    // Without a change nothing is written.
    if !changes.is_empty() {
        keys.change(call.key(), |document| *document = next);
    }
    let ends = guard.settle(keys, call);
    Ok(Reply::Array(vec![bulk("done"), wanted, version, ends]))
}

fn changes<'a>(call: Call<'a>, mut from: usize) -> Vec<Change<'a>> {
    let mut changes = Vec::new();
    while from < call.arguments.len() {
        let (kind, path, parent) = (call.text(from), call.text(from + 1), call.text(from + 2));
        let (first, count) = (from + 4, call.number(from + 3));
        changes.push(Change { kind, path, parent, first, count });
        from = first + count;
    }
    changes
}

/// Why a change is not made.
struct Refused {
    why: &'static str,
    held: Option<String>,
}

/// Makes a change; the answer is the version, if it counted one. What is checked is the document before all changes.
fn make(
    document: &Value,
    next: &mut Value,
    call: Call<'_>,
    change: &Change<'_>,
) -> Result<Option<String>, Refused> {
    let refuse = |why| Refused { why, held: None };
    let json = |at| serde_json::from_slice(call.argument(at)).unwrap_or(Value::Null);
    match change.kind {
        "set" => {
            if !at(document, change.parent).is_some_and(Value::is_object) {
                return Err(refuse("parent"));
            }
            set(next, change.path, json(change.first));
        }
        "push" => {
            if !at(document, change.path).is_some_and(Value::is_array) {
                return Err(refuse("list"));
            }
            if let Some(Value::Array(list)) = at_mut(next, change.path) {
                list.extend((change.first..change.first + change.count).map(json));
            }
        }
        "remove" => remove(next, change.path),
        "form" => {
            let held = at(document, change.path).and_then(Value::as_f64).unwrap_or(1.0);
            if held < call.text(change.first).parse().unwrap_or_default() {
                return Err(refuse("form"));
            }
        }
        kind => {
            let sum = sum(document, call, change)?;
            let counted = (kind == "version").then(|| sum.to_string());
            set(next, change.path, sum);
            return Ok(counted);
        }
    }
    Ok(None)
}

/// What a number becomes.
fn sum(document: &Value, call: Call<'_>, change: &Change<'_>) -> Result<Value, Refused> {
    let found = at(document, change.path);
    let text = shown(document, change.path);
    let text = text.get(1..text.len() - 1).filter(|text| !text.is_empty());
    let held = text.map(|text| text.chars().take(SHOWN).collect());
    let refuse = |why| Refused { why, held };
    let number = match found {
        Some(Value::Number(number)) => number.clone(),
        None | Some(Value::Null) if change.kind == "version" => 0.into(),
        _ => return Err(refuse("number")),
    };
    let argument = |number: usize| call.text(change.first + number);
    match change.kind {
        "integer" | "version" => {
            let (Ok(number), Ok(by)) = (number.to_string().parse::<i128>(), argument(0).parse::<i128>())
            else {
                return Err(refuse("number"));
            };
            let bounds = argument(1).parse::<i128>().ok().zip(argument(2).parse::<i128>().ok());
            let sum = number
                .checked_add(by)
                .zip(bounds)
                .filter(|(sum, (least, most))| (least..=most).contains(&sum));
            let sum = sum.and_then(|(sum, _)| serde_json::Number::from_i128(sum));
            sum.map(Value::Number).ok_or_else(|| refuse("range"))
        }
        "single" => {
            let (number, by) = (number.as_f64().unwrap_or_default(), argument(0).parse().unwrap_or(f64::NAN));
            let sum = (f64::from(number as f32) + by) as f32;
            // The shortest text of it, as a double.
            sum.is_finite()
                .then(|| Value::from(sum.to_string().parse::<f64>().unwrap_or_default()))
                .ok_or_else(|| refuse("range"))
        }
        _ => {
            let by: f64 = argument(0).parse().unwrap_or(f64::NAN);
            let sum = number.as_f64().unwrap_or_default() + by;
            sum.is_finite().then(|| Value::from(sum)).ok_or_else(|| refuse("range"))
        }
    }
}
