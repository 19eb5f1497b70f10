//! An aggregation as data: its stages in the order in which the server runs them.

use std::fmt;
use std::marker::PhantomData;

use super::expr::{Columns, Expr, ExprValue};
use super::keys::{GroupBy, Keys};
use super::node::{Node, ValueType};
use super::reducer::{Key, Reduce, Reducer};
use super::render;
use super::rendered::RenderedAggregate;
use crate::error::QueryError;
use crate::sort::Direction;

/// An aggregation over documents of model `M`: which of them, grouped by what, reduced to what, computed, kept, sorted, and
/// how much of it. A value: it can be kept, cloned and rendered without a server.
///
/// Documents are kept by [`filter`](Self::filter), put into groups by the keys, and each group becomes a row of the keys
/// and the reducers. [`apply`](Self::apply) adds columns to rows, [`having`](Self::having) keeps some of them.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const CITY: Field<User, String, Tag, Options<No>> = Field::indexed("city", "city");
/// #     const AGE: Field<User, u8, Numeric, Options<No>> = Field::indexed("age", "age");
/// # }
/// use cache_index::Direction;
/// use cache_index::aggregate::{AggregatePlan, avg, count, number};
///
/// let plan = AggregatePlan::by(User::CITY)
///     .filter(User::AGE.expr().ge(18))
///     .reduce("adults", count())
///     .reduce("age", avg(User::AGE))
///     .having(number("adults").gt(100))
///     .sort_by("adults", Direction::Descending)
///     .page(0, 10);
/// assert_eq!(plan.limit(), Some(10));
/// assert!(plan.render()?.stages().contains("GROUPBY 1 @f1 REDUCE COUNT 0 AS r1 REDUCE AVG 1 @f0 AS r2"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub struct AggregatePlan<M> {
    pub(super) keys: Vec<Key>,
    pub(super) filters: Vec<Node>,
    pub(super) reducers: Vec<(&'static str, Reduce)>,
    pub(super) applied: Vec<(&'static str, Node, ValueType)>,
    pub(super) having: Vec<Node>,
    pub(super) sort: Vec<(&'static str, Direction)>,
    pub(super) page: Option<(u64, u64)>,
    model: PhantomData<fn() -> M>,
}

impl<M> AggregatePlan<M> {
    /// Groups by these keys.
    pub fn by(keys: impl GroupBy<M>) -> Self {
        let Keys(keys) = keys.into_keys();
        Self { keys, ..Self::all() }
    }

    /// All documents in one group: one row, or none if there are no documents.
    pub fn all() -> Self {
        Self {
            keys: Vec::new(),
            filters: Vec::new(),
            reducers: Vec::new(),
            applied: Vec::new(),
            having: Vec::new(),
            sort: Vec::new(),
            page: None,
            model: PhantomData,
        }
    }

    /// Keeps documents for which the expression is true.
    pub fn filter(mut self, expr: Expr<M, bool>) -> Self {
        self.filters.push(expr.node);
        self
    }

    /// Adds a column: what the reducer makes of the group.
    pub fn reduce(mut self, column: &'static str, reducer: Reducer<M>) -> Self {
        self.reducers.push((column, reducer.reduce));
        self
    }

    /// Adds a column: what the expression makes of the others.
    pub fn apply<T: ExprValue>(mut self, column: &'static str, expr: Expr<Columns, T>) -> Self {
        self.applied.push((column, expr.node, T::TYPE));
        self
    }

    /// Keeps rows for which the expression is true.
    pub fn having(mut self, expr: Expr<Columns, bool>) -> Self {
        self.having.push(expr.node);
        self
    }

    /// Sorts rows by a column; a later call sorts what is equal before. Rows without a value come last.
    pub fn sort_by(mut self, column: &'static str, direction: Direction) -> Self {
        self.sort.push((column, direction));
        self
    }

    /// Only `limit` rows after leaving out `offset`.
    pub fn page(mut self, offset: u64, limit: u64) -> Self {
        self.page = Some((offset, limit));
        self
    }

    /// How many rows are asked for at most; `None`: all.
    pub fn limit(&self) -> Option<u64> {
        self.page.map(|(_, limit)| limit)
    }

    /// The stages as the server reads them.
    ///
    /// # Errors
    /// [`QueryError::Aggregate`] if the server could not run it, or not truthfully.
    pub fn render(&self) -> Result<RenderedAggregate, QueryError> {
        render::render(self)
    }
}

impl<M> Clone for AggregatePlan<M> {
    fn clone(&self) -> Self {
        Self {
            keys: self.keys.clone(),
            filters: self.filters.clone(),
            reducers: self.reducers.clone(),
            applied: self.applied.clone(),
            having: self.having.clone(),
            sort: self.sort.clone(),
            page: self.page,
            model: PhantomData,
        }
    }
}

/// Shows the names of the columns; expressions hold values.
impl<M> fmt::Debug for AggregatePlan<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AggregatePlan")
            .field("keys", &self.keys.iter().map(|key| &key.name).collect::<Vec<_>>())
            .field("reducers", &self.reducers.iter().map(|(name, _)| name).collect::<Vec<_>>())
            .field("applied", &self.applied.iter().map(|(name, ..)| name).collect::<Vec<_>>())
            .field("sort", &self.sort)
            .field("page", &self.page)
            .finish()
    }
}
