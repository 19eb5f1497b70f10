//! What is sent through a cache: with a span, counted, and refused where the server is known to be away.

use std::pin::pin;
use std::time::Duration;

use cache_index::{Batch, Command, Reply};

use super::degrade::is_silent;
use super::observe::Sent;
use super::{Cache, shared};
use crate::connection::Capabilities;
use crate::error::Result;

impl Cache {
    /// Sends any command. Nothing is added to its keys.
    ///
    /// Each call is a span of `tracing`, with the command's name and sizes and without its arguments: see the README.
    ///
    /// All callers share one connection, so what would change it for everybody is refused: transactions in pieces
    /// ([`batch`](Cache::batch) sends whole ones), another database or user, turning replies off, the tracking of keys, subscriptions, replication. A command that
    /// blocks, such as `BLPOP`, keeps everybody waiting: give those a cache of their own.
    ///
    /// ```no_run
    /// # async fn example(cache: cache_core::Cache) -> cache_core::Result<()> {
    /// use cache_core::Command;
    ///
    /// let reply = cache.command(Command::new("INCR").key("visits")).await?;
    /// assert!(reply.as_int().is_some());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// The server's error, or what kept the command from being answered; [`Error::Unsupported`](crate::Error::Unsupported) for a command that
    /// would change the connection.
    pub async fn command(&self, command: Command) -> Result<Reply> {
        shared::check(&command)?;
        let observed = self.observe(Sent::One(&command));
        let call = async {
            let call = self.begin_call()?;
            let answer = self.connection.send(command).await;
            call.ended(answer.as_ref().err());
            answer
        };
        observed.around(pin!(call)).await
    }

    /// Sends any commands in one round trip, a pipeline or a transaction: one result each, in order. As [`command`](Cache::command) in all
    /// else.
    ///
    /// ```no_run
    /// # async fn example(cache: cache_core::Cache) -> cache_core::Result<()> {
    /// use cache_core::{Batch, Command};
    ///
    /// let visit = Command::new("INCR").key("visits");
    /// let expire = Command::new("EXPIRE").key("visits").arg("3600");
    /// let [visits, set] = &cache.batch(Batch::atomic(vec![visit, expire])).await?[..] else { return Ok(()) };
    /// println!("{visits:?}, {set:?}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// What kept all of them from being answered: the connection, a command that would change it, a transaction that the server refused. What
    /// the server says of one command is that one's result.
    #[doc(alias = "pipeline")]
    pub async fn batch(&self, batch: Batch) -> Result<Vec<Result<Reply>>> {
        batch.commands().iter().try_for_each(shared::check)?;
        self.send_all(batch).await
    }

    /// As [`batch`](Cache::batch), for commands of ours.
    pub(crate) async fn send_all(&self, batch: Batch) -> Result<Vec<Result<Reply>>> {
        let observed = self.observe(Sent::Many(&batch));
        let call = async {
            let call = self.begin_call()?;
            let answers = self.connection.send_all(batch).await;
            call.ended(match &answers {
                Ok(answers) => {
                    let mut errors = answers.iter().filter_map(|answer| answer.as_ref().err());
                    errors.find(|error| is_silent(error))
                }
                Err(error) => Some(error),
            });
            answers
        };
        observed.around(pin!(call)).await
    }

    /// As [`send_all`](Cache::send_all), for what is no write of whoever holds a fence.
    pub(crate) async fn unfenced_all(&self, batch: Batch) -> Result<Vec<Result<Reply>>> {
        let observed = self.observe(Sent::Many(&batch));
        let call = async {
            let call = self.begin_call()?;
            let answers = self.unfenced().send_all(batch).await;
            call.ended(answers.as_ref().err());
            answers
        };
        observed.around(pin!(call)).await
    }

    /// [What the server can do](Cache::capabilities), where something depends on it that cannot be mended later: whoever was not asked yet is, within the bound of what
    /// depends on it, if that has one of its own.
    pub(crate) async fn asked(&self, bound: Option<Duration>) -> Result<&Capabilities> {
        if self.capabilities().assumed {
            let ping = Command::new("PING").repeatable();
            let ping = bound.into_iter().fold(ping, Command::within);
            let answer = Box::pin(self.command(ping)).await;
            // Whoever may not ask this is told all the same what the server is.
            if self.capabilities().assumed {
                answer?;
            }
        }
        Ok(self.capabilities())
    }
}
