//! A server, a namespace and a runtime for one test.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::sync::OnceCell;

use super::clean::clean;
use crate::cache::Cache;
use crate::embedded::{EmbeddedError, Server};
use crate::migrate::Migrator;
use crate::model::{Indexed, Model};
use crate::settings::{Protocol, RedisSettings};

/// A server in place of the embedded one.
const URL: &str = "CACHE_TEST_REDIS_URL";

/// How much of a test's name is in its namespace, in bytes.
const LONGEST: usize = 80;

/// How long tasks that a test left running may hold up its end.
const LEFT_BEHIND: Duration = Duration::from_secs(1);

/// What a test is given: what [`#[cache_core::test]`](macro@crate::test) makes, for test runners of another kind.
///
/// ```
/// use cache_core::testkit::Setup;
/// use cache_core::{Cache, Command};
///
/// let answer = Setup::new("ping").run(async |cache: Cache| {
///     cache.command(Command::new("PING")).await.unwrap().as_str().map(str::to_owned)
/// });
/// assert_eq!(answer.as_deref(), Some("PONG"));
/// ```
#[derive(Debug)]
#[must_use = "a test does nothing until it is run"]
pub struct Setup {
    test: &'static str,
    protocol: Protocol,
    migrator: Option<Migrator>,
}

impl Setup {
    /// For the test of this name, which its namespace tells.
    pub fn new(test: &'static str) -> Self {
        Self { test, protocol: Protocol::default(), migrator: None }
    }

    /// Makes the model's index before the test begins.
    pub fn register<M: Model + Indexed>(mut self) -> Self {
        self.migrator = Some(self.migrator.unwrap_or_default().register::<M>());
        self
    }

    /// The protocol of the cache's connection; without it RESP3.
    pub fn protocol(mut self, protocol: Protocol) -> Self {
        self.protocol = protocol;
        self
    }

    /// Runs the test on a runtime of its own, with a cache in a namespace of its own on the server that all tests of this
    /// process [share](shared_url). Afterwards the namespace is taken away, also after a panic: keys and indexes. What is
    /// beside namespaces on the server, as its dictionaries are, stays.
    ///
    /// It takes as long as the test does; taking the namespace away is bounded by the connection's deadlines.
    ///
    /// # Panics
    /// If the test does, no server can be had (the message says how to get one), or an index cannot be made.
    pub fn run<F: Future>(self, test: impl FnOnce(Cache) -> F) -> F::Output {
        let runtime = runtime();
        let url = runtime.block_on(shared_url()).unwrap_or_else(|error| {
            fail(&format!("no server for the tests, and {URL} names none"), &error);
        });
        let (cache, project) = runtime.block_on(self.connect(&url));
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            runtime.block_on(self.prepare(&cache));
            runtime.block_on(test(cache.clone()))
        }));
        if let Err(error) = runtime.block_on(clean(&cache, &project)) {
            tell(&format!("what the test left under `{project}:` is there still: {}", chain(&error)));
        }
        end(runtime, outcome)
    }

    /// As [`run`](Self::run), with a server of its own, which it may kill, stop and restart.
    ///
    /// # Panics
    /// As [`run`](Self::run).
    pub fn run_with_server<F: Future>(self, test: impl FnOnce(Cache, Server) -> F) -> F::Output {
        let runtime = runtime();
        let server = runtime.block_on(Server::start()).unwrap_or_else(|error| fail("no server", &error));
        let (cache, _) = runtime.block_on(self.connect(&server.url()));
        runtime.block_on(self.prepare(&cache));
        let outcome = catch_unwind(AssertUnwindSafe(|| runtime.block_on(test(cache, server))));
        end(runtime, outcome)
    }

    /// A cache, and the project that it is of.
    async fn connect(&self, url: &str) -> (Cache, String) {
        // Processes on several machines may share a server, and in containers have the same ids.
        static PROCESS: LazyLock<u32> = LazyLock::new(rand::random);
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let project = format!("{}-{:08x}-{number}", plain(self.test), *PROCESS);
        let settings = RedisSettings::new(url).protocol(self.protocol);
        match Cache::connect(settings).await {
            Ok(cache) => (cache.project(&project), project),
            Err(error) => fail("no connection to the server of the tests", &error),
        }
    }

    /// Makes the indexes.
    async fn prepare(self, cache: &Cache) {
        if let Some(migrator) = self.migrator
            && let Err(error) = migrator.run(cache).await
        {
            fail("no indexes", &error);
        }
    }
}

/// The URL of the server that the tests of this process share: `CACHE_TEST_REDIS_URL` unless it is empty, or that of an
/// embedded server which is started at the first call and ends with the process, however that ends.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// // A whole service as a process, on the server of the tests.
/// let url = cache_core::testkit::shared_url().await?;
/// let service = tokio::process::Command::new("target/debug/service").env("REDIS_URL", url).kill_on_drop(true).spawn()?;
/// # drop(service);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// As [`Server::start`]; the error says what to install or set.
pub async fn shared_url() -> Result<String, EmbeddedError> {
    static SERVER: OnceCell<Server> = OnceCell::const_new();
    match std::env::var(URL) {
        Ok(url) if !url.is_empty() => Ok(url),
        // It stops with the process: a static is never dropped, but the pipe that keeps the server alive closes.
        _ => SERVER.get_or_try_init(Server::start).await.map(Server::url),
    }
}

fn runtime() -> Runtime {
    Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap_or_else(|error| fail("no runtime", &error))
}

fn end<T>(runtime: Runtime, outcome: std::thread::Result<T>) -> T {
    runtime.shutdown_timeout(LEFT_BEHIND);
    outcome.unwrap_or_else(|panic| resume_unwind(panic))
}

/// A name without what means something in keys, patterns and projects.
fn plain(test: &str) -> String {
    let name: String =
        test.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect();
    let from = name.len().saturating_sub(LONGEST);
    name.get(from..).unwrap_or_default().trim_start_matches('-').to_owned()
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        text.push_str(": ");
        text.push_str(&error.to_string());
        below = error.source();
    }
    text
}

#[expect(clippy::panic, reason = "it is how a test fails")]
fn fail(what: &str, error: &(impl std::error::Error + 'static)) -> ! {
    panic!("{what}: {}", chain(error))
}

#[expect(clippy::print_stderr, reason = "test runners show it with the test that it belongs to")]
fn tell(text: &str) {
    eprintln!("{text}");
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn names_of_tests_are_names_of_projects() {
        assert_eq!(plain("shop::tests::it_works"), "shop--tests--it_works");
        assert_eq!(plain("größe*[a]"), "gr--e--a-");
        assert_eq!(plain(&"long".repeat(40)).len(), 80);
        assert_eq!(plain(&format!("{}::x", "a".repeat(100))).len(), 80);
    }
}
