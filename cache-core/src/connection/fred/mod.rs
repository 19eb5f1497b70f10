//! The adapter for the `fred` crate: a server, or a cluster of them, whichever answers.

mod backlog;
mod config;
mod convert;
mod lists;
mod node;
mod silence;
#[cfg(feature = "tls")]
mod tls;
#[cfg(not(feature = "tls"))]
#[path = "no_tls.rs"]
mod tls;
mod transaction;
mod wire;

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use ::fred::clients::{Client, Pool};
use ::fred::interfaces::ClientLike;
use cache_index::{Batch, Command, Reply};
use futures_core::future::BoxFuture;
use tokio::runtime::Handle;

use self::node::{Clients, Node};
use self::wire::open;
use super::cluster::{Cluster, Member};
use super::in_flight::InFlight;
use super::{Capabilities, Connection, PushStream};
use crate::error::{Error, Result};
use crate::settings::RedisSettings;

/// A connection through the `fred` crate, to one server, or to a cluster that is found through one of its nodes.
///
/// Commands go through the clients that it was given. Transactions go through a connection of their own, made with the
/// first: a client's connection is shared with all who use it, and what they send would fall between. No command is sent
/// twice unless it may be repeated, whatever the client's own settings say.
///
/// In a cluster each node has a client of its own, made of the same settings, and commands follow their slots as they do with
/// [`Cache::connect`](crate::Cache::connect), not as fred has them. A client or a pool that was brought along is of one server, and a cluster
/// is refused.
///
/// What it has less than [`Cache::connect`](crate::Cache::connect):
///
/// - It hands out no [pushes](Connection::pushes), since fred (10.1) drops what a server says of a flush: queries ask with every call
///   whether their index is still the one that it was, and waiters of gates are not called but look again, as in RESP2.
/// - fred takes a list that begins with `message`, `subscribe` or the like for a message of a subscription, and gives all later
///   answers to the caller before. So what may answer with such a list (`FT.SUGGET`, `LRANGE`, `MGET`, `ZRANGE` and their
///   kind; in RESP2 also `FT.TAGVALS`, `HGETALL` and sets) is sent between `MULTI` and `EXEC`, for which the user needs the
///   rights, and in a slot that is moving it waits until that is over. Not covered are scripts and functions, whose authors
///   are not to answer a list of three to five texts that begins so, and what blocks: a `BZPOPMIN` of a key named `message`.
///   In RESP2 a list of `pubsub`, `message` (or `smessage`) and two texts, or of `pubsub`, `pmessage` and three, comes without its first.
/// - In RESP2 an error whose text is no UTF-8 has fred lose an answer, with the same effect. A server repeats what it was sent where it
///   does not know the command: an older one vectors of `VADD`. Scripts must not answer such errors.
/// - A pool does not wait for replicas: its clients take turns, and each would answer for its own connection. What the same
///   caller does next may be executed before what it gave up there.
/// - When a node of a cluster says `CLUSTERDOWN`, fred ends the connection, and has all fail that is under way there. What may
///   not be repeated is an error then, since it may have been executed.
/// - Each command of a batch is a write of its own, as fred has all that it does not know; none waits for the answer of the one
///   before it.
/// - A call that is given up is sent all the same. What the same caller does next comes behind it, also where one of the two is a
///   transaction: that waits for the server to answer a `PING` then.
/// - fred reads a long answer from its beginning again whenever more of it comes: megabytes take it long.
/// - In RESP2 it opens a connection with `PING`, which a server refuses that cannot write to its disk.
/// - It ends with the runtime that it was made in.
/// - The files of [`Tls`](crate::Tls) are read once, when it is made. Sentinels are not asked.
/// - A connection on which nothing is heard for the time that a call may take is given up by the calls that end without an
///   answer, also if their callers drop them earlier. One whose other end takes nothing any more is so by Linux, after the same
///   time; on other systems, and through a Unix socket, fred waits until there is room.
/// - A client that was brought along notices a half-open connection by its own settings (`UnresponsiveConfig`) alone, and
///   goes on connecting only if it has a `ReconnectPolicy`.
///
/// ```no_run
/// # use std::sync::Arc;
/// # use cache_core::{Cache, RedisSettings, connection::FredConnection};
/// # async fn example(client: fred::clients::Client) -> cache_core::Result<()> {
/// let cache = Cache::from_connection(Arc::new(FredConnection::from_client(client).await?));
/// let other = FredConnection::connect("redis://localhost:6379").await?;
/// # Ok(())
/// # }
/// ```
pub struct FredConnection {
    /// The server that the settings name. If it is a node of a cluster, the others are found through it.
    node: Arc<Node>,
    in_flight: InFlight,
    /// What it was made of, and where it runs, if it was made here.
    settings: Option<RedisSettings>,
    runtime: Option<Handle>,
    cluster: OnceLock<Arc<Cluster<Node>>>,
}

impl FredConnection {
    /// Connects to a server and asks what it can do.
    ///
    /// # Errors
    /// As [`Cache::connect`](crate::Cache::connect).
    pub async fn connect(settings: impl Into<RedisSettings>) -> Result<Self> {
        let settings = settings.into();
        let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
        let within = settings.connect_timeout;
        let client = config::client(&settings, true)?;
        let driver = open(&client, within).await.map_err(|error| convert::error("HELLO", within, &error))?;
        let node = Node::over(Clients::One(client), Some(driver), &settings);
        node.ask(settings.connect_timeout + settings.response_timeout).await?;
        Ok(Self::of(node, Some((settings, runtime))))
    }

    /// Goes on connecting in the background, for services that boot without their server: calls fail with
    /// [`Error::is_unavailable`] until it comes. For [`Degrade::over`](crate::Degrade::over), and for
    /// [`Cache::from_connection`](crate::Cache::from_connection) as [`Cache::connect_lazy`](crate::Cache::connect_lazy).
    ///
    /// # Errors
    /// [`Error::Settings`] if the URL is none, [`Error::NoRuntime`].
    pub fn lazy(settings: impl Into<RedisSettings>) -> Result<Self> {
        let settings = settings.into();
        let runtime = Handle::try_current().map_err(|_| Error::NoRuntime)?;
        let node = Node::lazy(&settings)?;
        Ok(Self::of(node, Some((settings, runtime))))
    }

    /// Uses a client that there is already, which whoever made it connects; asks the server what it can do.
    ///
    /// # Errors
    /// [`Error::is_unavailable`] if it is not connected in time, [`Error::is_access_denied`] if the user may not ask,
    /// [`Error::Unsupported`] if the server is part of a cluster.
    pub async fn from_client(client: Client) -> Result<Self> {
        Self::brought(Clients::One(client)).await
    }

    /// The same with the clients of a pool, in turn.
    ///
    /// # Errors
    /// As [`from_client`](FredConnection::from_client).
    pub async fn from_pool(pool: Pool) -> Result<Self> {
        Self::brought(Clients::Pool(pool)).await
    }

    /// As [`RedisSettings::response_timeout`]: two seconds without it. It is set before the first call.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        let deadline = RedisSettings::new("").response_timeout(timeout).response_timeout;
        self.settings = self.settings.map(|settings| settings.response_timeout(timeout));
        if let Some(node) = Arc::get_mut(&mut self.node) {
            node.deadline = deadline;
        }
        self
    }

    /// As [`RedisSettings::max_in_flight`]: 16,384 without it. It is set before the first call.
    pub fn max_in_flight(mut self, calls: usize) -> Self {
        let settings = RedisSettings::new("").max_in_flight(calls);
        self.settings = self.settings.map(|settings| settings.max_in_flight(calls));
        if let Some(node) = Arc::get_mut(&mut self.node) {
            node.most = settings.max_in_flight;
        }
        self.in_flight = InFlight::new(settings.max_in_flight);
        self
    }

    async fn brought(clients: Clients) -> Result<Self> {
        if clients.all().iter().any(ClientLike::is_clustered) {
            return Err(a_cluster());
        }
        let settings = RedisSettings::new("");
        let node = Node::over(clients, None, &settings);
        node.ask(settings.connect_timeout + settings.response_timeout).await?;
        if node.capabilities().cluster {
            return Err(a_cluster());
        }
        Ok(Self::of(node, None))
    }

    fn of(node: Node, made: Option<(RedisSettings, Handle)>) -> Self {
        let (in_flight, (settings, runtime)) = (InFlight::new(node.most), made.unzip());
        Self { node: Arc::new(node), in_flight, settings, runtime, cluster: OnceLock::new() }
    }

    /// The cluster, if it is known to be one.
    fn cluster(&self) -> Result<Option<&Arc<Cluster<Node>>>> {
        if let Some(cluster) = self.cluster.get() {
            return Ok(Some(cluster));
        }
        if self.node.capabilities_known().is_none_or(|known| !known.cluster) {
            return Ok(None);
        }
        let settings = self.settings.as_ref().ok_or_else(a_cluster)?;
        Ok(Some(self.cluster.get_or_init(|| {
            let runtime = self.runtime.clone();
            let make = move |settings: &RedisSettings| {
                // Whoever needs the node first may be on another runtime, which ends earlier.
                let _here = runtime.as_ref().map(Handle::enter);
                Node::lazy(settings)
            };
            Cluster::new(settings, &self.node, make)
        })))
    }

    /// Where a call goes, which takes a question the first time; and what time that leaves for the call.
    async fn place(
        &self,
        timeout: Option<Duration>,
    ) -> Result<(Option<&Arc<Cluster<Node>>>, Option<Duration>)> {
        if self.node.capabilities_known().is_some() {
            return Ok((self.cluster()?, timeout));
        }
        let (began, whole) = (Instant::now(), timeout.unwrap_or(self.node.deadline));
        // What few calls do is apart here and below, so that the others need not carry it.
        Box::pin(self.node.ask(whole)).await?;
        Ok((self.cluster()?, Some(whole.saturating_sub(began.elapsed()))))
    }
}

impl Connection for FredConnection {
    fn send(&self, command: Command) -> BoxFuture<'_, Result<Reply>> {
        Box::pin(async move {
            let _counted = self.in_flight.enter()?;
            match self.place(command.timeout()).await? {
                (None, timeout) => self.node.call(&command, timeout).await,
                (Some(cluster), timeout) => Box::pin(cluster.send(&command, timeout)).await,
            }
        })
    }

    fn send_all(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>> {
        Box::pin(async move {
            let _counted = self.in_flight.enter()?;
            let commands: Vec<_> = batch.commands().iter().collect();
            match self.place(batch.timeout()).await? {
                (None, timeout) => Box::pin(self.node.call_all(&commands, batch.is_atomic(), timeout)).await,
                (Some(cluster), timeout) if batch.is_atomic() => {
                    Box::pin(cluster.transact(&commands, timeout)).await
                }
                (Some(cluster), timeout) => Box::pin(cluster.send_all(&commands, timeout)).await,
            }
        })
    }

    fn capabilities(&self) -> &Capabilities {
        self.node.capabilities()
    }

    fn pushes(&self) -> Option<PushStream> {
        None
    }

    fn generation(&self) -> u64 {
        self.cluster.get().map_or_else(|| self.node.generation(), |cluster| cluster.generation())
    }

    fn notices_flushes(&self) -> bool {
        self.cluster.get().map_or_else(|| self.node.notices_flushes(), |cluster| cluster.notices_flushes())
    }

    fn deadline(&self) -> Duration {
        self.node.deadline
    }
}

fn a_cluster() -> Error {
    Error::Unsupported {
        what: "a client of fred's that was brought along",
        needs:
            "a single server; for a cluster use `FredConnection::connect` with settings, or `Cache::connect`"
                .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Protocol;

    /// About what an allocator hands out and takes back without a search.
    const SMALL: usize = 1280;

    #[tokio::test]
    async fn a_call_is_a_small_allocation() {
        let connection = FredConnection::lazy(RedisSettings::new("redis://localhost")).unwrap();
        let call = connection.send(Command::new("GET").key("k"));
        assert!(size_of_val(&*call) <= SMALL, "{}", size_of_val(&*call));
        let calls = connection.send_all(Batch::pipeline(vec![Command::new("GET").key("k")]));
        assert!(size_of_val(&*calls) <= SMALL, "{}", size_of_val(&*calls));
    }

    /// How large it is while an answer is waited for, beside that: what fred has for it, once.
    #[tokio::test]
    async fn what_waits_for_an_answer_is_bounded() {
        let client = config::client(&RedisSettings::new("redis://localhost"), false).unwrap();
        let (within, command) = (Duration::from_secs(1), Command::new("LRANGE"));
        let one = wire::one(&client, &command, within);
        let apart = wire::ask(&client, &command, Protocol::Resp2, within);
        let sizes = (size_of_val(&*one), size_of_val(&*apart));
        println!("{sizes:?}");
        assert!(sizes.0 <= 6 * SMALL && sizes.1 <= 2 * SMALL, "{sizes:?}");
    }
}
