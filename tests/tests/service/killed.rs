//! A Redis that goes while 64 connections read, and comes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use cache_core::embedded::Server;
use tokio::task::JoinSet;

use crate::away::back;
use crate::case::{Found, Profile};
use crate::fleet::{Fleet, HOST, PATIENCE, Start};
use crate::http::Client;
use crate::original::Original;

/// How many read.
const CONNECTIONS: usize = 64;

/// For how long it is there, and away.
const WHILE: Duration = Duration::from_millis(700);

/// How it goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Killed,
    Stopped,
}

impl Way {
    async fn go(self, server: &Server) {
        let gone = match self {
            Self::Killed => server.kill().await,
            Self::Stopped => server.pause().await,
        };
        gone.unwrap_or_else(|error| panic!("{error}"));
    }

    async fn come(self, server: &Server) {
        let back = match self {
            Self::Killed => server.restart().await,
            Self::Stopped => server.resume().await,
        };
        back.unwrap_or_else(|error| panic!("{error}"));
    }
}

/// Reads over all connections until it is told to stop.
struct Load {
    stop: Arc<AtomicBool>,
    readers: JoinSet<Found>,
    answered: Arc<AtomicU64>,
}

impl Load {
    fn start(base: &Client, paths: &'static [&'static str]) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let mut readers = JoinSet::new();
        for reader in 0..CONNECTIONS {
            let (client, stop, answered) = (base.clone(), Arc::clone(&stop), Arc::clone(&answered));
            readers.spawn(async move {
                let mut found = Found::default();
                for path in paths.iter().cycle().skip(reader) {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    let answer = client.get(path, HOST).await;
                    found.runs += 1;
                    if let Ok(answer) = &answer {
                        found.took("read", answer.took);
                    }
                    answered.fetch_add(1, Ordering::Relaxed);
                    found.check(answer.as_ref().is_ok_and(|answer| answer.status == 200), || {
                        format!("{path}: {:?}", answer.map(|answer| (answer.status, answer.body)))
                    });
                }
                found
            });
        }
        Self { stop, readers, answered }
    }

    /// Waits until so many more are answered, and a while.
    async fn pass(&self, found: &mut Found) {
        let until = self.answered.load(Ordering::Relaxed) + 2 * CONNECTIONS as u64;
        tokio::time::sleep(WHILE).await;
        let answered = async {
            while self.answered.load(Ordering::Relaxed) < until {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        let passed = tokio::time::timeout(PATIENCE, answered).await;
        found.check(passed.is_ok(), || "nothing is answered any more".to_owned());
    }

    async fn end(mut self, found: &mut Found) {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(reader) = self.readers.join_next().await {
            found.add(reader.unwrap_or_else(|error| panic!("{error}")));
        }
    }
}

pub(crate) async fn ours(profile: Profile) -> Found {
    let mut found = Found::default();
    let server = cache_tests::private_server().await;
    let fleet = Fleet::start(Start::with(server.url()).workers(2)).await;
    fleet.gets_ready(&mut found).await;
    let processes = fleet.processes().await;
    let load =
        Load::start(&fleet.client, &["/tenant_settings", "/tenant_settings", "/", "/?q=ada&device=phone"]);
    load.pass(&mut found).await;
    for _ in 0..profile.pick(2, 20) {
        for way in [Way::Killed, Way::Stopped] {
            way.go(&server).await;
            found.faults += 1;
            load.pass(&mut found).await;
            way.come(&server).await;
            back(&fleet, &mut found).await;
            load.pass(&mut found).await;
        }
    }
    load.end(&mut found).await;
    let now = fleet.processes().await;
    found.check(now == processes, || format!("C6: processes {processes:?} became {now:?}"));
    found
}

pub(crate) async fn control(_: Profile) -> Found {
    let mut found = Found::default();
    let server = cache_tests::private_server().await;
    let client = Client::new(&Original::boot(&server.url()).await.serve().await);
    let load = Load::start(&client, &["/tenant_settings"]);
    load.pass(&mut found).await;
    found.faults += 1;
    Way::Killed.go(&server).await;
    load.pass(&mut found).await;
    load.end(&mut found).await;
    found
}
