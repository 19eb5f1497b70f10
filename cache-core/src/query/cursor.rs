//! A server's cursor: an answer that is handed out piece by piece, and closed when nobody wants more.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use cache_index::{
    Command, Completeness, CursorRequest, DecodeError, Reply, Route, Schema, ServerErrorKind, Shortfall,
};
use futures_core::future::BoxFuture;

use super::run::unreadable;
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::index;

/// How long the server keeps a cursor that nobody reads: as long as RediSearch does by itself, and at most.
pub(super) const MAX_IDLE: Duration = Duration::from_secs(300);

/// How long the reader may take for a piece, by its pace so far, so that the cursor is there when it comes back.
const PACE: Duration = Duration::from_secs(60);

/// How many items the first piece has.
pub(super) const FIRST: u64 = 200;

/// How many items a piece has at most.
pub(super) const MOST_PIECE: u64 = 10_000;

/// How many bytes of items a piece should have.
const BYTES: u64 = 1 << 20;

/// A piece of an answer.
pub(super) struct Piece<T> {
    pub(super) items: Vec<T>,
    /// How many bytes of items these are, about.
    pub(super) bytes: u64,
    pub(super) shortfalls: Vec<Shortfall>,
    /// Where to go on; 0: there is no more.
    pub(super) cursor: u64,
    /// What brings the next piece before the cursor does.
    pub(super) then: Option<Next<T>>,
}

/// A piece that is asked for.
pub(super) type Asking<T> = BoxFuture<'static, Result<Piece<T>>>;

/// Asks for a piece, which should have so many items.
pub(super) type Next<T> = Box<dyn FnOnce(u64) -> Asking<T> + Send>;

/// Reads what the server answers to a cursor.
pub(super) type Decode<T> = Arc<dyn Fn(Reply) -> Result<Piece<T>, DecodeError> + Send + Sync>;

/// What is asked, and of whom.
pub(super) struct Source<T> {
    pub(super) cache: Cache,
    pub(super) model: &'static str,
    pub(super) index: String,
    /// Where the cursor is: see [`home`].
    pub(super) home: Route,
    pub(super) decode: Decode<T>,
    /// How long the client waits for a piece, if not as the connection does.
    pub(super) deadline: Option<Duration>,
    /// Whether items may be missing.
    pub(super) partial: bool,
    /// How many items a piece has at most.
    pub(super) most: u64,
}

/// Where in a cluster a cursor is opened, read and closed: it is of one node. That is the one that has the number of the index,
/// which is looked at in the same piece.
pub(super) fn home(cache: &Cache, schema: &Schema) -> Route {
    index::made_key(cache, schema).map_or(Route::AnyNode, Route::SlotOf)
}

/// Items that come piece by piece. It holds one piece.
pub(super) struct Cursor<T: 'static> {
    source: Source<T>,
    asking: Option<Asking<T>>,
    /// What is asked before the server's cursor is.
    next: Option<Next<T>>,
    /// The server's cursor; `None`: not opened yet, or at its end.
    open: Option<u64>,
    found: VecDeque<T>,
    completeness: Completeness,
    refused: Option<Error>,
    /// How many items the last piece had, how many bytes they were, and when it came.
    last: (u64, u64, Instant),
}

impl<T: Send + 'static> Cursor<T> {
    /// The cursor that this opens, once it is asked for its first item.
    pub(super) fn new(source: Source<T>, open: Next<T>) -> Self {
        Self {
            source,
            asking: None,
            next: Some(open),
            open: None,
            found: VecDeque::new(),
            completeness: Completeness::Complete,
            refused: None,
            last: (0, 0, Instant::now()),
        }
    }

    /// Whether items may be missing, as far as is known.
    pub(super) fn completeness(&self) -> &Completeness {
        &self.completeness
    }

    pub(super) fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        loop {
            if let Some(item) = self.found.pop_front() {
                return Poll::Ready(Some(Ok(item)));
            }
            if let Some(error) = self.refused.take() {
                self.close();
                return Poll::Ready(Some(Err(error)));
            }
            if let Some(asking) = &mut self.asking {
                let piece = ready!(asking.as_mut().poll(context));
                self.asking = None;
                self.take(piece);
            } else if let Some(next) = self.next.take() {
                self.asking = Some(next(self.next_count()));
            } else if let Some(cursor) = self.open {
                self.asking = Some(self.ask_for_more(cursor));
            } else {
                return Poll::Ready(None);
            }
        }
    }

    fn take(&mut self, piece: Result<Piece<T>>) {
        match piece {
            Ok(piece) => {
                self.open = (piece.cursor != 0).then_some(piece.cursor);
                // One of nothing says nothing of the size of items, nor of the reader's pace.
                if !piece.items.is_empty() {
                    self.last = (piece.items.len() as u64, piece.bytes, Instant::now());
                }
                self.next = piece.then;
                self.missing(piece.shortfalls);
                if self.refused.is_none() {
                    self.found = piece.items.into();
                }
            }
            // An index that went has taken its cursors along.
            Err(error) if error.server_kind().is_some_and(is_lost) => {
                self.open = None;
                self.missing(vec![Shortfall::CursorLost]);
            }
            Err(error) => self.refused = Some(error),
        }
    }

    /// Adds reasons why items may be missing, and refuses to go on unless they may.
    fn missing(&mut self, more: Vec<Shortfall>) {
        let mut shortfalls = self.completeness.shortfalls().to_vec();
        shortfalls.extend(more.into_iter().filter(|new| !self.completeness.shortfalls().contains(new)));
        self.completeness = Completeness::of(shortfalls);
        if !self.source.partial && !self.completeness.is_complete() {
            let completeness = self.completeness.clone();
            self.refused = Some(Error::Incomplete { model: self.source.model, completeness });
        }
    }

    fn ask_for_more(&self, cursor: u64) -> Asking<T> {
        let Source { cache, index, home, decode, deadline, .. } = &self.source;
        let (decode, cache) = (Arc::clone(decode), cache.clone());
        let mut command = CursorRequest::read(index, cursor, self.next_count()).routed(home.clone());
        if let Some(deadline) = deadline {
            command = command.within(*deadline);
        }
        Box::pin(async move {
            let reply = cache.command(command).await?;
            decode(reply).map_err(|source| unreadable("FT.CURSOR", source))
        })
    }

    /// As many as are about a megabyte, and as the reader will have taken before the server gives the cursor up.
    fn next_count(&self) -> u64 {
        let (items, bytes, came) = self.last;
        if items == 0 {
            return FIRST.min(self.source.most).max(1);
        }
        let by_size = items.saturating_mul(BYTES) / bytes.max(1);
        let took = came.elapsed().as_millis().max(1);
        let by_pace = u64::try_from(u128::from(items) * PACE.as_millis() / took).unwrap_or(u64::MAX);
        by_size.min(by_pace).min(items.saturating_mul(8)).min(self.source.most).max(1)
    }
}

impl<T: 'static> Cursor<T> {
    /// Tells the server that no more is wanted. A cursor that is being opened is closed as soon as it is.
    fn close(&mut self) {
        self.next = None;
        let (asking, open) = (self.asking.take(), self.open.take());
        let opening = if open.is_none() { asking } else { None };
        if open.is_none() && opening.is_none() {
            return;
        }
        // Without a runtime there is nobody to do it; the server gives it up by itself.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let Source { cache, index, home, .. } = &self.source;
        let (cache, index, home) = (cache.clone(), index.clone(), home.clone());
        runtime.spawn(async move {
            let cursor = match (open, opening) {
                (Some(cursor), _) => cursor,
                (None, Some(opening)) => opening.await.map_or(0, |piece| piece.cursor),
                (None, None) => 0,
            };
            if cursor != 0 {
                let close: Command = CursorRequest::close(&index, cursor).routed(home);
                // It may be closed already; and if the server is away, the cursor goes by itself.
                let _ = cache.command(close).await;
            }
        });
    }
}

impl<T: 'static> Drop for Cursor<T> {
    fn drop(&mut self) {
        self.close();
    }
}

fn is_lost(kind: ServerErrorKind) -> bool {
    matches!(kind, ServerErrorKind::UnknownCursor | ServerErrorKind::UnknownIndex)
}
