//! C4: a thousand that ask at once for what is not stored, or about to end.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cache_core::{Cache, CacheModel, Load};
use serde::{Deserialize, Serialize};
use tokio::sync::Barrier;
use tokio::task::JoinSet;

use crate::case::{Found, Profile};
use crate::fleet::PATIENCE;
use crate::original::Original;
use crate::redis::patient;

/// How many ask at once.
const ASKING: usize = 1_000;

/// How many processes they belong to; each has its own connection and knows nothing of the others.
const PROCESSES: usize = 4;

/// How long loading takes.
const LOAD: Duration = Duration::from_millis(20);

#[derive(Debug, Clone, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "price", ttl = "10m")]
struct Price {
    #[primary_key]
    article: u64,
    cents: u64,
}

/// Counts the loads of an article: all, and how many there were at once.
#[derive(Debug, Default)]
struct Loads {
    all: AtomicU64,
    now: AtomicU64,
    most: AtomicU64,
}

impl Loads {
    async fn load(&self, article: u64) -> Result<Option<Price>, Infallible> {
        let cents = self.all.fetch_add(1, Ordering::SeqCst);
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        tokio::time::sleep(LOAD).await;
        self.now.fetch_sub(1, Ordering::SeqCst);
        Ok(Some(Price { article, cents }))
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// It is not stored.
    Cold,
    /// It is stored, and stale.
    Stale,
    /// It is not stored, and one load of the fleet is enough.
    Fleet,
}

impl Kind {
    fn load(self, article: u64) -> Load<Price> {
        match self {
            Self::Cold => Price::load(article),
            Self::Stale => Price::load(article).early(0.0).stale_after(Duration::from_millis(1)),
            Self::Fleet => Price::load(article).once_per_fleet(PATIENCE),
        }
    }
}

pub(crate) async fn ours(profile: Profile) -> Found {
    let mut found = Found::default();
    let server = cache_tests::private_server().await;
    let mut processes = Vec::new();
    for _ in 0..PROCESSES {
        processes.push(patient(&server.url()).await);
    }
    for round in 0..u64::from(profile.pick(100, 1_000)) {
        let kind = [Kind::Cold, Kind::Stale, Kind::Fleet][round as usize % 3];
        // Those of a fleet are of several processes.
        let asking = if kind == Kind::Fleet { PROCESSES } else { 1 };
        one(kind, round, processes.get(..asking).unwrap_or_default(), &mut found).await;
    }
    found
}

async fn one(kind: Kind, article: u64, processes: &[Cache], found: &mut Found) {
    let loads = Arc::new(Loads::default());
    let get = |cache: Cache| {
        let loads = Arc::clone(&loads);
        async move { kind.load(article).get(&cache, move || async move { loads.load(article).await }).await }
    };
    if kind == Kind::Stale {
        if let Some(cache) = processes.first() {
            let first = get(cache.clone()).await;
            found.check(first.is_ok(), || format!("{first:?}"));
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let (barrier, mut asked) = (Arc::new(Barrier::new(ASKING)), JoinSet::new());
    let before = loads.all.load(Ordering::SeqCst);
    for cache in processes.iter().cycle().take(ASKING) {
        let (barrier, get) = (Arc::clone(&barrier), get(cache.clone()));
        asked.spawn(async move {
            barrier.wait().await;
            get.await
        });
    }
    while let Some(answer) = asked.join_next().await {
        let answer = answer.unwrap_or_else(|error| panic!("{error}"));
        found.check(matches!(answer, Ok(Some(_))), || format!("C4: {answer:?}"));
    }
    found.runs += 1;
    let (all, most) = (loads.all.load(Ordering::SeqCst) - before, loads.most.load(Ordering::SeqCst));
    found.check(most <= 1, || format!("C4: {most} loads at once for {kind:?}"));
    // What is stale again while the slowest ask is loaded again.
    found.check(kind == Kind::Stale || all == 1, || format!("C4: {all} loads for {kind:?}"));
}

/// Who misses, loads.
pub(crate) async fn control(_: Profile) -> Found {
    let mut found = Found::default();
    let server = cache_tests::private_server().await;
    let original = Original::boot(&server.url()).await;
    let (loads, mut asked) = (Arc::new(Loads::default()), JoinSet::new());
    for _ in 0..100 {
        let (original, loads) = (original.clone(), Arc::clone(&loads));
        asked.spawn(async move {
            let load = async || loads.load(1).await.ok().flatten().map_or(0, |price| price.cents);
            original.read(1, load).await.map(drop)
        });
    }
    while let Some(answer) = asked.join_next().await {
        let answer = answer.unwrap_or_else(|error| panic!("{error}"));
        found.check(answer.is_ok(), || format!("{answer:?}"));
    }
    found.runs += 1;
    let most = loads.most.load(Ordering::SeqCst);
    found.check(most <= 1, || format!("C4: {most} loads at once"));
    found
}
