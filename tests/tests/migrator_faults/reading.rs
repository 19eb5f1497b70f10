//! Readers and writers that run without a pause.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use cache_core::{Cache, CacheModel, Command, Error};
use cache_tests::chain;
use tokio::task::JoinHandle;

use crate::log::{Asked, Known, LANE, LANES, Lane, Log, Question, Tally};
use crate::place::Place;
use crate::release::{Release, User, one};
use crate::system::System;

/// How many documents a writer inserts at most; then it only changes those that are there.
const INSERTS: u32 = 1_000;

/// What one turn of a reader asks.
fn question(turn: u32, known: &Known) -> Question {
    let team = turn.wrapping_mul(7);
    match turn % 4 {
        3 => Question::Everybody,
        // Where documents are spoilt, the others are refused.
        0 | 2 if !known.spoilt.is_empty() => Question::Held(team),
        _ => Question::Team(team),
    }
}

async fn ask(
    who: &str,
    system: System,
    release: Release,
    cache: &Cache,
    known: &Known,
    log: &Log,
    turn: u32,
) {
    let (question, before) = (question(turn, known), known.before());
    let answer = system.ask(release, cache, question).await;
    let who = format!("{who}, release {release:?},");
    let asked = Asked { who, release, question, before, after: known.after() };
    log.answer(known, &asked, &answer);
}

/// What a replica asks when it is ready.
pub(crate) async fn some(
    (system, release): (System, Release),
    questions: u32,
    cache: &Cache,
    known: &Known,
) -> Tally {
    let log = Log::default();
    for turn in 0..questions {
        ask("a replica", system, release, cache, known, &log, turn + 2).await;
    }
    log.tally()
}

/// Readers and writers of this process. Dropped, they stop at some time.
#[derive(Debug)]
pub(crate) struct Traffic {
    system: System,
    place: Place,
    plain: Cache,
    known: Arc<Known>,
    log: Arc<Log>,
    visits: Arc<Vec<AtomicU64>>,
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<()>>,
    pause: Duration,
}

impl Traffic {
    /// Nothing yet, on a place where the documents of `known` are.
    pub(crate) async fn new(system: System, place: &Place, known: &Arc<Known>) -> Self {
        Self {
            system,
            place: place.clone(),
            plain: place.plain().await,
            known: Arc::clone(known),
            log: Arc::default(),
            visits: Arc::new((0..known.base).map(|_| AtomicU64::new(0)).collect()),
            stop: Arc::default(),
            tasks: Vec::new(),
            pause: Duration::ZERO,
        }
    }

    /// Readers and writers that join from now on pause between their turns: they are many tests at once.
    pub(crate) fn calmly(mut self) -> Self {
        self.pause = Duration::from_millis(2);
        self
    }

    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    /// How often each document was visited.
    pub(crate) fn visits(&self) -> Vec<u64> {
        self.visits.iter().map(|visits| visits.load(Ordering::SeqCst)).collect()
    }

    /// A reader of this release joins.
    pub(crate) fn read(&mut self, release: Release) {
        let cache = match self.system {
            System::Ours => self.place.cache.clone(),
            _ => self.plain.clone(),
        };
        let (system, known, log) = (self.system, Arc::clone(&self.known), Arc::clone(&self.log));
        let (stop, pause) = (Arc::clone(&self.stop), self.pause);
        self.tasks.push(tokio::spawn(async move {
            let mut turn = 0;
            while !stop.load(Ordering::Relaxed) {
                ask("a reader", system, release, &cache, &known, &log, turn).await;
                rest(pause).await;
                turn += 1;
            }
        }));
    }

    /// Writers join, all that there can be: they insert documents, and count visits if they are to.
    pub(crate) fn write(&mut self, count_visits: bool) {
        for lane in 0..LANES {
            let writer = Writer {
                lane,
                count_visits,
                cache: self.place.cache.clone(),
                known: Arc::clone(&self.known),
                log: Arc::clone(&self.log),
                visits: Arc::clone(&self.visits),
            };
            let (stop, pause) = (Arc::clone(&self.stop), self.pause);
            self.tasks.push(tokio::spawn(async move {
                let mut turn = 0;
                while !stop.load(Ordering::Relaxed) {
                    writer.turn(turn).await;
                    rest(pause).await;
                    turn += 1;
                }
            }));
        }
    }

    /// One joins who writes what is spoilt again, as it is.
    pub(crate) fn rewrite(&mut self) {
        let (place, known) = (self.place.clone(), Arc::clone(&self.known));
        let (stop, pause, log) = (Arc::clone(&self.stop), self.pause, Arc::clone(&self.log));
        self.tasks.push(tokio::spawn(async move {
            for id in known.spoilt.iter().cycle().copied() {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                let (path, bad, _) = Release::spoilt(id);
                let set = Command::new("JSON.SET").key(place.key(id)).args_from([path, bad]);
                match place.cache.command(set).await {
                    Ok(_) => log.wrote(),
                    Err(error) if error.is_unavailable() => {}
                    Err(error) => log.failed(format!("a writer: {}", chain(&error))),
                }
                rest(pause).await;
            }
        }));
    }

    /// Waits until everybody has stopped.
    pub(crate) async fn end(&mut self) -> Tally {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks.drain(..) {
            task.await.unwrap_or_else(|error| panic!("{error}"));
        }
        self.log.tally()
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

async fn rest(pause: Duration) {
    if !pause.is_zero() {
        tokio::time::sleep(pause).await;
    }
}

/// One who writes.
struct Writer {
    lane: usize,
    count_visits: bool,
    cache: Cache,
    known: Arc<Known>,
    log: Arc<Log>,
    visits: Arc<Vec<AtomicU64>>,
}

impl Writer {
    async fn turn(&self, turn: u32) {
        let lane = self.known.lanes.as_ref().map(|lanes| &lanes[self.lane]);
        let done = lane.map_or(INSERTS, |lane| lane.done.load(Ordering::SeqCst));
        let inserts = done < INSERTS && (turn.is_multiple_of(2) || !self.count_visits);
        let written = match lane.filter(|_| inserts) {
            Some(lane) => self.insert(lane, done).await,
            None if self.count_visits => self.visit(turn).await,
            None => return tokio::time::sleep(Duration::from_millis(1)).await,
        };
        match written {
            Ok(()) => self.log.wrote(),
            // What is not known to be done is done again.
            Err(error) if error.is_unavailable() && !self.count_visits => {}
            Err(error) => self.log.failed(format!("a writer: {}", chain(&error))),
        }
    }

    async fn insert(&self, lane: &Lane, done: u32) -> Result<(), Error> {
        lane.begun.store(done + 1, Ordering::SeqCst);
        let id = (self.lane as u32 + 1) * LANE + done;
        let saved = one::User::new(id).save(&self.cache).await.map(drop);
        if saved.is_ok() {
            lane.done.store(done + 1, Ordering::SeqCst);
        }
        saved
    }

    async fn visit(&self, turn: u32) -> Result<(), Error> {
        let id = (turn.wrapping_mul(13) + self.lane as u32) % self.known.base;
        let sent = one::User::patch(id).increment(one::User::VISITS, 1).send(&self.cache).await.map(drop);
        if let (Ok(()), Some(visits)) = (&sent, self.visits.get(id as usize)) {
            visits.fetch_add(1, Ordering::SeqCst);
        }
        sent
    }
}
