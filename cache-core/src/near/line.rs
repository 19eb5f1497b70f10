//! The connection on which the server tells of changes, and whether it still does.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cache_index::Command;
use tokio::runtime::Handle;
use tokio::task::AbortHandle;

use super::store::Store;
use crate::backoff::Backoff;
use crate::cache::ErrorClass;
use crate::clock::Moment;
use crate::connection::Connection;
use crate::error::{Error, Result};

/// How often the server is asked whether the line is there.
const PERIOD: Duration = Duration::from_secs(1);

/// How long it may take to answer. Afterwards nothing is believed that was kept.
const PATIENCE: Duration = Duration::from_secs(2);

/// How long what is kept is believed after a question that was answered. Then the next one had been due, and its time is up.
pub(super) const BELIEVED: Duration = Duration::from_secs(3);

/// The first and the longest pause before another attempt to make the line anew.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), PERIOD);

/// The line, which is looked after until this is dropped.
pub(super) struct Line {
    pub(super) store: Arc<Store>,
    /// What is read on it is tracked.
    pub(super) tracked: Arc<dyn Connection>,
    keeper: Mutex<Option<AbortHandle>>,
}

impl Line {
    pub(super) fn new(store: Arc<Store>, tracked: Arc<dyn Connection>) -> Self {
        Self { store, tracked, keeper: Mutex::default() }
    }

    /// Asks once.
    pub(super) async fn ask(&self) -> Result<()> {
        ask(&self.store, &*self.tracked).await
    }

    /// Has it looked after, unless it is: what did may have ended with its runtime.
    pub(super) fn keep(&self) {
        let Ok(runtime) = Handle::try_current() else { return };
        let mut keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        if keeper.as_ref().is_none_or(AbortHandle::is_finished) {
            let (store, tracked) = (Arc::clone(&self.store), Arc::clone(&self.tracked));
            *keeper = Some(runtime.spawn(keep(store, tracked)).abort_handle());
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        let keeper = self.keeper.lock().unwrap_or_else(PoisonError::into_inner);
        keeper.iter().for_each(AbortHandle::abort);
    }
}

/// Asks again and again, and at once when the line breaks.
async fn keep(store: Arc<Store>, tracked: Arc<dyn Connection>) {
    let fresh = || Backoff::new(PAUSES.0, PAUSES.1);
    let mut backoff = fresh();
    loop {
        if ask(&store, &*tracked).await.is_ok() {
            backoff = fresh();
            // Woken or not: it is asked again.
            let _ = tokio::time::timeout(PERIOD, store.broke.notified()).await;
        } else {
            tokio::time::sleep(backoff.pause()).await;
        }
    }
}

/// Asks whether the line is there. What is kept is believed if it is, and not if it is not.
async fn ask(store: &Store, tracked: &dyn Connection) -> Result<()> {
    let (losses, sent) = (store.trust.losses(), Moment::now());
    // Not repeatable: its answer is about the line that it was sent on.
    let answer = tracked.send(Command::new("PING").within(PATIENCE)).await;
    let answer = answer.and_then(|_| if tracked.capabilities().cluster { Err(a_cluster()) } else { Ok(()) });
    match &answer {
        Ok(()) => {
            if store.trust.answered(losses, sent.after(BELIEVED)) {
                store.table.clear();
                tracing::debug!("the near cache is told of changes");
            }
            store.says(None);
        }
        // So many documents are being asked for that this was not sent, which says nothing of the line: what is kept is believed for as
        // long as the last answer was good for.
        Err(error) if error.is_busy() => {}
        Err(error) => {
            store.trust.lost();
            if store.says(Some(ErrorClass::of(error))) {
                tracing::warn!(
                    error = error as &dyn std::error::Error,
                    "the near cache is not told of changes, and keeps nothing until it is"
                );
            }
        }
    }
    answer
}

pub(super) fn a_cluster() -> Error {
    let needs = "a single server: on a cluster, each master would tell of its own keys on a connection of its own. Read with `get`";
    Error::Unsupported { what: "a near cache", needs: needs.to_owned() }
}
