//! Plans on a real server: one schema is there and another comes. Each plan is the one that is written down, and when it
//! was carried out nothing is left to do.

use cache_core::{Cache, Command, Difference, IndexInfo, Migrator, Schema, Strategy};
use futures_util::future::join_all;

use crate::case::{Found, Profile};
use crate::place::Place;
use crate::system::fixed_name;

/// The pairs of the tests of plans that ask no server, and how their plans are printed.
#[path = "../../../cache-core/src/migrate/plan/golden/changes.rs"]
mod changes;
const GOLDEN: &str = include_str!("../../../cache-core/src/migrate/plan/golden/plans.txt");

/// How many are on the server at once: each look is at all indexes of it.
const TOGETHER: usize = 6;

/// A schema that is active, and one that comes.
#[derive(Clone, Copy)]
pub(crate) struct Pair {
    pub(crate) name: &'static str,
    pub(crate) old: &'static Schema,
    pub(crate) new: &'static Schema,
}

impl Pair {
    /// Whether the server tells one from the other, if they are two.
    pub(crate) fn is_told(&self) -> bool {
        let untold =
            ["PHONETIC, which", "EF_RUNTIME, which"].iter().any(|start| self.name.starts_with(start));
        self.old.fingerprint() != self.new.fingerprint() && !untold
    }
}

pub(crate) fn pairs() -> Vec<Pair> {
    let leaked = |schema| -> &'static Schema { Box::leak(Box::new(schema)) };
    let pair = |(name, old, new)| Pair { name, old: leaked(old), new: leaked(new) };
    changes::all().into_iter().map(pair).collect()
}

/// The plan as it is written down, without what a new index is guessed to take: there are no documents here.
fn written(name: &str) -> String {
    let start = format!("# {name}\n");
    let written = GOLDEN.split("\n\n").find_map(|plan| plan.strip_prefix(&start));
    unmeasured(written.unwrap_or_else(|| panic!("no plan is written down for {name}")))
}

fn unmeasured(plan: &str) -> String {
    let line = |line: &str| line.split(": about ").next().unwrap_or_default().to_owned();
    plan.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn migrator(schema: &'static Schema, strategy: Strategy) -> Migrator {
    Migrator::new().register_schema(schema).strategy(strategy)
}

async fn look(cache: &Cache, name: &str) -> Option<IndexInfo> {
    let info = cache.command(Command::new("FT.INFO").arg(name)).await.ok()?;
    IndexInfo::decode(info).ok()
}

/// The judge: where nothing is said to be left, the index that this release asks is the one of its schema.
async fn left(cache: &Cache, index: &str, schema: &Schema, says_left: usize) -> Vec<String> {
    let keyspace = cache.keyspace().unwrap_or_else(|error| panic!("{error}"));
    let Some(look) = look(cache, index).await else { return vec![format!("{index} is not there")] };
    let mut differences = schema.definition(keyspace).differences(&look.definition);
    // Extended in place, it has the same fields in another order, which no query tells.
    differences.retain(|difference| *difference != Difference::Reordered);
    let mut wrong = Vec::new();
    if says_left > 0 {
        wrong.push(format!("{says_left} steps are left"));
    } else if !differences.is_empty() {
        wrong.push(format!("nothing is said to be left, and {differences:?}"));
    }
    wrong
}

/// What is wrong with one pair.
async fn carried_out(cache: &Cache, pair: Pair, strategy: Strategy) -> Vec<String> {
    let keyspace = cache.keyspace().unwrap_or_else(|error| panic!("{error}"));
    let failed = |error: cache_core::MigrateError| vec![cache_tests::chain(&error)];
    if let Err(error) = migrator(pair.old, Strategy::Rebuild).run(cache).await {
        return failed(error);
    }
    let new = migrator(pair.new, strategy);
    let how = if strategy == Strategy::Rebuild { "beside" } else { "in place" };
    let written = written(&format!("{}, {how}", pair.name));
    let mut wrong = Vec::new();
    match new.plan(cache).await {
        Ok(plans) => {
            let mut shown = unmeasured(&plans.iter().map(ToString::to_string).collect::<String>());
            for (schema, name) in [(pair.new, "NEW"), (pair.old, "OLD")] {
                shown = shown.replace(&schema.index_name(keyspace), name);
                shown = shown.replace(&schema.fingerprint().to_string(), name);
            }
            shown = shown.replace(keyspace.global(), "cache");
            if shown != written {
                wrong.push(format!("{how}, the plan is\n{shown}\nand not\n{written}"));
            }
        }
        Err(error) => return failed(error),
    }
    if let Err(error) = new.run(cache).await {
        return failed(error);
    }
    match new.plan(cache).await {
        Ok(plans) => {
            let steps = plans.iter().map(|plan| plan.steps.len()).sum();
            wrong.extend(left(cache, &pair.new.index_name(keyspace), pair.new, steps).await);
        }
        Err(error) => return failed(error),
    }
    wrong
}

/// Judges all pairs, some at once.
async fn judged(
    jobs: &[(Pair, Strategy)],
    judge: impl AsyncFn(&Cache, Pair, Strategy) -> Vec<String>,
) -> Found {
    let server = cache_tests::private_server().await;
    let mut found = Found::default();
    for jobs in jobs.chunks(TOGETHER) {
        let mut places = Vec::with_capacity(jobs.len());
        for _ in jobs {
            places.push(Place::new(&server).await);
        }
        let judged =
            jobs.iter().zip(&places).map(|((pair, strategy), place)| judge(&place.cache, *pair, *strategy));
        for (wrong, (pair, _)) in join_all(judged).await.into_iter().zip(jobs) {
            (found.runs, found.judged) = (found.runs + 1, found.judged + 1);
            found.violations += wrong.len() as u64;
            if found.violations < 8 {
                wrong.iter().for_each(|wrong| println!("  {}: {wrong}", pair.name));
            }
        }
        if let Some(place) = places.first() {
            place.say(&["FLUSHALL"]).await;
        }
    }
    found
}

pub(crate) async fn ours(_: Profile) -> Found {
    let both = |pair| [Strategy::Rebuild, Strategy::InPlaceAdditive].map(|strategy| (pair, strategy));
    let jobs: Vec<_> = pairs().into_iter().flat_map(both).collect();
    assert!(pairs().len() >= 60, "{} pairs", pairs().len());
    judged(&jobs, carried_out).await
}

/// The rules of redis-om: the index is as it should be if it is there and the text of the schema is beside it. So it is when
/// an older release made its index again after a newer one had written its text.
pub(crate) async fn control(_: Profile) -> Found {
    let jobs: Vec<_> =
        pairs().into_iter().filter(Pair::is_told).map(|pair| (pair, Strategy::Rebuild)).collect();
    judged(&jobs, async |cache, pair, _| {
        let keyspace = cache.keyspace().unwrap_or_else(|error| panic!("{error}"));
        let create = |schema: &Schema| {
            let made = schema.create_index(keyspace).unwrap_or_else(|| panic!("no index"));
            Command::new("FT.CREATE")
                .arg(fixed_name(cache))
                .args_from(made.args().skip(2).map(<[u8]>::to_vec))
        };
        let text = |command: &Command| -> Vec<u8> { command.args().collect::<Vec<_>>().join(&b' ') };
        let hash = format!("{}:hash", fixed_name(cache));
        let made = cache.command(create(pair.old)).await.map(drop);
        let wrote =
            cache.command(Command::new("SET").key(&hash).arg(text(&create(pair.new)))).await.map(drop);
        if let Err(error) = made.and(wrote) {
            panic!("{}: {}", pair.name, cache_tests::chain(&error));
        }
        let stored = cache.command(Command::new("GET").key(&hash)).await.unwrap_or(cache_core::Reply::Nil);
        let says_left = usize::from(stored.as_bytes() != Some(text(&create(pair.new)).as_slice()));
        left(cache, &fixed_name(cache), pair.new, says_left).await
    })
    .await
}
