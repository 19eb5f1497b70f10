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

const COUNTED: [Work; 7] =
    [Work::Get, Work::Save, Work::SaveTtl, Work::Patch, Work::GetMany, Work::SaveMany, Work::Tag];

/// How often each is counted, of which the fewest are taken.
const TRIES: usize = 3;

fn main() -> Outcome<()> {
    if let Some(done) = instructions::counted() {
        return done;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let counter = Counter::start(TRIES).await?;
        for work in COUNTED {
            let cost = counter.per_call(By::Us, work).await?;
            println!("{:>10} {:>8} {}", cost.instructions, cost.apart, work.name());
        }
        Ok(())
    })
}
