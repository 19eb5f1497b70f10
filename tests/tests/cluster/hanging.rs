//! A cluster that hangs, and three times as many callers as may wait for it: those are bounded, and so is the memory.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cache_core::{Cache, CacheModel, Error, RedisSettings};
use cache_tests::cluster::Nodes;
use cache_tests::profile::Profile;
use cache_tests::{chain, connect_with, figures};
use tokio::sync::Barrier;

use crate::case::Place;
use crate::models::{Plain, plain};

/// How many calls may wait.
const IN_FLIGHT: u32 = 10_000;

/// How many are begun at once.
const CALLERS: u32 = 3 * IN_FLIGHT;

/// How many calls the cluster itself may have in flight.
const ASKED: u32 = 10;

/// How long a call may take.
const DEADLINE: Duration = Duration::from_secs(3);

/// What a busy machine may add to it, with as many tasks that end at once.
const LATE: Duration = Duration::from_secs(10);

/// How much more, in KiB, a round may need than the first two: what an allocator does with its pages. In the first one calls
/// wait for answers, in the second also for connections that are made anew, and it may need a quarter more. One kibibyte that
/// is kept of each call that waited would be thirty mebibytes more after five rounds; on a machine that has other things to do the
/// first rounds were up to eleven below the others, which were alike.
const SLACK: u64 = 16 * 1024;

pub(crate) async fn memory_is_flat(place: Place, profile: Profile) {
    let nodes = Nodes::start(3, 0).await;
    let settings = RedisSettings::new(nodes.url(0)).protocol(place.protocol);
    let settings = settings.response_timeout(DEADLINE).max_in_flight(IN_FLIGHT as usize);
    let cache = connect_with(settings).await.unwrap().project(&place.project);
    // All nodes are known, and connections to them are made.
    for saved in Plain::save_many(&cache, (0..1_000).map(plain)).await {
        let _ = saved.unwrap();
    }
    for at in 0..nodes.count() {
        nodes.server(at).pause().await.unwrap();
    }
    let mut peaks = Vec::new();
    for _ in 0..profile.pick(5, 30) {
        peaks.push(round(&cache).await);
    }
    for at in 0..nodes.count() {
        nodes.server(at).resume().await.unwrap();
    }
    let (first, second, highest) = (peaks[0], peaks[1], peaks.iter().copied().max().unwrap());
    assert!(second <= first + first / 4 && highest <= first.max(second) + SLACK, "in KiB: {peaks:?}");
    until_there(&cache).await;
    figures::add("rounds of 10,000 in flight at a cluster that hangs", peaks.len() as u64);
    figures::max("KiB at most in the first round", first);
    figures::max("KiB at most in a later round", peaks.iter().skip(1).copied().max().unwrap());
}

/// Begins all callers at once; the most that the process had meanwhile, in KiB.
async fn round(cache: &Cache) -> u64 {
    let (busy, waited) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let start = Arc::new(Barrier::new(CALLERS as usize));
    let began = Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for id in 0..CALLERS {
        let (cache, busy, waited) = (cache.clone(), busy.clone(), waited.clone());
        let start = start.clone();
        tasks.spawn(async move {
            start.wait().await;
            // Half of them may not be repeated.
            let ended = match id % 2 {
                0 => Plain::get(&cache, id).await.map(drop),
                _ => plain(id).save(&cache).await.map(drop),
            };
            match ended.unwrap_err() {
                Error::Busy { .. } => busy.fetch_add(1, Ordering::SeqCst),
                error if error.is_unavailable() => waited.fetch_add(1, Ordering::SeqCst),
                error => panic!("{id}: {}", chain(&error)),
            };
        });
    }
    let mut peak = 0;
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    loop {
        tokio::select! {
            ended = tasks.join_next() => match ended {
                Some(ended) => ended.unwrap(),
                None => break,
            },
            _ = ticks.tick() => peak = peak.max(resident()),
        }
    }
    let (busy, waited) = (busy.load(Ordering::SeqCst), waited.load(Ordering::SeqCst));
    assert!(began.elapsed() < DEADLINE + LATE, "{:?}", began.elapsed());
    assert_eq!(busy + waited, u64::from(CALLERS));
    // All places are taken, a few of them by questions who has which slot.
    assert!(waited >= u64::from(IN_FLIGHT - ASKED), "{waited} waited, {busy} were refused");
    assert!(busy > 0, "nobody was refused: nothing bounds them");
    figures::max("waited for a server that hangs, in a round", waited);
    figures::add("refused since 10,000 waited", busy);
    peak
}

async fn until_there(cache: &Cache) {
    let began = Instant::now();
    while let Err(error) = Plain::get_many(cache, 0..1_000).await {
        assert!(error.is_unavailable(), "{}", chain(&error));
        assert!(began.elapsed() < Duration::from_secs(20), "it never came back: {}", chain(&error));
    }
}

/// What the process has in memory, in KiB.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse().unwrap()
}
