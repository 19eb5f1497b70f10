//! Work done under a lease.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::attempt::{Attempted, attempt};
use super::held::Released;
use super::lease::Ends;
use super::policy::{OnError, OnLost, OnUnavailable};
use super::{Gate, GateError, Lease, Outcome};
use crate::cache::Cache;
use crate::error::Error;

/// How work under a lease ended.
pub(super) enum Worked<T, E> {
    Done(Result<T, E>),
    /// Its future was dropped, since the lease was lost.
    Cancelled,
}

impl Gate {
    /// Does the work if nobody else holds the gate.
    ///
    /// While it runs, a task renews the lease. After it the key is re-expired to the `grace` if it succeeded, and, unless
    /// [`on_error`](Self::on_error) says otherwise, deleted if it failed; both only if it still is this run's own. An error
    /// while doing so does not replace the work's result: it is tried again in the background until the `ttl` of the key is
    /// over. A run whose future is dropped, or whose work panics, is released at once, in the background.
    ///
    /// Bounded by the deadline of the connection, twice, and by the work, which is cancelled when its lease is lost
    /// ([`on_lost`](Self::on_lost)).
    ///
    /// # Errors
    /// The work's own error; or [`GateError`] as the work's error type, if the settings cannot be used, or if the
    /// server cannot be asked and [`on_unavailable`](Self::on_unavailable) says that this is one. Work that calls nothing but
    /// the cache answers `Result<_, GateError>`: `?` makes one of an [`Error`].
    pub async fn run<T, E, F, R>(&self, cache: &Cache, work: F) -> Result<Outcome<T>, E>
    where
        F: FnOnce(Lease) -> R,
        R: Future<Output = Result<T, E>>,
        E: From<GateError>,
    {
        let keys = self.checked(cache)?;
        let lease = match attempt(self, cache, &keys, "").await {
            Ok(Attempted::Won(lease)) => lease,
            Ok(Attempted::Busy { holder, ttl }) => return Ok(Outcome::Busy { holder, ttl }),
            Ok(Attempted::NotDurable { acknowledged, wanted }) => {
                return Ok(Outcome::NotDurable { acknowledged, wanted });
            }
            // No generation was asked about.
            Ok(Attempted::Finished) => return Ok(Outcome::Busy { holder: String::new(), ttl: None }),
            Err(error) => match self.without_server(error, &keys.lock)? {
                Ok(lease) => lease,
                Err(error) => return Ok(Outcome::Unavailable(error)),
            },
        };
        // What the work gave clones to may outlive it, and would keep the gate shut after a panic.
        let _ends = Ends(&lease);
        match self.work(&lease, work).await {
            Worked::Done(Ok(value)) => Ok(match lease.end(self.grace, "").await {
                Released::Released => Outcome::Ran(value),
                Released::WasLost => Outcome::Lost(Some(value)),
            }),
            Worked::Done(Err(error)) => {
                // The work's error is what the caller needs to see.
                let _ = lease.end(self.after_error(), "").await;
                Err(error)
            }
            Worked::Cancelled => Ok(Outcome::Lost(None)),
        }
    }

    /// What an attempt comes to that had no answer: a lease that is none, the error as an outcome, or an error.
    pub(super) fn without_server(
        &self,
        error: GateError,
        key: &str,
    ) -> Result<Result<Lease, Error>, GateError> {
        match (error, self.on_unavailable) {
            (GateError::Server(error), OnUnavailable::Skip) if may_come(&error) => Ok(Err(error)),
            (GateError::Server(error), OnUnavailable::RunUnleased) if may_come(&error) => {
                Ok(Ok(Lease::unleased(key.to_owned())))
            }
            (error, _) => Err(error),
        }
    }

    /// How long the key stays after an error.
    pub(super) fn after_error(&self) -> Duration {
        match self.on_error {
            OnError::ReleaseNow => Duration::ZERO,
            OnError::Grace => self.grace,
            OnError::Backoff(time) => time,
        }
    }

    /// Does the work, and sees to it that it is told when the lease is lost.
    pub(super) async fn work<T, E, F, R>(&self, lease: &Lease, work: F) -> Worked<T, E>
    where
        F: FnOnce(Lease) -> R,
        R: Future<Output = Result<T, E>>,
    {
        let mut body = pin!(work(lease.clone()));
        if self.on_lost == OnLost::Signal || !lease.is_leased() {
            return Worked::Done(body.await);
        }
        let mut lost = pin!(async {
            lease.lost().await;
            if lease.held().is_some_and(|held| held.is_given_back()) {
                // By the work itself, which may have something left to do.
                std::future::pending::<()>().await;
            }
        });
        // The work first: what is done is done, also when the lease ended with it.
        let ended = poll_fn(|context| match body.as_mut().poll(context) {
            Poll::Ready(result) => Poll::Ready(Some(result)),
            Poll::Pending => lost.as_mut().poll(context).map(|()| None),
        });
        match ended.await {
            Some(result) => Worked::Done(result),
            None if self.on_lost == OnLost::Abort => {
                tracing::error!(
                    key = lease.key(),
                    "gate lost while its work runs: the process is aborted, as was wanted"
                );
                std::process::abort()
            }
            None => {
                if let Some(held) = lease.held() {
                    held.lose();
                }
                Worked::Cancelled
            }
        }
    }
}

/// Whether the server may give out leases later: nothing is wrong with the settings.
pub(super) fn may_come(error: &Error) -> bool {
    error.is_unavailable() || error.is_write_refused()
}
