//! A circuit breaker (M. Nygard, "Release It!", 2007): a server that does not answer is not asked by every call.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::metrics;
use super::readiness::ErrorClass;
use super::state::CacheState;

/// How many calls in a row fail before the server is taken to be away.
const IN_A_ROW: u32 = 5;

/// From how many calls on half of them failing within [`WINDOW`] is as good as all of them.
const CALLS: u32 = 20;

/// How long calls are remembered.
const WINDOW: Duration = Duration::from_secs(10);

/// Counts calls that fail. Opened, it lets none through, if it is one that breaks, until it is closed.
#[derive(Debug)]
pub(super) struct Circuit {
    breaks: bool,
    open: AtomicBool,
    /// Calls failed lately, so that those that do not are counted too.
    troubled: AtomicBool,
    counts: Mutex<Counts>,
    state: watch::Sender<CacheState>,
    /// That it has no server, as it is counted.
    degraded: Mutex<Option<metrics::Degraded>>,
}

#[derive(Debug)]
struct Counts {
    since: Instant,
    failed: u32,
    answered: u32,
    in_a_row: u32,
}

impl Counts {
    fn new() -> Self {
        Self { since: Instant::now(), failed: 0, answered: 0, in_a_row: 0 }
    }
}

impl Circuit {
    /// `breaks`: opened, it lets no call through.
    pub(super) fn new(breaks: bool) -> Self {
        Self {
            breaks,
            open: AtomicBool::new(false),
            troubled: AtomicBool::new(false),
            counts: Mutex::new(Counts::new()),
            state: watch::Sender::new(CacheState::Enabled),
            degraded: Mutex::new(None),
        }
    }

    /// Whether calls are let through.
    pub(super) fn admits(&self) -> bool {
        !self.open.load(Ordering::Acquire)
    }

    pub(super) fn state(&self) -> CacheState {
        *self.state.borrow()
    }

    pub(super) fn watch(&self) -> watch::Receiver<CacheState> {
        self.state.subscribe()
    }

    /// A call was answered.
    pub(super) fn answered(&self) {
        if !self.troubled.load(Ordering::Relaxed) {
            return;
        }
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        // What was sent before it opened says nothing of now.
        if !self.admits() {
            return;
        }
        counts.answered = counts.answered.saturating_add(1);
        counts.in_a_row = 0;
        if counts.since.elapsed() > WINDOW {
            *counts = Counts::new();
            self.troubled.store(false, Ordering::Relaxed);
        }
        self.enable();
    }

    /// A call failed. `true`: it was one too many.
    pub(super) fn failed(&self, class: ErrorClass) -> bool {
        let too_many = {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            self.troubled.store(true, Ordering::Relaxed);
            if counts.since.elapsed() > WINDOW {
                *counts = Counts { in_a_row: counts.in_a_row, ..Counts::new() };
            }
            counts.failed = counts.failed.saturating_add(1);
            counts.in_a_row = counts.in_a_row.saturating_add(1);
            let all = counts.failed.saturating_add(counts.answered);
            counts.in_a_row >= IN_A_ROW || (all >= CALLS && counts.failed.saturating_mul(2) >= all)
        };
        if too_many {
            self.open(class);
        }
        too_many
    }

    /// The server is away, whatever was counted.
    pub(super) fn open(&self, class: ErrorClass) {
        self.troubled.store(true, Ordering::Relaxed);
        self.open.store(self.breaks, Ordering::Release);
        self.state.send_if_modified(|state| match state {
            CacheState::Enabled => {
                tracing::warn!(%class, "the cache has no server; it is degraded until there is one");
                *state = CacheState::Degraded { since: Instant::now(), class };
                self.counted(Some(metrics::Degraded::begin()));
                true
            }
            CacheState::Degraded { class: last, .. } => {
                // Nobody needs to wake up for another reason.
                *last = class;
                false
            }
        });
    }

    /// The server is there again.
    pub(super) fn close(&self) {
        *self.counts.lock().unwrap_or_else(PoisonError::into_inner) = Counts::new();
        self.troubled.store(false, Ordering::Relaxed);
        self.open.store(false, Ordering::Release);
        self.enable();
    }

    fn counted(&self, degraded: Option<metrics::Degraded>) {
        *self.degraded.lock().unwrap_or_else(PoisonError::into_inner) = degraded;
    }

    fn enable(&self) {
        self.state.send_if_modified(|state| {
            let CacheState::Degraded { since, .. } = *state else { return false };
            tracing::info!(degraded = ?since.elapsed(), "the cache has its server again");
            *state = CacheState::Enabled;
            self.counted(None);
            true
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLASS: ErrorClass = ErrorClass::Unavailable;

    fn fail(circuit: &Circuit, times: u32) -> bool {
        (0..times).map(|_| circuit.failed(CLASS)).fold(false, |any, one| any | one)
    }

    #[test]
    fn it_opens_after_failures_in_a_row_and_is_closed_by_others() {
        let circuit = Circuit::new(true);
        assert!(!fail(&circuit, IN_A_ROW - 1));
        circuit.answered();
        assert!(!fail(&circuit, IN_A_ROW - 1) && circuit.admits() && circuit.state().is_enabled());
        assert!(circuit.failed(CLASS) && !circuit.admits());
        circuit.answered();
        assert!(!circuit.admits(), "what was sent before is answered late");
        circuit.close();
        assert!(circuit.admits() && circuit.state().is_enabled());
        assert!(!fail(&circuit, IN_A_ROW - 1), "it counts anew");
    }

    #[test]
    fn it_opens_when_half_of_many_fail() {
        let circuit = Circuit::new(true);
        let mut calls = 0;
        while circuit.admits() {
            circuit.failed(CLASS);
            circuit.answered();
            calls += 2;
        }
        assert!((CALLS..=CALLS + 2).contains(&calls), "{calls}");
    }

    #[test]
    fn one_that_does_not_break_says_how_it_is() {
        let circuit = Circuit::new(false);
        fail(&circuit, IN_A_ROW);
        assert!(circuit.admits() && !circuit.state().is_enabled());
        circuit.answered();
        assert!(circuit.state().is_enabled());
    }

    #[tokio::test]
    async fn a_state_is_watched() {
        let circuit = Circuit::new(true);
        let mut receiver = circuit.watch();
        circuit.open(CLASS);
        circuit.open(ErrorClass::Timeout);
        receiver.changed().await.unwrap();
        assert!(matches!(
            *receiver.borrow_and_update(),
            CacheState::Degraded { class: ErrorClass::Timeout, .. }
        ));
        circuit.close();
        receiver.changed().await.unwrap();
        assert!(receiver.borrow().is_enabled());
    }
}
