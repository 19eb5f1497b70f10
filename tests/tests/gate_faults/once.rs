//! F10: the leader of a work that the fleet does once is killed in it, while 16 others wait for its end.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use cache_core::{Cache, GateError, OnceOutcome, Protocol};
use cache_tests::dice::Dice;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::case::{Found, Profile};
use crate::event::{Stalls, micros, now};
use crate::lanes;
use crate::place::{self, Place, TTL};
use crate::stage::Stage;
use crate::system::{Door, Rules, gate};

const WAITERS: usize = 16;

/// How long they wait.
const BOUND: Duration = Duration::from_secs(20);

/// Tells a child process to be a leader.
const ROLE: &str = "GATE_ONCE_ROLE";

/// What a leader says when it is in its work.
const BEGUN: &str = "BEGUN";

#[derive(Debug, Clone, Serialize, Deserialize)]
struct Role {
    rules: Rules,
    url: String,
    project: String,
    resp2: bool,
}

pub(crate) async fn ours(profile: Profile) -> Found {
    lanes::run(4, profile.pick(100, 1_000), move |lane, rounds| once(Rules::Ours, profile.seed, lane, rounds))
        .await
}

pub(crate) async fn control(profile: Profile) -> Found {
    lanes::run(2, profile.pick(8, 50), move |lane, rounds| once(Rules::Original, profile.seed, lane, rounds))
        .await
}

/// Is a leader, if this process was told to be one: it begins the generation that it reads, and does not end. `false`: it
/// was not.
pub(crate) fn act() -> bool {
    let Ok(role) = std::env::var(ROLE) else { return false };
    let role: Role = serde_json::from_str(&role).unwrap_or_else(|error| panic!("no role: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap_or_else(|error| panic!("no runtime: {error}")).block_on(async {
        let protocol = if role.resp2 { Protocol::Resp2 } else { Protocol::Resp3 };
        let cache = place::connect(&role.url, protocol, TTL).await.project(&role.project);
        let _ = cache.ping().await;
        let generation = tokio::task::spawn_blocking(|| {
            let mut line = String::new();
            let _ = std::io::stdin().read_line(&mut line);
            line.trim().to_owned()
        });
        let generation = generation.await.unwrap_or_default();
        if generation.is_empty() {
            return;
        }
        match role.rules {
            Rules::Ours => {
                let once = gate(TTL).once(generation);
                let work = async |_| {
                    println!("{BEGUN}");
                    std::future::pending::<Result<(), GateError>>().await
                };
                println!("{:?}", once.run_or_wait(&cache, BOUND, work).await);
            }
            Rules::Original => {
                let held = Door::new(role.rules, &cache, TTL).try_lock().await;
                println!("{}", if matches!(held, Ok(Some(_))) { BEGUN } else { "NOT" });
                std::future::pending::<()>().await;
            }
        }
    });
    true
}

/// A leader that waits for its generation.
struct Leader {
    child: Child,
    said: UnboundedReceiver<String>,
}

impl Leader {
    fn start(rules: Rules, place: &Place) -> Self {
        let (url, project) = (place.url.clone(), place.project.clone());
        let role = Role { rules, url, project, resp2: place.protocol == Protocol::Resp2 };
        let role = serde_json::to_string(&role).unwrap_or_else(|error| panic!("{error}"));
        let mut command = cache_tests::child::child("");
        command.env(ROLE, role).stdin(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{error}"));
        let output = child.stdout.take().unwrap_or_else(|| panic!("no output"));
        let (send, said) = unbounded_channel();
        std::thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // Nobody may listen any more.
                let _ = send.send(line);
            }
        });
        Self { child, said }
    }

    /// Begins the generation, and is in its work when this returns.
    async fn begin(&mut self, generation: &str) {
        let input = self.child.stdin.as_mut().unwrap_or_else(|| panic!("no input"));
        writeln!(input, "{generation}").unwrap_or_else(|error| panic!("{error}"));
        let said = tokio::time::timeout(BOUND, self.said.recv()).await;
        assert!(matches!(&said, Ok(Some(said)) if said == BEGUN), "the leader says {said:?}");
    }
}

impl Drop for Leader {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What became of a generation after its leader was killed.
#[derive(Debug, Default)]
struct Generation {
    /// The first work that fails, if one is to.
    fails: bool,
    begun: AtomicU32,
    completed: AtomicU32,
    /// When it was completed first.
    completed_at: AtomicU64,
    /// What each waiter was told, and when.
    told: Mutex<Vec<(String, u64)>>,
}

async fn once(rules: Rules, seed: u64, lane: u32, rounds: u32) -> Found {
    let stage = Stage::new().await;
    let place = Place::new(&stage.url()).await;
    let mut waiters = Vec::new();
    for _ in 0..WAITERS {
        waiters.push(place.connect(&place.url).await);
    }
    let (mut dice, mut found) = (Dice::lane(seed ^ 10, u64::from(lane)), Found::default());
    let stalls = Stalls::of_process();
    let mut leader = Leader::start(rules, &place);
    for round in 0..rounds {
        let (generation, began) = (format!("release-{round}"), now());
        let state = Arc::new(Generation { fails: dice.below(4) == 0, ..Generation::default() });
        leader.begin(&generation).await;
        let mut waiting = tokio::task::JoinSet::new();
        for cache in &waiters {
            waiting.spawn(wait(rules, cache.clone(), generation.clone(), Arc::clone(&state)));
        }
        tokio::time::sleep(Duration::from_millis(dice.below(100))).await;
        // The old one is killed where it is, the new one gets ready meanwhile.
        leader = Leader::start(rules, &place);
        waiting.join_all().await;
        found.terms += 1 + u64::from(state.begun.load(Ordering::SeqCst));
        found.faults += 1;
        let wrong = i7(&state);
        // Who sleeps for a good part of a ttl has lost the lease: then the work may be done again, as it is told.
        if !wrong.is_empty() && stalls.between(began, now()) * 3 > micros(TTL) {
            found.note("rounds that the machine slept in", 1);
        } else {
            found.violations.extend(wrong);
        }
        if rules == Rules::Ours {
            let again = gate(TTL).once(&generation);
            let late = again.run_or_wait(&place.cache, BOUND, async |_| Ok::<_, GateError>(())).await;
            let done = matches!(late, Ok(OnceOutcome::AlreadyDone));
            found.check(done, || format!("I7: whoever comes later is told {late:?}"));
        }
        place.gone_within(TTL * 2).await;
    }
    found.violations.extend(stage.i3(&place).await);
    found.violations.extend(place.i8(TTL).await);
    found
}

async fn wait(rules: Rules, cache: Cache, generation: String, state: Arc<Generation>) {
    let work = async || {
        let first = state.begun.fetch_add(1, Ordering::SeqCst) == 0;
        tokio::time::sleep(Duration::from_millis(20)).await;
        if first && state.fails {
            return Err(GateError::NoProject);
        }
        state.completed_at.fetch_max(now(), Ordering::SeqCst);
        state.completed.fetch_add(1, Ordering::SeqCst);
        Ok(())
    };
    let told = match rules {
        Rules::Ours => {
            let ended = gate(TTL).once(generation).run_or_wait(&cache, BOUND, async |_| work().await).await;
            match ended {
                Ok(OnceOutcome::Ran(())) => "ran".to_owned(),
                Ok(OnceOutcome::Waited | OnceOutcome::AlreadyDone) => "waited".to_owned(),
                Err(GateError::NoProject) => "failed".to_owned(),
                other => format!("{other:?}"),
            }
        }
        Rules::Original => match Door::new(rules, &cache, TTL).try_lock().await {
            Ok(Some(hold)) => {
                let result = work().await;
                let _ = hold.release().await;
                if result.is_ok() { "ran".to_owned() } else { "failed".to_owned() }
            }
            // It is not the leader, and goes on.
            _ => "waited".to_owned(),
        },
    };
    state.told.lock().unwrap_or_else(PoisonError::into_inner).push((told, now()));
}

/// I7: the work of a generation is completed once, and nobody goes on before that.
fn i7(state: &Generation) -> Vec<String> {
    let told = state.told.lock().unwrap_or_else(PoisonError::into_inner);
    let completed = state.completed.load(Ordering::SeqCst);
    let at = state.completed_at.load(Ordering::SeqCst);
    let mut wrong = Vec::new();
    if completed != 1 {
        wrong.push(format!("I7: completed {completed} times"));
    }
    let count = |what: &str| told.iter().filter(|(told, _)| told == what).count();
    let (ran, waited, failed) = (count("ran"), count("waited"), count("failed"));
    if ran != 1 || failed != usize::from(state.fails) || ran + waited + failed != WAITERS {
        wrong.push(format!("I7: of {WAITERS} {ran} ran, {waited} waited, {failed} failed: {told:?}"));
    }
    for (_, when) in told.iter().filter(|(told, _)| told == "waited") {
        if completed == 0 || *when < at {
            wrong.push("I7: one went on before the work was done".to_owned());
        }
    }
    wrong
}
