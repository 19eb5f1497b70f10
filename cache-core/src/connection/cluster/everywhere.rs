//! Commands that go to all masters.

use std::time::Duration;

use cache_index::{Command, Reply, Route};

use super::attempts::Attempts;
use super::member::Member;
use super::slots::{ALL, Range};
use super::{Cluster, side_by_side};
use crate::error::{Error, Result};

/// How far a command has come.
struct Progress {
    /// The slots whose masters have to be asked.
    open: Vec<Range>,
    /// What masters answered, with their addresses.
    answers: Vec<(String, Reply)>,
    /// Why some have to be asked again.
    failed: Option<Error>,
}

/// Fails if what travels together has a command to all masters, whose answers would need the place of one.
pub(super) fn none_of(commands: &[&Command]) -> Result<()> {
    if commands.iter().all(|command| *command.route() != Route::AllMasters) {
        return Ok(());
    }
    let needs = "a call of its own, since each of them answers it; take it out of the batch".to_owned();
    Err(Error::Unsupported { what: "a command to all masters of a cluster", needs })
}

impl<M: Member> Cluster<M> {
    /// To all masters, side by side: a list of their answers, in no order. One that fails is an answer that is missing: where it
    /// may be asked for again, whoever has its slots by then is asked, and nobody who has answered is told again. One with a key
    /// can be answered by one of them alone, and is not sent.
    pub(super) async fn everywhere(&self, command: &Command, timeout: Option<Duration>) -> Result<Reply> {
        if command.has_key() {
            let needs = "the route to the master of that key, since every other one refuses it; leave `Route::AllMasters` out";
            return Err(Error::Unsupported { what: "a command with a key", needs: needs.to_owned() });
        }
        let mut attempts = Attempts::new(timeout.unwrap_or(self.deadline));
        let mut progress = Progress { open: vec![ALL], answers: Vec::new(), failed: None };
        loop {
            if let Err(error) = self.ask_masters(command, &mut attempts, &mut progress).await {
                if attempts.wants_slots() {
                    self.refresh_soon();
                }
                return Err(error);
            }
            if progress.open.is_empty() {
                return Ok(Reply::Array(progress.answers.into_iter().map(|(_, answer)| answer).collect()));
            }
            attempts.pause().await;
            // Also where it is said of one slot who has it: the others may have gone there too.
            let _ = self.refresh(attempts.left()).await;
        }
    }

    /// Asks those that have the open slots. What is open behind it may be asked for again; an error is that of what may not.
    async fn ask_masters(
        &self,
        command: &Command,
        attempts: &mut Attempts,
        progress: &mut Progress,
    ) -> Result<()> {
        let known = self.know_slots(attempts.left()).await;
        let slots = self.nodes.slots();
        let (masters, free) = slots.of_masters(&progress.open);
        let before = progress.failed.take();
        let repeatable = command.is_repeatable();
        let mut calls = Vec::with_capacity(masters.len());
        for (address, had) in masters {
            // It took over what another one refused, and did for its own what was asked.
            if let Some(error) = before.as_ref().filter(|_| !repeatable)
                && progress.answers.iter().any(|(other, _)| *other == address)
            {
                return Err(error.again());
            }
            let node = self.nodes.at(&address)?;
            let left = Some(attempts.left());
            calls.push(async move { (address, had, Box::pin(node.call(command, left)).await) });
        }
        // The answers of nobody would be the answer of an empty cluster.
        if calls.is_empty() && before.is_none() {
            let reason = "no node of the cluster says who has its slots; look at `CLUSTER INFO` there";
            let error = known.err().unwrap_or(Error::Unavailable { reason: reason.to_owned(), source: None });
            return attempts.after(&error, repeatable, command.route()).map(drop).ok_or(error);
        }
        // Slots that nobody had at first are nobody's; those of a node that failed are to have a master again.
        let missing = before.filter(|_| !free.is_empty());
        progress.open = if missing.is_some() { free } else { Vec::new() };
        let mut failures: Vec<_> = missing.into_iter().collect();
        for (address, had, outcome) in side_by_side(calls).await {
            match outcome {
                Ok(answer) => {
                    // In place of what it answered for fewer slots.
                    progress.answers.retain(|(other, _)| *other != address);
                    progress.answers.push((address, answer));
                }
                Err(error) => {
                    progress.open.extend(had);
                    failures.push(error);
                }
            }
        }
        progress.open.sort_unstable();
        for error in failures {
            if attempts.after(&error, repeatable, command.route()).is_none() {
                return Err(error);
            }
            progress.failed = Some(error);
        }
        Ok(())
    }
}
