//! Asking the server for the rows of an aggregation.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use cache_index::aggregate::{
    AggregateAnswer, AggregatePlan, AggregateRequest, AggregateRow, RenderedAggregate,
};
use cache_index::{AggregateError, Completeness, DecodeError, QueryError, Reply, Shortfall};
use futures_core::Stream;
use serde::de::DeserializeOwned;

use super::cursor::{Asking, Cursor, FIRST, MAX_IDLE, MOST_PIECE, Piece, Source, home};
use super::row::Key;
use super::run::{send, unreadable, within};
use super::summary::Summary;
use super::wanted::{Prepared, Wanted};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::model::Model;

/// How many rows an answer has at most. The server makes room for as many as it is told when it sorts: eight bytes each.
const MOST: u64 = 1_000_000;

/// How many rows a cursor over unsorted ones hands out at most: the server reads larger limits as something else.
const MOST_UNSORTED: u64 = i32::MAX as u64;

/// An aggregation that is ready to be sent.
struct Ready {
    prepared: Prepared,
    plan: RenderedAggregate,
}

impl Ready {
    /// `None`: there can be no row, and nothing need be asked.
    fn new<M: Model>(wanted: &Wanted<M>, plan: &AggregatePlan<M>, cache: &Cache) -> Result<Option<Self>> {
        if !wanted.sort.is_empty() || wanted.page.is_some() {
            return Err(QueryError::from(AggregateError::OrderedBefore).into());
        }
        let rendered = plan.render()?;
        let Some(prepared) = Prepared::new::<M, Key>(wanted, cache)? else { return Ok(None) };
        if prepared.is_inexact() {
            return Err(QueryError::from(AggregateError::Inexact).into());
        }
        Ok((plan.limit() != Some(0)).then_some(Self { prepared, plan: rendered }))
    }

    fn request(&self, with_cursor: bool) -> AggregateRequest<'_> {
        AggregateRequest {
            index: &self.prepared.index,
            filter: &self.prepared.filter,
            options: &self.prepared.options,
            plan: &self.plan,
            most: if with_cursor && !self.plan.is_sorted() { MOST_UNSORTED } else { MOST },
            timeout: self.prepared.timeout,
            cursor: with_cursor.then_some((FIRST, MAX_IDLE)),
        }
    }
}

pub(super) async fn rows<M: Model, T: DeserializeOwned>(
    wanted: &Wanted<M>,
    plan: &AggregatePlan<M>,
    cache: &Cache,
) -> Result<Summary<T>> {
    let Some(ready) = Ready::new(wanted, plan, cache)? else {
        return Ok(Summary { rows: Vec::new(), completeness: Completeness::Complete });
    };
    let request = ready.request(false);
    let command = within(&ready.prepared, request.command());
    let (reply, why) = send(cache, &ready.prepared, command).await?;
    let answer = AggregateAnswer::decode(reply).map_err(|source| unreadable("FT.AGGREGATE", source))?;
    let mut shortfalls = answer.shortfalls;
    shortfalls.extend(why);
    let returned = answer.rows.len() as u64;
    shortfalls.extend(request.cap().filter(|cap| returned >= *cap).map(|_| Shortfall::RowCap { returned }));
    let completeness = Completeness::of(shortfalls);
    ready.prepared.accept(&completeness)?;
    let read =
        |row: &AggregateRow| row.read(&ready.plan).map_err(|source| unreadable("FT.AGGREGATE", source));
    Ok(Summary { rows: answer.rows.iter().map(read).collect::<Result<_>>()?, completeness })
}

/// The rows of an aggregation, one after the other. Made by [`Aggregation::stream`](crate::Aggregation::stream), which
/// says what holds.
///
/// It is lazy and holds one piece of the answer, about a megabyte. Dropped, it closes the server's cursor.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: u64, #[index] city: String }
/// use cache_core::aggregate::count;
///
/// #[derive(serde::Deserialize)]
/// struct PerCity {
///     city: String,
///     people: u64,
/// }
///
/// # async fn example(cache: Cache) -> cache_core::Result<()> {
/// let mut cities = User::find().group_by(User::CITY).reduce("people", count()).stream::<PerCity>(&cache);
/// while let Some(row) = cities.next().await {
///     let PerCity { city, people } = row?;
///     println!("{city}: {people}");
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a stream does nothing until it is asked for its next item"]
pub struct Groups<T> {
    /// None if there can be no row.
    cursor: Option<Cursor<AggregateRow>>,
    plan: RenderedAggregate,
    refused: Option<Error>,
    model: &'static str,
    /// After so many rows others may be missing.
    cap: Option<u64>,
    returned: u64,
    partial: bool,
    row: PhantomData<fn() -> T>,
}

impl<T: DeserializeOwned> Groups<T> {
    pub(super) fn new<M: Model>(wanted: &Wanted<M>, plan: &AggregatePlan<M>, cache: &Cache) -> Self {
        let mut groups = Self {
            cursor: None,
            plan: RenderedAggregate::default(),
            refused: None,
            model: M::schema().model(),
            cap: None,
            returned: 0,
            partial: wanted.partial,
            row: PhantomData,
        };
        match Ready::new(wanted, plan, cache) {
            Ok(Some(ready)) => {
                groups.plan = ready.plan.clone();
                groups.cap = ready.request(true).cap();
                groups.cursor = Some(open(ready, cache));
            }
            Ok(None) => {}
            Err(error) => groups.refused = Some(error),
        }
        groups
    }

    /// The next row; `None`: there is no more.
    ///
    /// # Errors
    /// [`Error::Decode`] for a row that does not fit `T`: then there may be more. After any other error there is no
    /// more; they are those of [`Aggregation::rows`](crate::Aggregation::rows).
    pub async fn next(&mut self) -> Option<Result<T>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Whether documents or rows may be missing, as far as is known by now. It is known when there is no more.
    pub fn completeness(&self) -> &Completeness {
        self.cursor.as_ref().map_or(&Completeness::Complete, Cursor::completeness)
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T>>> {
        if let Some(error) = self.refused.take() {
            self.cursor = None;
            return Poll::Ready(Some(Err(error)));
        }
        let Some(cursor) = &mut self.cursor else { return Poll::Ready(None) };
        let Some(row) = ready!(cursor.poll_next(context)) else { return Poll::Ready(None) };
        let row = row?;
        self.returned += 1;
        if self.cap == Some(self.returned) && !self.partial {
            let completeness = Completeness::of(vec![Shortfall::RowCap { returned: self.returned }]);
            self.refused = Some(Error::Incomplete { model: self.model, completeness });
        }
        Poll::Ready(Some(row.read(&self.plan).map_err(|source| unreadable("FT.AGGREGATE", source))))
    }
}

fn open(ready: Ready, cache: &Cache) -> Cursor<AggregateRow> {
    let prepared = &ready.prepared;
    let home = home(cache, prepared.schema);
    let source = Source {
        cache: cache.clone(),
        model: prepared.model,
        index: prepared.index.clone(),
        home: home.clone(),
        decode: Arc::new(piece),
        deadline: prepared.deadline,
        partial: prepared.partial,
        most: MOST_PIECE,
    };
    let cache = cache.clone();
    let opening = |_| -> Asking<AggregateRow> {
        Box::pin(async move {
            let command = within(&ready.prepared, ready.request(true).command().routed(home));
            let (reply, shortfalls) = send(&cache, &ready.prepared, command).await?;
            let mut first = piece(reply).map_err(|source| unreadable("FT.AGGREGATE", source))?;
            first.shortfalls.extend(shortfalls);
            Ok(first)
        })
    };
    Cursor::new(source, Box::new(opening))
}

fn piece(reply: Reply) -> std::result::Result<Piece<AggregateRow>, DecodeError> {
    let (answer, cursor) = AggregateAnswer::decode_cursor(reply)?;
    let bytes = answer.rows.iter().map(|row| row.size() as u64).sum();
    Ok(Piece { items: answer.rows, bytes, shortfalls: answer.shortfalls, cursor, then: None })
}

impl<T: DeserializeOwned> Stream for Groups<T> {
    type Item = Result<T>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(context)
    }
}

// Nothing in it is ever pinned.
impl<T> Unpin for Groups<T> {}

impl<T> fmt::Debug for Groups<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Groups").finish_non_exhaustive()
    }
}
