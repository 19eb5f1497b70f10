//! One connection, and all that is asked on it: commands go out in the order in which they are asked, many in one piece where many
//! are, and answers come back in it. What is given up before it is written is never sent.
//!
//! The `redis` crate has such a connection too. It copies each command twice and each answer once, makes a value of it that is then
//! made another one, and wakes a task for each; together that costs more than all that is done here above it.

mod call;
mod decode;
mod driver;
mod outgoing;
mod pack;
#[cfg(test)]
mod tests;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use cache_index::Reply;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};

use self::call::{Call, Tell, Waits};
use self::driver::Driver;
pub(super) use self::pack::Packed;
#[cfg(test)]
pub(super) use self::tests::one;
use super::failure::Failure;
use super::heard::Heard;

/// A connection. It ends when nobody has it any more, whoever waits.
pub(super) struct Wire {
    calls: mpsc::UnboundedSender<Call>,
    state: Arc<State>,
}

/// What those who ask and the task of the connection have in common.
#[derive(Default)]
struct State {
    /// How many calls nobody waits for any more that are not answered yet, or not thrown away.
    given_up: AtomicUsize,
    /// Why the connection has ended.
    ended: OnceLock<Failure>,
}

/// Who is told what nobody asked for, where the connection is read: before anybody has an answer that came later.
pub(super) trait Listens: Send {
    /// A message, its kind first.
    fn push(&mut self, items: Vec<Reply>);

    /// The connection has ended. Told before those who wait are.
    fn ended(&mut self);
}

pub(super) type Told = Box<dyn Listens>;

impl Wire {
    /// Begins to read and write. What is kept is dropped when the connection ends.
    pub(super) fn start<S>(
        stream: S,
        heard: Arc<Heard>,
        patience: Duration,
        told: Option<Told>,
        kept: impl Send + 'static,
    ) -> Self
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (calls, asked) = mpsc::unbounded_channel();
        let state = Arc::new(State::default());
        tokio::spawn(Driver::new(stream, asked, Arc::clone(&state), heard, told, patience).run(kept));
        Self { calls, state }
    }

    /// How many calls are kept here whose callers gave up: their answers are to come, or they are to be thrown away. Where there is
    /// no end to them, the server does not answer, and nobody is to ask more.
    pub(super) fn given_up(&self) -> usize {
        // Where the one who gave up is seen to count later than the task that counts him off, it is below zero for a moment.
        isize::try_from(self.state.given_up.load(Ordering::Relaxed)).map_or(0, isize::unsigned_abs)
    }

    /// Sends one command, for whose answer there is so much time. Bounded by whoever calls.
    pub(super) async fn send(&self, packed: Packed, within: Duration) -> Result<Reply, Failure> {
        let (tell, told) = oneshot::channel();
        self.ask(Call { packed, within, tell: Tell::one(tell) });
        self.answer(told).await
    }

    /// Sends commands, one at least, one behind the other, and answers what comes for each. Bounded by whoever calls.
    pub(super) async fn send_all(&self, packed: Packed, within: Duration) -> Result<Vec<Reply>, Failure> {
        let (tell, told) = oneshot::channel();
        let tell = Tell::all(tell, packed.answers);
        self.ask(Call { packed, within, tell });
        self.answer(told).await
    }

    /// The same, of what is said first: a server that takes no client says so in place of the first answer, and ends the connection.
    pub(super) async fn begin(&self, packed: Packed, within: Duration) -> Result<Vec<Reply>, Failure> {
        let (tell, told) = oneshot::channel();
        let tell = Tell::first(tell, packed.answers);
        self.ask(Call { packed, within, tell });
        self.answer(told).await
    }

    async fn answer<T>(&self, told: oneshot::Receiver<Result<T, Failure>>) -> Result<T, Failure> {
        let answer = Waits::new(told, &self.state.given_up).await;
        answer.unwrap_or_else(|_| Err(self.state.ended.get().cloned().unwrap_or_else(Failure::gone)))
    }

    fn ask(&self, call: Call) {
        // Whoever waits hears it from what is dropped.
        let _ = self.calls.send(call);
    }
}
