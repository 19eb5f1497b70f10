//! One attempt at a gate's key.

use std::sync::Arc;
use std::time::Duration;

use cache_index::{Command, printed};

use super::held::{Held, Won};
use super::keys::GateKeys;
use super::policy::Durability;
use super::release::Release;
use super::scripts::{self, Acquired};
use super::{Gate, Lease, preflight, renew, token};
use crate::cache::{Cache, GateCount, Line};
use crate::clock::Moment;
use crate::error::{Error, Result};

/// How an attempt ended.
#[derive(Debug)]
pub(super) enum Attempted {
    Won(Lease),
    Busy {
        holder: String,
        ttl: Option<Duration>,
    },
    NotDurable {
        acknowledged: u64,
        wanted: u32,
    },
    /// The generation that was asked about is finished.
    Finished,
}

/// Gives back what an attempt may have won that nobody waits for any more: the request may be on its way, or its answer
/// lost.
struct Unwaited<'a> {
    cache: &'a Cache,
    keys: &'a GateKeys,
    token: &'a str,
    ttl: Duration,
    line: &'a Line,
    armed: bool,
}

impl Drop for Unwaited<'_> {
    fn drop(&mut self) {
        if !self.armed {
            return;
        }
        let release = Release {
            cache: self.cache.clone(),
            keys: self.keys.clone(),
            token: self.token.to_owned(),
            ttl: self.ttl,
            stay: Duration::ZERO,
            generation: String::new(),
            unheard: false,
        };
        let until = Moment::now().after(self.ttl);
        // If it cannot be sent, or overtakes the request, the ttl bounds what may be left behind.
        self.line.leave(async move {
            let _answer = release.ask_until(until).await;
        });
    }
}

pub(super) async fn attempt(
    gate: &Gate,
    cache: &Cache,
    keys: &GateKeys,
    generation: &str,
) -> Result<Attempted, super::GateError> {
    preflight::check(gate, cache).await?;
    let (asked, tally) = (Moment::now(), cache.gate_tally());
    let attempted = ask(gate, cache, keys, generation).await;
    let waited = asked.until(Moment::now());
    tally.waited(waited);
    match &attempted {
        Ok(Attempted::Won(lease)) => {
            tally.count(GateCount::Acquired);
            tracing::debug!(key = %keys.lock, fence = lease.fence(), ?waited, "gate acquired");
        }
        Ok(Attempted::Busy { holder, .. }) => {
            tally.count(GateCount::Denied);
            tracing::debug!(key = %keys.lock, holder = %printed(holder), ?waited, "gate held by another");
        }
        Ok(Attempted::NotDurable { acknowledged, wanted }) => {
            tracing::warn!(key = %keys.lock, acknowledged, wanted, "gate given back: too few replicas have it");
        }
        Ok(Attempted::Finished) => {
            tracing::debug!(key = %keys.lock, generation, "gate's work was done before");
        }
        Err(error) => {
            tally.count(GateCount::Unavailable);
            tracing::warn!(key = %keys.lock, %error, "gate could not be asked");
        }
    }
    Ok(attempted?)
}

async fn ask(gate: &Gate, cache: &Cache, keys: &GateKeys, generation: &str) -> Result<Attempted> {
    let (token, line, ttl) = (token::token(), cache.errands().line(), gate.ttl);
    let bound = cache.connection().deadline().min(ttl);
    let mut unwaited = Unwaited { cache, keys, token: &token, ttl, line: &line, armed: true };
    let (asked, connection) = (Moment::now(), cache.connection().generation());
    let acquired = scripts::acquire(cache, keys, &token, ttl, generation, bound).await?;
    let fence = match acquired {
        Acquired::Yes { fence } => fence,
        Acquired::No { holder, ttl } => {
            unwaited.armed = false;
            return Ok(Attempted::Busy { holder, ttl });
        }
        Acquired::Finished => {
            unwaited.armed = false;
            return Ok(Attempted::Finished);
        }
    };
    if let Durability::Wait { replicas, timeout } = gate.durability {
        let wait = Command::new("WAIT").arg_display(replicas).arg_display(timeout.as_millis().max(1));
        let wait = wait.within(timeout.saturating_add(cache.connection().deadline()));
        let acknowledged = acknowledged(cache, keys, &token, ttl, wait, connection).await?;
        if acknowledged < u64::from(replicas) {
            return Ok(Attempted::NotDurable { acknowledged, wanted: replicas });
        }
    }
    unwaited.armed = false;
    drop(unwaited);
    let at_least = gate.at_least;
    let won = Won { cache: cache.clone(), keys: keys.clone(), token, fence, ttl, at_least, line };
    let held = Arc::new(Held::new(won, asked));
    if gate.renew {
        renew::start(&held, gate.longest());
    }
    Ok(Attempted::Won(Lease::new(held)))
}

/// How many replicas have what was written on this connection. `WAIT` speaks of the connection it is sent on: none, if it
/// was made anew meanwhile.
///
/// On a cluster it has no key that would take it to the gate's master: it goes behind a renewal, which is written there, on the
/// same connection.
async fn acknowledged(
    cache: &Cache,
    keys: &GateKeys,
    token: &str,
    ttl: Duration,
    wait: Command,
    connection: u64,
) -> Result<u64> {
    let reply = if cache.capabilities().cluster {
        scripts::renew_and(cache, keys, token, ttl, wait).await?
    } else {
        let reply = cache.command(wait).await?;
        (cache.connection().generation() == connection).then_some(reply)
    };
    let Some(reply) = reply else { return Ok(0) };
    reply.as_int().and_then(|count| u64::try_from(count).ok()).ok_or_else(|| Error::Decode {
        command: "WAIT".to_owned(),
        source: cache_index::DecodeError::unexpected("a number of replicas", reply.describe()),
    })
}
