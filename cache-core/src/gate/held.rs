//! What is known here of one win, shared by everybody who has to do with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::sync::watch;

use super::GateError;
use super::deadline::{Deadline, pause};
use super::keys::GateKeys;
use super::release::{Release, call_timeout};
use crate::cache::{Cache, GateCount, Line};
use crate::clock::Moment;
use crate::error::Result;

/// How much sooner a lease ends here than on the server: a hundredth for clocks that run at different speeds, and
/// two milliseconds (the drift allowance of the Redlock description).
const GUARD: (u32, Duration) = (100, Duration::from_millis(2));

#[derive(Debug)]
pub(super) struct Held {
    pub(super) cache: Cache,
    pub(super) keys: GateKeys,
    pub(super) token: String,
    pub(super) fence: u64,
    pub(super) ttl: Duration,
    /// How long the key stays at least, from the start.
    pub(super) at_least: Duration,
    pub(super) began: Moment,
    /// When it is over, by the clock here.
    deadline: Deadline,
    /// Whether somebody has taken it upon them to release it.
    ended: AtomicBool,
    /// Whether it was over before it was given back, as far as is known.
    was_lost: AtomicBool,
    /// Whether its loss was counted.
    counted: AtomicBool,
    /// Changes when the lease is over before its time.
    over: watch::Sender<bool>,
    line: Line,
}

/// How a lease was given back.
///
/// ```no_run
/// # use cache_core::{Cache, Gate, GateError};
/// # async fn import() {}
/// # async fn example(cache: Cache) -> Result<(), GateError> {
/// use cache_core::Released;
///
/// let Some(lease) = Gate::new("import").try_lock(&cache).await? else { return Ok(()) };
/// import().await;
/// match lease.release().await {
///     Released::Released => println!("nobody else imported meanwhile"),
///     _ => println!("somebody else may have imported meanwhile"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Released {
    /// The key was this lease's own to the end.
    Released,
    /// The key was gone, or another's, and was left alone.
    WasLost,
}

impl Held {
    /// `asked` is the moment before the request was sent: the server's clock started no earlier.
    pub(super) fn new(won: Won, asked: Moment) -> Self {
        let Won { cache, keys, token, fence, ttl, at_least, line } = won;
        Self {
            deadline: Deadline::new(asked.after(safe(ttl))),
            began: asked,
            ended: AtomicBool::new(false),
            was_lost: AtomicBool::new(false),
            counted: AtomicBool::new(false),
            over: watch::channel(false).0,
            cache,
            keys,
            token,
            fence,
            ttl,
            at_least,
            line,
        }
    }

    /// How long it still is held, by the clock here; `None`: it is over, and stays so.
    pub(super) fn left(&self) -> Option<Duration> {
        self.deadline.left()
    }

    pub(super) fn check(&self) -> Result<(), GateError> {
        self.left().map(drop).ok_or_else(|| GateError::Lost { key: self.keys.lock.clone() })
    }

    /// The server has given it the ttl again, some time after `asked`. A lease that is over stays over.
    pub(super) fn extend(&self, asked: Moment) {
        self.deadline.extend(asked.after(safe(self.ttl)));
    }

    /// Nobody here holds it any more.
    pub(super) fn is_over(&self) {
        self.deadline.end();
        self.over.send_replace(true);
    }

    /// It was lost, by the server's word or because its time is over; counted once.
    pub(super) fn lose(&self) {
        self.is_over();
        if !self.counted.swap(true, Ordering::AcqRel) {
            self.cache.gate_tally().count(GateCount::Lost);
            let held = self.began.until(Moment::now());
            tracing::warn!(key = %self.keys.lock, fence = self.fence, ?held, "gate lost");
        }
    }

    /// Its time is over: it was lost, unless it was given back.
    pub(super) fn ran_out(&self) {
        if !self.ended.load(Ordering::Acquire) {
            self.lose();
        }
    }

    /// Waits until it is over, by the clock here or by the server's word. Unbounded where it is renewed for ever.
    pub(super) async fn lost(&self) {
        self.deadline.passed(self.over.subscribe()).await;
    }

    /// Waits that long, or until it is over. `false`: it is over.
    pub(super) async fn pause(&self, time: Duration) -> bool {
        pause(time, self.over.subscribe()).await;
        self.left().is_some()
    }

    /// How long a call about it may take: a tenth of the ttl, so that there is time for others, at most a second.
    pub(super) fn call_timeout(&self) -> Duration {
        call_timeout(self.ttl)
    }

    /// Whether somebody here gives it back, or has.
    pub(super) fn is_given_back(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Takes it upon the caller to release it: for how long it was held still; `None`: somebody did before.
    fn begin_end(&self) -> Option<Duration> {
        if self.ended.swap(true, Ordering::AcqRel) {
            return None;
        }
        self.cache.gate_tally().held(self.began.until(Moment::now()));
        let left = self.left().unwrap_or_default();
        self.was_lost.store(left.is_zero(), Ordering::Release);
        if left.is_zero() {
            self.lose();
        }
        // From here on it is not renewed, whatever becomes of this.
        self.is_over();
        Some(left)
    }

    /// Gives it back: the key stays for `stay`, at least as long as was wanted from the start. When this future is
    /// dropped, that is done in the background; so it is when the server does not answer at once.
    ///
    /// Without the server's word, the clock here says whether the key was ours to the end. That a generation is done is asked
    /// for as long as the key is certain to be there, and is not so without that word.
    pub(super) async fn release(self: &Arc<Self>, stay: Duration, generation: &str) -> Released {
        let Some(left) = self.begin_end() else { return self.how(generation) };
        let mut unheard = Unheard { held: self, release: self.to_release(stay, generation), armed: true };
        let patience = if generation.is_empty() { self.call_timeout() } else { left };
        let answer = unheard.release.ask_until(Moment::now().after(patience)).await;
        self.tell_released(answer);
        match answer {
            Some(ours) => {
                unheard.armed = false;
                self.was_lost.store(!ours, Ordering::Release);
            }
            // Nobody knows whether it is noted.
            None if !generation.is_empty() => return Released::WasLost,
            None => {}
        }
        self.how("")
    }

    /// How it ended. A generation is noted by whoever gives the lease back for it, and by nobody else.
    fn how(&self, generation: &str) -> Released {
        if self.was_lost.load(Ordering::Acquire) || !generation.is_empty() {
            Released::WasLost
        } else {
            Released::Released
        }
    }

    /// Leaves it to be released in the background.
    pub(super) fn let_go(self: &Arc<Self>) {
        if self.begin_end().is_some() {
            self.later(self.to_release(Duration::ZERO, ""));
            self.cache.gate_tally().count(GateCount::ReleasedByDrop);
            tracing::debug!(key = %self.keys.lock, fence = self.fence, "gate let go by what was dropped");
        }
    }

    /// Releases it in the background, until the key is gone by itself.
    fn later(self: &Arc<Self>, release: Release) {
        let (held, until) = (Arc::clone(self), Moment::now().after(self.ttl));
        let left = self.line.leave(async move { held.tell_released(release.ask_until(until).await) });
        if !left {
            tracing::warn!(key = %self.keys.lock, "a lease was dropped after its runtime: the key goes with its ttl");
        }
    }

    fn to_release(&self, stay: Duration, generation: &str) -> Release {
        Release {
            cache: self.cache.clone(),
            keys: self.keys.clone(),
            token: self.token.clone(),
            ttl: self.ttl,
            stay: stay.max(self.at_least.saturating_sub(self.began.until(Moment::now()))),
            generation: generation.to_owned(),
            unheard: false,
        }
    }

    fn tell_released(&self, answer: Option<bool>) {
        let held = self.began.until(Moment::now());
        match answer {
            Some(true) => {
                self.cache.gate_tally().count(GateCount::Released);
                tracing::debug!(key = %self.keys.lock, fence = self.fence, ?held, "gate released");
            }
            Some(false) => {
                self.cache.gate_tally().count(GateCount::ForeignReleasePrevented);
                tracing::warn!(key = %self.keys.lock, fence = self.fence, ?held, "gate was lost before its release");
            }
            None => {
                tracing::warn!(key = %self.keys.lock, ?held, "the release of a gate has no answer yet; the key goes with its ttl");
            }
        }
    }
}

/// A release whose answer was not heard yet: when nobody waits for it any more, it may not even have been sent.
struct Unheard<'a> {
    held: &'a Arc<Held>,
    release: Release,
    armed: bool,
}

impl Drop for Unheard<'_> {
    fn drop(&mut self) {
        if self.armed {
            self.held.later(Release { unheard: true, ..self.release.clone() });
        }
    }
}

/// What it takes to know a win.
#[derive(Debug)]
pub(super) struct Won {
    pub(super) cache: Cache,
    pub(super) keys: GateKeys,
    pub(super) token: String,
    pub(super) fence: u64,
    pub(super) ttl: Duration,
    pub(super) at_least: Duration,
    pub(super) line: Line,
}

/// How long a ttl is certain here.
fn safe(ttl: Duration) -> Duration {
    let (part, fixed) = GUARD;
    (ttl - ttl / part).saturating_sub(fixed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_ends_before_the_servers_key() {
        assert_eq!(safe(Duration::from_secs(1)), Duration::from_millis(988));
        assert_eq!(safe(Duration::from_millis(1)), Duration::ZERO);
    }
}
