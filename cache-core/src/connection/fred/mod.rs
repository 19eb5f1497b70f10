//! The adapter for the `fred` crate: one server.

mod config;
mod convert;
#[cfg(feature = "tls")]
mod tls;
#[cfg(not(feature = "tls"))]
#[path = "no_tls.rs"]
mod tls;
mod transaction;
mod wire;

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use ::fred::clients::{Client, Pool};
use ::fred::error::{Error as FredError, ErrorKind};
use ::fred::interfaces::{ClientLike, EventInterface};
use ::fred::types::config::Server;
use ::fred::types::{Resp3Frame, RespVersion};
use cache_index::{Batch, Command, Reply};
use futures_core::future::BoxFuture;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::TryRecvError;

use self::transaction::Transactions;
use self::wire::{Answer, Driver, connected, one, open, together};
use super::in_flight::InFlight;
use super::learned::Learned;
use super::{Capabilities, Connection, PushStream};
use crate::error::{Error, Result};
use crate::settings::{Protocol, RedisSettings};

/// A connection through the `fred` crate, to one server; a cluster is refused.
///
/// Commands go through the clients that it was given. Transactions go through a connection of their own, made with the
/// first: a client's connection is shared with all who use it, and what they send would fall between. No command is sent
/// twice unless it may be repeated, whatever the client's own settings say.
///
/// What it has less than [`Cache::connect`](crate::Cache::connect):
///
/// - It hands out no [pushes](Connection::pushes): queries ask with every call whether their index is still the one that it was,
///   and waiters of gates are not called but look again, as in RESP2.
/// - fred keeps a map of RESP3 without its order: misspelled words come in any order. In RESP2 they have the server's.
/// - Each command of a batch is a write of its own; none waits for the answer of the one before it.
/// - fred reads a long answer from its beginning again whenever more of it comes: megabytes take it long.
/// - In RESP2 it opens a connection with `PING`, which a server refuses that cannot write to its disk.
/// - It ends with the runtime that it was made in.
/// - The files of [`Tls`](crate::Tls) are read once, when it is made. Sentinels are not asked.
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
    clients: Clients,
    /// Ends with this: a client that was made here.
    driver: Option<Driver>,
    made: Instant,
    /// When the server last answered, in nanoseconds since this was made.
    answered: AtomicU64,
    /// Which connection was given up, counted from 1; 0: none.
    doubted: AtomicU64,
    reconnects: Mutex<Reconnects>,
    transactions: Transactions,
    capabilities: Learned,
    /// What the server is taken to be able to do until it was asked.
    assumed: Capabilities,
    client_name: Option<String>,
    in_flight: InFlight,
    deadline: Duration,
}

enum Clients {
    One(Client),
    Pool(Pool),
}

/// How often connections were made anew. fred says so before it gives any answer of the new connection.
struct Reconnects {
    heard: Vec<broadcast::Receiver<Server>>,
    count: u64,
}

impl FredConnection {
    /// Connects to a server and asks what it can do.
    ///
    /// # Errors
    /// As [`Cache::connect`](crate::Cache::connect), and [`Error::Unsupported`] if the server is part of a cluster.
    pub async fn connect(settings: impl Into<RedisSettings>) -> Result<Self> {
        let settings = settings.into();
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(Error::NoRuntime);
        }
        let client = config::client(&settings, true)?;
        let within = settings.connect_timeout;
        let driver = open(&client, within).await.map_err(|error| convert::error("HELLO", within, error))?;
        let connection = Self::over(Clients::One(client), Some(driver), &settings);
        connection.ask(settings.connect_timeout + settings.response_timeout).await?;
        Ok(connection)
    }

    /// Goes on connecting in the background, for services that boot without their server: calls fail with
    /// [`Error::is_unavailable`] until it comes. For [`Degrade::over`](crate::Degrade::over), and for
    /// [`Cache::from_connection`](crate::Cache::from_connection) as [`Cache::connect_lazy`](crate::Cache::connect_lazy). A cluster
    /// is not noticed before it refuses what belongs to another of its nodes.
    ///
    /// # Errors
    /// [`Error::Settings`] if the URL is none, [`Error::NoRuntime`].
    pub fn lazy(settings: impl Into<RedisSettings>) -> Result<Self> {
        let settings = settings.into();
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(Error::NoRuntime);
        }
        let client = config::client(&settings, false)?;
        let driver = Driver(client.connect());
        Ok(Self::over(Clients::One(client), Some(driver), &settings))
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

    /// As [`RedisSettings::response_timeout`]: two seconds without it.
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.deadline = RedisSettings::new("").response_timeout(timeout).response_timeout;
        self
    }

    /// As [`RedisSettings::max_in_flight`]: 16,384 without it.
    pub fn max_in_flight(mut self, calls: usize) -> Self {
        self.in_flight = InFlight::new(RedisSettings::new("").max_in_flight(calls).max_in_flight);
        self
    }

    async fn brought(clients: Clients) -> Result<Self> {
        if clients.all().iter().any(ClientLike::is_clustered) {
            return Err(a_cluster());
        }
        let settings = RedisSettings::new("");
        let connection = Self::over(clients, None, &settings);
        connection.ask(settings.connect_timeout + settings.response_timeout).await?;
        Ok(connection)
    }

    fn over(clients: Clients, driver: Option<Driver>, settings: &RedisSettings) -> Self {
        let all = clients.all();
        let config = all.first().map(ClientLike::client_config).unwrap_or_default();
        let protocol = if config.version == RespVersion::RESP2 { Protocol::Resp2 } else { Protocol::Resp3 };
        let assumed = Capabilities::assumed(protocol, config.database.map_or(0, i64::from));
        let heard = all.iter().map(EventInterface::reconnect_rx).collect();
        Self {
            transactions: Transactions::default(),
            reconnects: Mutex::new(Reconnects { heard, count: 0 }),
            clients,
            driver,
            made: Instant::now(),
            answered: AtomicU64::new(0),
            doubted: AtomicU64::new(0),
            capabilities: Learned::default(),
            assumed,
            client_name: settings.client_name.clone(),
            in_flight: InFlight::new(settings.max_in_flight),
            deadline: settings.response_timeout,
        }
    }

    /// Asks the server what it can do. It may not say so: then the next call asks again.
    async fn ask(&self, within: Duration) -> Result<()> {
        let asked = self.bounded(
            || "HELLO".to_owned(),
            Some(within),
            true,
            |client, left| async move { self.learn(&client, left).await },
        );
        match asked.await? {
            Err(error) if !error.is_unavailable() => Err(error),
            _ if self.capabilities().cluster => Err(a_cluster()),
            _ => Ok(()),
        }
    }

    /// Runs a call within its deadline; once more if the connection broke and the call may be repeated.
    async fn bounded<T, F>(
        &self,
        name: impl Fn() -> String,
        timeout: Option<Duration>,
        repeatable: bool,
        call: impl Fn(Client, Duration) -> F,
    ) -> Result<T>
    where
        F: Future<Output = Answer<T>>,
    {
        let _counted = self.in_flight.enter()?;
        let (began, deadline) = (Instant::now(), timeout.unwrap_or(self.deadline));
        let attempt = || async {
            let client = self.clients.next();
            connected(client).await?;
            let left = || deadline.saturating_sub(began.elapsed()).max(Duration::from_millis(1));
            // Whoever may not ask meets the reason with the command itself.
            let _ = self.learn(client, left()).await?;
            let answer = call(client.clone(), left()).await;
            if answer.is_ok() {
                self.answered.store(self.since_made(Instant::now()), Ordering::Relaxed);
            }
            answer
        };
        let attempts = async {
            match attempt().await {
                Err(error) if repeatable && convert::is_broken(&error) => attempt().await,
                other => other,
            }
        };
        match tokio::time::timeout(deadline + config::GRACE, attempts).await {
            Ok(Err(error)) if *error.kind() != ErrorKind::Timeout => {
                Err(self.capabilities().explain(convert::error(&name(), deadline, error)))
            }
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) | Err(_) => {
                self.doubt(began).await;
                Err(Error::Timeout { command: name(), after: deadline })
            }
        }
    }

    /// Has a client that was made here connect again if nothing was heard since then: its other end may be gone without
    /// a word. A client that was brought along has settings of its own for that.
    async fn doubt(&self, since: Instant) {
        let (Clients::One(client), Some(_)) = (&self.clients, &self.driver) else { return };
        if !client.is_connected() || self.answered.load(Ordering::Relaxed) >= self.since_made(since) {
            return;
        }
        // Once for a connection, however many wait on it.
        let this = self.generation() + 1;
        if self.doubted.swap(this, Ordering::AcqRel) != this {
            // Asked for before this call ends, and not waited for: what is sent next goes to the new connection.
            let mut asked = pin!(client.force_reconnection());
            poll_fn(|context| {
                drop(asked.as_mut().poll(context));
                Poll::Ready(())
            })
            .await;
        }
    }

    fn since_made(&self, moment: Instant) -> u64 {
        u64::try_from(moment.saturating_duration_since(self.made).as_nanos()).unwrap_or(u64::MAX)
    }

    /// Asks a server what it can do, unless that is known of the connection in use. The inner error: it answered, and that is
    /// no answer.
    async fn learn(&self, client: &Client, within: Duration) -> Answer<Result<()>> {
        let generation = self.generation();
        if self.capabilities.is_of(generation) {
            return Ok(Ok(()));
        }
        let naming = self.client_name.as_ref().map(|name| Command::new("CLIENT").arg("SETNAME").arg(name));
        // The third is about clusters, which are refused; and fred's parser gives a connection up that answers it in RESP3,
        // with maps in a set.
        let [hello, limit, _] = Capabilities::questions();
        let hello_and_limit = [hello, limit];
        let questions: Vec<_> = hello_and_limit.into_iter().chain(naming).collect();
        let asked: Vec<_> = questions.iter().collect();
        let mut answers = together(client, &asked, within).await.into_iter();
        let mut answer = |name| match answers.next() {
            Some(frame) => frame.map(|frame| convert::answer(name, frame)),
            None => Err(FredError::new(ErrorKind::Canceled, "a question has no answer")),
        };
        let (hello, max_results) = (answer("HELLO")?, answer("FT.CONFIG")?);
        // What a server that is starting says of itself is not what it will be able to do.
        if let Err(error) = &max_results
            && error.is_unavailable()
        {
            return Ok(Err(error.again()));
        }
        let read = hello.and_then(|hello| Capabilities::read(hello, max_results, Ok(Reply::Nil)));
        let database = self.assumed.database;
        Ok(read.map(|read| self.capabilities.set(generation, Capabilities { database, ..read })))
    }

    fn answer(&self, command: &Command, frame: Resp3Frame) -> Result<Reply> {
        convert::answer(command.name(), frame).map_err(|error| self.capabilities().explain(error))
    }
}

impl Clients {
    fn all(&self) -> &[Client] {
        match self {
            Self::One(client) => std::slice::from_ref(client),
            Self::Pool(pool) => pool.clients(),
        }
    }

    fn next(&self) -> &Client {
        match self {
            Self::One(client) => client,
            Self::Pool(pool) => pool.next_connected(),
        }
    }
}

impl Connection for FredConnection {
    fn send(&self, command: Command) -> BoxFuture<'_, Result<Reply>> {
        Box::pin(async move {
            let send = |client: Client, left| {
                let command = &command;
                async move { one(&client, command, left).await }
            };
            let name = || command.name().to_owned();
            let frame = self.bounded(name, command.timeout(), command.is_repeatable(), send).await?;
            self.answer(&command, frame)
        })
    }

    fn send_all(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>> {
        Box::pin(async move {
            let commands: Vec<_> = batch.commands().iter().collect();
            if commands.is_empty() {
                return Ok(Vec::new());
            }
            let name = || commands.iter().map(|command| command.name()).collect::<Vec<_>>().join("+");
            let (timeout, repeatable) = (batch.timeout(), batch.is_repeatable());
            if batch.is_atomic() {
                let send = |client: Client, left| {
                    let commands = &commands;
                    async move { self.transactions.run(&client, commands, left).await }
                };
                return transaction::answers(&commands, self.bounded(name, timeout, repeatable, send).await?);
            }
            let send = |client: Client, left| {
                let commands = &commands;
                async move { together(&client, commands, left).await.into_iter().collect::<Answer<Vec<_>>>() }
            };
            let frames = self.bounded(name, timeout, repeatable, send).await?;
            let answers = commands.iter().zip(frames);
            Ok(answers.map(|(command, frame)| self.answer(command, frame)).collect())
        })
    }

    fn capabilities(&self) -> &Capabilities {
        self.capabilities.get().unwrap_or(&self.assumed)
    }

    fn pushes(&self) -> Option<PushStream> {
        None
    }

    fn generation(&self) -> u64 {
        let mut reconnects = self.reconnects.lock().unwrap_or_else(PoisonError::into_inner);
        let Reconnects { heard, count } = &mut *reconnects;
        for (client, receiver) in self.clients.all().iter().zip(heard) {
            loop {
                match receiver.try_recv() {
                    Ok(_) => *count += 1,
                    Err(TryRecvError::Lagged(missed)) => *count += missed,
                    Err(TryRecvError::Empty) => break,
                    // Whose the client is had it quit. If it is connected again, what it says goes another way.
                    Err(TryRecvError::Closed) => {
                        *count += 1;
                        *receiver = client.reconnect_rx();
                        break;
                    }
                }
            }
        }
        *count
    }

    fn deadline(&self) -> Duration {
        self.deadline
    }
}

fn a_cluster() -> Error {
    Error::Unsupported {
        what: "a connection through fred",
        needs: "a single server; for a cluster use `Cache::connect` with the feature `redis`".to_owned(),
    }
}
