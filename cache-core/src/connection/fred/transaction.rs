//! Transactions, on a connection that nothing else is sent on, and the order in which what was given up comes to the server.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex as Lock, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use ::fred::clients::Client;
use ::fred::error::{Error as FredError, ErrorKind};
use ::fred::interfaces::ClientLike;
use ::fred::types::Resp3Frame;
use cache_index::Command;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::wire::{Answer, Driver, late, one, open, together};
use super::{config, convert, lists};

/// What part of a call's time it waits at most for a transaction that was given up before it.
const SHARE: u32 = 4;

/// A client of one connection, and what drives it.
struct Own {
    client: Client,
    driver: Driver,
}

impl Own {
    /// fred (10.1) goes on saying that it is connected when what drives it has ended.
    fn is_usable(&self) -> bool {
        self.client.is_connected() && !self.driver.0.is_finished()
    }

    /// Waits for a call of the client, for as long as that is driven: nobody answers it afterwards.
    async fn during<T>(&mut self, call: impl Future<Output = Answer<T>>) -> Answer<T> {
        let mut call = pin!(call);
        poll_fn(|context| {
            if let Poll::Ready(answer) = call.as_mut().poll(context) {
                return Poll::Ready(answer);
            }
            let ended = Pin::new(&mut self.driver.0).poll(context);
            ended.map(|_| Err(FredError::new(ErrorKind::IO, "the connection ended")))
        })
        .await
    }
}

/// The connection for transactions, one of which runs at a time.
///
/// fred sends a command whose caller has gone. What the same caller does next may go another way, and is not to be overtaken
/// by it: so who comes next waits until the server has seen what was given up.
#[derive(Default)]
pub(super) struct Transactions {
    idle: Mutex<Option<Own>>,
    /// The connection of a transaction that was given up.
    left: Lock<Option<Own>>,
    is_left: AtomicBool,
    /// The clients of commands that were given up.
    behind: Lock<Vec<Client>>,
}

impl Transactions {
    /// Runs commands between `MULTI` and `EXEC`, in one piece; what each of these answered.
    pub(super) async fn run(
        &self,
        like: &Client,
        commands: &[&Command],
        within: Duration,
    ) -> Answer<Vec<Resp3Frame>> {
        let (began, whole) = (Instant::now(), within);
        let mut idle = match self.idle.try_lock() {
            Ok(idle) => idle,
            Err(_) => timeout(within, self.idle.lock()).await.map_err(|_| late())?,
        };
        let within = whole.saturating_sub(began.elapsed()).max(Duration::from_millis(1));
        if self.is_left.load(Ordering::Acquire) {
            Box::pin(self.settle(&mut idle, within)).await;
        }
        while let Some(client) = self.next_behind() {
            self.watch(&client, one(&client, &Command::new("PING"), within)).await?;
        }
        let own = match idle.take().filter(Own::is_usable) {
            Some(ready) => ready,
            None => {
                let client = config::once(like);
                let driver = open(&client, within).await?;
                Own { client, driver }
            }
        };
        let (multi, ping, exec) = (Command::new("MULTI"), Command::new("PING"), Command::new("EXEC"));
        let first = Some(&ping).filter(|_| lists::needs_a_first(commands));
        let all: Vec<_> =
            std::iter::once(&multi).chain(first).chain(commands.iter().copied()).chain([&exec]).collect();
        let client = own.client.clone();
        let mut under_way = UnderWay { of: self, own: Some(own) };
        let Some(own) = &mut under_way.own else { return Ok(Vec::new()) };
        let call = async { together(&client, &all, within).await.into_iter().collect::<Answer<Vec<_>>>() };
        let frames = own.during(call).await;
        let own = under_way.own.take();
        *idle = own.filter(|_| frames.is_ok());
        frames.map(|frames| if first.is_some() { without_first(frames) } else { frames })
    }

    /// Runs a call that goes another way.
    pub(super) async fn beside<T>(
        &self,
        client: &Client,
        call: impl Future<Output = Answer<T>>,
        within: Duration,
    ) -> Answer<T> {
        if self.is_left.load(Ordering::Acquire) {
            let settled = async { self.settle(&mut *self.idle.lock().await, within).await };
            // The transaction of somebody else may take longer.
            let _ = Box::pin(timeout(within / SHARE, settled)).await;
        }
        self.watch(client, call).await
    }

    /// Remembers the client of a call that is given up.
    async fn watch<T>(&self, client: &Client, call: impl Future<Output = Answer<T>>) -> Answer<T> {
        let mut sent = Sent { of: self, client, is_answered: false };
        let answer = call.await;
        sent.is_answered = !matches!(&answer, Err(error) if *error.kind() == ErrorKind::Timeout);
        answer
    }

    /// What a connection that broke was to send is not waited for.
    fn next_behind(&self) -> Option<Client> {
        let mut behind = self.behind.lock().unwrap_or_else(PoisonError::into_inner);
        behind.retain(Client::is_connected);
        behind.pop()
    }

    /// Waits until the server has seen a transaction that was given up: then its connection is good for the next. One that
    /// says nothing in time is given up too.
    async fn settle(&self, idle: &mut Option<Own>, within: Duration) {
        let Some(own) = self.left.lock().unwrap_or_else(PoisonError::into_inner).take() else { return };
        let client = own.client.clone();
        let mut under_way = UnderWay { of: self, own: Some(own) };
        if let Some(own) = under_way.own.as_mut().filter(|own| own.is_usable()) {
            // All of it was handed over before it could be given up, so that nothing is between this and that.
            let answer = own.during(one(&client, &Command::new("PING"), within / SHARE)).await;
            // Any other answer is one to what was given up.
            let is_done = answer.is_ok_and(|frame| convert::reply(frame).as_str() == Some("PONG"));
            *idle = under_way.own.take().filter(|_| is_done);
        }
        drop(under_way.own.take());
        self.is_left.store(false, Ordering::Release);
    }
}

/// A transaction that may have been sent.
struct UnderWay<'a> {
    of: &'a Transactions,
    own: Option<Own>,
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        if let Some(own) = self.own.take() {
            *self.of.left.lock().unwrap_or_else(PoisonError::into_inner) = Some(own);
            self.of.is_left.store(true, Ordering::Release);
        }
    }
}

/// A call that may have been sent.
struct Sent<'a> {
    of: &'a Transactions,
    client: &'a Client,
    is_answered: bool,
}

impl Drop for Sent<'_> {
    fn drop(&mut self) {
        if self.is_answered {
            return;
        }
        let mut behind = self.of.behind.lock().unwrap_or_else(PoisonError::into_inner);
        if behind.iter().all(|client| client.id() != self.client.id()) {
            behind.push(self.client.clone());
        }
    }
}

/// The frames of a transaction as they were without what was sent in front of its commands.
fn without_first(mut frames: Vec<Resp3Frame>) -> Vec<Resp3Frame> {
    if frames.len() > 1 {
        frames.remove(1);
    }
    if let Some(Resp3Frame::Array { data, .. }) = frames.last_mut()
        && !data.is_empty()
    {
        data.remove(0);
    }
    frames
}
