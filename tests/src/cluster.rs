//! A cluster of one node, which has all slots and yet refuses scripts and transactions across them.

use std::time::Duration;

use cache_core::embedded::Server;
use cache_core::{Command, Protocol};

/// A node that has all slots.
///
/// # Panics
/// If no server can be had, or it does not become a cluster.
pub async fn one_node() -> Server {
    let server = match Server::options().tcp(true).arg("--cluster-enabled").arg("yes").start().await {
        Ok(server) => server,
        Err(error) => panic!("no cluster of one node: {error}"),
    };
    let cache = crate::connect(&server.url(), Protocol::Resp3).await;
    let slots = Command::new("CLUSTER").args_from(["ADDSLOTSRANGE", "0", "16383"]);
    cache.command(slots).await.unwrap_or_else(|error| panic!("no slots: {error}"));
    for _ in 0..2_000 {
        let info = cache.command(Command::new("CLUSTER").arg("INFO")).await;
        if info.is_ok_and(|info| info.as_str().is_some_and(|info| info.contains("cluster_state:ok"))) {
            return server;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("the cluster of one node is not ready");
}
