//! Commands on one client of `fred`, and the client's connection.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use ::fred::clients::Client;
use ::fred::error::{Error as FredError, ErrorKind};
use ::fred::interfaces::{ClientLike, EventInterface};
use ::fred::types::config::Options;
use ::fred::types::{ConnectHandle, Resp3Frame};
use cache_index::Command;
use tokio::sync::broadcast::error::RecvError;

use super::convert;
use crate::connection::classify::NO_REDIS;

/// What fred answers with.
pub(super) type Answer<T> = std::result::Result<T, FredError>;

/// The task that drives a client; fred has it go on for ever.
pub(super) struct Driver(pub(super) ConnectHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How often it is looked whether a client is connected: between two of its attempts nothing is said.
const LOOK: Duration = Duration::from_millis(10);

/// Connects a client, for as long as what is given lives.
pub(super) async fn open(client: &Client, within: Duration) -> Answer<Driver> {
    let mut errors = client.error_rx();
    let driver = Driver(client.connect());
    let opened = async {
        loop {
            // fred (10.1) looks first and listens then: what is said in between it does not hear.
            match tokio::time::timeout(LOOK, client.wait_for_connect()).await {
                Ok(said) => return said,
                Err(_) => {
                    if let Ok((error, _)) = errors.try_recv() {
                        return Err(error);
                    }
                }
            }
        }
    };
    let late = |_| FredError::new(ErrorKind::IO, "no connection in time");
    tokio::time::timeout(within, opened).await.map_err(late)?.map_err(opening)?;
    Ok(driver)
}

/// Waits until a client is connected, or says why it is not.
pub(super) async fn connected(client: &Client) -> Answer<()> {
    let mut errors = client.error_rx();
    while !client.is_connected() {
        match tokio::time::timeout(LOOK, errors.recv()).await {
            Ok(Ok((error, _))) => return Err(opening(error)),
            // Whose the client is had it quit, and may connect it again: what it says then goes another way.
            Ok(Err(RecvError::Closed)) => {
                tokio::time::sleep(LOOK).await;
                errors = client.error_rx();
            }
            Ok(Err(RecvError::Lagged(_))) | Err(_) => {}
        }
    }
    Ok(())
}

/// An error of making a connection, which tells what is no Redis from an answer that cannot be read.
fn opening(error: FredError) -> FredError {
    if *error.kind() == ErrorKind::Protocol { FredError::new(ErrorKind::Config, NO_REDIS) } else { error }
}

pub(super) async fn one(client: &Client, command: &Command, within: Duration) -> Answer<Resp3Frame> {
    // Once: fred would send what is lost again, whatever it is.
    let options = Options { max_attempts: Some(1), timeout: Some(within), ..Options::default() };
    let (command, args) = convert::command(command);
    client.with_options(&options).custom_raw(command, args).await
}

/// Sends commands one behind the other, without waiting in between.
pub(super) async fn together(
    client: &Client,
    commands: &[&Command],
    within: Duration,
) -> Vec<Answer<Resp3Frame>> {
    type Waiting<'a> = Pin<Box<dyn Future<Output = Answer<Resp3Frame>> + Send + 'a>>;
    let mut waiting: Vec<(Waiting<'_>, Option<Answer<Resp3Frame>>)> = Vec::with_capacity(commands.len());
    for command in commands {
        waiting.push((Box::pin(one(client, command, within)), None));
    }
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
    .await
}
