//! How many calls wait for an answer at once.

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{Error, Result};

/// Counts the calls that wait. Without a bound, a server that hangs has a service keep all that it was asked since.
#[derive(Debug)]
pub(crate) struct InFlight {
    under_way: AtomicUsize,
    limit: usize,
}

/// One call, counted until this is dropped.
#[derive(Debug)]
pub(crate) struct Counted<'a>(&'a AtomicUsize);

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl InFlight {
    pub(crate) fn new(limit: usize) -> Self {
        Self { under_way: AtomicUsize::new(0), limit }
    }

    /// Counts one more until what is answered is dropped.
    ///
    /// # Errors
    /// [`Error::Busy`] if there are as many as are allowed.
    pub(crate) fn enter(&self) -> Result<Counted<'_>> {
        // Where many come at the bound at once, one may be refused that would just have had the place of another who is refused.
        let counted = Counted(&self.under_way);
        if self.under_way.fetch_add(1, Ordering::Relaxed) < self.limit {
            Ok(counted)
        } else {
            Err(Error::Busy { limit: self.limit })
        }
    }
}
