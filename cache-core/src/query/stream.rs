//! Streams of what a query finds.

use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use cache_index::{Completeness, Hit};
use futures_core::Stream;

use super::cursor::Cursor;
use super::pieces;
use super::row::Row;
use super::run::{has_gone, is_meant};
use super::wanted::{Prepared, Wanted};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::model::Model;

/// What a query finds, one after the other. Made by [`Query::stream`](crate::Query::stream), which says what holds.
///
/// It is lazy and holds one piece of the answer, about a megabyte. Dropped, it closes the server's cursor.
///
/// ```
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: u64, #[index] city: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// User { id: 7, city: "Bern".to_owned() }.save(&cache).await?;
/// let mut users = User::find_by_city("Bern").stream(&cache);
/// while let Some(user) = users.next().await {
///     println!("{}", user?.id);
/// }
/// // Unless the query allows a partial answer, one that lacks documents ends with an error.
/// assert!(users.completeness().is_complete());
/// # Ok(())
/// # }
/// ```
#[must_use = "a stream does nothing until it is asked for its next item"]
pub struct Rows<M, R = M> {
    wanted: Wanted<M>,
    /// None if nothing can be found.
    cursor: Option<Cursor<Hit>>,
    refused: Option<Error>,
    /// Whether the server finds more than what is meant.
    inexact: bool,
    sees_documents: bool,
    row: PhantomData<fn() -> R>,
}

impl<M: Model, R: Row<M>> Rows<M, R> {
    pub(super) fn new(wanted: Wanted<M>, cache: &Cache) -> Self {
        let (prepared, refused) = match Prepared::new::<M, R>(&wanted, cache) {
            Ok(prepared) => (prepared, None),
            Err(error) => (None, Some(error)),
        };
        let inexact = prepared.as_ref().is_some_and(Prepared::is_inexact);
        let sees_documents = prepared.as_ref().is_some_and(Prepared::sees_documents);
        // A page is one of what is meant, so that it cannot be cut by who finds more than that.
        let page = wanted.page.filter(|_| !inexact);
        let cursor = prepared.map(|prepared| pieces::open::<M, R>(prepared, &wanted, page, cache));
        Self { wanted, cursor, refused, inexact, sees_documents, row: PhantomData }
    }

    /// The next one; `None`: there is no more.
    ///
    /// Each question to the server waits until the query's time-out or the connection's deadline. What a dropped call
    /// was waiting for is given to the next one.
    ///
    /// # Errors
    /// [`Error::Document`] or [`Error::View`] for a document that is not what was expected: then there may be more. After any other error
    /// there is no more: [`Error::Incomplete`] if some may be missing, one of the reasons being that the server gave
    /// its cursor up; else as [`Query::all`](crate::Query::all).
    pub async fn next(&mut self) -> Option<Result<R>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Whether documents may be missing, as far as is known by now. It is known when there is no more.
    pub fn completeness(&self) -> &Completeness {
        self.cursor.as_ref().map_or(&Completeness::Complete, Cursor::completeness)
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<R>>> {
        if let Some(error) = self.refused.take() {
            return Poll::Ready(Some(Err(error)));
        }
        let Some(cursor) = &mut self.cursor else { return Poll::Ready(None) };
        loop {
            let Some(hit) = ready!(cursor.poll_next(context)) else { return Poll::Ready(None) };
            let hit = hit?;
            if self.inexact {
                let (offset, limit) = self.wanted.page.unwrap_or((0, u64::MAX));
                if limit == 0 {
                    return Poll::Ready(None);
                }
                if !is_meant(&self.wanted, &hit)? {
                    continue;
                }
                self.wanted.page = Some((offset.saturating_sub(1), limit - u64::from(offset == 0)));
                if offset > 0 {
                    continue;
                }
            } else if has_gone(&hit, self.sees_documents) {
                continue;
            }
            return Poll::Ready(Some(R::read(&hit)));
        }
    }
}

impl<M: Model, R: Row<M>> Stream for Rows<M, R> {
    type Item = Result<R>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(context)
    }
}

// Nothing in it is ever pinned.
impl<M, R> Unpin for Rows<M, R> {}

impl<M, R> fmt::Debug for Rows<M, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").finish_non_exhaustive()
    }
}

/// What a query finds, so many at a time. Made by [`Query::pages`](crate::Query::pages).
///
/// It holds one page and one piece of the answer. Dropped, it closes the server's cursor.
///
/// ```
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: u64, #[index] city: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// for id in 0..5 {
///     User { id, city: "Bern".to_owned() }.save(&cache).await?;
/// }
/// let (mut pages, mut sizes) = (User::find_by_city("Bern").pages(&cache, 2), Vec::new());
/// while let Some(page) = pages.next().await {
///     sizes.push(page?.len());
/// }
/// assert_eq!(sizes, [2, 2, 1]);
/// # Ok(())
/// # }
/// ```
#[must_use = "a stream does nothing until it is asked for its next page"]
pub struct Pages<M, R = M> {
    rows: Rows<M, R>,
    size: usize,
    page: Vec<R>,
    refused: Option<Error>,
}

impl<M: Model, R: Row<M>> Pages<M, R> {
    pub(super) fn new(rows: Rows<M, R>, size: usize) -> Self {
        Self { rows, size: size.max(1), page: Vec::new(), refused: None }
    }

    /// The next page, which has as many as was asked for unless it is the last one; `None`: there is no more.
    ///
    /// # Errors
    /// As [`Rows::next`]. What was read before the error comes first, as a page that is shorter.
    pub async fn next(&mut self) -> Option<Result<Vec<R>>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// Whether documents may be missing, as far as is known by now.
    pub fn completeness(&self) -> &Completeness {
        self.rows.completeness()
    }

    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Vec<R>>>> {
        if let Some(error) = self.refused.take() {
            return Poll::Ready(Some(Err(error)));
        }
        while self.page.len() < self.size {
            match ready!(self.rows.poll(context)) {
                Some(Ok(row)) => self.page.push(row),
                Some(Err(error)) if self.page.is_empty() => return Poll::Ready(Some(Err(error))),
                Some(Err(error)) => {
                    self.refused = Some(error);
                    break;
                }
                None if self.page.is_empty() => return Poll::Ready(None),
                None => break,
            }
        }
        Poll::Ready(Some(Ok(std::mem::take(&mut self.page))))
    }
}

impl<M: Model, R: Row<M>> Stream for Pages<M, R> {
    type Item = Result<Vec<R>>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(context)
    }
}

impl<M, R> Unpin for Pages<M, R> {}

impl<M, R> fmt::Debug for Pages<M, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages").field("size", &self.size).finish_non_exhaustive()
    }
}
