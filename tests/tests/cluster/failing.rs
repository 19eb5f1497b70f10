//! A master that dies while it is written to: its replica takes over. Replication is asynchronous, so that the engine may lose
//! what was acknowledged last; that is counted and printed. What is there is right.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cache_core::CacheModel;
use cache_tests::cluster::Nodes;
use cache_tests::profile::Profile;
use cache_tests::{chain, figures};

use crate::case::Place;
use crate::models::{Plain, plain};

const WRITERS: u32 = 8;

/// How long it may take until all slots are written to again: the time-out of a node (1 s), an election (a second or two), and
/// what two busy cores add.
const BACK: Duration = Duration::from_secs(20);

pub(crate) async fn a_master_dies(place: Place, profile: Profile) {
    for _ in 0..profile.pick(1, 10) {
        once(&place).await;
    }
}

async fn once(place: &Place) {
    let nodes = Nodes::start(3, 1).await;
    // Through the one that dies.
    let cache = place.through(&nodes, 0).await;
    let (over, next) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..WRITERS {
        let (cache, over, next) = (cache.clone(), over.clone(), next.clone());
        tasks.spawn(async move {
            let (mut acknowledged, mut failed) = (Vec::new(), 0_u64);
            while !over.load(Ordering::SeqCst) {
                let id = next.fetch_add(1, Ordering::SeqCst);
                match plain(id).save(&cache).await {
                    Ok(saved) => {
                        assert!(saved.stored());
                        acknowledged.push(id);
                    }
                    Err(error) if error.is_unavailable() => failed += 1,
                    Err(error) => panic!("{id}: {}", chain(&error)),
                }
                match Plain::get(&cache, id).await {
                    Ok(found) => assert!(found.is_none_or(|found| found == plain(id)), "{id}"),
                    Err(error) => assert!(error.is_unavailable(), "{id}: {}", chain(&error)),
                }
            }
            (acknowledged, failed)
        });
    }
    let reaches = async |count: u32| {
        while next.load(Ordering::SeqCst) < count {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    reaches(1_000).await;
    nodes.server(0).kill().await.unwrap_or_else(|error| panic!("{error}"));
    let died = Instant::now();
    // A document of the slots of the dead one.
    let fallen =
        (0..).find(|id| nodes.slots(0).contains(&slot(&format!("{}:cache:plain:{id}", place.project))));
    let fallen = fallen.unwrap_or_default();
    while Plain::get(&cache, fallen).await.is_err() || plain(fallen).save(&cache).await.is_err() {
        assert!(died.elapsed() < BACK, "the slots of the dead master are not written to again");
    }
    let back = died.elapsed();
    let more = next.load(Ordering::SeqCst) + 500;
    reaches(more).await;
    over.store(true, Ordering::SeqCst);
    let (mut acknowledged, mut failed) = (Vec::new(), 0);
    while let Some(ended) = tasks.join_next().await {
        let (own, unavailable) = ended.unwrap_or_else(|error| panic!("{error}"));
        acknowledged.extend(own);
        failed += unavailable;
    }
    let found =
        Plain::get_many(&cache, acknowledged.iter().copied()).await.unwrap_or_else(|error| panic!("{error}"));
    let mut lost = 0;
    for (id, found) in acknowledged.iter().zip(found) {
        match found {
            Some(found) => assert_eq!(found, plain(*id)),
            None => lost += 1,
        }
    }
    let all = acknowledged.len() as u64;
    println!(
        "  {all} acknowledged, {failed} not, {lost} of them lost by the engine, written again after {back:.1?}"
    );
    // All that one node had would be a third.
    assert!(lost * 4 < all, "{lost} of {all} lost");
    figures::add("masters killed", 1);
    figures::add("acknowledged around a kill", all);
    figures::add("of them lost by the engine", lost);
    figures::add("wrong", 0);
    figures::add("milliseconds until written again", back.as_millis() as u64);
}

/// The slot of a key without a hash tag.
fn slot(key: &str) -> u16 {
    crc16::State::<crc16::XMODEM>::calculate(key.as_bytes()) % 16_384
}
