//! A connection of the `redis` crate that a service has made already.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use ::redis::aio::{ConnectionLike, MultiplexedConnection};
use ::redis::{Pipeline, RedisError};
use cache_index::{Batch, Command, Reply};
use futures_core::future::BoxFuture;

use super::convert::{self, is_broken};
use super::told;
use crate::backoff::before_again;
use crate::connection::in_flight::InFlight;
use crate::connection::{Capabilities, Connection, PushStream, answers, hello};
use crate::error::{Error, Result};
use crate::settings::{Protocol, RedisSettings};

/// Has a [`Cache`](crate::Cache) use a connection of the `redis` crate, version 1, that a service has already: a
/// [`MultiplexedConnection`] or a `redis::aio::ConnectionManager`. What a `SentinelClient` makes has the first type.
///
/// ```no_run
/// use cache_core::Cache;
/// use cache_core::connection::RedisAdapter;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = redis::Client::open("redis://localhost:6379/?protocol=resp3")?;
/// let connection = client.get_multiplexed_async_connection().await?;
/// let cache = Cache::from_connection(RedisAdapter::new(connection).connect().await?).project("shop");
/// # let _ = cache;
/// # Ok(())
/// # }
/// ```
///
/// [`Cache::connect`](crate::Cache::connect) does more, since it makes its connections itself:
///
/// | | `Cache::connect` | `ConnectionManager` | `MultiplexedConnection` |
/// |---|---|---|---|
/// | made anew when it breaks | yes | yes | never: all calls fail from then on |
/// | replies are parts of what was read | yes | copies | copies |
/// | a half-open connection is given up | after a time-out | no | no |
/// | repeats after a break what may be repeated | yes | yes | no |
/// | [`Durability::Wait`](crate::Durability::Wait) of a gate | yes | refused: `WAIT` is about one connection | yes |
/// | boots without its server | [`connect_lazy`](crate::Cache::connect_lazy) | no | no |
/// | clusters | yes | refused | refused |
/// | TLS | [`Tls`](crate::Tls) | the client's | the client's |
///
/// With all of these, a query asks the server in its own round trip whether its index is still the one that it was, and waiters
/// of gates are not called but look again, as in RESP2: only a connection that was made here hears what the server says
/// without being asked. What the server can do is asked once. A sentinel-made connection is to the server that was the master
/// then: after a failover its writes fail, as [`Error::Server`] or [`Error::Unavailable`].
///
/// The client's own time-outs hold beside the one here, and the shorter counts: redis-rs has half a second, which is too short
/// for searches. Give its configuration `set_response_timeout(None)`.
///
/// A pool (`bb8`, `deadpool-redis`) is not taken: calls travel over one connection side by side, in one write each, and need no
/// other; with a pool each would wait for a connection of its own. Commands that block are for a
/// [cache of their own](crate::Cache::command).
#[derive(Debug, Clone)]
pub struct RedisAdapter<C> {
    connection: C,
    /// What is told of a connection that is there already, with the defaults.
    settings: RedisSettings,
}

impl<C> RedisAdapter<C>
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    /// For a connection whose clones share it, and whose calls may be given up; with two seconds for an answer, and at most
    /// 16,384 calls that wait for one.
    pub fn new(connection: C) -> Self {
        Self { connection, settings: RedisSettings::new("") }
    }

    /// As [`RedisSettings::response_timeout`].
    pub fn response_timeout(mut self, timeout: Duration) -> Self {
        self.settings = self.settings.response_timeout(timeout);
        self
    }

    /// As [`RedisSettings::max_in_flight`].
    pub fn max_in_flight(mut self, calls: usize) -> Self {
        self.settings = self.settings.max_in_flight(calls);
        self
    }

    /// Asks the server what it can do, for [`Cache::from_connection`](crate::Cache::from_connection) or
    /// [`Degrade::over`](crate::Degrade::over).
    ///
    /// # Errors
    /// [`Error::is_unavailable`] if it does not answer in time, [`Error::is_access_denied`] if the user may not ask,
    /// [`Error::Unsupported`] if it is a cluster, or a node of one.
    pub async fn connect(self) -> Result<Arc<dyn Connection>> {
        let is_one = (&self.connection as &dyn Any).is::<MultiplexedConnection>();
        let mut adopted = Adopted {
            connection: self.connection,
            deadline: self.settings.response_timeout,
            in_flight: InFlight::new(self.settings.max_in_flight),
            capabilities: Capabilities::default(),
            is_one,
            generation: AtomicU64::new(0),
        };
        let asked = adopted.ask().await;
        // A connection of the crate to a whole cluster does not send what is about no key in one piece.
        let is_of_many = asked.as_ref().is_err_and(is_across_slots);
        if !is_of_many {
            adopted.capabilities = asked?;
        }
        if is_of_many || adopted.capabilities.cluster {
            let needs = "a single server, and this one is a cluster, or a node of one: use `Cache::connect`, which finds the others";
            return Err(Error::Unsupported {
                what: "a connection of the redis crate",
                needs: needs.to_owned(),
            });
        }
        Ok(Arc::new(adopted))
    }
}

/// Whether the crate refused to send commands in one piece, since their slots differ.
fn is_across_slots(error: &Error) -> bool {
    matches!(error, Error::Server { source, .. } if source.text().starts_with("CROSSSLOT"))
}

struct Adopted<C> {
    connection: C,
    deadline: Duration,
    in_flight: InFlight,
    capabilities: Capabilities,
    /// Whether it is one connection for as long as it lives; else it may be made anew, which only its errors tell.
    is_one: bool,
    /// How often it was seen to break.
    generation: AtomicU64,
}

impl<C> Adopted<C>
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    async fn ask(&self) -> Result<Capabilities> {
        let questions = convert::questions();
        let answers = self.answers("HELLO", &questions).await?;
        let mut instead = None;
        if told::is_without_hello(&answers) {
            let questions = convert::pipeline(&hello::questions().each_ref(), false);
            instead = Some(self.answers("INFO+MODULE", &questions).await?);
        }
        // The client does not say what it speaks; who does not know `HELLO` speaks the older one.
        told::capabilities(answers, instead, Protocol::Resp2, self.connection.get_db())
    }

    /// What is answered to these, which may be sent again.
    async fn answers(&self, name: &str, questions: &Pipeline) -> Result<Vec<Reply>> {
        let ask = |mut connection: C| async move {
            connection.req_packed_commands(questions, 0, questions.len()).await
        };
        let values = self.bounded(|| name.to_owned(), None, true, ask).await?;
        Ok(values.into_iter().map(convert::reply).collect())
    }

    async fn call(&self, command: &Command) -> Result<Reply> {
        self.check(command)?;
        let cmd = convert::cmd(command);
        let send = |mut connection: C| {
            let cmd = &cmd;
            async move { connection.req_packed_command(cmd).await }
        };
        let name = || command.name().to_owned();
        let value = self.bounded(name, command.timeout(), command.is_repeatable(), send).await?;
        let answer = answers::answer(command.name(), convert::reply(value));
        answer.map_err(|error| self.capabilities.explain(error))
    }

    async fn call_all(&self, batch: &Batch) -> Result<Vec<Result<Reply>>> {
        let commands: Vec<&Command> = batch.commands().iter().collect();
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        for command in &commands {
            self.check(command)?;
        }
        let pipeline = convert::pipeline(&commands, batch.is_atomic());
        let send = |mut connection: C| {
            let pipeline: &Pipeline = &pipeline;
            async move { connection.req_packed_commands(pipeline, 0, pipeline.len()).await }
        };
        let name = || answers::names(&commands);
        let repeatable = commands.iter().all(|command| command.is_repeatable());
        let values = self.bounded(name, batch.timeout(), repeatable, send).await?;
        if batch.is_atomic() {
            return answers::transaction(&commands, values.into_iter().map(convert::reply).collect());
        }
        let answer = |(command, value): (&&Command, _)| {
            let answer = answers::answer(command.name(), convert::reply(value));
            answer.map_err(|error| self.capabilities.explain(error))
        };
        Ok(commands.iter().zip(values).map(answer).collect())
    }

    /// `WAIT` says how many replicas have what was written on the connection that it is sent on. If that was made anew
    /// unseen, it would answer for writes of which it knows nothing.
    fn check(&self, command: &Command) -> Result<()> {
        if self.is_one || !answers::waits_for_replicas(command) {
            return Ok(());
        }
        let needs = "a connection of which it is known when it is made anew: use `Cache::connect`, or a `MultiplexedConnection`";
        Err(Error::Unsupported { what: "waiting for replicas", needs: needs.to_owned() })
    }

    /// Runs a call within its deadline; once more if the connection broke, is made anew, and the call may be repeated.
    async fn bounded<T, F>(
        &self,
        name: impl Fn() -> String,
        timeout: Option<Duration>,
        repeatable: bool,
        call: impl Fn(C) -> F,
    ) -> Result<T>
    where
        F: Future<Output = std::result::Result<T, RedisError>>,
    {
        let _counted = self.in_flight.enter()?;
        let (deadline, began) = (timeout.unwrap_or(self.deadline), Instant::now());
        let attempts = async {
            match self.attempt(&call).await {
                Err(error) if repeatable && !self.is_one && is_broken(&error) => {
                    before_again().await;
                    self.attempt(&call).await
                }
                other => other,
            }
        };
        match tokio::time::timeout(deadline, attempts).await {
            Ok(result) => result
                .map_err(|error| self.capabilities.explain(convert::error(&name(), began.elapsed(), error))),
            Err(_) => Err(Error::Timeout { command: name(), after: deadline }),
        }
    }

    async fn attempt<T, F>(&self, call: &impl Fn(C) -> F) -> std::result::Result<T, RedisError>
    where
        F: Future<Output = std::result::Result<T, RedisError>>,
    {
        let result = call(self.connection.clone()).await;
        if !self.is_one && result.as_ref().is_err_and(is_broken) {
            self.generation.fetch_add(1, Ordering::AcqRel);
        }
        result
    }
}

impl<C> Connection for Adopted<C>
where
    C: ConnectionLike + Clone + Send + Sync + 'static,
{
    fn send(&self, command: Command) -> BoxFuture<'_, Result<Reply>> {
        Box::pin(async move { self.call(&command).await })
    }

    fn send_all(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>> {
        Box::pin(async move { self.call_all(&batch).await })
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    fn pushes(&self) -> Option<PushStream> {
        None
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    fn deadline(&self) -> Duration {
        self.deadline
    }
}
