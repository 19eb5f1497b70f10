//! Commands of many callers that travel together.
//!
//! The client hands each call to the task of its connection by itself, and wakes its caller by itself. Where many wait, that costs
//! more than the command. What comes while others are under way is handed over as one pipeline instead, and answered as one.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{Cmd, Pipeline, RedisError, RedisResult, Value};
use cache_index::Command;
use tokio::sync::{mpsc, oneshot};

/// How many calls have to be under way: with fewer, the way through another task costs more than it saves.
const MANY: usize = 8;

/// How many commands travel together at most. The first is answered with the last: so many take a server some tenths of a
/// millisecond.
const MOST: usize = 32;

/// The commands of one connection, on the way to it.
#[derive(Clone)]
pub(super) struct Gather {
    calls: mpsc::UnboundedSender<Call>,
    /// How many were asked and not handed over yet.
    waiting: Arc<AtomicUsize>,
}

enum Call {
    Command(Cmd, oneshot::Sender<RedisResult<Value>>),
    /// Somebody who sends for himself is told when what was asked before is handed over.
    Turn(oneshot::Sender<()>),
}

impl Gather {
    /// For a connection; until all clones are dropped. Nobody waits for an answer for longer than this.
    pub(super) fn new(connection: MultiplexedConnection, patience: Duration) -> Self {
        let (calls, asked) = mpsc::unbounded_channel();
        let waiting = Arc::new(AtomicUsize::new(0));
        let task = Task { connection, patience, waiting: Arc::clone(&waiting) };
        tokio::spawn(task.run(asked));
        Self { calls, waiting }
    }

    /// Whether the command is to be asked here: it is of those that no caller waits for noticeably, and others are under way.
    pub(super) fn takes(&self, command: &Command, under_way: usize) -> bool {
        is_quick(command) && (under_way > MANY || self.is_waited_for())
    }

    /// Sends the command with those of others. It is not sent if it is given up before.
    pub(super) async fn send(&self, command: Cmd) -> RedisResult<Value> {
        let (tell, told) = oneshot::channel();
        self.ask(Call::Command(command, tell));
        // Its task ends before the connection only with the runtime that both are on.
        told.await.unwrap_or_else(|_| Err(RedisError::from(io::Error::from(io::ErrorKind::BrokenPipe))))
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
    patience: Duration,
    waiting: Arc<AtomicUsize>,
}

impl Task {
    async fn run(self, mut asked: mpsc::UnboundedReceiver<Call>) {
        let mut calls = Vec::with_capacity(MOST);
        while asked.recv_many(&mut calls, MOST).await > 0 {
            let count = calls.len();
            let (mut pipeline, mut callers) = (Pipeline::with_capacity(count), Vec::with_capacity(count));
            let mut turns = Vec::new();
            for call in calls.drain(..) {
                match call {
                    // It was given up.
                    Call::Command(_, tell) if tell.is_closed() => {}
                    Call::Command(command, tell) => {
                        pipeline.add_command(command);
                        callers.push(tell);
                    }
                    Call::Turn(tell) => turns.push(tell),
                }
            }
            if !callers.is_empty() {
                self.hand_over(pipeline, callers).await;
            }
            self.waiting.fetch_sub(count, Ordering::AcqRel);
            for turn in turns {
                // He may have given up.
                let _ = turn.send(());
            }
        }
    }

    /// Hands commands over, and leaves their answers to a task.
    async fn hand_over(&self, pipeline: Pipeline, callers: Vec<oneshot::Sender<RedisResult<Value>>>) {
        let (mut connection, patience) = (self.connection.clone(), self.patience);
        let mut answered: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(async move {
            let sent = connection.send_packed_commands(&pipeline, 0, callers.len());
            // All callers are gone by then; the connection is to know it, which is kept as long as somebody waits.
            let Ok(answers) = tokio::time::timeout(patience, sent).await else { return };
            match answers {
                Ok(answers) => callers.into_iter().zip(answers).for_each(|(caller, answer)| {
                    let _ = caller.send(Ok(answer));
                }),
                Err(error) => callers.into_iter().for_each(|caller| {
                    let _ = caller.send(Err(error.clone()));
                }),
            }
        });
        // The first look puts them in the client's queue, which is first in, first out.
        let is_answered = poll_fn(|context| Poll::Ready(answered.as_mut().poll(context).is_ready())).await;
        if !is_answered {
            tokio::spawn(answered);
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
