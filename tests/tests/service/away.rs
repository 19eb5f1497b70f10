//! A service that boots without its Redis, and has it later.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cache_tests::stalls;

use crate::case::{Found, Profile};
use crate::fleet::{Fleet, HOST, PATIENCE, Start};
use crate::probes::probe_for;

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
