//! Work that a fleet does once.

use std::time::Duration;

use super::attempt::Attempted;
use super::held::Released;
use super::hint::Hint;
use super::lease::Ends;
use super::run::{Worked, may_come};
use super::wait::Bound;
use super::{Gate, GateError, Lease};
use crate::cache::Cache;
use crate::error::Error;

/// The longest name of a generation: it is kept on the server.
const LONGEST: usize = 256;

/// Work that is done once for a generation: a release, a day, the fingerprint of a schema.
///
/// Its end is noted on the server in the same step that releases the gate, which is asked for as long as the lease lasts. The
/// last 64 generations of a gate are known.
///
/// ```no_run
/// # use cache_core::{Cache, Gate, GateError};
/// # async fn seed() -> Result<u32, GateError> { Ok(3) }
/// # async fn example(cache: Cache) -> Result<(), GateError> {
/// use std::time::Duration;
///
/// // At boot, in every replica: one seeds, and the others go on when it is done.
/// let once = Gate::new("seed").once(env!("CARGO_PKG_VERSION"));
/// let outcome = once.run_or_wait(&cache, Duration::from_secs(60), async |_lease| seed().await).await?;
/// assert!(outcome.is_done(), "{outcome:?}");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is done before `run_or_wait`"]
pub struct Once {
    gate: Gate,
    generation: String,
    /// Whether it is a period of a schedule: those are known by themselves.
    is_period: bool,
}

/// How work that a fleet does once came out for one process of it.
///
/// ```no_run
/// # use cache_core::{Cache, Gate, GateError};
/// # async fn report() -> Result<u32, GateError> { Ok(3) }
/// # async fn example(cache: Cache) -> Result<(), GateError> {
/// use std::time::Duration;
/// use cache_core::OnceOutcome;
///
/// let once = Gate::new("report").once("2025-06-01");
/// match once.run_or_wait(&cache, Duration::from_secs(60), async |_lease| report().await).await? {
///     OnceOutcome::Ran(pages) => println!("{pages} pages written here"),
///     OnceOutcome::AlreadyDone | OnceOutcome::Waited => println!("written elsewhere"),
///     other => println!("perhaps not written, to be tried again: {other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "after `TimedOut` and `Unavailable` the work may not be done"]
#[non_exhaustive]
pub enum OnceOutcome<T> {
    /// It was done here.
    Ran(T),
    /// It was done before.
    AlreadyDone,
    /// It was done by another while this process waited.
    Waited,
    /// It was not done within the bound: another still is at it, or too few replicas had the key.
    TimedOut,
    /// It was done here, but the gate was lost, or given back by the work, before its end, or the server did not say until then
    /// that the end is noted: it does not count as done, and may be done again. `None`: it was cancelled.
    Lost(Option<T>),
    /// The server could not be asked within the bound.
    Unavailable(Error),
}

impl<T> OnceOutcome<T> {
    /// Whether the work of the generation is done, here or elsewhere.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Ran(_) | Self::AlreadyDone | Self::Waited)
    }
}

impl Gate {
    /// The same work, once for the whole fleet in this generation. A name, at most 256 bytes.
    #[doc(alias = "run_once")]
    pub fn once(&self, generation: impl Into<String>) -> Once {
        Once { gate: self.clone(), generation: generation.into(), is_period: false }
    }
}

impl Once {
    /// The same work, as a period of a schedule.
    pub(super) fn of_schedule(self) -> Self {
        Self { is_period: true, ..self }
    }

    /// Does the work, or waits until it is done by whoever is at it. A leader that fails or vanishes is followed by one of
    /// those who wait.
    ///
    /// The wait has the bound: an attempt that is under way at its end is given up. With a bound of zero it is asked once, within
    /// the bounds of the connection. The work has none.
    ///
    /// # Errors
    /// The work's own error, of the process that did it; or [`GateError`] as the work's error type, if the settings
    /// cannot be used, or if the server cannot be asked and [`on_unavailable`](Gate::on_unavailable) says that this is
    /// one.
    pub async fn run_or_wait<T, E, F, R>(
        &self,
        cache: &Cache,
        bound: Duration,
        work: F,
    ) -> Result<OnceOutcome<T>, E>
    where
        F: FnOnce(Lease) -> R,
        R: Future<Output = Result<T, E>>,
        E: From<GateError>,
    {
        let mut keys = self.gate.checked(cache)?;
        if self.is_period {
            keys.finished.push_str(":every");
        }
        if self.generation.is_empty() || self.generation.len() > LONGEST {
            return Err(GateError::Settings("a generation has a name of 1 to 256 bytes").into());
        }
        let (bound, mut hint) = (Bound::new(bound), Hint::default());
        let (mut waited, mut heard) = (false, false);
        let lease = loop {
            let (busy, failed) = match bound.attempt(&self.gate, cache, &keys, &self.generation).await {
                Some(Ok(Attempted::Won(lease))) => break lease,
                Some(Ok(Attempted::Finished)) if waited => return Ok(OnceOutcome::Waited),
                Some(Ok(Attempted::Finished)) => return Ok(OnceOutcome::AlreadyDone),
                Some(Ok(Attempted::Busy { ttl, .. })) => (Some(ttl), None),
                Some(Ok(Attempted::NotDurable { .. })) => (None, None),
                Some(Err(GateError::Server(error))) if may_come(&error) => (None, Some(error)),
                Some(Err(error)) => return Err(error.into()),
                None => (None, (!heard).then(|| bound.unanswered())),
            };
            (waited, heard) = (true, heard || failed.is_none());
            if !bound.rest(&self.gate, busy, hint.wait(cache, &keys.lock)).await {
                let Some(error) = failed else { return Ok(OnceOutcome::TimedOut) };
                match self.gate.without_server(error.into(), &keys.lock)? {
                    Ok(unleased) => break unleased,
                    Err(error) => return Ok(OnceOutcome::Unavailable(error)),
                }
            }
        };
        let _ends = Ends(&lease);
        match self.gate.work(&lease, work).await {
            Worked::Done(Ok(value)) => Ok(match lease.end(self.gate.grace, &self.generation).await {
                Released::Released => OnceOutcome::Ran(value),
                Released::WasLost => OnceOutcome::Lost(Some(value)),
            }),
            Worked::Done(Err(error)) => {
                // The work's error is what the caller needs to see.
                let _ = lease.end(self.gate.after_error(), "").await;
                Err(error)
            }
            Worked::Cancelled => Ok(OnceOutcome::Lost(None)),
        }
    }
}
