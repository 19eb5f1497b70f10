//! What was written of each document, by the one that writes it, and so what may be found.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// How far a replica may be behind its master on a busy machine: what was acknowledged earlier is there.
const LAG: Duration = Duration::from_secs(1);

/// How much later than it came an answer may be noted.
const LATE: Duration = Duration::from_secs(1);

/// When a master died, and which slots it had.
#[derive(Debug, Default)]
pub(super) struct Fate {
    slots: OnceLock<BTreeSet<u16>>,
    begun: OnceLock<Instant>,
    died: OnceLock<Instant>,
}

impl Fate {
    /// From now on it dies.
    pub(super) fn begins(&self, slots: BTreeSet<u16>) {
        let _ = self.slots.set(slots);
        let _ = self.begun.set(Instant::now());
    }

    pub(super) fn died(&self) -> Instant {
        *self.died.get_or_init(Instant::now)
    }

    pub(super) fn has_begun(&self) -> bool {
        self.begun.get().is_some()
    }

    /// Whether the slot of a key was the dead one's.
    pub(super) fn fell(&self, key: &str) -> bool {
        self.slots.get().is_some_and(|slots| slots.contains(&slot(key)))
    }

    /// Whether the engine may have lost what was acknowledged then: what the dead one had told nobody yet. All else would be ours.
    pub(super) fn may_lose(&self, key: &str, acknowledged: Instant) -> bool {
        let Some(begun) = self.begun.get() else { return false };
        let ended = self.died.get().is_none_or(|died| acknowledged <= *died + LATE);
        self.fell(key) && acknowledged + LAG >= *begun && ended
    }
}

/// One form of a document; none: it is not there.
#[derive(Debug, Clone)]
struct Form {
    is: Option<String>,
    /// `None`: not yet, or the answer never came, and it may be there or not.
    acknowledged: Option<Instant>,
}

/// What was found of a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Right,
    /// The engine lost so many that were acknowledged last.
    Lost(u64),
    Wrong,
}

/// The forms of each document in the order in which they were written, by its key.
#[derive(Debug, Default)]
pub(super) struct Book {
    forms: Mutex<BTreeMap<String, Vec<Form>>>,
}

impl Book {
    /// What a document is about to be. Only one writes it, and nothing else until it was answered.
    pub(super) fn begin(&self, key: &str, is: Option<String>) {
        self.with(key, |forms| forms.push(Form { is, acknowledged: None }));
    }

    /// It was acknowledged.
    pub(super) fn acknowledge(&self, key: &str) {
        self.with(key, |forms| {
            if let Some(last) = forms.last_mut() {
                last.acknowledged = Some(Instant::now());
            }
        });
    }

    /// It was refused: nothing was written.
    pub(super) fn refuse(&self, key: &str) {
        self.with(key, |forms| forms.truncate(forms.len() - 1));
    }

    /// What is known to be there: `None` if an answer never came.
    pub(super) fn known(&self, key: &str) -> Option<Option<String>> {
        let last = self.with(key, |forms| forms.last().cloned());
        match last {
            None => Some(None),
            Some(form) => form.acknowledged.map(|_| form.is),
        }
    }

    /// All that have been written, or were to be.
    pub(super) fn keys(&self) -> Vec<String> {
        self.forms.lock().unwrap_or_else(PoisonError::into_inner).keys().cloned().collect()
    }

    /// How many writes were acknowledged, and how many never answered.
    pub(super) fn counts(&self) -> (u64, u64) {
        let forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        let (acknowledged, open): (Vec<&Form>, Vec<&Form>) =
            forms.values().flatten().partition(|form| form.acknowledged.is_some());
        (acknowledged.len() as u64, open.len() as u64)
    }

    /// Judges what was found by a question that was asked at this time.
    pub(super) fn judge(&self, fate: &Fate, key: &str, asked: Instant, found: Option<&str>) -> Verdict {
        self.with(key, |forms| {
            let before = |form: &Form| form.acknowledged.filter(|at| *at <= asked);
            let last = forms.iter().rposition(|form| before(form).is_some());
            let kept = forms.iter().rposition(|form| before(form).is_some_and(|at| !fate.may_lose(key, at)));
            // Before the first of them there is nothing.
            let at = forms.iter().rposition(|form| form.is.as_deref() == found);
            let at = at.map_or((found.is_none()).then_some(0), |at| Some(at + 1));
            let place = |at: Option<usize>| at.map_or(0, |at| at + 1);
            match at {
                Some(at) if at >= place(last) => Verdict::Right,
                Some(at) if at >= place(kept) => {
                    let later = forms.iter().skip(at);
                    Verdict::Lost(later.filter(|form| form.acknowledged.is_some()).count() as u64)
                }
                _ => {
                    println!(
                        "  {key} is {found:?}: wrong after {:?}",
                        &forms[place(kept).saturating_sub(1)..]
                    );
                    Verdict::Wrong
                }
            }
        })
    }

    fn with<T>(&self, key: &str, of: impl FnOnce(&mut Vec<Form>) -> T) -> T {
        let mut forms = self.forms.lock().unwrap_or_else(PoisonError::into_inner);
        of(forms.entry(key.to_owned()).or_default())
    }
}

/// The slot of a key: that of its hash tag, if it has one.
pub(super) fn slot(key: &str) -> u16 {
    let tag = key.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(tag, _)| tag);
    let tag = tag.filter(|tag| !tag.is_empty()).unwrap_or(key);
    crc16::State::<crc16::XMODEM>::calculate(tag.as_bytes()) % 16_384
}
