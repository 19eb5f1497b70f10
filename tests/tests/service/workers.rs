//! The processes of a service: one that dies is replaced, and all end with the one that started them.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use cache_tests::child::runs;
use cache_tests::postgres::Postgres;
use rustix::process::{Pid, Signal, kill_process};

use crate::case::{Found, Profile};
use crate::fleet::{Fleet, HOST, PATIENCE, Start};
use crate::redis::{patient, say, with_port};

/// SIGKILL.
fn kill(process: u32) {
    let pid = Pid::from_raw(process.cast_signed()).unwrap_or_else(|| panic!("no process: {process}"));
    kill_process(pid, Signal::KILL).unwrap_or_else(|error| panic!("{error}"));
}

async fn until(what: &str, found: &mut Found, is_it: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_it() {
        if began.elapsed() > PATIENCE {
            found.violations.push(format!("waited too long for: {what}"));
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub(crate) async fn ours(profile: Profile) -> Found {
    let mut found = Found::default();
    let server = cache_tests::private_server().await;
    for _ in 0..profile.pick(3, 30) {
        found.runs += 1;
        found.faults += 2;
        let fleet = Fleet::start(Start::with(server.url()).workers(2)).await;
        let before = fleet.processes().await;
        let Some(first) = before.first().copied() else { panic!("nobody answers") };
        kill(first);
        // The other one answers meanwhile; a connection that the dead one had is lost.
        let other = fleet.elsewhere("/tenant_settings", first).await;
        found.check(other.status == 200, || format!("the other one: {other:?}"));
        until("the end of a worker", &mut found, || !runs(first)).await;
        let now = fleet.processes().await;
        found.check(now.len() == 2 && !now.contains(&first), || format!("{before:?} became {now:?}"));

        // Nobody else can have the port.
        let address = fleet.base().trim_start_matches("http://").parse::<SocketAddr>();
        let port = address.map_or(0, |address| address.port());
        let second = Start::with(server.url()).port(port).go().await;
        let refused = second.is_err_and(|refused| refused.said.contains("cannot listen on"));
        found.check(refused, || format!("another service listens on {port} too"));

        kill(fleet.process_id());
        for worker in now {
            until("the end of a worker whose parent is gone", &mut found, || !runs(worker)).await;
        }
        let answer = fleet.anywhere.get("/tenant_settings", HOST).await;
        found.check(answer.is_err(), || format!("somebody still answers: {answer:?}"));
    }
    found
}

/// A worker dies while Redis wants a password that nobody has.
pub(crate) async fn password(_: Profile) -> Found {
    let mut found = Found { runs: 1, faults: 2, ..Found::default() };
    let server = with_port().await;
    let admin = patient(&server.url()).await;
    let fleet = Fleet::start(Start::with(server.url()).workers(2)).await;
    fleet.gets_ready(&mut found).await;
    say(&admin, &["CONFIG", "SET", "requirepass", "another"]).await;
    replaced(&fleet, &mut found, async || {
        say(&admin, &["CONFIG", "SET", "requirepass", ""]).await;
    })
    .await;
    found
}

/// A worker dies while the database with the settings is away.
pub(crate) async fn database(_: Profile) -> Found {
    let mut found = Found { runs: 1, faults: 2, ..Found::default() };
    let server = cache_tests::private_server().await;
    let postgres = Postgres::start();
    let url = postgres.url();
    let fleet = Fleet::start(Start::with(server.url()).workers(2).postgres(url.clone())).await;
    fleet.gets_ready(&mut found).await;
    let directory = url.split("host=").nth(1).unwrap_or_else(|| panic!("no directory: {url}"));
    let socket = Path::new(directory).join(".s.PGSQL.5432");
    let moved = |from: &Path, to: &Path| {
        std::fs::rename(from, to).unwrap_or_else(|error| panic!("{}: {error}", from.display()));
    };
    // Whoever is connected stays so; nobody else can be.
    let aside = socket.with_extension("aside");
    moved(&socket, &aside);
    replaced(&fleet, &mut found, async || moved(&aside, &socket)).await;
    found
}

/// Kills a worker whose successors cannot boot, and sees the other one answer and each attempt told; then lets one boot, and
/// sees it come.
async fn replaced(fleet: &Fleet, found: &mut Found, mend: impl AsyncFnOnce()) {
    let before = fleet.processes().await;
    let Some(first) = before.first().copied() else { panic!("nobody answers") };
    kill(first);
    let attempts = || fleet.said().matches("is started again").count();
    let began = Instant::now();
    // The first is told of the one that was killed.
    while attempts() < 4 && began.elapsed() < PATIENCE {
        // What needs neither: settings that no copy has are for the database.
        let other = fleet.elsewhere("/style.css", first).await;
        found.check(other.status == 200, || format!("the other one: {other:?}"));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    found.check(attempts() >= 4, || format!("attempts are not told: {}", fleet.said()));
    mend().await;
    let now = fleet.processes().await;
    found.check(now.len() == 2 && !now.contains(&first), || format!("{before:?} became {now:?}"));
}
