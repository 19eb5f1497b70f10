//! Whole models against a real server: one line a case, and what was counted on the last line.
//!
//! `cargo test -p cache-tests --test models`; a word behind `--` runs the cases whose names have it.

// A file imports from those before it: sample, case, types, round_trip, writes.

mod case;
mod round_trip;
mod sample;
mod types;
mod writes;

use cache_tests::figures;
use libtest_mimic::Arguments;

fn main() {
    if writes::act() {
        return;
    }
    let arguments = Arguments::from_args();
    let mut cases = round_trip::trials();
    cases.extend(writes::trials());
    let conclusion = libtest_mimic::run(&arguments, cases);
    if !arguments.list {
        println!("figures: {}", figures::line());
    }
    conclusion.exit();
}
