//! Writers killed in the middle of a write with unique values: the next one finds nothing that it cannot repair.

#![cfg(unix)]

use cache_tests::{cluster, crash, private_server};

/// What the children of the other tests do. On its own it does nothing.
#[tokio::test]
async fn in_a_child() {
    crash::act().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stops_in_a_cluster_leaves_what_can_be_repaired() {
    let server = cluster::one_node().await;
    let crashes = crash::crash_everywhere(&server.url(), "crash").await;
    assert_eq!(crashes.disagreements, 0, "{crashes:?}");
    assert!(crashes.kills >= 25, "each write has several steps: {crashes:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_stops_on_one_server_leaves_nothing_half_done() {
    let server = private_server().await;
    let crashes = crash::crash_everywhere(&server.url(), "crash").await;
    assert_eq!(crashes.disagreements, 0, "{crashes:?}");
    assert!(crashes.kills >= 6, "{crashes:?}");
}
