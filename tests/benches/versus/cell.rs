//! One kind of call at one size of documents, by one or many at once, on all sides in turns.

use std::time::Duration;

use serde::Serialize;

use crate::by_fred::ByFred;
use crate::by_redis::ByRedis;
use crate::corpus::Size;
use crate::limit::{Asking, Limit};
use crate::ours::Ours;
use crate::redis_om::{self, RedisOm};
use crate::round::{Asked, Spread, calls_in, timed};
use crate::work::{Bulk, Outcome, Side, Work};

/// How many rounds calls get that take long, and redis-om, which does.
const FEWER: usize = 5;

/// How often each way to save a thousand documents by hand is tried.
const TRIED: usize = 3;

/// The sides at one size of documents.
pub(crate) struct Sides {
    pub(crate) ours: Ours,
    pub(crate) redis: ByRedis,
    /// In RESP3, which is what ours speaks.
    pub(crate) redis_resp3: ByRedis,
    pub(crate) fred: ByFred,
    pub(crate) redis_om: RedisOm,
    pub(crate) port: u16,
}

/// How much is measured. Rounds are odd in number, so that one of them is in the middle.
#[derive(Debug, Default, Clone, Copy, Serialize)]
pub(crate) struct Effort {
    pub(crate) documents: u64,
    pub(crate) migrated: u64,
    pub(crate) rounds: usize,
    /// How long one side works in a round.
    pub(crate) length: Duration,
    /// Whether redis-om is also asked for what takes it seconds.
    pub(crate) patient: bool,
}

/// What was measured. A ratio is that of calls in the same time: above one, ours did more.
#[derive(Debug, Serialize)]
pub(crate) struct Cell {
    #[serde(skip)]
    pub(crate) kind: Work,
    pub(crate) work: &'static str,
    pub(crate) size: &'static str,
    pub(crate) callers: u64,
    pub(crate) calls_in_a_round: u64,
    /// Microseconds of the clock for each of our calls.
    pub(crate) micros: Spread,
    /// Ours against ours: the noise.
    pub(crate) to_itself: Spread,
    /// The same of each round.
    pub(crate) to_itself_by_round: Vec<f64>,
    pub(crate) to_redis: Spread,
    /// Of what is answered in another form in RESP3.
    pub(crate) to_redis_resp3: Option<Spread>,
    pub(crate) to_fred: Spread,
    /// How a thousand documents are saved by hand with each: the faster of two ways.
    pub(crate) bulk: Option<[&'static str; 2]>,
    pub(crate) to_redis_om: Option<Spread>,
    pub(crate) redis_om_calls_in_a_round: Option<u64>,
    /// Whether redis-om does the same, and not less.
    pub(crate) redis_om_does_the_same: bool,
    /// Calls of ours for each that the server alone can do.
    pub(crate) of_limit: Option<Spread>,
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
    // Each is warm, as ours is by now, and answers what it should.
    let warm = Asked { calls: callers.max(calls / 4), ..asked };
    timed(&sides.redis, warm, 0).await?;
    timed(&sides.fred, warm, 0).await?;
    let sides_of_it = if work.is_search() { 5 } else { 4 };
    if work.is_search() {
        timed(&sides.redis_resp3, warm, 0).await?;
    }
    let (mut redis, mut fred) = (sides.redis.clone(), sides.fred.clone());
    let mut bulk = None;
    if work == Work::SaveMany {
        redis.bulk = faster(Bulk::BOTH.map(|bulk| ByRedis { bulk, ..redis.clone() }), asked).await?;
        fred.bulk = faster(Bulk::BOTH.map(|bulk| ByFred { bulk, ..fred.clone() }), asked).await?;
        bulk = Some([redis.bulk.name(), fred.bulk.name()]);
    }
    let verb = redis_om::verb(work).filter(|_| effort.patient || !redis_om::is_slow(work, size));
    let mut python_calls = None;
    if let Some(verb) = verb {
        python_calls = Some(sides.redis_om.warm(verb, callers, effort.length).await?);
    }
    // One caller waits for the way there and back, which the server's limit does not know.
    let limit = if callers > 1 {
        let (port, corpus) = (sides.port, sides.ours.corpus.clone());
        Some(Limit::start(Asking { port, corpus, work, bulk: redis.bulk, callers, calls }).await?)
    } else {
        None
    };
    let (mut times, mut python, mut server) = ([const { Vec::new() }; 5], Vec::new(), Vec::new());
    for round in 0..rounds {
        let first = round as u64 * calls;
        let mut took = [0.0; 5];
        // Who comes first changes.
        for turn in 0..sides_of_it {
            let side = (turn + round) % sides_of_it;
            took[side] = match side {
                0 | 2 => timed(&sides.ours, asked, first).await?,
                1 => timed(&redis, asked, first).await?,
                3 => timed(&fred, asked, first).await?,
                _ => timed(&sides.redis_resp3, asked, first).await?,
            };
        }
        for (times, took) in times.iter_mut().zip(took) {
            times.push(took);
        }
        let per_call = (took[0] + took[2]) / 2.0 / calls as f64;
        // Its rounds lie among all of them.
        let is_asked = round * FEWER / rounds != (round + 1) * FEWER / rounds;
        if let (Some(verb), Some(calls), true) = (verb, python_calls, is_asked) {
            let took = sides.redis_om.timed(verb, callers, calls).await?;
            python.push(took / calls as f64 / per_call);
        }
        if let Some(limit) = &limit {
            server.push(limit.timed().await? / per_call);
        }
    }
    let [ours, redis, again, fred, redis_resp3] = times;
    let mean = |round: usize| (ours[round] + again[round]) / 2.0;
    let ratio = |theirs: &[f64]| {
        Spread::of(theirs.iter().enumerate().map(|(round, took)| took / mean(round)).collect())
            .ok_or("no round")
    };
    let to_itself_by_round: Vec<_> = ours.iter().zip(&again).map(|(one, other)| one / other).collect();
    let micros = (0..rounds).map(|round| mean(round) * 1e6 / calls as f64).collect();
    Ok(Cell {
        kind: work,
        work: work.name(),
        size: size.name(),
        callers,
        calls_in_a_round: calls,
        micros: Spread::of(micros).ok_or("no round")?,
        to_itself: Spread::of(to_itself_by_round.clone()).ok_or("no round")?,
        to_itself_by_round,
        to_redis: ratio(&redis)?,
        to_redis_resp3: work.is_search().then(|| ratio(&redis_resp3)).transpose()?,
        to_fred: ratio(&fred)?,
        bulk,
        to_redis_om: Spread::of(python),
        redis_om_calls_in_a_round: python_calls,
        redis_om_does_the_same: redis_om::does_the_same(work),
        of_limit: Spread::of(server),
    })
}

/// The faster way to save a thousand documents by hand, each in turns.
async fn faster<S: Side>(sides: [S; 2], asked: Asked) -> Outcome<Bulk> {
    let mut took = [const { Vec::new() }; 2];
    for round in 0..TRIED {
        for turn in 0..2 {
            let way = (turn + round) % 2;
            took[way].push(timed(&sides[way], asked, 0).await?);
        }
    }
    let [each, chunks] = took.map(|took| Spread::of(took).map(|took| took.median));
    Ok(if chunks < each { Bulk::Chunks } else { Bulk::Each })
}
