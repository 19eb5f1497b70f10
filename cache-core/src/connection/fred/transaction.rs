//! Transactions, on a connection that nothing else is sent on.

use std::time::Duration;

use ::fred::clients::Client;
use ::fred::interfaces::ClientLike;
use ::fred::types::Resp3Frame;
use cache_index::{Command, DecodeError, Reply};
use tokio::sync::Mutex;

use super::wire::{Answer, Driver, open, together};
use super::{config, convert};
use crate::error::{Error, Result};

/// The connection for transactions, one of which runs at a time.
#[derive(Default)]
pub(super) struct Transactions {
    idle: Mutex<Option<(Client, Driver)>>,
}

impl Transactions {
    /// Runs commands between `MULTI` and `EXEC`, in one piece; what each of these answered.
    pub(super) async fn run(
        &self,
        like: &Client,
        commands: &[&Command],
        within: Duration,
    ) -> Answer<Vec<Resp3Frame>> {
        let mut idle = self.idle.lock().await;
        // Whoever gives up in the middle drops the connection with it.
        let (client, driver) = match idle.take().filter(|(client, _)| client.is_connected()) {
            Some(ready) => ready,
            None => {
                let client = config::once(like);
                let driver = open(&client, within).await?;
                (client, driver)
            }
        };
        let (multi, exec) = (Command::new("MULTI"), Command::new("EXEC"));
        let all: Vec<_> = std::iter::once(&multi).chain(commands.iter().copied()).chain([&exec]).collect();
        let frames = together(&client, &all, within).await.into_iter().collect::<Answer<Vec<_>>>()?;
        *idle = Some((client, driver));
        Ok(frames)
    }
}

/// The answers of a transaction, one each; if it was not run, why not.
pub(super) fn answers(commands: &[&Command], mut frames: Vec<Resp3Frame>) -> Result<Vec<Result<Reply>>> {
    let exec = frames.pop().map_or(Reply::Nil, convert::reply);
    match exec {
        Reply::Array(replies) if replies.len() == commands.len() => {
            let answer = |(command, reply): (&&Command, Reply)| match reply {
                Reply::Error(source) => Err(Error::Server { command: command.name().to_owned(), source }),
                reply => Ok(reply),
            };
            Ok(commands.iter().zip(replies).map(answer).collect())
        }
        Reply::Error(aborted) => {
            // The command that was refused says why; `EXEC` says only that one was.
            let queued = commands.iter().zip(frames.into_iter().skip(1));
            let refused =
                queued.filter_map(|(command, frame)| convert::answer(command.name(), frame).err()).next();
            Err(refused.unwrap_or(Error::Server { command: "EXEC".to_owned(), source: aborted }))
        }
        other => Err(Error::Decode {
            command: "EXEC".to_owned(),
            source: DecodeError::unexpected("one answer for each command", other.describe()),
        }),
    }
}
