//! What calls cost in instructions, and how far tries are apart: a line each, for `.ci/instructions`, which compares them with `counts.txt`.
//!
//! The calls are those of the benchmark `versus`, which tells beside them what the same costs by hand. A package of its own, since it
//! is built optimised, and few features are built in little time.

#[path = "../benches/versus/answers.rs"]
mod answers;
#[path = "../benches/versus/by_redis.rs"]
mod by_redis;
#[path = "../benches/versus/connect.rs"]
mod connect;
#[path = "../benches/versus/corpus.rs"]
#[expect(dead_code, reason = "`versus` has more of them")]
mod corpus;
#[path = "../benches/versus/instructions.rs"]
mod instructions;
#[path = "../benches/versus/ours.rs"]
mod ours;
#[path = "../benches/versus/work.rs"]
#[expect(dead_code, reason = "`versus` has rounds")]
mod work;

use instructions::{By, Counter};
use work::{Outcome, Work};

const COUNTED: [(By, Work); 12] = [
    (By::Us, Work::Get),
    (By::Us, Work::Save),
    (By::Us, Work::SaveTtl),
    (By::Us, Work::Patch),
    (By::Us, Work::GetMany),
    (By::Us, Work::SaveMany),
    (By::Us, Work::Tag),
    (By::Us, Work::Page),
    (By::Us, Work::Text),
    (By::Us, Work::Count),
    (By::Us, Work::Aggregate),
    (By::Near, Work::Get),
];

/// How often each is counted, of which the fewest are taken.
const TRIES: usize = 3;

fn main() -> Outcome<()> {
    if let Some(done) = instructions::counted() {
        return done;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let counter = Counter::start(TRIES).await?;
        for (by, work) in COUNTED {
            let cost = counter.per_call(by, work).await?;
            let beside = if by == By::Near { "near " } else { "" };
            println!("{:>10} {:>8} {beside}{}", cost.instructions, cost.apart, work.name());
        }
        Ok(())
    })
}
