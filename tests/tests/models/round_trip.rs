//! What was saved is what is read, and is found by its index: every type in every shape, over both protocols.

use cache_core::{Cache, CacheModel, Error, Filter, Indexed, Migrator, Model, Protocol};
use futures_util::{StreamExt, stream};
use libtest_mimic::{Failed, Trial};
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngSeed, TestRunner};

use crate::case::{Case, Meaning, SHAPES, Shape, Values};
use crate::sample::Sample;
use cache_tests::figures;

/// How many queries are under way at a time.
const AT_ONCE: usize = 16;

/// Of so many doubles, one may come back as its neighbour. See the README: it is one in four hundred.
const DOUBLES_A_LOSS: u64 = 150;

/// How many documents a type and protocol; override with `CACHE_TEST_DOCUMENTS`.
fn documents() -> u32 {
    std::env::var("CACHE_TEST_DOCUMENTS").ok().and_then(|count| count.parse().ok()).unwrap_or(60)
}

/// The cases of all types.
pub(crate) fn trials() -> Vec<Trial> {
    let trials = crate::types::trials();
    figures::add("shapes", SHAPES.len() as u64);
    figures::add("types", trials.len() as u64 / 2);
    trials
}

/// Adds a type's cases.
pub(crate) fn add<C: Case>(trials: &mut Vec<Trial>, name: &'static str) {
    for (protocol, word) in [(Protocol::Resp3, "resp3"), (Protocol::Resp2, "resp2")] {
        trials.push(Trial::test(format!("round_trip::{word}::{name}"), move || {
            let (sender, receiver) = std::sync::mpsc::channel();
            cache_tests::run(name, protocol, |cache| async move {
                let _ = sender.send(round_trip::<C>(&cache).await);
            });
            receiver.recv().map_err(|_| Failed::from("it ended without a result"))?
        }));
    }
}

async fn round_trip<C: Case>(cache: &Cache) -> Result<(), Failed> {
    Migrator::new().register::<C>().run(cache).await?;
    let saved = documents_of::<C>();
    let models = saved.iter().map(|(id, values)| C::new(*id, values.clone()));
    for result in C::save_many(cache, models.collect::<Vec<_>>()).await {
        if !result?.stored() {
            return Err("a document was not stored".into());
        }
    }
    let mut found = Findings::default();
    let read = read_back::<C>(cache, &saved, &mut found).await?;
    let questions = SHAPES.iter().flat_map(|shape| read.iter().map(move |document| (*shape, document)));
    let mut answers = stream::iter(questions)
        .map(|(shape, (id, values))| ask::<C>(cache, &read, shape, *id, values))
        .buffer_unordered(AT_ONCE);
    while let Some(mismatches) = answers.next().await {
        found.mismatches.extend(mismatches);
    }
    let cases = saved.len() * SHAPES.len();
    figures::add("cases", cases as u64);
    figures::add("doubles altered", found.altered);
    figures::add("mismatches", found.mismatches.len() as u64);
    if found.altered > found.values / DOUBLES_A_LOSS {
        return Err(format!("{} of {} values came back altered", found.altered, found.values).into());
    }
    match found.mismatches.first() {
        None => Ok(()),
        Some(first) => Err(format!("{} of {cases} mismatch; {first}", found.mismatches.len()).into()),
    }
}

type Document<C> = (u32, Values<<C as Case>::Value>);

/// The same ones in each run; `CACHE_TEST_SEED` makes others.
fn documents_of<C: Case>() -> Vec<Document<C>> {
    let seed = std::env::var("CACHE_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(11);
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(seed), ..Config::default() });
    let strategy = Values::<C::Value>::strategy();
    let mut make = || strategy.new_tree(&mut runner).map(|tree| tree.current());
    (0..documents()).filter_map(|id| Some((id, make().ok()?))).collect()
}

#[derive(Default)]
struct Findings {
    values: u64,
    altered: u64,
    mismatches: Vec<String>,
}

/// What is read of what was saved. A value that lost what the README says is lost is counted.
async fn read_back<C: Case>(
    cache: &Cache,
    saved: &[Document<C>],
    found: &mut Findings,
) -> Result<Vec<Document<C>>, Failed> {
    let mut read = Vec::new();
    let there = C::get_many(cache, saved.iter().map(|(id, _)| id)).await?;
    for ((id, values), document) in saved.iter().zip(there) {
        let Some(document) = document else {
            found.mismatches.push(format!("document {id} is not there: {values:?}"));
            continue;
        };
        let (number, back) = document.into_parts();
        for shape in SHAPES {
            let (before, after) = (values.of(shape), back.of(shape));
            found.values += before.len() as u64;
            let altered = before.iter().zip(&after).filter(|(before, after)| before != after);
            let near = altered.clone().all(|(before, after)| before.is_near(after));
            found.altered += altered.count() as u64;
            if number != *id || before.len() != after.len() || !near {
                found.mismatches.push(format!("{shape:?}: {before:?} came back as {after:?}"));
            }
        }
        read.push((*id, back));
    }
    Ok(read)
}

/// How many documents there are.
async fn count<M: Model + Indexed>(cache: &Cache, filter: Filter<M>) -> Result<u64, Error> {
    M::find().filter(filter).count(cache).await
}

/// Asks for one of a document's values in this shape, and says what is wrong with the answer.
async fn ask<C: Case>(
    cache: &Cache,
    all: &[Document<C>],
    shape: Shape,
    id: u32,
    values: &Values<C::Value>,
) -> Option<String> {
    let value = *values.of(shape).last()?;
    let filter = C::filter(shape, value)?;
    let wanted = |(id, other): &&Document<C>| match C::MEANING {
        Meaning::Equal => other.of(shape).contains(&value),
        Meaning::Accepts => filter.accepts(&C::new(*id, other.clone())).unwrap_or_default(),
    };
    let expected = all.iter().filter(wanted).count() as u64;
    let itself = count(cache, filter.clone() & C::numbered(id)).await;
    let together = count(cache, filter.clone()).await;
    match (itself, together) {
        (Ok(1), Ok(together)) if together == expected => None,
        (itself, together) => {
            Some(format!("{shape:?} {value:?}: itself {itself:?}, of {expected} found {together:?}"))
        }
    }
}
