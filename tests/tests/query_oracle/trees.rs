//! One meaning for a filter: random trees over random documents, decided by the server and by `accepts`, alike.

use std::collections::BTreeSet;

use cache_core::{Cache, CacheModel, Command, Error, IndexSchema, Migrator, Shortfall};
use cache_tests::figures;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde_json::Value;

use crate::asked::Asked;
use crate::document::{Doc, doc};
use crate::leaves::{self, expanded, tree};
use crate::pool::Pool;
use crate::terms::{self, Terms};
use crate::wide;

/// Into how many terms the server expands a part of a value (`MAXPREFIXEXPANSIONS`).
const EXPANDED: usize = 200;

/// How many trees a protocol, a quarter of them over the corpus of many values; override with `CACHE_TEST_TREES`.
fn trees() -> usize {
    std::env::var("CACHE_TEST_TREES").ok().and_then(|count| count.parse().ok()).unwrap_or(5_200)
}

fn runner(seed: u64) -> TestRunner {
    TestRunner::new(Config { rng_seed: RngSeed::Fixed(seed), ..Config::default() })
}

/// What was asked, and what came of it.
#[derive(Default)]
struct Tally {
    asked: usize,
    refused: usize,
    cut: usize,
    /// The operators of those that were one cut part of a value and nothing else.
    operators: BTreeSet<String>,
    differences: Vec<String>,
}

pub(crate) async fn trees_over_few_values(cache: Cache, seed: u64) {
    let (pool, mut runner) = (Pool::dense(), runner(seed));
    let documents = doc(&pool);
    let docs: Vec<Doc> =
        (0..300).map(|id| Doc { id, ..documents.new_tree(&mut runner).unwrap().current() }).collect();
    let tally = agree(&cache, &docs, &tree(&pool), &mut runner, trees() - trees() / 4, Vec::new()).await;
    tally.count();
    assert_eq!(tally.cut, 0, "no part of a value is in as many terms");
}

pub(crate) async fn trees_over_many_values(cache: Cache, seed: u64) {
    let (pool, mut runner) = (Pool::wide(), runner(seed));
    let docs = wide::documents(&pool, &mut runner);
    let asked = prop_oneof![4 => tree(&pool), 1 => expanded(&pool)].boxed();
    let tally = agree(&cache, &docs, &asked, &mut runner, trees() / 4, leaves::cut()).await;
    tally.count();
    assert!(tally.cut > 0, "no tree was cut");
    for Asked { expansions, .. } in leaves::cut() {
        let name = expansions[0].name();
        assert!(tally.operators.contains(&name), "{name} was not cut");
    }
}

impl Tally {
    fn count(&self) {
        figures::add("trees", self.asked as u64);
        figures::add("trees refused by both", self.refused as u64);
        figures::add("trees cut", self.cut as u64);
        figures::add("differences", self.differences.len() as u64);
        assert!(
            self.differences.is_empty(),
            "{} of {}:\n{}",
            self.differences.len(),
            self.asked,
            self.differences[..self.differences.len().min(5)].join("\n")
        );
    }

    /// An answer that says that the server did not expand a part of a value to its end.
    async fn take_cut(&mut self, cache: &Cache, asked: &Asked, accepted: &BTreeSet<u32>, terms: &mut Terms) {
        self.cut += 1;
        let (expansions, shown) = (&asked.expansions, format!("{:?}", asked.filter));
        // RediSearch 2 says so of as many as it expands, too.
        let capped: Vec<_> =
            expansions.iter().filter(|expansion| terms.with(expansion) >= EXPANDED).collect();
        if capped.is_empty() {
            let counted: Vec<_> = expansions.iter().map(|expansion| terms.with(expansion)).collect();
            self.differences.push(format!("{shown} was not cut: its parts are in {counted:?} terms"));
        }
        if let [alone] = &expansions[..] {
            self.operators.insert(alone.name());
        }
        let partial = Doc::find().filter(asked.filter.clone()).allow_partial().ids(cache).await.unwrap();
        assert!(partial.completeness().shortfalls() == [Shortfall::ExpansionCap], "{shown}");
        let found: BTreeSet<u32> = partial.into_iter().collect();
        // What is cut lacks documents; behind a negation it lets others through.
        if capped.iter().all(|expansion| !expansion.negated) && !found.is_subset(accepted) {
            self.differences.push(format!("{shown} was cut and found {:?}", &found - accepted));
        }
        if capped.iter().all(|expansion| expansion.negated) && !found.is_superset(accepted) {
            self.differences.push(format!("{shown} was cut and lost {:?}", accepted - &found));
        }
    }
}

/// Asks `count` trees, these first.
async fn agree(
    cache: &Cache,
    docs: &[Doc],
    trees: &BoxedStrategy<Asked>,
    runner: &mut TestRunner,
    count: usize,
    first: Vec<Asked>,
) -> Tally {
    Migrator::new().register::<Doc>().run(cache).await.unwrap();
    for saved in Doc::save_many(cache, docs).await {
        assert!(saved.unwrap().stored());
    }
    // As they are stored: read once, decided on many times.
    let mut stored: Vec<Value> = Vec::new();
    for doc in docs {
        let mut key = Vec::new();
        Doc::schema().write_key(cache.keyspace().unwrap(), &mut key, &[&doc.id]).unwrap();
        let json = cache.command(Command::new("JSON.GET").key(&key)).await.unwrap();
        stored.push(serde_json::from_slice(json.as_bytes().unwrap()).unwrap());
    }
    if docs.len() >= wide::DOCUMENTS {
        let few: Vec<_> = terms::values(&stored).into_iter().filter(|(_, values)| *values <= 1_000).collect();
        assert!(few.is_empty(), "fields with few values: {few:?}");
    }
    let (mut tally, mut terms) = (Tally::default(), Terms::new(&stored));
    let mut first = first.into_iter();
    while tally.asked < count {
        let asked = first.next().unwrap_or_else(|| trees.new_tree(runner).unwrap().current());
        let filter = &asked.filter;
        let accepted: Result<BTreeSet<u32>, _> = (0..)
            .zip(&stored)
            .filter_map(|(id, doc)| {
                filter.accepts_json(doc).map(|accepted| accepted.then_some(id)).transpose()
            })
            .collect();
        let query = Doc::find().filter(filter.clone());
        let Ok(accepted) = accepted else {
            assert!(query.ids(cache).await.is_err(), "{filter:?}");
            tally.refused += 1;
            continue;
        };
        tally.asked += 1;
        let found: BTreeSet<u32> = match query.ids(cache).await {
            Ok(found) => found.into_iter().collect(),
            Err(Error::Incomplete { completeness, .. })
                if completeness.shortfalls() == [Shortfall::ExpansionCap] =>
            {
                tally.take_cut(cache, &asked, &accepted, &mut terms).await;
                continue;
            }
            Err(error) => panic!("{query:?} {filter:?}: {}", cache_tests::chain(&error)),
        };
        if found != accepted {
            let differ: Vec<_> =
                found.symmetric_difference(&accepted).map(|id| &docs[*id as usize]).take(2).collect();
            tally.differences.push(format!("{query:?} {filter:?}\n  {differ:?}"));
        }
    }
    tally
}
