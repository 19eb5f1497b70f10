//! Migrations that are put off: since when, why, and who is to do them.

use std::sync::{Arc, Weak};
use std::time::Instant;

use super::readiness::{ErrorClass, IndexState, Reason};

/// The migration of one index, if it is put off.
#[derive(Debug, Default)]
pub(crate) struct PutOff {
    why: Option<(Instant, ErrorClass, Reason)>,
    /// The task that does it; gone when there is none.
    task: Weak<()>,
}

impl PutOff {
    /// It is for this task to do, and no longer for the one before: the last run knows best what is wanted.
    pub(crate) fn begin(&mut self, class: ErrorClass, reason: Reason, task: &Arc<()>) {
        self.task = Arc::downgrade(task);
        self.because(class, reason);
    }

    /// What a try of the task met. `false`: it is no longer the one to do it.
    pub(crate) fn met(&mut self, class: ErrorClass, reason: Reason, task: &Arc<()>) -> bool {
        let is_its = self.is_left_to(task);
        if is_its {
            self.because(class, reason);
        }
        is_its
    }

    pub(crate) fn is_left_to(&self, task: &Arc<()>) -> bool {
        self.task.as_ptr() == Arc::as_ptr(task)
    }

    /// A run did it at once: whoever was to do it later, with what was wanted before, is not to.
    pub(crate) fn is_done(&mut self) {
        *self = Self::default();
    }

    /// The index is there; what is left of it may fail still.
    pub(super) fn is_made(&mut self) {
        self.why = None;
    }

    pub(super) fn state(&self) -> Option<IndexState> {
        self.why.as_ref().map(|(since, class, _)| IndexState::Deferred { since: *since, class: *class })
    }

    pub(super) fn reason(&self) -> Option<Reason> {
        self.why.as_ref().map(|(.., reason)| reason.clone())
    }

    fn because(&mut self, class: ErrorClass, reason: Reason) {
        let since = self.why.as_ref().map_or_else(Instant::now, |(since, ..)| *since);
        self.why = Some((since, class, reason));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;

    #[test]
    fn the_last_one_is_to_do_it() {
        let (mut put_off, first, second) = (PutOff::default(), Arc::new(()), Arc::new(()));
        let (class, reason) = (ErrorClass::Refused, || Reason::new(Error::NoRuntime));
        put_off.begin(class, reason(), &first);
        assert!(put_off.met(class, reason(), &first));
        put_off.begin(class, reason(), &second);
        assert!(!put_off.met(class, reason(), &first) && put_off.is_left_to(&second));
        put_off.is_made();
        assert!(put_off.state().is_none() && put_off.met(class, reason(), &second));
        put_off.is_done();
        assert!(put_off.state().is_none() && !put_off.met(class, reason(), &second));
    }
}
