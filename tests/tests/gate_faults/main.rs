//! Gates under faults: processes that are stopped and killed, answers that are lost, servers that lose their data, fail over,
//! or have their clocks set, on a real server. One line a case, and what was found on the last line.
//!
//! `cargo test -p cache-tests --test gate_faults`; behind `--`, `--long` does as much as the published numbers need,
//! `--seed N` repeats random choices, and a word runs the cases whose names have it.
//!
//! Each case is judged from a log of what holders did and a log of what the resource took. Beside it stands its control:
//! the same with the rules of the gate that this one replaces (`SET NX`, a release that does not ask who holds, no
//! renewal, no deadline, no fence). What is known to go wrong there must be seen, by the same judges, or the test fails.

#![cfg(unix)]

// A file imports from those before it.

mod case;
mod model;

use case::Profile;
use libtest_mimic::Arguments;

fn main() {
    let (profile, arguments) = read_arguments(std::env::args().collect());
    println!("seed {}", profile.seed);
    let mut cases: Vec<libtest_mimic::Trial> = Vec::new();
    cases.extend(model::cases(profile));
    let conclusion = libtest_mimic::run(&arguments, cases);
    if !arguments.list {
        println!("figures: {}", case::figures());
    }
    conclusion.exit();
}

/// Takes what is ours from the arguments, and leaves the rest to the test program.
fn read_arguments(mut arguments: Vec<String>) -> (Profile, Arguments) {
    let mut profile = Profile { long: false, seed: u64::from(std::process::id()) };
    if let Some(at) = arguments.iter().position(|argument| argument == "--long") {
        arguments.remove(at);
        profile.long = true;
    }
    if let Some(at) = arguments.iter().position(|argument| argument == "--seed") {
        let seed = arguments.get(at + 1).and_then(|seed| seed.parse().ok());
        profile.seed = seed.unwrap_or_else(|| panic!("`--seed` wants a number"));
        arguments.drain(at..at + 2);
    }
    let mut arguments = Arguments::from_iter(arguments);
    // Much of the time is waiting.
    arguments.test_threads.get_or_insert(4);
    (profile, arguments)
}
