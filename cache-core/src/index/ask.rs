//! Asking an index: with what has to be known of it in the same round trip, and again after it vanished.

use std::time::{Duration, Instant};

use cache_index::{Batch, Command, IndexInfo, Reply, Schema, Shortfall};

use super::filled::wait;
use super::heal::heal;
use super::info::{self, is_missing};
use super::notice::notice;
use crate::cache::{Cache, IndexPolicy};
use crate::error::{Error, Result};

/// How often an index is asked again after the connection broke, a database was flushed or the index vanished meanwhile.
const TRIES: usize = 8;

/// How an index is asked.
pub(crate) struct Question<'a> {
    pub(crate) schema: &'static Schema,
    pub(crate) index: &'a str,
    /// How long the client waits for an answer, if not as the connection does.
    pub(crate) deadline: Option<Duration>,
    /// What is done while the index is being filled; `None`: that does not matter.
    pub(crate) policy: Option<IndexPolicy>,
}

/// The answers to commands that travelled together.
pub(crate) struct Answer {
    pub(crate) replies: Vec<Reply>,
    /// Why documents may be missing in them, as far as that lies with the index.
    pub(crate) shortfalls: Vec<Shortfall>,
}

impl Question<'_> {
    /// Sends commands that read the index, in one round trip with a look at it, where it is not known whether it is filled.
    pub(crate) async fn ask(&self, cache: &Cache, commands: &[Command]) -> Result<Answer> {
        let (standing, began) = (cache.standing(), Instant::now());
        let patience = self.policy.and_then(IndexPolicy::patience);
        let mut tries = 0;
        while tries < TRIES {
            if let Some(patience) = patience {
                wait(cache, self.schema, self.index, began, patience).await?;
            }
            let mark = standing.mark(self.index, cache.connection().generation());
            let unknown = || !cache.connection().notices_flushes() || standing.wants_look(self.index, mark);
            let looks = self.policy.is_some() && unknown();
            let (info, replies) = match self.send(cache, commands, looks).await {
                Err(error) if is_missing(&error) => {
                    heal(cache, self.schema, self.index, mark).await?;
                    tries += 1;
                    continue;
                }
                other => other?,
            };
            let filled = info.as_ref().is_none_or(IndexInfo::is_filled);
            if let Some(info) = info {
                notice(cache, self.schema, self.index, mark, &info)?;
            }
            if mark != standing.mark(self.index, cache.connection().generation()) {
                // What was known of the index was known of another one than that which may have answered.
                tries += 1;
            } else if filled || patience.is_none() {
                let mut shortfalls = standing.told(self.index);
                if !filled {
                    shortfalls.push(Shortfall::Indexing);
                }
                return Ok(Answer { replies, shortfalls });
            }
        }
        let reason = "the connection broke, or the index vanished, again and again".to_owned();
        Err(Error::Unavailable { reason, source: None })
    }

    /// The first error is that of all.
    async fn send(
        &self,
        cache: &Cache,
        commands: &[Command],
        looks: bool,
    ) -> Result<(Option<IndexInfo>, Vec<Reply>)> {
        if let ([command], false) = (commands, looks) {
            return Ok((None, vec![cache.command(command.clone()).await?]));
        }
        // The look comes first: if the index is filled then, it is when the commands are answered.
        let look = looks.then(|| info::command(self.index, self.deadline));
        let batch = look.into_iter().chain(commands.iter().cloned()).collect();
        let mut replies = cache.send_all(Batch::pipeline(batch)).await?.into_iter();
        let info = match looks.then(|| replies.next()).flatten() {
            Some(reply) => Some(info::decode(reply?)?),
            None => None,
        };
        Ok((info, replies.collect::<Result<_>>()?))
    }
}
