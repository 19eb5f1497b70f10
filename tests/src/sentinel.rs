//! A master with a replica on this machine, and three sentinels that watch it.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use cache_core::embedded::{self, Server};
use cache_core::testkit::Proxy;
use cache_core::{Cache, Pem, Protocol, Reply};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

use crate::cluster::{free_port, until};

/// The name under which they watch the master.
pub const MASTER: &str = "mymaster";

/// After how long a server that does not answer is taken to be down, in milliseconds.
const DOWN_AFTER: u32 = 1_000;

/// How long a failover may take until another one may be begun, in milliseconds.
const FAILOVER: u32 = 5_000;

/// A master, its replica, and who watches them.
#[derive(Debug)]
pub struct Watched {
    servers: Vec<Server>,
    sentinels: Vec<Sentinel>,
}

/// A sentinel, which ends with this.
#[derive(Debug)]
struct Sentinel {
    process: Child,
    port: u16,
    /// It writes to its settings what it learns.
    _settings: TempDir,
}

impl Drop for Sentinel {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// What stands before them, so that clients need TLS.
#[derive(Debug)]
pub struct BehindTls {
    servers: Vec<Proxy>,
    sentinels: Vec<Proxy>,
    /// They name servers by the ports that have TLS.
    _translators: JoinSet<()>,
}

impl BehindTls {
    /// The URLs of the sentinels, at `127.0.0.1`.
    pub fn urls(&self) -> Vec<String> {
        self.sentinels.iter().map(|sentinel| format!("rediss://127.0.0.1:{}", sentinel.port())).collect()
    }

    /// What stands before a server.
    pub fn server(&self, at: usize) -> &Proxy {
        &self.servers[at]
    }
}

impl Watched {
    /// Starts them, and waits until the sentinels know each other and the replica. With a password, the sentinels want it.
    ///
    /// # Panics
    /// If there is no server, or they do not come to know each other.
    pub async fn start(password: Option<&str>) -> Self {
        let mut servers = Vec::new();
        for _ in 0..2 {
            let server = Server::options().tcp(true).start().await;
            servers.push(server.unwrap_or_else(|error| panic!("no server: {error}")));
        }
        let master = servers[0].port().unwrap_or_default().to_string();
        say(&servers[1].url(), &["REPLICAOF", "127.0.0.1", &master]).await;
        until("the replica follows", async || {
            let info = say(&servers[1].url(), &["INFO", "replication"]).await;
            info.as_str().is_some_and(|info| info.contains("master_link_status:up"))
        })
        .await;
        let program = embedded::binaries().await.unwrap_or_else(|error| panic!("no server: {error}")).server;
        let sentinels = (0..3).map(|_| Sentinel::start(&program, &master, password)).collect();
        let watched = Self { servers, sentinels };
        for sentinel in &watched.sentinels {
            until("the sentinels know each other and the replica", async || {
                let url = match password {
                    Some(password) => format!("redis://:{password}@127.0.0.1:{}", sentinel.port),
                    None => format!("redis://127.0.0.1:{}", sentinel.port),
                };
                let info = try_say(&url, &["INFO", "sentinel"]).await;
                let known = "status=ok,address=";
                info.is_some_and(|info| info.contains(known) && info.contains("slaves=1,sentinels=3"))
            })
            .await;
        }
        watched
    }

    /// Puts TLS before the servers and before the sentinels, which then name those ports to clients; among themselves they speak as
    /// before. Each with a certificate for `127.0.0.1`, or another name, and its key.
    ///
    /// # Panics
    /// If they cannot be used, or there is no port to spare.
    pub async fn behind_tls(&self, server: &(String, String), sentinel: &(String, String)) -> BehindTls {
        let start = async |url: &str, (cert, key): &(String, String)| {
            let proxy = Proxy::start_tls(url, Pem::text(cert.clone()), Pem::text(key.clone())).await;
            proxy.unwrap_or_else(|error| panic!("no proxy: {error}"))
        };
        let (mut servers, mut ports) = (Vec::new(), Vec::new());
        for plain in &self.servers {
            let proxy = start(&plain.url(), server).await;
            ports.push((plain.port().unwrap_or_default(), proxy.port()));
            servers.push(proxy);
        }
        let (mut sentinels, mut translators) = (Vec::new(), JoinSet::new());
        for plain in &self.sentinels {
            let listener = TcpListener::bind("127.0.0.1:0").await;
            let listener = listener.unwrap_or_else(|error| panic!("no port: {error}"));
            let between = listener.local_addr().map_or(0, |address| address.port());
            translators.spawn(translate(listener, plain.port, ports.clone()));
            sentinels.push(start(&format!("redis://127.0.0.1:{between}"), sentinel).await);
        }
        BehindTls { servers, sentinels, _translators: translators }
    }

    /// A server: the master at first, and its replica.
    pub fn server(&self, at: usize) -> &Server {
        &self.servers[at]
    }

    /// The URLs of the sentinels.
    pub fn urls(&self) -> Vec<String> {
        self.sentinels.iter().map(|sentinel| format!("redis://127.0.0.1:{}", sentinel.port)).collect()
    }

    /// Ends a sentinel like a crash.
    pub fn kill_sentinel(&mut self, at: usize) {
        drop(self.sentinels.remove(at));
    }
}

impl Sentinel {
    fn start(program: &Path, master: &str, password: Option<&str>) -> Self {
        let settings = tempfile::tempdir().unwrap_or_else(|error| panic!("no directory: {error}"));
        let (port, file) = (free_port(), settings.path().join("sentinel.conf"));
        let password = password.map(|password| format!("requirepass {password}\n")).unwrap_or_default();
        let text = format!(
            "port {port}\nbind 127.0.0.1\n{password}sentinel monitor {MASTER} 127.0.0.1 {master} 2\n\
             sentinel down-after-milliseconds {MASTER} {DOWN_AFTER}\nsentinel failover-timeout {MASTER} {FAILOVER}\n"
        );
        std::fs::write(&file, text).unwrap_or_else(|error| panic!("no settings: {error}"));
        let mut command = Command::new(program);
        command.arg(&file).arg("--sentinel").current_dir(settings.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().unwrap_or_else(|error| panic!("no sentinel: {error}"));
        Self { process, port, _settings: settings }
    }
}

/// Passes on what a sentinel is asked, and what it answers with other ports.
async fn translate(listener: TcpListener, sentinel: u16, ports: Vec<(u16, u16)>) {
    let mut connections = JoinSet::new();
    while let Ok((client, _)) = listener.accept().await {
        let ports = ports.clone();
        connections.spawn(async move {
            let (mut from_client, mut to_client) = client.into_split();
            let sentinel = TcpStream::connect(("127.0.0.1", sentinel)).await?;
            let (mut from_sentinel, mut to_sentinel) = sentinel.into_split();
            let asks = async { tokio::io::copy(&mut from_client, &mut to_sentinel).await.map(drop) };
            let answers = async {
                let mut buffer = vec![0; 4_096];
                loop {
                    // Its answers are small, and come in one piece.
                    let length = from_sentinel.read(&mut buffer).await?;
                    let mut text = String::from_utf8_lossy(&buffer[..length]).into_owned();
                    for (old, new) in &ports {
                        let word = |port: &u16| format!("${}\r\n{port}\r\n", port.to_string().len());
                        text = text.replace(&word(old), &word(new));
                    }
                    if length == 0 {
                        return Ok(());
                    }
                    to_client.write_all(text.as_bytes()).await?;
                }
            };
            tokio::select! {
                ended = asks => ended,
                ended = answers => ended,
            }
        });
    }
}

async fn say(url: &str, words: &[&str]) -> Reply {
    let cache = crate::connect_redis(url, Protocol::Resp2).await;
    let (name, rest) = words.split_first().unwrap_or((&"PING", &[]));
    let said = cache.command(cache_core::Command::new(name).args_from(rest)).await;
    said.unwrap_or_else(|error| panic!("{words:?}: {}", crate::chain(&error)))
}

async fn try_say(url: &str, words: &[&str]) -> Option<String> {
    let cache = Cache::connect(url).await.ok()?;
    let (name, rest) = words.split_first()?;
    let said = cache.command(cache_core::Command::new(name).args_from(rest)).await.ok()?;
    said.as_str().map(str::to_owned)
}
