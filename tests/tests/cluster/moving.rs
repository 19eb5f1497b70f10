//! Slots that move while they are written, read and scanned: nothing is lost, nothing is wrong, and no error comes out.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

use cache_core::{Cache, CacheModel};
use cache_tests::cluster::Nodes;
use cache_tests::dice::Dice;
use cache_tests::profile::Profile;
use cache_tests::{chain, figures};

use crate::case::Place;
use crate::models::{Plain, plain};

const WRITERS: u32 = 4;
const BEFORE: u32 = 3_000;

pub(crate) async fn under_load(place: Place, profile: Profile) {
    let nodes = Nodes::start(3, 0).await;
    let cache = place.through(&nodes, 0).await;
    for saved in Plain::save_many(&cache, (0..BEFORE).map(plain)).await {
        let _ = saved.unwrap();
    }
    let (over, written) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(BEFORE)));
    let (reads, scans) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut tasks = tokio::task::JoinSet::new();
    for lane in 0..WRITERS {
        let (cache, over, written, reads) = (cache.clone(), over.clone(), written.clone(), reads.clone());
        let mut dice = Dice::lane(profile.seed, u64::from(lane));
        tasks.spawn(async move {
            while !over.load(Ordering::SeqCst) {
                let id = written.fetch_add(1, Ordering::SeqCst);
                let saved = plain(id).save(&cache).await;
                let _ = saved.unwrap_or_else(|error| panic!("{id}: {}", chain(&error)));
                let some: Vec<u32> =
                    (0..20).map(|_| dice.below(u64::from(BEFORE)) as u32).chain([id]).collect();
                let found = Plain::get_many(&cache, some.iter().copied()).await;
                let found = found.unwrap_or_else(|error| panic!("{}", chain(&error)));
                assert!(found.into_iter().eq(some.iter().map(|id| Some(plain(*id)))));
                reads.fetch_add(some.len() as u64, Ordering::SeqCst);
            }
        });
    }
    let scanner = (cache.clone(), over.clone(), scans.clone());
    tasks.spawn(async move {
        let (cache, over, scans) = scanner;
        while !over.load(Ordering::SeqCst) {
            let found = scanned(&cache).await;
            let missed: Vec<_> = (0..BEFORE).filter(|id| !found.contains(id)).collect();
            assert!(missed.is_empty(), "a scan missed {missed:?}");
            scans.fetch_add(1, Ordering::SeqCst);
        }
    });
    let moved = profile.pick(120, 2_000);
    let mut dice = Dice::lane(profile.seed, 99);
    let mut owner: Vec<u16> = (0..3).flat_map(|at| nodes.slots(at).map(move |_| at)).collect();
    for _ in 0..moved {
        let slot = dice.below(owner.len() as u64) as u16;
        let from = owner[usize::from(slot)];
        let to = (from + 1 + (dice.below(2) as u16)) % 3;
        nodes.move_slot(slot, from, to).await;
        owner[usize::from(slot)] = to;
    }
    over.store(true, Ordering::SeqCst);
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap();
    }
    let all = written.load(Ordering::SeqCst);
    let found = Plain::get_many(&cache, 0..all).await.unwrap();
    assert!(found.into_iter().eq((0..all).map(|id| Some(plain(id)))));
    assert_eq!(scanned(&cache).await.len(), all as usize);
    assert!(scans.load(Ordering::SeqCst) > 0, "no scan ended while slots moved");
    figures::add("slots moved", u64::from(moved));
    figures::add("written while slots moved", u64::from(all - BEFORE));
    figures::add("read while slots moved", reads.load(Ordering::SeqCst));
    figures::add("scans while slots moved", scans.load(Ordering::SeqCst));
    figures::add("lost or wrong while slots moved", 0);
}

async fn scanned(cache: &Cache) -> BTreeSet<u32> {
    let (mut ids, mut found) = (Plain::ids(cache), BTreeSet::new());
    while let Some(id) = ids.next().await {
        found.insert(id.unwrap_or_else(|error| panic!("{}", chain(&error))));
    }
    found
}
