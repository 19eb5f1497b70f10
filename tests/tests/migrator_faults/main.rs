//! Schemas that change while everybody reads and writes, on a real server, with processes that are killed: one line a
//! case, and what was found on the last line.
//!
//! `cargo test -p cache-tests --test migrator_faults`; behind `--`, `--long` does as much as the published numbers need,
//! `--seed N` repeats random choices, and a word runs the cases whose names have it.
//!
//! Beside each case stands a control of its own: the same done by a migrator that drops the index and creates it again
//! under the same name, or by one that believes the server's counter of failures, or that whatever an index lacks was
//! refused. What is known to go wrong there must be seen, by the same checks, or the test fails.

#![cfg(unix)]

// A file imports from those before it: release, log, case, believer, system, place, reading, replica, and the cases.

mod believer;
mod case;
mod change;
mod documents;
mod herd;
mod log;
mod long;
mod memory;
mod mixed;
mod place;
mod plans;
mod poisoned;
mod reading;
mod redis_om;
mod refused;
mod release;
mod replica;
mod round_trip;
mod steps;
mod system;

use case::{Must, Profile, case};
use libtest_mimic::Arguments;

fn main() {
    if replica::act() || documents::act() {
        return;
    }
    let mut arguments: Vec<String> = std::env::args().collect();
    let profile = Profile::read(&mut arguments);
    let mut arguments = Arguments::from_iter(arguments);
    // Much of the time is waiting.
    arguments.test_threads.get_or_insert(4);
    println!("seed {}", profile.seed);
    let cases = vec![
        // It takes the longest, and the others go beside it.
        case("m4_kills", Must::Hold, profile, steps::alone),
        case("m1_change_under_load", Must::Hold, profile, change::ours),
        case("m1_control", Must::BeCaught, profile, change::control),
        case("m1_added_in_place", Must::Hold, profile, change::in_place),
        case("m1_added_in_place_control", Must::BeCaught, profile, change::in_place_control),
        case("m2_boots_at_once", Must::Hold, profile, herd::ours),
        case("m2_control", Must::BeCaught, profile, herd::control),
        case("m2_added_in_place", Must::Hold, profile, herd::in_place),
        case("m2_added_in_place_control", Must::BeCaught, profile, herd::in_place_control),
        case("m3_mixed_boots_and_kills", Must::Hold, profile, mixed::ours),
        case("m3_control", Must::BeCaught, profile, mixed::control),
        case("m3_added_in_place", Must::Hold, profile, mixed::in_place),
        case("m3_added_in_place_control", Must::BeCaught, profile, mixed::in_place_control),
        case("m4_kills_control", Must::BeCaught, profile, steps::alone_control),
        case("m4_kills_and_restarts", Must::Hold, profile, steps::restart),
        case("m4_kills_and_restarts_control", Must::BeCaught, profile, steps::restart_control),
        case("m4_kills_and_flushes", Must::Hold, profile, steps::flush),
        case("m4_kills_and_flushes_control", Must::BeCaught, profile, steps::flush_control),
        case("m5_plans", Must::Hold, profile, plans::ours),
        case("m5_control", Must::BeCaught, profile, plans::control),
        case("m6_round_trips", Must::Hold, profile, round_trip::ours),
        case("m6_control", Must::BeCaught, profile, round_trip::control),
        case("m7_poisoned_documents", Must::Hold, profile, poisoned::ours),
        case("m7_control", Must::BeCaught, profile, poisoned::control),
        case("m8_too_little_memory", Must::Hold, profile, memory::scarce),
        case("m8_too_little_memory_control", Must::BeCaught, profile, memory::scarce_control),
        case("m8_fillings_given_up", Must::Hold, profile, memory::aborted),
        case("m8_fillings_given_up_control", Must::BeCaught, profile, memory::aborted_control),
        case("m9_migrated_documents", Must::Hold, profile, documents::ours),
        case("m9_control", Must::BeCaught, profile, documents::control),
        case("m10_long_fillings", Must::Hold, profile, long::ours),
        case("m10_control", Must::BeCaught, profile, long::control),
        case("m10_unrenewed_control", Must::BeCaught, profile, long::unrenewed),
        case("m11_refused_and_kills", Must::Hold, profile, refused::alone),
        case("m11_refused_and_kills_control", Must::BeCaught, profile, refused::alone_control),
        case("m11_refused_kills_and_restarts", Must::Hold, profile, refused::restart),
        case("m11_refused_kills_and_restarts_control", Must::BeCaught, profile, refused::restart_control),
        case("m11_refused_kills_and_flushes", Must::Hold, profile, refused::flush),
        case("m11_refused_kills_and_flushes_control", Must::BeCaught, profile, refused::flush_control),
        case("m11_refused_and_herds", Must::Hold, profile, refused::herd),
        case("m11_refused_and_herds_control", Must::BeCaught, profile, refused::herd_control),
        case("m11_refused_and_mended", Must::Hold, profile, refused::mended),
        case("m11_refused_and_mended_control", Must::BeCaught, profile, refused::mended_control),
        case("redis_om_adopted", Must::Hold, profile, redis_om::adopted),
        case("redis_om_control", Must::BeCaught, profile, redis_om::control),
    ];
    let conclusion = libtest_mimic::run(&arguments, cases);
    if !arguments.list {
        println!("figures: {}", case::figures());
    }
    conclusion.exit();
}
