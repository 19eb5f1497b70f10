//! How long documents live.

use std::time::Duration;

use cache_index::{Command, DecodeError};

use super::{keyed, truth};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::primary_key::Id;

/// How long a document will live.
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

pub(crate) fn ttl<M: Model>(
    cache: &Cache,
    id: impl Id<M::PrimaryKey>,
) -> impl Future<Output = Result<Ttl>> + Send {
    let command = keyed::<M>(cache, Command::new("PTTL").repeatable(), id);
    async move {
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
}

pub(crate) fn expire<M: Model>(
    cache: &Cache,
    id: impl Id<M::PrimaryKey>,
    after: Duration,
) -> impl Future<Output = Result<bool>> + Send {
    truth(
        cache,
        keyed::<M>(cache, Command::new("PEXPIRE"), id).map(|command| command.arg_display(millis(after))),
    )
}

pub(crate) fn persist<M: Model>(
    cache: &Cache,
    id: impl Id<M::PrimaryKey>,
) -> impl Future<Output = Result<bool>> + Send {
    truth(cache, keyed::<M>(cache, Command::new("PERSIST"), id))
}

/// Whole milliseconds, as PEXPIRE wants them; the longest that the server takes (about 146 million years, half of
/// what its signed milliseconds can count) where it is more.
pub(super) fn millis(duration: Duration) -> u64 {
    const MOST: u64 = (i64::MAX / 2) as u64;
    // Rounded up: less than a millisecond is not nothing, and nothing would delete the document.
    u64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(MOST).min(MOST)
}
