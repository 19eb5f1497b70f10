//! Random paths of the model against the real scripts on a real server: each answer, and the key after each step.

use std::time::Duration;

use cache_core::{Cache, Command, Protocol};
use cache_tests::dice::Dice;
use cache_tests::{connect, private_server};
use libtest_mimic::Trial;

use super::fleet::{Action, Bounds, Fleet, State};
use super::scripts::{Calls, Real, TICK, read};
use super::server::{Answer, Request, Rules, Store, TTL};
use crate::case::{Found, Must, Profile, case};

/// More than can be gone through to the end.
const LARGE: Bounds =
    Bounds { clients: 3, attempts: 7, again: true, ticks: 12, flushes: 3, losses: 6, steps_back: 0 };

/// How long a path is at most.
const STEPS: usize = 120;

/// The numbers that the model and the server gave for the same wins. They must be in the same order.
#[derive(Default)]
struct Fences {
    pairs: Vec<(u8, u64)>,
}

impl Fences {
    fn real(&self, model: u8) -> Option<u64> {
        self.pairs.iter().find(|(known, _)| *known == model).map(|(_, real)| *real)
    }

    /// Whether these two are the same win, as far as is known, or a new one in the same order.
    fn agree(&mut self, model: u8, real: u64) -> bool {
        if let Some(known) = self.real(model) {
            return known == real;
        }
        let same_order = |&(known, there): &(u8, u64)| known.cmp(&model) == there.cmp(&real);
        let agree = self.pairs.iter().all(same_order);
        self.pairs.push((model, real));
        agree
    }
}

struct Walk<'a> {
    cache: &'a Cache,
    calls: &'a Calls,
    fleet: Fleet,
    fences: Fences,
    found: Found,
}

impl Walk<'_> {
    async fn go(&mut self, dice: &mut Dice) {
        self.lose_keys().await;
        let mut state = self.fleet.start();
        let mut path = Vec::new();
        for _ in 0..STEPS {
            let can = self.fleet.can(&state);
            let Some(&action) = can.get(usize::try_from(dice.below(can.len() as u64)).unwrap_or(0)) else {
                return;
            };
            path.push(action);
            let answered = self.fleet.act(&mut state, action);
            self.found.faults += u64::from(matches!(action, Action::Flush | Action::LoseAnswer(_)));
            let agree = match answered {
                Some((request, answer)) => self.ask(request, answer).await,
                None => {
                    self.follow(action).await;
                    Ok(())
                }
            };
            let agree = match agree {
                Ok(()) => self.compare_key(&state).await,
                wrong => wrong,
            };
            if let Err(wrong) = agree {
                self.found.violations.push(format!("{wrong} after {path:?}"));
                return;
            }
        }
    }

    /// The same request to the server.
    async fn ask(&mut self, request: Request, answer: Answer) -> Result<(), String> {
        let fence = match request {
            Request::Write(_, fence) => {
                Some(self.fences.real(fence).ok_or("the model writes with a fence of no win")?)
            }
            _ => None,
        };
        let reply = self.cache.command(self.calls.call(request, fence, TTL)).await;
        let reply = reply.map_err(|error| cache_tests::chain(&error))?;
        self.found.terms += u64::from(matches!(request, Request::Acquire(_)));
        self.found.note("answers compared", 1);
        let real = read(request, &reply).ok_or_else(|| format!("{request:?} is answered {reply:?}"))?;
        let agree = match (answer, &real) {
            (Answer::Won(model), Real::Won(real)) | (Answer::Fenced(model), Real::Fenced(real)) => {
                self.fences.agree(model, *real)
            }
            (answer, Real::Same(real)) => answer == *real,
            _ => false,
        };
        if agree {
            Ok(())
        } else {
            Err(format!("{request:?}: the model says {answer:?}, the server {real:?}"))
        }
    }

    /// What happens to the server besides.
    async fn follow(&mut self, action: Action) {
        match action {
            Action::Tick => {
                if let Some(left) = self.left().await {
                    let left = left.saturating_sub(TICK).as_millis();
                    self.send(Command::new("PEXPIRE").key(&self.calls.lock).arg_display(left)).await;
                }
                self.found.note("ticks", 1);
            }
            Action::Flush => self.lose_keys().await,
            _ => {}
        }
    }

    async fn compare_key(&mut self, state: &State) -> Result<(), String> {
        let holder = self.send(Command::new("GET").key(&self.calls.lock)).await;
        let holder = holder.as_str().map(str::to_owned);
        let left = self.left().await.map(|left| (left.as_secs_f64() / TICK.as_secs_f64()).ceil());
        let model = state.server.lock;
        let same = model.map(|(token, _)| format!("t{token}")) == holder
            && model.map(|(_, left)| f64::from(left)) == left;
        if same {
            Ok(())
        } else {
            Err(format!("the model's key is {model:?}, the server's {holder:?} for {left:?}"))
        }
    }

    async fn left(&mut self) -> Option<Duration> {
        let left = self.send(Command::new("PTTL").key(&self.calls.lock)).await;
        left.as_int().and_then(|left| u64::try_from(left).ok()).map(Duration::from_millis)
    }

    async fn lose_keys(&mut self) {
        self.send(Command::new("FLUSHALL")).await;
    }

    async fn send(&mut self, command: Command) -> cache_core::Reply {
        self.cache.command(command).await.expect("the server is there")
    }
}

async fn conform(profile: Profile, rules: Rules, paths: u32) -> Found {
    let mut found = Found::default();
    for (lane, protocol) in [Protocol::Resp3, Protocol::Resp2].into_iter().enumerate() {
        let server = private_server().await;
        let cache = connect(&server.url(), protocol).await;
        let calls = Calls::overhear(&cache, "conformance").await;
        let mut dice = Dice::lane(profile.seed, lane as u64);
        for _ in 0..paths {
            let fleet = Fleet { rules, store: Store::Here, bounds: LARGE };
            let (fences, found_here) = (Fences::default(), Found::default());
            let mut walk = Walk { cache: &cache, calls: &calls, fleet, fences, found: found_here };
            walk.go(&mut dice).await;
            found.add(walk.found);
            found.note("paths", 1);
        }
    }
    found
}

/// The cases.
pub(super) fn cases(profile: Profile) -> Vec<Trial> {
    let paths = profile.pick(40, 2_000);
    let control =
        |name, rules| case(name, Must::BeCaught, profile, move |profile| conform(profile, rules, 20));
    let ours = Rules::OURS;
    vec![
        case("f11_conformance", Must::Hold, profile, move |profile| conform(profile, ours, paths)),
        control("f11_conformance_control_release", Rules { release_asks: false, ..ours }),
        control("f11_conformance_control_acquire", Rules { idempotent: false, ..ours }),
        control("f11_conformance_control_write", Rules { compares: false, ..ours }),
    ]
}
