//! H1: what probes are told, and how soon.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cache_tests::stalls;

use crate::case::Found;
use crate::fleet::HOST;
use crate::http::{Answer, Client};

/// Within how long a probe is answered.
const BOUND: Duration = Duration::from_millis(600);

/// How it is said that one was not.
const LATE: &str = "H1: a probe was answered after";

/// How often it is looked meanwhile how long the machine lets the service wait.
const LOOK: Duration = Duration::from_millis(20);

/// Asks once.
pub(crate) async fn probe(client: &Client, found: &mut Found) -> Option<Answer> {
    let began = Instant::now();
    let (asked, mut waits) = (client.get("/healthcheck", HOST), Duration::ZERO);
    tokio::pin!(asked);
    let answer = loop {
        // What needs no Redis takes as long as a machine that is busy makes it take.
        let other = async {
            let other = client.get("/style.css", HOST).await;
            tokio::time::sleep(LOOK).await;
            other.map_or(Duration::ZERO, |other| other.took)
        };
        tokio::select! {
            answer = &mut asked => break answer,
            other = other => waits = waits.max(other),
        }
    };
    let took = began.elapsed().saturating_sub(stalls::between(began, Instant::now()));
    if took > BOUND {
        waits = waits.max(client.get("/style.css", HOST).await.map_or(Duration::ZERO, |other| other.took));
    }
    let took = took.saturating_sub(waits);
    found.note("probes", 1);
    found.took("probe", took);
    found.check(took <= BOUND, || format!("{LATE} {took:?}, and {waits:?} for the machine"));
    match answer {
        Ok(answer) => Some(answer),
        Err(error) => {
            found.violations.push(format!("H1: a probe was not answered: {error}"));
            None
        }
    }
}

/// Asks once, and looks whether the answer is of this status and has this at this place.
pub(crate) async fn probe_for(
    client: &Client,
    found: &mut Found,
    status: u16,
    pointer: &str,
    expected: &str,
) {
    let Some(answer) = probe(client, found).await else { return };
    let json = answer.json();
    let there = json.pointer(pointer).map(|there| there.as_str().map_or(there.to_string(), str::to_owned));
    let right = answer.status == status && there.as_deref() == Some(expected);
    found.check(right, || format!("H1: {pointer} is not {expected}: {} {}", answer.status, answer.body));
}

/// Asks again and again until told to stop.
pub(crate) fn storm(
    client: &Client,
    every: Duration,
    stop: &Arc<AtomicBool>,
) -> tokio::task::JoinHandle<Found> {
    let (client, stop) = (client.clone(), Arc::clone(stop));
    tokio::spawn(async move {
        let mut found = Found::default();
        while !stop.load(Ordering::Relaxed) {
            probe(&client, &mut found).await;
            tokio::time::sleep(every).await;
        }
        forgive(&mut found);
        found
    })
}

/// Of a hundred probes one may be late while several services flap: that is the machine, and is told as a number.
fn forgive(found: &mut Found) {
    let probes = found.notes.iter().find(|(name, _)| *name == "probes").map_or(0, |(_, count)| *count);
    let late = found.violations.iter().filter(|what| what.starts_with(LATE)).count() as u64;
    if late * 100 <= probes {
        found.violations.retain(|what| !what.starts_with(LATE));
        found.note("late probes", late);
    }
}
