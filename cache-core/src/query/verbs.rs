//! The verbs that send a query.

use super::each::{self, Updated};
use super::explain::{self, Profile};
use super::row::{Key, Row, There};
use super::stream::{Pages, Rows};
use super::wanted::Wanted;
use super::{Found, Query, run};
use crate::cache::Cache;
use crate::document::{self, Changes};
use crate::error::{Error, Result};
use crate::model::Model;
use crate::primary_key::ReadKey;

impl<M: Model, R: Row<M>> Query<M, R> {
    /// The documents, all of them in one answer, or those of the [`page`](Query::page).
    ///
    /// # Errors
    /// [`Error::Incomplete`] if documents may be missing: more than the server answers at once (read them with
    /// [`stream`](Query::stream)), a time-out, a prefix that was not expanded to its end, documents that are not in the
    /// index. [`Error::IndexMissing`] before the migrator has run. [`Error::Query`] if an operand has no true answer.
    /// [`Error::Document`] if one of them is not what was expected, or [`Error::View`] if a view of one is not.
    pub async fn all(&self, cache: &Cache) -> Result<Found<R>> {
        run::all(&self.wanted, cache).await
    }

    /// The first document, in the order of [`sort_by`](Query::sort_by); `None` if there is none.
    ///
    /// # Errors
    /// As [`Query::all`].
    pub async fn first(&self, cache: &Cache) -> Result<Option<R>> {
        let (offset, limit) = self.wanted.page.unwrap_or((0, 1));
        let found = run::all(&self.paged(offset, limit.min(1)), cache).await?;
        Ok(found.into_iter().next())
    }

    /// The one document that there is; the [`page`](Query::page) does not matter.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none, [`Error::Ambiguous`] if there are several; else as [`Query::all`].
    #[doc(alias = "get")]
    pub async fn one(&self, cache: &Cache) -> Result<R> {
        let model = M::schema().model();
        let found = run::all(&self.paged(0, 2), cache).await?;
        let (several, total) = (found.len() > 1, found.total());
        match found.into_iter().next() {
            Some(_) if several => Err(Error::Ambiguous { model, found: total }),
            Some(one) => Ok(one),
            None => Err(Error::NotFound { model, key: None }),
        }
    }

    /// The documents one after the other, in constant memory, however many there are: a stream over a cursor of the
    /// server's, and not windows that move.
    ///
    /// Sorted, it shows what was there when it was opened. Unsorted, the first 200 come in one answer; of more, the server then
    /// collects the keys, about 200 bytes each, and each piece is what the query finds among the next of them. Either way a
    /// document that is there all the while comes once, whatever others write meanwhile; unsorted, one that they delete, or
    /// change so that the query no longer means it, does not come once they have, and a new one may or may not.
    /// [`sort_by`](Query::sort_by) and [`page`](Query::page) hold; of more than a million, sorted ones are refused, since the
    /// server would hold the documents at once. The server keeps an open cursor for five minutes after
    /// it was read last, and 128 of them an index; dropping the stream closes it.
    ///
    /// ```no_run
    /// # use cache_core::{Cache, CacheModel};
    /// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
    /// # struct User { #[primary_key] id: String, #[index] city: String }
    /// # async fn example(cache: Cache) -> cache_core::Result<()> {
    /// let mut users = User::find_by_city("Bern").stream(&cache);
    /// while let Some(user) = users.next().await {
    ///     println!("{}", user?.id);
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[doc(alias = "iter")]
    pub fn stream(&self, cache: &Cache) -> Rows<M, R> {
        Rows::new(self.wanted.clone(), cache)
    }

    /// The documents, `size` at a time (at least one): a stream over a cursor of the server's, as
    /// [`stream`](Query::stream).
    pub fn pages(&self, cache: &Cache, size: usize) -> Pages<M, R> {
        Pages::new(self.stream(cache), size)
    }

    /// How many documents there are; the [`page`](Query::page) does not matter.
    ///
    /// A document that has just expired is counted until the server removes it. Where the server finds more than what
    /// is meant (integers beyond 2^53, several conditions on one element, patterns), the documents are read, as [`stream`](Query::stream) does it, and counted here.
    ///
    /// # Errors
    /// As [`Query::all`].
    pub async fn count(&self, cache: &Cache) -> Result<u64> {
        let wanted = Wanted { page: None, sort: Vec::new(), ..self.wanted.clone() };
        if !wanted.render()?.is_inexact() {
            return Ok(run::all::<M, Key>(&Wanted { page: Some((0, 0)), ..wanted }, cache).await?.total());
        }
        let (mut rows, mut count) = (Rows::<M, Key>::new(wanted, cache), 0);
        while rows.next().await.transpose()?.is_some() {
            count += 1;
        }
        Ok(count)
    }

    /// Whether there is such a document; the [`page`](Query::page) does not matter.
    ///
    /// # Errors
    /// As [`Query::all`].
    pub async fn exists(&self, cache: &Cache) -> Result<bool> {
        Ok(!run::all::<M, There>(&self.paged(0, 1), cache).await?.is_empty())
    }

    /// The primary keys of the documents, without reading these.
    ///
    /// A document that has just expired is among them until the server removes it.
    ///
    /// # Errors
    /// [`Error::KeyWithoutId`] if one of them cannot be read from the document's key; else as [`Query::all`].
    #[doc(alias = "all_pks")]
    pub async fn ids(&self, cache: &Cache) -> Result<Found<M::PrimaryKey>>
    where
        M: Model<PrimaryKey: ReadKey>,
    {
        let Found { items, total, completeness } = run::all::<M, Key>(&self.wanted, cache).await?;
        let items = items.iter().map(|Key(key)| document::read_id::<M>(cache, key)).collect::<Result<_>>()?;
        Ok(Found { items, total, completeness })
    }

    /// Deletes the documents, and says how many were there. [`sort_by`](Query::sort_by) and [`page`](Query::page) hold:
    /// the hundred oldest can be deleted.
    ///
    /// The keys of all of them, as they are at one moment, are read before the first one is deleted. A document that is changed between, so that the
    /// query no longer means it, is deleted all the same. When the future is dropped, some of them may be deleted.
    ///
    /// ```no_run
    /// # use cache_core::{Cache, CacheModel};
    /// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
    /// # struct Session { #[primary_key] id: String, #[index] expires: i64 }
    /// # async fn example(cache: Cache, now: i64) -> cache_core::Result<()> {
    /// let gone = Session::find_by_expires(..now).delete(&cache).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Query::all`], before anything is deleted; [`Error::Stopped`] after that, with how many were.
    pub async fn delete(&self, cache: &Cache) -> Result<u64> {
        each::delete(&self.wanted, cache).await
    }

    /// Changes the documents, each in one atomic step; see [`Patch`](crate::Patch) for what can be changed and what
    /// holds. [`sort_by`](Query::sort_by) and [`page`](Query::page) hold.
    ///
    /// The keys of all of them, as they are at one moment, are read before the first one is changed. A document that is changed by others between,
    /// so that the query no longer means it, is changed all the same. When the future is dropped, some may be changed.
    ///
    /// ```no_run
    /// # use cache_core::{Cache, CacheModel, Changes};
    /// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
    /// # struct User { #[primary_key] id: String, #[index] city: String, visits: u64 }
    /// # async fn example(cache: Cache) -> cache_core::Result<()> {
    /// let changes = Changes::new().set(User::CITY, "Bern").increment(User::VISITS, 1);
    /// let updated = User::find_by_city("Berne").update(&cache, changes).await?;
    /// println!("{} changed, {} refused", updated.changed(), updated.refused().len());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Patch`] if something is wrong with the changes themselves, and as [`Query::all`], before anything is
    /// changed; [`Error::Stopped`] after that, with how many were. A document that cannot be changed is no error: see
    /// [`Updated::refused`].
    pub async fn update(&self, cache: &Cache, changes: Changes<M>) -> Result<Updated> {
        each::update(&self.wanted, cache, changes).await
    }

    /// What the server makes of the query: the tree that it reads, as `FT.EXPLAIN` prints it.
    ///
    /// # Errors
    /// [`Error::IndexMissing`] before the migrator has run, [`Error::Query`] if an operand has no true answer.
    pub async fn explain(&self, cache: &Cache) -> Result<String> {
        explain::explain(&self.wanted, cache).await
    }

    /// How the server spends its time on the query, as `FT.PROFILE` tells. The query is run for it, without bringing
    /// documents.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for queries with `is_missing` before RediSearch 8, which would crash; else as
    /// [`explain`](Query::explain).
    pub async fn profile(&self, cache: &Cache) -> Result<Profile> {
        explain::profile(&self.wanted, cache).await
    }

    fn paged(&self, offset: u64, limit: u64) -> Wanted<M> {
        Wanted { page: Some((offset, limit)), ..self.wanted.clone() }
    }
}
