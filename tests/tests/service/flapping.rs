//! C6: a Redis that comes and goes once a second, for a minute.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use cache_core::embedded::Server;
use cache_core::testkit::Proxy;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::away::back;
use crate::case::{Found, Profile};
use crate::fleet::{Fleet, HOST, Start};
use crate::http::Client;
use crate::original::Original;
use crate::probes::storm;
use crate::redis::{connections, patient};

/// For how long it is there, and away.
const HALF: Duration = Duration::from_millis(500);

/// How often something is read, and half as often probed.
const EVERY: Duration = Duration::from_millis(50);

/// How it comes and goes.
#[derive(Debug, Clone, Copy)]
enum Way {
    /// The process is killed, and another one started.
    Killed,
    /// The process is stopped.
    Stopped,
    /// Its connections are reset, and no others taken.
    Cut,
}

/// A server, and the way to it.
struct Stage {
    server: Server,
    proxy: Proxy,
}

impl Stage {
    async fn new() -> Self {
        let server = cache_tests::private_server().await;
        let proxy = Proxy::start(&server.url()).await.unwrap();
        Self { server, proxy }
    }

    async fn go(&self, way: Way) {
        match way {
            Way::Killed => self.server.kill().await.unwrap_or_else(|error| panic!("{error}")),
            Way::Stopped => self.server.pause().await.unwrap_or_else(|error| panic!("{error}")),
            Way::Cut => self.proxy.refuse(),
        }
    }

    async fn come(&self, way: Way) {
        match way {
            Way::Killed => self.server.restart().await.unwrap_or_else(|error| panic!("{error}")),
            Way::Stopped => self.server.resume().await.unwrap_or_else(|error| panic!("{error}")),
            Way::Cut => self.proxy.redirect(&self.server.url()).unwrap(),
        }
    }

    /// Comes and goes for so long. How often it went.
    async fn flap(&self, way: Way, time: Duration) -> u64 {
        let (began, mut flaps) = (Instant::now(), 0);
        let mut next = began;
        while began.elapsed() < time {
            self.go(way).await;
            flaps += 1;
            next += HALF;
            tokio::time::sleep_until(next).await;
            self.come(way).await;
            next = (next + HALF).max(Instant::now());
            tokio::time::sleep_until(next).await;
        }
        flaps
    }
}

/// Reads now and then until told to stop.
fn reads(client: &Client, stop: &Arc<AtomicBool>) -> tokio::task::JoinHandle<Found> {
    let (client, stop) = (client.clone(), Arc::clone(stop));
    tokio::spawn(async move {
        let mut found = Found::default();
        for path in ["/tenant_settings", "/"].into_iter().cycle() {
            if stop.load(Ordering::Relaxed) {
                break;
            }
            found.note("reads while it flaps", 1);
            let answer = client.get(path, HOST).await;
            found.check(answer.as_ref().is_ok_and(|answer| answer.status == 200), || {
                format!("C6: {path}: {:?}", answer.map(|answer| (answer.status, answer.body)))
            });
            tokio::time::sleep(EVERY).await;
        }
        found
    })
}

pub(crate) async fn ours(profile: Profile) -> Found {
    let (mut lanes, mut found) = (JoinSet::new(), Found::default());
    let ways = [Way::Killed, Way::Stopped, Way::Cut, Way::Stopped, Way::Cut];
    for round in 0..profile.pick(1, 10) {
        for (lane, way) in ways.into_iter().enumerate() {
            // Not all at one moment.
            let late = Duration::from_millis(100 * lane as u64 + u64::from(round));
            lanes.spawn(async move {
                tokio::time::sleep(late).await;
                lane_of(way, Duration::from_secs(60)).await
            });
        }
        while let Some(lane) = lanes.join_next().await {
            found.add(lane.unwrap_or_else(|error| panic!("{error}")));
        }
    }
    found
}

async fn lane_of(way: Way, time: Duration) -> Found {
    let mut found = Found { runs: 1, ..Found::default() };
    let stage = Stage::new().await;
    let fleet = Fleet::start(Start::with(stage.proxy.url())).await;
    fleet.gets_ready(&mut found).await;
    let processes = fleet.processes().await;
    let stop = Arc::new(AtomicBool::new(false));
    let tasks = [reads(&fleet.client, &stop), storm(&fleet.client, 2 * EVERY, &stop)];
    found.faults += stage.flap(way, time).await;
    back(&fleet, &mut found).await;
    stop.store(true, Ordering::Relaxed);
    for task in tasks {
        found.add(task.await.unwrap_or_else(|error| panic!("{error}")));
    }
    fleet.gets_ready(&mut found).await;
    let now = fleet.processes().await;
    found.check(now == processes, || format!("C6: processes {processes:?} became {now:?}"));
    let left = connections(&patient(&stage.server.url()).await).await;
    // What it had is closed when the server reads that it is.
    found.check(left <= 3, || format!("H1: {left} connections are left when it is over"));
    found
}

/// Whether there is a Redis is decided at boot.
pub(crate) async fn control(_: Profile) -> Found {
    let mut found = Found { runs: 1, ..Found::default() };
    let stage = Stage::new().await;
    let client = Client::new(&Original::boot(&stage.proxy.url()).await.serve().await);
    let stop = Arc::new(AtomicBool::new(false));
    let task = tokio::spawn({
        let (client, stop) = (client.clone(), Arc::clone(&stop));
        async move {
            let mut found = Found::default();
            while !stop.load(Ordering::Relaxed) {
                let answer = client.get("/tenant_settings", HOST).await;
                found.check(answer.as_ref().is_ok_and(|answer| answer.status == 200), || {
                    format!("C6: {answer:?}")
                });
                tokio::time::sleep(EVERY).await;
            }
            found
        }
    });
    found.faults += stage.flap(Way::Cut, Duration::from_secs(2)).await;
    stop.store(true, Ordering::Relaxed);
    found.add(task.await.unwrap_or_else(|error| panic!("{error}")));
    found
}
