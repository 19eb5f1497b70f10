//! The questions that callers branch on.

use cache_index::{ServerErrorKind, Shortfall};

use super::Error;
use crate::patch_error::PatchError;

impl Error {
    /// Whether the server could not be reached, was starting or busy with a script, or did not answer in time, or the
    /// cluster was down, or a slot of it was still moving when the time was over, or [too many](Error::Busy) calls have no answer
    /// yet: trying later may help.
    pub fn is_unavailable(&self) -> bool {
        use ServerErrorKind as Kind;
        match self {
            Self::Unavailable { .. } | Self::Busy { .. } | Self::Timeout { .. } => true,
            Self::Server { source, .. } => {
                matches!(source.kind(), Kind::Loading | Kind::Busy | Kind::ClusterDown) || self.is_elsewhere()
            }
            _ => false,
        }
    }

    /// Whether a node of a cluster answered, and does not have, or not yet, what the command is about: it says nothing of the
    /// other slots, and nothing was executed.
    pub(crate) fn is_elsewhere(&self) -> bool {
        matches!(self.server_kind(), Some(ServerErrorKind::Moved | ServerErrorKind::Moving))
    }

    /// Whether it was [not sent](Error::Busy), since as many calls as are allowed have no answer yet, given up ones among them.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Busy { .. })
    }

    /// Whether the server is there and takes no writes now: it is a replica, its memory is full, too few replicas follow
    /// it, or it could not save its data set. Trying later may help, and reading does not need it.
    pub fn is_write_refused(&self) -> bool {
        use ServerErrorKind as Kind;
        matches!(
            self.server_kind(),
            Some(Kind::ReadOnly | Kind::OutOfMemory | Kind::NoReplicas | Kind::NotPersisting)
        )
    }

    /// Whether an index is missing that a query needs: the migrator has not run, or the index vanished.
    pub fn is_unknown_index(&self) -> bool {
        matches!(self, Self::IndexMissing { .. } | Self::IndexLeft { .. })
            || self.server_kind() == Some(ServerErrorKind::UnknownIndex)
    }

    /// Whether an answer was refused because an index is being filled, or was not compared with the documents yet: trying later
    /// helps.
    pub fn is_indexing(&self) -> bool {
        match self {
            Self::Indexing { .. } => true,
            Self::Incomplete { completeness, .. } => {
                matches!(completeness.shortfalls(), [Shortfall::Indexing | Shortfall::Uncompared])
            }
            _ => false,
        }
    }

    /// Whether the server answered, and refused the user: wrong password, or a permission that is missing.
    pub fn is_access_denied(&self) -> bool {
        use ServerErrorKind as Kind;
        matches!(self.server_kind(), Some(Kind::Authentication | Kind::Permission | Kind::KeyPermission))
    }

    /// Whether a document was needed and there is none.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound { .. })
    }

    /// Whether a document was to be new and there is one already.
    pub fn is_already_exists(&self) -> bool {
        matches!(self, Self::AlreadyExists { .. })
    }

    /// Whether a document was changed or deleted by somebody else since it was read.
    pub fn is_version_conflict(&self) -> bool {
        matches!(self, Self::VersionConflict { .. })
    }

    /// Whether a document with unique values could not be written between the writes of others: trying again helps.
    pub fn is_contended(&self) -> bool {
        matches!(self, Self::Contended { .. })
    }

    /// Whether a write carried the fence of a lease that another one has followed.
    pub fn is_fenced(&self) -> bool {
        matches!(self, Self::Fenced { .. })
    }

    /// Whether another document has the value of a unique field.
    pub fn is_not_unique(&self) -> bool {
        matches!(self, Self::NotUnique { .. })
    }

    /// What kept a partial update from being made, if that is what went wrong.
    pub fn patch_error(&self) -> Option<&PatchError> {
        match self {
            Self::Patch { source, .. } => Some(source),
            _ => None,
        }
    }

    /// The same error once more: a call that failed as a whole owes one to each of its parts.
    pub(crate) fn again(&self) -> Self {
        match self {
            Self::Unavailable { reason, .. } => Self::Unavailable { reason: reason.clone(), source: None },
            Self::Busy { limit } => Self::Busy { limit: *limit },
            Self::Tls { reason } => Self::Tls { reason: reason.clone() },
            Self::Settings { setting, reason } => Self::Settings { setting, reason: reason.clone() },
            Self::Timeout { command, after } => Self::Timeout { command: command.clone(), after: *after },
            Self::Server { command, source } => {
                Self::Server { command: command.clone(), source: source.clone() }
            }
            Self::NoFence { command } => Self::NoFence { command: command.clone() },
            other => Self::Client(other.to_string().into()),
        }
    }

    /// The kind of the server's error, if the server answered one.
    pub fn server_kind(&self) -> Option<ServerErrorKind> {
        match self {
            Self::Server { source, .. } => Some(source.kind()),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::ErrorClass;
    use crate::connection::server_error;

    #[test]
    fn a_slot_that_moves_is_not_there_and_nothing_was_done() {
        for (text, kind) in [
            ("TRYAGAIN Multiple keys request during rehashing of slot", ServerErrorKind::Moving),
            ("ASK 3999 127.0.0.1:6381", ServerErrorKind::Moved),
            ("MOVED 3999 127.0.0.1:6381", ServerErrorKind::Moved),
        ] {
            let error = Error::Server { command: "EVALSHA".to_owned(), source: server_error(text) };
            assert_eq!(error.server_kind(), Some(kind));
            assert!(error.is_unavailable() && !error.is_write_refused(), "{text}");
            assert_eq!(ErrorClass::of(&error), ErrorClass::Unavailable, "{text}");
            let told = error.to_string();
            assert!(told.contains("nothing was done") && told.contains("try again"), "{told}");
        }
    }
}
