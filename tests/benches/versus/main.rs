//! The same work by this library, by the `redis` crate and by `fred` by hand, and by redis-om in Python: one server, one run.
//!
//! `cargo bench -p cache-tests --bench versus`; behind `--`, `--quick` ends within five minutes, with fewer documents and
//! rounds, and a word measures only the calls whose names have it. The server is a private one; redis-om comes from PyPI. Each round
//! has all sides in turns, and ours twice, so that the noise is seen; a ratio is that of one round. Writes `versus.json` and
//! `versus.svg` into the target directory. `--instructions` counts those of ours and by hand, with valgrind.

// A file imports from those before it: corpus, work, ours, by_redis, by_fred, redis_om, limit, round, cell, migrate, scale,
// instructions, report, plot.

mod by_fred;
mod by_redis;
mod cell;
mod corpus;
mod instructions;
mod limit;
mod migrate;
mod ours;
mod plot;
mod redis_om;
mod report;
mod round;
mod scale;
mod work;

use std::env;
use std::time::Duration;

use cache_core::embedded::Server;
use cache_core::{Cache, CacheModel, Migrator, RedisSettings};
use fred::interfaces::ClientLike;
use redis::aio::MultiplexedConnection;

use by_fred::ByFred;
use by_redis::ByRedis;
use cell::{Effort, Sides};
use corpus::{Corpus, Item, Size, item};
use instructions::Cost;
use ours::Ours;
use redis_om::RedisOm;
use report::Report;
use work::{Outcome, Work};

const QUICK: Effort =
    Effort { documents: 2_000, migrated: 20_000, rounds: 6, length: Duration::from_millis(60) };
const FULL: Effort =
    Effort { documents: 20_000, migrated: 200_000, rounds: 15, length: Duration::from_millis(200) };

/// The most documents of the curves.
const MOST: u64 = 1_000_000;

/// How long an answer may take.
const LATE: Duration = Duration::from_secs(60);

async fn sides(server: &Server, corpus: Corpus) -> Outcome<Sides> {
    let url = server.url();
    let settings = RedisSettings::new(&url).response_timeout(LATE);
    let cache = Cache::connect(settings).await?.project(corpus.size.project());
    fill(&cache, &corpus).await?;
    let connection = by_hand(&url).await?;
    let client = fred::types::Builder::from_config(fred::types::config::Config::from_url(&url)?).build()?;
    client.init().await?;
    let redis_om = RedisOm::start(&url, &corpus).await?;
    Ok(Sides {
        ours: Ours { cache, corpus: corpus.clone() },
        redis: ByRedis { connection, corpus: corpus.clone() },
        fred: ByFred { client, corpus },
        redis_om: Some(redis_om),
        port: server.port().ok_or("no port")?,
    })
}

/// Makes the index and saves all documents.
async fn fill(cache: &Cache, corpus: &Corpus) -> Outcome<()> {
    Migrator::new().register::<Item>().run(cache).await?;
    for first in (0..corpus.documents).step_by(500) {
        let some: Vec<_> =
            (first..corpus.documents.min(first + 500)).map(|id| item(corpus.size, id)).collect();
        for saved in Item::save_many(cache, &some).await {
            let _ = saved?;
        }
    }
    Ok(())
}

async fn by_hand(url: &str) -> Outcome<MultiplexedConnection> {
    let config = redis::AsyncConnectionConfig::new().set_response_timeout(Some(LATE));
    Ok(redis::Client::open(url)?.get_multiplexed_async_connection_with_config(&config).await?)
}

fn asked(only: Option<&str>) -> Vec<Work> {
    Work::ALL.into_iter().filter(|work| only.is_none_or(|only| work.name().contains(only))).collect()
}

async fn count(only: Option<&str>) -> Outcome<()> {
    println!("{:<18} {:>10} {:>10} {:>10}", "instructions", "ours", "by hand", "beyond");
    let beyond = |cost: &Cost| cost.ours as i64 - cost.redis as i64;
    instructions::count(&asked(only), |cost| {
        println!("{:<18} {:>10} {:>10} {:>10}", cost.work.name(), cost.ours, cost.redis, beyond(cost));
    })
    .await
}

async fn measure(quick: bool, only: Option<&str>) -> Outcome<()> {
    let effort = if quick { QUICK } else { FULL };
    let asked = asked(only);
    let server = Server::options().tcp(true).start().await?;
    let mut report = Report {
        machine: report::machine(),
        server: String::new(),
        effort,
        cells: Vec::new(),
        migrated: None,
        curves: Vec::new(),
        waiting: None,
    };
    for size in Size::BOTH {
        if asked.is_empty() {
            break;
        }
        let mut sides = sides(&server, Corpus::new(size, effort.documents)).await?;
        if report.cells.is_empty() {
            let capabilities = sides.ours.cache.capabilities();
            report.server = capabilities.server.clone();
            println!("{}; Redis {}, shared by server and clients", report.machine, report.server);
            report::head();
        }
        for work in &asked {
            for callers in [1, cell::many(*work, size)] {
                let cell = cell::measure(&mut sides, *work, size, callers, effort).await?;
                report::row(&cell);
                report.cells.push(cell);
            }
        }
    }
    if only.is_none_or(|only| "migrate".contains(only)) {
        let filled = migrate::measure(effort.migrated).await?;
        println!(
            "migrate {} documents{}: {:.2} s, {:.2} [{:.2}, {:.2}] times as fast as by hand",
            filled.documents,
            if quick { " (fewer, since this is quick)" } else { "" },
            filled.seconds.median,
            filled.to_hand.median,
            filled.to_hand.low,
            filled.to_hand.high
        );
        report.migrated = Some(filled);
    }
    if !quick && only.is_none_or(|only| "scale".contains(only)) {
        report.curves = scale::curves(MOST, effort.length).await?;
        let (ours, redis) = scale::waiting().await?;
        println!("a get that waits needs {ours} bytes, by hand with the redis crate {redis}");
        report.waiting = Some((ours, redis));
    }
    report.write()?;
    plot::draw(&report)?;
    println!("figures: {}", report.figures());
    Ok(())
}

/// What stands behind an option.
fn option(name: &str) -> Option<String> {
    env::args().skip_while(|argument| argument != name).nth(1)
}

fn main() -> Outcome<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    if let (Some(side), Some(url), Some(pid)) = (option("--waiting"), option("--url"), option("--pid")) {
        println!("{}", runtime.block_on(scale::wait(&side, &url, pid.parse()?))?);
        return Ok(());
    }
    if let (Some(side), Some(work), Some(url), Some(calls)) =
        (option("--side"), option("--work"), option("--url"), option("--calls"))
    {
        // All on one thread: what another one does while it waits would count.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        return runtime.block_on(instructions::make(&side, &work, &url, calls.parse()?));
    }
    let has = |option: &str| env::args().any(|argument| argument == option);
    let only = env::args().skip(1).find(|argument| !argument.starts_with("--"));
    if has("--instructions") {
        return runtime.block_on(count(only.as_deref()));
    }
    runtime.block_on(measure(has("--quick"), only.as_deref()))
}
