//! Servers as services do not want them.

use std::ffi::OsStr;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use cache_core::embedded::{Server, binaries};
use cache_core::{Cache, Command, Reply};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
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
        let raw = Self::start(directory, &[], &[]).await;
        let answers = async {
            while !raw.answer_to_ping().await.is_ok_and(|answer| answer.starts_with("+PONG")) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, answers).await.unwrap_or_else(|_| panic!("it does not start"));
        raw
    }

    /// One that reads its data, for longer than any case takes.
    pub(crate) async fn loading() -> Self {
        const KEYS: u32 = 5_000;
        /// Bytes of a value: more than those after which it looks at its clients.
        const VALUE: usize = 1_100;
        let mut bare = Self::bare().await;
        let cache = patient(&bare.url()).await;
        let pairs = (0..KEYS).flat_map(|key| [format!("key-{key}"), "v".repeat(VALUE)]);
        let set = cache.command(Command::new("MSET").args_from(pairs)).await;
        set.unwrap_or_else(|error| panic!("{}", cache_tests::chain(&error)));
        say(&cache, &["SAVE"]).await;
        bare.process.kill().await.unwrap_or_else(|error| panic!("{error}"));
        // As redis's own tests make one: microseconds a key, and how often it looks at its clients meanwhile.
        let slowly = ["--key-load-delay", "20000", "--loading-process-events-interval-bytes", "1024"];
        let modules = binaries().await.unwrap_or_else(|error| panic!("{error}")).modules;
        let raw = Self::start(bare.directory, &modules, &slowly).await;
        let loads = async {
            while !raw.answer_to_ping().await.is_ok_and(|answer| answer.starts_with("-LOADING")) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(PATIENCE, loads).await.unwrap_or_else(|_| panic!("it does not start"));
        raw
    }

    /// What it says, whatever that is.
    async fn answer_to_ping(&self) -> std::io::Result<String> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
        stream.write_all(b"PING\r\n").await?;
        let mut answer = [0; 64];
        let length = stream.read(&mut answer).await?;
        Ok(String::from_utf8_lossy(answer.get(..length).unwrap_or_default()).into_owned())
    }

    async fn start(directory: TempDir, modules: &[PathBuf], arguments: &[&str]) -> Self {
        let binaries = binaries().await.unwrap_or_else(|error| panic!("{error}"));
        let port = free_port();
        let process = Program::new(&binaries.server)
            .args(["--port", &port.to_string(), "--save", "", "--rdbcompression", "no", "--dir"])
            .arg(directory.path())
            .args(modules.iter().flat_map(|module| [OsStr::new("--loadmodule"), module.as_os_str()]))
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
