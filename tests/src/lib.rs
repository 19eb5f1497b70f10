//! What the live tests share: one private server a process, a namespace a test, both protocols.

pub mod authority;
pub mod backfill;
pub mod before;
pub mod child;
pub mod clients;
pub mod cluster;
pub mod coordinator;
pub mod crash;
pub mod derived;
pub mod dice;
pub mod dropped;
pub mod figures;
pub mod hand_on;
pub mod keys;
pub mod others;
pub mod plain;
pub mod postgres;
pub mod profile;
pub mod python;
pub mod recorder;
pub mod releases;
pub mod schemas;
pub mod sentinel;
pub mod stalls;
pub mod stopping;
pub mod store;

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cache_core::embedded::{EmbeddedError, Server};
use cache_core::{Cache, Degrade, Protocol, RedisSettings};

pub use clients::{connect, connect_lazy, connect_redis, connect_with, degrade, refused_by_fred};

/// How long an answer may take that is not about time: where many programs share a core, the default is not enough.
const LATE: Duration = Duration::from_secs(20);

/// The URL of the server that the tests of this process share.
///
/// # Panics
/// If no server can be had; the message says how to get one.
pub async fn shared_url() -> String {
    match cache_core::testkit::shared_url().await {
        Ok(url) => url,
        Err(error) => panic!("{}", wanting(&error)),
    }
}

/// A server for one test alone, which may kill it.
///
/// # Panics
/// If no server can be had; the message says how to get one.
pub async fn private_server() -> Server {
    match Server::start().await {
        Ok(server) => server,
        Err(error) => panic!("{}", wanting(&error)),
    }
}

fn wanting(error: &EmbeddedError) -> String {
    format!("a live test needs a server: {error}; or set CACHE_TEST_REDIS_URL to a disposable Redis 8")
}

/// A cache on the shared server in a namespace that no other test has.
///
/// # Panics
/// If no server can be had.
pub async fn cache(test: &str, protocol: Protocol) -> Cache {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let namespace = format!("{test}-{}-{number}", std::process::id());
    connect(&shared_url().await, protocol).await.project(&namespace)
}

/// A server, and how it is spoken to; all other settings are as they are without a word.
pub fn speaking(url: impl Into<String>, protocol: Protocol) -> RedisSettings {
    RedisSettings::new(url).protocol(protocol)
}

/// A cache on a server that does without it when it is away, but has time: on a busy machine an answer may be late.
///
/// # Panics
/// If the server cannot be reached.
pub async fn patient(url: &str, protocol: Protocol) -> Cache {
    let settings = RedisSettings::new(url).response_timeout(LATE).connect_timeout(LATE).protocol(protocol);
    match degrade(Degrade::new().budget(LATE).entry_timeout(LATE), settings).await {
        Ok(cache) => cache,
        Err(error) => panic!("no connection to the test server: {}", chain(&error)),
    }
}

/// Another handle in the namespace of one on the shared server, as another process has it, with time.
///
/// # Panics
/// If the server cannot be reached.
pub async fn elsewhere(cache: &Cache) -> Cache {
    let other = patient(&shared_url().await, cache.capabilities().protocol).await;
    match cache.keyspace() {
        Ok(keyspace) => other.namespace(keyspace.global()),
        Err(error) => panic!("{}", chain(&error)),
    }
}

/// An error and what lies below it, on one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        text.push_str(": ");
        text.push_str(&error.to_string());
        below = error.source();
    }
    text
}

/// Runs a live test on a runtime of its own.
///
/// # Panics
/// If the test does, or no runtime can be made.
pub fn run<F: Future<Output = ()>>(test: &str, protocol: Protocol, body: impl FnOnce(Cache) -> F) {
    on_threads(test, protocol, async |protocol| body(cache(test, protocol).await).await);
}

/// Runs a case that has a server of its own, or none, on one thread.
///
/// # Panics
/// If the case does, or no runtime can be made.
pub fn alone<F: Future<Output = ()>>(_: &str, protocol: Protocol, case: impl FnOnce(Protocol) -> F) {
    blocked(tokio::runtime::Builder::new_current_thread(), case(protocol));
}

/// The same on two threads.
///
/// # Panics
/// As that.
pub fn on_threads<F: Future<Output = ()>>(_: &str, protocol: Protocol, case: impl FnOnce(Protocol) -> F) {
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    runtime.worker_threads(2);
    blocked(runtime, case(protocol));
}

/// The same without a runtime, for `fn name(protocol: Protocol)`.
pub fn without_runtime(_: &str, protocol: Protocol, case: impl FnOnce(Protocol)) {
    case(protocol);
}

fn blocked(mut runtime: tokio::runtime::Builder, case: impl Future<Output = ()>) {
    match runtime.enable_all().build() {
        Ok(runtime) => runtime.block_on(case),
        Err(error) => panic!("no runtime: {error}"),
    }
}

/// Makes two tests of each case, `resp3::name` and `resp2::name`. Of `async fn name(protocol: Protocol)`, which sees to its server
/// itself, it needs the names alone; others say before them what runs them: `on_threads => name, other; run => another`.
#[macro_export]
macro_rules! both {
    ($($case:ident),+ $(,)?) => {
        $crate::both! { $crate::alone => $($case),+ }
    };
    ($($by:path => $($case:ident),+ $(,)?);+ $(;)?) => {
        mod resp3 {
            $($(#[test]
            fn $case() {
                $by(stringify!($case), cache_core::Protocol::Resp3, super::$case);
            })+)+
        }
        mod resp2 {
            $($(#[test]
            fn $case() {
                $by(stringify!($case), cache_core::Protocol::Resp2, super::$case);
            })+)+
        }
    };
}

/// Makes two tests of each `async fn name(cache: Cache)`, on the server that all share: one that speaks RESP3, one that speaks RESP2.
#[macro_export]
macro_rules! live {
    ($($test:ident),+ $(,)?) => {
        $crate::both! { $crate::run => $($test),+ }
    };
}
