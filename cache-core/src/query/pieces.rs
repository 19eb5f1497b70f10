//! Where the pieces of a stream of documents come from.
//!
//! What is sorted the server collects before it answers, and keys alone. Of an unsorted answer it reads a piece from the index
//! when that is asked for: by then, documents that were written since have moved there, and the rest may be out of reach. So
//! of unsorted documents the first piece is what one answer has; then the keys of all are collected, and each further piece
//! is what the query finds among the next of them.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use cache_index::{CursorRequest, Hit, Loads, Route, SearchAnswer, SearchRequest, Shortfall};

use super::cursor::{Asking, Cursor, Decode, FIRST, MAX_IDLE, MOST_PIECE, Next, Piece, Source, home};
use super::held;
use super::row::Row;
use super::run::{EXPIRED_TRIES, read_keys, send, unreadable, within};
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
        there: AtomicU64::new(0),
    });
    let decode: Decode<Hit> = {
        let pieces = Arc::clone(&pieces);
        Arc::new(move |reply| {
            let (answer, cursor) = SearchAnswer::decode_cursor(reply)?;
            Ok(pieces.of_next(answer, cursor))
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
    /// What the server has collected, of which so many came.
    collected: OnceLock<Collected>,
    came: AtomicU64,
    /// How many of these were there.
    there: AtomicU64,
}

/// The first answer of the server's.
struct First {
    answer: SearchAnswer,
    cursor: u64,
    /// How many it hands out in all, where it has collected them.
    number: u64,
    /// Why that is not all.
    capped: Option<Shortfall>,
    /// Whether there are others behind these.
    has_others: bool,
}

struct Collected {
    /// How many are to come.
    number: u64,
    /// Whether there are others, which could stand in the place of those that are gone.
    has_others: bool,
}

impl Pieces {
    /// The first answer to the query, and for documents without an order: then the keys of all.
    async fn first(self: Arc<Self>) -> Result<Piece<Hit>> {
        let (offset, limit) = self.page();
        let search = self.prepared.request(offset, limit);
        let count = FIRST.min(limit.max(1));
        let request = CursorRequest { search, count, max_idle: MAX_IDLE, room: CursorRequest::ROOM };
        let First { mut answer, cursor, number, capped, has_others } = self.answer(request).await?;
        let mut first = if matches!(self.way, Way::Sorted) {
            self.of_first(answer, cursor, number, has_others)
        } else {
            self.keep(&mut answer, has_others);
            piece(answer, cursor)
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
            let search = SearchRequest { loads: Loads::KEY, ..self.prepared.request(offset, limit) };
            let request = CursorRequest { search, count, max_idle: MAX_IDLE, room };
            let can_have_room = request.cap() == Some(room) && room < CursorRequest::MOST_ROOM;
            let First { answer, cursor, number, capped, has_others } = self.answer(request).await?;
            tries += 1;
            if capped.is_none() || !can_have_room || tries == TRIES {
                let mut keys = self.of_first(answer, cursor, number, has_others);
                keys.shortfalls.extend(capped);
                return Ok(keys);
            }
            self.close(cursor).await;
            room = (answer.total + answer.total / 16).min(CursorRequest::MOST_ROOM);
        }
    }

    /// What comes of the first answer, when the server has collected as many as are wanted, or as there was room for.
    fn of_first(
        self: &Arc<Self>,
        answer: SearchAnswer,
        cursor: u64,
        number: u64,
        has_others: bool,
    ) -> Piece<Hit> {
        // There is no other that is the first.
        let _ = self.collected.set(Collected { number, has_others });
        self.of_next(answer, cursor)
    }

    /// What comes of an answer of the cursor's.
    fn of_next(self: &Arc<Self>, mut answer: SearchAnswer, cursor: u64) -> Piece<Hit> {
        let came = answer.hits.len() as u64;
        let returned = self.came.fetch_add(came, Ordering::Relaxed) + came;
        let (total, has_others) =
            self.collected.get().map_or((0, false), |collected| (collected.number, collected.has_others));
        if cursor == 0 && returned < total {
            // As where MAXAGGREGATERESULTS is low, of which the server says nothing.
            answer.shortfalls.push(Shortfall::ResultCap { total, returned });
        }
        self.keep(&mut answer, cursor == 0 && has_others);
        if matches!(self.way, Way::Sorted) {
            return piece(answer, cursor);
        }
        let is_given = |key: &Bytes| self.given.get().is_some_and(|given| given.contains(key));
        answer.hits.retain(|hit| !is_given(&hit.key));
        if matches!(self.way, Way::Keys) || answer.hits.is_empty() {
            return piece(answer, cursor);
        }
        let pieces = Arc::clone(self);
        let SearchAnswer { hits, shortfalls, .. } = answer;
        let then: Next<Hit> = Box::new(move |_| Box::pin(async move { pieces.read(hits, cursor).await }));
        Piece { items: Vec::new(), bytes: 0, shortfalls, cursor, then: Some(then) }
    }

    /// What the query finds among the documents with these keys.
    async fn read(&self, found: Vec<Hit>, cursor: u64) -> Result<Piece<Hit>> {
        let keys = found.iter().map(|hit| hit.key.to_vec()).collect();
        let mut answer = read_keys(&self.cache, &self.prepared, keys).await?;
        if self.prepared.scores {
            let scores: HashMap<_, _> = found.into_iter().map(|hit| (hit.key, hit.score)).collect();
            for hit in &mut answer.hits {
                hit.score = scores.get(&hit.key).copied().flatten();
            }
        }
        Ok(piece(answer, cursor))
    }

    /// Keeps what is there, and no more than the page has; `is_short`: there are others, and no more come.
    fn keep(&self, answer: &mut SearchAnswer, is_short: bool) {
        let (_, limit) = self.page();
        answer.hits.retain(|hit| !hit.is_gone());
        let before = self.there.load(Ordering::Relaxed);
        answer.hits.truncate(usize::try_from(limit - before).unwrap_or(usize::MAX));
        let there = before + answer.hits.len() as u64;
        self.there.store(there, Ordering::Relaxed);
        if is_short && there < limit {
            answer.shortfalls.push(Shortfall::Expiring);
        }
    }

    /// The first answer. Where documents of the page had expired, it is asked for again, for more each time.
    async fn answer(&self, mut request: CursorRequest<'_>) -> Result<First> {
        let (offset, limit) = self.page();
        let mut tries = 0;
        loop {
            tries += 1;
            let command = within(&self.prepared, request.command().routed(self.home()));
            let (reply, shortfalls) = send(&self.cache, &self.prepared, command).await?;
            let (mut answer, cursor) =
                SearchAnswer::decode_cursor(reply).map_err(|source| unreadable("FT.AGGREGATE", source))?;
            answer.shortfalls.extend(shortfalls);
            let (asked, there) = (request.search.limit, answer.total.saturating_sub(offset));
            let has_others = match request.cap() {
                Some(_) => there > asked,
                // It stops there, and does not tell of more.
                None => answer.hits.len() as u64 >= asked,
            };
            if !has_others || tries == EXPIRED_TRIES || !answer.hits.iter().any(Hit::is_gone) {
                let number = there.min(asked).min(request.cap().unwrap_or(u64::MAX));
                // Whether there are more than the server hands out.
                let returned = request.cap().filter(|cap| *cap < limit.min(there));
                let capped = returned.map(|returned| Shortfall::ResultCap { total: answer.total, returned });
                return Ok(First { answer, cursor, number, capped, has_others });
            }
            self.close(cursor).await;
            request.search.limit = asked.saturating_mul(2).saturating_add(16);
            request.count = request.count.max(request.search.limit.min(MOST_PIECE));
        }
    }

    async fn close(&self, cursor: u64) {
        if cursor != 0 {
            // It may be gone already; and if the server is away, it goes by itself.
            let close = CursorRequest::close(&self.prepared.index, cursor).routed(self.home());
            let _ = self.cache.command(within(&self.prepared, close)).await;
        }
    }

    fn home(&self) -> Route {
        home(&self.cache, self.prepared.schema)
    }

    fn page(&self) -> (u64, u64) {
        self.page.unwrap_or((0, u64::MAX))
    }
}

fn piece(answer: SearchAnswer, cursor: u64) -> Piece<Hit> {
    let bytes = answer.hits.iter().map(|hit| hit.size() as u64).sum();
    Piece { items: answer.hits, bytes, shortfalls: answer.shortfalls, cursor, then: None }
}
