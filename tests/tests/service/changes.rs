//! Settings that are changed in one process and read in another.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::away::back;
use crate::case::{Found, Profile};
use crate::fleet::{Fleet, HOST, PATIENCE, Start};
use crate::http::Answer;

fn settings(number: u32) -> Value {
    json!({ "title": format!("Title {number}"), "accent": "plum", "page_size": 7, "support": null })
}

/// Changes them, somewhere.
async fn post(fleet: &Fleet, number: u32, found: &mut Found) -> Answer {
    let answer = fleet.anywhere.post("/tenant_settings", HOST, &settings(number)).await;
    let answer = answer.unwrap_or_else(|error| panic!("{error}"));
    found.check(answer.status == 200, || format!("a change is refused: {answer:?}"));
    answer
}

/// Reads them, somewhere else; whether they are as they were made last.
async fn is_new(fleet: &Fleet, number: u32, than: u32) -> bool {
    let answer = fleet.elsewhere("/tenant_settings", than).await;
    answer.status == 200 && answer.json()["title"] == settings(number)["title"]
}

pub(crate) async fn ours(profile: Profile) -> Found {
    let mut found = Found::default();
    let server = cache_tests::private_server().await;
    let fleet = Fleet::start(Start::with(server.url()).workers(2)).await;
    fleet.gets_ready(&mut found).await;
    for number in 0..profile.pick(200, 2_000) {
        found.runs += 1;
        // So that it is in the cache.
        let _ = fleet.client.get("/tenant_settings", HOST).await;
        let posted = post(&fleet, number, &mut found).await;
        let new = is_new(&fleet, number, posted.worker).await;
        found.check(new, || format!("C1: change {number} is not seen in another process"));
    }
    found
}

/// The same, with a Redis that goes before and comes behind it, with the old settings in it.
pub(crate) async fn without_redis(profile: Profile) -> Found {
    let mut found = Found::default();
    let server = cache_tests::private_server().await;
    let fleet = Fleet::start(Start::with(server.url()).workers(2)).await;
    fleet.gets_ready(&mut found).await;
    for number in 0..profile.pick(5, 50) {
        found.runs += 1;
        found.faults += 1;
        let _ = fleet.client.get("/tenant_settings", HOST).await;
        server.pause().await.unwrap_or_else(|error| panic!("{error}"));
        let posted = post(&fleet, number, &mut found).await;
        let new = is_new(&fleet, number, posted.worker).await;
        found.check(new, || format!("C9: change {number} is not seen while Redis is away"));
        server.resume().await.unwrap_or_else(|error| panic!("{error}"));
        let began = Instant::now();
        back(&fleet, &mut found).await;
        let told = fleet.all("/metrics", PATIENCE, |answer| {
            answer
                .body
                .lines()
                .any(|line| line.starts_with("cache_owed_invalidations") && line.ends_with(" 0"))
        });
        found.check(told.await.is_some(), || "C9: an invalidation is never delivered".to_owned());
        found.took("delivered", began.elapsed());
        for _ in 0..20 {
            let new = is_new(&fleet, number, 0).await;
            found.check(new, || format!("C9: change {number} is not seen when Redis is back"));
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    found
}
