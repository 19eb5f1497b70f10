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

use std::sync::Arc;
use std::time::Duration;

use cache_index::Reply;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{mpsc, oneshot};

use self::call::{Call, Tell};
use self::driver::Driver;
pub(super) use self::pack::Packed;
#[cfg(test)]
pub(super) use self::tests::one;
use super::failure::Failure;
use super::heard::Heard;

/// A connection. It ends when nobody has it any more, whoever waits.
pub(super) struct Wire {
    calls: mpsc::UnboundedSender<Call>,
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
        tokio::spawn(Driver::new(stream, asked, heard, told, patience).run(kept));
        Self { calls }
    }

    /// Sends one command, for whose answer there is so much time. Bounded by whoever calls.
    pub(super) async fn send(&self, packed: Packed, within: Duration) -> Result<Reply, Failure> {
        let (tell, told) = oneshot::channel();
        self.ask(Call { packed, within, tell: Tell::one(tell) });
        told.await.unwrap_or_else(|_| Err(Failure::gone()))
    }

    /// Sends commands, one at least, one behind the other, and answers what comes for each. Bounded by whoever calls.
    pub(super) async fn send_all(&self, packed: Packed, within: Duration) -> Result<Vec<Reply>, Failure> {
        let (tell, told) = oneshot::channel();
        let tell = Tell::all(tell, packed.answers);
        self.ask(Call { packed, within, tell });
        told.await.unwrap_or_else(|_| Err(Failure::gone()))
    }

    fn ask(&self, call: Call) {
        // Whoever waits hears it from what is dropped.
        let _ = self.calls.send(call);
    }
}
