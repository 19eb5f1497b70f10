//! The scripts of documents, here.

use cache_index::{Command, Reply};
use serde_json::Value;

use super::guard::{Call, Guard, bulk};
use super::json::{self, at};
use super::keys::Keys;
use super::patch::patch;
use super::refused;
use crate::document::{PATCH, TOUCH, WRITE, WRITE_EXPIRING};
use crate::error::{Error, Result};
use crate::script::Script;

/// Runs a script, by its name or by its source.
pub(super) fn run(keys: &mut Keys, command: &Command, words: &[&[u8]]) -> Result<Reply> {
    let by_source = command.name() == "EVAL";
    let is = |script: &Script| {
        let text = if by_source { script.source } else { script.sha1 };
        words.get(1).is_some_and(|word| *word == text.as_bytes())
    };
    let count: usize = number(words.get(2).copied().unwrap_or_default())?;
    let rest = words.get(3..).unwrap_or_default();
    let (names, arguments) = rest.split_at_checked(count).unwrap_or_default();
    let call = Call { keys: names, arguments };
    let script: fn(&mut Keys, Call<'_>) -> Result<Reply> = match () {
        () if is(&WRITE) => write,
        // It carries no fence.
        () if is(&WRITE_EXPIRING) => return write_expiring(keys, call),
        () if is(&TOUCH) => touch,
        () if is(&PATCH) => patch,
        () => return Err(refused::command(command.name())),
    };
    if !call.argument(0).is_empty() {
        return Err(refused::fence());
    }
    script(keys, call)
}

/// Sets when a document ends, or deletes it: whether something was done.
pub(super) fn end(keys: &mut Keys, command: &str, key: &[u8], argument: &[u8]) -> Result<bool> {
    Ok(match command {
        "DEL" | "UNLINK" => keys.remove(key),
        "PERSIST" => keys.persist(key),
        "PEXPIRE" => keys.end_at(key, keys.now().saturating_add(number(argument)?)),
        "PEXPIREAT" => keys.end_at(key, number(argument)?),
        other => return Err(refused::command(other)),
    })
}

/// As the script of that name.
fn touch(keys: &mut Keys, call: Call<'_>) -> Result<Reply> {
    let guard = match Guard::check(keys, call, 3) {
        Ok(guard) => guard,
        Err(refused) => return Ok(refused),
    };
    let done = end(keys, call.text(1), call.key(), call.argument(2))?;
    Ok(Reply::Array(vec![bulk("done"), Reply::Int(i64::from(done)), guard.settle(keys, call)]))
}

/// As the script of that name.
fn write(keys: &mut Keys, call: Call<'_>) -> Result<Reply> {
    let (condition, path, expected, version) = (call.text(2), call.text(5), call.text(6), call.text(7));
    let there = keys.document(call.key());
    match (there, condition) {
        (Some(document), "GET") => {
            return Ok(Reply::Array(vec![bulk("there"), bulk(document.to_string())]));
        }
        (Some(_), "NX") => return Ok(Reply::Array(vec![bulk("there")])),
        (None, "XX") => return Ok(Reply::Array(vec![bulk("missing")])),
        _ => {}
    }
    if !expected.is_empty() {
        let found = there.map(|document| match at(document, path) {
            None | Some(Value::Null) => "0".to_owned(),
            Some(found) => found.to_string(),
        });
        if found.as_deref().unwrap_or("0") != expected {
            return Ok(Reply::Array(vec![bulk("version"), found.map_or(Reply::Nil, bulk)]));
        }
    }
    let guard = match Guard::check(keys, call, 8) {
        Ok(guard) => guard,
        Err(refused) => return Ok(refused),
    };
    let mut document = read(call.argument(1))?;
    if !path.is_empty() {
        json::set(&mut document, path, read(version.as_bytes())?);
    }
    let wanted = if condition == "GET" { bulk(document.to_string()) } else { Reply::Nil };
    keys.put(call.key(), document);
    if !call.text(3).is_empty() {
        end(keys, call.text(3), call.key(), call.argument(4))?;
    }
    let ends = guard.settle(keys, call);
    Ok(Reply::Array(vec![bulk("stored"), wanted, ends]))
}

/// As the script of that name.
fn write_expiring(keys: &mut Keys, call: Call<'_>) -> Result<Reply> {
    let stored = store(keys, call.key(), call.argument(0), call.text(1))?;
    if stored {
        end(keys, call.text(2), call.key(), call.argument(3))?;
    }
    Ok(set(stored))
}

/// Stores a document, if the condition holds: whether it does.
pub(super) fn store(keys: &mut Keys, key: &[u8], json: &[u8], condition: &str) -> Result<bool> {
    let holds = match condition {
        "" => true,
        "NX" => !keys.is_there(key),
        "XX" => keys.is_there(key),
        other => return Err(refused::command(other)),
    };
    if holds {
        keys.put(key, read(json)?);
    }
    Ok(holds)
}

/// The answer of `JSON.SET`.
pub(super) fn set(stored: bool) -> Reply {
    if stored { Reply::Status("OK".to_owned()) } else { Reply::Nil }
}

/// A document.
///
/// # Errors
/// [`Error::Settings`] never; [`Error::Unsupported`] if it is no JSON.
pub(super) fn read(json: &[u8]) -> Result<Value> {
    serde_json::from_slice(json).map_err(|source| Error::Unsupported {
        what: "this document",
        needs: format!("JSON that can be read: {source}"),
    })
}

fn number<T: std::str::FromStr>(text: &[u8]) -> Result<T> {
    let number = std::str::from_utf8(text).ok().and_then(|text| text.parse().ok());
    number.ok_or_else(|| Error::Unsupported {
        what: "this command",
        needs: "a whole number that is not negative where it has something else".to_owned(),
    })
}
