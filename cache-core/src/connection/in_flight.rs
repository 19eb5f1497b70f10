//! How many calls wait for an answer at once.

use tokio::sync::{Semaphore, SemaphorePermit};

use crate::error::{Error, Result};

/// Counts the calls that wait. Without a bound, a server that hangs has a service keep all that it was asked since.
#[derive(Debug)]
pub(crate) struct InFlight {
    free: Semaphore,
    limit: usize,
}

impl InFlight {
    pub(crate) fn new(limit: usize) -> Self {
        Self { free: Semaphore::new(limit), limit }
    }

    /// Counts one more until what is answered is dropped.
    ///
    /// # Errors
    /// [`Error::Busy`] if there are as many as are allowed.
    pub(crate) fn enter(&self) -> Result<SemaphorePermit<'_>> {
        self.free.try_acquire().map_err(|_| Error::Busy { limit: self.limit })
    }

    /// How many are counted now.
    #[cfg(feature = "redis")]
    pub(crate) fn under_way(&self) -> usize {
        self.limit.saturating_sub(self.free.available_permits())
    }
}
