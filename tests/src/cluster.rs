//! Clusters on this machine: of one node, which has all slots and yet refuses scripts and transactions across them, and of
//! several masters, with replicas.

use std::net::TcpListener;
use std::time::Duration;

use cache_core::embedded::Server;
use cache_core::testkit::Proxy;
use cache_core::{Cache, Command, Pem, Protocol, Reply, Route};

/// How many slots a cluster has.
const SLOTS: u16 = 16_384;

/// After how long a node that does not answer is taken to be down.
const NODE_TIMEOUT: Duration = Duration::from_millis(1_000);

/// A node that has all slots.
///
/// # Panics
/// If no server can be had, or it does not become a cluster.
pub async fn one_node() -> Server {
    let (server, _) = node().await;
    let cache = crate::connect_redis(&server.url(), Protocol::Resp3).await;
    let slots = Command::new("CLUSTER").args_from(["ADDSLOTSRANGE", "0", "16383"]);
    say(&cache, slots).await;
    until("the cluster of one node is ready", async || is_ok(&cache).await).await;
    server
}

/// A cluster of several nodes, each a server of its own.
#[derive(Debug)]
pub struct Nodes {
    masters: u16,
    servers: Vec<(Server, Cache, u16)>,
}

impl Nodes {
    /// So many masters, each with so many replicas.
    ///
    /// # Panics
    /// If no servers can be had, or they do not become a cluster.
    pub async fn start(masters: u16, replicas: u16) -> Self {
        let mut servers = Vec::new();
        for _ in 0..masters * (1 + replicas) {
            let (server, bus) = node().await;
            // What is said to a node is said to it alone.
            let alone = crate::connect_redis(&server.url(), Protocol::Resp3).await;
            servers.push((server, alone, bus));
        }
        let nodes = Self { masters, servers };
        for at in 0..masters {
            let (first, end) = (share(at, masters), share(at + 1, masters));
            nodes.say(at, &["CLUSTER", "ADDSLOTSRANGE", &first.to_string(), &(end - 1).to_string()]).await;
            // Epochs that are alike are settled slowly.
            nodes.say(at, &["CLUSTER", "SET-CONFIG-EPOCH", &(at + 1).to_string()]).await;
        }
        for at in 1..nodes.count() {
            let bus = nodes.node(0).2.to_string();
            nodes.say(at, &["CLUSTER", "MEET", "127.0.0.1", &nodes.port(0), &bus]).await;
        }
        until("all nodes know each other", async || {
            let mut known = true;
            for at in 0..nodes.count() {
                let list = nodes.say(at, &["CLUSTER", "NODES"]).await;
                let list = list.as_str().unwrap_or_default();
                let lines =
                    list.lines().filter(|line| line.contains("connected") && !line.contains("handshake"));
                known &= lines.count() == usize::from(nodes.count());
            }
            known
        })
        .await;
        for at in masters..nodes.count() {
            let master = nodes.id(at % masters).await;
            until("a replica follows", async || {
                nodes.try_say(at, &["CLUSTER", "REPLICATE", &master]).await.is_ok()
            })
            .await;
        }
        until("the cluster is ready", async || {
            let mut ready = true;
            for at in 0..nodes.count() {
                ready &= is_ok(&nodes.node(at).1).await;
                let slots = nodes.try_say(at, &["CLUSTER", "SLOTS"]).await;
                let ranges = slots.ok().and_then(|slots| slots.into_items().ok()).unwrap_or_default();
                // Each with its first and last slot, its master and its replicas.
                let whole = ranges.iter().all(
                    |range| matches!(range, Reply::Array(parts) if parts.len() == usize::from(3 + replicas)),
                );
                ready &= whole && ranges.len() == usize::from(masters);
            }
            ready
        })
        .await;
        nodes
    }

    /// Puts a proxy in front of each node, which from then on is where clients, and other nodes, are told that it is. What nodes
    /// tell each other goes past them.
    ///
    /// # Panics
    /// If a node refuses, or there is no port to spare.
    pub async fn behind_proxies(&self) -> Vec<Proxy> {
        self.behind(async |url| Proxy::start(&url).await).await
    }

    /// The same with proxies to which clients speak TLS, and which have this certificate for `127.0.0.1`, and its key.
    ///
    /// # Panics
    /// As [`behind_proxies`](Self::behind_proxies), or if they cannot be used.
    pub async fn behind_tls(&self, cert: &str, key: &str) -> Vec<Proxy> {
        self.behind(async |url| Proxy::start_tls(&url, Pem::text(cert), Pem::text(key)).await).await
    }

    async fn behind(&self, start: impl AsyncFn(String) -> std::io::Result<Proxy>) -> Vec<Proxy> {
        let mut proxies = Vec::new();
        for at in 0..self.count() {
            let proxy = start(self.url(at)).await.unwrap_or_else(|error| panic!("no proxy: {error}"));
            let port = proxy.port().to_string();
            self.say(at, &["CONFIG", "SET", "cluster-announce-port", &port]).await;
            proxies.push(proxy);
        }
        until("all nodes tell of the proxies", async || {
            let mut told = true;
            for at in 0..self.count() {
                let list = self.say(at, &["CLUSTER", "NODES"]).await;
                let list = list.as_str().unwrap_or_default();
                told &= proxies.iter().all(|proxy| list.contains(&format!("127.0.0.1:{}@", proxy.port())));
            }
            told
        })
        .await;
        proxies
    }

    /// The URL of a node.
    pub fn url(&self, at: u16) -> String {
        self.node(at).0.url()
    }

    /// The server of a node: the masters come first.
    pub fn server(&self, at: u16) -> &Server {
        &self.node(at).0
    }

    /// How many there are.
    pub fn count(&self) -> u16 {
        u16::try_from(self.servers.len()).unwrap_or(u16::MAX)
    }

    /// Which slots a master had at the beginning.
    pub fn slots(&self, at: u16) -> std::ops::Range<u16> {
        share(at, self.masters)..share(at + 1, self.masters)
    }

    /// Moves a slot to another master, as a resharding does: key by key, with what is asked for in between.
    ///
    /// # Panics
    /// If a node refuses.
    pub async fn move_slot(&self, slot: u16, from: u16, to: u16) {
        self.move_keys(slot, from, to).await;
        let new = self.id(to).await;
        for at in [to, from] {
            self.say(at, &["CLUSTER", "SETSLOT", &slot.to_string(), "NODE", &new]).await;
        }
    }

    /// Begins to move a slot to another master, and gives it the keys that there are: who has it still says `ASK` of them.
    ///
    /// # Panics
    /// If a node refuses.
    pub async fn move_keys(&self, slot: u16, from: u16, to: u16) {
        let (slot, old, new) = (slot.to_string(), self.id(from).await, self.id(to).await);
        self.say(to, &["CLUSTER", "SETSLOT", &slot, "IMPORTING", &old]).await;
        self.say(from, &["CLUSTER", "SETSLOT", &slot, "MIGRATING", &new]).await;
        loop {
            let keys = self.say(from, &["CLUSTER", "GETKEYSINSLOT", &slot, "10"]).await;
            let Reply::Array(keys) = keys else { panic!("{keys:?}") };
            if keys.is_empty() {
                break;
            }
            let port = self.port(to);
            let migrate = Command::new("MIGRATE").args_from(["127.0.0.1", &port, "", "0", "5000", "KEYS"]);
            let migrate =
                keys.iter().fold(migrate, |migrate, key| migrate.arg(key.as_bytes().unwrap_or_default()));
            say(&self.node(from).1, migrate.routed(self.itself(from))).await;
        }
    }

    /// Says something to one node.
    ///
    /// # Panics
    /// If it refuses.
    pub async fn say(&self, at: u16, words: &[&str]) -> Reply {
        self.try_say(at, words).await.unwrap_or_else(|error| panic!("{words:?}: {}", crate::chain(&error)))
    }

    async fn try_say(&self, at: u16, words: &[&str]) -> cache_core::Result<Reply> {
        let (name, rest) = words.split_first().unwrap_or((&"PING", &[]));
        self.node(at).1.command(Command::new(name).args_from(rest).routed(self.itself(at))).await
    }

    /// The route to a node, whatever the others are.
    fn itself(&self, at: u16) -> Route {
        Route::Node(format!("127.0.0.1:{}", self.port(at)))
    }

    async fn id(&self, at: u16) -> String {
        self.say(at, &["CLUSTER", "MYID"]).await.as_str().unwrap_or_default().to_owned()
    }

    fn port(&self, at: u16) -> String {
        self.node(at).0.port().unwrap_or_default().to_string()
    }

    fn node(&self, at: u16) -> &(Server, Cache, u16) {
        self.servers.get(usize::from(at)).unwrap_or_else(|| panic!("no node {at}"))
    }
}

/// Where the share of a master begins.
fn share(at: u16, masters: u16) -> u16 {
    let begins = u32::from(SLOTS) * u32::from(at) / u32::from(masters.max(1));
    u16::try_from(begins).unwrap_or(SLOTS)
}

/// A node, and the port on which others talk to it.
async fn node() -> (Server, u16) {
    let options = Server::options().tcp(true).arg("--cluster-enabled").arg("yes");
    let options = options.arg("--cluster-node-timeout").arg(NODE_TIMEOUT.as_millis().to_string());
    // By default 10,000 above the other port, which may be beyond the last one.
    let bus = free_port();
    let options = options.arg("--cluster-port").arg(bus.to_string());
    let options = options.arg("--cluster-replica-validity-factor").arg("0");
    let server = options.start().await.unwrap_or_else(|error| panic!("no node: {error}"));
    (server, bus)
}

pub(crate) fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|error| panic!("no port: {error}"));
    listener.local_addr().map_or(0, |address| address.port())
}

async fn say(cache: &Cache, command: Command) -> Reply {
    let name = command.name().to_owned();
    cache.command(command).await.unwrap_or_else(|error| panic!("{name}: {}", crate::chain(&error)))
}

async fn is_ok(cache: &Cache) -> bool {
    let info = cache.command(Command::new("CLUSTER").arg("INFO")).await;
    info.is_ok_and(|info| info.as_str().is_some_and(|info| info.contains("cluster_state:ok")))
}

/// Waits until it is so, twenty seconds at most.
///
/// # Panics
/// If it never is.
pub async fn until(what: &str, is: impl AsyncFn() -> bool) {
    for _ in 0..4_000 {
        if is().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("never: {what}");
}
