//! The task of a connection: writes what is asked, and tells everybody his answer, in the order of the wire.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::sync::mpsc;
use tokio::time::{Instant, Sleep, sleep_until};

use super::call::{Answered, Call, Waiting};
use super::decode::{Decoder, Message};
use super::outgoing::Outgoing;
use super::{Heard, State, Told};
use crate::connection::redis::failure::Failure;

/// How many calls are taken at once.
const AT_ONCE: usize = 128;

/// While so many bytes wait to be written, no more calls are taken: those that are given up meanwhile are never sent.
pub(super) const FULL: usize = 256 * 1024;

pub(super) struct Driver<S> {
    stream: S,
    calls: mpsc::UnboundedReceiver<Call>,
    taken: Vec<Call>,
    state: Arc<State>,
    outgoing: Outgoing,
    waiting: VecDeque<Waiting>,
    decoder: Decoder,
    heard: Arc<Heard>,
    last: Instant,
    told: Option<Told>,
    /// How long nothing is heard at most while somebody waits for longer than he has time.
    patience: Duration,
    /// When that is looked at next, and whether this task is woken then.
    look: Option<Pin<Box<Sleep>>>,
    is_set: bool,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Driver<S> {
    pub(super) fn new(
        stream: S,
        calls: mpsc::UnboundedReceiver<Call>,
        state: Arc<State>,
        heard: Arc<Heard>,
        told: Option<Told>,
        patience: Duration,
    ) -> Self {
        Self {
            stream,
            calls,
            taken: Vec::with_capacity(AT_ONCE),
            state,
            outgoing: Outgoing::default(),
            waiting: VecDeque::new(),
            decoder: Decoder::new(),
            heard,
            last: Instant::now(),
            told,
            patience,
            look: None,
            is_set: false,
        }
    }

    /// Until the connection ends, or nobody has it any more. What is kept is dropped before anybody hears of the end.
    pub(super) async fn run(mut self, kept: impl Send) {
        let ended = poll_fn(|context| self.poll(context)).await;
        // For whoever asks before he hears of it.
        let _ = self.state.ended.set(ended.clone());
        drop(kept);
        if let Some(told) = &mut self.told {
            told.ended();
        }
        self.calls.close();
        while let Ok(call) = self.calls.try_recv() {
            call.tell.end(&ended);
        }
        self.waiting.drain(..).for_each(|waiting| waiting.tell.end(&ended));
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Failure> {
        loop {
            let Some(is_full) = self.take(context) else { return Poll::Ready(Failure::gone()) };
            match self.outgoing.poll_write(context, &mut self.stream) {
                // What came before it has answers of some, and may say why.
                Poll::Ready(Err(error)) => match self.read(context) {
                    Err(said @ Failure::Said(_)) => return Poll::Ready(said),
                    _ => return Poll::Ready(error.into()),
                },
                // There is room again.
                Poll::Ready(Ok(())) if is_full => continue,
                Poll::Ready(Ok(())) | Poll::Pending => {}
            }
            if let Err(failure) = self.read(context).and_then(|()| self.watch(context)) {
                return Poll::Ready(failure);
            }
            return Poll::Pending;
        }
    }

    /// Takes the calls that have come; whether there is no room for more. `None`: nobody is left who asks, or waits.
    fn take(&mut self, context: &mut Context<'_>) -> Option<bool> {
        while self.outgoing.size() < FULL {
            match self.calls.poll_recv_many(context, &mut self.taken, AT_ONCE) {
                Poll::Pending => return Some(false),
                Poll::Ready(0) => return None,
                Poll::Ready(_) => {}
            }
            let now = Instant::now();
            for call in self.taken.drain(..) {
                if call.tell.is_given_up() {
                    self.state.given_up.fetch_sub(1, Ordering::Relaxed);
                    continue;
                }
                self.outgoing.push(call.packed.bytes);
                let until = now.checked_add(call.within).unwrap_or(now + self.patience);
                self.waiting.push_back(Waiting { tell: call.tell, until });
            }
        }
        Some(true)
    }

    /// Reads what has come, and tells it.
    fn read(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        loop {
            match pin!(self.stream.read_buf(self.decoder.room())).poll(context) {
                Poll::Pending => return Ok(()),
                Poll::Ready(Ok(0)) => return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into()),
                Poll::Ready(Ok(_)) => {}
                Poll::Ready(Err(error)) => return Err(error.into()),
            }
            let now = Instant::now();
            while let Some(message) = self.decoder.next()? {
                match message {
                    Message::Push(items) => {
                        if let Some(told) = &mut self.told {
                            told.push(items);
                        }
                    }
                    Message::Answer(reply) => {
                        self.heard_at(now);
                        // Whose answer is another one's may be anybody's.
                        let Some(first) = self.waiting.front_mut() else {
                            return Err(Failure::unasked(reply));
                        };
                        match first.tell.answer(reply) {
                            Answered::Partly => continue,
                            Answered::Wholly => {}
                            Answered::Nobody => {
                                self.state.given_up.fetch_sub(1, Ordering::Relaxed);
                            }
                        }
                        self.waiting.pop_front();
                    }
                }
            }
            // A server answers what it cannot read before it came as a whole, and reads no more. Nobody waits: nothing else would
            // ever end what cannot be written.
            if self.waiting.is_empty() && self.outgoing.size() > 0 {
                return Err(Failure::early());
            }
            // Part of a long answer. A whole message that nobody asked for says nothing of the answers that are waited for.
            if self.decoder.has_begun() {
                self.heard_at(now);
            }
        }
    }

    fn heard_at(&mut self, now: Instant) {
        self.last = now;
        self.heard.at(now.into_std());
    }

    /// Ends a connection whose other end is gone without a word: whoever waits longest has no time any more, and nothing was
    /// heard for as long as calls have. Callers may have given up earlier, and nobody else would notice.
    fn watch(&mut self, context: &mut Context<'_>) -> Result<(), Failure> {
        loop {
            let Some(first) = self.waiting.front() else { return Ok(()) };
            let next = first.until.max(self.last + self.patience);
            let look = self.look.get_or_insert_with(|| Box::pin(sleep_until(next)));
            if next < look.deadline() {
                // Whoever had more time is answered, or gave up.
                look.as_mut().reset(next);
                self.is_set = false;
            }
            if self.is_set && !look.is_elapsed() {
                return Ok(());
            }
            self.is_set = look.as_mut().poll(context).is_pending();
            if self.is_set {
                return Ok(());
            }
            if next <= Instant::now() {
                return Err(Failure::late());
            }
            look.as_mut().reset(next);
        }
    }
}
