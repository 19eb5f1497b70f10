//! Migrations of documents killed with SIGKILL while applications write: the next ones finish them, each document takes
//! each step once, and nothing is lost.

#![cfg(unix)]

use cache_tests::{backfill, private_server};

/// What the children of the other tests do. On its own it does nothing.
#[tokio::test]
async fn in_a_child() {
    backfill::act().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_killed_is_gone_on_with() {
    let server = private_server().await;
    let kills = std::env::var("CACHE_TEST_KILLS").ok().and_then(|kills| kills.parse().ok()).unwrap_or(50);
    let found = backfill::kill_and_go_on(&server.url(), "backfill", kills).await;
    println!("figures: {found:?}");
    assert_eq!(found.violations(), 0, "{found:?}");
    assert!(found.kills >= kills && found.writes > found.documents, "{found:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_checks_see_what_goes_wrong_without_it() {
    let server = private_server().await;
    let found = backfill::control(&server.url(), "control").await;
    println!("control: {found:?}");
    assert!(found.steps > 0 && found.lost > 0, "{found:?}");
}
