//! Commands of many callers that travel together.
//!
//! The client hands each call to the task of its connection by itself, and wakes its caller by itself. Where many wait, that costs
//! more than the command. What comes while others are under way is handed over as one pipeline instead, and answered as one.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use std::vec::IntoIter;

use ::redis::aio::MultiplexedConnection;
use ::redis::{Cmd, Pipeline, RedisError, RedisResult, Value};
use cache_index::Command;
use tokio::sync::{mpsc, oneshot};

use super::heard::Heard;

/// How many calls have to be under way: with fewer, the way through another task costs more than it saves.
const MANY: usize = 8;

/// How many calls travel together at most. The first is answered with the last: so many take a server some tenths of a
/// millisecond.
const MOST: usize = 64;

/// How many pipelines are under way at once: one that the server works on, and one behind it. Meanwhile the calls that come gather.
const AT_ONCE: usize = 2;

/// How many commands a call has at most that travels with others.
const FEW: usize = 4;

/// The commands of one connection, on the way to it.
pub(super) struct Gather {
    calls: mpsc::UnboundedSender<Call>,
    /// How many were asked and not handed over yet.
    waiting: Arc<AtomicUsize>,
}

enum Call {
    Command(Cmd, Caller<Value>),
    Commands(Vec<Cmd>, Caller<Vec<Value>>),
    /// Somebody who sends for himself is told when what was asked before is handed over.
    Turn(oneshot::Sender<()>),
}

type Caller<T> = oneshot::Sender<RedisResult<T>>;

impl Gather {
    /// For a connection; until it is dropped. Nobody waits for an answer for longer than this.
    pub(super) fn new(connection: MultiplexedConnection, heard: Arc<Heard>, patience: Duration) -> Self {
        let (calls, asked) = mpsc::unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let task = Task { connection, heard, patience, waiting: Arc::clone(&waiting) };
        tokio::spawn(task.run(asked));
        Self { calls, waiting }
    }

    /// Whether the command is to be asked here: it is of those that no caller waits for noticeably, and others are under way.
    pub(super) fn takes(&self, command: &Command, under_way: usize) -> bool {
        is_quick(command) && (under_way > MANY || self.is_waited_for())
    }

    /// The same of commands that are one call.
    pub(super) fn takes_all(&self, commands: &[&Command], under_way: usize) -> bool {
        let are_quick = || commands.len() <= FEW && commands.iter().all(|command| is_quick(command));
        (under_way > MANY || self.is_waited_for()) && are_quick()
    }

    /// Sends the command with those of others. It is not sent if it is given up before.
    pub(super) async fn send(&self, command: Cmd) -> RedisResult<Value> {
        let (tell, told) = oneshot::channel();
        self.ask(Call::Command(command, tell));
        told.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Sends these commands, one behind the other, with those of others, and answers what comes for each.
    pub(super) async fn send_all(&self, commands: Vec<Cmd>) -> RedisResult<Vec<Value>> {
        let (tell, told) = oneshot::channel();
        self.ask(Call::Commands(commands, tell));
        told.await.unwrap_or_else(|_| Err(gone()))
    }

    /// Waits until what was asked before is handed over: what was given up meanwhile would else be sent behind what is sent after.
    pub(super) async fn turn(&self) {
        if self.is_waited_for() {
            let (tell, told) = oneshot::channel();
            self.ask(Call::Turn(tell));
            // If the task is gone, the connection is.
            let _ = told.await;
        }
    }

    fn is_waited_for(&self) -> bool {
        self.waiting.load(Ordering::Acquire) > 0
    }

    fn ask(&self, call: Call) {
        self.waiting.fetch_add(1, Ordering::AcqRel);
        // Whoever waits hears it from what is dropped.
        let _ = self.calls.send(call);
    }
}

/// Its task ends before the connection only with the runtime that both are on.
fn gone() -> RedisError {
    io::Error::from(io::ErrorKind::BrokenPipe).into()
}

/// Whether the command takes the server so little time that others do not notice: by the key, in one document or few.
fn is_quick(command: &Command) -> bool {
    let name = command.name();
    command.timeout().is_none()
        && matches!(
            name,
            "JSON.GET"
                | "JSON.SET"
                | "JSON.DEL"
                | "JSON.MERGE"
                | "JSON.NUMINCRBY"
                | "GET"
                | "SET"
                | "DEL"
                | "UNLINK"
                | "EXISTS"
                | "PTTL"
                | "PEXPIRE"
                | "PERSIST"
                | "EVALSHA"
        )
}

struct Task {
    connection: MultiplexedConnection,
    heard: Arc<Heard>,
    patience: Duration,
    waiting: Arc<AtomicUsize>,
}

/// Who waits for an answer, or for several.
enum Waiting {
    One(Caller<Value>),
    Many(usize, Caller<Vec<Value>>),
}

/// Commands that were handed over, until they are answered.
type Answered = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Task {
    async fn run(self, mut asked: mpsc::UnboundedReceiver<Call>) {
        let (mut calls, mut under_way) = (Vec::with_capacity(MOST), Vec::with_capacity(AT_ONCE));
        while poll_fn(|context| poll_next(context, &mut asked, &mut calls, &mut under_way)).await {
            let count = calls.len();
            let (mut pipeline, mut callers) = (Pipeline::with_capacity(count), Vec::with_capacity(count));
            let mut turns = Vec::new();
            for call in calls.drain(..) {
                match call {
                    // These were given up.
                    Call::Command(_, tell) if tell.is_closed() => {}
                    Call::Commands(_, tell) if tell.is_closed() => {}
                    Call::Command(command, tell) => {
                        pipeline.add_command(command);
                        callers.push(Waiting::One(tell));
                    }
                    Call::Commands(commands, tell) => {
                        callers.push(Waiting::Many(commands.len(), tell));
                        for command in commands {
                            pipeline.add_command(command);
                        }
                    }
                    Call::Turn(tell) => turns.push(tell),
                }
            }
            if !callers.is_empty() {
                match self.hand_over(pipeline, callers).await {
                    Some(answered) if under_way.len() < AT_ONCE => under_way.push(answered),
                    Some(answered) => drop(tokio::spawn(answered)),
                    None => {}
                }
            }
            self.waiting.fetch_sub(count, Ordering::AcqRel);
            for turn in turns {
                // He may have given up.
                let _ = turn.send(());
            }
        }
    }

    /// Hands commands over. What is left is to wait for their answers.
    async fn hand_over(&self, pipeline: Pipeline, callers: Vec<Waiting>) -> Option<Answered> {
        let (mut connection, patience) = (self.connection.clone(), self.patience);
        let heard = Arc::clone(&self.heard);
        let mut answered: Answered = Box::pin(async move {
            let sent = connection.send_packed_commands(&pipeline, 0, pipeline.len());
            // All callers are gone by then. What waits keeps the connection, which is not to be for ever.
            if let Ok(answers) = tokio::time::timeout(patience, sent).await {
                if answers.as_ref().is_ok_and(|answers| !answers.is_empty()) {
                    heard.now();
                }
                tell(callers, answers);
            }
        });
        // The first look puts them in the client's queue, which is first in, first out.
        let is_answered = poll_fn(|context| Poll::Ready(answered.as_mut().poll(context).is_ready())).await;
        (!is_answered).then_some(answered)
    }
}

/// Waits until calls are to be handed over: while as many pipelines as may be are under way, the calls that come gather, unless
/// somebody waits for his turn. `false`: nobody is left who asks, or waits for an answer.
fn poll_next(
    context: &mut Context<'_>,
    asked: &mut mpsc::UnboundedReceiver<Call>,
    calls: &mut Vec<Call>,
    under_way: &mut Vec<Answered>,
) -> Poll<bool> {
    under_way.retain_mut(|answered| answered.as_mut().poll(context).is_pending());
    let mut is_over = false;
    while calls.len() < MOST && !is_over {
        match asked.poll_recv_many(context, calls, MOST - calls.len()) {
            Poll::Ready(count) => is_over = count == 0,
            Poll::Pending => break,
        }
    }
    let is_free = under_way.len() < AT_ONCE || calls.iter().any(|call| matches!(call, Call::Turn(_)));
    match calls.is_empty() {
        true if is_over => Poll::Ready(false),
        false if is_free => Poll::Ready(true),
        _ => Poll::Pending,
    }
}

/// Tells each caller what came for it; whoever gave up hears nothing.
fn tell(callers: Vec<Waiting>, answers: RedisResult<Vec<Value>>) {
    let mut answers = answers.map(Vec::into_iter);
    for caller in callers {
        match caller {
            Waiting::One(caller) => {
                // One that is missing would be the client's fault, and is told as the end of the connection.
                let next = |answers: &mut IntoIter<Value>| answers.next().ok_or_else(gone);
                let _ = caller.send(answers.as_mut().map_err(|error| error.clone()).and_then(next));
            }
            Waiting::Many(count, caller) => {
                let next = |answers: &mut IntoIter<Value>| answers.take(count).collect();
                let _ = caller.send(answers.as_mut().map_err(|error| error.clone()).map(next));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_take_long_travels_by_itself() {
        let is = |name: &'static str| is_quick(&Command::new(name).key("k"));
        assert!(is("JSON.GET") && is("JSON.SET") && is("EVALSHA"));
        assert!(!is("FT.SEARCH") && !is("FT.AGGREGATE") && !is("SCAN") && !is("BLPOP") && !is("WAIT"));
        assert!(!is_quick(&Command::new("JSON.GET").key("k").within(Duration::from_secs(60))));
    }
}
