//! What is there when all is over, against what was acknowledged; and that a wrong one would be seen.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Instant;

use cache_core::{CacheModel, Command};
use cache_tests::keys::keys;

use super::crowd::{BEFORE, COUNTERS, Crowd, EACH, SEATERS, SEATS, WRITERS, seat_key};
use crate::models::{Note, Plain, Seat};

/// How many acknowledged writes are not there, each of which the engine may have lost; what else differs is counted as wrong.
pub(super) async fn judged(crowd: &Crowd) -> u64 {
    documents(crowd).await + seats(crowd).await + counters(crowd).await
}

async fn documents(crowd: &Crowd) -> u64 {
    let lanes = (1..=WRITERS).flat_map(|lane| lane * 10_000..lane * 10_000 + EACH);
    let ids: Vec<u32> = (0..BEFORE).chain(lanes).collect();
    let asked = Instant::now();
    let found = Plain::get_many(&crowd.cache, ids.iter().copied()).await.unwrap();
    let lost = ids.iter().zip(&found).map(|(id, found)| crowd.judge_plain(*id, asked, found.as_ref())).sum();
    let there: BTreeSet<u32> = found.into_iter().flatten().map(|found| found.id).collect();
    let scanned = crowd.scanned().await.unwrap();
    let differs: Vec<_> = there.symmetric_difference(&scanned).collect();
    let count = Plain::count_all(&crowd.cache).await.unwrap();
    if !differs.is_empty() || count != there.len() as u64 {
        crowd.wrong(&format!("scanned or not: {differs:?}, {count} of {}", there.len()));
    }
    lost
}

/// Seats, and who has which name by the keys that say so.
async fn seats(crowd: &Crowd) -> u64 {
    let mut lost = 0;
    for (name, hall) in &crowd.halls {
        let asked = Instant::now();
        let found = Seat::get_many(hall, 0..SEATS * SEATERS + 2).await.unwrap();
        lost += crowd.judge_hall(name, asked, &found[..(SEATS * SEATERS) as usize]);
        let there: Vec<_> = found.into_iter().flatten().collect();
        for seat in &there {
            let holder = Seat::get_by_name(hall, &seat.name).await.unwrap();
            if holder.as_ref() != Some(seat) {
                crowd.wrong(&format!("{seat:?} has its name, says the server, and {holder:?}"));
            }
        }
        let claims = keys(&crowd.cache, &format!("*{name}:cache*:unique:*")).await;
        if claims.len() != there.len() {
            crowd.wrong(&format!("{} in {name}, with {claims:?}", there.len()));
        }
    }
    lost
}

/// Versions count each write, and no two writes have the same.
async fn counters(crowd: &Crowd) -> u64 {
    let mut all = 0;
    for id in 0..COUNTERS {
        let found = Note::get(&crowd.cache, id).await.unwrap().unwrap();
        let (key, counted) = (crowd.note_key(id), crowd.counted.lock().unwrap());
        let Some(counted) = counted.get(&id) else { continue };
        let written = counted.acknowledged.len() as u64;
        // The first version is the one that it was saved with.
        let lost = (1 + written).saturating_sub(found.version);
        let (lossy, sure): (Vec<_>, Vec<_>) =
            counted.acknowledged.iter().partition(|(_, at)| crowd.fate.may_lose(&key, *at));
        let versions: BTreeSet<u64> = sure.iter().map(|(version, _)| *version).collect();
        let highest = versions.last().copied().unwrap_or_default();
        if versions.len() != sure.len()
            || highest > found.version
            || found.version > 1 + written + counted.open
            || lost > lossy.len() as u64
        {
            let open = counted.open;
            crowd.wrong(&format!("{key}: {written} acknowledged, {open} not, {highest}, {found:?}"));
        }
        all += lost;
    }
    all
}

/// Makes wrong what of all these may not be, behind their backs; how many of them are seen, which are all.
pub(super) async fn control(crowd: &Crowd) {
    let set = |key: &str, path: &str, json: String| {
        crowd.cache.command(Command::new("JSON.SET").key(key).arg(path).arg(json))
    };
    let firm = |keys: Vec<String>| keys.into_iter().filter(|key| !crowd.fate.fell(key));
    let there = |key: &String| matches!(crowd.book.known(key), Some(Some(_)));
    let plain = firm(crowd.book.keys()).filter(|key| key.contains(":plain:") && there(key));
    let plain: Vec<_> = plain.take(2).collect();
    // One is stale, one is gone, and a counter is set back.
    let id = plain[0].rsplit(':').next().unwrap();
    set(&plain[0], "$", format!(r#"{{"id":{id},"text":"text {id}, stale"}}"#)).await.unwrap();
    crowd.cache.command(Command::new("DEL").key(&plain[1])).await.unwrap();
    let counter = firm((0..COUNTERS).map(|id| crowd.note_key(id)).collect()).next().unwrap();
    set(&counter, "$.version", "1".to_owned()).await.unwrap();
    // Two have one name, which is another one than was acknowledged, and than the server says.
    let hall = crowd.halls.iter().find(|(name, _)| !crowd.fate.fell(&seat_key(name, 0))).unwrap();
    let seats = Seat::get_many(&hall.1, 0..SEATS * SEATERS).await.unwrap();
    let seats: Vec<_> = seats.into_iter().flatten().take(2).collect();
    set(&seat_key(&hall.0, seats[1].id), "$.name", format!("{:?}", seats[0].name)).await.unwrap();
    println!("  what is seen of five that are made wrong:");
    let before = crowd.wrong.swap(0, Ordering::SeqCst);
    judged(crowd).await;
    let seen = crowd.wrong.swap(before, Ordering::SeqCst);
    // The seat is wrong in three ways.
    assert_eq!(seen, 6, "wrong ones are not seen");
}
