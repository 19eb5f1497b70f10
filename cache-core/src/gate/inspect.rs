//! Looking at a gate from outside.

use std::time::Duration;

use super::scripts::Found;
use super::token;

/// Who holds a gate.
///
/// ```no_run
/// # use cache_core::{Cache, Gate, GateError};
/// # async fn example(cache: Cache) -> Result<(), GateError> {
/// match Gate::new("import").inspect(&cache).await? {
///     None => println!("free"),
///     Some(holder) => {
///         let host = holder.host.as_deref().unwrap_or("somebody");
///         println!("held by {host} for {:?}, and for {:?} at least", holder.age, holder.ttl);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Holder {
    /// What the key holds.
    pub token: String,
    /// The holder's host; `None`: the key was not made by this library.
    pub host: Option<String>,
    /// The holder's process; `None`: the key was not made by this library.
    pub process: Option<u32>,
    /// How long the key will live unless it is renewed or released; `None`: it has no end.
    pub ttl: Option<Duration>,
    /// The number of the win; 0: the key was not made by this library.
    pub fence: u64,
    /// For how long it has been held, or was and has its grace, by the server's clock: read off the fence, so that it is too short
    /// after a step of that clock. `None`: the key was not made by this library.
    pub age: Option<Duration>,
}

impl Holder {
    pub(super) fn new(found: Found) -> Self {
        let ours = token::read(&found.holder);
        Self {
            host: ours.map(|(host, _)| host.to_owned()),
            process: ours.map(|(_, process)| process),
            ttl: found.ttl,
            fence: ours.map_or(0, |_| found.fence),
            age: ours.map(|_| Duration::from_micros(found.now.saturating_sub(found.fence))),
            token: found.holder,
        }
    }
}
