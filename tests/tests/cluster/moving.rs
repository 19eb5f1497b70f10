//! Slots that move while documents are written, updated, deleted, read and scanned: nothing is lost, stale or back, and no error
//! comes out.

use std::collections::{BTreeMap, BTreeSet};
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
    let wrong = Arc::new(AtomicU64::new(0));
    let mut tasks = tokio::task::JoinSet::new();
    for lane in 0..WRITERS {
        let (cache, over, written, reads) = (cache.clone(), over.clone(), written.clone(), reads.clone());
        let (wrong, mut dice) = (wrong.clone(), Dice::lane(profile.seed, u64::from(lane)));
        tasks.spawn(async move {
            let mut own = Own::default();
            while !over.load(Ordering::SeqCst) {
                own.save(&cache, written.fetch_add(1, Ordering::SeqCst)).await;
                own.change_one(&cache, &mut dice).await;
                let mut some: Vec<_> = (0..20).map(|_| dice.below(u64::from(BEFORE)) as u32).collect();
                let mut expected: Vec<_> = some.iter().map(|id| Some(plain(*id))).collect();
                for _ in 0..5 {
                    let (id, is) = own.one(&mut dice);
                    some.push(id);
                    expected.push(is);
                }
                let found = Plain::get_many(&cache, some.iter().copied()).await;
                let found = found.unwrap_or_else(|error| panic!("{}", chain(&error)));
                wrong.fetch_add(differing(&some, found, expected), Ordering::SeqCst);
                reads.fetch_add(some.len() as u64, Ordering::SeqCst);
            }
            own
        });
    }
    let scanner = (cache.clone(), over.clone(), scans.clone());
    let scanning = tokio::spawn(async move {
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
    scanning.await.unwrap();
    let mut there: BTreeMap<u32, Option<Plain>> = (0..BEFORE).map(|id| (id, Some(plain(id)))).collect();
    let (mut updated, mut deleted) = (0, 0);
    while let Some(ended) = tasks.join_next().await {
        let own = ended.unwrap();
        there.extend(own.there);
        (updated, deleted) = (updated + own.updated, deleted + own.deleted);
    }
    let all = written.load(Ordering::SeqCst);
    assert_eq!(there.len(), all as usize);
    let found = Plain::get_many(&cache, 0..all).await.unwrap();
    let (ids, expected): (Vec<_>, Vec<_>) = there.iter().map(|(id, is)| (*id, is.clone())).unzip();
    let wrong = wrong.load(Ordering::SeqCst) + differing(&ids, found, expected);
    let left: BTreeSet<u32> = there.iter().filter(|(_, is)| is.is_some()).map(|(id, _)| *id).collect();
    let scanned = scanned(&cache).await;
    let differs: Vec<_> = scanned.symmetric_difference(&left).collect();
    assert!(scans.load(Ordering::SeqCst) > 0, "no scan ended while slots moved");
    assert!(updated > 0 && deleted > 0, "{updated} updated, {deleted} deleted");
    figures::add("slots moved", u64::from(moved));
    figures::add("written while slots moved", u64::from(all - BEFORE));
    figures::add("updated while slots moved", updated);
    figures::add("deleted while slots moved", deleted);
    figures::add("read while slots moved", reads.load(Ordering::SeqCst));
    figures::add("scans while slots moved", scans.load(Ordering::SeqCst));
    figures::add("lost, stale or back while slots moved", wrong + differs.len() as u64);
    assert!(wrong == 0 && differs.is_empty(), "{wrong} read wrong, scanned or not: {differs:?}");
}

/// What one writer wrote, as it has to be.
#[derive(Default)]
struct Own {
    there: BTreeMap<u32, Option<Plain>>,
    updated: u64,
    deleted: u64,
}

impl Own {
    async fn save(&mut self, cache: &Cache, id: u32) {
        self.put(cache, plain(id)).await;
    }

    async fn put(&mut self, cache: &Cache, document: Plain) {
        let saved = document.save(cache).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
        assert!(saved.stored());
        self.there.insert(document.id, Some(document));
    }

    /// Updates a document, or deletes it; one that is deleted may be there again.
    async fn change_one(&mut self, cache: &Cache, dice: &mut Dice) {
        let (id, is) = self.one(dice);
        if is.is_some() && dice.below(3) == 0 {
            let was =
                Plain::delete_by_id(cache, id).await.unwrap_or_else(|error| panic!("{}", chain(&error)));
            assert!(was, "{id} was gone already");
            self.there.insert(id, None);
            self.deleted += 1;
        } else {
            self.updated += 1;
            let text = format!("text {id}, {}", self.updated);
            self.put(cache, Plain { id, text }).await;
        }
    }

    /// One of them, and what it is.
    fn one(&self, dice: &mut Dice) -> (u32, Option<Plain>) {
        let at = dice.below(self.there.len() as u64) as usize;
        let (id, is) = self.there.iter().nth(at).unwrap();
        (*id, is.clone())
    }
}

/// How many are not what they have to be; each is printed.
fn differing(ids: &[u32], found: Vec<Option<Plain>>, expected: Vec<Option<Plain>>) -> u64 {
    let mut differ = 0;
    for ((id, found), expected) in ids.iter().zip(found).zip(expected) {
        if found != expected {
            println!("  {id}: {found:?}, and not {expected:?}");
            differ += 1;
        }
    }
    differ
}

async fn scanned(cache: &Cache) -> BTreeSet<u32> {
    let (mut ids, mut found) = (Plain::ids(cache), BTreeSet::new());
    while let Some(id) = ids.next().await {
        found.insert(id.unwrap_or_else(|error| panic!("{}", chain(&error))));
    }
    found
}
