//! A partial update on its way to the server, and what the answer means.

use bytes::Bytes;
use cache_index::{Command, DecodeError, Reply};

use super::change::{Change, Kind, refused};
use super::script::PATCH;
use crate::cache::{Cache, Carried};
use crate::document::unique::{self, Claims, Guarded, Next};
use crate::document::upgrade::{TRIES, contended, upgrade_stored};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::script::Script;

/// All changes of one document.
pub(super) struct Call {
    pub(super) key: Bytes,
    /// Whether the document is wanted in the answer.
    pub(super) get: bool,
    pub(super) changes: Vec<Change>,
    pub(super) claims: Option<Claims>,
    pub(super) fence: Option<Carried>,
}

/// What was made of a document.
pub(super) struct Patched {
    pub(super) key: Bytes,
    pub(super) document: Reply,
    pub(super) version: Option<u64>,
}

/// The claims of a document that is changed like this; none if nothing that is unique is changed.
pub(super) fn claims<M: Model>(cache: &Cache, key: &[u8], changes: &[Change]) -> Result<Option<Claims>> {
    let schema = M::schema();
    let of = |member: &str| {
        let is = |change: &&Change| matches!(&change.target.members[..], [only] if only == member);
        changes.iter().find(is)
    };
    if !schema.unique().iter().copied().flatten().any(|member| of(member).is_some()) {
        return Ok(None);
    }
    Claims::new(cache, schema, key, |member| of(member).map_or(Next::Held, next))
}

/// What a member has after the change.
fn next(change: &Change) -> Next {
    let argument = || change.arguments.first().map(Vec::as_slice).unwrap_or_default();
    match change.kind {
        Kind::Set => Next::Is(serde_json::from_slice(argument()).ok()),
        Kind::Integer => match std::str::from_utf8(argument()).map(str::parse) {
            Ok(Ok(by)) => Next::Plus(by),
            _ => Next::Held,
        },
        Kind::Remove => Next::Is(None),
        // No unique field is a list or a floating point number, or the version.
        Kind::Push | Kind::Single | Kind::Double | Kind::Version | Kind::Form => Next::Held,
    }
}

impl Call {
    /// Makes the changes, if they are one `set` and nothing else is to be looked after, by one `JSON.SET`, which costs the
    /// server a quarter of the script without an index; and by the script otherwise, or where that did nothing.
    pub(super) async fn run(&mut self, cache: &Cache) -> Result<Reply> {
        let Some(command) = self.plain() else { return unique::run(cache, self).await };
        match cache.command(cache.entry(command)).await {
            Ok(reply) if is_ok(&reply) => Ok(reply),
            // Nothing was done: without the document, the member or its parent the answer is nil; another kind of key is
            // refused. The script makes a member that is missing, and says what is wrong otherwise.
            Ok(_) => unique::run(cache, self).await,
            Err(error) if error.server_kind().is_some() => unique::run(cache, self).await,
            // It may be executed yet.
            Err(error) => Err(error),
        }
    }

    /// The changes as one plain command, if one can make them. `XX`, which wants the member to be there: a document that
    /// is missing then is no error of the server, which would be counted and told as one.
    fn plain(&self) -> Option<Command> {
        let [Change { target, kind: Kind::Set, arguments }] = &self.changes[..] else { return None };
        let [json] = &arguments[..] else { return None };
        let is_guarded = self.get || self.claims.is_some() || self.fence.is_some();
        let bytes = self.key.len() + target.path.len() + json.len() + 16;
        (!is_guarded).then(|| {
            let command = Command::with_capacity("JSON.SET", 5, bytes);
            command.key(&self.key).arg(&target.path).arg(json).arg("XX")
        })
    }

    /// What the answer means; the call is made again if it was that the document has an older form, which then is
    /// brought to the one of the model.
    pub(super) async fn finish<M: Model>(mut self, cache: &Cache, mut reply: Reply) -> Result<Patched> {
        for _ in 0..TRIES {
            let is_older = matches!(&reply, Reply::Array(items) if items.first().and_then(Reply::as_str) == Some("form"));
            if !is_older {
                return self.answer::<M>(reply);
            }
            upgrade_stored::<M>(cache, &self.key).await?;
            reply = unique::run(cache, &mut self).await?;
        }
        Err(contended::<M>(&self.key))
    }

    /// What the answer means.
    fn answer<M: Model>(self, reply: Reply) -> Result<Patched> {
        let mut answer = match reply {
            reply if is_ok(&reply) => {
                return Ok(Patched { key: self.key, document: Reply::Nil, version: None });
            }
            Reply::Array(items) => items.into_iter(),
            other => return Err(unreadable(&other)),
        };
        let word = answer.next().unwrap_or(Reply::Nil);
        match word.as_str() {
            Some("done") => {
                let document = answer.next().unwrap_or(Reply::Nil);
                let version = answer.next().and_then(|version| version.as_str()?.parse().ok());
                Ok(Patched { key: self.key, document, version })
            }
            Some("missing") => {
                let key = String::from_utf8_lossy(&self.key).into_owned();
                Err(Error::NotFound { model: M::schema().model(), key: Some(key) })
            }
            Some(why) => {
                let change = answer
                    .next()
                    .and_then(|position| usize::try_from(position.as_int()?).ok())
                    .and_then(|position| self.changes.get(position));
                let held = answer.next().and_then(|held| held.as_str().map(str::to_owned));
                Err(change
                    .and_then(|change| change.refusal(why, held))
                    .map_or_else(|| unreadable(&word), refused::<M>))
            }
            None => Err(unreadable(&word)),
        }
    }
}

impl Guarded for Call {
    fn script(&self) -> Option<&'static Script> {
        Some(&PATCH)
    }

    fn command(&self) -> Command {
        let claims = self.claims.as_ref();
        let call = unique::call(&PATCH, &self.key, claims, None, self.fence.as_ref());
        let call = call.arg(if self.get { "get" } else { "" });
        self.changes.iter().fold(unique::guarded(call, claims), Change::write)
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

/// Whether a plain command was done.
fn is_ok(reply: &Reply) -> bool {
    matches!(reply, Reply::Status(status) if status == "OK")
}

pub(super) fn unreadable(reply: &Reply) -> Error {
    Error::Decode {
        command: "EVALSHA".to_owned(),
        source: DecodeError::unexpected("the answer of a partial update", reply.describe()),
    }
}
