//! One meaning for a filter: random trees over random documents, decided by the server and by `accepts`, alike.

use std::collections::BTreeSet;

use cache_core::{Cache, CacheModel, Command, Error, IndexSchema, Migrator, Shortfall};
use cache_tests::figures;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::Value;

use crate::document::{Doc, doc};
use crate::leaves::tree;

/// How many trees a protocol; override with `CACHE_TEST_TREES`.
fn trees() -> usize {
    std::env::var("CACHE_TEST_TREES").ok().and_then(|count| count.parse().ok()).unwrap_or(5_000)
}

pub(crate) async fn the_server_and_accepts_agree(cache: Cache) {
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(7), ..Config::default() });
    Migrator::new().register::<Doc>().run(&cache).await.unwrap();
    let docs: Vec<Doc> =
        (0..300).map(|id| Doc { id, ..doc().new_tree(&mut runner).unwrap().current() }).collect();
    for saved in Doc::save_many(&cache, docs.clone()).await {
        assert!(saved.unwrap().stored());
    }
    // As they are stored: read once, decided on many times.
    let mut stored: Vec<Value> = Vec::new();
    for doc in &docs {
        let mut key = Vec::new();
        Doc::schema().write_key(cache.keyspace().unwrap(), &mut key, &[&doc.id]).unwrap();
        let json = cache.command(Command::new("JSON.GET").key(&key)).await.unwrap();
        stored.push(serde_json::from_slice(json.as_bytes().unwrap()).unwrap());
    }
    let (mut asked, mut refused, mut incomplete, mut differences) = (0, 0, 0, Vec::new());
    while asked < trees() {
        let filter = tree().new_tree(&mut runner).unwrap().current();
        let accepted: Result<BTreeSet<u32>, _> = (0..)
            .zip(&stored)
            .filter_map(|(id, doc)| {
                filter.accepts_json(doc).map(|accepted| accepted.then_some(id)).transpose()
            })
            .collect();
        let query = Doc::find().filter(filter.clone());
        let Ok(accepted) = accepted else {
            assert!(query.ids(&cache).await.is_err(), "{filter:?}");
            refused += 1;
            continue;
        };
        asked += 1;
        let found: BTreeSet<u32> = match query.ids(&cache).await {
            Ok(found) => found.into_iter().collect(),
            Err(Error::Incomplete { completeness, .. })
                if completeness.shortfalls() == [Shortfall::ExpansionCap] =>
            {
                incomplete += 1;
                continue;
            }
            Err(error) => panic!("{query:?} {filter:?}: {}", cache_tests::chain(&error)),
        };
        if found != accepted {
            let differ: Vec<_> =
                found.symmetric_difference(&accepted).map(|id| &docs[*id as usize]).take(2).collect();
            differences.push(format!("{query:?} {filter:?}\n  {differ:?}"));
        }
    }
    figures::add("trees", asked as u64);
    figures::add("trees refused by both", refused);
    figures::add("trees incomplete", incomplete);
    figures::add("differences", differences.len() as u64);
    assert!(
        differences.is_empty(),
        "{} of {asked}:\n{}",
        differences.len(),
        differences[..differences.len().min(5)].join("\n")
    );
}
