//! The claims of one document: which its values need, which it has, and what a script is told of them.

use std::fmt::Write;

use cache_index::{Beside, Command, FieldDef, HashTag, Keyspace, Reply, Schema};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::content::Content;
use crate::cache::{Cache, Carried};
use crate::connection::needs::UNIQUE_VALUES;
use crate::document::fence;
use crate::error::{Error, Result};
use crate::model::JsonMap;
use crate::script::Script;

/// The longest text of a claim, in bytes; of a longer one the key holds a digest.
const LONGEST: usize = 200;

/// What a member has after a write.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::document) enum Next {
    /// This value, or none.
    Is(Option<Value>),
    /// What it had before.
    Held,
    /// As much more.
    Plus(i128),
}

/// The claims of a document that is about to be written, changed or deleted.
#[derive(Debug)]
pub(in crate::document) struct Claims {
    model: &'static str,
    /// The document.
    pub(super) key: Vec<u8>,
    unique: &'static [&'static [&'static str]],
    /// What the names of the claims begin with.
    start: Vec<u8>,
    /// Whether one script can have all keys.
    pub(super) one_slot: bool,
    /// Whether it can on a cluster.
    is_tagged: bool,
    members: Vec<Member>,
    /// For each that is unique, the document that seems to have the value.
    holders: Vec<Option<Vec<u8>>>,
    /// The server's time, in milliseconds, after which the document must not be written.
    pub(super) last: Option<u64>,
}

#[derive(Debug)]
struct Member {
    name: &'static str,
    path: String,
    /// What the document is believed to have, as the server shows it: `["x"]`, `[]` if it lacks it. `None`: unknown.
    held: Option<String>,
    next: Next,
}

impl Claims {
    /// The claims of a model's document; `None` for a model in which nothing is unique.
    ///
    /// What it has now is unknown until the server tells.
    pub(in crate::document) fn new(
        cache: &Cache,
        schema: &'static Schema,
        key: &[u8],
        mut next: impl FnMut(&'static str) -> Next,
    ) -> Result<Option<Self>> {
        let unique = schema.unique();
        if unique.is_empty() {
            return Ok(None);
        }
        cache.capabilities().require("a write", &UNIQUE_VALUES)?;
        let mut members: Vec<Member> = Vec::new();
        for &name in unique.iter().copied().flatten() {
            if members.iter().all(|member| member.name != name) {
                let path = FieldDef::stored(name).path();
                members.push(Member { name, path, held: None, next: next(name) });
            }
        }
        Ok(Some(Self {
            model: schema.model(),
            key: key.to_vec(),
            unique,
            start: start(cache.keyspace()?, schema)?,
            one_slot: !cache.capabilities().cluster || schema.hash_tag() == HashTag::Model,
            is_tagged: schema.hash_tag() == HashTag::Model,
            holders: vec![None; unique.len()],
            members,
            last: None,
        }))
    }

    /// The claims of a document that is stored as this JSON. It is believed to have the same values already, which for
    /// most is true.
    pub(in crate::document) fn of_document(
        cache: &Cache,
        schema: &'static Schema,
        key: &[u8],
        json: &[u8],
    ) -> Result<Option<Self>> {
        if schema.unique().is_empty() {
            return Ok(None);
        }
        let document: Value = serde_json::from_slice(json)
            .map_err(|source| Error::Serialize { model: schema.model(), source })?;
        let claims = Self::new(cache, schema, key, |member| Next::Is(document.get(member).cloned()))?;
        Ok(claims.map(|mut claims| {
            for member in &mut claims.members {
                member.held = Some(shown(document.get(member.name)));
            }
            claims
        }))
    }

    /// The claims of a document whose members become these others.
    pub(in crate::document) fn of_change(
        cache: &Cache,
        schema: &'static Schema,
        key: &[u8],
        before: &JsonMap,
        after: &JsonMap,
    ) -> Result<Option<Self>> {
        let claims = Self::new(cache, schema, key, |member| Next::Is(after.get(member).cloned()))?;
        Ok(claims.map(|mut claims| {
            for member in &mut claims.members {
                member.held = Some(shown(before.get(member.name)));
            }
            claims
        }))
    }

    /// The claims that the document needs after the write: the number of what is unique, and the claim's key.
    pub(super) fn wanted(&self) -> Vec<(usize, Vec<u8>)> {
        self.claims_of(Member::next)
    }

    /// The claims that the document is believed to have and needs no longer.
    pub(super) fn released(&self) -> Vec<Vec<u8>> {
        let wanted = self.wanted();
        let held = self.claims_of(Member::held).into_iter().filter(|held| !wanted.contains(held));
        held.map(|(_, key)| key).collect()
    }

    /// What was taken for a single server is a cluster.
    pub(super) fn spread(&mut self) {
        self.one_slot = self.is_tagged;
    }

    fn claims_of(&self, value: impl Fn(&Member) -> Option<Value>) -> Vec<(usize, Vec<u8>)> {
        let claim = |(number, names): (usize, &&'static [&'static str])| {
            let values: Option<Vec<_>> =
                self.of(names).map(|member| value(member).filter(is_value)).collect();
            Some((number, self.claim(names, values?)))
        };
        self.unique.iter().enumerate().filter_map(claim).collect()
    }

    fn of<'a>(&'a self, names: &'a [&'static str]) -> impl Iterator<Item = &'a Member> {
        names.iter().filter_map(|name| self.members.iter().find(|member| member.name == *name))
    }

    /// The key that claims these values.
    fn claim(&self, names: &[&'static str], values: Vec<Value>) -> Vec<u8> {
        let mut key = self.start.clone();
        key.extend_from_slice(text(names, values).as_bytes());
        key
    }

    /// Where the members are, in order.
    pub(super) fn paths(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(|member| member.path.as_str())
    }

    /// Whether a document whose members are shown like this has the value that is claimed by this key.
    pub(super) fn has(&self, shown: &[Option<String>], number: usize, key: &[u8]) -> bool {
        let Some(names) = self.unique.get(number) else { return false };
        let value = |name: &&'static str| {
            let position = self.members.iter().position(|member| member.name == *name)?;
            read(shown.get(position)?.as_deref()?).filter(is_value)
        };
        let values: Option<Vec<_>> = names.iter().map(value).collect();
        values.is_some_and(|values| self.claim(names, values) == key)
    }

    /// Takes in what a script answered. `true`: it did nothing yet, and is to be called again.
    ///
    /// # Errors
    /// [`Error::NotUnique`].
    pub(in crate::document) fn learn(&mut self, reply: &Reply) -> Result<bool> {
        let Reply::Array(items) = reply else { return Ok(false) };
        let claimed = |claims: &Self| {
            let position = items.get(1).and_then(Reply::as_int).and_then(|at| usize::try_from(at).ok());
            position.and_then(|at| claims.wanted().get(at).map(|(number, _)| *number))
        };
        match items.first().and_then(Reply::as_str) {
            Some("stale") => {
                for (member, text) in self.members.iter_mut().zip(items.iter().skip(1)) {
                    member.held = Some(text.as_str().unwrap_or("[]").to_owned());
                }
                Ok(true)
            }
            Some("claimed") => {
                let owner = items.get(2).and_then(Reply::as_bytes).and_then(Content::read);
                // What is no claim names no document that could have the value.
                let owner = owner.map_or_else(|| self.start.clone(), |content| content.owner);
                if let Some(holder) = claimed(self).and_then(|number| self.holders.get_mut(number)) {
                    *holder = Some(owner);
                }
                Ok(true)
            }
            Some("taken") => {
                let owner = items.get(2).and_then(Reply::as_bytes).unwrap_or_default();
                Err(self.taken(claimed(self).unwrap_or_default(), owner))
            }
            _ => Ok(false),
        }
    }

    /// Somebody else has the value.
    pub(super) fn taken(&self, number: usize, holder: &[u8]) -> Error {
        Error::NotUnique {
            model: self.model,
            fields: self.unique.get(number).copied().unwrap_or_default(),
            holder: String::from_utf8_lossy(holder).into_owned(),
        }
    }

    /// Others were at the document or its values each time.
    pub(super) fn contended(&self) -> Error {
        Error::Contended { model: self.model, key: String::from_utf8_lossy(&self.key).into_owned() }
    }
}

impl Member {
    fn held(&self) -> Option<Value> {
        read(self.held.as_deref()?)
    }

    fn next(&self) -> Option<Value> {
        match &self.next {
            Next::Is(value) => value.clone(),
            Next::Held => self.held(),
            Next::Plus(by) => {
                let held = self.held()?;
                let held = held.as_i64().map(i128::from).or_else(|| held.as_u64().map(i128::from))?;
                let sum = held.checked_add(*by)?;
                i64::try_from(sum).map(Value::from).or_else(|_| u64::try_from(sum).map(Value::from)).ok()
            }
        }
    }
}

/// The beginning of a call of a script: the number of keys, the keys, one more behind those of the claims, the fence.
pub(in crate::document) fn call(
    script: &Script,
    key: &[u8],
    claims: Option<&Claims>,
    more: Option<&[u8]>,
    fence: Option<&Carried>,
) -> Command {
    let count = 1 + usize::from(more.is_some()) + usize::from(fence.is_some());
    let call = match claims.filter(|claims| claims.one_slot) {
        None => script.call().arg_display(count).key(key),
        Some(claims) => {
            let (wanted, released) = (claims.wanted(), claims.released());
            let holders: Vec<_> = wanted.iter().filter_map(|(number, _)| claims.holder(*number)).collect();
            let count = count + wanted.len() + released.len() + holders.len();
            let call = script.call().arg_display(count).key(key);
            let call = wanted.iter().fold(call, |call, (_, key)| call.key(key));
            let call = released.iter().fold(call, Command::key);
            holders.into_iter().fold(call, Command::key)
        }
    };
    let call = more.iter().fold(call, Command::key);
    let call = fence.iter().fold(call, |call, fence| call.key(&fence.key));
    fence::argument(call, fence)
}

/// The arguments that `guard!` reads.
pub(in crate::document) fn guarded(call: Command, claims: Option<&Claims>) -> Command {
    let Some(claims) = claims else { return call.arg("") };
    let call = call.arg_display(claims.last.unwrap_or_default()).arg_display(claims.members.len());
    let call = claims.members.iter().fold(call, |call, member| {
        // No member is shown as nothing, so that what is unknown is told.
        call.arg(&member.path).arg(member.held.as_deref().unwrap_or_default())
    });
    if !claims.one_slot {
        return call.arg("0").arg("0");
    }
    let (wanted, released) = (claims.wanted(), claims.released());
    let mut call = call.arg_display(wanted.len());
    let mut next_holder = 1 + wanted.len() + released.len();
    for (number, _) in &wanted {
        let holder = match claims.holder(*number) {
            Some(_) => {
                next_holder += 1;
                next_holder
            }
            None => 0,
        };
        let names = claims.unique.get(*number).copied().unwrap_or_default();
        call = call.arg_display(holder).arg_display(names.len());
        for member in claims.of(names) {
            call = call.arg(&member.path).arg(shown(member.next().as_ref()));
        }
    }
    call.arg_display(released.len())
}

impl Claims {
    fn holder(&self, number: usize) -> Option<&Vec<u8>> {
        self.holders.get(number)?.as_ref()
    }
}

/// What the keys of claims begin with. They are beside all documents of a model that has a hash tag for all of them.
///
/// With a hash tag for some of them, a value can be in documents of different slots, and its claim is on one of its own.
pub(super) fn start(keyspace: &Keyspace, schema: &'static Schema) -> Result<Vec<u8>> {
    let mut start = Vec::new();
    schema.write_sibling(keyspace, &mut start, Beside::Model, &[&"unique"])?;
    start.push(b':');
    Ok(start)
}

/// The text that stands for these values of these members: JSON, so that no two tuples share one.
pub(super) fn text(names: &[&'static str], values: Vec<Value>) -> String {
    let text = Value::Array(names.iter().map(|name| Value::from(*name)).chain(values).collect()).to_string();
    if text.len() <= LONGEST {
        return text;
    }
    let mut digest = "sha256:".to_owned();
    for byte in Sha256::digest(text.as_bytes()) {
        // Writing into a string cannot fail.
        let _ = write!(digest, "{byte:02x}");
    }
    digest
}

/// Whether there is something to be unique.
pub(super) fn is_value(value: &Value) -> bool {
    !value.is_null()
}

/// A member as the server shows it.
fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "[]".to_owned(), |value| format!("[{value}]"))
}

/// A member that the server shows like this.
fn read(shown: &str) -> Option<Value> {
    serde_json::from_str::<Vec<Value>>(shown).ok()?.pop()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_tuples_share_a_text() {
        let one = |value: &str| text(&["a"], vec![value.into()]);
        let two = |one: &str, other: &str| text(&["a", "b"], vec![one.into(), other.into()]);
        let mut texts = vec![
            one("x"),
            one("X"),
            one(""),
            one("a:b{c}\0"),
            one("true"),
            text(&["a"], vec![true.into()]),
            text(&["b"], vec!["x".into()]),
            two("x", "y"),
            two("x\",\"y", ""),
            two("", "x\",\"y"),
            one(&"x".repeat(1_000)),
            one(&"x".repeat(1_001)),
            one("1"),
            text(&["a"], vec![1.into()]),
        ];
        assert!(texts.iter().all(|text| text.len() <= LONGEST));
        let count = texts.len();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), count);
    }

    #[test]
    fn members_are_shown_as_the_server_does() {
        assert_eq!(shown(None), "[]");
        assert_eq!(shown(Some(&Value::Null)), "[null]");
        assert_eq!(shown(Some(&"a\"b".into())), r#"["a\"b"]"#);
        assert_eq!(read("[]"), None);
        assert_eq!(read(r#"["a\"b"]"#), Some("a\"b".into()));
    }
}
