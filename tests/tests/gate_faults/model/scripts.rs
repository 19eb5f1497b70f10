//! The gate's real scripts, as the library sends them: heard on its connection, and sent again with other tokens.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cache_core::{Cache, CacheModel, Command, Connection, Gate, Reply, Result};
use futures_core::future::BoxFuture;
use serde::{Deserialize, Serialize};

use super::server::{Answer, Request, Token};

/// How long a tick is. Far longer than a case takes: between ticks no key ends.
pub(crate) const TICK: Duration = Duration::from_secs(3_600);

/// The document that the fleet writes.
#[derive(Debug, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "page")]
struct Page {
    #[primary_key]
    id: u32,
}

/// A connection that is listened to.
struct Overheard {
    inner: Arc<dyn Connection>,
    heard: Mutex<Vec<Command>>,
}

impl Connection for Overheard {
    fn send(&self, command: Command) -> BoxFuture<'_, Result<Reply>> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(command.clone());
        self.inner.send(command)
    }

    cache_tests::hand_on!(inner: send_all, capabilities, pushes, deadline);
}

/// The calls of one gate, as they were sent for one lease.
pub(crate) struct Calls {
    acquire: Vec<Vec<u8>>,
    renew: Vec<Vec<u8>>,
    release: Vec<Vec<u8>>,
    write: Vec<Vec<u8>>,
    token: Vec<u8>,
    fence: Vec<u8>,
    ttl: Vec<u8>,
    pub(crate) lock: String,
}

impl Calls {
    /// Lets the library take, renew, use and give back a lease, and remembers what it sends.
    pub(crate) async fn overhear(cache: &Cache, project: &str) -> Self {
        let overheard =
            Arc::new(Overheard { inner: Arc::clone(cache.connection()), heard: Mutex::default() });
        let cache = Cache::from_connection(overheard.clone()).project(project);
        let gate = Gate::new("model").ttl(Duration::from_millis(300)).any_ttl();
        let lease = gate.try_lock(&cache).await.expect("a server").expect("the gate is free");
        let saved = Page { id: 1 }.save(&lease.fenced(&cache).expect("it is held")).await;
        assert!(saved.expect("the lease is the newest").stored());
        while cache.gate_counts().renewed == 0 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let (token, fence, lock) =
            (lease.token().to_owned(), lease.fence().to_string(), lease.key().to_owned());
        lease.release().await;
        let heard = std::mem::take(&mut *overheard.heard.lock().unwrap_or_else(PoisonError::into_inner));
        let calls: Vec<Vec<Vec<u8>>> = heard
            .iter()
            .filter(|command| command.name() == "EVALSHA")
            .map(|command| command.args().map(<[u8]>::to_vec).collect())
            .collect();
        let find = |wanted: &dyn Fn(&[Vec<u8>]) -> bool| {
            calls.iter().find(|call| wanted(call)).cloned().expect("the call was heard")
        };
        // By the number of their keys, and by what these are.
        let is_lock = |call: &[Vec<u8>], keys: &[u8]| call[2] == keys && call[3] == lock.as_bytes();
        Self {
            acquire: find(&|call| is_lock(call, b"3")),
            renew: find(&|call| is_lock(call, b"1")),
            release: find(&|call| is_lock(call, b"2")),
            write: find(&|call| call[3].ends_with(b":page:1")),
            token: token.into_bytes(),
            fence: fence.into_bytes(),
            ttl: b"300".to_vec(),
            lock,
        }
    }

    /// The call of a request. `fence`: the one that the server gave out where the model has this number.
    pub(crate) fn call(&self, request: Request, fence: Option<u64>, ticks: u8) -> Command {
        let ttl = (TICK * u32::from(ticks)).as_millis();
        let (call, token) = match request {
            Request::Acquire(token) => (&self.acquire, token),
            Request::Renew(token) => (&self.renew, token),
            Request::Release(token) => (&self.release, token),
            Request::Write(..) => (&self.write, 0),
        };
        call.iter().skip(1).fold(Command::new("EVALSHA"), |command, word| {
            if *word == self.token {
                command.arg(name(token))
            } else if *word == self.ttl {
                command.arg_display(ttl)
            } else if let (true, Some(fence)) = (*word == self.fence, fence) {
                command.arg_display(fence)
            } else {
                command.arg(word)
            }
        })
    }
}

fn name(token: Token) -> String {
    format!("t{token}")
}

/// What the server answered, with its own numbers in place of the model's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Real {
    /// As the model says it.
    Same(Answer),
    Won(u64),
    Fenced(u64),
}

/// Reads an answer to this request. `None`: it is none that the scripts give.
pub(crate) fn read(request: Request, reply: &Reply) -> Option<Real> {
    let items = match reply {
        Reply::Array(items) => items.as_slice(),
        _ => &[],
    };
    let text = |at: usize| items.get(at).and_then(Reply::as_str);
    match request {
        Request::Acquire(_) => match items.first()?.as_int()? {
            1 => Some(Real::Won(text(1)?.parse().ok()?)),
            0 => Some(Real::Same(Answer::Busy(text(1)?.strip_prefix('t')?.parse().ok()?))),
            _ => None,
        },
        Request::Renew(_) | Request::Release(_) => Some(Real::Same(Answer::Owned(reply.as_int()? == 1))),
        Request::Write(..) => match text(0)? {
            "stored" => Some(Real::Same(Answer::Stored)),
            "fenced" => Some(Real::Fenced(text(1)?.parse().ok()?)),
            _ => None,
        },
    }
}
