//! Indexes that vanish while a run compares them with the documents: a flush of any database drops them all.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use cache_core::{Cache, CacheModel, Command, IndexSchema, Migrator, Protocol};
use cache_tests::before::Before;
use cache_tests::releases::{first, save, second, write};
use cache_tests::{chain, connect, private_server};
use futures_util::StreamExt as _;

type New = second::User;

/// So many that they are looked for by three searches.
const DOCUMENTS: u32 = 1_300;

/// So many that an index is filled in no time.
const FEW: u32 = 40;

/// By how many calls later than it is dropped an index is made again.
const GAPS: std::ops::RangeInclusive<usize> = 1..=4;

/// Beyond this, a run has no end.
const BOUND: Duration = Duration::from_secs(30);

/// How many runs go on at once.
const AT_ONCE: usize = 8;

/// Before the search of this number all indexes are dropped, as a flush of another database does; and somebody makes one
/// again, if that is known.
fn dropping(plain: &Cache, elsewhere: &Cache, search: usize, again: Option<Command>) -> Cache {
    let (inner, elsewhere) = (Arc::clone(plain.connection()), elsewhere.clone());
    let left = AtomicUsize::new(search);
    let connection = Before::new(plain.connection(), move |command| {
        let is_it = command.name() == "FT.SEARCH" && left.fetch_sub(1, Ordering::SeqCst) == 1;
        let (inner, elsewhere, again) = (Arc::clone(&inner), elsewhere.clone(), again.clone());
        Box::pin(async move {
            if is_it {
                elsewhere.command(Command::new("FLUSHDB")).await.unwrap();
                if let Some(create) = again {
                    inner.send(create).await.unwrap();
                }
            }
        })
    });
    Cache::from_connection(Arc::new(connection))
}

async fn runs_until_it_is_filled(protocol: Protocol, is_made_again: bool) {
    let server = private_server().await;
    let (plain, elsewhere) = (connect(&server.url(), protocol).await, format!("{}?db=1", server.url()));
    let elsewhere = connect(&elsewhere, protocol).await;
    for search in 1..=3 {
        let cache = plain.clone().project(&format!("p{search}"));
        save(&cache, DOCUMENTS).await;
        // One that no index takes, so that all are looked for.
        write(&cache, 5_000, r#"{"id":5000,"name":17,"age":5,"city":"x"}"#).await;
        let create = New::schema().create_index(cache.keyspace().unwrap()).unwrap();
        let dropping = dropping(&plain, &elsewhere, search, is_made_again.then_some(create));
        let dropping = dropping.project(&format!("p{search}"));
        let run = Migrator::new().register::<New>().run(&dropping).await;
        let migration = run.unwrap_or_else(|error| panic!("{search}: {}", chain(&error)));
        let index = &migration.indexes()[0];
        assert_eq!(index.missing, 1, "{search}");
        let found = New::find().allow_partial().count(&cache).await.unwrap();
        assert_eq!(found, u64::from(DOCUMENTS), "{search}: it is filled when the run has ended");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_vanishes_2() {
    runs_until_it_is_filled(Protocol::Resp2, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_vanishes_3() {
    runs_until_it_is_filled(Protocol::Resp3, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_somebody_makes_again_2() {
    runs_until_it_is_filled(Protocol::Resp2, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_somebody_makes_again_3() {
    runs_until_it_is_filled(Protocol::Resp3, true).await;
}

/// Before the call of one number the index is dropped, and before that of another one somebody makes it again, as a replica
/// does that was faster. The number of calls is counted.
fn dropped_between(cache: &Cache, numbers: (usize, usize), calls: &Arc<AtomicUsize>) -> Cache {
    let (drops, makes) = numbers;
    let keyspace = cache.keyspace().unwrap();
    let create = New::schema().create_index(keyspace).unwrap();
    let drop = Command::new("FT.DROPINDEX").arg(New::schema().index_name(keyspace));
    let (inner, calls) = (Arc::clone(cache.connection()), Arc::clone(calls));
    Cache::from_connection(Arc::new(Before::new(cache.connection(), move |_| {
        let number = calls.fetch_add(1, Ordering::SeqCst) + 1;
        let command = [(drops, &drop), (makes, &create)].into_iter().find(|(at, _)| *at == number);
        let (inner, command) = (Arc::clone(&inner), command.map(|(_, command)| command.clone()));
        Box::pin(async move {
            if let Some(command) = command {
                // It may not be there yet, or again by now.
                let _ = inner.send(command).await;
            }
        })
    })))
}

/// One run with one drop. `false`: it had fewer calls.
async fn ends_well(plain: &Cache, has_old: bool, numbers: (usize, usize)) -> bool {
    let (drops, makes) = numbers;
    let global = format!("between-{has_old}-{drops}-{makes}");
    let cache = plain.clone().project(&global);
    save(&cache, FEW).await;
    write(&cache, 5_000, r#"{"id":5000,"name":17,"age":5,"city":"x"}"#).await;
    if has_old {
        Migrator::new().register::<first::User>().run(&cache).await.unwrap_or_else(|error| panic!("{error}"));
    }
    let calls = Arc::default();
    let run = Migrator::new().register::<New>();
    let dropping = dropped_between(&cache, numbers, &calls).project(&global);
    let run = tokio::time::timeout(BOUND, run.run(&dropping)).await;
    let run = run.unwrap_or_else(|_| panic!("{has_old}, {numbers:?}: no end after {BOUND:?}"));
    let migration = run.unwrap_or_else(|error| panic!("{has_old}, {numbers:?}: {}", chain(&error)));
    let had = calls.load(Ordering::SeqCst) >= drops;
    // An index that is dropped at the very end is made again by whoever asks it.
    if calls.load(Ordering::SeqCst) >= makes {
        assert_eq!(migration.indexes()[0].missing, 1, "{has_old}, {numbers:?}");
    }
    let found = New::find().allow_partial().count(&cache).await;
    if let Ok(found) = found {
        assert!(found <= u64::from(FEW), "{has_old}, {numbers:?}: {found}");
    }
    had
}

/// Wherever an index is dropped, and wherever after that it is made again, nothing but what the server refuses is told to be
/// missing.
#[tokio::test(flavor = "multi_thread")]
async fn one_that_is_dropped_before_any_call_and_made_again_before_a_later_one() {
    let server = private_server().await;
    let plain = connect(&server.url(), Protocol::Resp3).await;
    for has_old in [false, true] {
        let mut reached = 0;
        for first in (1..).step_by(AT_ONCE) {
            let numbers = (first..first + AT_ONCE).flat_map(|n| GAPS.map(move |gap| (n, n + gap)));
            let runs = futures_util::stream::iter(numbers)
                .map(|numbers| ends_well(&plain, has_old, numbers))
                .buffered(AT_ONCE);
            let had: Vec<_> = runs.collect().await;
            reached += had.iter().filter(|had| **had).count();
            if had.contains(&false) {
                break;
            }
            // A run asks about every index of the server.
            plain.command(Command::new("FLUSHALL")).await.unwrap();
        }
        println!("{reached} runs with a drop");
        assert!(reached > 160, "{reached}");
    }
}
