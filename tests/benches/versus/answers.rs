//! What answers say to who reads them by hand with the `redis` crate, in both protocols: arrays whose places are known, or maps with names.

use redis::{FromRedisValue, Value, from_redis_value};
use serde::de::DeserializeOwned;

use crate::corpus::{Item, PerColor};
use crate::work::Outcome;

pub(crate) fn decoded<T: DeserializeOwned>(json: &[u8]) -> Outcome<T> {
    Ok(serde_json::from_slice(json)?)
}

/// The documents of a search: behind each key stands a list of the name `$` and the document.
pub(crate) fn found(answer: Value) -> Outcome<Vec<Item>> {
    let parts = match answer {
        Value::Array(parts) => parts,
        Value::Map(answer) => return results(answer)?.into_iter().map(document).collect(),
        other => return Err(format!("no answer of a search: {other:?}").into()),
    };
    let mut items = Vec::with_capacity(parts.len() / 2);
    for part in parts.into_iter().skip(2).step_by(2) {
        let Value::Array(pair) = part else { return Err(format!("no document: {part:?}").into()) };
        let Some(Value::BulkString(json)) = pair.get(1) else { return Err("no document".into()) };
        items.push(decoded(json)?);
    }
    Ok(items)
}

/// How many documents there are.
pub(crate) fn counted(answer: Value) -> Outcome<u64> {
    let number = match answer {
        Value::Array(parts) => parts.into_iter().next(),
        Value::Map(answer) => value(answer, b"total_results"),
        _ => None,
    };
    Ok(from_redis_value(number.ok_or("no number")?)?)
}

pub(crate) fn rows(answer: Value) -> Outcome<Vec<PerColor>> {
    match answer {
        Value::Array(parts) => {
            let listed = |part| match part {
                Value::Array(columns) => row(pairs(columns)),
                other => Err(format!("no row: {other:?}").into()),
            };
            parts.into_iter().skip(1).map(listed).collect()
        }
        Value::Map(answer) => {
            results(answer)?.into_iter().map(|result| row(attributes(result)?.into_iter())).collect()
        }
        other => Err(format!("no rows: {other:?}").into()),
    }
}

fn row(columns: impl Iterator<Item = (Value, Value)>) -> Outcome<PerColor> {
    let (mut color, mut items, mut mean) = (None, None, None);
    for (name, value) in columns {
        match text(&name) {
            b"color" => color = Some(read(value)?),
            b"items" => items = Some(read(value)?),
            b"mean" => mean = Some(read(value)?),
            _ => {}
        }
    }
    let missing = "a column is missing";
    Ok(PerColor { color: color.ok_or(missing)?, items: items.ok_or(missing)?, mean: mean.ok_or(missing)? })
}

fn read<T: FromRedisValue>(value: Value) -> Outcome<T> {
    Ok(from_redis_value(value)?)
}

/// Names and values that stand behind each other.
fn pairs(parts: Vec<Value>) -> impl Iterator<Item = (Value, Value)> {
    let mut parts = parts.into_iter();
    std::iter::from_fn(move || Some((parts.next()?, parts.next()?)))
}

fn document(result: Value) -> Outcome<Item> {
    match value(attributes(result)?, b"$") {
        Some(Value::BulkString(json)) => decoded(&json),
        other => Err(format!("no document: {other:?}").into()),
    }
}

/// The rows of an answer with names.
fn results(answer: Vec<(Value, Value)>) -> Outcome<Vec<Value>> {
    match value(answer, b"results") {
        Some(Value::Array(results)) => Ok(results),
        other => Err(format!("no results: {other:?}").into()),
    }
}

/// What such a row has.
fn attributes(result: Value) -> Outcome<Vec<(Value, Value)>> {
    let Value::Map(result) = result else { return Err(format!("no result: {result:?}").into()) };
    match value(result, b"extra_attributes") {
        Some(Value::Map(attributes)) => Ok(attributes),
        other => Err(format!("no attributes: {other:?}").into()),
    }
}

fn value(map: Vec<(Value, Value)>, name: &[u8]) -> Option<Value> {
    map.into_iter().find_map(|(key, value)| (text(&key) == name).then_some(value))
}

fn text(value: &Value) -> &[u8] {
    match value {
        Value::BulkString(text) => text,
        Value::SimpleString(text) => text.as_bytes(),
        _ => &[],
    }
}
