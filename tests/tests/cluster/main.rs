//! A cluster of three masters, each with a replica, on this machine: documents, loads, scans and gates on it; what is written
//! while slots move, and while a master dies. One line a case, and what was found on the last line.
//!
//! `cargo test -p cache-tests --test cluster`; behind `--`, `--long` does ten times as much, and a word runs the cases whose
//! names have it.
//!
//! The search module that can be had here has no coordinator, so that queries are refused on it: that is tested, and queries
//! on a cluster that has one are not.

#![cfg(unix)]

// A file imports from those before it: case, models, and the cases.

mod case;
mod documents;
mod failing;
mod gates;
mod models;
mod moving;
mod scans;

use cache_core::Protocol;
use cache_tests::figures;
use cache_tests::profile::Profile;
use libtest_mimic::Arguments;

use crate::case::case;

fn main() {
    let mut arguments: Vec<String> = std::env::args().collect();
    let profile = Profile::read(&mut arguments);
    let mut arguments = Arguments::from_iter(arguments);
    // Each has six servers, or shares them.
    arguments.test_threads.get_or_insert(3);
    println!("seed {}", profile.seed);
    let mut cases = Vec::new();
    for protocol in [Protocol::Resp2, Protocol::Resp3] {
        cases.extend([
            case("documents", protocol, documents::read_and_written),
            case("bulk", protocol, documents::in_bulk),
            case("batches", protocol, documents::in_one_call),
            case("unique", protocol, documents::unique),
            case("loads", protocol, documents::loaded),
            case("scans", protocol, scans::of_all_masters),
            case("gates", protocol, gates::one_slot),
            case("queries", protocol, scans::refused),
        ]);
        cases.push(case("moving_slots", protocol, move |cache| moving::under_load(cache, profile)));
        cases.push(case("a_master_dies", protocol, move |cache| failing::a_master_dies(cache, profile)));
    }
    let conclusion = libtest_mimic::run(&arguments, cases);
    if !arguments.list {
        println!("figures: {}", figures::line());
    }
    conclusion.exit();
}
