//! Whether an answer is all there is, and if not, why it may not be.

use std::fmt;

/// Why an answer may lack documents that are there.
///
/// ```
/// use cache_index::Shortfall;
///
/// let cut = Shortfall::ResultCap { total: 25_000, returned: 10_000 };
/// assert!(cut.to_string().starts_with("the server answered 10000 of 25000 documents; narrow the query"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shortfall {
    /// The server stopped searching at the query's time-out.
    TimedOut,
    /// A prefix, or another part of a value, stands for more values than the server expands (`MAXPREFIXEXPANSIONS`, 200 by
    /// default). Behind a negation such an answer has documents that are not meant, in place of lacking some. RediSearch 2
    /// says the same of exactly as many, of which it expands all.
    ExpansionCap,
    /// The server answers no more hits than this at once (`MAXSEARCHRESULTS`), or collects no more for a stream
    /// (`MAXAGGREGATERESULTS`).
    ResultCap {
        /// How many documents there are.
        total: u64,
        /// How many came.
        returned: u64,
    },
    /// The index is being filled, or filled again after a restart.
    Indexing,
    /// Nobody compared the index with the documents yet, so that it may have been made without some of them: that takes longer
    /// than a query may, or could not be done just now.
    Uncompared,
    /// The index is not the one that the model's schema says: somebody made another one under its name.
    Drift,
    /// Documents that are there and not in the index: so many at most. A value has another type than its field, or the index was
    /// made without them; a run of the migrator tells which. What the
    /// server's counter of failures grew by since they were counted is taken for missing until they are counted again.
    FailedDocuments(u64),
    /// Documents of the page expired while they were read, again and again.
    Expiring,
    /// The server gave up the cursor before everything was read.
    CursorLost,
    /// An aggregation had more rows than are answered at once.
    RowCap {
        /// How many came.
        returned: u64,
    },
    /// Something else that the server warned of, in its own words.
    Warning(String),
}

impl fmt::Display for Shortfall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TimedOut => f.write_str("the server stopped at the query's time-out"),
            Self::ExpansionCap => f.write_str(
                "a prefix stands for more values than the server expands; make it longer, or raise \
                 MAXPREFIXEXPANSIONS",
            ),
            Self::ResultCap { total, returned } => write!(
                f,
                "the server answered {returned} of {total} documents; narrow the query, page through it, or raise \
                 MAXSEARCHRESULTS, of a stream MAXAGGREGATERESULTS"
            ),
            Self::Indexing => f.write_str("the index is still being filled"),
            Self::Drift => f.write_str(
                "somebody made another index under the name of the model's; run the migrator, which names how they differ",
            ),
            Self::Uncompared => f.write_str(
                "nobody compared the index with the documents yet; ask again in a while, or run the migrator",
            ),
            Self::FailedDocuments(number) => write!(
                f,
                "documents missing from the index: {number}; run the migrator, which tells whether a value of another type than \
                 its field keeps them out, and names them"
            ),
            Self::Expiring => f.write_str("documents of the page expired while they were read; ask again"),
            Self::CursorLost => f.write_str(
                "the server gave up the cursor before everything was read: it was not read for too long, or the \
                 index went; read again, and faster",
            ),
            Self::RowCap { returned } => write!(
                f,
                "the answer stops at {returned} rows; narrow the query, keep fewer rows with `having`, page through \
                 them, or read unsorted ones with `stream`"
            ),
            Self::Warning(warning) => write!(f, "the server warned: {warning}"),
        }
    }
}

/// Whether an answer is all there is.
///
/// ```
/// use cache_index::{Completeness, Shortfall};
///
/// assert!(Completeness::of(vec![]).is_complete());
/// let partial = Completeness::of(vec![Shortfall::TimedOut, Shortfall::Indexing]);
/// assert_eq!(partial.shortfalls().len(), 2);
/// assert_eq!(
///     partial.to_string(),
///     "the server stopped at the query's time-out; the index is still being filled",
/// );
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Completeness {
    /// Every document that the query means is in the answer.
    #[default]
    Complete,
    /// Documents may be missing, for these reasons; at least one.
    Partial(Vec<Shortfall>),
}

impl Completeness {
    /// Complete if there is no reason against it.
    pub fn of(shortfalls: Vec<Shortfall>) -> Self {
        if shortfalls.is_empty() { Self::Complete } else { Self::Partial(shortfalls) }
    }

    /// Whether the answer is all there is.
    pub fn is_complete(&self) -> bool {
        *self == Self::Complete
    }

    /// The reasons why documents may be missing.
    pub fn shortfalls(&self) -> &[Shortfall] {
        match self {
            Self::Complete => &[],
            Self::Partial(shortfalls) => shortfalls,
        }
    }
}

impl fmt::Display for Completeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Partial(shortfalls) = self else { return f.write_str("complete") };
        for (number, shortfall) in shortfalls.iter().enumerate() {
            if number > 0 {
                f.write_str("; ")?;
            }
            shortfall.fmt(f)?;
        }
        Ok(())
    }
}
