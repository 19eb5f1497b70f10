//! What holders and the harness did, and when: by one clock of the host, so that processes can be compared.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::watch;

/// How long anything may be waited for, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(60);

/// Microseconds on the host's clock that is never set.
pub(crate) fn now() -> u64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
    time.tv_sec.unsigned_abs() * 1_000_000 + time.tv_nsec.unsigned_abs() / 1_000
}

pub(crate) fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

/// What happened. An owner is one win: no two have the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum What {
    /// A worker is connected.
    Ready,
    /// It holds the gate, which it asked for at `asked`.
    Won { owner: String, fence: u64, asked: u64 },
    /// It found at `checked` that it holds the gate.
    Held { owner: String, checked: u64 },
    /// The same, and then it did something to the resource, which was taken or not.
    Effect { owner: String, fence: u64, checked: u64, taken: bool },
    /// It found that it does not hold the gate any more.
    Over { owner: String },
    /// It was told that it does not hold the gate any more.
    Told { owner: String },
    /// It gave the gate back, beginning at `asked`; whether the key still was its own.
    Released { owner: String, asked: u64, owned: bool },
    /// The server could not be asked.
    Unanswered,
    /// Something that must not be.
    Failed(String),
    /// The harness stopped it: SIGSTOP.
    Stopped,
    /// The harness let it go on.
    Continued,
    /// The harness killed it.
    Killed,
}

/// Something that happened, to which worker, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Event {
    pub(crate) who: u32,
    pub(crate) at: u64,
    pub(crate) what: What,
}

/// What happened around one gate.
#[derive(Debug)]
pub(crate) struct Log {
    events: Mutex<Vec<Event>>,
    count: watch::Sender<usize>,
}

impl Log {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { events: Mutex::default(), count: watch::channel(0).0 })
    }

    pub(crate) fn push(&self, event: Event) {
        let mut events = self.lock();
        events.push(event);
        self.count.send_replace(events.len());
    }

    pub(crate) fn say(&self, who: u32, what: What) {
        self.push(Event { who, at: now(), what });
    }

    /// Waits until `find` finds something among the events from number `from` on; answers what follows its number too.
    pub(crate) async fn wait<T>(&self, from: usize, find: impl Fn(&Event) -> Option<T>) -> (usize, T) {
        let (mut count, mut from) = (self.count.subscribe(), from);
        let found = async {
            loop {
                let known = *count.borrow_and_update();
                let found = {
                    let events = self.lock();
                    let new = events.get(from..known).unwrap_or_default().iter().enumerate();
                    new.into_iter().find_map(|(n, event)| Some((from + n + 1, find(event)?)))
                };
                if let Some(found) = found {
                    return found;
                }
                from = from.max(known);
                // The sender is ours: it does not end.
                let _ = count.changed().await;
            }
        };
        let found = tokio::time::timeout(PATIENCE, found).await;
        found.unwrap_or_else(|_| panic!("what was waited for did not happen: {:?}", self.last()))
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.lock().len()
    }

    /// All of them, in the order of their times.
    pub(crate) fn events(&self) -> Vec<Event> {
        let mut events = self.lock().clone();
        events.sort_by_key(|event| event.at);
        events
    }

    fn last(&self) -> Vec<Event> {
        let events = self.lock();
        events.iter().skip(events.len().saturating_sub(12)).cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Event>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// When this machine kept its processes waiting: what took long then was not the gate's fault.
#[derive(Debug, Clone)]
pub(crate) struct Stalls(Arc<Mutex<VecDeque<(u64, u64)>>>);

impl Stalls {
    /// Watches from now on, for as long as the process runs.
    pub(crate) fn watch() -> Self {
        /// How often it is looked, and what counts as waiting.
        const NAP: Duration = Duration::from_millis(5);
        const LATE: u64 = 5_000;
        let stalls = Self::none();
        let seen = stalls.clone();
        thread::spawn(move || {
            loop {
                let due = now() + micros(NAP);
                thread::sleep(NAP);
                let woke = now();
                if woke > due + LATE {
                    seen.lock().push_back((due, woke));
                }
            }
        });
        stalls
    }

    /// Of a machine that never keeps anybody waiting.
    pub(crate) fn none() -> Self {
        Self(Arc::default())
    }

    /// The one of this process.
    pub(crate) fn of_process() -> Self {
        static STALLS: std::sync::OnceLock<Stalls> = std::sync::OnceLock::new();
        STALLS.get_or_init(Self::watch).clone()
    }

    /// How many microseconds between these moments.
    pub(crate) fn between(&self, from: u64, to: u64) -> u64 {
        let stalls = self.lock();
        stalls.iter().map(|(begun, ended)| (*ended).min(to).saturating_sub((*begun).max(from))).sum()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(u64, u64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
