//! Whether the indexes of a cache can be asked, as far as is known.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use cache_index::ServerErrorKind;

use crate::error::Error;

/// Whether the indexes that a migrator was run for can be asked: for the readiness probe of a service. Made by
/// [`Cache::readiness`](crate::Cache::readiness). `Display` prints a line for each index.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel, Migrator};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, #[index] city: String }
/// # async fn example(cache: Cache) -> Result<(), cache_core::MigrateError> {
/// Migrator::new().register::<User>().run(&cache).await?;
/// // In the handler of the probe: nothing is waited for.
/// let readiness = cache.readiness();
/// let status = if readiness.is_ready() { 200 } else { 503 };
/// for index in readiness.indexes() {
///     println!("{status} {}: {}", index.model, index.state);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Readiness {
    pub(super) indexes: Vec<IndexReadiness>,
}

/// What a readiness probe answers.
///
/// It is ordered, the worst first:
///
/// ```
/// use cache_core::Ready;
///
/// fn status(ready: Ready) -> u16 {
///     if ready >= Ready::Degraded { 200 } else { 503 }
/// }
/// assert_eq!((status(Ready::Yes), status(Ready::Degraded), status(Ready::No)), (200, 200, 503));
/// # let cache = cache_core::testkit::Memory::cache();
/// assert_eq!(cache.readiness().overall(), Ready::Yes, "no migrator was run, so no index is missing");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Ready {
    /// An index is missing, is another one than its model says, was never filled, or its migration is put off: queries of its
    /// model fail, or are refused as incomplete.
    No,
    /// All indexes were filled once, and one of them is being filled again, or lacks documents: queries of its model
    /// are refused as incomplete, or answered in part, as they were told.
    Degraded,
    /// All answers are complete.
    Yes,
}

impl Readiness {
    /// The indexes, in the order in which migrators were asked for them.
    pub fn indexes(&self) -> &[IndexReadiness] {
        &self.indexes
    }

    /// The least of what the indexes are; [`Ready::Yes`] without any.
    pub fn overall(&self) -> Ready {
        self.indexes.iter().map(IndexReadiness::ready).min().unwrap_or(Ready::Yes)
    }

    /// Whether all indexes are there and were filled: what is [degraded](Ready::Degraded) is ready.
    pub fn is_ready(&self) -> bool {
        self.overall() > Ready::No
    }
}

/// What is known of one index.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct IndexReadiness {
    /// The model.
    pub model: &'static str,
    /// The index's name on the server.
    pub index: String,
    /// Its state.
    pub state: IndexState,
    /// Whether it was filled once under this cache.
    pub served: bool,
    /// When it was looked at last; `None`: never.
    pub looked: Option<Instant>,
    pub(super) reason: Option<Reason>,
}

impl IndexReadiness {
    pub(crate) fn reason(&self) -> Option<&(dyn std::error::Error + Send + Sync + 'static)> {
        self.reason.as_ref().map(|reason| &*reason.0)
    }

    /// What this index means for the whole.
    pub fn ready(&self) -> Ready {
        match self.state {
            IndexState::Ready => Ready::Yes,
            IndexState::FailedDocuments(_) => Ready::Degraded,
            IndexState::Filling { .. } if self.served => Ready::Degraded,
            IndexState::Filling { .. }
            | IndexState::Missing
            | IndexState::Drifted
            | IndexState::Deferred { .. } => Ready::No,
        }
    }
}

/// Why a migration that was put off was not done: an error of a layer above.
#[derive(Debug, Clone)]
pub(crate) struct Reason(Arc<dyn std::error::Error + Send + Sync>);

impl Reason {
    pub(crate) fn new(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self(Arc::new(error))
    }
}

/// Errors do not compare; the same one is.
impl PartialEq for Reason {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

/// The state of an index, as it was seen last.
///
/// ```
/// use cache_core::IndexState;
///
/// # fn example(cache: cache_core::Cache) {
/// for index in cache.readiness().indexes() {
///     match index.state {
///         IndexState::Ready => {}
///         IndexState::FailedDocuments(failed) => println!("{}: mend {failed} documents", index.model),
///         state => println!("{}: {state}", index.model),
///     }
/// }
/// # }
/// let filling = IndexState::Filling { documents: 3, percent: 0.5 };
/// assert_eq!(filling.to_string(), "being filled, 3 documents, 50 % scanned");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum IndexState {
    /// It holds all documents that are there.
    Ready,
    /// It is being filled.
    Filling {
        /// How many documents it held.
        documents: u64,
        /// How much of the key space the server had scanned, from 0 to 1. It jumps, and is 0 where the server does not know,
        /// as after a restart.
        percent: f64,
    },
    /// It is not on the server.
    Missing,
    /// Somebody made another index under its name; the migrator names how they differ.
    Drifted,
    /// Its migration is put off until the server can be asked and takes writes; see [`Migrator::defer`](crate::Migrator::defer).
    Deferred {
        /// Since when.
        since: Instant,
        /// What kept it from being done the last time; [`IndexReadiness::migrate_error`] says all of it.
        class: ErrorClass,
    },
    /// It is filled and lacks so many documents that are there, for a value of another type than its field, or because it was made
    /// without them.
    FailedDocuments(u64),
}

/// What kind of error it was, for probes and metrics: texts of errors may name hosts and users.
///
/// ```
/// use std::time::Duration;
/// use cache_core::{Error, ErrorClass};
///
/// let error = Error::Timeout { command: "JSON.GET".to_owned(), after: Duration::from_secs(2) };
/// let class = ErrorClass::of(&error);
/// assert_eq!(class, ErrorClass::Timeout); // a label of a metric
/// assert_eq!(class.to_string(), "the server does not answer in time");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorClass {
    /// The server cannot be reached, the connection broke, or the cluster is down, or is moving the slot that was asked for.
    Unavailable,
    /// The server did not answer in time, or is busy with a script.
    Timeout,
    /// Too many calls have no answer yet, also such as were given up.
    Busy,
    /// The server is starting.
    Loading,
    /// The server takes no writes: it is a replica, its memory is full, too few replicas follow it, or its disk fails.
    WriteRefused,
    /// The server and the client do not trust each other.
    Tls,
    /// The server refused the user.
    AccessDenied,
    /// The server refused the command, or lacks what it needs.
    Refused,
    /// Nothing is wrong with the server: documents, an index or settings have to be mended. What exactly is told by
    /// [`IndexReadiness::migrate_error`].
    ToBeMended,
    /// Anything else.
    Other,
}

impl ErrorClass {
    /// The class of an error.
    pub fn of(error: &Error) -> Self {
        match (error, error.server_kind()) {
            (Error::Unavailable { .. }, _) => Self::Unavailable,
            (Error::Timeout { .. }, _) => Self::Timeout,
            (Error::Busy { .. }, _) => Self::Busy,
            (Error::Tls { .. }, _) => Self::Tls,
            (_, Some(ServerErrorKind::Loading)) => Self::Loading,
            (_, Some(ServerErrorKind::ClusterDown | ServerErrorKind::Moved | ServerErrorKind::Moving)) => {
                Self::Unavailable
            }
            (_, Some(ServerErrorKind::Busy)) => Self::Timeout,
            _ if error.is_write_refused() => Self::WriteRefused,
            _ if error.is_access_denied() => Self::AccessDenied,
            (_, Some(_)) | (Error::Unsupported { .. }, _) => Self::Refused,
            _ => Self::Other,
        }
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unavailable => "the server cannot be reached",
            Self::Timeout => "the server does not answer in time",
            Self::Busy => "too many calls have no answer yet",
            Self::Loading => "the server is starting",
            Self::WriteRefused => "the server takes no writes",
            Self::Tls => "there is no TLS with the server",
            Self::AccessDenied => "the server refuses the user",
            Self::Refused => "the server refuses",
            Self::ToBeMended => "something has to be mended",
            Self::Other => "another error",
        })
    }
}

impl fmt::Display for IndexState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ready => f.write_str("ready"),
            Self::Filling { documents: 0, percent: 0.0 } => {
                f.write_str("being filled, or not asked since the connection was made")
            }
            Self::Filling { documents, percent } => {
                let plural = if *documents == 1 { "" } else { "s" };
                write!(f, "being filled, {documents} document{plural}, {:.0} % scanned", percent * 100.0)
            }
            Self::Missing => f.write_str("missing"),
            Self::Drifted => f.write_str("another index than its model says"),
            Self::Deferred { since, class } => {
                write!(f, "put off for {} s: {class}", since.elapsed().as_secs())
            }
            Self::FailedDocuments(1) => f.write_str("ready, without 1 document that it did not take"),
            Self::FailedDocuments(failed) => {
                write!(f, "ready, without {failed} documents that it did not take")
            }
        }
    }
}

impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.overall() {
            Ready::Yes => "ready",
            Ready::Degraded => "degraded",
            Ready::No => "not ready",
        })?;
        self.indexes
            .iter()
            .try_for_each(|index| write!(f, "\n  {} ({}): {}", index.model, index.index, index.state))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(state: IndexState, served: bool) -> IndexReadiness {
        IndexReadiness { model: "User", index: "i".to_owned(), state, served, looked: None, reason: None }
    }

    #[test]
    fn the_least_of_the_indexes_counts() {
        let filling = IndexState::Filling { documents: 3, percent: 0.5 };
        let overall = |indexes: Vec<_>| Readiness { indexes }.overall();
        assert_eq!(overall(vec![]), Ready::Yes);
        assert_eq!(overall(vec![of(IndexState::Ready, true)]), Ready::Yes);
        assert_eq!(overall(vec![of(IndexState::Ready, true), of(filling, true)]), Ready::Degraded);
        assert_eq!(overall(vec![of(filling, true), of(filling, false)]), Ready::No);
        assert_eq!(overall(vec![of(IndexState::FailedDocuments(1), true)]), Ready::Degraded);
        let readiness = Readiness { indexes: vec![of(filling, false)] };
        assert_eq!(readiness.to_string(), "not ready\n  User (i): being filled, 3 documents, 50 % scanned");
    }
}
