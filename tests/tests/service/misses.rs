//! C4 over HTTP: a thousand requests at once for what nobody has in the cache.
//!
//! A process that does not get to the answer of its Redis within a quarter of a second goes on without, and what comes then is
//! loaded again; so it is in some storms on a machine that is busy with other things. One of them has to be as it should be, and
//! in none may a process load twice at once.

use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::case::{Found, Profile};
use crate::fleet::{Fleet, HOST, Start};
use crate::http::Client;
use crate::redis::{patient, say};

/// How many ask at once.
const ASKING: u64 = 1_000;

/// How long the store takes: until all have come.
const STORE: Duration = Duration::from_millis(1500);

/// They come so many at a time, so that those who have come wait for the store and for nothing else.
const WAVE: u64 = 40;
const BETWEEN: Duration = Duration::from_millis(25);

/// What the workers read from their stores.
const READS: &str = "tenant_store_reads_total";

/// How many of these each of them had at once, at most.
const AT_ONCE: &str = "tenant_store_reads_at_once_max";

pub(crate) async fn ours(profile: Profile) -> Found {
    let mut found = Found::default();
    for workers in [1, 3] {
        let server = cache_tests::private_server().await;
        let admin = patient(&server.url()).await;
        let fleet = Fleet::start(Start::with(server.url()).workers(workers).store_delay(STORE)).await;
        fleet.gets_ready(&mut found).await;
        // Connections are there, and hosts are known.
        let client = Client::new(&fleet.base());
        storm(&client, &mut found, 200).await;
        let (most, mut once) = (u64::from(workers), 0);
        for storms in 1.. {
            found.runs += ASKING;
            say(&admin, &["DEL", "service:cache:tenant_settings:acme"]).await;
            let (before, began) = (fleet.sum(READS).await, Instant::now());
            storm(&client, &mut found, ASKING).await;
            let loads = fleet.sum(READS).await - before;
            // One after the other, a process does no more in this time.
            let could = most * (1 + began.elapsed().as_millis() / STORE.as_millis()) as u64;
            found.check((1..=could).contains(&loads), || {
                format!("C4: {loads} loads by {workers} processes for {ASKING} that miss, in {:?}", began.elapsed())
            });
            once += u64::from(loads <= most);
            if storms >= profile.pick(3, 30) && once > 0 {
                found.note("storms of a thousand misses over HTTP", u64::from(storms));
                break;
            }
            if storms >= 3 * profile.pick(3, 30) {
                found.violations.push(format!("C4: never one load by each of {workers} processes"));
                break;
            }
        }
        found.note("of them with one load a process", once);
        // This holds on whatever machine.
        let at_once = fleet.sum(AT_ONCE).await;
        found.check(at_once <= most, || format!("C4: {at_once} loads at once by {workers} processes"));
    }
    found
}

async fn storm(client: &Client, found: &mut Found, asking: u64) {
    let mut asked = JoinSet::new();
    for number in 0..asking {
        if number.is_multiple_of(WAVE) {
            tokio::time::sleep(BETWEEN).await;
        }
        let client = client.clone();
        asked.spawn(async move { client.get("/tenant_settings", HOST).await });
    }
    while let Some(answer) = asked.join_next().await {
        let answer = answer.unwrap_or_else(|error| panic!("{error}"));
        found.check(answer.as_ref().is_ok_and(|answer| answer.status == 200), || format!("C4: {answer:?}"));
    }
}
