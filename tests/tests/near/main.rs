//! The near cache under writes and faults, on a real server, beside redis-rs's own client cache. One line a case, and what was
//! found on the last line.
//!
//! `cargo test -p cache-tests --test near`; behind `--`, `--long` does as much as the published numbers need, `--seed N`
//! repeats random choices, and a word runs the cases whose names have it.
//!
//! Each case is judged by comparing what is read near with what the server has, once nobody writes any more: a second later
//! where the line is whole, three seconds later where it is not.

#![cfg(unix)]

// A file imports from those before it: case, document, races, redis_rs, faults.

mod case;
mod document;
mod faults;
mod races;
mod redis_rs;

use case::{Must, Profile, case};
use faults::Fault;
use libtest_mimic::Arguments;

fn main() {
    let mut arguments: Vec<String> = std::env::args().collect();
    let profile = Profile::read(&mut arguments);
    let mut arguments = Arguments::from_iter(arguments);
    // Much of the time is waiting.
    arguments.test_threads.get_or_insert(4);
    println!("seed {}", profile.seed);
    let cases = vec![
        case("c2_races", Must::Hold, profile, races::ours),
        case("c2_races_of_redis_rs", Must::BeCaught, profile, redis_rs::races),
        case("c3_killed", Must::Hold, profile, |profile| faults::ours(profile, Fault::Kill)),
        case("c3_silent", Must::Hold, profile, |profile| faults::ours(profile, Fault::Silence)),
        case("c3_flushed", Must::Hold, profile, |profile| faults::ours(profile, Fault::Flush)),
        case("c3_restarted", Must::Hold, profile, |profile| faults::ours(profile, Fault::Restart)),
        case("c3_forgotten", Must::Hold, profile, |profile| faults::ours(profile, Fault::Forget)),
        case("c3_silent_of_redis_rs", Must::BeCaught, profile, redis_rs::silent),
    ];
    let conclusion = libtest_mimic::run(&arguments, cases);
    if !arguments.list {
        println!("figures: {}", case::figures());
    }
    conclusion.exit();
}
