//! Servers as services do not want them.

use std::net::TcpListener;
use std::process::Stdio;
use std::time::{Duration, Instant};

use cache_core::embedded::{Server, binaries};
use cache_core::{Cache, Command, Reply};
use tempfile::TempDir;
use tokio::process::{Child, Command as Program};

use crate::fleet::PATIENCE;

/// Says something to a server, which has to take it.
pub(crate) async fn say(cache: &Cache, words: &[&str]) -> Reply {
    let (name, arguments) = words.split_first().unwrap_or_else(|| panic!("no command"));
    let reply = cache.command(Command::new(name).args_from(arguments.iter().copied())).await;
    reply.unwrap_or_else(|error| panic!("{words:?}: {}", cache_tests::chain(&error)))
}

/// A connection of the harness, whose calls may take as long as a busy machine needs.
pub(crate) async fn patient(url: &str) -> Cache {
    let settings = cache_core::RedisSettings::new(url).connect_timeout(PATIENCE).response_timeout(PATIENCE);
    Cache::connect(settings).await.unwrap_or_else(|error| panic!("{url}: {}", cache_tests::chain(&error)))
}

/// A server with a port.
pub(crate) async fn with_port() -> Server {
    Server::options().tcp(true).start().await.unwrap_or_else(|error| panic!("{error}"))
}

/// A port that nobody listens on.
pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("{error}"));
    listener.local_addr().unwrap_or_else(|error| panic!("{error}")).port()
}

/// How many connections a server has beside the one that asks.
pub(crate) async fn connections(cache: &Cache) -> u64 {
    let clients = say(cache, &["CLIENT", "LIST"]).await;
    let clients = clients.as_str().unwrap_or_default().lines().count() as u64;
    clients.saturating_sub(1)
}

/// A server that is started by hand. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Raw {
    process: Child,
    port: u16,
    directory: TempDir,
}

impl Raw {
    /// One without any module.
    pub(crate) async fn bare() -> Self {
        let directory = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let raw = Self::start(directory, &[]).await;
        let answers = async { while Cache::connect(raw.url()).await.is_err() {} };
        tokio::time::timeout(PATIENCE, answers).await.unwrap_or_else(|_| panic!("it does not start"));
        raw
    }

    /// One that reads its data, for longer than any case takes.
    pub(crate) async fn loading() -> Self {
        const KEYS: u32 = 5_000;
        let mut bare = Self::bare().await;
        let cache = patient(&bare.url()).await;
        for key in 0..KEYS {
            say(&cache, &["SET", &format!("key-{key}"), "value"]).await;
        }
        say(&cache, &["SAVE"]).await;
        bare.process.kill().await.unwrap_or_else(|error| panic!("{error}"));
        // As redis's own tests make one: microseconds a key, and how often it looks at its clients meanwhile.
        let slowly = ["--key-load-delay", "50000", "--loading-process-events-interval-bytes", "1024"];
        let raw = Self::start(bare.directory, &slowly).await;
        let began = Instant::now();
        loop {
            assert!(began.elapsed() < PATIENCE, "it does not start");
            let error = match Cache::connect(raw.url()).await {
                Ok(cache) => cache.ping().await.err(),
                Err(error) => Some(error),
            };
            if error.is_some_and(|error| cache_tests::chain(&error).contains("LOADING")) {
                return raw;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn start(directory: TempDir, arguments: &[&str]) -> Self {
        let binaries = binaries().await.unwrap_or_else(|error| panic!("{error}"));
        let port = free_port();
        let process = Program::new(&binaries.server)
            .args(["--port", &port.to_string(), "--save", "", "--dir"])
            .arg(directory.path())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .unwrap_or_else(|error| panic!("{error}"));
        Self { process, port, directory }
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}
