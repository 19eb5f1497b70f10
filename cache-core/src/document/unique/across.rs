//! Claims and documents on different slots of a cluster, where no script can have both.
//!
//! 1. Each claim that is wanted is locked: it names the document, a token of this write and a time. Whoever meets it
//!    waits until it is confirmed, or the time is over.
//! 2. The document is written, by a script that refuses to do it after that time, or if the document has other values
//!    by now than those whose claims are known.
//! 3. The claims are confirmed: they end with the document. Claims on what it had before are given up, unless somebody
//!    locked them since.
//!
//! Whoever stops after the first step leaves claims of a document without the value: the next one who wants them sees
//! that and takes them over. Whoever stops after the second leaves claims that name a document with the value, as they
//! should; the next one who meets them confirms them. Claims that were not given up are as those of the first step.
//!
//! The clocks of the nodes must agree within [`SKEW`].

use std::time::Duration;

use bytes::Bytes;
use cache_index::{Command, DecodeError, Reply};
use tokio::time::{Instant, sleep};

use super::claims::Claims;
use super::content::Content;
use super::guarded::{Guarded, TRIES, contended, send};
use super::scripts::{LOCK, SETTLE, SHOW};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::script;

/// How far the clocks of two nodes may be apart.
const SKEW: Duration = Duration::from_secs(1);

/// How many calls a write may wait for between its locks and the document, each until its deadline.
const CALLS: u32 = 4;

/// The longest such deadline that counts: a time that is more than a day away is taken for no lock's.
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// How long it is waited for somebody else's lock between two looks, at most.
const LOOK: Duration = Duration::from_millis(20);

/// A claim that nobody else touches now.
struct Lock {
    number: usize,
    key: Vec<u8>,
    till: u64,
}

/// A claim as it was before the document was written.
struct Old {
    key: Vec<u8>,
    token: String,
}

/// A write of one document, with the claims that it has locked.
struct Session<'a> {
    cache: &'a Cache,
    /// Of the locks that it has now. Other locks have another one, also those of the same write: who has read one claim
    /// and gives it up later must not mean the next one.
    token: String,
    locks: Vec<Lock>,
}

/// Calls until it is done, or known not to be.
pub(super) async fn run<G: Guarded>(cache: &Cache, call: &mut G) -> Result<Reply> {
    let mut session = Session { cache, token: token(), locks: Vec::new() };
    for _ in 0..TRIES {
        let Some(claims) = call.claims() else { return send(cache, call).await };
        if let Err(error) = session.lock_all(claims).await {
            session.abandon(claims).await;
            return Err(error);
        }
        let old = session.old(claims).await?;
        claims.last = session.locks.iter().map(|lock| lock.till.saturating_sub(millis(SKEW))).min();
        let reply = send(cache, call).await;
        let Some(claims) = call.claims() else { return reply };
        let reply = match reply {
            Ok(reply) => reply,
            // The server refused it.
            Err(error) if error.server_kind().is_some() => {
                session.abandon(claims).await;
                return Err(error);
            }
            // It may be executed yet, until the locks are over.
            Err(error) => return Err(error),
        };
        match word(&reply) {
            Some("late") => {
                session.abandon(claims).await;
                return Err(claims.contended());
            }
            Some("stored" | "done") => {
                session.settle(claims, ends(&reply), old).await;
                return Ok(reply);
            }
            _ if claims.learn(&reply)? => {}
            _ => {
                session.abandon(claims).await;
                return Ok(reply);
            }
        }
    }
    if let Some(claims) = call.claims() {
        session.abandon(claims).await;
    }
    Err(contended(call))
}

impl Session<'_> {
    /// Locks what is wanted. In the order of the keys, so that no two writes wait for each other.
    async fn lock_all(&mut self, claims: &Claims) -> Result<()> {
        let mut wanted = claims.wanted();
        wanted.sort_by(|one, other| one.1.cmp(&other.1));
        if self.locks.iter().map(|lock| &lock.key).eq(wanted.iter().map(|(_, key)| key)) {
            return Ok(());
        }
        self.abandon(claims).await;
        self.token = token();
        for (number, key) in wanted {
            let till = self.lock(claims, number, &key).await?;
            self.locks.push(Lock { number, key, till });
        }
        Ok(())
    }

    async fn lock(&self, claims: &Claims, number: usize, key: &[u8]) -> Result<u64> {
        let deadline = self.cache.connection().deadline().min(LONGEST);
        let life = CALLS * deadline + SKEW;
        let until = Instant::now() + life + deadline;
        let mut stale = Bytes::new();
        loop {
            let call = LOCK.call().arg("1").key(key).arg(&self.token).arg(&claims.key);
            let call = call.arg_display(millis(life)).arg(&stale);
            let reply = script::run(self.cache, &LOCK, call).await?;
            let second = match &reply {
                Reply::Array(items) => items.get(1),
                _ => None,
            };
            match (word(&reply), second) {
                (Some("locked"), Some(till)) => {
                    return till
                        .as_str()
                        .and_then(|till| till.parse().ok())
                        .ok_or_else(|| unreadable(&reply));
                }
                (Some("held"), Some(content)) => {
                    stale = Bytes::copy_from_slice(content.as_bytes().unwrap_or_default());
                    self.refuse_live(claims, number, key, &stale).await?;
                }
                (Some("pending"), _) if Instant::now() < until => sleep(LOOK.mul_f64(rand::random())).await,
                (Some("pending"), _) => return Err(claims.contended()),
                _ => return Err(unreadable(&reply)),
            }
        }
    }

    /// An error if the document that a claim names has the value. If its writer stopped before it confirmed the claim,
    /// this does.
    async fn refuse_live(&self, claims: &Claims, number: usize, key: &[u8], content: &[u8]) -> Result<()> {
        let Some(Content { token, pending, owner }) = Content::read(content) else { return Ok(()) };
        let (ends, shown) = self.show(claims, &owner).await?;
        if !claims.has(&shown, number, key) {
            return Ok(());
        }
        if pending {
            self.settle_one(key, &token, &owner, &ends).await?;
        }
        Err(claims.taken(number, &owner))
    }

    /// The claims that the document has and is to give up, with what they hold.
    async fn old(&self, claims: &Claims) -> Result<Vec<Old>> {
        let mut old = Vec::new();
        for key in claims.released() {
            let reply = self.cache.command(Command::new("GET").key(&key).repeatable()).await?;
            let content = reply.as_bytes().and_then(Content::read);
            // One that is pending is another writer's, who may store the value again.
            if let Some(Content { token, pending: false, owner }) = content
                && owner == claims.key
            {
                old.push(Old { key, token });
            }
        }
        Ok(old)
    }

    /// Confirms what was locked and gives up what is old. The document is stored whatever happens here, and what is not
    /// done is repaired by whoever meets it.
    async fn settle(&mut self, claims: &Claims, ends: &str, old: Vec<Old>) {
        for lock in std::mem::take(&mut self.locks) {
            let _ = self.settle_one(&lock.key, &self.token, &claims.key, ends).await;
        }
        for Old { key, token } in old {
            let _ = self.settle_one(&key, &token, &claims.key, "-2").await;
        }
    }

    /// Lets go of the locks: back to claims where the document has the value, else to nothing.
    async fn abandon(&mut self, claims: &Claims) {
        let locks = std::mem::take(&mut self.locks);
        if locks.is_empty() {
            return;
        }
        // Where this cannot be asked, they are over after a while.
        let Ok((ends, shown)) = self.show(claims, &claims.key).await else { return };
        for lock in locks {
            let ends = if claims.has(&shown, lock.number, &lock.key) { ends.as_str() } else { "-2" };
            let _ = self.settle_one(&lock.key, &self.token, &claims.key, ends).await;
        }
    }

    async fn settle_one(&self, key: &[u8], token: &str, owner: &[u8], ends: &str) -> Result<()> {
        // A claim may outlive its document, which is seen, but not the other way round.
        let ends = match ends.parse::<u64>() {
            Ok(ends) => ends.saturating_add(millis(SKEW)).to_string(),
            Err(_) => ends.to_owned(),
        };
        let call = SETTLE.call().arg("1").key(key).arg(token).arg(owner).arg(ends).repeatable();
        script::run(self.cache, &SETTLE, call).await.map(drop)
    }

    /// When a document ends, and what its members are.
    async fn show(&self, claims: &Claims, document: &[u8]) -> Result<(String, Vec<Option<String>>)> {
        let call = SHOW.call().arg("1").key(document).args_from(claims.paths()).repeatable();
        match script::run(self.cache, &SHOW, call).await? {
            Reply::Array(items) => {
                let mut texts = items.iter().map(|item| item.as_str().map(str::to_owned));
                let ends = texts.next().flatten().unwrap_or_else(|| "-2".to_owned());
                Ok((ends, texts.collect()))
            }
            other => Err(unreadable(&other)),
        }
    }
}

fn token() -> String {
    format!("{:016x}", rand::random::<u64>())
}

/// The first item of an answer.
fn word(reply: &Reply) -> Option<&str> {
    match reply {
        Reply::Array(items) => items.first()?.as_str(),
        _ => None,
    }
}

/// The last item of an answer: when the document ends.
fn ends(reply: &Reply) -> &str {
    match reply {
        Reply::Array(items) => items.last().and_then(Reply::as_str).unwrap_or("-1"),
        _ => "-1",
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn unreadable(reply: &Reply) -> Error {
    Error::Decode {
        command: "EVALSHA".to_owned(),
        source: DecodeError::unexpected("the state of a claim", reply.describe()),
    }
}
