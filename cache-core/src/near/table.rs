//! What is kept, and what is being asked for: the protocol by which nothing is kept that was changed meanwhile.
//!
//! Whoever does not find a document takes its place before asking the server. What the server answers is kept only if that
//! place is still there. Whatever tells of a change takes places away, before the answer is kept or after, never between. A
//! change that is told too early takes a place away in vain, which costs a question; one that is told after the answer was kept
//! takes the answer away. The tests go through all orders in which these things can happen.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use quick_cache::DefaultHashBuilder;
use quick_cache::sync::Cache as Kept;
use tokio::sync::watch;

use super::trust::Epoch;
use crate::clock::Moment;
use crate::error::Error;

/// How many locks there are for places: enough that few threads meet.
const SHARDS: usize = 32;

pub(super) type Key = Box<[u8]>;

/// What a question brought, for all who wait for it.
pub(super) type Landed<V> = Result<V, Arc<Error>>;

type Waiting<V> = watch::Receiver<Option<Landed<V>>>;

/// What is kept, by its key.
#[derive(Clone)]
struct Entry<V> {
    value: V,
    epoch: Epoch,
    expires: Moment,
}

/// Who asks for something.
struct Place<V> {
    number: u64,
    epoch: Epoch,
    waiting: Waiting<V>,
}

pub(super) struct Table<V> {
    kept: Kept<Key, Entry<V>>,
    places: [Mutex<HashMap<Key, Place<V>>>; SHARDS],
    hasher: DefaultHashBuilder,
    next: AtomicU64,
}

/// What somebody does who wants something.
pub(super) enum Seat<V> {
    /// Take it.
    Hit(V),
    /// Wait for who asks already.
    Join(Joined<V>),
    /// Ask.
    Lead(Turn<V>),
}

/// A wait for who asks already.
pub(super) struct Joined<V>(Waiting<V>);

/// The place of who asks. Dropped, it is given up, and somebody else who waits asks.
pub(super) struct Turn<V> {
    table: Arc<Table<V>>,
    key: Key,
    number: u64,
    epoch: Epoch,
    outcome: watch::Sender<Option<Landed<V>>>,
}

impl<V: Clone> Table<V> {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            kept: Kept::new(capacity),
            places: std::array::from_fn(|_| Mutex::default()),
            hasher: DefaultHashBuilder::default(),
            next: AtomicU64::new(0),
        }
    }

    /// What is kept under the key.
    pub(super) fn get(&self, key: &[u8], epoch: Epoch, now: Moment) -> Option<V> {
        let entry = self.kept.get(key)?;
        (entry.epoch == epoch && now < entry.expires).then_some(entry.value)
    }

    /// A place for who wants it.
    pub(super) fn enter(self: &Arc<Self>, key: &[u8], epoch: Epoch, now: Moment) -> Seat<V> {
        let mut places = self.places(key);
        // It may have been kept since it was looked for.
        if let Some(value) = self.get(key, epoch, now) {
            return Seat::Hit(value);
        }
        // What was asked for in an epoch that is over may be out of date.
        if let Some(place) = places.get(key).filter(|place| place.epoch == epoch) {
            return Seat::Join(Joined(place.waiting.clone()));
        }
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let (outcome, waiting) = watch::channel(None);
        places.insert(key.into(), Place { number, epoch, waiting });
        Seat::Lead(Turn { table: Arc::clone(self), key: key.into(), number, epoch, outcome })
    }

    /// It has changed, or may have: it is kept no longer, and nobody who asks keeps what comes.
    pub(super) fn changed(&self, key: &[u8]) {
        let mut places = self.places(key);
        let gone = (places.remove(key), self.kept.remove(key));
        drop(places);
        // A document's own drop may take long.
        drop(gone);
    }

    /// Frees what is kept, each document without a lock: one whose own drop panics under it would have every later read of a
    /// document beside it panic too.
    pub(super) fn clear(&self) {
        self.kept.drain().for_each(drop);
    }

    /// How many are kept, those among them that are out of date.
    pub(super) fn len(&self) -> usize {
        self.kept.len()
    }

    fn keep(&self, turn: &Turn<V>, value: V, expires: Moment) {
        let mut places = self.places(&turn.key);
        if places.get(&turn.key).is_some_and(|place| place.number == turn.number) {
            let entry = Entry { value, epoch: turn.epoch, expires };
            let evicted = self.kept.insert_with_lifecycle(turn.key.clone(), entry);
            let place = places.remove(&turn.key);
            drop(places);
            drop((evicted, place));
        }
    }
}

impl<V> Table<V> {
    fn places(&self, key: &[u8]) -> MutexGuard<'_, HashMap<Key, Place<V>>> {
        let [first, rest @ ..] = &self.places;
        let at = usize::try_from(self.hasher.hash_one(key) % SHARDS as u64).unwrap_or_default();
        let shard = at.checked_sub(1).and_then(|at| rest.get(at)).unwrap_or(first);
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<V> Turn<V> {
    pub(super) fn key(&self) -> &[u8] {
        &self.key
    }
}

impl<V: Clone> Turn<V> {
    /// The server has answered. Kept until then, unless there was a change, or it is not to be kept; told to all who wait.
    pub(super) fn land(self, landed: Landed<V>, expires: Option<Moment>) {
        if let (Ok(value), Some(expires)) = (&landed, expires) {
            self.table.keep(&self, value.clone(), expires);
        }
        self.outcome.send_replace(Some(landed));
    }
}

impl<V> Drop for Turn<V> {
    fn drop(&mut self) {
        let mut places = self.table.places(&self.key);
        if places.get(&self.key).is_some_and(|place| place.number == self.number) {
            places.remove(&self.key);
        }
    }
}

impl<V: Clone> Joined<V> {
    /// Waits, as long as it takes. `None`: whoever asked gave up.
    pub(super) async fn landed(mut self) -> Option<Landed<V>> {
        self.0.wait_for(Option::is_some).await.ok()?.clone()
    }

    /// What there is without waiting: an outcome, or that whoever asked gave up; `None`: it is asked still.
    #[cfg(test)]
    pub(super) fn now(&self) -> Option<Option<Landed<V>>> {
        let landed = self.0.borrow().clone();
        (landed.is_some() || self.0.has_changed().is_err()).then_some(landed)
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::time::Duration;

    use super::*;

    struct Panics;

    impl Drop for Panics {
        fn drop(&mut self) {
            assert!(std::thread::panicking(), "a document that panics when it is dropped");
        }
    }

    #[test]
    fn a_document_that_panics_when_it_is_freed_harms_no_other() {
        let (table, now) = (Arc::new(Table::new(1)), Moment::now());
        let keep = |value: Option<Arc<Panics>>| {
            let Seat::Lead(turn) = table.enter(b"k", 1, now) else { unreachable!() };
            turn.land(Ok(value), Some(now.after(Duration::from_secs(60))));
        };
        keep(Some(Arc::new(Panics)));
        assert!(catch_unwind(AssertUnwindSafe(|| table.clear())).is_err());
        assert!(table.get(b"k", 1, now).is_none());
        keep(None);
        assert!(matches!(table.get(b"k", 1, now), Some(None)));
    }
}
