//! Whether a cache has a server, as its calls and those in the background find it.

use std::time::Instant;

use tokio::sync::watch;

use super::readiness::ErrorClass;

/// Whether the server answers. See [`Cache::state`](crate::Cache::state).
///
/// ```
/// use cache_core::CacheState;
///
/// # let cache = cache_core::testkit::Memory::cache();
/// match cache.state() {
///     CacheState::Enabled => {}
///     CacheState::Degraded { since, class } => println!("for {:?} without a server: {class}", since.elapsed()),
///     other => println!("{other:?}"),
/// }
/// assert!(cache.state().is_enabled());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CacheState {
    /// It answers.
    Enabled,
    /// It does not. A cache made with [`connect_or_degrade`](crate::Cache::connect_or_degrade) sends it nothing until it
    /// does again.
    Degraded {
        /// Since when.
        since: Instant,
        /// What came in place of an answer the last time.
        class: ErrorClass,
    },
}

impl CacheState {
    /// Whether the server answers.
    pub fn is_enabled(self) -> bool {
        self == Self::Enabled
    }
}

/// Waits for changes of the state of a cache. Made by [`Cache::watch_state`](crate::Cache::watch_state).
///
/// ```no_run
/// use std::time::Duration;
///
/// # async fn example(cache: cache_core::Cache) {
/// let mut states = cache.watch_state();
/// if tokio::time::timeout(Duration::from_secs(5), states.enabled()).await.is_err() {
///     println!("begun without the server: {:?}", states.state());
/// }
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct StateWatch {
    pub(super) receiver: watch::Receiver<CacheState>,
}

impl StateWatch {
    /// The state now.
    pub fn state(&self) -> CacheState {
        *self.receiver.borrow()
    }

    /// Waits, as long as it takes, for the next state; `None`: the cache is gone. States that come and go meanwhile are left
    /// out.
    pub async fn changed(&mut self) -> Option<CacheState> {
        self.receiver.changed().await.ok()?;
        Some(*self.receiver.borrow_and_update())
    }

    /// Waits, as long as it takes, until the server answers; `false`: the cache is gone.
    pub async fn enabled(&mut self) -> bool {
        self.receiver.wait_for(|state| state.is_enabled()).await.is_ok()
    }
}
