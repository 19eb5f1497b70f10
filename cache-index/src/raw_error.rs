//! What can be wrong with a raw query.

/// A raw query whose text and values do not fit each other, or that is used where it cannot be.
///
/// ```
/// # use cache_index::*;
/// # struct Book;
/// # static SCHEMA: Schema = Schema::new("Book", "book", "id", &[]);
/// # impl IndexSchema for Book { fn schema() -> &'static Schema { &SCHEMA } }
/// use cache_index::{Filter, QueryError, RawQuery, RawQueryError};
///
/// let refused = Filter::<Book>::raw(RawQuery::new("@title:$word")).render().unwrap_err();
/// assert_eq!(refused, QueryError::Raw(RawQueryError::Unbound { name: "word" }));
/// assert_eq!(
///     refused.to_string(),
///     r#"the raw query has `$word`, to which nothing is bound; add `.bind("word", …)`"#,
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RawQueryError {
    /// The text refers to a value that is not bound.
    #[error("the raw query has `${name}`, to which nothing is bound; add `.bind(\"{name}\", …)`")]
    Unbound {
        /// The reference.
        name: &'static str,
    },
    /// A value is bound to a name that the text does not have.
    #[error(
        "the raw query has no `${name}` to which a value could be bound; within quotes it is no reference, so remove them"
    )]
    Unused {
        /// The name.
        name: &'static str,
    },
    /// Two values are bound to one name, in one raw query or in two of one filter.
    #[error("two values are bound to `${name}`; give the references of raw queries names of their own")]
    BoundTwice {
        /// The name.
        name: &'static str,
    },
    /// A name that the values of other conditions have: `p0`, `p1`, ….
    #[error("`${name}` is how other conditions refer to their values; choose another name")]
    Reserved {
        /// The name.
        name: &'static str,
    },
    /// A text that is blank, or whose parentheses do not match.
    #[error("the raw query is blank, or its parentheses do not match; correct its text")]
    Form,
    /// A raw query among conditions on one element.
    #[error("a raw query is about whole documents, not about one element; use it beside `any`")]
    OfElement,
    /// Only the server reads raw queries.
    #[error("a raw query is decided by the server alone; ask it, or test with another condition")]
    OnlyOnServer,
}
