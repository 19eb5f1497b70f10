//! Many writers at once, and writers that are killed: nothing is lost, nothing is there twice, everything is repaired.

use std::future::Future;
use std::time::Duration;

use cache_core::{Cache, CacheModel, Error, Protocol};
use cache_tests::{cluster, crash, private_server};
use libtest_mimic::{Failed, Trial};
use serde::{Deserialize, Serialize};

use cache_tests::figures;

/// How many write at once.
const TASKS: u64 = 32;

/// How often each of them writes.
const EACH: u64 = 1_000;

/// Among how many documents the writers with versions are spread: eight want each of them.
const DOCUMENTS: u64 = 4;

/// How many want one value, and how often.
const RACERS: u64 = 64;
const ROUNDS: u64 = 1_000;

#[derive(Debug, Clone, Serialize, Deserialize, CacheModel)]
struct Counter {
    #[primary_key]
    id: u64,
    hits: u64,
    #[version]
    version: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: u64,
    #[unique]
    email: String,
}

/// The cases.
pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("increments", increments),
        trial("versioned_updates", versioned_updates),
        trial("racers_for_a_value", racers),
        Trial::test("writes::crashes_in_a_cluster", || {
            crashes(async {
                let server = cluster::one_node().await;
                crash::crash_everywhere(&server.url(), "crash").await
            })
        }),
        Trial::test("writes::crashes_on_one_server", || {
            crashes(async {
                let server = private_server().await;
                crash::crash_everywhere(&server.url(), "crash").await
            })
        }),
    ]
}

/// Does what a child of the crash cases was told to. `false`: this is no child.
pub(crate) fn act() -> bool {
    block_on(crash::act())
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap_or_else(|error| panic!("no runtime: {error}")).block_on(work)
}

fn trial<F>(name: &'static str, case: fn(Cache) -> F) -> Trial
where
    F: Future<Output = Result<(), Failed>> + 'static,
{
    Trial::test(format!("writes::{name}"), move || {
        block_on(async { case(cache_tests::cache(name, Protocol::Resp3).await).await })
    })
}

/// Runs the tasks at once, each with its number.
async fn at_once<F, T>(tasks: u64, task: impl Fn(u64) -> F) -> Result<Vec<T>, Failed>
where
    F: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    let tasks: Vec<_> = (0..tasks).map(|number| tokio::spawn(task(number))).collect();
    let mut results = Vec::new();
    for task in tasks {
        results.push(task.await?);
    }
    Ok(results)
}

async fn increments(cache: Cache) -> Result<(), Failed> {
    let _ = Counter { id: 1, hits: 0, version: 0 }.save(&cache).await?;
    let results = at_once(TASKS, |_| {
        let cache = cache.clone();
        async move {
            for _ in 0..EACH {
                let _ = Counter::patch(1).increment(Counter::HITS, 1).send(&cache).await?;
            }
            Ok::<_, Error>(())
        }
    });
    for result in results.await? {
        result?;
    }
    let counter = Counter::get(&cache, 1).await?.ok_or("the counter is gone")?;
    figures::add("increments", TASKS * EACH);
    figures::add("increments lost", (TASKS * EACH).abs_diff(counter.hits));
    if (counter.hits, counter.version) != (TASKS * EACH, TASKS * EACH + 1) {
        return Err(format!("{counter:?}").into());
    }
    Ok(())
}

async fn versioned_updates(cache: Cache) -> Result<(), Failed> {
    for id in 0..DOCUMENTS {
        let _ = Counter { id, hits: 0, version: 0 }.save(&cache).await?;
    }
    let results = at_once(TASKS, |task| {
        let cache = cache.clone();
        async move {
            let mut tries = 0_u64;
            for _ in 0..EACH {
                let change = |counter: &mut Counter| {
                    tries += 1;
                    counter.hits += 1;
                };
                Counter::modify(&cache, task % DOCUMENTS, change).await?;
            }
            Ok::<_, Error>(tries)
        }
    });
    let mut tries = 0;
    for result in results.await? {
        tries += result?;
    }
    let mut hits = 0;
    for id in 0..DOCUMENTS {
        let counter = Counter::get(&cache, id).await?.ok_or("a counter is gone")?;
        hits += counter.hits;
        if counter.version != counter.hits + 1 {
            return Err(format!("{counter:?}").into());
        }
    }
    figures::add("versioned updates", TASKS * EACH);
    figures::add("versioned updates lost", (TASKS * EACH).abs_diff(hits));
    figures::add("versioned updates tried again", tries - TASKS * EACH);
    if hits == TASKS * EACH { Ok(()) } else { Err(format!("{hits} of {}", TASKS * EACH).into()) }
}

async fn racers(cache: Cache) -> Result<(), Failed> {
    let mut wins = 0;
    for round in 0..ROUNDS {
        let results = at_once(RACERS, |racer| {
            let cache = cache.clone();
            let user = User { id: round * RACERS + racer, email: round.to_string() };
            async move { user.insert(&cache).await.map(|_| user.id) }
        });
        let mut winners = Vec::new();
        for result in results.await? {
            match result {
                Ok(id) => winners.push(id),
                Err(error) if error.is_not_unique() => {}
                Err(error) => return Err(error.into()),
            }
        }
        let found = User::get_by_email(&cache, round.to_string()).await?.map(|user| user.id);
        if winners.len() != 1 || winners.first().copied() != found {
            return Err(format!("round {round}: {winners:?} won, {found:?} is there").into());
        }
        wins += 1;
    }
    figures::add("rounds of 64 racers", ROUNDS);
    figures::add("rounds with one winner", wins);
    let documents = User::count_all(&cache).await?;
    if documents == ROUNDS { Ok(()) } else { Err(format!("{documents} documents").into()) }
}

fn crashes(run: impl Future<Output = crash::Crashes>) -> Result<(), Failed> {
    let crashes = block_on(async { tokio::time::timeout(Duration::from_secs(120), run).await })?;
    figures::add("writers killed", crashes.kills as u64);
    figures::add("disagreements after that", crashes.disagreements as u64);
    if crashes.disagreements == 0 { Ok(()) } else { Err(format!("{crashes:?}").into()) }
}
