//! How long documents live.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use cache_index::{Command, DecodeError};

use super::keyed::keyed;
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::primary_key::Id;

/// How long a document will live.
///
/// ```
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct Session { #[primary_key] id: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// use std::time::Duration;
/// use cache_core::Ttl;
///
/// Session { id: 7 }.save(&cache).await?;
/// assert_eq!(Session::ttl(&cache, 7).await?, Ttl::Persistent);
/// Session::expire(&cache, 7, Duration::from_secs(60)).await?;
/// let left = Session::ttl(&cache, 7).await?.remaining().unwrap_or_default();
/// assert!(left > Duration::from_secs(50));
/// assert_eq!(Session::ttl(&cache, 8).await?, Ttl::Missing);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ttl {
    /// There is no such document.
    Missing,
    /// Until it is deleted.
    Persistent,
    /// This long, in milliseconds' precision.
    Remaining(Duration),
}

impl Ttl {
    /// The time that is left; `None` if the document is missing or has no end.
    pub fn remaining(self) -> Option<Duration> {
        match self {
            Self::Remaining(left) => Some(left),
            Self::Missing | Self::Persistent => None,
        }
    }
}

/// How long a document lives after a write. Set in the same atomic step as the write, and only if it is done.
///
/// ```
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # #[cache(ttl = "30m")]
/// # struct Session { #[primary_key] id: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// use std::time::Duration;
/// use cache_core::{Expiry, Ttl};
///
/// let session = Session { id: 7 };
/// session.save(&cache).await?; // 30 minutes, as the model says
/// session.save_with(&cache, Expiry::After(Duration::from_secs(60))).await?;
/// session.save_with(&cache, Expiry::Keep).await?; // what is left of the minute
/// assert!(Session::ttl(&cache, 7).await?.remaining() <= Some(Duration::from_secs(60)));
/// session.save_with(&cache, Expiry::Never).await?;
/// assert_eq!(Session::ttl(&cache, 7).await?, Ttl::Persistent);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Expiry {
    /// As the model says: its `ttl` anew; without one, as [`Expiry::Keep`].
    #[default]
    Model,
    /// This long from now, in whole milliseconds, begun ones counted. Zero: the document is gone at once.
    After(Duration),
    /// Until this time of the server's clock, in whole milliseconds. In the past: the document is gone at once.
    At(SystemTime),
    /// As long as the document that is there would have lived; a new one lives until it is deleted.
    Keep,
    /// Until it is deleted.
    Never,
}

impl Expiry {
    /// The command that sets it, and the argument behind the key; `None`: nothing is to be set.
    pub(crate) fn command<M: Model>(self) -> Option<(&'static str, Option<u64>)> {
        match self {
            Self::Model => M::TTL.map(|ttl| ("PEXPIRE", Some(millis(jittered(ttl, M::TTL_JITTER))))),
            Self::After(duration) => Some(("PEXPIRE", Some(millis(duration)))),
            Self::At(time) => Some(("PEXPIREAT", Some(since_epoch(time)))),
            Self::Keep => None,
            Self::Never => Some(("PERSIST", None)),
        }
    }
}

pub(crate) fn ttl<M: Model>(
    cache: &Cache,
    id: impl Id<M::PrimaryKey>,
) -> impl Future<Output = Result<Ttl>> + Send {
    let command = keyed::<M>(cache, cache.entry(Command::new("PTTL").repeatable()), id);
    async move { cache.or_without(asked(cache, command).await, || Ttl::Missing) }
}

async fn asked(cache: &Cache, command: Result<Command>) -> Result<Ttl> {
    let reply = cache.command(command?).await?;
    // PTTL answers -2 for no key and -1 for no time to live.
    match reply.as_int() {
        Some(-2) => Ok(Ttl::Missing),
        Some(-1) => Ok(Ttl::Persistent),
        Some(left) => Ok(Ttl::Remaining(Duration::from_millis(left.unsigned_abs()))),
        None => {
            let source = DecodeError::unexpected("an integer", reply.describe());
            Err(Error::Decode { command: "PTTL".to_owned(), source })
        }
    }
}

/// The duration, longer or shorter by at most this part of it: what was written together is not to end together.
pub(crate) fn jittered(duration: Duration, part: f64) -> Duration {
    if part == 0.0 {
        return duration;
    }
    // Not more than twice as long, and durations of documents are milliseconds in 64 bits.
    duration.mul_f64(1.0 + part * (2.0 * rand::random::<f64>() - 1.0))
}

/// The longest that the server takes: about 146 million years, half of what its signed milliseconds can count.
const MOST: u64 = (i64::MAX / 2) as u64;

/// Whole milliseconds, as PEXPIRE wants them. A begun one counts: half a millisecond is not zero, which would delete.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(MOST).min(MOST)
}

/// Milliseconds since 1970, as PEXPIREAT wants them. What lies before is as much over as 1970 itself.
pub(super) fn since_epoch(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_whole_milliseconds_that_the_server_takes() {
        assert_eq!(millis(Duration::ZERO), 0);
        assert_eq!(millis(Duration::from_nanos(1)), 1);
        assert_eq!(millis(Duration::from_micros(1_500)), 2);
        assert_eq!(millis(Duration::MAX), MOST);
        assert_eq!(since_epoch(UNIX_EPOCH - Duration::from_secs(1)), 0);
        assert_eq!(since_epoch(UNIX_EPOCH + Duration::from_millis(1_700_000_000_123)), 1_700_000_000_123);
    }
}
