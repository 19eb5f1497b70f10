//! The same work by this library, by the `redis` crate and by `fred` by hand, and by redis-om in Python: one server, one run.
//!
//! `cargo bench -p cache-tests --bench versus`; behind `--`, `--quick` ends within five minutes, with fewer documents and
//! rounds, and a word measures only the calls whose names have it. The server is a private one; redis-om comes from PyPI. Each round
//! has all sides in turns, and ours twice, so that the noise is seen; a ratio is that of one round. Writes `versus.json`, `versus.md` and
//! `versus.svg` into the target directory. `--instructions` counts those of ours and by hand, with valgrind.

// A file imports from those before it: corpus, work, ours, answers, connect, by_redis, by_fred, redis_om, replies, limit, round, cell,
// targets, migrate, waiting, scale, instructions, report, markdown, plot.

mod answers;
mod by_fred;
mod by_redis;
mod cell;
mod connect;
mod corpus;
mod instructions;
mod limit;
mod markdown;
mod migrate;
mod ours;
mod plot;
mod redis_om;
mod replies;
mod report;
mod round;
mod scale;
mod targets;
mod waiting;
mod work;

use std::env;
use std::time::{Duration, Instant};

use cache_core::embedded::Server;
use cache_core::{Cache, RedisSettings};
use redis::ProtocolVersion;

use by_fred::ByFred;
use by_redis::ByRedis;
use cell::{Effort, Sides};
use connect::{LATE, by_hand, fill};
use corpus::{Corpus, Size};
use instructions::{By, Cost, Counter, option};
use ours::Ours;
use redis_om::RedisOm;
use report::Report;
use work::{Bulk, Outcome, Work};

const QUICK: Effort = Effort {
    documents: 2_000,
    migrated: 20_000,
    rounds: 7,
    length: Duration::from_millis(60),
    patient: false,
};
const FULL: Effort = Effort {
    documents: 20_000,
    migrated: 200_000,
    rounds: 15,
    length: Duration::from_millis(200),
    patient: true,
};

/// How often instructions are counted: twice, so that what is left to chance is seen.
const TRIES: usize = 2;

/// All sides, and how many bytes a document has.
async fn sides(server: &Server, corpus: Corpus) -> Outcome<(Sides, usize)> {
    let url = server.url();
    let settings = RedisSettings::new(&url).response_timeout(LATE);
    let cache = Cache::connect(settings).await?.project(corpus.size.project());
    let bytes = fill(&cache, &corpus).await?;
    let connection = by_hand(&url, ProtocolVersion::RESP2).await?;
    let resp3 = by_hand(&url, ProtocolVersion::RESP3).await?;
    let sides = Sides {
        ours: Ours { cache, corpus: corpus.clone() },
        redis: ByRedis { connection, corpus: corpus.clone(), bulk: Bulk::Each },
        redis_resp3: ByRedis { connection: resp3, corpus: corpus.clone(), bulk: Bulk::Each },
        fred: ByFred::connect(&url, corpus.clone()).await?,
        redis_om: RedisOm::start(&url, &corpus).await?,
        port: server.port().ok_or("no port")?,
    };
    Ok((sides, bytes))
}

fn asked(only: Option<&str>) -> Vec<Work> {
    Work::ALL.into_iter().filter(|work| only.is_none_or(|only| work.name().contains(only))).collect()
}

/// Ours speaks RESP3, in which an answer of a search has more to read: what is ours beyond the raw client is told of each protocol.
async fn count(only: Option<&str>) -> Outcome<()> {
    println!(
        "{:<18} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}",
        "instructions", "ours", "by hand", "beyond", "in RESP3", "beyond", "apart"
    );
    let counter = Counter::start(TRIES).await?;
    for work in asked(only) {
        let ours = counter.per_call(By::Us, work).await?;
        let hand = counter.per_call(By::Hand, work).await?;
        let hand3 = counter.per_call(By::Hand3, work).await?;
        let beyond = |hand: &Cost| ours.instructions as i64 - hand.instructions as i64;
        println!(
            "{:<18} {:>10} {:>10} {:>10} {:>10} {:>10} {:>10}",
            work.name(),
            ours.instructions,
            hand.instructions,
            beyond(&hand),
            hand3.instructions,
            beyond(&hand3),
            ours.apart.max(hand.apart).max(hand3.apart),
        );
    }
    Ok(())
}

async fn measure(quick: bool, only: Option<&str>) -> Outcome<()> {
    let began = Instant::now();
    let effort = if quick { QUICK } else { FULL };
    let asked = asked(only);
    let server = Server::options().tcp(true).start().await?;
    let mut report = Report { machine: report::machine(), effort, ..Report::default() };
    for size in Size::BOTH {
        if asked.is_empty() {
            break;
        }
        let (mut sides, bytes) = sides(&server, Corpus::new(size, effort.documents)).await?;
        report.bytes.push(bytes);
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
                report.targets.extend(cell.targets());
                report.cells.push(cell);
            }
        }
    }
    report.write()?;
    // What they hold would take memory from what follows.
    drop(server);
    if only.is_none_or(|only| "migrate".contains(only)) {
        let filled = migrate::measure(effort.migrated).await?;
        report::filled(&filled);
        report.migrated = Some(filled);
        report.write()?;
    }
    // The curves are long: a quick run has few points, and these only where it is asked for them.
    if only.map_or(!quick, |only| "scale".contains(only)) {
        let numbers: &[u64] = if quick { &scale::FEW } else { &scale::DOCUMENTS };
        report.curves = scale::curves(numbers, effort.length).await?;
        report::curves(&report.curves);
        report.write()?;
        let waiting = waiting::measure().await?;
        println!("memory of a get that waits: {} bytes, by hand {}", waiting.ours, waiting.redis);
        report.waiting = Some(waiting);
    }
    report.seconds = began.elapsed().as_secs();
    println!("{}\n{}", report.write()?.display(), markdown::write(&report)?.display());
    plot::draw(&report)?;
    println!("figures: {}", report.figures());
    Ok(())
}

fn main() -> Outcome<()> {
    if let Some(done) = instructions::counted() {
        return done;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    if let (Some(side), Some(url), Some(pid)) = (option("--waiting"), option("--url"), option("--pid")) {
        println!("{}", runtime.block_on(waiting::wait(&side, &url, pid.parse()?))?);
        return Ok(());
    }
    let has = |option: &str| env::args().any(|argument| argument == option);
    let only = env::args().skip(1).find(|argument| !argument.starts_with("--"));
    if has("--instructions") {
        return runtime.block_on(count(only.as_deref()));
    }
    runtime.block_on(measure(has("--quick"), only.as_deref()))
}
