//! Queries as values: what is meant, in which order, how much of it; and the verbs that ask the server.

mod found;
mod run;

use std::fmt;

use cache_index::{Filter, IndexSchema, SortKey};

use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::model::Model;

pub use found::Found;

/// Which documents of model `M`, in which order. Made by the model's `find` and `find_by_…`; nothing is sent
/// before one of the verbs takes the [`Cache`].
///
/// Every verb refuses an answer that may lack documents ([`Error::Incomplete`]), unless the query was told to
/// [`allow_partial`](Query::allow_partial).
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, #[index] city: String, #[index(sortable)] age: u32 }
/// # async fn example(cache: Cache) -> cache_core::Result<()> {
/// let adults = User::find_by_city("Bern")
///     .filter(User::AGE.ge(18))
///     .sort_by(User::AGE.desc())
///     .page(0, 50)
///     .all(&cache)
///     .await?;
/// println!("{} of {}", adults.len(), adults.total());
/// # Ok(())
/// # }
/// ```
#[must_use = "a query does nothing until `all`, `first`, `one` or `count` sends it"]
pub struct Query<M> {
    filter: Filter<M>,
    sort: Option<SortKey<M>>,
    page: Option<(u64, u64)>,
    partial: bool,
}

impl<M> Query<M> {
    pub(crate) fn new(filter: Filter<M>) -> Self {
        Self { filter, sort: None, page: None, partial: false }
    }

    /// Narrows the query: documents must pass this filter too.
    pub fn filter(self, filter: Filter<M>) -> Self {
        Self { filter: self.filter & filter, ..self }
    }

    /// Sorts the answer by a sortable field; a later call replaces an earlier one. Documents without the field
    /// come last; integers beyond 2^53 are sorted as doubles. Without it the order is the server's and may change from answer to answer.
    #[doc(alias = "order_by")]
    pub fn sort_by(self, key: SortKey<M>) -> Self {
        Self { sort: Some(key), ..self }
    }

    /// Only `limit` documents after leaving out `offset`. The answer's [`total`](Found::total) counts all.
    #[doc(alias = "limit")]
    #[doc(alias = "offset")]
    pub fn page(self, offset: u64, limit: u64) -> Self {
        Self { page: Some((offset, limit)), ..self }
    }

    /// Takes an answer that may lack documents. Its [`completeness`](Found::completeness) says why it may.
    pub fn allow_partial(self) -> Self {
        Self { partial: true, ..self }
    }
}

impl<M: Model> Query<M> {
    /// The documents, all of them in one answer, or those of the [`page`](Query::page).
    ///
    /// # Errors
    /// [`Error::Incomplete`] if documents may be missing: more than the server answers at once, a time-out, a
    /// prefix that was not expanded to its end, documents that are not in the index. [`Error::IndexMissing`]
    /// before the migrator has run. [`Error::Query`] if an operand has no true answer. [`Error::Document`] if one of
    /// them is not this model.
    pub async fn all(&self, cache: &Cache) -> Result<Found<M>> {
        run::all(self, cache).await
    }

    /// The first document, in the order of [`sort_by`](Query::sort_by); `None` if there is none.
    ///
    /// # Errors
    /// As [`Query::all`].
    pub async fn first(&self, cache: &Cache) -> Result<Option<M>> {
        let (offset, limit) = self.page.unwrap_or((0, 1));
        let found = run::all(&self.with_page(offset, limit.min(1)), cache).await?;
        Ok(found.into_iter().next())
    }

    /// The one document that there is; the [`page`](Query::page) does not matter.
    ///
    /// # Errors
    /// [`Error::NotFound`] if there is none, [`Error::Ambiguous`] if there are several; else as [`Query::all`].
    #[doc(alias = "get")]
    pub async fn one(&self, cache: &Cache) -> Result<M> {
        let model = M::schema().model();
        let found = run::all(&self.with_page(0, 2), cache).await?;
        let (several, total) = (found.len() > 1, found.total());
        match found.into_iter().next() {
            Some(_) if several => Err(Error::Ambiguous { model, found: total }),
            Some(one) => Ok(one),
            None => Err(Error::NotFound { model, key: None }),
        }
    }

    /// How many documents there are; the [`page`](Query::page) does not matter.
    ///
    /// A document that has just expired is counted until the server removes it.
    ///
    /// # Errors
    /// As [`Query::all`].
    pub async fn count(&self, cache: &Cache) -> Result<u64> {
        Ok(run::all(&self.with_page(0, 0), cache).await?.total())
    }

    /// What the server makes of the query: the tree that it reads, as `FT.EXPLAIN` prints it.
    ///
    /// # Errors
    /// [`Error::IndexMissing`] before the migrator has run, [`Error::Query`] if an operand has no true answer.
    pub async fn explain(&self, cache: &Cache) -> Result<String> {
        run::explain(self, cache).await
    }

    fn with_page(&self, offset: u64, limit: u64) -> Self {
        Self { page: Some((offset, limit)), ..self.clone() }
    }
}

impl<M> Clone for Query<M> {
    fn clone(&self) -> Self {
        Self { filter: self.filter.clone(), sort: self.sort, page: self.page, partial: self.partial }
    }
}

/// Shows the query text with references in place of values.
impl<M: IndexSchema> fmt::Debug for Query<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Query");
        match self.filter.render() {
            Ok(rendered) if rendered.is_nothing() => shown.field("text", &"nothing"),
            Ok(rendered) => shown.field("text", &rendered.text()),
            Err(error) => shown.field("refused", &error.redacted()),
        };
        shown.field("sort", &self.sort).field("page", &self.page).field("partial", &self.partial).finish()
    }
}
