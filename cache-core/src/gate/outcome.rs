//! How a gate's run ended.

use std::time::Duration;

use crate::error::Error;

/// How a gate's run ended, unless the work itself failed.
///
/// ```no_run
/// # use cache_core::{Cache, Gate, GateError};
/// # async fn import() -> Result<u32, GateError> { Ok(3) }
/// # async fn example(cache: Cache) -> Result<(), GateError> {
/// use cache_core::Outcome;
///
/// match Gate::new("import").run(&cache, async |_lease| import().await).await? {
///     Outcome::Ran(rows) => println!("{rows} rows"),
///     Outcome::Busy { holder, ttl } => println!("left to {holder}, whose key lives for {ttl:?}"),
///     Outcome::Lost(_) => println!("another process may have imported too"),
///     Outcome::Unavailable(error) => println!("not imported: {error}"),
///     other => println!("not imported: {other:?}"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "only `Ran` means that the work was done here"]
#[non_exhaustive]
pub enum Outcome<T> {
    /// The work was done here, and the gate was held to its end, or given back by the work itself; or it was let in
    /// [without a lease](super::OnUnavailable::RunUnleased).
    Ran(T),
    /// Another process holds the gate, or held it less than a grace ago; the work was not done here.
    Busy {
        /// What the key holds: of gates of this library, the holder's token.
        holder: String,
        /// How long the key will live unless it is renewed or released; `None`: it has no end.
        ttl: Option<Duration>,
    },
    /// The gate was lost before the work's end: another process may have done it too. What the work answered, if it came
    /// to its end; `None`: it was cancelled ([`OnLost::CancelBody`](super::OnLost::CancelBody)).
    Lost(Option<T>),
    /// The server could not be asked; the work was not done here.
    Unavailable(Error),
    /// Too few replicas had the key in time; it was given back, and the work was not done here.
    NotDurable {
        /// How many had it.
        acknowledged: u64,
        /// How many were wanted.
        wanted: u32,
    },
}

impl<T> Outcome<T> {
    /// What the work answered, if it was done here and the gate was held to its end.
    pub fn ran(self) -> Option<T> {
        match self {
            Self::Ran(value) => Some(value),
            Self::Busy { .. } | Self::Lost(_) | Self::Unavailable(_) | Self::NotDurable { .. } => None,
        }
    }

    /// Whether somebody else holds the gate.
    pub fn is_busy(&self) -> bool {
        matches!(self, Self::Busy { .. })
    }
}
