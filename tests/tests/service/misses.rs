//! C4 over HTTP: a thousand requests at once for what nobody has in the cache.

use std::time::Duration;

use tokio::task::JoinSet;

use crate::case::{Found, Profile};
use crate::fleet::{Fleet, HOST, PATIENCE, Start};
use crate::http::Client;
use crate::redis::{patient, say};

/// How many ask at once.
const ASKING: u64 = 1_000;

/// How long the store takes: until all have come.
const STORE: Duration = Duration::from_millis(700);

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
        // A machine that is busy with other things is no Redis that is away.
        let start = Start::with(server.url()).workers(workers).store_delay(STORE).entry_timeout(PATIENCE);
        let fleet = Fleet::start(start).await;
        fleet.gets_ready(&mut found).await;
        // Connections are there, and hosts are known.
        let client = Client::new(&fleet.base());
        storm(&client, &mut found, 200).await;
        let (most, mut once) = (u64::from(workers), 0);
        for _ in 0..profile.pick(3, 30) {
            found.runs += ASKING;
            say(&admin, &["DEL", "service:cache:tenant_settings:acme"]).await;
            let before = fleet.sum(READS).await;
            storm(&client, &mut found, ASKING).await;
            let loads = fleet.sum(READS).await - before;
            found.note("loads for storms of a thousand misses over HTTP", loads);
            once += u64::from((1..=most).contains(&loads));
        }
        // On a machine that is busy some come when it is over and what was loaded is not stored yet.
        found.note("of them with one load a process", once);
        found.check(once > 0, || format!("C4: never one load by each of {workers} processes"));
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
