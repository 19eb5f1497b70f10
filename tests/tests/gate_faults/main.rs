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

// A file imports from those before it: case, event, system, resource, judge, place, witness, stage, worker, team, lanes, and
// the cases.

mod case;
mod clock;
mod counter;
mod ends;
mod event;
mod eviction;
mod expiry;
mod failover;
mod flushes;
mod forged;
mod grace;
mod judge;
mod kills;
mod lanes;
mod late;
mod model;
mod once;
mod pauses;
mod place;
mod replies;
mod resource;
mod stage;
mod storm;
mod sweep;
mod system;
mod team;
mod witness;
mod worker;

use case::{Must, Profile, case};
use libtest_mimic::Arguments;

fn main() {
    if worker::act() || clock::act() || once::act() {
        return;
    }
    let mut arguments: Vec<String> = std::env::args().collect();
    let profile = Profile::read(&mut arguments);
    let mut arguments = Arguments::from_iter(arguments);
    // Much of the time is waiting.
    arguments.test_threads.get_or_insert(4);
    println!("seed {}", profile.seed);
    event::Stalls::of_process();
    let mut cases = vec![
        case("f1_counter", Must::Hold, profile, counter::ours),
        case("f1_control", Must::BeCaught, profile, counter::control),
        case("f2_after_the_expiry", Must::Hold, profile, expiry::ours),
        case("f2_control", Must::BeCaught, profile, expiry::control),
        case("f3_pauses", Must::Hold, profile, pauses::ours),
        case("f3_control", Must::BeCaught, profile, pauses::control),
        case("f4_kills", Must::Hold, profile, kills::ours),
        case("f4_control", Must::BeCaught, profile, kills::control),
        case("f5_lost_acquisitions", Must::Hold, profile, replies::acquire),
        case("f5_lost_renewals", Must::Hold, profile, replies::renew),
        case("f5_renewals_control", Must::BeCaught, profile, replies::renewals_control),
        case("f5_lost_releases", Must::Hold, profile, replies::release),
        case("f5_control", Must::BeCaught, profile, replies::control),
        case("f5_late_answers", Must::Hold, profile, late::ours),
        case("f5_late_control", Must::BeCaught, profile, late::control),
        case("f5_storm", Must::Hold, profile, storm::ours),
        case("f5_storm_control", Must::BeCaught, profile, storm::control),
        case("f6_flushes", Must::Hold, profile, flushes::flushed),
        case("f6_restarts", Must::Hold, profile, flushes::restarted),
        case("f6_control", Must::BeCaught, profile, flushes::control),
        case("f6_restarts_control", Must::BeCaught, profile, flushes::restarts_control),
        case("f7_failover", Must::Hold, profile, failover::local),
        case("f7_failover_with_wait", Must::Hold, profile, failover::wait),
        case("f7_control", Must::BeCaught, profile, failover::control),
        case("f7_wait_control", Must::BeCaught, profile, failover::wait_control),
        case("f8_clock_steps", Must::Hold, profile, clock::ours),
        case("f8_control", Must::BeCaught, profile, clock::control),
        case("f8_fast_clock", Must::Hold, profile, clock::fast),
        case("f8_fast_control", Must::BeCaught, profile, clock::fast_control),
        case("f10_once", Must::Hold, profile, once::ours),
        case("f10_control", Must::BeCaught, profile, once::control),
        case("f12_eviction", Must::Hold, profile, eviction::ours),
        case("f12_control", Must::BeCaught, profile, eviction::control),
        case("i5_grace", Must::Hold, profile, grace::ours),
        case("i5_control", Must::BeCaught, profile, grace::control),
        case("judges", Must::Hold, profile, forged::judged),
    ];
    cases.extend(sweep::cases(profile));
    cases.extend(ends::cases(profile));
    cases.extend(model::cases(profile));
    let conclusion = libtest_mimic::run(&arguments, cases);
    if !arguments.list {
        println!("figures: {}", case::figures());
    }
    conclusion.exit();
}
