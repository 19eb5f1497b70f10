//! The memory of calls that wait, 10,000 of them on one server: bounded for each, and the same however often they wait. A program
//! of its own, since memory is a process's; on clusters it is measured by `cluster`.

#![cfg(target_os = "linux")]

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::{Duration, Instant};

use cache_core::embedded::Server;
use cache_core::testkit::{Direction, Proxy};
use cache_core::{Cache, CacheModel, Error, Protocol, RedisSettings};
use cache_tests::{chain, connect_with, private_server};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "plain")]
struct Plain {
    #[primary_key]
    id: u32,
    text: String,
}

/// How many calls wait, and may.
const WAITING: usize = 10_000;

/// How long each may wait.
const DEADLINE: Duration = Duration::from_secs(4);

/// What each may need, its task with it.
const EACH: u64 = 16 * 1024;

/// What a later wave may need more than the second, for which the allocator may have taken a quarter more than for the first: as on
/// clusters. Two kibibytes that are kept of each call would be more after one wave.
const SLACK: u64 = 16 << 20;

/// How calls that wait end.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    /// The server, which was stopped, goes on.
    Answered,
    /// The connection is silent until their time is over.
    GivenUp,
}

const WAVES: [End; 4] = [End::GivenUp, End::Answered, End::GivenUp, End::Answered];

struct Line {
    server: Server,
    proxy: Proxy,
    cache: Cache,
}

impl Line {
    async fn new(protocol: Protocol) -> Self {
        let server = private_server().await;
        let proxy = Proxy::start(&server.url()).await.unwrap();
        let settings = RedisSettings::new(proxy.url()).protocol(protocol).max_in_flight(WAITING);
        let cache = connect_with(settings.response_timeout(DEADLINE)).await.unwrap();
        let _ = Plain { id: 1, text: "x".to_owned() }.save(&cache).await.unwrap();
        Self { server, proxy, cache }
    }

    /// Lets them wait, and end; the memory while all wait, in bytes.
    async fn wave(&self, end: End) -> u64 {
        match end {
            End::Answered => self.server.pause().await.unwrap(),
            End::GivenUp => self.proxy.silence(Direction::ToClient),
        }
        let (mut calls, begun) = (JoinSet::new(), Arc::new(AtomicUsize::new(0)));
        for _ in 0..WAITING {
            let (cache, begun) = (self.cache.clone(), Arc::clone(&begun));
            calls.spawn(async move {
                let mut call = pin!(Plain::get(&cache, 1));
                assert!(poll_fn(|context| Poll::Ready(call.as_mut().poll(context))).await.is_pending());
                begun.fetch_add(1, Ordering::SeqCst);
                call.await
            });
        }
        while begun.load(Ordering::SeqCst) < WAITING {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        for refused in [self.cache.ping().await.err(), Plain::get(&self.cache, 1).await.err()] {
            assert!(matches!(refused, Some(Error::Busy { limit: WAITING })), "{refused:?}");
        }
        let waiting = settled().await;
        match end {
            End::Answered => self.server.resume().await.unwrap(),
            // Only what is connected from now on is heard.
            End::GivenUp => self.proxy.calm(),
        }
        let (mut answered, mut given_up) = (0, 0);
        while let Some(call) = calls.join_next().await {
            match call.unwrap() {
                Ok(found) => answered += usize::from(found.is_some()),
                Err(error) if error.is_unavailable() => given_up += 1,
                Err(error) => panic!("{}", chain(&error)),
            }
        }
        assert_eq!(answered + given_up, WAITING, "documents are lost");
        match end {
            End::Answered => assert!(answered > WAITING / 2, "{answered} were answered, {given_up} not"),
            // Whoever began last had time left to ask once more on the next connection.
            End::GivenUp => assert!(given_up > 0, "nobody waited"),
        }
        self.until_there().await;
        waiting
    }

    async fn until_there(&self) {
        let began = Instant::now();
        while let Err(error) = self.cache.ping().await {
            assert!(error.is_unavailable(), "{}", chain(&error));
            assert!(began.elapsed() < Duration::from_secs(20), "it never came back: {}", chain(&error));
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

/// One protocol after the other, in one process: the second may need no more than the first.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_is_flat_while_10_000_calls_wait() {
    let mut second = 0;
    for protocol in [Protocol::Resp3, Protocol::Resp2] {
        let line = Line::new(protocol).await;
        let before = resident();
        let mut waves = Vec::new();
        for end in WAVES {
            waves.push(line.wave(end).await);
        }
        let of = |bytes: u64| bytes.saturating_sub(before) / WAITING as u64;
        let each: Vec<u64> = waves.iter().copied().map(of).collect();
        let after = resident();
        println!("{protocol:?}: {before} bytes before, {after} after, for each that waits {each:?}");
        assert!(each.iter().all(|each| *each <= EACH), "bytes for each: {each:?}");
        assert!(waves[1] <= waves[0] / 4 * 5, "{waves:?}");
        // The next protocol begins with what this one left.
        let most = second.max(waves[1]) + SLACK;
        second = waves[1].max(after);
        assert!(waves.iter().chain([&after]).all(|now| *now <= most), "{most}; {waves:?}, and then {after}");
    }
}

/// The memory once it does not grow any more.
async fn settled() -> u64 {
    let mut now = resident();
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let later = resident();
        if later <= now {
            return later.max(now);
        }
        now = later;
    }
}

/// What the process has in memory, in bytes.
fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<u64>().unwrap() << 10
}
