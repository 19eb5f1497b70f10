//! The adapter for the `fred` crate: one server.

mod config;
mod convert;
mod transaction;

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::{Duration, Instant};

use ::fred::clients::{Client, Pool};
use ::fred::error::{Error as FredError, ErrorKind};
use ::fred::interfaces::{ClientLike, EventInterface};
use ::fred::types::config::{Options, Server};
use ::fred::types::{ConnectHandle, Resp3Frame};
use cache_index::{Batch, Command, Reply};
use futures_core::future::BoxFuture;
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::TryRecvError;

use self::transaction::Transactions;
use super::in_flight::InFlight;
use super::learned::Learned;
use super::{Capabilities, Connection, PushStream};
use crate::error::{Error, Result};
use crate::settings::RedisSettings;

/// What fred answers with.
type Answer<T> = std::result::Result<T, FredError>;

/// A connection through the `fred` crate, to one server; a cluster is refused.
///
/// Commands go through the clients that it was given. Transactions go through a connection of their own, made with the
/// first: a client's connection is shared with all who use it, and what they send would fall between. No command is sent
/// twice unless it may be repeated, whatever the client's own settings say.
///
/// It hands out no pushes, so that queries ask with every call whether their index is still the one that it was.
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
    _driver: Option<Driver>,
    reconnects: Mutex<Reconnects>,
    transactions: Transactions,
    capabilities: Learned,
    first: Capabilities,
    client_name: Option<String>,
    in_flight: InFlight,
    deadline: Duration,
}

enum Clients {
    One(Client),
    Pool(Pool),
}

/// The task that drives a client; fred has it go on for ever.
pub(super) struct Driver(pub(super) ConnectHandle);

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// How often connections were made anew. fred says so before it gives any answer of the new connection.
struct Reconnects {
    heard: Vec<broadcast::Receiver<Server>>,
    count: u64,
}

impl FredConnection {
    /// Connects to a server and asks what it can do. With TLS, make the client and use
    /// [`from_client`](FredConnection::from_client).
    ///
    /// # Errors
    /// As [`Cache::connect`](crate::Cache::connect), and [`Error::Unsupported`] if the server is part of a cluster.
    pub async fn connect(settings: impl Into<RedisSettings>) -> Result<Self> {
        let settings = settings.into();
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(Error::NoRuntime);
        }
        let client = config::client(&settings)?;
        let within = settings.connect_timeout;
        let driver = open(&client, within).await.map_err(|error| convert::error("HELLO", within, error))?;
        Self::over(Clients::One(client), Some(driver), &settings).await
    }

    /// Uses a client that there is already, which whoever made it connects; asks the server what it can do. Deadlines and
    /// limits are those that [`RedisSettings::new`] names.
    ///
    /// # Errors
    /// [`Error::is_unavailable`] if it is not connected in time, [`Error::Unsupported`] if the server is part of a cluster.
    pub async fn from_client(client: Client) -> Result<Self> {
        Self::over(Clients::One(client), None, &RedisSettings::new("")).await
    }

    /// The same with the clients of a pool, in turn.
    ///
    /// # Errors
    /// As [`from_client`](FredConnection::from_client).
    pub async fn from_pool(pool: Pool) -> Result<Self> {
        Self::over(Clients::Pool(pool), None, &RedisSettings::new("")).await
    }

    async fn over(clients: Clients, driver: Option<Driver>, settings: &RedisSettings) -> Result<Self> {
        let all = clients.all();
        let database = all.first().and_then(|client| client.client_config().database).map_or(0, i64::from);
        let clustered = all.iter().any(|client| client.is_clustered());
        let heard = all.iter().map(|client| client.reconnect_rx()).collect();
        let connection = Self {
            transactions: Transactions::default(),
            reconnects: Mutex::new(Reconnects { heard, count: 0 }),
            clients,
            _driver: driver,
            capabilities: Learned::default(),
            first: Capabilities { database, ..Capabilities::default() },
            client_name: settings.client_name.clone(),
            in_flight: InFlight::new(settings.max_in_flight),
            deadline: settings.response_timeout,
        };
        let within = settings.connect_timeout + settings.response_timeout;
        if !clustered {
            connection.bounded(|| "HELLO".to_owned(), Some(within), true, |_, _| async { Ok(()) }).await?;
        }
        if clustered || connection.capabilities().cluster {
            return Err(Error::Unsupported {
                what: "a connection through fred",
                needs: "a single server; for a cluster use `Cache::connect` with the feature `redis`"
                    .to_owned(),
            });
        }
        Ok(connection)
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
            let left =
                |began: Instant| deadline.saturating_sub(began.elapsed()).max(Duration::from_millis(1));
            self.learn(client, left(began)).await?;
            call(client.clone(), left(began)).await
        };
        let attempts = async {
            match attempt().await {
                Err(error) if repeatable && convert::is_broken(&error) => attempt().await,
                other => other,
            }
        };
        match tokio::time::timeout(deadline + config::GRACE, attempts).await {
            Ok(outcome) => {
                outcome.map_err(|error| self.capabilities().explain(convert::error(&name(), deadline, error)))
            }
            Err(_) => Err(Error::Timeout { command: name(), after: deadline }),
        }
    }

    /// Asks a server what it can do, unless that is known of the connection in use.
    async fn learn(&self, client: &Client, within: Duration) -> Answer<()> {
        let generation = self.generation();
        if self.capabilities.is_of(generation) {
            return Ok(());
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
        if max_results.as_ref().is_err_and(Error::is_unavailable) {
            return Ok(());
        }
        // Who may not ask meets the reason with the command itself.
        if let Ok(read) = hello.and_then(|hello| Capabilities::read(hello, max_results, Ok(Reply::Nil))) {
            let database = self.first.database;
            self.capabilities.set(generation, Capabilities { database, ..read });
        }
        Ok(())
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
        self.capabilities.get().unwrap_or(&self.first)
    }

    fn pushes(&self) -> Option<PushStream> {
        None
    }

    fn generation(&self) -> u64 {
        let mut reconnects = self.reconnects.lock().unwrap_or_else(PoisonError::into_inner);
        let Reconnects { heard, count } = &mut *reconnects;
        for receiver in heard {
            loop {
                match receiver.try_recv() {
                    Ok(_) => *count += 1,
                    Err(TryRecvError::Lagged(missed)) => *count += missed,
                    Err(TryRecvError::Empty | TryRecvError::Closed) => break,
                }
            }
        }
        *count
    }

    fn deadline(&self) -> Duration {
        self.deadline
    }
}

/// Connects a client, for as long as what is given lives.
async fn open(client: &Client, within: Duration) -> Answer<Driver> {
    let driver = Driver(client.connect());
    let late = |_| FredError::new(ErrorKind::IO, "no connection in time");
    tokio::time::timeout(within, client.wait_for_connect()).await.map_err(late)??;
    Ok(driver)
}

/// Waits until a client is connected, or says why it is not.
async fn connected(client: &Client) -> Answer<()> {
    /// How often it is looked at: between two of its attempts nothing is said.
    const LOOK: Duration = Duration::from_millis(10);
    let mut errors = client.error_rx();
    while !client.is_connected() {
        if let Ok(Ok((error, _))) = tokio::time::timeout(LOOK, errors.recv()).await {
            return Err(error);
        }
    }
    Ok(())
}

async fn one(client: &Client, command: &Command, within: Duration) -> Answer<Resp3Frame> {
    // Once: fred would send what is lost again, whatever it is.
    let options = Options { max_attempts: Some(1), timeout: Some(within), ..Options::default() };
    let (command, args) = convert::command(command);
    client.with_options(&options).custom_raw(command, args).await
}

/// Sends commands one behind the other, without waiting in between.
async fn together(client: &Client, commands: &[&Command], within: Duration) -> Vec<Answer<Resp3Frame>> {
    type Waiting<'a> = Pin<Box<dyn Future<Output = Answer<Resp3Frame>> + Send + 'a>>;
    let mut waiting: Vec<(Waiting<'_>, Option<Answer<Resp3Frame>>)> = Vec::with_capacity(commands.len());
    for command in commands {
        waiting.push((Box::pin(one(client, command, within)), None));
    }
    poll_fn(move |context| {
        let mut pending = false;
        for (future, answer) in &mut waiting {
            if answer.is_none() {
                match future.as_mut().poll(context) {
                    Poll::Ready(ready) => *answer = Some(ready),
                    Poll::Pending => pending = true,
                }
            }
        }
        if pending {
            Poll::Pending
        } else {
            Poll::Ready(waiting.drain(..).filter_map(|(_, answer)| answer).collect())
        }
    })
    .await
}
