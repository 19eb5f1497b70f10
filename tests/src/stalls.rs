//! When this machine kept its processes waiting: what took long then was nobody's fault.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// How often it is looked, and what counts as waiting.
const NAP: Duration = Duration::from_millis(5);

/// When the process should have gone on, and did.
type Stalls = Mutex<Vec<(Instant, Instant)>>;

/// What was seen since [`watch`] was called first.
static SEEN: OnceLock<Arc<Stalls>> = OnceLock::new();

/// Watches from now on, for as long as the process runs.
pub fn watch() {
    SEEN.get_or_init(|| {
        let seen: Arc<Stalls> = Arc::default();
        let seeing = Arc::clone(&seen);
        thread::spawn(move || {
            loop {
                let due = Instant::now() + NAP;
                thread::sleep(NAP);
                let woke = Instant::now();
                if woke > due + NAP {
                    seeing.lock().unwrap_or_else(PoisonError::into_inner).push((due, woke));
                }
            }
        });
        seen
    });
}

/// For how long the machine kept this process waiting between these moments, as far as it was watched.
pub fn between(from: Instant, to: Instant) -> Duration {
    let Some(seen) = SEEN.get() else { return Duration::ZERO };
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    seen.iter().map(|(begun, ended)| (*ended).min(to).saturating_duration_since((*begun).max(from))).sum()
}
