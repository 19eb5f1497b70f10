//! C1: readers, a writer and its invalidations, with delays wherever one of them may be overtaken.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use cache_core::tenant::{Copies, TenantError, TenantSettings};
use cache_core::testkit::{Odds, Proxy};
use cache_core::{Cache, CacheModel, Degrade, RedisSettings};
use cache_tests::dice::Dice;
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

use crate::case::{Found, Profile};
use crate::fleet::PATIENCE;
use crate::original::Original;
use crate::redis::patient;
use crate::slow::Slow;

/// Of a thousand chunks of bytes that pass between a process and its Redis.
const ODDS: Odds = Odds { delay: (300, Duration::from_millis(4)), reset: 0, silence: 0, truncate: 0 };

/// How often a document is written in a round.
const WRITES: u64 = 3;

/// How many read it meanwhile, in two processes.
const READERS: u64 = 4;

/// How many rounds at a time.
const LANES: u64 = 16;

#[derive(Debug, Clone, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "document", ttl = "10m")]
struct Document {
    #[primary_key]
    number: u64,
    revision: u64,
}

/// The same as settings of a tenant.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Settings {
    revision: u64,
}

/// Whose rules.
#[derive(Clone)]
enum Rules {
    /// Documents that are loaded and invalidated.
    Loads(Cache),
    /// Settings of tenants, which have a store.
    Tenants(TenantSettings<Settings>),
    Original(Original),
}

/// A document where it is kept for good.
#[derive(Debug, Default)]
struct Kept {
    revision: AtomicU64,
}

/// A moment of up to so many milliseconds, or none.
async fn moment(dice: &mut Dice, most: u64) {
    match dice.below(2 * most) {
        pause if pause < most => tokio::time::sleep(Duration::from_millis(pause)).await,
        _ => tokio::task::yield_now().await,
    }
}

impl Rules {
    async fn read(&self, number: u64, kept: &Arc<Kept>, mut dice: Dice) -> Result<u64, String> {
        let kept = Arc::clone(kept);
        let load = move || async move {
            moment(&mut dice, 3).await;
            let revision = kept.revision.load(Ordering::SeqCst);
            // What was read is on its way.
            moment(&mut dice, 3).await;
            revision
        };
        match self {
            Self::Loads(cache) => {
                let load = move || async move {
                    Ok::<_, Infallible>(Some(Document { number, revision: load().await }))
                };
                let read = Document::get_or_load(cache, number, load).await;
                read.map(|read| read.map_or(0, |read| read.revision))
                    .map_err(|error| cache_tests::chain(&error))
            }
            Self::Tenants(tenants) => match tenants.get(&number.to_string()).await {
                Ok(settings) => Ok(settings.revision),
                // Before it is written first.
                Err(TenantError::UnknownTenant { .. }) => Ok(0),
                Err(error) => Err(cache_tests::chain(&error)),
            },
            Self::Original(original) => {
                original.read(number, load).await.map_err(|error| cache_tests::chain(&error))
            }
        }
    }

    async fn write(&self, number: u64, revision: u64, kept: &Kept, dice: &mut Dice) -> Result<(), String> {
        match self {
            Self::Tenants(tenants) => {
                let saved = tenants.set(&number.to_string(), &Settings { revision }).await;
                let saved = saved.map_err(|error| cache_tests::chain(&error))?;
                // On a machine that is busy the server may be late; others are told when this one could tell it.
                while saved.copies == Copies::Owed && tenants.owed_invalidations() > 0 {
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                if saved.copies == Copies::Left { Err("copies are left".to_owned()) } else { Ok(()) }
            }
            Self::Loads(cache) => {
                moment(dice, 3).await;
                kept.revision.store(revision, Ordering::SeqCst);
                moment(dice, 3).await;
                Document::invalidate(cache, number).await.map_err(|error| cache_tests::chain(&error))
            }
            Self::Original(original) => {
                let stored =
                    original.store(number, revision).await.map_err(|error| cache_tests::chain(&error));
                moment(dice, 3).await;
                kept.revision.store(revision, Ordering::SeqCst);
                stored.map(drop)
            }
        }
    }
}

pub(crate) async fn loads(profile: Profile) -> Found {
    race(profile, profile.pick(1_000, 10_000), async |url| Rules::Loads(patient(url).await)).await
}

pub(crate) async fn tenants(profile: Profile) -> Found {
    let store = Slow::new(profile.seed);
    let tenants = async |url: &str| {
        // A machine that is busy with other things is no Redis that is away.
        let settings = RedisSettings::new(url).response_timeout(PATIENCE);
        let cache = Degrade::new().budget(PATIENCE).entry_timeout(PATIENCE).connect(settings).await;
        let cache = cache.unwrap_or_else(|error| panic!("{error}"));
        let builder = TenantSettings::builder(&cache).store_timeout(PATIENCE).store(store.clone());
        Rules::Tenants(builder.build().await.unwrap_or_else(|error| panic!("{error}")))
    };
    race(profile, profile.pick(1_000, 10_000), tenants).await
}

pub(crate) async fn control(profile: Profile) -> Found {
    race(profile, profile.pick(100, 1_000), async |url| Rules::Original(Original::boot(url).await)).await
}

async fn race(profile: Profile, rounds: u32, rules: impl AsyncFn(&str) -> Rules) -> Found {
    let mut found = Found::default();
    let server = cache_tests::private_server().await;
    let (mut processes, mut proxies) = (Vec::new(), Vec::new());
    for lane in 0..2 {
        let proxy = Proxy::start(&server.url()).await.unwrap();
        processes.push(rules(&proxy.url()).await);
        proxy.dice(profile.seed ^ lane, ODDS);
        proxies.push(proxy);
    }
    let processes: Arc<[Rules]> = processes.into();
    let (mut lanes, next) = (JoinSet::new(), Arc::new(AtomicU64::new(0)));
    for _ in 0..LANES {
        let (processes, next) = (Arc::clone(&processes), Arc::clone(&next));
        lanes.spawn(async move {
            let mut found = Found::default();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= u64::from(rounds) {
                    return found;
                }
                found.runs += 1;
                round(&processes, number, profile.seed, &mut found).await;
            }
        });
    }
    while let Some(lane) = lanes.join_next().await {
        found.add(lane.unwrap_or_else(|error| panic!("{error}")));
    }
    found.faults += proxies.iter().map(Proxy::injected).sum::<u64>();
    found
}

/// One document, written by one process while both read it. After a write nobody who asks is answered anything older.
async fn round(processes: &Arc<[Rules]>, number: u64, seed: u64, found: &mut Found) {
    let (kept, over) = (Arc::new(Kept::default()), Arc::new(AtomicBool::new(false)));
    // What the last write that has returned wrote.
    let written = Arc::new(AtomicU64::new(0));
    let mut readers = JoinSet::new();
    for reader in 0..READERS {
        let (kept, over, written) = (Arc::clone(&kept), Arc::clone(&over), Arc::clone(&written));
        let (processes, mut dice) = (Arc::clone(processes), Dice::lane(seed ^ number << 8, reader));
        readers.spawn(async move {
            let mut found = Found::default();
            let Some(rules) = processes.iter().cycle().nth(reader as usize) else { return found };
            loop {
                let last = over.load(Ordering::SeqCst);
                let least = written.load(Ordering::SeqCst);
                let dice = Dice::lane(dice.below(u64::MAX), reader);
                let read = rules.read(number, &kept, dice).await;
                found.note("reads in races", 1);
                found.check(read.as_ref().is_ok_and(|read| *read >= least), || {
                    format!("C1: document {number}: {read:?} is read after {least} was written")
                });
                if last {
                    return found;
                }
                // An answer may need no waiting at all, and the others want to go on.
                tokio::task::yield_now().await;
            }
        });
    }
    let mut dice = Dice::lane(seed ^ number << 8, READERS);
    for revision in 1..=WRITES {
        moment(&mut dice, 6).await;
        if let Some(rules) = processes.first() {
            let wrote = rules.write(number, revision, &kept, &mut dice).await;
            found.check(wrote.is_ok(), || format!("{wrote:?}"));
        }
        written.store(revision, Ordering::SeqCst);
    }
    over.store(true, Ordering::SeqCst);
    while let Some(reader) = readers.join_next().await {
        found.add(reader.unwrap_or_else(|error| panic!("{error}")));
    }
}
