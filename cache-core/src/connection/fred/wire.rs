//! Commands on one client of `fred`, and the client's connection.

use std::future::{Future, poll_fn, ready};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use ::fred::clients::Client;
use ::fred::error::{Error as FredError, ErrorKind};
use ::fred::interfaces::{ClientLike, EventInterface};
use ::fred::types::config::{Options, Server};
use ::fred::types::{ConnectHandle, Resp3Frame};
use cache_index::Command;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;

use super::{convert, lists, tls};
use crate::connection::classify::NO_REDIS;
use crate::settings::Protocol;

/// What fred answers with.
pub(super) type Answer<T> = std::result::Result<T, FredError>;

/// An answer that is waited for. Boxed: it is large, and each layer above would have room for it, most of them several times.
pub(super) type Waiting<'a, T> = Pin<Box<dyn Future<Output = Answer<T>> + Send + 'a>>;

/// The task that drives a client; fred has it go on for ever.
pub(super) struct Driver(pub(super) ConnectHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How long is waited before it is looked again whether a client is connected that says nothing.
const LOOK: Duration = Duration::from_millis(10);

/// Connects a client, for as long as what is given lives.
pub(super) async fn open(client: &Client, within: Duration) -> Answer<Driver> {
    // Before there can be any.
    let errors = client.error_rx();
    let driver = Driver(client.connect());
    let opened = async {
        match attempt(client, errors).await {
            Some(answer) => answer,
            None => connected(client).await,
        }
    };
    tokio::time::timeout(within, opened).await.map_err(|_| unconnected())??;
    Ok(driver)
}

/// What fred says itself where there is no answer in time.
pub(super) fn late() -> FredError {
    FredError::new(ErrorKind::Timeout, "no answer in time")
}

/// What there is in place of an answer where nothing could be asked in time: no call took long.
pub(super) fn unconnected() -> FredError {
    FredError::new(ErrorKind::IO, "no connection in time")
}

/// Waits until a client is connected, or says why it is not.
pub(super) async fn connected(client: &Client) -> Answer<()> {
    // Most are, and then nobody listens.
    while !client.is_connected() {
        if let Some(answer) = Box::pin(attempt(client, client.error_rx())).await {
            return answer;
        }
    }
    Ok(())
}

/// Waits for what comes of an attempt to connect; `None`: that is not to be heard, but may be seen.
async fn attempt(client: &Client, mut errors: Receiver<(FredError, Option<Server>)>) -> Option<Answer<()>> {
    let heard = {
        let mut made = pin!(client.wait_for_connect());
        let mut failed = pin!(errors.recv());
        let mut listens = false;
        poll_fn(move |context| {
            if let Poll::Ready(failed) = failed.as_mut().poll(context) {
                return Poll::Ready(failed.map(|(error, _)| Some(error)));
            }
            if let Poll::Ready(made) = made.as_mut().poll(context) {
                return Poll::Ready(made.map(|()| None).map_err(|_| RecvError::Closed));
            }
            // fred (10.1) looks first and listens then: what is said in between it does not hear.
            if !std::mem::replace(&mut listens, true) && client.is_connected() {
                return Poll::Ready(Ok(None));
            }
            Poll::Pending
        })
        .await
    };
    match heard {
        Ok(None) => Some(Ok(())),
        Ok(Some(error)) => Some(Err(opening(error))),
        Err(RecvError::Lagged(_)) => None,
        // Whose the client is had it quit, and may connect it again: what it says then goes another way. Or it failed for
        // good, and says why in this moment.
        Err(RecvError::Closed) => {
            tokio::time::sleep(LOOK).await;
            errors.try_recv().ok().map(|(error, _)| Err(opening(error)))
        }
    }
}

/// An error of making a connection, which tells what is no Redis from an answer that cannot be read, what took too long
/// from a call that did, and what TLS says from the end of a connection.
fn opening(error: FredError) -> FredError {
    let error = tls::opening(error);
    match error.kind() {
        ErrorKind::Protocol => FredError::new(ErrorKind::Config, NO_REDIS),
        ErrorKind::Timeout => unconnected(),
        _ => error,
    }
}

/// Sends a command as it is: for those whose answer is none that fred keeps to itself.
pub(super) fn one<'a>(client: &'a Client, command: &Command, within: Duration) -> Waiting<'a, Resp3Frame> {
    let (command, args) = convert::command(command);
    // Once: fred would send what is lost again, whatever it is.
    let options = Options { max_attempts: Some(1), timeout: Some(within), ..Options::default() };
    Box::pin(async move { client.with_options(&options).custom_raw(command, args).await })
}

/// Sends a command in whichever way its answer comes back.
pub(super) fn ask<'a>(
    client: &'a Client,
    command: &'a Command,
    protocol: Protocol,
    within: Duration,
) -> Waiting<'a, Resp3Frame> {
    if lists::answers_with_one(command, protocol) {
        Box::pin(lists::apart(client, command, protocol, within))
    } else {
        one(client, command, within)
    }
}

/// Sends commands one behind the other, without waiting in between.
pub(super) fn ask_all<'a>(
    client: &'a Client,
    commands: &[&'a Command],
    protocol: Protocol,
    within: Duration,
) -> impl Future<Output = Vec<Answer<Resp3Frame>>> + Send + use<'a> {
    let mut waiting = Vec::with_capacity(commands.len());
    let mut asks = false;
    for (at, command) in commands.iter().copied().enumerate() {
        let next = commands.get(at + 1);
        let in_vain =
            command.name() == "ASKING" && next.is_some_and(|next| lists::answers_with_one(next, protocol));
        waiting.push(match (in_vain, std::mem::replace(&mut asks, in_vain)) {
            // That is said of the very next command, and not of a transaction: it waits until the slot has moved.
            (true, _) | (_, true) => {
                Box::pin(ready(Answer::<Resp3Frame>::Ok(lists::later()))) as Waiting<'a, Resp3Frame>
            }
            _ => ask(client, command, protocol, within),
        });
    }
    all_of(waiting)
}

/// Sends commands one behind the other, as they are.
pub(super) fn together(
    client: &Client,
    commands: &[&Command],
    within: Duration,
) -> impl Future<Output = Vec<Answer<Resp3Frame>>> + Send {
    all_of(commands.iter().map(|command| one(client, command, within)).collect())
}

/// All answers, in order.
fn all_of<'a>(
    waiting: Vec<Waiting<'a, Resp3Frame>>,
) -> impl Future<Output = Vec<Answer<Resp3Frame>>> + Send + use<'a> {
    let mut waiting: Vec<_> = waiting.into_iter().map(|waiting| (waiting, None)).collect();
    poll_fn(move |context| {
        let mut pending = false;
        for (future, answer) in &mut waiting {
            if answer.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(ready) => *answer = Some(ready),
                    Poll::Pending => pending = true,
                }
            }
        }
        if pending {
            Poll::Pending
        } else {
            Poll::Ready(waiting.drain(..).filter_map(|(_, answer)| answer).collect())
        }
    })
}
