//! How calls a second change with the number of documents and of callers: ours, and by hand with the redis crate.

use std::time::Duration;

use cache_core::embedded::Server;
use cache_core::{Cache, Migrator, RedisSettings};
use redis::ProtocolVersion;
use serde::Serialize;

use crate::by_redis::ByRedis;
use crate::connect::{self, LATE, by_hand};
use crate::corpus::{Corpus, Item, Size};
use crate::ours::Ours;
use crate::round::{Asked, Spread, calls_in, timed};
use crate::work::{Bulk, Outcome, Work};

const ASKED: [(Work, &str); 2] = [(Work::Get, "get"), (Work::Tag, "find")];

/// How many documents there are, one after another; all of them are small.
pub(crate) const DOCUMENTS: [u64; 7] = [1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000];

/// The first of these, for a quick look.
pub(crate) const FEW: [u64; 3] = [1_000, 3_000, 10_000];

const CALLERS: [u64; 11] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];

/// By how many callers documents of any number are asked for.
const MANY: u64 = 64;

/// How often each side has its turn at each point.
const ROUNDS: usize = 5;

/// Calls a second over something that grows.
#[derive(Debug, Serialize)]
pub(crate) struct Curve {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) x: &'static str,
    pub(crate) points: Vec<Point>,
}

#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Point {
    pub(crate) x: u64,
    pub(crate) ours: Spread,
    pub(crate) redis: Spread,
    /// Ours for each by hand, round by round.
    pub(crate) to_redis: Spread,
    /// Ours against ours: the noise.
    pub(crate) to_itself: Spread,
}

/// The numbers of documents with 64 callers; with the last of them, 1 to 1,024 callers.
pub(crate) async fn curves(numbers: &[u64], length: Duration) -> Outcome<Vec<Curve>> {
    let server = Server::options().tcp(true).start().await?;
    let settings = RedisSettings::new(server.url()).response_timeout(LATE);
    let cache = Cache::connect(settings).await?.project(Size::Small.project());
    Migrator::new().register::<Item>().run(&cache).await?;
    let connection = by_hand(&server.url(), ProtocolVersion::RESP2).await?;
    let sides = |documents| {
        let corpus = Corpus::new(Size::Small, documents);
        let ours = Ours { cache: cache.clone(), corpus: corpus.clone() };
        (ours, ByRedis { connection: connection.clone(), corpus, bulk: Bulk::Each })
    };

    let mut curves: Vec<_> =
        ASKED.map(|(_, name)| curve(name, "documents", &format!("{MANY} callers"))).into_iter().collect();
    let mut there = 0;
    for documents in numbers.iter().copied() {
        connect::save(&cache, Size::Small, there, documents).await?;
        there = documents;
        let sides = sides(documents);
        for ((work, _), curve) in ASKED.into_iter().zip(&mut curves) {
            curve.points.push(point(&sides, work, MANY, documents, length).await?);
        }
    }
    let sides = sides(there);
    for (work, name) in ASKED {
        let mut by_callers = curve(name, "callers", &format!("{there} documents"));
        for callers in CALLERS {
            by_callers.points.push(point(&sides, work, callers, callers, length).await?);
        }
        curves.push(by_callers);
    }
    Ok(curves)
}

fn curve(name: &str, x: &'static str, at: &str) -> Curve {
    let title = format!("{name}, documents of {}, {at}", Size::Small.name());
    Curve { name: format!("{name}-{x}"), title, x, points: Vec::new() }
}

/// Both sides in turns, ours twice.
async fn point(
    (ours, hand): &(Ours, ByRedis),
    work: Work,
    callers: u64,
    x: u64,
    length: Duration,
) -> Outcome<Point> {
    let expected = work.expected(&ours.corpus);
    let (calls, _) = calls_in(ours, work, expected, callers, length).await?;
    let asked = Asked { work, expected, callers, calls };
    timed(hand, Asked { calls: callers.max(calls / 4), ..asked }, 0).await?;
    let (mut us, mut theirs) = (Vec::new(), Vec::new());
    let (mut to_redis, mut to_itself) = (Vec::new(), Vec::new());
    for round in 0..ROUNDS {
        let mut took = [0.0; 3];
        // Who comes first changes.
        for turn in 0..3 {
            let (first, side) = (round as u64 * calls, (turn + round) % 3);
            took[side] = match side {
                0 | 2 => timed(ours, asked, first).await?,
                _ => timed(hand, asked, first).await?,
            };
        }
        let [one, by_hand, other] = took;
        let mean = (one + other) / 2.0;
        us.push(calls as f64 / mean);
        theirs.push(calls as f64 / by_hand);
        to_redis.push(by_hand / mean);
        to_itself.push(one / other);
    }
    let spread = |values| Spread::of(values).ok_or("no round");
    Ok(Point {
        x,
        ours: spread(us)?,
        redis: spread(theirs)?,
        to_redis: spread(to_redis)?,
        to_itself: spread(to_itself)?,
    })
}
