//! The gate's protocol as a model: all that can happen to a few clients is gone through, to the last state.

// A file imports from those before it: server, fleet, space, scripts, conformance.

mod conformance;
mod fleet;
mod scripts;
mod server;
mod space;

use libtest_mimic::Trial;
use stateright::{Checker, Expectation, HasDiscoveries, Model};

use self::fleet::{Bounds, Fleet};
use self::server::{Rules, Store};
use self::space::AGAIN;
use crate::case::{Found, Must, Profile, case};

/// Little, and enough for every mistake that is known.
const SMALL: Bounds =
    Bounds { clients: 2, attempts: 1, again: true, ticks: 2, flushes: 0, losses: 1, steps_back: 0 };

/// Goes through everything; where a mistake is to be found, until it is.
fn explore(fleet: Fleet, must: Must) -> Found {
    let again = fleet.bounds.again;
    let mut found = Found { terms: 1, ..Found::default() };
    let until = if must == Must::Hold { HasDiscoveries::All } else { HasDiscoveries::AnyFailures };
    let checker = fleet.checker().threads(2).finish_when(until).spawn_bfs().join();
    for property in fleet.properties() {
        let path = checker.discovery(property.name);
        match (property.expectation, path) {
            (Expectation::Always, Some(path)) => {
                found.violations.push(format!("{}: {:?}", property.name, path.into_actions()));
            }
            (Expectation::Sometimes, None) if must == Must::Hold && (again || property.name != AGAIN) => {
                found.violations.push(format!("never seen: {}", property.name));
            }
            _ => {}
        }
    }
    found.note("states of the model", checker.unique_state_count() as u64);
    found
}

fn trial(
    name: &'static str,
    must: Must,
    profile: Profile,
    rules: Rules,
    store: Store,
    bounds: Bounds,
) -> Trial {
    case(name, must, profile, move |_| async move { explore(Fleet { rules, store, bounds }, must) })
}

/// The cases, each with what it is to find.
pub(crate) fn cases(profile: Profile) -> Vec<Trial> {
    let ours = Rules::OURS;
    let ticks = if profile.long { 3 } else { 2 };
    let two = Bounds { ticks, ..SMALL };
    let again = Bounds { attempts: 2, losses: 0, ..two };
    let flushed = Bounds { flushes: 1, losses: u8::from(profile.long), ..two };
    let three = Bounds { clients: 3, again: profile.long, losses: 0, ..SMALL };
    let hold = |name, store, bounds| trial(name, Must::Hold, profile, ours, store, bounds);
    let caught = |name, rules, store, bounds| trial(name, Must::BeCaught, profile, rules, store, bounds);
    let flush = Bounds { flushes: 1, losses: 0, ..SMALL };
    let back = Bounds { steps_back: 1, losses: 0, ..two };
    let (here, elsewhere) = (Store::Here, Store::Elsewhere);
    let mut cases = vec![
        hold("f11_lost_answers", here, two),
        hold("f11_two_attempts", here, again),
        hold("f11_store_elsewhere", elsewhere, two),
        hold("f11_flush", here, flushed),
        hold("f11_flush_and_store_elsewhere", elsewhere, flushed),
        hold("f11_clock_set_back", here, back),
        hold("f11_three_clients", here, three),
        caught("f11_control_release_without_token", Rules { release_asks: false, ..ours }, here, SMALL),
        caught("f11_control_renewal_without_token", Rules { renewal_asks: false, ..ours }, here, SMALL),
        caught("f11_control_fence_that_counts", Rules { by_time: false, ..ours }, elsewhere, flush),
        caught("f11_control_answers_once", Rules { idempotent: false, ..ours }, here, SMALL),
        caught("f11_control_no_comparison", Rules { compares: false, ..ours }, here, SMALL),
        caught("f11_control_lease_from_answer", Rules { from_before: false, ..ours }, here, SMALL),
        caught("f11_control_flush_and_clock", ours, elsewhere, Bounds { steps_back: 1, ..flush }),
    ];
    cases.extend(conformance::cases(profile));
    cases
}
