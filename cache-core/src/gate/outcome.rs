//! How a gate's run ended.

use std::time::Duration;

/// How a gate's run ended, unless the work itself failed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use = "only `Ran` means that the work was done here"]
#[non_exhaustive]
pub enum Outcome<T> {
    /// The work was done here, and the gate was held to its end.
    Ran(T),
    /// Another process holds the gate, or held it less than a grace ago; the work was not done here.
    Busy {
        /// The token of the holder.
        holder: String,
        /// How long the key will live unless it is renewed or released; `None`: it has no end.
        ttl: Option<Duration>,
    },
    /// The work was done here, but the gate was lost before its end: another process may have done it too.
    Lost(T),
}

impl<T> Outcome<T> {
    /// What the work answered, if it was done here and the gate was held to its end.
    pub fn ran(self) -> Option<T> {
        match self {
            Self::Ran(value) => Some(value),
            Self::Busy { .. } | Self::Lost(_) => None,
        }
    }
}
