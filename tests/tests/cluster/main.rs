//! A cluster of three masters, each with a replica, on this machine: documents, loads, scans and gates on it; what is written
//! while slots move, while a master dies, all at once, and while connections to all nodes break; calls that are dropped; memory while all of it hangs. One line a case, and what was found on the last line.
//!
//! `cargo test -p cache-tests --test cluster`; behind `--`, `--long` does ten times as much, and a word runs the cases whose
//! names have it.
//!
//! The search module that can be had here has no coordinator, so that queries are refused on it: that is tested, and queries
//! on a cluster that has one are not.

#![cfg(unix)]

// A file imports from those before it: case, models, and the cases.

mod altogether;
mod cancelled;
mod case;
mod documents;
mod failing;
mod faults;
mod gates;
#[cfg(target_os = "linux")]
mod hanging;
mod models;
mod moving;
mod scans;
mod standing;

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
            case("durability", protocol, gates::durable),
            case("queries", protocol, scans::refused),
            case("a_move_stands_still", protocol, standing::is_done_without),
        ]);
        cases.push(case("moving_slots", protocol, move |cache| moving::under_load(cache, profile)));
        cases.push(case("faults", protocol, move |place| faults::between_client_and_nodes(place, profile)));
        cases.push(case("faults_are_seen", protocol, move |place| faults::are_seen(place, profile)));
        cases.push(case("cancelled", protocol, move |place| cancelled::answers_nobody_else(place, profile)));
        cases.push(case("altogether", protocol, move |place| altogether::all_at_once(place, profile)));
        cases.push(case("a_master_dies", protocol, move |cache| failing::a_master_dies(cache, profile)));
        cases.push(case("a_master_dies_waited_for", protocol, move |place| {
            failing::a_master_dies_whose_replica_was_waited_for(place, profile)
        }));
    }
    // Before the others, and one after the other: it is about all that the process needs.
    let alone = Arguments { test_threads: Some(1), ..arguments.clone() };
    let first = libtest_mimic::run(&alone, memory(profile));
    let conclusion = libtest_mimic::run(&arguments, cases);
    if !arguments.list {
        println!("figures: {}", figures::line());
    }
    first.exit_if_failed();
    conclusion.exit();
}

#[cfg(target_os = "linux")]
fn memory(profile: Profile) -> Vec<libtest_mimic::Trial> {
    let protocols = [Protocol::Resp2, Protocol::Resp3].into_iter();
    protocols
        .map(|protocol| case("hanging", protocol, move |place| hanging::memory_is_flat(place, profile)))
        .collect()
}

/// It is read from `/proc`.
#[cfg(not(target_os = "linux"))]
fn memory(_: Profile) -> Vec<libtest_mimic::Trial> {
    Vec::new()
}
