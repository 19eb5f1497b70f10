//! One kind of call at one size of documents, by one or many at once, on all sides in turns.

use std::time::Duration;

use serde::Serialize;

use crate::by_fred::ByFred;
use crate::by_redis::ByRedis;
use crate::corpus::Size;
use crate::limit::Limit;
use crate::ours::Ours;
use crate::redis_om::{self, RedisOm};
use crate::round::{Asked, Spread, calls_in, timed};
use crate::work::{Outcome, Work};

/// How often the slow ones are asked: in each third round.
const SELDOM: usize = 3;

/// How many rounds calls get that take long.
const FEWER: usize = 3;

/// The sides at one size of documents.
pub(crate) struct Sides {
    pub(crate) ours: Ours,
    pub(crate) redis: ByRedis,
    pub(crate) fred: ByFred,
    pub(crate) redis_om: Option<RedisOm>,
    pub(crate) port: u16,
}

/// How much is measured.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub(crate) struct Effort {
    pub(crate) documents: u64,
    pub(crate) migrated: u64,
    pub(crate) rounds: usize,
    /// How long one side works in a round.
    pub(crate) length: Duration,
}

/// What was measured. A ratio is that of calls in the same time: above one, ours did more.
#[derive(Debug, Serialize)]
pub(crate) struct Cell {
    pub(crate) work: &'static str,
    pub(crate) size: &'static str,
    pub(crate) callers: u64,
    pub(crate) calls_in_a_round: u64,
    /// Microseconds of the clock for each of our calls.
    pub(crate) micros: Spread,
    /// Ours against ours: the noise.
    pub(crate) to_itself: Spread,
    pub(crate) to_redis: Spread,
    pub(crate) to_fred: Spread,
    pub(crate) to_redis_om: Option<Spread>,
    /// Calls of ours for each that the server alone can do.
    pub(crate) to_limit: Option<Spread>,
}

/// How many ask at once where many do: of bulk calls fewer, so that the answers fit into memory.
pub(crate) fn many(work: Work, size: Size) -> u64 {
    match (work.is_bulk(), size) {
        (false, _) => 64,
        (true, Size::Small) => 8,
        (true, Size::Large) => 2,
    }
}

pub(crate) async fn measure(
    sides: &mut Sides,
    work: Work,
    size: Size,
    callers: u64,
    effort: Effort,
) -> Outcome<Cell> {
    let expected = work.expected(&sides.ours.corpus);
    let (calls, took) = calls_in(&sides.ours, work, expected, callers, effort.length).await?;
    // What takes long is less noisy.
    let rounds = if took > 3.0 * effort.length.as_secs_f64() { FEWER } else { effort.rounds };
    let asked = Asked { work, expected, callers, calls };
    // Each is warm, and answers what it should.
    let warm = Asked { calls: callers, ..asked };
    timed(&sides.redis, warm, 0).await?;
    timed(&sides.fred, warm, 0).await?;
    let mut limit = Limit::new(sides.port, &sides.ours.corpus, work)?;
    let verb = redis_om::verb(work);
    let (mut times, mut python, mut server) = ([const { Vec::new() }; 4], Vec::new(), Vec::new());
    for round in 0..rounds {
        let first = round as u64 * calls;
        let mut took = [0.0; 4];
        // Who comes first changes.
        for turn in 0..4 {
            let side = (turn + round) % 4;
            took[side] = match side {
                0 | 2 => timed(&sides.ours, asked, first).await?,
                1 => timed(&sides.redis, asked, first).await?,
                _ => timed(&sides.fred, asked, first).await?,
            };
        }
        for (times, took) in times.iter_mut().zip(took) {
            times.push(took);
        }
        let per_call = (took[0] + took[2]) / 2.0 / calls as f64;
        if round % SELDOM == 0 {
            if let (Some(verb), Some(redis_om)) = (verb, &mut sides.redis_om) {
                // It does much less in the same time.
                let fewer = (calls / 20).max(callers);
                let slow = redis_om.timed(verb, callers, fewer).await? / fewer as f64;
                python.push(slow / per_call);
            }
            if callers > 1 {
                let blocking = tokio::task::spawn_blocking(move || {
                    let took = limit.timed(calls);
                    (limit, took)
                });
                let (back, took) = blocking.await?;
                limit = back;
                server.push(took? / per_call);
            }
        }
    }
    let [ours, redis, again, fred] = times;
    let mean = |round: usize| (ours[round] + again[round]) / 2.0;
    let ratio = |theirs: &[f64]| {
        Spread::of(theirs.iter().enumerate().map(|(round, took)| took / mean(round)).collect())
            .ok_or("no round")
    };
    let to_itself = ours.iter().zip(&again).map(|(one, other)| one / other).collect();
    let micros = (0..rounds).map(|round| mean(round) * 1e6 / calls as f64).collect();
    Ok(Cell {
        work: work.name(),
        size: size.name(),
        callers,
        calls_in_a_round: calls,
        micros: Spread::of(micros).ok_or("no round")?,
        to_itself: Spread::of(to_itself).ok_or("no round")?,
        to_redis: ratio(&redis)?,
        to_fred: ratio(&fred)?,
        to_redis_om: Spread::of(python),
        to_limit: Spread::of(server),
    })
}
