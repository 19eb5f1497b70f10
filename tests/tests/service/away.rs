//! A service that boots without its Redis, and has it later.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cache_core::testkit::{Direction, Fault, Proxy};
use cache_tests::stalls;
use serde_json::json;

use crate::case::{Found, Profile};
use crate::fleet::{Fleet, HOST, PATIENCE, Start};
use crate::probes::probe_for;
use crate::redis::{patient, say};

/// Within how long a service has its Redis when that is there: twice the longest pause between two questions in the
/// background, which is two seconds.
pub(crate) const BACK: Duration = Duration::from_secs(4);

/// How long it took until every worker has its Redis, without what the machine is to blame for.
pub(crate) async fn back(fleet: &Fleet, found: &mut Found) {
    let (began, slowest) = (Instant::now(), AtomicU64::new(0));
    let enabled = fleet.all("/healthcheck", PATIENCE, |answer| {
        slowest.fetch_max(u64::try_from(answer.took.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
        let json = answer.json();
        json.get("ping_ms").is_some() && json.get("degraded").is_none()
    });
    let Some(took) = enabled.await else {
        found.violations.push("C6: it never has its Redis again".to_owned());
        return;
    };
    // What an answer takes, the load and the machine make it take.
    let took = took.saturating_sub(Duration::from_millis(slowest.load(Ordering::Relaxed)));
    // A probe may be answered what the one before it, less than a second ago, was.
    let took =
        took.saturating_sub(stalls::between(began, Instant::now())).saturating_sub(Duration::from_secs(1));
    found.took("back", took);
    found.check(took <= BACK, || format!("C6: it has its Redis again after {took:?}"));
}

pub(crate) async fn comes(profile: Profile) -> Found {
    let mut found = Found::default();
    for _ in 0..profile.pick(3, 30) {
        found.runs += 1;
        found.faults += 1;
        let server = cache_tests::private_server().await;
        server.kill().await.unwrap_or_else(|error| panic!("{error}"));
        let fleet = Fleet::start(Start::with(server.url()).workers(2)).await;
        probe_for(&fleet.client, &mut found, 200, "/status", "degraded").await;
        probe_for(&fleet.client, &mut found, 200, "/degraded", "unavailable").await;
        let settings = fleet.client.get("/tenant_settings", HOST).await;
        found.check(
            settings
                .as_ref()
                .is_ok_and(|answer| answer.status == 200 && answer.json()["title"] == "Acme, logged in"),
            || format!("the lower tiers do not answer: {settings:?}"),
        );
        let page = fleet.client.get("/", HOST).await;
        found.check(
            page.as_ref()
                .is_ok_and(|answer| answer.status == 200 && answer.body.contains("class=\"notice\"")),
            || format!("the page says nothing of it: {page:?}"),
        );
        server.restart().await.unwrap_or_else(|error| panic!("{error}"));
        back(&fleet, &mut found).await;
        fleet.gets_ready(&mut found).await;
        // One of the workers seeds.
        let seeded =
            fleet.all("/", PATIENCE, |page| page.status == 200 && page.body.contains(" of 90</span>"));
        found.check(seeded.await.is_some(), || "nobody seeded".to_owned());
        found.check(fleet.end().await, || "it did not end well when it was told to".to_owned());
    }
    found
}

/// A Redis that loses everything while it is there.
pub(crate) async fn flushed(profile: Profile) -> Found {
    let mut found = Found::default();
    let server = cache_tests::private_server().await;
    let admin = patient(&server.url()).await;
    let fleet = Fleet::start(Start::with(server.url()).workers(2)).await;
    fleet.gets_ready(&mut found).await;
    for number in 0..=profile.pick(1, 5) {
        found.runs += 1;
        let seeded =
            fleet.all("/", PATIENCE, |page| page.status == 200 && page.body.contains(" of 90</span>"));
        found.check(seeded.await.is_some(), || format!("nobody seeded after {number} flushes"));
        found.faults += 1;
        say(&admin, &["FLUSHALL"]).await;
    }
    found
}

/// A search that takes longer than the page waits, of a Redis that is there.
pub(crate) async fn late(_: Profile) -> Found {
    let mut found = Found { runs: 1, faults: 1, ..Found::default() };
    let server = cache_tests::private_server().await;
    let proxy = Proxy::start(&server.url()).await.unwrap();
    let fleet = Fleet::start(Start::with(proxy.url()).entry_timeout(PATIENCE)).await;
    fleet.gets_ready(&mut found).await;
    proxy.plan(|chunk| {
        let late = Fault::Delay(Duration::from_secs(5));
        (chunk.direction == Direction::ToServer && contains(chunk.bytes, b"FT.SEARCH")).then_some(late)
    });
    let page = fleet.client.get("/", HOST).await;
    let right = page.as_ref().is_ok_and(|page| {
        page.status == 200
            && page.body.contains("within half a second")
            && !page.body.contains("does not answer")
    });
    found.check(right, || format!("a search that is late is told as something else: {page:?}"));
    found
}

/// A boot with a Redis that answers, and every answer late: it is listened before all is done, and that is told.
pub(crate) async fn slow(_: Profile) -> Found {
    let mut found = Found { runs: 1, faults: 1, ..Found::default() };
    let server = cache_tests::private_server().await;
    let proxy = Proxy::start(&server.url()).await.unwrap();
    proxy.plan(|chunk| {
        // Not while it connects: that has a bound of its own.
        let late = chunk.direction == Direction::ToClient && chunk.number >= 6;
        late.then_some(Fault::Delay(Duration::from_millis(200)))
    });
    let fleet = Fleet::start(Start::with(proxy.url()).entry_timeout(PATIENCE)).await;
    found.took("boot with a Redis that is slow", fleet.boot);
    let health = fleet.client.get("/healthcheck", HOST).await;
    let told = health.as_ref().is_ok_and(|answer| {
        let json = answer.json();
        answer.status == 503 && json["status"] == "not_ready" && json.get("degraded").is_none()
    });
    found.check(told, || format!("it is listened only when all is done: {health:?}"));
    proxy.calm();
    fleet.gets_ready(&mut found).await;
    found
}

/// What is owed when a service ends is told.
pub(crate) async fn owed(_: Profile) -> Found {
    let mut found = Found { runs: 1, faults: 1, ..Found::default() };
    let server = cache_tests::private_server().await;
    let fleet = Fleet::start(Start::with(server.url())).await;
    fleet.gets_ready(&mut found).await;
    let _ = fleet.client.get("/tenant_settings", HOST).await;
    server.pause().await.unwrap_or_else(|error| panic!("{error}"));
    let settings = json!({ "title": "New", "accent": "plum", "page_size": 7, "support": null });
    let posted = fleet.client.post("/tenant_settings", HOST, &settings).await;
    found.check(posted.as_ref().is_ok_and(|answer| answer.json()["copies"] == "owed"), || {
        format!("nothing is owed: {posted:?}")
    });
    let said = fleet.last_words().await;
    let told = said.as_ref().is_some_and(|said| said.contains("owed=") && said.contains("was not told"));
    found.check(told, || format!("what is owed at the end is not told: {said:?}"));
    found
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}
