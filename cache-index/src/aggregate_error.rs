//! Aggregations that have no true answer, or that the server could not run.

/// An aggregation that is refused before anything is sent.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const AGE: Field<User, u8, Numeric, Options<No>> = Field::indexed("age", "age");
/// # }
/// use cache_index::aggregate::{AggregatePlan, quantile};
/// use cache_index::{AggregateError, QueryError};
///
/// let refused = AggregatePlan::all().reduce("median", quantile(User::AGE, 50.0)).render().unwrap_err();
/// assert!(matches!(refused, QueryError::Aggregate(AggregateError::Quantile { .. })));
/// assert_eq!(refused.to_string(), "50 is no quantile; use a number from 0 to 1, where 0.5 is the median");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AggregateError {
    /// A string in an expression contains U+0000, at which the server cuts it.
    #[error("a string in an expression contains U+0000, at which the server would cut it; remove it")]
    NulCharacter,
    /// A string in an expression has more backslashes before punctuation than the server's grammar can express.
    #[error(
        "a string in an expression has {count} backslashes before punctuation or blanks, more than {most}; compare \
         such values in a filter"
    )]
    Backslashes {
        /// How many.
        count: usize,
        /// The most that can be written.
        most: usize,
    },
    /// A number in an expression is NaN or infinite.
    #[error("{value} cannot stand in an expression; use a finite number")]
    NotFinite {
        /// The number as text.
        value: String,
    },
    /// A remainder by zero, which the server could not compute.
    #[error("a remainder by zero; divide by another number")]
    ZeroDivisor,
    /// An expression that the server's parser has no room for.
    #[error(
        "an expression is nested more than {most} deep, or has more than {parts} parts; apply a part of it first"
    )]
    TooDeep {
        /// The deepest.
        most: usize,
        /// The most parts.
        parts: usize,
    },
    /// An expression reads what may be missing: the server would stop in the middle of its answer.
    #[error(
        "`{name}` may be missing where an expression reads it; keep what has it, with `.filter(exists(…))` of the \
         aggregation before grouping or `.having(exists(…))` behind, or write `exists(…) & …` (a filter of the query does not \
         tell)"
    )]
    MayBeMissing {
        /// The field's search name, or the column's.
        name: String,
    },
    /// A field with many values in a document, of which the server would read the first.
    #[error(
        "`{field}` has many values in a document, of which the server would read the first; store one in a field"
    )]
    ManyValues {
        /// The field's search name.
        field: String,
    },
    /// A name that no column has.
    #[error("no column is called `{column}`; name a group key, a reducer or an applied expression")]
    UnknownColumn {
        /// The name.
        column: String,
    },
    /// A column that holds something else than the expression reads.
    #[error("the column `{column}` holds {found}, not {wanted}; read it with `{}`", reader(.found))]
    ColumnType {
        /// The column.
        column: String,
        /// What the expression reads.
        wanted: &'static str,
        /// What the column holds.
        found: &'static str,
    },
    /// Two columns of one name.
    #[error("two columns are called `{column}`; rename one")]
    RepeatedColumn {
        /// The name.
        column: String,
    },
    /// A quantile outside of 0 to 1.
    #[error("{quantile} is no quantile; use a number from 0 to 1, where 0.5 is the median")]
    Quantile {
        /// The number as text.
        quantile: String,
    },
    /// A sample of none, or of more than the server takes.
    #[error("a sample of {size}; the server takes 1 to {most}")]
    SampleSize {
        /// The size.
        size: u32,
        /// The largest.
        most: u32,
    },
    /// More sort keys than the server takes.
    #[error("{keys} keys to sort by, where columns that may be missing take two; the server takes {most}")]
    SortKeys {
        /// How many.
        keys: usize,
        /// The most.
        most: usize,
    },
    /// A query that finds more than what it means, which only reading the documents decides.
    #[error(
        "the server decides the query only in part (integers beyond ±(2^53 - 1), several conditions on one element, phrases, \
         patterns), so the groups would have too many documents; read the documents and group them, or leave that condition \
         out"
    )]
    Inexact,
    /// A query that was sorted or paged before it was grouped.
    #[error(
        "the query is sorted or paged before it is grouped, which means nothing; call it after `group_by`"
    )]
    OrderedBefore,
}

fn reader(found: &str) -> &'static str {
    match found {
        "numbers" => "number",
        "strings" => "text",
        "booleans" => "truth",
        _ => "nothing: lists are only returned",
    }
}
