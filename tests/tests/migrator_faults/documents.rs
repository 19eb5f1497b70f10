//! Migrations of documents that are killed: see `cache_tests::backfill`.

use cache_tests::{backfill, private_server};

use crate::case::{Found, Profile};

fn found(backfill: backfill::Backfill) -> Found {
    Found {
        runs: backfill.kills,
        faults: backfill.kills,
        violations: backfill.violations(),
        judged: backfill.documents,
    }
}

pub(crate) async fn ours(profile: Profile) -> Found {
    let server = private_server().await;
    let kills = u64::from(profile.pick(50, 500));
    found(backfill::kill_and_go_on(&server.url(), "backfill", kills).await)
}

pub(crate) async fn control(_: Profile) -> Found {
    let server = private_server().await;
    found(backfill::control(&server.url(), "control").await)
}

/// Is a migration that is killed, if this process was told to be one. `false`: it was not.
pub(crate) fn act() -> bool {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.unwrap_or_else(|error| panic!("no runtime: {error}")).block_on(backfill::act())
}
