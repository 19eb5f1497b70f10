//! Where the pieces of a stream of documents come from.
//!
//! What is sorted the server collects before it answers, and keys alone. Of an unsorted answer it reads a piece from the index
//! when that is asked for: by then, documents that were written since have moved there, and the rest may be out of reach. So
//! of unsorted documents the first piece is what one answer has; then the keys of all are collected, and each further piece
//! is what the query finds among the next of them.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use cache_index::{CursorRequest, Hit, Loads, SearchAnswer, SearchRequest, Shortfall};

use super::cursor::{Asking, Cursor, Decode, FIRST, MAX_IDLE, MOST_PIECE, Next, Piece, Source, home};
use super::held;
use super::row::Row;
use super::run::{read_keys, send, unreadable, within};
use super::wanted::{Prepared, Wanted};
use crate::cache::Cache;
use crate::error::Result;
use crate::model::Model;

/// How often the keys are collected again, with more room, because there had come more than there was room for.
const TRIES: usize = 4;

pub(super) fn open<M: Model, R: Row<M>>(
    prepared: Prepared,
    wanted: &Wanted<M>,
    page: Option<(u64, u64)>,
    cache: &Cache,
) -> Cursor<Hit> {
    let way = match (prepared.request(0, 0).is_sorted(), prepared.sees_documents()) {
        (true, _) => Way::Sorted,
        (false, true) => Way::Documents,
        (false, false) => Way::Keys,
    };
    let most = match way {
        Way::Documents => cache.capabilities().max_search_results.min(MOST_PIECE),
        Way::Sorted | Way::Keys => MOST_PIECE,
    };
    let pieces = Arc::new(Pieces {
        prepared,
        way,
        page,
        cache: cache.clone(),
        given: OnceLock::new(),
        collected: OnceLock::new(),
        came: AtomicU64::new(0),
    });
    let decode: Decode<Hit> = {
        let pieces = Arc::clone(&pieces);
        Arc::new(move |reply| {
            let (answer, cursor) = SearchAnswer::decode_cursor(reply)?;
            Ok(pieces.next(answer, cursor))
        })
    };
    let source = Source {
        cache: cache.clone(),
        model: pieces.prepared.model,
        index: pieces.prepared.index.clone(),
        home: home(cache, pieces.prepared.schema),
        decode,
        deadline: pieces.prepared.deadline,
        partial: pieces.prepared.partial,
        most,
    };
    let wanted = wanted.clone();
    let opening = move |count| -> Asking<Hit> {
        Box::pin(async move {
            if let Some(held) = held::find::<M, R>(&wanted, &pieces.prepared, page, &pieces.cache)? {
                let shortfalls = held.completeness.shortfalls().to_vec();
                return Ok(Piece { items: held.hits, bytes: 0, shortfalls, cursor: 0, then: None });
            }
            match (way, page) {
                (Way::Sorted, _) | (Way::Documents, None) => pieces.first().await,
                // A page has one order, that of its keys, unless one answer has all of it.
                (Way::Documents, Some((_, limit))) if limit <= FIRST => pieces.first().await,
                (Way::Documents | Way::Keys, _) => pieces.collect(count).await,
            }
        })
    };
    Cursor::new(source, Box::new(opening))
}

/// What the pieces are, and how the server has them.
#[derive(Clone, Copy)]
enum Way {
    /// Documents that it has collected in their order.
    Sorted,
    /// Keys that it has collected.
    Keys,
    /// Documents that are read by such keys.
    Documents,
}

/// The pieces of one stream.
struct Pieces {
    prepared: Prepared,
    way: Way,
    page: Option<(u64, u64)>,
    cache: Cache,
    /// The keys of the first piece, which are among those that are collected behind it.
    given: OnceLock<HashSet<Bytes>>,
    /// How many keys were collected, of which so many came.
    collected: OnceLock<u64>,
    came: AtomicU64,
}

impl Pieces {
    /// The first answer to the query, and for documents without an order: then the keys of all.
    async fn first(self: Arc<Self>) -> Result<Piece<Hit>> {
        let (offset, limit) = self.page();
        let search = self.prepared.request(offset, limit);
        let count = FIRST.min(limit.max(1));
        let request = CursorRequest { search, count, max_idle: MAX_IDLE, room: CursorRequest::ROOM };
        let (answer, cursor) = self.answer(&request).await?;
        let capped = self.capped(&request, &answer);
        let mut first = match self.way {
            Way::Sorted => self.collected(answer, cursor, request.room),
            Way::Documents | Way::Keys => piece(answer, cursor),
        };
        first.shortfalls.extend(capped);
        if matches!(self.way, Way::Documents) && cursor != 0 && limit > FIRST {
            self.close(std::mem::take(&mut first.cursor)).await;
            let keys = first.items.iter().map(|hit| Bytes::copy_from_slice(&hit.key));
            // It is the first piece, and there is no other.
            let _ = self.given.set(keys.collect());
            first.then = Some(Box::new(move |count| Box::pin(self.collect(count))));
        }
        Ok(first)
    }

    /// Has the server collect the keys of all documents, and brings the first of them.
    async fn collect(self: Arc<Self>, count: u64) -> Result<Piece<Hit>> {
        let (offset, limit) = self.page();
        let (mut room, mut tries) = (CursorRequest::ROOM, 0);
        loop {
            let search = self.prepared.request(offset, limit);
            let search = SearchRequest { loads: Loads::KEY, scores: false, ..search };
            let request = CursorRequest { search, count, max_idle: MAX_IDLE, room };
            let (answer, cursor) = self.answer(&request).await?;
            let capped = self.capped(&request, &answer);
            tries += 1;
            if capped.is_none() || tries == TRIES || room == CursorRequest::MOST_ROOM {
                let mut keys = self.collected(answer, cursor, room);
                keys.shortfalls.extend(capped);
                return Ok(keys);
            }
            self.close(cursor).await;
            room = (answer.total + answer.total / 16).min(CursorRequest::MOST_ROOM);
        }
    }

    /// What comes of the first answer, when the server has collected as many as there was room for.
    fn collected(self: &Arc<Self>, answer: SearchAnswer, cursor: u64, room: u64) -> Piece<Hit> {
        let (offset, limit) = self.page();
        // It is the first answer, and there is no other.
        let _ = self.collected.set(answer.total.saturating_sub(offset).min(limit).min(room));
        self.next(answer, cursor)
    }

    /// What comes of an answer of the cursor's.
    fn next(self: &Arc<Self>, mut answer: SearchAnswer, cursor: u64) -> Piece<Hit> {
        let came = answer.hits.len() as u64;
        let returned = self.came.fetch_add(came, Ordering::Relaxed) + came;
        let total = self.collected.get().copied().unwrap_or_default();
        if cursor == 0 && returned < total {
            // As where MAXAGGREGATERESULTS is low, of which the server says nothing.
            answer.shortfalls.push(Shortfall::ResultCap { total, returned });
        }
        if matches!(self.way, Way::Sorted) {
            return piece(answer, cursor);
        }
        answer
            .hits
            .retain(|hit| !hit.is_gone() && self.given.get().is_none_or(|given| !given.contains(&hit.key)));
        if matches!(self.way, Way::Keys) || answer.hits.is_empty() {
            return piece(answer, cursor);
        }
        let pieces = Arc::clone(self);
        let keys: Vec<_> = answer.hits.iter().map(|hit| hit.key.to_vec()).collect();
        let then: Next<Hit> = Box::new(move |_| Box::pin(async move { pieces.read(keys, cursor).await }));
        Piece { items: Vec::new(), bytes: 0, shortfalls: answer.shortfalls, cursor, then: Some(then) }
    }

    /// What the query finds among the documents with these keys.
    async fn read(&self, keys: Vec<Vec<u8>>, cursor: u64) -> Result<Piece<Hit>> {
        Ok(piece(read_keys(&self.cache, &self.prepared, keys).await?, cursor))
    }

    async fn answer(&self, request: &CursorRequest<'_>) -> Result<(SearchAnswer, u64)> {
        let home = home(&self.cache, self.prepared.schema);
        let command = within(&self.prepared, request.command().routed(home));
        let (reply, shortfalls) = send(&self.cache, &self.prepared, command).await?;
        let (mut answer, cursor) =
            SearchAnswer::decode_cursor(reply).map_err(|source| unreadable("FT.AGGREGATE", source))?;
        answer.shortfalls.extend(shortfalls);
        Ok((answer, cursor))
    }

    /// Whether there are more than the server hands out.
    fn capped(&self, request: &CursorRequest<'_>, answer: &SearchAnswer) -> Option<Shortfall> {
        let (offset, limit) = self.page();
        let (total, wanted) = (answer.total, limit.min(answer.total.saturating_sub(offset)));
        let returned = request.cap().filter(|cap| *cap < wanted)?;
        Some(Shortfall::ResultCap { total, returned })
    }

    async fn close(&self, cursor: u64) {
        if cursor != 0 {
            let home = home(&self.cache, self.prepared.schema);
            // It may be gone already; and if the server is away, it goes by itself.
            let close = CursorRequest::close(&self.prepared.index, cursor).routed(home);
            let _ = self.cache.command(within(&self.prepared, close)).await;
        }
    }

    fn page(&self) -> (u64, u64) {
        self.page.unwrap_or((0, u64::MAX))
    }
}

fn piece(answer: SearchAnswer, cursor: u64) -> Piece<Hit> {
    let bytes = answer.hits.iter().map(|hit| hit.size() as u64).sum();
    Piece { items: answer.hits, bytes, shortfalls: answer.shortfalls, cursor, then: None }
}
