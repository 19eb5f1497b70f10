//! What is to be written: small pieces together, large ones as they are.

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

/// A piece of so many bytes is not copied behind another one.
const LARGE: usize = 4096;

/// How many pieces are handed over at once.
const AT_ONCE: usize = 16;

#[derive(Default)]
pub(super) struct Outgoing {
    pieces: VecDeque<Vec<u8>>,
    /// How much of the first was written.
    written: usize,
    /// How many bytes there are.
    size: usize,
    /// Whether what was written may still be on this side.
    unflushed: bool,
}

impl Outgoing {
    pub(super) fn push(&mut self, piece: Vec<u8>) {
        self.size += piece.len();
        match self.pieces.back_mut() {
            Some(last) if piece.len() < LARGE && last.len() < LARGE => last.extend_from_slice(&piece),
            _ => self.pieces.push_back(piece),
        }
    }

    /// How many bytes wait.
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// Writes until nothing is left.
    pub(super) fn poll_write<S>(&mut self, context: &mut Context<'_>, stream: &mut S) -> Poll<io::Result<()>>
    where
        S: AsyncWrite + Unpin,
    {
        while self.size > 0 {
            let count = match self.pieces.len() {
                1 => {
                    let piece = self.pieces.front().and_then(|piece| piece.get(self.written..));
                    ready!(Pin::new(&mut *stream).poll_write(context, piece.unwrap_or_default()))?
                }
                _ => {
                    let mut slices = [IoSlice::new(&[]); AT_ONCE];
                    for (at, (slice, piece)) in slices.iter_mut().zip(&self.pieces).enumerate() {
                        let skipped = if at == 0 { self.written } else { 0 };
                        *slice = IoSlice::new(piece.get(skipped..).unwrap_or_default());
                    }
                    ready!(Pin::new(&mut *stream).poll_write_vectored(context, &slices))?
                }
            };
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.unflushed = true;
            self.advance(count);
        }
        if self.unflushed {
            ready!(Pin::new(stream).poll_flush(context))?;
            self.unflushed = false;
        }
        Poll::Ready(Ok(()))
    }

    fn advance(&mut self, count: usize) {
        self.size -= count.min(self.size);
        self.written += count;
        while let Some(first) = self.pieces.front()
            && self.written >= first.len()
        {
            self.written -= first.len();
            self.pieces.pop_front();
        }
    }
}
