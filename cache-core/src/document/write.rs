//! Writing and deleting documents by their keys.

use cache_index::{Command, DecodeError, Reply};

use super::encode::write_document;
use super::expiry::Expiry;
use super::keyed::{chunks_of_keys, count, key_of, keyed, truth};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::primary_key::Id;
use crate::script::{self, Script};

/// What a save did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "a degraded cache stores nothing; `stored()` says whether it did"]
#[non_exhaustive]
pub struct Saved {
    stored: bool,
    version: Option<u64>,
}

impl Saved {
    /// A document that is on the server.
    pub(super) const STORED: Self = Self { stored: true, version: None };

    /// Whether the document is on the server. A cache without a server stores nothing.
    pub fn stored(&self) -> bool {
        self.stored
    }

    /// The document's new version; `None` for models that have none.
    pub fn version(&self) -> Option<u64> {
        self.version
    }
}

/// What must be there for a document to be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Condition {
    /// Anything or nothing.
    Any,
    /// Nothing.
    New,
    /// A document.
    There,
}

impl Condition {
    /// The server's word for it.
    fn word(self) -> &'static str {
        match self {
            Self::Any => "",
            Self::New => "NX",
            Self::There => "XX",
        }
    }
}

/// KEYS: the document. ARGV: its JSON; NX, XX or nothing; the command that sets its time to live, and the argument of
/// that or nothing. Answers 1, or 0 if the condition did not hold: then nothing was touched.
pub(super) const WRITE: Script = Script {
    source: "local stored
if ARGV[2] == '' then
  stored = redis.call('JSON.SET', KEYS[1], '$', ARGV[1])
else
  stored = redis.call('JSON.SET', KEYS[1], '$', ARGV[1], ARGV[2])
end
if not stored then return 0 end
if ARGV[4] == '' then redis.call(ARGV[3], KEYS[1]) else redis.call(ARGV[3], KEYS[1], ARGV[4]) end
return 1",
    sha1: "86b0ec39413a4502283ce78ac0fc57878b6d0964",
};

/// Writes a document, if the condition holds, together with its time to live.
pub(crate) fn write<M: Model>(
    model: &M,
    cache: &Cache,
    condition: Condition,
    expiry: Expiry,
    what: &'static str,
) -> impl Future<Output = Result<Saved>> + Send {
    let command = write_command(model, cache, condition, expiry);
    async move {
        cache.capabilities().require_json(what)?;
        let Written { command, scripted } = command?;
        let (name, key) = (command.name().to_owned(), key_of(&command));
        let reply =
            if scripted { script::run(cache, &WRITE, command).await } else { cache.command(command).await };
        if was_written(&name, &reply?)? {
            return Ok(Saved::STORED);
        }
        let model = M::schema().model();
        let key = String::from_utf8_lossy(&key).into_owned();
        Err(match condition {
            Condition::New => Error::AlreadyExists { model, key },
            Condition::Any | Condition::There => Error::NotFound { model, key: Some(key) },
        })
    }
}

/// A command that writes a document.
pub(super) struct Written {
    pub(super) command: Command,
    /// Whether it is a call of [`WRITE`].
    pub(super) scripted: bool,
}

pub(super) fn write_command<M: Model>(
    model: &M,
    cache: &Cache,
    condition: Condition,
    expiry: Expiry,
) -> Result<Written> {
    let id = model.primary_key();
    let Some((setter, argument)) = expiry.command::<M>() else {
        let command = keyed::<M>(cache, Command::new("JSON.SET"), id)?
            .arg("$")
            .try_arg_with(|buffer| write_document(buffer, model))?;
        let command = if condition == Condition::Any { command } else { command.arg(condition.word()) };
        return Ok(Written { command, scripted: false });
    };
    let command = keyed::<M>(cache, WRITE.call().arg("1"), id)?
        .try_arg_with(|buffer| write_document(buffer, model))?
        .arg(condition.word())
        .arg(setter);
    let command = match argument {
        Some(argument) => command.arg_display(argument),
        None => command.arg(""),
    };
    Ok(Written { command, scripted: true })
}

/// Whether the condition held, by what the command answered: `OK` or nothing without the script, 1 or 0 with it.
pub(super) fn was_written(command: &str, reply: &Reply) -> Result<bool> {
    match reply {
        Reply::Nil | Reply::Int(0) => Ok(false),
        Reply::Int(1) => Ok(true),
        Reply::Status(status) if status == "OK" => Ok(true),
        other => Err(Error::Decode {
            command: command.to_owned(),
            source: DecodeError::unexpected("whether the document was stored", other.describe()),
        }),
    }
}

pub(crate) fn delete<M: Model>(
    cache: &Cache,
    id: impl Id<M::PrimaryKey>,
) -> impl Future<Output = Result<bool>> + Send {
    truth(cache, keyed::<M>(cache, Command::new("DEL"), id))
}

pub(crate) fn delete_many<M, I>(cache: &Cache, ids: I) -> impl Future<Output = Result<u64>> + Send
where
    M: Model,
    I: IntoIterator<Item: Id<M::PrimaryKey>>,
{
    let commands = chunks_of_keys::<M, _>(cache, || Command::new("DEL"), ids);
    async move {
        let mut deleted = 0;
        for command in commands? {
            deleted += count(cache, command).await?;
        }
        Ok(deleted)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_name_is_the_digest_of_the_source() {
        crate::script::assert_named(&super::WRITE);
    }
}
