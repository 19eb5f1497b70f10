//! Writing documents by their keys: one command for a plain one, one script for those that need more than that.

use bytes::Bytes;
use cache_index::{Command, DecodeError, FieldDef, Reply};

use super::encode::write_document;
use super::expiry::Expiry;
use super::keyed::key_of_model;
use super::saved::Saved;
use super::unique::{self, Claims, Guarded};
use super::write_script::{WRITE, WRITE_EXPIRING};
use crate::cache::{Cache, Carried};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::script::Script;

/// What must be there for a document to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Anything or nothing.
    Any,
    /// Nothing.
    New,
    /// A document.
    There,
    /// Nothing; and the answer is the document that then is there.
    NewOrGet,
}

impl Condition {
    /// The server's word for it; the last is one of the script's.
    fn word(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::New => "NX",
            Self::There => "XX",
            Self::NewOrGet => "GET",
        }
    }
}

/// Writes a document, if the condition holds, together with its time to live.
pub(crate) fn write<M: Model>(
    model: &M,
    cache: &Cache,
    condition: Condition,
    expiry: Expiry,
    what: &'static str,
) -> impl Future<Output = Result<Saved>> + Send {
    let write = Write::new(model, cache, condition, expiry);
    async move {
        cache.require_json(what)?;
        let saved = write?.run(cache).await.map(|(saved, _)| saved);
        match condition {
            Condition::Any => cache.or_without(saved, Saved::not),
            Condition::New | Condition::There | Condition::NewOrGet => saved,
        }
    }
}

/// A document on its way to the server.
pub(super) struct Write {
    model: &'static str,
    key: Vec<u8>,
    json: Vec<u8>,
    condition: Condition,
    expiry: Option<(&'static str, Option<u64>)>,
    version: Option<Version>,
    claims: Option<Claims>,
    fence: Option<Carried>,
}

/// How a version is counted up.
struct Version {
    path: String,
    /// The one in memory.
    expected: u64,
    /// The one to store.
    next: u64,
}

/// What a write did, and the document if that was asked for.
pub(super) type Written = (Saved, Option<Bytes>);

impl Write {
    /// # Errors
    /// If the document cannot be written at all.
    pub(super) fn new<M: Model>(
        model: &M,
        cache: &Cache,
        condition: Condition,
        expiry: Expiry,
    ) -> Result<Self> {
        let mut json = Vec::with_capacity(256);
        let key = key_of_model(cache, model)?;
        write_document(&mut json, model)?;
        let name = M::schema().model();
        let version = match M::schema().version() {
            None => None,
            Some((member, most)) => {
                let new = matches!(condition, Condition::New | Condition::NewOrGet);
                let expected = if new { Some(0) } else { model.document_version() };
                let next = expected.and_then(|version| version.checked_add(1)).filter(|next| *next <= most);
                let (Some(expected), Some(next)) = (expected, next) else {
                    return Err(Error::NoNextVersion { model: name });
                };
                Some(Version { path: FieldDef::stored(member).path(), expected, next })
            }
        };
        let claims = Claims::of_document(cache, M::schema(), &key, &json)?;
        let fence = cache.carried(M::schema(), &key)?;
        Ok(Self { model: name, key, json, condition, expiry: expiry.command::<M>(), version, claims, fence })
    }

    /// The bytes of the document.
    pub(super) fn size(&self) -> usize {
        self.json.len()
    }

    pub(super) fn json(&self) -> &[u8] {
        &self.json
    }

    /// Whether it is to be stored whatever is there, and nothing else.
    pub(super) fn is_plain(&self) -> bool {
        self.condition == Condition::Any && self.expiry.is_none() && !self.is_guarded()
    }

    /// What the answer to the command means.
    pub(super) fn answer(&self, reply: Reply) -> Result<Written> {
        let saved = || Saved::with(self.version.as_ref().map(|version| version.next));
        let (word, second) = match reply {
            // Where nothing is guarded the answer is `OK` or nothing.
            Reply::Status(status) if status == "OK" => return Ok((saved(), None)),
            Reply::Nil if !self.is_guarded() => return Err(self.refused()),
            Reply::Array(items) => {
                let mut items = items.into_iter();
                (items.next().unwrap_or(Reply::Nil), items.next())
            }
            other => (other, None),
        };
        match (word.as_str(), second) {
            (Some("stored"), None | Some(Reply::Nil)) => Ok((saved(), None)),
            (Some("stored" | "there"), Some(Reply::Bulk(json))) => Ok((saved(), Some(json))),
            (Some("there" | "missing"), None) => Err(self.refused()),
            (Some("version"), found) => Err(self.conflict(found.as_ref().and_then(Reply::as_str))),
            (_, second) => Err(Error::Decode {
                command: if self.script().is_some() { "EVALSHA" } else { "JSON.SET" }.to_owned(),
                source: DecodeError::unexpected(
                    "whether the document was stored",
                    second.unwrap_or(word).describe(),
                ),
            }),
        }
    }

    /// The same, of one of which the document is not asked for.
    pub(super) fn saved(&self, reply: Reply) -> Result<Saved> {
        self.answer(reply).map(|(saved, _)| saved)
    }

    /// Writes it.
    pub(super) async fn run(mut self, cache: &Cache) -> Result<Written> {
        let reply = unique::run(cache, &mut self).await?;
        self.answer(reply)
    }

    /// Whether more than its time to live depends on the document, or on what was there.
    fn is_guarded(&self) -> bool {
        self.version.is_some()
            || self.claims.is_some()
            || self.fence.is_some()
            || self.condition == Condition::NewOrGet
    }

    fn unguarded(&self) -> Command {
        // The name, the path and a condition beside these.
        let bytes = self.key.len() + self.json.len() + 16;
        let Some((setter, argument)) = self.expiry else {
            let command = Command::with_capacity("JSON.SET", 5, bytes);
            let command = command.key(&self.key).arg("$").arg(&self.json);
            return match self.condition.word() {
                "" => command,
                word => command.arg(word),
            };
        };
        let call = WRITE_EXPIRING.call().arg("1").key(&self.key).arg(&self.json);
        let call = call.arg(self.condition.word()).arg(setter);
        match argument {
            Some(argument) => call.arg_display(argument),
            None => call.arg(""),
        }
    }

    fn shown_key(&self) -> String {
        String::from_utf8_lossy(&self.key).into_owned()
    }

    /// The condition did not hold.
    fn refused(&self) -> Error {
        let (model, key) = (self.model, self.shown_key());
        match self.condition {
            Condition::New | Condition::NewOrGet => Error::AlreadyExists { model, key },
            Condition::Any | Condition::There => Error::NotFound { model, key: Some(key) },
        }
    }

    fn conflict(&self, found: Option<&str>) -> Error {
        Error::VersionConflict {
            model: self.model,
            key: self.shown_key(),
            expected: self.version.as_ref().map_or(0, |version| version.expected),
            found: found.and_then(|found| found.parse().ok()),
        }
    }
}

impl Guarded for Write {
    fn script(&self) -> Option<&'static Script> {
        match self.expiry {
            _ if self.is_guarded() => Some(&WRITE),
            Some(_) => Some(&WRITE_EXPIRING),
            None => None,
        }
    }

    fn command(&self) -> Command {
        if !self.is_guarded() {
            return self.unguarded();
        }
        let (setter, argument) = self.expiry.unwrap_or(("", None));
        let claims = self.claims.as_ref();
        let call = unique::call(&WRITE, &self.key, claims, None, self.fence.as_ref()).arg(&self.json);
        let call = call.arg(self.condition.word()).arg(setter);
        let call = match argument {
            Some(argument) => call.arg_display(argument),
            None => call.arg(""),
        };
        let checked = matches!(self.condition, Condition::Any | Condition::There);
        let call = match &self.version {
            Some(version) if checked => {
                call.arg(&version.path).arg_display(version.expected).arg_display(version.next)
            }
            Some(version) => call.arg(&version.path).arg("").arg_display(version.next),
            None => call.arg("").arg("").arg(""),
        };
        let call = unique::guarded(call, claims);
        // Asked again, it answers the document that the first try stored.
        if self.condition == Condition::NewOrGet { call.repeatable() } else { call }
    }

    fn key(&self) -> &[u8] {
        &self.key
    }

    fn fence(&self) -> Option<&Carried> {
        self.fence.as_ref()
    }

    fn claims(&mut self) -> Option<&mut Claims> {
        self.claims.as_mut()
    }
}
