//! Replies that cannot be read.

/// A reply that is not what the command answers.
///
/// ```
/// use cache_index::{Reply, SearchAnswer};
///
/// let error = SearchAnswer::decode(Reply::Int(7), false).unwrap_err();
/// assert_eq!(error.to_string(), "expected a search answer, the server answered an integer");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The reply has another shape than the command's answers have.
    #[error("expected {expected}, the server answered {found}")]
    Unexpected {
        /// What the command answers.
        expected: &'static str,
        /// What came.
        found: &'static str,
    },
    /// A row of an aggregation does not fit the struct that it is read into.
    #[error("column `{column}`: {reason}")]
    Column {
        /// The column.
        column: String,
        /// What does not fit.
        reason: String,
    },
    /// A row of an aggregation lacks what the struct needs.
    #[error("a row of the aggregation: {0}")]
    Row(String),
    /// A part that the answer needs is not there.
    #[error("the server's answer lacks `{0}`")]
    Missing(&'static str),
}

impl DecodeError {
    /// The reply is not what was expected; `found` is what [`Reply::describe`](crate::Reply::describe) says of it.
    pub fn unexpected(expected: &'static str, found: &'static str) -> Self {
        Self::Unexpected { expected, found }
    }
}
