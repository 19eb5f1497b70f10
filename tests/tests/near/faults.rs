//! C3: the line on which the server tells of changes breaks, falls silent, or has nothing more to tell; three seconds after what was
//! written then, nothing is read as it was before.

use std::time::{Duration, Instant};

use cache_core::embedded::Server;
use cache_core::testkit::{Direction, Fault as Chunked, Proxy};
use cache_core::{Cache, CacheModel, Command, NearCache, NearHandle, RedisSettings};
use cache_tests::private_server;
use futures_util::future::join_all;

use crate::case::{Found, Profile};
use crate::document::{Counted, connect};

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// `CLIENT KILL` of all connections.
    Kill,
    /// What the server says is lost: on all connections, on the one that tells of changes, or what is asked there.
    Silence,
    /// `FLUSHALL`.
    Flush,
    /// The server is killed, and started anew without its data.
    Restart,
    /// The server has no room to remember who read what.
    Forget,
}

/// How long after a change it may be read as it was.
const STALE: Duration = Duration::from_secs(3);

/// Handles that have the fault at once.
const LANES: u64 = 10;

const KEYS: u64 = 50;

/// The connection of a lane that tells of changes, as the proxy counts them.
const LINE: u64 = 1;

struct Lane {
    proxy: Proxy,
    near: NearHandle,
    namespace: String,
}

impl Lane {
    /// A handle that has all of its documents in memory.
    async fn warm(url: &str, admin: &Cache, namespace: String) -> (Self, u64) {
        let proxy = Proxy::start(url).await.unwrap();
        let settings = RedisSettings::new(proxy.url()).response_timeout(Duration::from_secs(1));
        let cache = Cache::connect(settings).await.unwrap().namespace(&namespace);
        let near = cache.near(NearCache::new().ttl(Duration::from_secs(600))).await.unwrap();
        let lane = Self { proxy, near, namespace };
        lane.write(admin, 1).await;
        for _ in 0..2 {
            lane.near.get_many::<Counted, _>(0..KEYS).await.unwrap();
        }
        let hits = lane.near.status().hits;
        (lane, hits)
    }

    /// Writes all documents from elsewhere.
    async fn write(&self, admin: &Cache, number: u64) {
        let elsewhere = admin.clone().namespace(&self.namespace);
        let documents = (0..KEYS).map(|id| Counted { id, number });
        let saved = Counted::save_many(&elsewhere, documents).await;
        assert!(saved.iter().all(Result::is_ok), "{saved:?}");
    }

    /// How many are not what the server has. Whoever gets no answer is not told anything wrong.
    async fn stale(&self, number: u64, must_answer: bool) -> u64 {
        let reads = (0..KEYS).map(|id| self.near.get::<Counted>(id));
        let stale = join_all(reads).await.into_iter().filter(|read| match read {
            Ok(found) => found.as_ref().is_none_or(|found| found.number != number),
            Err(error) => {
                assert!(!must_answer && error.is_unavailable(), "{error}");
                false
            }
        });
        stale.count() as u64
    }

    /// Waits until the server tells of changes.
    async fn mended(&self) {
        self.proxy.calm();
        self.proxy.reset_all();
        let began = Instant::now();
        while !self.near.status().tracked || self.near.get::<Counted>(0).await.is_err() {
            assert!(began.elapsed() < Duration::from_secs(20), "{:?}", self.near.status());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

/// Does it to all of them.
async fn inject(fault: Fault, server: &Server, admin: &Cache, lanes: &[Lane]) {
    match fault {
        Fault::Kill => {
            let kill = Command::new("CLIENT").args_from(["KILL", "TYPE", "normal", "SKIPME", "yes"]);
            let killed = admin.command(kill).await.unwrap().as_int();
            assert!(killed >= i64::try_from(LANES).ok(), "{killed:?}");
        }
        Fault::Silence => {
            for (number, lane) in lanes.iter().enumerate() {
                let lost = match number % 3 {
                    0 => Direction::ToServer,
                    _ => Direction::ToClient,
                };
                let everywhere = number % 3 == 1;
                lane.proxy.plan(move |chunk| {
                    let is_line = everywhere || chunk.connection == LINE;
                    (is_line && chunk.direction == lost).then_some(Chunked::Silence)
                });
            }
        }
        Fault::Flush => drop(admin.command(Command::new("FLUSHALL")).await.unwrap()),
        Fault::Restart => {
            server.kill().await.unwrap();
            server.restart().await.unwrap();
            while admin.ping().await.is_err() {}
        }
        // From the beginning.
        Fault::Forget => {}
    }
}

pub(crate) async fn ours(profile: Profile, fault: Fault) -> Found {
    let server = private_server().await;
    let url = server.url();
    let admin = connect(&url).await;
    if fault == Fault::Forget {
        let few = Command::new("CONFIG").args_from(["SET", "tracking-table-max-keys", "100"]);
        admin.command(few).await.unwrap();
    }
    let mut found = Found::default();
    for round in 0..profile.pick(5, 50) {
        let namespaces = (0..LANES).map(|lane| format!("c3-{round}-{lane}"));
        let warming = namespaces.map(|namespace| Lane::warm(&url, &admin, namespace));
        let (lanes, hits): (Vec<Lane>, Vec<u64>) = join_all(warming).await.into_iter().unzip();
        found.hits += hits.iter().sum::<u64>();
        inject(fault, &server, &admin, &lanes).await;
        found.faults += LANES;
        join_all(lanes.iter().map(|lane| lane.write(&admin, 2))).await;
        // The promise is about these seconds.
        tokio::time::sleep(STALE).await;
        let silent = fault == Fault::Silence;
        found.stale += join_all(lanes.iter().map(|lane| lane.stale(2, !silent))).await.iter().sum::<u64>();
        found.checks += LANES * KEYS;
        // And afterwards it is told again: what is read is kept, and no longer than it is true.
        join_all(lanes.iter().map(Lane::mended)).await;
        for lane in &lanes {
            found.stale += lane.stale(2, true).await;
            found.checks += KEYS;
            let (before, began) = (lane.near.status().hits, Instant::now());
            while lane.near.status().hits == before {
                found.stale += lane.stale(2, true).await;
                found.checks += KEYS;
                let is_late = began.elapsed() > Duration::from_secs(20);
                assert!(!is_late || fault == Fault::Forget, "{:?}", lane.near.status());
                if is_late {
                    break;
                }
            }
            found.reads += 5 * KEYS;
        }
    }
    found
}
