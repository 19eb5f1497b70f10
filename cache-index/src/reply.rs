//! Replies: one value type for RESP2 and RESP3, with the bytes shared and not copied.

use std::fmt;

use bytes::Bytes;

use crate::error::DecodeError;
use crate::printed::printed;

/// What a server answered, whichever protocol it spoke.
///
/// ```
/// use cache_index::Reply;
///
/// let name = || Reply::Bulk("age".into());
/// let of_resp2 = Reply::Array(vec![name(), Reply::Int(42)]);
/// let of_resp3 = Reply::Map(vec![(name(), Reply::Int(42))]);
/// assert_eq!(of_resp2.into_pairs()?, of_resp3.into_pairs()?);
/// assert_eq!(Reply::Bulk("1.5".into()).as_double(), Some(1.5));
/// # Ok::<(), cache_index::DecodeError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// Nothing: a missing key, an absent value.
    Nil,
    /// An integer.
    Int(i64),
    /// A double (RESP3).
    Double(f64),
    /// A boolean (RESP3).
    Bool(bool),
    /// Binary data.
    Bulk(Bytes),
    /// A status such as `OK`.
    Status(String),
    /// A list, also what RESP3 calls a set.
    Array(Vec<Reply>),
    /// Pairs (RESP3); RESP2 sends them as a flat list, see [`Reply::into_pairs`]. Keys that the server sends as statuses are
    /// [`Bulk`](Reply::Bulk), so that they are no copies of what was read.
    Map(Vec<(Reply, Reply)>),
    /// An error among other answers, as one command of a batch may have.
    Error(ServerError),
}

impl Reply {
    /// The reply's bytes, if it is binary data.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bulk(bytes) => Some(bytes),
            Self::Status(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// The reply's text, if it is text.
    pub fn as_str(&self) -> Option<&str> {
        self.as_bytes().and_then(|bytes| std::str::from_utf8(bytes).ok())
    }

    /// The reply as an integer: an integer, or text that is one.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Self::Int(value) => Some(*value),
            // FT.INFO of RESP3 writes counts as doubles; these are whole and far below 2^53.
            Self::Double(value) if value.fract() == 0.0 && value.abs() < 9e15 => Some(*value as i64),
            other => other.as_str()?.parse().ok(),
        }
    }

    /// The reply as a double: a number, or text that is one.
    pub fn as_double(&self) -> Option<f64> {
        match self {
            Self::Int(value) => Some(*value as f64),
            Self::Double(value) => Some(*value),
            other => other.as_str()?.parse().ok(),
        }
    }

    /// The reply's items; a map gives its keys and values in turn.
    ///
    /// # Errors
    /// [`DecodeError::Unexpected`] if the reply is no list and no map.
    pub fn into_items(self) -> Result<Vec<Reply>, DecodeError> {
        match self {
            Self::Array(items) => Ok(items),
            Self::Map(pairs) => Ok(pairs.into_iter().flat_map(|(key, value)| [key, value]).collect()),
            other => Err(DecodeError::unexpected("a list", other.describe())),
        }
    }

    /// The reply's pairs: those of a map, or of a flat list as RESP2 sends it.
    ///
    /// # Errors
    /// [`DecodeError::Unexpected`] if the reply is neither, or the list has an odd length.
    pub fn into_pairs(self) -> Result<Vec<(Reply, Reply)>, DecodeError> {
        match self {
            Self::Map(pairs) => Ok(pairs),
            Self::Array(items) if items.len() % 2 == 0 => {
                let mut pairs = Vec::with_capacity(items.len() / 2);
                let mut items = items.into_iter();
                while let (Some(key), Some(value)) = (items.next(), items.next()) {
                    pairs.push((key, value));
                }
                Ok(pairs)
            }
            other => Err(DecodeError::unexpected("pairs", other.describe())),
        }
    }

    /// What kind of reply this is, for messages.
    pub fn describe(&self) -> &'static str {
        match self {
            Self::Nil => "nil",
            Self::Int(_) => "an integer",
            Self::Double(_) => "a double",
            Self::Bool(_) => "a boolean",
            Self::Bulk(_) => "binary data",
            Self::Status(_) => "a status",
            Self::Array(_) => "a list",
            Self::Map(_) => "a map",
            Self::Error(_) => "an error",
        }
    }
}

/// An error that the server answered, with its text and what it means.
///
/// The adapter that read the reply is the only place that looks at the text to find the kind.
///
/// ```
/// use cache_index::{ServerError, ServerErrorKind};
///
/// let error = ServerError::new(ServerErrorKind::UnknownIndex, "user: no such index\u{1b}");
/// assert_eq!(error.kind(), ServerErrorKind::UnknownIndex);
/// assert_eq!(error.to_string(), r"user: no such index\u{1b}");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerError {
    kind: ServerErrorKind,
    text: String,
}

impl ServerError {
    /// An error of this kind with the server's text.
    pub fn new(kind: ServerErrorKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into() }
    }

    /// What the error means.
    pub fn kind(&self) -> ServerErrorKind {
        self.kind
    }

    /// The server's own words, the code first.
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for ServerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The server repeats what it was sent, names among it.
        printed(&self.text).fmt(f)
    }
}

impl std::error::Error for ServerError {}

/// What a server's error means, as far as callers act on it.
///
/// ```
/// use cache_index::{ServerError, ServerErrorKind};
///
/// fn may_pass(error: &ServerError) -> bool {
///     matches!(error.kind(), ServerErrorKind::Loading | ServerErrorKind::ClusterDown | ServerErrorKind::Busy)
/// }
/// assert!(may_pass(&ServerError::new(ServerErrorKind::Loading, "LOADING Redis is loading the dataset in memory")));
/// assert!(!may_pass(&ServerError::new(ServerErrorKind::Authentication, "WRONGPASS invalid username-password pair")));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServerErrorKind {
    /// The server is starting and reads its data set.
    Loading,
    /// The server is a replica, or lost its master, and takes no writes.
    ReadOnly,
    /// User or password are wrong, or missing.
    Authentication,
    /// The user may not run this command.
    Permission,
    /// The user may run the command, and not touch one of its keys.
    KeyPermission,
    /// The server does not know the command: a module is missing or the server is too old.
    UnknownCommand,
    /// No search index has this name.
    UnknownIndex,
    /// A search index has this name already.
    IndexExists,
    /// No dictionary of the spell checker has this name: no word was ever added to it.
    UnknownDictionary,
    /// The script is not in the server's cache.
    NoScript,
    /// The key holds another type of value.
    WrongType,
    /// The server's memory limit is reached.
    OutOfMemory,
    /// The server takes no writes, since too few replicas follow it (`min-replicas-to-write`).
    NoReplicas,
    /// The server takes no writes, since it could not save its data set to disk (`stop-writes-on-bgsave-error`).
    NotPersisting,
    /// The cluster serves no keys, or not these, until its masters are up.
    ClusterDown,
    /// The server is busy with somebody's script or function.
    Busy,
    /// The query took longer than its time-out.
    QueryTimeout,
    /// A field of the query is not PHONETIC in the index.
    NotPhonetic,
    /// The server does not know the cursor, or no longer.
    UnknownCursor,
    /// The index has as many open cursors as the server allows.
    TooManyCursors,
    /// The slot lives on another node of the cluster, or the key is on its way there. Nothing was executed.
    Moved,
    /// The slot is moving to another node of the cluster, and the keys of the command, or of the script, are not all on one
    /// side yet. Nothing was executed.
    Moving,
    /// Anything else: the text says what.
    Other,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_of_both_protocols_are_the_same() {
        let flat = Reply::Array(vec![Reply::Status("a".into()), Reply::Int(1)]);
        let map = Reply::Map(vec![(Reply::Status("a".into()), Reply::Int(1))]);
        assert_eq!(flat.into_pairs().unwrap(), map.into_pairs().unwrap());
    }

    #[test]
    fn a_list_of_odd_length_has_no_pairs() {
        let error = Reply::Array(vec![Reply::Nil]).into_pairs().unwrap_err();
        assert_eq!(error.to_string(), "expected pairs, the server answered a list");
    }

    #[test]
    fn numbers_may_come_as_text() {
        assert_eq!(Reply::Bulk("17".into()).as_int(), Some(17));
        assert_eq!(Reply::Bulk("0.5".into()).as_double(), Some(0.5));
        assert_eq!(Reply::Double(3.0).as_int(), Some(3));
        assert_eq!(Reply::Double(3.5).as_int(), None);
    }
}
