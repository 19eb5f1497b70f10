//! C2: many read and write the same keys at once; a second after the last write, what is read near is what the server has.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use cache_core::{Cache, CacheModel, NearCache, NearHandle};
use cache_tests::dice::Dice;
use cache_tests::private_server;

use crate::case::{Found, Profile};
use crate::document::{Counted, connect, differing};

/// Keys of one round.
pub(crate) const KEYS: u64 = 1_000;

/// Who writes, each over a connection of its own.
pub(crate) const WRITERS: u64 = 4;

/// How long is written, and how long after it may be stale.
pub(crate) const WRITTEN: Duration = Duration::from_millis(700);
pub(crate) const SETTLED: Duration = Duration::from_secs(1);

/// How many read, and how many writes of a writer go side by side: from little to more than there is room for.
pub(crate) const LOADS: [(u64, u64); 3] = [(8, 1), (16, 4), (32, 16)];

/// Rounds of all loads together.
pub(crate) fn rounds(profile: Profile) -> u64 {
    u64::from(profile.pick(11, 1_000))
}

/// Writes until it is to stop: one of the tasks of a writer.
async fn write(cache: Cache, mut dice: Dice, stop: Arc<AtomicBool>, next: Arc<AtomicU64>) {
    while !stop.load(Ordering::Relaxed) {
        let number = next.fetch_add(1, Ordering::Relaxed);
        let id = dice.below(KEYS);
        match dice.below(20) {
            0 => drop(Counted::delete_by_id(&cache, id).await.unwrap()),
            _ => drop(Counted { id, number }.save(&cache).await.unwrap()),
        }
    }
}

async fn read(near: NearHandle, mut dice: Dice, stop: Arc<AtomicBool>) -> u64 {
    let mut reads = 0;
    while !stop.load(Ordering::Relaxed) {
        // Enough at once that a hit does not keep the runtime from everybody else.
        for _ in 0..16 {
            drop(near.get::<Counted>(dice.below(KEYS)).await.unwrap());
            reads += 1;
        }
        drop(near.get_many::<Counted, _>((0..8).map(|_| dice.below(KEYS))).await.unwrap());
        reads += 8;
        tokio::task::yield_now().await;
    }
    reads
}

pub(crate) async fn ours(profile: Profile) -> Found {
    let server = private_server().await;
    let url = server.url();
    let (reader, mut writers) = (connect(&url).await, Vec::new());
    for _ in 0..WRITERS {
        writers.push(connect(&url).await);
    }
    let (mut found, next) = (Found::default(), Arc::new(AtomicU64::new(1)));
    for round in 0..rounds(profile) {
        let namespace = format!("c2-{round}");
        let near = reader.clone().namespace(&namespace).near(NearCache::new()).await.unwrap();
        let (readers, side_by_side) = LOADS[usize::try_from(round).unwrap() % LOADS.len()];
        let stop = Arc::new(AtomicBool::new(false));
        let dice = |lane| Dice::lane(profile.seed ^ (round << 20), lane);
        let writing: Vec<_> = (0..WRITERS * side_by_side)
            .map(|lane| {
                let cache = writers[usize::try_from(lane % WRITERS).unwrap()].clone().namespace(&namespace);
                tokio::spawn(write(cache, dice(lane), Arc::clone(&stop), Arc::clone(&next)))
            })
            .collect();
        let stop_reading = Arc::new(AtomicBool::new(false));
        let reading: Vec<_> = (0..readers)
            .map(|lane| tokio::spawn(read(near.clone(), dice(1_000 + lane), Arc::clone(&stop_reading))))
            .collect();
        tokio::time::sleep(WRITTEN).await;
        stop.store(true, Ordering::Relaxed);
        for task in writing {
            task.await.unwrap();
        }
        // Who asked before the last write may have its answer still.
        stop_reading.store(true, Ordering::Relaxed);
        for task in reading {
            found.reads += task.await.unwrap();
        }
        // The promise is about this second.
        tokio::time::sleep(SETTLED).await;
        let ids: Vec<u64> = (0..KEYS).collect();
        let before = near.status().hits;
        let here = near.get_many::<Counted, _>(&ids).await.unwrap();
        let here: Vec<_> = here.iter().map(|found| found.as_ref().map(|found| found.number)).collect();
        assert!(near.status().hits > before, "nothing of it was in memory: {:?}", near.status());
        found.stale += differing(&Counted::get_many(&near, &ids).await.unwrap(), &here);
        found.checks += KEYS;
        found.hits += near.status().hits;
    }
    found
}
