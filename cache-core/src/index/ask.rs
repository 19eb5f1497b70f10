//! Asking an index: with what has to be known of it in the same round trip, and again after it vanished.

use std::time::{Duration, Instant};

use cache_index::{Batch, Command, Reply, Schema, ServerErrorKind, Shortfall};

use super::filled::wait;
use super::heal::heal;
use super::info::look_at;
use super::made::{heard, listen, number, read};
use super::notice::{know, notice};
use super::told::{decode, is_missing, question};
use crate::cache::{Cache, IndexPolicy, Look, Mark};
use crate::error::{Error, Result};

/// How often an index is asked again after the connection broke, a database was flushed or the index vanished meanwhile.
const TRIES: usize = 8;

/// How long it is waited between two questions to a server that loads its data.
const PAUSE: Duration = Duration::from_millis(100);

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

/// Waits a moment for a server that loads its data, whose indexes are not filled yet either; any other error, and this one when
/// the time is over, stays one.
async fn started(error: Error, began: Instant, patience: Duration) -> Result<()> {
    let left = patience.saturating_sub(began.elapsed());
    if error.server_kind() != Some(ServerErrorKind::Loading) || left.is_zero() {
        return Err(error);
    }
    tokio::time::sleep(PAUSE.min(left)).await;
    Ok(())
}

/// What there is in place of a look that took too long.
fn late(after: Duration) -> Error {
    Error::Timeout { command: "FT.INFO".to_owned(), after }
}

impl Question<'_> {
    /// Sends commands that read the index, in one round trip with a look at it, where it is not known whether it is filled.
    pub(crate) async fn ask(&self, cache: &Cache, commands: &[Command]) -> Result<Answer> {
        let (standing, began) = (cache.standing(), Instant::now());
        let patience = self.policy.and_then(IndexPolicy::patience);
        let whole = self.deadline.unwrap_or_else(|| cache.connection().deadline());
        let mut tries = 0;
        while tries < TRIES {
            // Who is asked first what the server is has only the rest of the time for the question itself.
            let (assumed, asking) = (cache.capabilities().assumed, Instant::now());
            match cache.asked(Some(whole)).await {
                Ok(server) => server.require_coordinator("a query")?,
                Err(error) => {
                    started(error, began, patience.unwrap_or_default()).await?;
                    continue;
                }
            }
            let left = assumed.then(|| whole.saturating_sub(asking.elapsed()));
            if let Some(patience) = patience
                && let Err(error) = wait(cache, self.schema, self.index, began, patience).await
            {
                started(error, began, patience).await?;
                continue;
            }
            let mark = standing.mark(self.index, cache.connection().generation());
            let unknown = || !cache.connection().notices_flushes() || standing.wants_look(self.index, mark);
            let looks = self.policy.is_some() && unknown();
            let sent = self.send(cache, commands, looks.then_some(mark), left).await;
            let Sent { look, replies, stays } = match sent {
                Err(error) if is_missing(&error) => {
                    heal(cache, self.schema, self.index, mark).await?;
                    tries += 1;
                    continue;
                }
                Err(error) => {
                    started(error, began, patience.unwrap_or_default()).await?;
                    continue;
                }
                Ok(sent) => sent,
            };
            let mut filled = true;
            if let Some(look) = look {
                if look.info.is_filled() {
                    know(cache, self.schema, self.index, Some(&look)).await;
                }
                filled = notice(cache, self.schema, self.index, &look)?;
                if filled && !look.info.is_filled() {
                    // Fields are being added to it: what the server no longer takes for them by the time of the answers is counted
                    // behind these.
                    let behind = tokio::time::timeout(whole, look_at(cache, self.schema, self.index)).await;
                    match behind.unwrap_or_else(|_| Err(late(whole))) {
                        Ok(Some(behind)) => filled = notice(cache, self.schema, self.index, &behind)?,
                        Ok(None) => heal(cache, self.schema, self.index, mark).await?,
                        Err(error) => {
                            started(error, began, patience.unwrap_or_default()).await?;
                            continue;
                        }
                    }
                }
            }
            if !stays || mark != standing.mark(self.index, cache.connection().generation()) {
                // What was known of the index was known of another one than that which may have answered.
                tries += 1;
            } else if filled || patience.is_none() {
                // Where it was looked at by others, or in an errand.
                if self.policy.is_some() && filled {
                    know(cache, self.schema, self.index, None).await;
                }
                let mut shortfalls = standing.told(self.index);
                if !filled {
                    shortfalls.push(Shortfall::Indexing);
                } else if self.policy.is_some() && shortfalls.is_empty() && standing.is_unknown(self.index) {
                    shortfalls.push(Shortfall::Uncompared);
                }
                return Ok(Answer { replies, shortfalls });
            }
        }
        let reason = "the connection broke, or the index vanished, again and again".to_owned();
        Err(Error::Unavailable { reason, source: None })
    }

    /// The first error is that of all. In place of the bounds that they have, this one.
    async fn send(
        &self,
        cache: &Cache,
        commands: &[Command],
        looks: Option<Mark>,
        left: Option<Duration>,
    ) -> Result<Sent> {
        let bound = |command: Command| left.into_iter().fold(command, Command::within);
        let Some(mark) = looks else {
            let replies = match commands {
                [command] => vec![cache.command(bound(command.clone())).await?],
                _ => {
                    let commands = commands.iter().cloned().map(bound).collect();
                    let replies = cache.send_all(Batch::pipeline(commands)).await?;
                    replies.into_iter().collect::<Result<_>>()?
                }
            };
            return Ok(Sent { look: None, replies, stays: true });
        };
        let mut batch = listen(cache, self.schema, self.index)?;
        let listening = batch.len();
        // The look comes first: if the index is filled then, it is when the commands are answered, unless it was made again.
        batch.push(question(self.index, self.deadline));
        batch.extend(commands.iter().cloned());
        // Where the server does not tell of that, it is asked behind them.
        let asks = !cache.connection().notices_flushes();
        if asks {
            batch.push(read(cache, self.schema)?);
        }
        let asked = Instant::now();
        let batch = batch.into_iter().map(bound).collect();
        let mut replies = cache.send_all(Batch::pipeline(batch)).await?;
        let last = if asks { replies.pop() } else { None };
        let mut replies = replies.into_iter();
        let listened: Vec<_> = replies.by_ref().take(listening).collect();
        let (made, hears) = heard(cache, self.index, &listened);
        let info = decode(replies.next().unwrap_or(Ok(Reply::Nil))?)?;
        let replies = replies.collect::<Result<_>>()?;
        let is_same =
            |last: Result<Reply>| last.ok().is_none_or(|last| number(&last).unwrap_or_default() == made);
        let stays = last.is_none_or(is_same);
        Ok(Sent { look: Some(Look { mark, asked, info, made, hears }), replies, stays })
    }
}

/// What a round trip brought.
struct Sent {
    look: Option<Look>,
    replies: Vec<Reply>,
    /// Whether the index was not made again between the look and the answers, as far as that was asked.
    stays: bool,
}
