//! The commands of documents, here.

use cache_index::{Command, Reply};

use super::guard::bulk;
use super::keys::{Keys, Left};
use super::scripts::{self, read};
use super::{json, refused};
use crate::error::Result;

/// Does what a command says.
pub(super) fn run(keys: &mut Keys, command: &Command) -> Result<Reply> {
    let words: Vec<&[u8]> = command.args().collect();
    let name = command.name();
    let refuse = || Err(refused::command(name));
    let (_, arguments) = words.split_at_checked(1).unwrap_or_default();
    match (name, arguments) {
        ("PING", []) => Ok(Reply::Status("PONG".to_owned())),
        ("JSON.GET", [key]) => {
            Ok(keys.document(key).map_or(Reply::Nil, |document| bulk(document.to_string())))
        }
        ("JSON.GET", [key, path]) => {
            let Some(path) = member(path) else { return refuse() };
            Ok(keys.document(key).map_or(Reply::Nil, |document| bulk(json::shown(document, path))))
        }
        ("JSON.MGET", [names @ .., b"$"]) => {
            let shown = |key: &&[u8]| {
                keys.document(key).map_or(Reply::Nil, |document| bulk(json::shown(document, "$")))
            };
            Ok(Reply::Array(names.iter().map(shown).collect()))
        }
        ("JSON.SET", [key, b"$", json, condition @ ..]) => {
            let condition = match condition {
                [] => "",
                [b"NX"] => "NX",
                [b"XX"] => "XX",
                _ => return refuse(),
            };
            scripts::store(keys, key, json, condition).map(scripts::set)
        }
        ("JSON.MSET", triples) => {
            let mut documents = Vec::with_capacity(triples.len() / 3);
            for triple in triples.chunks(3) {
                let [key, b"$", json] = triple else { return refuse() };
                documents.push((*key, read(json)?));
            }
            documents.into_iter().for_each(|(key, document)| keys.put(key, document));
            Ok(scripts::set(true))
        }
        ("JSON.SET", [key, path, json, b"XX"]) => {
            let Some(path) = member(path) else { return refuse() };
            let value = read(json)?;
            let there = keys.document(key).is_some_and(|document| json::at(document, path).is_some());
            if there {
                keys.change(key, |document| json::set(document, path, value));
            }
            Ok(scripts::set(there))
        }
        ("GET", [key]) if keys.document(key).is_none() => Ok(keys.text(key).map_or(Reply::Nil, bulk)),
        ("EXISTS", names) => Ok(count(names.iter().filter(|key| keys.is_there(key)).count())),
        ("DEL" | "UNLINK", names) => Ok(count(names.iter().filter(|key| keys.remove(key)).count())),
        ("PERSIST", [key]) => Ok(truth(keys.persist(key))),
        ("PEXPIRE" | "PEXPIREAT", [key, argument]) => scripts::end(keys, name, key, argument).map(truth),
        ("PTTL", [key]) => Ok(Reply::Int(match keys.left(key) {
            Left::Missing => -2,
            Left::Persistent => -1,
            Left::Millis(left) => i64::try_from(left).unwrap_or(i64::MAX),
        })),
        ("SCAN", arguments) => scan(keys, arguments).map_or_else(refuse, Ok),
        ("EVAL" | "EVALSHA", _) => scripts::run(keys, command, &words),
        _ => refuse(),
    }
}

/// The path of a document, or of one member of it.
fn member(path: &[u8]) -> Option<&str> {
    let path = std::str::from_utf8(path).ok().filter(|path| path.starts_with('$'))?;
    crate::document::members_of(path).map(|_| path)
}

/// All keys at once; `None`: what is asked for is more than a beginning of keys, and whether they are documents.
fn scan(keys: &Keys, arguments: &[&[u8]]) -> Option<Reply> {
    let (b"0", options) = (*arguments.first()?, arguments.get(1..)?) else { return None };
    let (mut start, mut documents) = (Vec::new(), false);
    for pair in options.chunks(2) {
        match *pair {
            [b"MATCH", pattern] => start = beginning(pattern)?,
            [b"TYPE", b"ReJSON-RL"] => documents = true,
            [b"COUNT", _] => {}
            _ => return None,
        }
    }
    let found = keys.starting(&start, documents).into_iter().map(Reply::Bulk).collect();
    Some(Reply::Array(vec![bulk("0"), Reply::Array(found)]))
}

/// What a pattern begins with that means nothing more.
fn beginning(pattern: &[u8]) -> Option<Vec<u8>> {
    let mut start = Vec::new();
    let mut rest = pattern.strip_suffix(b"*")?.iter();
    while let Some(byte) = rest.next() {
        match byte {
            b'\\' => start.push(*rest.next()?),
            b'*' | b'?' | b'[' => return None,
            other => start.push(*other),
        }
    }
    Some(start)
}

fn count(number: usize) -> Reply {
    Reply::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn truth(it: bool) -> Reply {
    Reply::Int(i64::from(it))
}
