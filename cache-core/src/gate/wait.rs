//! Locks: a gate whose work is not one function.

use std::time::Duration;

use super::attempt::{Attempted, attempt};
use super::hint::Hint;
use super::keys::GateKeys;
use super::run::may_come;
use super::{Gate, GateError, Lease};
use crate::cache::{Cache, GateCount};
use crate::clock::Moment;
use crate::error::Error;

/// The shortest and the longest pause between two looks at a key that somebody else holds.
const POLL: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(2));

impl Gate {
    /// The lease; `None`: somebody else holds it, or too few replicas have it. It is given back when the last clone is dropped; better by
    /// [`Lease::release`], which tells whether it was held to the end.
    ///
    /// # Errors
    /// [`GateError`] if the settings cannot be used, or the server cannot be asked.
    #[doc(alias = "acquire")]
    pub async fn try_lock(&self, cache: &Cache) -> Result<Option<Lease>, GateError> {
        let keys = self.checked(cache)?;
        Ok(match attempt(self, cache, &keys, "").await? {
            Attempted::Won(lease) => Some(lease),
            Attempted::Busy { .. } | Attempted::NotDurable { .. } | Attempted::Finished => None,
        })
    }

    /// Waits for the lease as long as it is told to: `gate.lock(&cache).wait(bound)`.
    #[doc(alias = "acquire")]
    pub fn lock<'a>(&'a self, cache: &'a Cache) -> Lock<'a> {
        Lock { gate: self, cache }
    }
}

/// Less time than this is not enough for another look.
const LAST: Duration = Duration::from_millis(2);

/// A lock that is to be waited for.
///
/// ```no_run
/// # use cache_core::{Cache, Gate, GateError};
/// # async fn rotate_keys() {}
/// # async fn example(cache: Cache) -> Result<(), GateError> {
/// use std::time::Duration;
///
/// match Gate::new("keys").lock(&cache).wait(Duration::from_secs(5)).await? {
///     Some(lease) => {
///         lease.check()?;
///         rotate_keys().await;
///         println!("{:?}", lease.release().await);
///     }
///     None => println!("somebody else held it for all of five seconds"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing is locked before `wait`"]
pub struct Lock<'a> {
    gate: &'a Gate,
    cache: &'a Cache,
}

impl Lock<'_> {
    /// The lease, as soon as nobody else holds it; `None`: not within the bound. An attempt that is under way at its end is
    /// given up, and what it may have won is given back in the background. With a bound of zero the gate is asked once, within
    /// the bounds of the connection, as by [`Gate::try_lock`].
    ///
    /// With RESP3 the server says when the key changes, and the gate is tried at once. In any case, and in RESP2, the key is
    /// looked at again when it would expire, at the latest after two seconds. There is no queue, and who comes first is
    /// chance.
    ///
    /// # Errors
    /// As [`Gate::try_lock`], when the server could not be asked until the bound.
    pub async fn wait(self, bound: Duration) -> Result<Option<Lease>, GateError> {
        let keys = self.gate.checked(self.cache)?;
        let (bound, mut hint, mut heard) = (Bound::new(bound), Hint::default(), false);
        loop {
            let (busy, failed) = match bound.attempt(self.gate, self.cache, &keys, "").await {
                Some(Ok(Attempted::Won(lease))) => return Ok(Some(lease)),
                Some(Ok(Attempted::Busy { ttl, .. })) => (Some(ttl), None),
                Some(Ok(Attempted::NotDurable { .. } | Attempted::Finished)) => (None, None),
                Some(Err(GateError::Server(error))) if may_come(&error) => (None, Some(error)),
                Some(Err(error)) => return Err(error),
                None => (None, (!heard).then(|| bound.unanswered())),
            };
            heard |= failed.is_none();
            if !bound.rest(self.gate, busy, hint.wait(self.cache, &keys.lock)).await {
                return failed.map_or(Ok(None), |error| Err(error.into()));
            }
        }
    }
}

/// For how long a gate is waited for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bound {
    time: Duration,
    until: Moment,
}

impl Bound {
    pub(super) fn new(time: Duration) -> Self {
        Self { time, until: Moment::now().after(time) }
    }

    /// An attempt. `None`: there is no answer within the bound; what it may have won is given back in the background.
    pub(super) async fn attempt(
        self,
        gate: &Gate,
        cache: &Cache,
        keys: &GateKeys,
        generation: &str,
    ) -> Option<Result<Attempted, GateError>> {
        let attempt = attempt(gate, cache, keys, generation);
        if self.time.is_zero() {
            return Some(attempt.await);
        }
        let answer = tokio::time::timeout(Moment::now().until(self.until), attempt).await;
        if answer.is_err() {
            cache.gate_tally().count(GateCount::Unavailable);
            tracing::warn!(key = %keys.lock, bound = ?self.time, "gate not answered within the time to wait for it");
        }
        answer.ok()
    }

    /// No attempt was answered within the bound.
    pub(super) fn unanswered(self) -> Error {
        Error::Timeout { command: "EVALSHA".to_owned(), after: self.time }
    }

    /// Waits until a look at the key is worth it again. `false`: the time is over.
    ///
    /// `busy`: somebody has the key, for as long as is said; then a hint ends the pause.
    pub(super) async fn rest(
        self,
        gate: &Gate,
        busy: Option<Option<Duration>>,
        hint: impl Future<Output = ()>,
    ) -> bool {
        let left = Moment::now().until(self.until);
        if left < LAST {
            tokio::time::sleep(left).await;
            return false;
        }
        // The last looks come before the end, so that there is time for their answers.
        let pause = pause(gate.ttl, busy.flatten(), rand::random()).min(left - left / 4);
        if busy.is_some() {
            // Either way it is looked again.
            let _ = tokio::time::timeout(pause, hint).await;
        } else {
            tokio::time::sleep(pause).await;
        }
        true
    }
}

/// When to look again: when the key would expire, and at a random moment before, since it may be released earlier.
fn pause(ttl: Duration, left: Option<Duration>, random: f64) -> Duration {
    let (shortest, longest) = POLL;
    // A short ttl says that the work is short.
    let (shortest, longest) = (shortest.min(ttl / 4), longest.min(ttl));
    let by_chance = shortest + (longest - shortest).mul_f64(random);
    by_chance.min(left.map_or(longest, |left| left + Duration::from_millis(1)))
}

impl Gate {
    /// Who holds the gate now; `None`: nobody. Only looks.
    ///
    /// # Errors
    /// [`GateError`] if the settings cannot be used, or the server cannot be asked.
    pub async fn inspect(&self, cache: &Cache) -> Result<Option<super::Holder>, GateError> {
        let keys: GateKeys = self.checked(cache)?;
        Ok(super::scripts::inspect(cache, &keys).await?.map(super::Holder::new))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_looked_at_when_they_expire_and_before() {
        let (long, ms) = (Duration::from_secs(30), Duration::from_millis);
        assert_eq!(pause(long, None, 0.0), ms(250));
        assert_eq!(pause(long, None, 1.0), ms(2000));
        assert_eq!(pause(long, Some(ms(10)), 1.0), ms(11));
        assert_eq!(pause(ms(300), None, 1.0), ms(300));
        assert_eq!(pause(ms(300), None, 0.0), ms(75));
    }
}
