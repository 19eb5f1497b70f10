//! All of it at once: documents, bulks, seats whose names are unique, counters, gates and scans, while slots move, and while a
//! master dies between two that move theirs, and its replica takes over. Each answer is judged by what was acknowledged before it
//! was asked for; the engine may lose what the dead one acknowledged last, and nothing else.
//!
//! A file imports from those before it: book, crowd, gates, moves, end, and this.

mod book;
mod crowd;
mod end;
mod gates;
mod moves;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use cache_core::CacheModel;
use cache_tests::cluster::Nodes;
use cache_tests::dice::Dice;
use cache_tests::figures;
use cache_tests::profile::Profile;

use self::book::slot;
use self::crowd::{BEFORE, COUNTERS, Crowd, SEATERS, WRITERS, seat_key};
use self::gates::Watched;
use self::moves::{DYING, Moves, Redirected, slots_of};
use crate::case::Place;
use crate::models::{Plain, note, plain};

/// How many slots move before the master dies; half as many move when its replica is one.
const MOVES: u32 = 60;

pub(crate) async fn all_at_once(place: Place, profile: Profile) {
    for round in 0..profile.pick(1, 10) {
        once(&place, Profile { seed: profile.seed ^ (u64::from(round) << 32), ..profile }).await;
    }
}

async fn once(place: &Place, profile: Profile) {
    let nodes = Nodes::start(3, 1).await;
    for at in 0..nodes.count() {
        // Else no slot can move, nor anything be asked for, while those of the dead one are nobody's.
        nodes.say(at, &["CONFIG", "SET", "cluster-require-full-coverage", "no"]).await;
    }
    let (cache, other) = (place.through(&nodes, DYING).await, place.through(&nodes, 1).await);
    let named = |master: u16, what: &str, key: &dyn Fn(&str) -> String| {
        let mut names = (0..).map(|n| format!("{}-{what}-{n}", place.project));
        names.find(|name| nodes.slots(master).contains(&slot(&key(name)))).unwrap_or_default()
    };
    let seat = |hall: &str| seat_key(hall, 0);
    // Each of the masters has two halls, one of them with the gate of another master.
    let halls = (0..6_u16).map(|n| named(n % 3, &format!("hall{n}"), &seat));
    let halls: Vec<_> = halls.map(|name| (name.clone(), cache.clone().project(&name))).collect();
    let gate = |name: &str| format!("{}:{name}:leader", place.project);
    let gates: Vec<_> = (0..6_u16).map(|n| named(n / 2, &format!("gate{n}"), &gate)).collect();
    let gates: Arc<Vec<_>> = Arc::new(gates.iter().map(|name| Watched::new(&place.project, name)).collect());
    let crowd = Arc::new(Crowd::new(&place.project, cache.clone(), halls));
    for saved in Plain::save_many(&cache, (0..BEFORE).map(plain)).await {
        let _ = saved.unwrap();
    }
    for id in 0..COUNTERS {
        let _ = note(id).save(&cache).await.unwrap();
    }
    let mut tasks = tokio::task::JoinSet::new();
    for lane in 0..WRITERS {
        let (crowd, dice) = (crowd.clone(), Dice::lane(profile.seed, u64::from(lane)));
        tasks.spawn(async move { crowd.writes(lane, dice).await });
    }
    for lane in 0..SEATERS {
        let (crowd, dice) = (crowd.clone(), Dice::lane(profile.seed, u64::from(10 + lane)));
        tasks.spawn(async move { crowd.seats(lane, dice).await });
    }
    for lane in 0..2_u64 {
        let (crowd, dice) = (crowd.clone(), |n| Dice::lane(profile.seed, n + lane));
        let (reads, inspects, counts) = (dice(20), dice(30), dice(40));
        let (reader, inspector) = (crowd.clone(), crowd.clone());
        tasks.spawn(async move { reader.reads(reads).await });
        tasks.spawn(async move { inspector.inspects(inspects).await });
        tasks.spawn(async move { crowd.counts(counts).await });
    }
    for at in 0..gates.len() {
        for cache in [&cache, &other] {
            let (crowd, gates, cache) = (crowd.clone(), gates.clone(), cache.clone());
            tasks.spawn(async move { crowd.holds(&cache, &gates[at], at).await });
        }
    }
    let scanner = crowd.clone();
    tasks.spawn(async move { scanner.scans().await });

    let halls = crowd.halls.iter().map(|(name, _)| seat_key(name, 0));
    let counters = (0..COUNTERS).map(|id| crowd.note_key(id));
    let busy = slots_of(halls.chain(gates.iter().map(|gate| gate.key().to_owned())).chain(counters));
    let mut moves = Moves::new(&nodes, busy, Dice::lane(profile.seed, 99));
    for _ in 0..MOVES {
        moves.any().await;
    }
    let mut redirected = Redirected::default();
    redirected.add(&nodes, DYING).await;
    let (back, moved_meanwhile) = moves.kill(&crowd).await;
    for _ in 0..MOVES / 2 {
        moves.any().await;
    }
    for at in 1..nodes.count() {
        redirected.add(&nodes, at).await;
    }
    crowd.over.store(true, Ordering::SeqCst);
    while let Some(ended) = tasks.join_next().await {
        ended.unwrap_or_else(|error| panic!("{error}"));
    }
    let lost = end::judged(&crowd).await;
    let wrong = crowd.wrong.load(Ordering::SeqCst);
    if wrong == 0 {
        end::control(&crowd).await;
    }
    told(&crowd, &gates, lost, back);
    println!("  {} slots moved, {moved_meanwhile} of them without the master, {redirected:?}", moves.count);
    figures::add("altogether: slots moved", moves.count);
    figures::add("altogether: of them while a master was dead", moved_meanwhile);
    figures::add("altogether: sent elsewhere by ASK", redirected.asked);
    figures::add("altogether: asked to come again by TRYAGAIN", redirected.later);
    assert_eq!(wrong, 0, "{wrong} wrong");
    assert!(redirected.asked > 0 && redirected.later > 0 && moved_meanwhile > 0, "{redirected:?}");
}

/// Prints what was counted, and that there was something to count.
fn told(crowd: &Crowd, gates: &[Watched], lost: u64, back: Duration) {
    let of = |counter: &AtomicU64| counter.load(Ordering::SeqCst);
    let all = |counter: fn(&Watched) -> &AtomicU64| gates.iter().map(|gate| of(counter(gate))).sum::<u64>();
    let counted = crowd.counted.lock().unwrap();
    let (mut acknowledged, mut open) = crowd.book.counts();
    acknowledged += counted.values().map(|counted| counted.acknowledged.len() as u64).sum::<u64>();
    open += counted.values().map(|counted| counted.open).sum::<u64>();
    let (won, fenced) = (all(|gate| &gate.won), all(|gate| &gate.fenced));
    let (both, late) = (all(|gate| &gate.both), all(|gate| &gate.late));
    let wrong = of(&crowd.wrong);
    println!(
        "  {acknowledged} acknowledged, {open} not, {lost} of them lost by the engine, {wrong} wrong; {} read, {} names \
         refused, {} scans, {} of them across the end, {won} gates won, {both} by two, {fenced} late writes refused, {late} \
         not; {} calls failed, all written again after {back:.1?}",
        of(&crowd.read),
        of(&crowd.refused),
        of(&crowd.scans),
        of(&crowd.scans_of_the_dying),
        of(&crowd.failed),
    );
    figures::add("altogether: acknowledged", acknowledged);
    figures::add("altogether: of them lost by the engine", lost);
    figures::add("altogether: never answered", open);
    figures::add("altogether: read and judged", of(&crowd.read));
    figures::add("altogether: names refused that others had", of(&crowd.refused));
    figures::add("altogether: scans", of(&crowd.scans));
    figures::add("altogether: scans while the master died", of(&crowd.scans_of_the_dying));
    figures::add("altogether: gates won", won);
    figures::add("altogether: gates held by two, whose keys the engine lost", both);
    figures::add("altogether: late writes refused by fences", fenced);
    figures::add("altogether: late writes not refused, whose fences the engine lost", late);
    figures::add("altogether: calls failed as unavailable", of(&crowd.failed));
    figures::add("altogether: wrong", wrong);
    figures::max("altogether: milliseconds until written again", back.as_millis() as u64);
    let least = [acknowledged, of(&crowd.read), of(&crowd.refused), of(&crowd.scans), won, fenced];
    assert!(!least.contains(&0), "{least:?}");
}

impl Crowd {
    fn new(project: &str, cache: cache_core::Cache, halls: Vec<(String, cache_core::Cache)>) -> Self {
        Self {
            project: project.to_owned(),
            cache,
            halls,
            fate: book::Fate::default(),
            book: book::Book::default(),
            over: AtomicBool::default(),
            wrong: AtomicU64::default(),
            failed: AtomicU64::default(),
            read: AtomicU64::default(),
            refused: AtomicU64::default(),
            scans: AtomicU64::default(),
            scans_of_the_dying: AtomicU64::default(),
            counted: std::sync::Mutex::default(),
        }
    }
}
