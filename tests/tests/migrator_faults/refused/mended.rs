//! Documents are broken and mended all the time, while replicas boot and are killed, and another database is flushed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cache_core::{Cache, Protocol};
use cache_tests::dice::Dice;
use tokio::task::JoinHandle;

use super::toggled::Toggled;
use super::{agrees, left_behind, misnamed};
use crate::case::Found;
use crate::log::{Answer, Question};
use crate::place::{self, Place};
use crate::release::Release;
use crate::replica::{Replica, Role};
use crate::steps::Disturbance;
use crate::system::{Setup, System};

/// How many documents there are.
const DOCUMENTS: u32 = 400;

/// Those that are broken and mended, by two writers, and those that are bad from the first until all are mended: ten in all,
/// so that each that is lacking is named.
const TOGGLED: [[u32; 4]; 2] = [[4, 7, 44, 51], [8, 11, 48, 91]];
const BAD: [u32; 2] = [12, 15];

/// How many replicas boot, one behind the other.
const BOOTS: u32 = 5;

/// Within how many microseconds of its start a replica is killed that is to be killed.
const KILLED_WITHIN: u64 = 400_000;

/// Within what time a process is told of what others write, where it does not look with each question.
const TOLD_WITHIN: Duration = Duration::from_secs(35);

/// A process of this release that reads.
#[derive(Clone)]
struct Reader {
    system: System,
    release: Release,
    cache: Cache,
    lag: Duration,
}

impl Reader {
    async fn new(system: System, release: Release, protocol: Protocol, place: &Place) -> Self {
        let cache = place::connect(&place.url, protocol).await.namespace(&place.namespace);
        let lag = if protocol == Protocol::Resp3 { TOLD_WITHIN } else { Duration::ZERO };
        Self { system, release, cache, lag }
    }

    /// Boots, and asks until it is stopped; how many answers were judged, and what was wrong.
    fn read(&self, toggled: &Arc<Toggled>, stop: &Arc<AtomicBool>) -> JoinHandle<(u64, Vec<String>)> {
        let (reader, toggled, stop) = (self.clone(), Arc::clone(toggled), Arc::clone(stop));
        tokio::spawn(async move {
            let Self { system, release, cache, lag } = reader;
            let (mut judged, mut wrong) = (0, Vec::new());
            let booted = system.boot_with(release, &cache, setup(), Arc::new(|_| {})).await;
            wrong.extend(booted.err());
            for turn in 0.. {
                if stop.load(Ordering::Relaxed) {
                    break;
                }
                // The teams of documents that are broken, and others.
                let question = match turn % 3 {
                    0 => Question::Everybody,
                    1 => Question::Team(turn),
                    _ => Question::Held(turn),
                };
                let before = toggled.now();
                let answer = system.ask(release, &cache, question).await;
                let seen = (&before, &toggled.now());
                let found = toggled.wrong((release, question), seen, lag, &answer);
                wrong.extend(found.map(|found| format!("release {release:?}, {lag:?}, {found}")));
                judged += 1;
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            (judged, wrong)
        })
    }

    async fn agrees(&self, lacks: &[u32]) -> Option<String> {
        let lacks = lacks.iter().filter(|id| self.release.refuses(**id)).count() as u64;
        agrees(self.system, self.release, &self.cache, lacks).await
    }
}

/// The second release's migrator: its index may lack any of those that the first one's holds.
fn setup() -> Setup {
    Setup { allows: (TOGGLED.as_flattened().len() + BAD.len()) as u64, ..Setup::default() }
}

pub(super) async fn trials(system: System, trials: u32, seed: u64) -> Found {
    let server = cache_tests::private_server().await;
    let mut found = Found::default();
    for trial in 0..trials {
        let (seed, place) = (seed.wrapping_add(u64::from(trial)), Place::new(&server).await);
        let (faults, judged, wrong) = trial_of(system, &server, &place, Dice::new(seed)).await;
        found.runs += 1;
        found.faults += faults;
        found.judged += judged;
        found.violations += wrong.len() as u64;
        for wrong in wrong.iter().take(8) {
            println!("  {system:?}, --seed {seed}: {wrong}");
        }
        place.say(&["FLUSHALL"]).await;
    }
    found
}

async fn trial_of(
    system: System,
    server: &cache_core::embedded::Server,
    place: &Place,
    mut dice: Dice,
) -> (u64, u64, Vec<String>) {
    place.fill(DOCUMENTS).await;
    for id in BAD {
        place.spoil(id, false).await;
    }
    let (mut wrong, mut faults, mut judged) = (Vec::new(), 0, 0);
    place.settle(system).await;
    let toggled = Arc::new(Toggled::new(DOCUMENTS, TOGGLED.as_flattened(), &BAD));
    let (halt, stop) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let writers: Vec<_> = TOGGLED
        .into_iter()
        .map(|ids| {
            let (toggled, halt, place) = (Arc::clone(&toggled), Arc::clone(&halt), place.clone());
            let mut dice = Dice::new(dice.below(u64::MAX));
            tokio::spawn(async move {
                while !halt.load(Ordering::Relaxed) {
                    toggled.turn(&place, ids[dice.below(4) as usize]).await;
                    tokio::time::sleep(Duration::from_micros(dice.below(4_000))).await;
                }
            })
        })
        .collect();

    let mut readers = Vec::new();
    for (release, protocol) in [
        (Release::Two, Protocol::Resp2),
        (Release::One, Protocol::Resp2),
        (Release::Two, Protocol::Resp3),
        (Release::One, Protocol::Resp3),
    ] {
        let protocol = if system == System::Ours { protocol } else { Protocol::Resp2 };
        readers.push(Reader::new(system, release, protocol, place).await);
    }
    // Two at a time ask in each.
    let reading: Vec<_> = readers.iter().chain(&readers).map(|reader| reader.read(&toggled, &stop)).collect();

    let flushed = dice.below(u64::from(BOOTS));
    for boot in 0..BOOTS {
        let mut replica = Replica::start(&Role { setup: setup(), ..Role::new(system, Release::Two, place) });
        if u64::from(boot) == flushed {
            tokio::time::sleep(Duration::from_micros(dice.below(KILLED_WITHIN))).await;
            Disturbance::Flush.strike(server, place).await;
            faults += 1;
        }
        if dice.below(3) == 0 {
            tokio::time::sleep(Duration::from_micros(dice.below(KILLED_WITHIN))).await;
            replica.kill();
            faults += 1;
            continue;
        }
        match replica.ready().await {
            Ok(booted) => {
                let named = |id: &u32| booted.keys.contains(&place.key(*id));
                let known = TOGGLED.as_flattened().iter().chain(&BAD).filter(|id| named(id)).count();
                let all = booted.keys.len() as u64 == booted.missing && known == booted.keys.len();
                if !all || !BAD.iter().all(named) {
                    wrong.push(format!("{BAD:?} are bad all the time, and {booted:?}"));
                }
            }
            Err(error) => wrong.push(format!("does not boot: {error}")),
        }
    }
    halt.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap_or_else(|error| panic!("{error}"));
    }

    // As they are then, and once all are mended.
    for mends in [false, true] {
        if mends {
            for id in toggled.bad() {
                toggled.turn(place, id).await;
            }
        }
        let bad = toggled.bad();
        let protocol = if system == System::Ours { Protocol::Resp3 } else { Protocol::Resp2 };
        let fresh = Reader::new(system, Release::Two, protocol, place).await;
        match system.boot_with(Release::Two, &fresh.cache, setup(), Arc::new(|_| {})).await {
            Ok(booted) => wrong.extend(misnamed(place, &bad, &booted)),
            Err(error) => wrong.push(format!("does not boot: {error}")),
        }
        for reader in readers.iter().chain([&fresh]) {
            wrong.extend(reader.agrees(&bad).await);
        }
        if mends {
            let answer = system.ask(Release::Two, &fresh.cache, Question::Everybody).await;
            if !matches!(answer, Answer::Count(count) if count == u64::from(DOCUMENTS)) {
                wrong.push(format!("all are mended, and {answer:?}"));
            }
        }
    }
    stop.store(true, Ordering::Relaxed);
    for reading in reading {
        let (answers, found) = reading.await.unwrap_or_else(|error| panic!("{error}"));
        judged += answers;
        wrong.extend(found);
    }
    if system == System::Ours {
        wrong.extend(left_behind(place, &[Release::One, Release::Two]).await);
        let planned = place.planned(Release::Two, setup()).await;
        wrong.extend((planned > 0).then(|| format!("{planned} steps are left")));
    }
    (faults, judged, wrong)
}
