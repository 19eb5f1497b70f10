//! The adapter for the `redis` crate: one multiplexed connection with reconnection.

mod convert;
mod link;
#[cfg(feature = "tls")]
mod tls;
#[cfg(not(feature = "tls"))]
#[path = "no_tls.rs"]
mod tls;

use std::future::Future;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use ::redis::{
    ConnectionAddr, ConnectionInfo, IntoConnectionInfo, Pipeline, ProtocolVersion, RedisError, Value,
};
use cache_index::{Batch, Command, Reply};
use futures_core::future::BoxFuture;

use self::link::{Link, Live};
use self::tls::Connector;
use super::capabilities::{DEFAULT_MAX_SEARCH_RESULTS, MIN_SEARCH};
use super::in_flight::InFlight;
use super::{Capabilities, Connection, KeyChanges, PushStream};
use crate::error::{Error, Result};
use crate::settings::{Protocol, RedisSettings, Secret};

/// A connection through the `redis` crate.
pub(crate) struct RedisConnection {
    link: Arc<Link>,
    deadline: Duration,
    in_flight: InFlight,
    /// What the server is taken to be able to do until it was asked.
    assumed: Capabilities,
    capabilities: OnceLock<Capabilities>,
}

impl RedisConnection {
    /// Connects and asks the server what it can do.
    pub(crate) async fn connect(settings: &RedisSettings) -> Result<Self> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(Error::NoRuntime);
        }
        let connection = Self::lazy(settings)?;
        let first = settings.connect_timeout + connection.deadline;
        let learn = |live: Live| connection.learn(live);
        match connection.bounded(|| "HELLO".to_owned(), Some(first), true, learn).await? {
            // The next command asks again.
            Err(error) if !error.is_unavailable() => Err(error),
            _ => Ok(connection),
        }
    }

    /// Connects with the first command, which asks the server what it can do before it is sent.
    pub(crate) fn lazy(settings: &RedisSettings) -> Result<Self> {
        let (info, protocol) = connection_info(settings)?;
        let assumed = assumed(protocol, info.redis_settings().db());
        let tls = match info.addr() {
            ConnectionAddr::Tcp(host, _) if without_tls(&settings.url).is_some() => {
                Some(Connector::new(settings.tls.clone().unwrap_or_default(), host)?)
            }
            _ => None,
        };
        let (name, timeout) = (settings.client_name.clone(), settings.connect_timeout);
        Ok(Self {
            link: Link::new(info, tls, protocol, name, timeout),
            deadline: settings.response_timeout,
            in_flight: InFlight::new(settings.max_in_flight),
            assumed,
            capabilities: OnceLock::new(),
        })
    }

    /// Has it known what the server can do, if it says so; else the command itself meets the reason.
    async fn ready(&self, live: &Live) -> Result<(), RedisError> {
        match self.capabilities.get() {
            Some(_) => Ok(()),
            None => self.learn(live.clone()).await.map(drop),
        }
    }

    /// Asks the server what it can do. The inner error: it answered, and that cannot be read.
    async fn learn(&self, mut live: Live) -> Result<Result<()>, RedisError> {
        let mut questions = Pipeline::with_capacity(2);
        for question in Capabilities::questions() {
            questions.add_command(convert::cmd(&question));
        }
        let mut values = live.connection.send_packed_commands(&questions, 0, 2).await?.into_iter();
        let mut answer = |command| convert::answer(command, values.next().unwrap_or(Value::Nil));
        let (hello, max_results) = (answer("HELLO"), answer("FT.CONFIG"));
        // What a server that is starting says of itself is not what it will be able to do.
        if max_results.as_ref().is_err_and(Error::is_unavailable) {
            return Ok(max_results.map(drop));
        }
        let read = hello.and_then(|hello| Capabilities::read(hello, max_results));
        Ok(read.map(|read| {
            let _ = self.capabilities.set(Capabilities { database: self.assumed.database, ..read });
        }))
    }

    /// Runs a call within its deadline; once more if the connection broke and the call may be repeated.
    async fn bounded<T, F>(
        &self,
        name: impl Fn() -> String,
        timeout: Option<Duration>,
        repeatable: bool,
        call: impl Fn(Live) -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        let _counted = self.in_flight.enter()?;
        let deadline = timeout.unwrap_or(self.deadline);
        let began = Instant::now();
        let mut used = None;
        let attempts = async {
            match self.attempt(&call, &mut used).await {
                Err(error) if repeatable && is_broken(&error) => self.attempt(&call, &mut used).await,
                other => other,
            }
        };
        match tokio::time::timeout(deadline, attempts).await {
            Ok(result) => result.map_err(|error| {
                self.capabilities().explain(convert::error(&name(), began.elapsed(), error))
            }),
            Err(_) => {
                if let Some(live) = &used {
                    self.link.doubt(live, began);
                }
                Err(Error::Timeout { command: name(), after: deadline })
            }
        }
    }

    fn answer(&self, command: &Command, value: Value) -> Result<Reply> {
        convert::answer(command.name(), value).map_err(|error| self.capabilities().explain(error))
    }

    async fn attempt<T, F>(&self, call: &impl Fn(Live) -> F, used: &mut Option<Live>) -> Result<T, RedisError>
    where
        F: Future<Output = Result<T, RedisError>>,
    {
        let live = self.link.live().await?;
        let live = used.insert(live);
        let result = call(live.clone()).await;
        match &result {
            Err(error) if is_broken(error) => self.link.broke(live),
            _ => self.link.heard(live),
        }
        result
    }
}

impl Connection for RedisConnection {
    fn send(&self, command: Command) -> BoxFuture<'_, Result<Reply>> {
        Box::pin(async move {
            let cmd = convert::cmd(&command);
            let value = self
                .bounded(
                    || command.name().to_owned(),
                    command.timeout(),
                    command.is_repeatable(),
                    |mut live| {
                        let cmd = &cmd;
                        async move {
                            self.ready(&live).await?;
                            live.connection.send_packed_command(cmd).await
                        }
                    },
                )
                .await?;
            self.answer(&command, value)
        })
    }

    fn send_all(&self, batch: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>> {
        Box::pin(async move {
            let count = batch.commands().len();
            if count == 0 {
                return Ok(Vec::new());
            }
            let mut pipeline = Pipeline::with_capacity(count);
            batch.commands().iter().for_each(|command| {
                pipeline.add_command(convert::cmd(command));
            });
            // Of a transaction, only EXEC's answer counts: those before it say OK and QUEUED.
            let (skipped, expected) = if batch.is_atomic() {
                pipeline.atomic();
                (count + 1, 1)
            } else {
                (0, count)
            };
            let name = || batch.commands().iter().map(Command::name).collect::<Vec<_>>().join("+");
            let values = self
                .bounded(name, batch.timeout(), batch.is_repeatable(), |mut live| {
                    let pipeline = &pipeline;
                    async move {
                        self.ready(&live).await?;
                        live.connection.send_packed_commands(pipeline, skipped, expected).await
                    }
                })
                .await?;
            if batch.is_atomic() {
                return convert::transaction(batch.commands(), values.into_iter().next());
            }
            let answers = batch.commands().iter().zip(values);
            Ok(answers.map(|(command, value)| self.answer(command, value)).collect())
        })
    }

    fn capabilities(&self) -> &Capabilities {
        self.capabilities.get().unwrap_or(&self.assumed)
    }

    fn pushes(&self) -> Option<PushStream> {
        self.link.listen()
    }

    fn generation(&self) -> u64 {
        self.link.generation()
    }

    fn notices_flushes(&self) -> bool {
        self.link.notices_flushes()
    }

    fn changes_of(&self, key: &[u8]) -> Option<KeyChanges> {
        self.link.changes_of(key)
    }

    fn deadline(&self) -> Duration {
        self.deadline
    }
}

/// What a server is taken to be able to do that was not asked yet: the least that is needed here.
fn assumed(protocol: Protocol, database: i64) -> Capabilities {
    Capabilities {
        protocol,
        database,
        search: Some(MIN_SEARCH),
        json: Some(0),
        max_search_results: DEFAULT_MAX_SEARCH_RESULTS,
        ..Capabilities::default()
    }
}

fn connection_info(settings: &RedisSettings) -> Result<(ConnectionInfo, Protocol)> {
    settings.check("url", "client_name")?;
    let refused = |error: RedisError| Error::Settings {
        setting: "url",
        reason: format!("{}; write `redis://[user][:password@]host[:port][/db]`", error.category()),
    };
    let plain = without_tls(&settings.url);
    let info = plain.as_ref().unwrap_or(&settings.url).as_str().into_connection_info().map_err(refused)?;
    let redis = info.redis_settings().clone();
    let protocol = match settings.protocol {
        Some(protocol) => protocol,
        // The client's default is RESP2; ours is RESP3 unless the URL itself chose.
        None if settings.url.contains("protocol=") && !redis.protocol().supports_resp3() => Protocol::Resp2,
        None => Protocol::Resp3,
    };
    let version = match protocol {
        Protocol::Resp2 => ProtocolVersion::RESP2,
        Protocol::Resp3 => ProtocolVersion::RESP3,
    };
    let mut redis = redis.set_protocol(version).set_lib_name("cache-core", env!("CARGO_PKG_VERSION"));
    if let Some(name) = &settings.username {
        redis = redis.set_username(name);
    }
    if let Some(Secret(password)) = &settings.password {
        redis = redis.set_password(password);
    }
    Ok((info.set_redis_settings(redis), protocol))
}

/// The URL as the client is to know it, if it is one for TLS: the client is handed a stream that has it.
fn without_tls(url: &str) -> Option<String> {
    let rest = url.strip_prefix("rediss://").or_else(|| url.strip_prefix("valkeys://"))?;
    Some(format!("redis://{rest}"))
}

/// Whether the connection itself is at fault, so that another one may do.
fn is_broken(error: &RedisError) -> bool {
    error.is_io_error() || error.is_connection_dropped() || error.is_unrecoverable_error()
}
