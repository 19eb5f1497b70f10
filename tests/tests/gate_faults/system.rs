//! The two gates that are compared: this library's, and one with the rules of the original.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cache_core::{Cache, Command, Gate, GateError, Lease, Released};
use serde::{Deserialize, Serialize};

use crate::event::{Log, What};

/// Whose rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Rules {
    /// This library's.
    Ours,
    /// `SET key pid NX PX ttl`; on exit the key is deleted, or re-expired to the grace, without asking who holds it, also
    /// after an error; no renewal, no deadline, no fence. Its commands travel as scripts that name their caller, so that
    /// the witness sees who did what.
    Original,
}

const SET: &str = "if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2]) return 1";
const EXIT: &str = "if ARGV[2] == '0' then return redis.call('DEL', KEYS[1]) end return redis.call('PEXPIRE', KEYS[1], ARGV[2])";

/// A gate, and the cache it is asked through.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    pub(crate) rules: Rules,
    pub(crate) gate: Gate,
    pub(crate) cache: Cache,
    pub(crate) ttl: Duration,
    pub(crate) grace: Duration,
}

/// The name of all gates here; their projects differ.
pub(crate) const KEY: &str = "job";

/// The key on the server of the gate of a project.
pub(crate) fn lock_key(project: &str) -> String {
    format!("{project}:{KEY}:leader")
}

/// A gate with a ttl that only tests use, renewed for as long as its work runs.
pub(crate) fn gate(ttl: Duration) -> Gate {
    Gate::new(KEY).ttl(ttl).any_ttl().max_hold(None)
}

impl Door {
    pub(crate) fn new(rules: Rules, cache: &Cache, ttl: Duration) -> Self {
        Self { rules, gate: gate(ttl), cache: cache.clone(), ttl, grace: Duration::ZERO }
    }

    pub(crate) fn grace(mut self, grace: Duration) -> Self {
        self.gate = self.gate.grace(grace);
        self.grace = grace;
        self
    }

    fn key(&self) -> String {
        let project = self.cache.project_name().ok().flatten().unwrap_or_default();
        lock_key(project)
    }

    /// Waits for the gate, at most that long; `None`: somebody else held it.
    pub(crate) async fn lock(&self, bound: Duration) -> Result<Option<Hold>, GateError> {
        if self.rules == Rules::Ours {
            return Ok(self.gate.lock(&self.cache).wait(bound).await?.map(Hold::Ours));
        }
        let until = Instant::now() + bound;
        loop {
            if let Some(hold) = self.set().await? {
                return Ok(Some(hold));
            }
            if Instant::now() >= until {
                return Ok(None);
            }
            tokio::time::sleep(self.ttl / 20).await;
        }
    }

    /// Asks once.
    pub(crate) async fn try_lock(&self) -> Result<Option<Hold>, GateError> {
        match self.rules {
            Rules::Ours => Ok(self.gate.try_lock(&self.cache).await?.map(Hold::Ours)),
            Rules::Original => self.set().await,
        }
    }

    async fn set(&self) -> Result<Option<Hold>, GateError> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        // The original's value is the process alone; the number tells its wins apart.
        let owner = format!("{}-{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let set = Command::new("EVAL").arg(SET).arg("1").key(self.key()).arg(&owner);
        let won = self.cache.command(set.arg_display(self.ttl.as_millis())).await?;
        let hold = || Hold::Original { door: Box::new(self.clone()), owner };
        Ok((won.as_int() == Some(1)).then(hold))
    }
}

/// One win.
#[derive(Debug)]
pub(crate) enum Hold {
    Ours(Lease),
    Original { door: Box<Door>, owner: String },
}

impl Hold {
    /// Whether it says that it still holds. The original never says otherwise.
    pub(crate) fn check(&self) -> bool {
        match self {
            Self::Ours(lease) => lease.check().is_ok(),
            Self::Original { .. } => true,
        }
    }

    pub(crate) fn fence(&self) -> u64 {
        match self {
            Self::Ours(lease) => lease.fence(),
            Self::Original { .. } => 0,
        }
    }

    pub(crate) fn owner(&self) -> &str {
        match self {
            Self::Ours(lease) => lease.token(),
            Self::Original { owner, .. } => owner,
        }
    }

    /// Writes down when it is told that it was lost, or given back. Others lease it too until then, which changes nothing: a
    /// release ends all.
    pub(crate) fn listen(&self, log: &Arc<Log>, who: u32) {
        let Self::Ours(lease) = self else { return };
        let (lease, owner, log) = (lease.clone(), self.owner().to_owned(), Arc::clone(log));
        tokio::spawn(async move {
            lease.lost().await;
            log.say(who, What::Told { owner });
        });
    }

    /// Gives it back; whether it was held to the end, as far as that is known.
    pub(crate) async fn release(self) -> Result<bool, GateError> {
        match self {
            Self::Ours(lease) => Ok(lease.release().await == Released::Released),
            Self::Original { door, owner } => {
                let exit = Command::new("EVAL").arg(EXIT).arg("1").key(door.key()).arg(&owner);
                let left = door.cache.command(exit.arg_display(door.grace.as_millis())).await?;
                Ok(left.as_int() == Some(1))
            }
        }
    }
}
