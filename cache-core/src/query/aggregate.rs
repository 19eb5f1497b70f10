//! Aggregations: a query's documents put into groups, and what becomes of them.

use std::fmt;

use cache_index::Direction;
use cache_index::aggregate::{AggregatePlan, Columns, Expr, ExprValue, GroupBy, Reducer};
use serde::de::DeserializeOwned;

use super::Query;
use super::aggregate_run::{self, Groups};
use super::summary::Summary;
use super::wanted::Wanted;
use crate::cache::Cache;
use crate::error::Result;
use crate::model::Model;

/// Groups of the documents of a query, and what becomes of each: made by [`Query::group_by`] and [`Query::aggregate`].
///
/// Every group is a row, which is read into a struct of yours by the names of the columns: those of the fields that
/// groups are made by, and those given to reducers and expressions. Documents are kept by [`filter`](Self::filter)
/// before they are grouped, rows by [`having`](Self::having) after that, whatever the order of the calls.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, #[index] city: String, #[index] age: u32, #[index] score: Option<f64> }
/// use cache_core::Direction;
/// use cache_core::aggregate::{avg, count, max, number};
///
/// #[derive(serde::Deserialize)]
/// struct PerCity {
///     city: String,
///     people: u64,
///     oldest: u32,
///     score: Option<f64>,
/// }
///
/// # async fn example(cache: Cache) -> cache_core::Result<()> {
/// let cities = User::find()
///     .filter(User::AGE.ge(18))
///     .group_by(User::CITY)
///     .reduce("people", count())
///     .reduce("oldest", max(User::AGE))
///     .reduce("score", avg(User::SCORE))
///     .having(number("people").gt(1))
///     .sort_by("people", Direction::Descending)
///     .rows::<PerCity>(&cache)
///     .await?;
/// for PerCity { city, people, oldest, score } in &cities {
///     println!("{city}: {people}, up to {oldest} years, {score:?}");
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "an aggregation does nothing until `rows`, `row` or `stream` sends it"]
pub struct Aggregation<M> {
    wanted: Wanted<M>,
    plan: AggregatePlan<M>,
}

impl<M> Query<M> {
    /// Puts the documents into groups: by a TAG, NUMERIC or TEXT field with one value a document, by an expression with a
    /// name, or by several as a tuple.
    ///
    /// A document without a value, or with `null`, is in the group `None`. Groups are of values as the documents have them:
    /// `de` and `DE` are two also where the field is `fold_case`, and a string is not cut at the field's `separator`. The query must not be sorted or paged; the
    /// groups can be.
    #[doc(alias = "GROUPBY")]
    #[doc(alias = "FT.AGGREGATE")]
    pub fn group_by(self, keys: impl GroupBy<M>) -> Aggregation<M> {
        Aggregation { wanted: self.wanted, plan: AggregatePlan::by(keys) }
    }

    /// Takes all documents as one group, which is [one row](Aggregation::row), or none if there are no documents.
    #[doc(alias = "FT.AGGREGATE")]
    pub fn aggregate(self) -> Aggregation<M> {
        Aggregation { wanted: self.wanted, plan: AggregatePlan::all() }
    }
}

impl<M> Aggregation<M> {
    /// Keeps documents for which the expression is true, before they are grouped. The server computes it for each
    /// document that the query finds: what a [`Filter`](crate::Filter) can say is faster there.
    #[doc(alias = "FILTER")]
    #[doc(alias = "WHERE")]
    pub fn filter(self, expr: Expr<M, bool>) -> Self {
        Self { plan: self.plan.filter(expr), ..self }
    }

    /// Adds a column: what the reducer makes of the documents of the group.
    #[doc(alias = "REDUCE")]
    pub fn reduce(self, column: &'static str, reducer: Reducer<M>) -> Self {
        Self { plan: self.plan.reduce(column, reducer), ..self }
    }

    /// Adds a column: what the expression makes of other columns.
    #[doc(alias = "APPLY")]
    pub fn apply<T: ExprValue>(self, column: &'static str, expr: Expr<Columns, T>) -> Self {
        Self { plan: self.plan.apply(column, expr), ..self }
    }

    /// Keeps rows for which the expression is true.
    #[doc(alias = "FILTER")]
    #[doc(alias = "HAVING")]
    pub fn having(self, expr: Expr<Columns, bool>) -> Self {
        Self { plan: self.plan.having(expr), ..self }
    }

    /// Sorts rows by a column; a later call sorts those that are equal by the ones before. Rows without a value come last.
    /// Without it the order is the server's. Numbers that are none (NaN: of a division by zero, a logarithm) are equal to
    /// all others.
    #[doc(alias = "SORTBY")]
    #[doc(alias = "ORDER BY")]
    pub fn sort_by(self, column: &'static str, direction: Direction) -> Self {
        Self { plan: self.plan.sort_by(column, direction), ..self }
    }

    /// Only `limit` rows after leaving out `offset`.
    #[doc(alias = "limit")]
    #[doc(alias = "offset")]
    pub fn page(self, offset: u64, limit: u64) -> Self {
        Self { plan: self.plan.page(offset, limit), ..self }
    }
}

impl<M: Model> Aggregation<M> {
    /// The rows, all of them in one answer, or those of the [`page`](Aggregation::page).
    ///
    /// # Errors
    /// [`Error::Incomplete`](crate::Error::Incomplete) if documents or rows may be missing, as with
    /// [`Query::all`](crate::Query::all), or more than a million rows; [`Error::Query`](crate::Error::Query) if an
    /// expression or a name makes no sense, or the server decides the query only in part (operands beyond 2^53, several
    /// conditions on one element, phrases, patterns), so that only reading the documents would tell; [`Error::Decode`](crate::Error::Decode) if a row does not fit `T`, with the column that does not.
    pub async fn rows<T: DeserializeOwned>(&self, cache: &Cache) -> Result<Summary<T>> {
        aggregate_run::rows(&self.wanted, &self.plan, cache).await
    }

    /// The first row; `None` if there is none. For [`Query::aggregate`](crate::Query::aggregate), which has one.
    ///
    /// # Errors
    /// As [`Aggregation::rows`].
    pub async fn row<T: DeserializeOwned>(&self, cache: &Cache) -> Result<Option<T>> {
        Ok(self.rows(cache).await?.into_iter().next())
    }

    /// The rows one after the other, in constant memory here, however many there are: a stream over a cursor of the
    /// server's, which holds the groups meanwhile. Of sorted rows, and those of [`apply`](Aggregation::apply) and
    /// [`having`](Aggregation::having), a million at most. Dropped, it closes the cursor.
    ///
    /// ```no_run
    /// # use cache_core::{Cache, CacheModel};
    /// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
    /// # struct User { #[primary_key] id: String, #[index] city: String }
    /// use cache_core::aggregate::count;
    ///
    /// # #[derive(serde::Deserialize)]
    /// # struct PerCity { city: String, people: u64 }
    /// # async fn example(cache: Cache) -> cache_core::Result<()> {
    /// let mut cities = User::find().group_by(User::CITY).reduce("people", count()).stream::<PerCity>(&cache);
    /// while let Some(row) = cities.next().await {
    ///     let PerCity { city, people } = row?;
    ///     println!("{city}: {people}");
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream<T: DeserializeOwned + Send + 'static>(&self, cache: &Cache) -> Groups<T> {
        Groups::new(&self.wanted, &self.plan, cache)
    }
}

impl<M> Clone for Aggregation<M> {
    fn clone(&self) -> Self {
        Self { wanted: self.wanted.clone(), plan: self.plan.clone() }
    }
}

impl<M> fmt::Debug for Aggregation<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Aggregation").field("plan", &self.plan).finish_non_exhaustive()
    }
}
