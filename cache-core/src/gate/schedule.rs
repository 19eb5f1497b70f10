//! Work that a fleet does once in every period.

use std::time::Duration;

use super::once::OnceOutcome;
use super::{Gate, GateError, Lease, scripts};
use crate::cache::Cache;

/// The shortest period: below it the rounds of a fleet would run into each other.
const SHORTEST: Duration = Duration::from_millis(100);

/// Work that is done once in every period, by whichever process of the fleet is first.
///
/// Periods are counted from 1970 by the server's clock, so that all processes agree on them: `every(an hour)` is at the
/// full hour, in UTC.
#[derive(Debug, Clone)]
#[must_use = "nothing is done before `run`"]
pub struct Schedule {
    gate: Gate,
    period: Duration,
}

impl Gate {
    /// The same work, once in every period over the whole fleet. At least 100 milliseconds, at most a year.
    #[doc(alias = "cron")]
    pub fn every(&self, period: Duration) -> Schedule {
        Schedule { gate: self.clone(), period }
    }
}

impl Schedule {
    /// Waits for the next period and does its work, unless another process does: `Some` if it was done here.
    ///
    /// A period in which the work failed, or nobody was there, is left out. Bounded by the period, and by the work.
    ///
    /// # Errors
    /// As [`Once::run_or_wait`](super::Once::run_or_wait).
    pub async fn next<T, E, F, R>(&self, cache: &Cache, work: F) -> Result<Option<T>, E>
    where
        F: FnOnce(Lease) -> R,
        R: Future<Output = Result<T, E>>,
        E: From<GateError>,
    {
        if self.period < SHORTEST || self.period > super::MAX_TTL {
            return Err(GateError::Settings("a period has 100 ms to a year").into());
        }
        let period = u64::try_from(self.period.as_micros()).unwrap_or(u64::MAX);
        let now = match scripts::time(cache).await {
            Ok(now) => now,
            Err(error) => match self.gate.without_server(error.into(), "")? {
                // Without the server nobody knows what time the fleet has.
                Ok(_) | Err(_) => {
                    tokio::time::sleep(self.period).await;
                    return Ok(None);
                }
            },
        };
        tokio::time::sleep(Duration::from_micros(period - now % period)).await;
        let generation = format!("every {period} {}", now / period + 1);
        let once = self.gate.once(generation).of_schedule();
        match once.run_or_wait(cache, Duration::ZERO, work).await? {
            OnceOutcome::Ran(value) | OnceOutcome::Lost(Some(value)) => Ok(Some(value)),
            _ => Ok(None),
        }
    }

    /// Does the work in every period, for ever, unless another process does. Unbounded: to be spawned, or raced against
    /// the end of the service.
    ///
    /// Work that changes state of its own from period to period is written as a loop over [`next`](Schedule::next): futures
    /// that borrow such state one after the other could not be spawned.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use cache_core::{Cache, Gate, GateError};
    /// # async fn example(cache: Cache) -> Result<(), GateError> {
    /// let (every, mut rounds) = (Gate::new("tick").every(Duration::from_secs(60)), 0);
    /// loop {
    ///     let ticked = every.next(&cache, async |_lease| {
    ///         rounds += 1;
    ///         Ok::<_, GateError>(rounds)
    ///     });
    ///     if let Some(rounds) = ticked.await? {
    ///         println!("done here for the {rounds}th time");
    ///     }
    /// }
    /// # }
    /// ```
    ///
    /// # Errors
    /// The first error of the work or of the gate. Work that is to go on after an error has to handle it itself.
    pub async fn run<E, F, R>(&self, cache: &Cache, mut work: F) -> Result<std::convert::Infallible, E>
    where
        F: FnMut(Lease) -> R,
        R: Future<Output = Result<(), E>>,
        E: From<GateError>,
    {
        loop {
            self.next(cache, &mut work).await?;
        }
    }
}
