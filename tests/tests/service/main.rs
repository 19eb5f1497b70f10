//! A cache and what is built on it, in a service: the example `service` as real processes, asked over HTTP, with a Redis
//! that is not there, hangs, starts, refuses or comes and goes; and the same rules below it, in races.
//!
//! `cargo test -p cache-tests --test service`; behind `--`, `--long` does as much as the published numbers need, `--seed N`
//! repeats random choices, and a word runs the cases whose names have it.
//!
//! Beside a case stands its control: the same with the rules of the cache package that this one replaces (whether there is a
//! Redis is decided once, an error of it is an error of the request, everybody who misses loads, the cache is written first and
//! by everybody who read). What is known to go wrong there must be seen, by the same judges, or the test fails.

#![cfg(unix)]

// A file imports from those before it: case, http, fleet, redis, original, slow, probes, and the cases.

mod away;
mod boot;
mod case;
mod changes;
mod flapping;
mod fleet;
mod http;
mod keys;
mod killed;
mod misses;
mod original;
mod probes;
mod race;
mod redis;
mod releases;
mod routes;
mod slow;
mod stampede;
mod workers;

use cache_tests::stalls;
use case::{Must, Profile, case};
use libtest_mimic::Arguments;

fn main() {
    let mut arguments: Vec<String> = std::env::args().collect();
    let profile = Profile::read(&mut arguments);
    let mut arguments = Arguments::from_iter(arguments);
    // Much of the time is waiting.
    arguments.test_threads.get_or_insert(4);
    println!("seed {}", profile.seed);
    stalls::watch();
    let mut cases = vec![
        // The longest first.
        case("c6_flapping", Must::Hold, profile, flapping::ours),
        case("c6_control", Must::BeCaught, profile, flapping::control),
        case("redis_comes", Must::Hold, profile, away::comes),
        case("redis_flushed", Must::Hold, profile, away::flushed),
        case("redis_late", Must::Hold, profile, away::late),
        case("redis_slow", Must::Hold, profile, away::slow),
        case("redis_owed", Must::Hold, profile, away::owed),
        case("workers", Must::Hold, profile, workers::ours),
        case("workers_password", Must::Hold, profile, workers::password),
        case("workers_database", Must::Hold, profile, workers::database),
        case("routes", Must::Hold, profile, routes::ours),
        case("killed_under_load", Must::Hold, profile, killed::ours),
        case("killed_control", Must::BeCaught, profile, killed::control),
        case("c4_over_http", Must::Hold, profile, misses::ours),
        case("c4_stampede", Must::Hold, profile, stampede::ours),
        case("c4_control", Must::BeCaught, profile, stampede::control),
        case("post_then_get", Must::Hold, profile, changes::ours),
        case("post_then_get_without_redis", Must::Hold, profile, changes::without_redis),
        case("c1_loads", Must::Hold, profile, race::loads),
        case("c1_tenants", Must::Hold, profile, race::tenants),
        case("c1_control", Must::BeCaught, profile, race::control),
        case("c7_releases", Must::Hold, profile, releases::ours),
        case("c7_control", Must::BeCaught, profile, releases::control),
        case("c7_keys", Must::Hold, profile, keys::ours),
        case("c7_keys_control", Must::BeCaught, profile, keys::control),
    ];
    cases.extend(boot::cases(profile));
    let conclusion = libtest_mimic::run(&arguments, cases);
    if !arguments.list {
        println!("figures: {}", case::figures());
    }
    conclusion.exit();
}
