//! A call that looks after claims, as it is known now: what it sends, once.

use cache_index::{Command, Reply};

use super::claims::Claims;
use crate::cache::{Cache, Carried};
use crate::document::fence;
use crate::error::{Error, Result};
use crate::script::{self, Script};

/// How often it is tried while others change the same document each time.
pub(super) const TRIES: usize = 64;

/// A call of a script behind `guard!`, or something smaller where nothing is to be guarded.
pub(in crate::document) trait Guarded: Send {
    /// The script that the command calls; `None`: it is a plain command.
    fn script(&self) -> Option<&'static Script>;

    /// The call, with the claims as they are known now.
    fn command(&self) -> Command;

    /// The document.
    fn key(&self) -> &[u8];

    /// The fence that the call carries, if it does. Then it is a call of a script behind `guard!`.
    fn fence(&self) -> Option<&Carried>;

    /// The claims, if there are any.
    fn claims(&mut self) -> Option<&mut Claims>;
}

/// Sends the command once.
pub(super) async fn send<G: Guarded>(cache: &Cache, call: &G) -> Result<Reply> {
    let command = cache.entry(call.command());
    match call.script() {
        Some(script) => {
            let reply = script::run(cache, script, command).await?;
            fence::passed(reply, call.key(), call.fence())
        }
        None => cache.command(command).await,
    }
}

pub(super) fn contended<G: Guarded>(call: &mut G) -> Error {
    match call.claims() {
        Some(claims) => claims.contended(),
        None => Error::Unavailable { reason: "it was tried too often".to_owned(), source: None },
    }
}
