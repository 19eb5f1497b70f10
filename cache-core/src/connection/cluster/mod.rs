//! Many servers as one, through whichever client: commands go to the node that has their slot, and follow it where it moves.
//!
//! The clients' own cluster connections are not used: that of redis-rs sends commands again that must not be (whatever broke the
//! connection, and all of a pipeline of which one command was redirected). What a node redirects was not executed, and is
//! sent again here; what broke is only if it may be repeated.

mod attempts;
mod everywhere;
mod groups;
mod member;
mod nodes;
mod slots;
mod spread;
#[cfg(test)]
mod tests;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::task::Poll;
use std::time::Duration;

use cache_index::{Command, Reply, Route};

use self::attempts::{Aim, Attempts};
use self::groups::{check_waits, pieces};
use self::nodes::Nodes;
use self::spread::Spread;
use super::answers::waits_for_replicas;
use crate::error::{Error, Result};
use crate::settings::RedisSettings;

pub(super) use self::member::Member;

pub(super) struct Cluster<M> {
    nodes: Nodes<M>,
    deadline: Duration,
    this: Weak<Cluster<M>>,
    /// Whether somebody asks in the background who has which slot.
    refreshing: Arc<AtomicBool>,
}

impl<M: Member> Cluster<M> {
    /// The cluster of a node that these settings name. What makes others gets settings that name them.
    pub(super) fn new(
        settings: &RedisSettings,
        seed: &Arc<M>,
        make: impl Fn(&RedisSettings) -> Result<M> + Send + Sync + 'static,
    ) -> Arc<Self> {
        let nodes = Nodes::new(settings, seed, Box::new(make));
        Arc::new_cyclic(|this| Self {
            nodes,
            deadline: settings.response_timeout,
            this: this.clone(),
            refreshing: Arc::default(),
        })
    }

    /// Sends a command to where its route says.
    pub(super) async fn send(&self, command: &Command, timeout: Option<Duration>) -> Result<Reply> {
        if *command.route() == Route::AllMasters {
            return self.everywhere(command, timeout).await;
        }
        let mut answers = self.send_all(&[command], timeout).await?.into_iter();
        answers.next().unwrap_or(Ok(Reply::Nil))
    }

    /// Sends commands, each to where it belongs, those for one node in one piece, and the nodes side by side. Commands of
    /// one slot keep their order, but for what is redirected. One for any node goes with the one behind it, so that what says something of
    /// the next command, as `CLIENT CACHING`, is on the same connection; `WAIT` with the write in front of it.
    pub(super) async fn send_all(
        &self,
        commands: &[&Command],
        timeout: Option<Duration>,
    ) -> Result<Vec<Result<Reply>>> {
        everywhere::none_of(commands)?;
        let spread = Spread::of(commands);
        let sent: Vec<&Command> = spread.commands.iter().map(AsRef::as_ref).collect();
        check_waits(&sent)?;
        let mut attempts = Attempts::new(timeout.unwrap_or(self.deadline));
        let mut answers: Vec<Option<Result<Reply>>> = sent.iter().map(|_| None).collect();
        let mut open: Vec<(usize, Aim)> = (0..sent.len()).map(|at| (at, Aim::Route)).collect();
        loop {
            // Where that is not to be known, any node says where to go.
            let _ = self.know_slots(attempts.left()).await;
            let (groups, nowhere) = self.nodes.grouped(&sent, &open);
            let left = Some(attempts.left());
            let calls = groups.into_iter().map(|(node, group)| {
                let sent = &sent;
                async move {
                    let answers = pieces(&*node, sent, &group, left).await;
                    (node, group, answers)
                }
            });
            open.clear();
            // What the others answer is not lost by it.
            for (at, error) in nowhere {
                if let Some(answer) = answers.get_mut(at) {
                    *answer = Some(Err(error));
                }
            }
            for (node, group, outcome) in side_by_side(calls).await {
                let outcomes = match outcome {
                    Ok(outcomes) => outcomes,
                    Err(error) => group.iter().map(|_| Err(error.again())).collect(),
                };
                let mut goes_again = false;
                for ((at, _), outcome) in group.into_iter().zip(outcomes) {
                    let again = match (&outcome, sent.get(at)) {
                        (Err(error), Some(command)) => {
                            attempts.after(error, command.is_repeatable(), command.route())
                        }
                        // It follows what it is about.
                        (Ok(_), Some(command)) if goes_again && waits_for_replicas(command) => {
                            Some(Aim::Route)
                        }
                        _ => None,
                    };
                    let is_behind = sent.get(at).is_some_and(|command| waits_for_replicas(command));
                    goes_again = !is_behind && (goes_again || again.is_some());
                    match (again, answers.get_mut(at)) {
                        (Some(aim), _) => open.push((at, self.heard(aim, &node))),
                        (None, Some(answer)) => *answer = Some(outcome),
                        (None, None) => {}
                    }
                }
            }
            if attempts.wants_slots() {
                self.refresh_soon();
            }
            if open.is_empty() {
                break;
            }
            open.sort_unstable_by_key(|(at, _)| *at);
            if attempts.pause().await {
                let _ = self.refresh(attempts.left()).await;
            }
        }
        let answers: Vec<_> = answers.into_iter().map(|answer| answer.unwrap_or(Ok(Reply::Nil))).collect();
        Ok(spread.join(answers))
    }

    /// Sends a transaction to the node that has its slot.
    pub(super) async fn transact(
        &self,
        commands: &[&Command],
        timeout: Option<Duration>,
    ) -> Result<Vec<Result<Reply>>> {
        everywhere::none_of(commands)?;
        let mut of_keys = commands.iter().filter_map(|command| command.slot_key()).map(slots::slot);
        if let Some(first) = of_keys.next()
            && of_keys.any(|other| other != first)
        {
            let needs =
                "keys of one slot: give them the same hash tag, `{acme}:7`, or send a pipeline".to_owned();
            return Err(Error::Unsupported { what: "a transaction on a cluster", needs });
        }
        let mut attempts = Attempts::new(timeout.unwrap_or(self.deadline));
        let repeatable = commands.iter().all(|command| command.is_repeatable());
        let first = commands.iter().find(|command| command.slot_key().is_some());
        let first: Vec<_> = first.or(commands.first()).copied().into_iter().collect();
        let mut aim = Aim::Route;
        loop {
            let _ = self.know_slots(attempts.left()).await;
            let (groups, nowhere) = self.nodes.grouped(&first, &[(0, aim)]);
            if let Some((_, error)) = nowhere.into_iter().next() {
                return Err(error);
            }
            let Some((node, group)) = groups.into_iter().next() else { return Ok(Vec::new()) };
            // It cannot be asked for with ASKING, which is of one command: it waits until the slot has moved.
            drop(group);
            let error = match Box::pin(node.call_all(commands, true, Some(attempts.left()))).await {
                Ok(answers) => return Ok(answers),
                Err(error) => error,
            };
            let Some(again) = attempts.after(
                &error,
                repeatable,
                first.first().map_or(&Route::AnyNode, |first| first.route()),
            ) else {
                if attempts.wants_slots() {
                    self.refresh_soon();
                }
                return Err(error);
            };
            aim = match self.heard(again, &node) {
                Aim::Ask(_) => Aim::Route,
                other => other,
            };
            if attempts.pause().await {
                let _ = self.refresh(attempts.left()).await;
            }
        }
    }

    pub(super) fn generation(&self) -> u64 {
        self.nodes.generation()
    }

    pub(super) fn notices_flushes(&self) -> bool {
        self.nodes.notices_flushes()
    }

    /// Remembers where a slot is, as this node said.
    fn heard(&self, aim: Aim, from: &M) -> Aim {
        match aim {
            Aim::Route => Aim::Route,
            Aim::Moved(slot, address) => {
                self.nodes.moved(slot, &self.nodes.asked(from).whole(&address));
                Aim::Route
            }
            Aim::Ask(address) => Aim::Ask(self.nodes.asked(from).whole(&address)),
        }
    }

    /// Asks who has which slot, unless that is known.
    async fn know_slots(&self, within: Duration) -> Result<()> {
        if self.nodes.slots().masters().is_empty() { self.refresh(within).await } else { Ok(()) }
    }

    /// Asks who has which slot.
    async fn refresh(&self, within: Duration) -> Result<()> {
        // What it did not learn in time, the next attempt does. Boxed, as all that asks a node is here: each call has several
        // places for it, and few need one.
        Box::pin(tokio::time::timeout(within, self.nodes.refresh())).await.unwrap_or(Ok(()))
    }

    /// Asks who has which slot, in the background. Once, however many calls fail meanwhile.
    fn refresh_soon(&self) {
        if let Some(this) = self.this.upgrade()
            && !self.refreshing.swap(true, Ordering::AcqRel)
        {
            let refreshing = Refreshing(Arc::clone(&self.refreshing));
            tokio::spawn(async move {
                let _ = this.nodes.refresh().await;
                drop(refreshing);
            });
        }
    }
}

/// Until this is dropped, somebody asks who has which slot.
struct Refreshing(Arc<AtomicBool>);

impl Drop for Refreshing {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// All of them at once, as few as there are nodes; their outcomes in order.
async fn side_by_side<T>(calls: impl IntoIterator<Item: Future<Output = T>>) -> Vec<T> {
    let mut calls: Vec<_> = calls.into_iter().map(|call| (Some(Box::pin(call)), None)).collect();
    poll_fn(|context| {
        let mut waits = false;
        for (call, outcome) in &mut calls {
            if let Some(running) = call {
                match Pin::new(running).poll(context) {
                    Poll::Ready(done) => (*call, *outcome) = (None, Some(done)),
                    Poll::Pending => waits = true,
                }
            }
        }
        if waits { Poll::Pending } else { Poll::Ready(()) }
    })
    .await;
    calls.into_iter().filter_map(|(_, outcome)| outcome).collect()
}
