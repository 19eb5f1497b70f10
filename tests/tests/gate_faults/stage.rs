//! The gate's server that cases share which do it no harm, and its witness.

use std::time::Duration;

use cache_core::embedded::Server;
use tokio::runtime::Runtime;
use tokio::sync::OnceCell;

use crate::place::Place;
use crate::witness::Witness;

/// A server with a witness.
#[derive(Debug)]
pub(crate) struct Stage {
    server: Server,
    witness: Witness,
    /// What the witness reads on, whichever case ends first.
    _runtime: Runtime,
}

impl Stage {
    /// The one of this process.
    pub(crate) async fn new() -> &'static Self {
        static STAGE: OnceCell<Stage> = OnceCell::const_new();
        STAGE
            .get_or_init(|| async {
                let server = cache_tests::private_server().await;
                let runtime =
                    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
                let runtime = runtime.unwrap_or_else(|error| panic!("no runtime: {error}"));
                let socket = server.socket().to_owned();
                let watching = runtime.spawn(async move { Witness::of(&socket).await }).await;
                let witness = watching.unwrap_or_else(|error| panic!("no witness: {error}"));
                Self { server, witness, _runtime: runtime }
            })
            .await
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// I3: releases and renewals that changed another's key.
    pub(crate) async fn i3(&self, place: &Place) -> Vec<String> {
        self.witness.i3(&place.cache, &place.key()).await
    }

    /// Waits until the server has run so many scripts of this caller.
    pub(crate) async fn has_run(&self, caller: &str, scripts: u64) -> bool {
        for _ in 0..2_000 {
            if self.witness.calls(caller) >= scripts {
                return true;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        false
    }
}
