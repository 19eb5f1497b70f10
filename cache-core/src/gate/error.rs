//! What keeps a gate from being used.

use std::fmt;

use cache_index::NameError;

use crate::error::{Error, shown};

/// What keeps a gate from being used. The error type of the work must be able to hold it (`E: From<GateError>`).
///
/// What is wrong with the settings is told before anything is sent:
///
/// ```
/// use std::time::Duration;
/// use cache_core::{Gate, GateError};
///
/// # let cache = cache_core::testkit::Memory::cache();
/// let gate = Gate::new("nightly");
/// assert!(matches!(gate.check(&cache), Err(GateError::NoProject)), "its key begins with the project");
/// let cache = cache.project("shop");
/// assert!(gate.check(&cache).is_ok());
/// let hurried = gate.ttl(Duration::from_millis(200));
/// assert!(matches!(hurried.check(&cache), Err(GateError::Settings(_))), "no time to renew it");
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum GateError {
    /// The cache has no project, which is part of a gate's key.
    #[error("a gate needs a project; make the cache with `.project(\"…\")`")]
    NoProject,
    /// The settings make no sense together.
    #[error("the gate's settings cannot be used: {0}")]
    Settings(&'static str),
    /// The lease's time is over: another process may be at work.
    #[error("the lease of `{key}` is over; stop what it protects")]
    Lost {
        /// The gate's key on the server.
        key: String,
    },
    /// The work was let in [without a lease](crate::OnUnavailable::RunUnleased), so that there is no fence.
    #[error(
        "the work of `{key}` runs without a lease, and its writes can have no fence; write without one, or not at all"
    )]
    Unleased {
        /// The gate's key on the server.
        key: String,
    },
    /// The server may throw the keys of locks away when it is short of memory, and the gate is strict.
    #[error(
        "the server's eviction policy is `{policy}`, which can evict the keys of locks; set `maxmemory-policy` to \
         `noeviction`, or keep gates on a server of their own"
    )]
    Evictable {
        /// `maxmemory-policy`.
        policy: String,
    },
    /// The server could not be asked.
    #[error("the gate could not be asked")]
    Server(#[from] Error),
}

impl From<NameError> for GateError {
    fn from(error: NameError) -> Self {
        Self::Server(error.into())
    }
}

impl fmt::Debug for GateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shown(self, f)
    }
}
