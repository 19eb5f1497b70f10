//! How often, and for how long, a call is sent again.

use std::time::{Duration, Instant};

use cache_index::Route;

use crate::backoff::Backoff;
use crate::connection::classify::{Redirect, redirect};
use crate::error::Error;

/// The first pause, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(250));

/// How long a call takes at most, whatever it is given: a clock does not count for ever.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 3_600);

/// How often a slot is followed without a pause.
const FOLLOWED: u32 = 4;

/// Where a command goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Aim {
    /// To where its route says.
    Route,
    /// There, as slots are known from now on.
    Moved(u16, String),
    /// There, this once.
    Ask(String),
}

/// The attempts of one call.
pub(super) struct Attempts {
    until: Instant,
    backoff: Backoff,
    followed: u32,
    waits: bool,
    lost: bool,
}

impl Attempts {
    pub(super) fn new(within: Duration) -> Self {
        let now = Instant::now();
        let until = now.checked_add(within.min(LONGEST)).unwrap_or(now);
        Self { until, backoff: Backoff::new(PAUSES.0, PAUSES.1), followed: 0, waits: false, lost: false }
    }

    /// How much time there is.
    pub(super) fn left(&self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    /// Where a command is sent again that failed; `None`: nowhere. Whoever names the node means it, and is told that it is another one.
    pub(super) fn after(&mut self, error: &Error, repeatable: bool, route: &Route) -> Option<Aim> {
        let is_named = matches!(route, Route::Node(_));
        let next = match error {
            Error::Server { source, .. } => match redirect(source)? {
                Redirect::Moved(..) if is_named => {
                    self.lost = true;
                    return None;
                }
                Redirect::Ask(_) if is_named => return None,
                Redirect::Moved(slot, address) => {
                    self.lost = true;
                    Aim::Moved(slot, address)
                }
                Redirect::Ask(address) => Aim::Ask(address),
                Redirect::Later => {
                    self.waits = true;
                    Aim::Route
                }
                Redirect::Elsewhere => {
                    (self.waits, self.lost) = (true, true);
                    Aim::Route
                }
            },
            Error::Unavailable { .. } | Error::Timeout { .. } => {
                self.lost = true;
                if !repeatable {
                    return None;
                }
                self.waits = true;
                Aim::Route
            }
            _ => return None,
        };
        if self.left() > self.backoff.bound() { Some(next) } else { None }
    }

    /// Whether the last attempts have shown that slots are elsewhere.
    pub(super) fn wants_slots(&self) -> bool {
        self.lost
    }

    /// Waits until the next attempt, if it has to: at random. `true`: slots are to be asked for before it.
    pub(super) async fn pause(&mut self) -> bool {
        self.followed += 1;
        // Two nodes that send to each other have not heard of each other yet.
        let waits = std::mem::take(&mut self.waits) || self.followed > FOLLOWED;
        if waits {
            tokio::time::sleep(self.backoff.pause().min(self.left())).await;
        }
        std::mem::take(&mut self.lost) && waits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_may_be_given_any_time() {
        assert!(Attempts::new(Duration::MAX).left() > Duration::from_secs(3_600));
    }
}
