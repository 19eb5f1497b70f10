//! A master that dies while it is written to: its replica takes over. Replication is asynchronous, so that the engine may lose
//! what was acknowledged last; that is counted and printed. What is there is right.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cache_core::{Batch, Cache, CacheModel, Command};
use cache_tests::cluster::Nodes;
use cache_tests::profile::Profile;
use cache_tests::{chain, figures};

use crate::case::Place;
use crate::models::{Plain, plain};

const WRITERS: u32 = 8;

/// How long it may take until all slots are written to again: the time-out of a node (1 s), an election (a second or two), and
/// what two busy cores add.
const BACK: Duration = Duration::from_secs(20);

/// How far a replica may be behind its master on a busy machine: what was acknowledged earlier is there.
const LAG: Duration = Duration::from_secs(1);

/// How much later than it came an answer may be noted there.
const LATE: Duration = Duration::from_secs(1);

/// For how many milliseconds a replica is waited for. Until it has one again, whoever took over answers nothing else on the
/// connection for so long.
const WAITS: &str = "25";

/// How the master is.
const ALIVE: u8 = 0;
const DYING: u8 = 1;
const DEAD: u8 = 2;

pub(crate) async fn a_master_dies(place: Place, profile: Profile) {
    for _ in 0..profile.pick(1, 10) {
        once(&place, false).await;
    }
}

/// What its replica was seen to have before it was acknowledged is not lost.
pub(crate) async fn a_master_dies_whose_replica_was_waited_for(place: Place, profile: Profile) {
    for _ in 0..profile.pick(1, 10) {
        once(&place, true).await;
    }
}

async fn once(place: &Place, waits: bool) {
    let nodes = Nodes::start(3, 1).await;
    let slots = nodes.slots(0);
    // Through the one that dies.
    let cache = place.through(&nodes, 0).await;
    let (over, next) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let (life, wrong) = (Arc::new(AtomicU8::new(ALIVE)), Arc::new(AtomicU64::new(0)));
    let fallen =
        |place: &Place, id: u32| slots.contains(&slot(&format!("{}:cache:plain:{id}", place.project)));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..WRITERS {
        let (cache, over, next) = (cache.clone(), over.clone(), next.clone());
        let (life, wrong, project, slots) =
            (life.clone(), wrong.clone(), place.project.clone(), slots.clone());
        tasks.spawn(async move {
            let (mut acknowledged, mut failed) = (Vec::new(), 0_u64);
            while !over.load(Ordering::SeqCst) {
                let id = next.fetch_add(1, Ordering::SeqCst);
                let before = life.load(Ordering::SeqCst);
                let saved = match write(&cache, &project, id, waits).await {
                    Ok(true) => {
                        acknowledged.push((id, Instant::now()));
                        true
                    }
                    Ok(false) => false,
                    Err(error) if error.is_unavailable() => {
                        failed += 1;
                        false
                    }
                    Err(error) => panic!("{id}: {}", chain(&error)),
                };
                match Plain::get(&cache, id).await {
                    // Only what the dead one said last may be gone.
                    Ok(None) => {
                        let may_be = before != DEAD
                            && life.load(Ordering::SeqCst) != ALIVE
                            && slots.contains(&slot(&format!("{project}:cache:plain:{id}")));
                        if saved && (waits || !may_be) {
                            println!("  {id} is gone");
                            wrong.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                    Ok(Some(found)) if found == plain(id) => {}
                    Ok(Some(found)) => {
                        println!("  {id} is {found:?}");
                        wrong.fetch_add(1, Ordering::SeqCst);
                    }
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
    life.store(DYING, Ordering::SeqCst);
    let begins = Instant::now();
    nodes.server(0).kill().await.unwrap_or_else(|error| panic!("{error}"));
    let died = Instant::now();
    life.store(DEAD, Ordering::SeqCst);
    // A document of the slots of the dead one, which nobody else writes.
    let one = (u32::MAX / 2..).find(|id| fallen(place, *id)).unwrap_or_default();
    while Plain::get(&cache, one).await.is_err() || plain(one).save(&cache).await.is_err() {
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
    let ids = acknowledged.iter().map(|(id, _)| *id);
    let found = Plain::get_many(&cache, ids).await.unwrap_or_else(|error| panic!("{error}"));
    let (mut lost, mut oldest) = (0, Duration::ZERO);
    for ((id, at), found) in acknowledged.iter().zip(found) {
        match found {
            Some(found) if found == plain(*id) => {}
            Some(found) => {
                println!("  {id} is {found:?}");
                wrong.fetch_add(1, Ordering::SeqCst);
            }
            None => {
                lost += 1;
                oldest = oldest.max(died.saturating_duration_since(*at));
                // The engine's loss is what the dead one had told nobody yet; all else would be ours.
                let lags =
                    fallen(place, *id) && begins.saturating_duration_since(*at) < LAG && *at < died + LATE;
                assert!(
                    lags,
                    "{id} is gone, acknowledged {:?} before the end",
                    begins.saturating_duration_since(*at)
                );
            }
        }
    }
    let (all, wrong) = (acknowledged.len() as u64, wrong.load(Ordering::SeqCst));
    println!(
        "  {all} acknowledged, {failed} not, {lost} of them lost by the engine, the first {oldest:.1?} before the end, \
         written again after {back:.1?}"
    );
    let (acknowledged, gone) = if waits {
        ("acknowledged with a replica around a kill", "of them lost that a replica had")
    } else {
        ("acknowledged around a kill", "of them lost by the engine")
    };
    figures::add("masters killed", 1);
    figures::add(acknowledged, all);
    figures::add(gone, lost);
    figures::add("wrong around a kill", wrong);
    figures::add("milliseconds until written again", back.as_millis() as u64);
    assert!(wrong == 0 && (lost == 0 || !waits), "{wrong} wrong, {lost} lost");
}

/// Writes a document; `true`: it is acknowledged. If a replica is waited for, that is when one has it.
async fn write(cache: &Cache, project: &str, id: u32, waits: bool) -> cache_core::Result<bool> {
    if !waits {
        return plain(id).save(cache).await.map(|saved| saved.stored());
    }
    let text = plain(id).text;
    let json = format!(r#"{{"id":{id},"text":"{text}"}}"#);
    let set = Command::new("JSON.SET").key(format!("{project}:cache:plain:{id}")).arg("$").arg(json);
    let wait = Command::new("WAIT").arg("1").arg(WAITS);
    let mut answers = cache.connection().send_all(Batch::pipeline(vec![set, wait])).await?.into_iter();
    let (set, wait) = (answers.next(), answers.next());
    let stored = set.transpose()?.is_some();
    let replicas = wait.transpose()?.and_then(|wait| wait.as_int()).unwrap_or_default();
    Ok(stored && replicas >= 1)
}

/// The slot of a key without a hash tag.
fn slot(key: &str) -> u16 {
    crc16::State::<crc16::XMODEM>::calculate(key.as_bytes()) % 16_384
}
