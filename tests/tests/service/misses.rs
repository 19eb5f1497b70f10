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

/// What the workers read from their stores.
const READS: &str = "tenant_store_reads_total";

pub(crate) async fn ours(profile: Profile) -> Found {
    let mut found = Found::default();
    for workers in [1, 3] {
        let server = cache_tests::private_server().await;
        let admin = patient(&server.url()).await;
        let fleet = Fleet::start(Start::with(server.url()).workers(workers).store_delay(STORE)).await;
        found.check(fleet.ready(PATIENCE).await.is_some(), || "it does not get ready".to_owned());
        // Connections are there, and hosts are known.
        let client = Client::new(&fleet.base());
        storm(&client, &mut found, 200).await;
        for _ in 0..profile.pick(3, 30) {
            found.runs += ASKING;
            say(&admin, &["DEL", "service:cache:tenant_settings:acme"]).await;
            let before = fleet.sum(READS).await;
            storm(&client, &mut found, ASKING).await;
            let loads = fleet.sum(READS).await - before;
            found.note("loads for a thousand misses over HTTP", loads);
            let most = u64::from(workers);
            found.check((1..=most).contains(&loads), || {
                format!("C4: {loads} loads by {workers} processes for {ASKING} that miss")
            });
        }
    }
    found
}

async fn storm(client: &Client, found: &mut Found, asking: u64) {
    let mut asked = JoinSet::new();
    for _ in 0..asking {
        let client = client.clone();
        asked.spawn(async move { client.get("/tenant_settings", HOST).await });
    }
    while let Some(answer) = asked.join_next().await {
        let answer = answer.unwrap_or_else(|error| panic!("{error}"));
        found.check(answer.as_ref().is_ok_and(|answer| answer.status == 200), || format!("C4: {answer:?}"));
    }
}
