//! Aggregations as the server reads them.

use super::column::Column;

/// An aggregation as the server reads it.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const AGE: Field<User, u8, Numeric, Options<No>> = Field::indexed("age", "age");
/// # }
/// use cache_index::aggregate::{AggregatePlan, count};
///
/// let rendered = AggregatePlan::by(User::AGE).reduce("users", count()).render()?;
/// assert!(!rendered.is_sorted());
/// assert!(rendered.stages().starts_with("LOAD 3 @age AS f0 GROUPBY 1 @f0 REDUCE COUNT 0 AS r1"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RenderedAggregate {
    /// The stages up to the sorting.
    pub(super) before: Vec<String>,
    /// What is sorted by: aliases and directions.
    pub(super) sort: Vec<String>,
    pub(super) page: Option<(u64, u64)>,
    /// The stages behind.
    pub(super) after: Vec<String>,
    pub(super) columns: Vec<Column>,
}

impl RenderedAggregate {
    /// Whether the server sorts the rows, also where nobody asked for an order.
    pub fn is_sorted(&self) -> bool {
        !self.sort.is_empty()
    }

    /// The stages as the server reads them, with blanks between the words. For tests, and to see what is asked: values in
    /// expressions are part of it. `LIMIT` is not, which [`AggregateRequest`](super::AggregateRequest) decides.
    pub fn stages(&self) -> String {
        let mut words: Vec<&str> = self.before.iter().map(String::as_str).collect();
        let number = self.sort.len().to_string();
        if self.is_sorted() {
            words.extend(["SORTBY", &number]);
            words.extend(self.sort.iter().map(String::as_str));
        }
        words.extend(self.after.iter().map(String::as_str));
        words.join(" ")
    }
}
