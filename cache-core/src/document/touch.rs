//! Deleting documents and saying how long they live, where their claims must follow or a fence is carried.

use cache_index::{Command, DecodeError, Reply};

use super::keyed::{key_of, keyed};
use super::unique::{self, Claims, Guarded, Next, guard};
use crate::cache::{Cache, Carried};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::primary_key::Id;
use crate::script::Script;

/// KEYS: the document, then see [`guard!`](guard). ARGV: the fence, see there; the command, which takes the document and answers a number; its
/// argument behind the key or nothing; then see `guard!`.
///
/// Answers `{'done', the number, what settle answers}`, or what `guard!` says.
pub(crate) const TOUCH: Script = Script {
    source: guard!(
        "local key, command, argument = KEYS[1], ARGV[2], ARGV[3]
local _, refusal = unclaimed(key, 4)
if refusal then return refusal end
local number
if argument == '' then number = redis.call(command, key) else number = redis.call(command, key, argument) end
return {'done', number, settle(key)}"
    ),
    sha1: "50bbf8f971b5289854c9357e858a45b724abf092",
};

/// A command about a document.
pub(super) struct Touch {
    key: Vec<u8>,
    command: &'static str,
    argument: Option<u64>,
    claims: Option<Claims>,
    fence: Option<Carried>,
}

impl Touch {
    /// Deletes the document.
    pub(super) fn delete<M: Model>(cache: &Cache, id: impl Id<M::PrimaryKey>) -> Result<Self> {
        Self::new::<M>(cache, id, "DEL", None, || Next::Is(None))
    }

    /// Deletes the document with this key.
    pub(super) fn delete_at<M: Model>(cache: &Cache, key: Vec<u8>) -> Result<Self> {
        Self::at::<M>(cache, key, "DEL", None, || Next::Is(None))
    }

    /// Says how long the document lives.
    pub(super) fn expire<M: Model>(
        cache: &Cache,
        id: impl Id<M::PrimaryKey>,
        command: &'static str,
        argument: Option<u64>,
    ) -> Result<Self> {
        Self::new::<M>(cache, id, command, argument, || Next::Held)
    }

    fn new<M: Model>(
        cache: &Cache,
        id: impl Id<M::PrimaryKey>,
        command: &'static str,
        argument: Option<u64>,
        next: impl Fn() -> Next,
    ) -> Result<Self> {
        let key = key_of(&keyed::<M>(cache, Command::new(command), id)?).to_vec();
        Self::at::<M>(cache, key, command, argument, next)
    }

    fn at<M: Model>(
        cache: &Cache,
        key: Vec<u8>,
        command: &'static str,
        argument: Option<u64>,
        next: impl Fn() -> Next,
    ) -> Result<Self> {
        let claims = Claims::new(cache, M::schema(), &key, |_| next())?;
        let fence = cache.carried(M::schema(), &key)?;
        Ok(Self { key, command, argument, claims, fence })
    }

    /// The document's key.
    pub(super) fn key(&self) -> &[u8] {
        &self.key
    }

    /// Whether something was done.
    pub(super) async fn run(mut self, cache: &Cache) -> Result<bool> {
        let reply = unique::run(cache, &mut self).await?;
        Self::answer(&reply)
    }

    /// Whether something was done, by the answer.
    pub(super) fn answer(reply: &Reply) -> Result<bool> {
        let number = match reply {
            Reply::Array(items) => items.get(1).and_then(Reply::as_int),
            other => other.as_int(),
        };
        number.map(|number| number > 0).ok_or_else(|| Error::Decode {
            command: "EVALSHA".to_owned(),
            source: DecodeError::unexpected("an integer", reply.describe()),
        })
    }
}

impl Guarded for Touch {
    fn script(&self) -> Option<&'static Script> {
        (self.claims.is_some() || self.fence.is_some()).then_some(&TOUCH)
    }

    fn command(&self) -> Command {
        if self.script().is_none() {
            let command = Command::new(self.command).key(&self.key);
            return match self.argument {
                Some(argument) => command.arg_display(argument),
                None => command,
            };
        }
        let claims = self.claims.as_ref();
        let call = unique::call(&TOUCH, &self.key, claims, None, self.fence.as_ref()).arg(self.command);
        let call = match self.argument {
            Some(argument) => call.arg_display(argument),
            None => call.arg(""),
        };
        unique::guarded(call, claims)
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

#[cfg(test)]
mod tests {
    #[test]
    fn the_name_is_the_digest_of_the_source() {
        crate::script::assert_named(&super::TOUCH);
    }
}
