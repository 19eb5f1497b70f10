//! Those who write, read, count and scan, each until it is over.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

use cache_core::{Cache, CacheModel, Error};
use cache_tests::chain;
use cache_tests::dice::Dice;

use super::book::{Book, Fate, Verdict};
use crate::models::{Note, Plain, Seat, plain};

/// What is there before, and nobody changes.
pub(super) const BEFORE: u32 = 2_000;

/// How many documents each writer has.
pub(super) const EACH: u32 = 300;
pub(super) const WRITERS: u32 = 3;

/// Seats of each who seats, in each hall, and names for all of them.
pub(super) const SEATS: u32 = 6;
pub(super) const SEATERS: u32 = 3;
const NAMES: u64 = 14;

/// What is counted up by all.
pub(super) const COUNTERS: u32 = 12;

/// What they share.
pub(super) struct Crowd {
    pub(super) project: String,
    pub(super) cache: Cache,
    /// Namespaces, each with its own slot for seats.
    pub(super) halls: Vec<(String, Cache)>,
    pub(super) fate: Fate,
    pub(super) book: Book,
    pub(super) over: AtomicBool,
    pub(super) wrong: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) read: AtomicU64,
    pub(super) refused: AtomicU64,
    pub(super) scans: AtomicU64,
    pub(super) scans_of_the_dying: AtomicU64,
    /// Versions that were acknowledged, and how many may have been.
    pub(super) counted: Mutex<BTreeMap<u32, Counted>>,
}

#[derive(Debug, Default)]
pub(super) struct Counted {
    pub(super) acknowledged: Vec<(u64, Instant)>,
    pub(super) open: u64,
}

impl Crowd {
    pub(super) fn plain_key(&self, id: u32) -> String {
        format!("{}:cache:plain:{id}", self.project)
    }

    pub(super) fn note_key(&self, id: u32) -> String {
        format!("{}:cache:note:{id}", self.project)
    }

    pub(super) fn is_over(&self) -> bool {
        self.over.load(Ordering::SeqCst)
    }

    pub(super) fn wrong(&self, what: &str) {
        println!("  wrong: {what}");
        self.wrong.fetch_add(1, Ordering::SeqCst);
    }

    /// The answer. Nothing fails before the master dies, then nothing for another reason, and nothing of slots that it had not;
    /// `keys`: what it was about.
    pub(super) fn answer<T>(
        &self,
        keys: impl IntoIterator<Item = String>,
        answer: cache_core::Result<T>,
    ) -> Option<T> {
        let error = match answer {
            Ok(answer) => return Some(answer),
            Err(error) => error,
        };
        assert!(error.is_unavailable() && self.fate.has_begun(), "{}", chain(&error));
        let keys: Vec<_> = keys.into_iter().collect();
        if !keys.iter().any(|key| self.fate.fell(key)) {
            self.wrong(&format!("{keys:?} of masters that live: {}", chain(&error)));
        }
        self.failed.fetch_add(1, Ordering::SeqCst);
        None
    }

    pub(super) fn judge(&self, key: &str, asked: Instant, found: Option<&str>) -> u64 {
        self.read.fetch_add(1, Ordering::SeqCst);
        match self.book.judge(&self.fate, key, asked, found) {
            Verdict::Right => 0,
            Verdict::Lost(count) => count,
            Verdict::Wrong => {
                self.wrong.fetch_add(1, Ordering::SeqCst);
                0
            }
        }
    }

    /// Saves and deletes its own documents, one and many.
    pub(super) async fn writes(&self, lane: u32, mut dice: Dice) {
        for round in 0_u32.. {
            if self.is_over() {
                break;
            }
            let any = |dice: &mut Dice| (lane + 1) * 10_000 + dice.below(u64::from(EACH)) as u32;
            let many: BTreeSet<u32> = (0..12).map(|_| any(&mut dice)).collect();
            let text = |id: u32| format!("text {id}, {round}");
            match dice.below(5) {
                0..3 => {
                    let id = any(&mut dice);
                    let key = self.plain_key(id);
                    self.book.begin(&key, Some(text(id)));
                    let saved = Plain { id, text: text(id) }.save(&self.cache).await;
                    self.ended(&key, saved.map(|saved| assert!(saved.stored())));
                }
                3 => {
                    for id in &many {
                        self.book.begin(&self.plain_key(*id), Some(text(*id)));
                    }
                    let all = many.iter().map(|id| Plain { id: *id, text: text(*id) });
                    for (id, saved) in many.iter().zip(Plain::save_many(&self.cache, all).await) {
                        self.ended(&self.plain_key(*id), saved.map(|saved| assert!(saved.stored())));
                    }
                }
                _ => {
                    let keys: Vec<_> = many.iter().take(4).map(|id| self.plain_key(*id)).collect();
                    let there: Vec<_> = keys.iter().map(|key| self.book.known(key)).collect();
                    keys.iter().for_each(|key| self.book.begin(key, None));
                    let deleted = Plain::delete_many(&self.cache, many.into_iter().take(4)).await;
                    let Some(deleted) = self.answer(keys.clone(), deleted) else { continue };
                    let known = there.iter().flatten().flatten().count() as u64;
                    let lost = keys.iter().any(|key| self.fate.fell(key));
                    if deleted != known && !lost {
                        self.wrong(&format!("{deleted} of {known} deleted: {keys:?}"));
                    }
                    keys.iter().for_each(|key| self.book.acknowledge(key));
                }
            }
        }
    }

    fn ended<T>(&self, key: &str, answer: cache_core::Result<T>) {
        if self.answer([key.to_owned()], answer).is_some() {
            self.book.acknowledge(key);
        }
    }

    /// Reads what the others write, one and many.
    pub(super) async fn reads(&self, mut dice: Dice) {
        while !self.is_over() {
            let ids: Vec<u32> = (0..1 + dice.below(15))
                .map(|_| match dice.below(4) {
                    0 => dice.below(u64::from(BEFORE)) as u32,
                    _ => {
                        (1 + dice.below(u64::from(WRITERS)) as u32) * 10_000
                            + dice.below(u64::from(EACH)) as u32
                    }
                })
                .collect();
            let asked = Instant::now();
            let found = match ids.as_slice() {
                [id] => Plain::get(&self.cache, *id).await.map(|found| vec![found]),
                ids => Plain::get_many(&self.cache, ids.iter().copied()).await,
            };
            let Some(found) = self.answer(ids.iter().map(|id| self.plain_key(*id)), found) else { continue };
            for (id, found) in ids.into_iter().zip(found) {
                self.judge_plain(id, asked, found.as_ref());
            }
        }
    }

    /// How many acknowledged forms are lost.
    pub(super) fn judge_plain(&self, id: u32, asked: Instant, found: Option<&Plain>) -> u64 {
        if found.is_some_and(|found| found.id != id) || id < BEFORE && found != Some(&plain(id)) {
            self.wrong(&format!("{id} is {found:?}"));
        }
        if id < BEFORE { 0 } else { self.judge(&self.plain_key(id), asked, found.map(|found| &*found.text)) }
    }

    /// Takes names that others may have, and leaves them.
    pub(super) async fn seats(&self, lane: u32, mut dice: Dice) {
        for round in 0.. {
            if self.is_over() {
                break;
            }
            let (name, hall) = &self.halls[dice.below(self.halls.len() as u64) as usize];
            let id = lane * SEATS + dice.below(u64::from(SEATS)) as u32;
            let key = seat_key(name, id);
            if dice.below(4) == 0 {
                self.book.begin(&key, None);
                self.ended(&key, Seat::delete_by_id(hall, id).await);
            } else {
                let seat = Seat { id, name: format!("name {}", dice.below(NAMES)), round };
                self.book.begin(&key, Some(shown(&seat)));
                match seat.save(hall).await {
                    Err(Error::NotUnique { .. }) => {
                        self.book.refuse(&key);
                        self.refused.fetch_add(1, Ordering::SeqCst);
                    }
                    saved => self.ended(&key, saved),
                }
            }
        }
    }

    /// All seats of a hall, at one moment: no two have one name.
    pub(super) async fn inspects(&self, mut dice: Dice) {
        while !self.is_over() {
            let (name, hall) = &self.halls[dice.below(self.halls.len() as u64) as usize];
            let asked = Instant::now();
            let found = Seat::get_many(hall, 0..SEATS * SEATERS).await;
            if let Some(found) = self.answer([seat_key(name, 0)], found) {
                self.judge_hall(name, asked, &found);
            }
            let (wanted, asked) = (format!("name {}", dice.below(NAMES)), Instant::now());
            let found = Seat::get_by_name(hall, &wanted).await;
            if let Some(Some(seat)) = self.answer([seat_key(name, 0)], found) {
                if seat.name != wanted {
                    self.wrong(&format!("{seat:?} is no `{wanted}`"));
                }
                self.judge(&seat_key(name, seat.id), asked, Some(&shown(&seat)));
            }
        }
    }

    pub(super) fn judge_hall(&self, name: &str, asked: Instant, found: &[Option<Seat>]) -> u64 {
        let (mut names, mut lost) = (BTreeSet::new(), 0);
        for (id, seat) in (0..).zip(found) {
            if seat.as_ref().is_some_and(|seat| seat.id != id || !names.insert(&seat.name)) {
                self.wrong(&format!("{seat:?} in {name} is another one's, or has another one's name"));
            }
            lost += self.judge(&seat_key(name, id), asked, seat.as_ref().map(shown).as_deref());
        }
        lost
    }

    /// Counts up what others count up too.
    pub(super) async fn counts(&self, mut dice: Dice) {
        while !self.is_over() {
            let id = dice.below(u64::from(COUNTERS)) as u32;
            let modified = Note::modify(&self.cache, id, |_| {}).await;
            let modified = self.answer([self.note_key(id)], modified);
            let mut counted = self.counted.lock().unwrap();
            let counted = counted.entry(id).or_default();
            match modified {
                Some(note) => counted.acknowledged.push((note.version, Instant::now())),
                None => counted.open += 1,
            }
        }
    }

    /// Scans see all that was there before, and nothing that nobody wrote.
    pub(super) async fn scans(&self) {
        while !self.is_over() {
            let began = self.fate.has_begun();
            let Some(found) = self.scanned().await else { continue };
            self.scans.fetch_add(1, Ordering::SeqCst);
            if !began && self.fate.has_begun() {
                self.scans_of_the_dying.fetch_add(1, Ordering::SeqCst);
            }
            let missed: Vec<_> = (0..BEFORE).filter(|id| !found.contains(id)).collect();
            let known: BTreeSet<_> = self.book.keys().into_iter().collect();
            let unknown = |id: &&u32| **id >= BEFORE && !known.contains(&self.plain_key(**id));
            let unknown: Vec<_> = found.iter().filter(unknown).collect();
            if !missed.is_empty() || !unknown.is_empty() {
                self.wrong(&format!("a scan missed {missed:?}, and has {unknown:?}"));
            }
            let count = self.answer(self.everything(), Plain::count_all(&self.cache).await);
            if count.is_some_and(|count| count < u64::from(BEFORE)) {
                self.wrong(&format!("{count:?} documents"));
            }
        }
    }

    pub(super) async fn scanned(&self) -> Option<BTreeSet<u32>> {
        let (mut ids, mut found) = (Plain::ids(&self.cache), BTreeSet::new());
        while let Some(id) = ids.next().await {
            found.insert(self.answer(self.everything(), id)?);
        }
        Some(found)
    }

    /// Something of every master.
    fn everything(&self) -> impl Iterator<Item = String> {
        (0..100).map(|id| self.plain_key(id))
    }
}

pub(super) fn seat_key(hall: &str, id: u32) -> String {
    format!("{{{hall}:cache:seat}}:{id}")
}

pub(super) fn shown(seat: &Seat) -> String {
    format!("{}, {}", seat.name, seat.round)
}
