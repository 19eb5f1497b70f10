//! One server, or one node of a cluster: a multiplexed connection with reconnection.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use ::redis::{ConnectionAddr, IntoConnectionInfo, RedisError};
use cache_index::{Command, Reply, ServerErrorKind};

use super::failure::Failure;
use super::link::{Link, Live, Target};
use super::listeners::Listeners;
use super::opener::{Opener, User};
use super::sentinel::Sentinels;
use super::tls::Connector;
use super::told;
use super::wire::Packed;
use crate::backoff::before_again;
use crate::connection::classify::unmade;
use crate::connection::cluster::Member;
use crate::connection::learned::Learned;
use crate::connection::{Capabilities, Invalidations, answers, hello};
use crate::error::{Error, Result};
use crate::settings::{Places, Protocol, RedisSettings, Secret};

/// A server.
pub(super) struct Node {
    pub(super) link: Arc<Link>,
    deadline: Duration,
    /// How many calls may have been given up that the server has not answered yet.
    most: usize,
    /// What the server is taken to be able to do until it was asked.
    assumed: Capabilities,
    capabilities: Learned,
}

/// What nodes of one cluster have in common.
#[derive(Clone, Default)]
pub(super) struct Shared {
    pub(super) listeners: Arc<Listeners>,
    /// Who is told when keys change that were read, if that is told.
    pub(super) told: Option<Arc<dyn Invalidations>>,
}

impl Node {
    /// Connects with the first command, which asks the server what it can do before it is sent.
    pub(super) fn lazy(settings: &RedisSettings, shared: &Shared) -> Result<Self> {
        let (target, mut opener) = reach(settings)?;
        opener.tracks_reads = shared.told.is_some();
        let assumed = Capabilities::assumed(opener.protocol, opener.database);
        let listeners = Arc::clone(&shared.listeners);
        Ok(Self {
            link: Link::new(target, opener, settings.connect_timeout, listeners, shared.told.clone()),
            deadline: settings.response_timeout,
            most: settings.max_in_flight,
            assumed,
            capabilities: Learned::default(),
        })
    }

    /// The same, of a server of which it is known what it can do.
    pub(super) fn known(
        settings: &RedisSettings,
        shared: &Shared,
        capabilities: &Capabilities,
    ) -> Result<Self> {
        let capabilities = Learned::for_good(capabilities.clone());
        Ok(Self { capabilities, ..Self::lazy(settings, shared)? })
    }

    /// Connects, if it is not, and asks the server what it can do. It may not say so: then the next call asks again.
    pub(super) async fn ask(&self, within: Duration) -> Result<()> {
        let learn = |live: Arc<Live>| async move { self.learn(&live).await };
        match self.bounded(|| "HELLO".to_owned(), Some(within), true, learn).await? {
            Err(error) if !error.is_unavailable() => Err(error),
            _ => Ok(()),
        }
    }

    /// What the server can do, if it was asked.
    pub(super) fn capabilities_known(&self) -> Option<&Capabilities> {
        self.capabilities.get()
    }

    /// What the server can do, as far as is known.
    pub(super) fn capabilities(&self) -> &Capabilities {
        self.capabilities.get().unwrap_or(&self.assumed)
    }

    /// Has it known what the server can do, if it says so; else the command itself meets the reason.
    async fn ready(&self, live: &Live) -> Result<(), Failure> {
        if self.capabilities.is_of(live.number) {
            return Ok(());
        }
        // Apart, as what few calls do: the others need not carry it.
        Box::pin(self.learn(live)).await.map(drop)
    }

    /// Asks the server what it can do. The inner error: it answered, and that cannot be read.
    async fn learn(&self, live: &Live) -> Result<Result<()>, Failure> {
        let questions = Packed::of(&Capabilities::questions(), false);
        let answers = live.wire.send_all(questions, self.deadline).await?;
        let mut instead = None;
        if told::is_without_hello(&answers) {
            let questions = Packed::of(&hello::questions(), false);
            instead = Some(live.wire.send_all(questions, self.deadline).await?);
        }
        let read = told::capabilities(answers, instead, self.assumed.protocol, self.assumed.database);
        Ok(read.map(|read| self.capabilities.set(live.number, read)))
    }

    /// Runs a call within its deadline; once more if the connection broke and the call may be repeated.
    async fn bounded<T, F>(
        &self,
        name: impl Fn() -> String,
        timeout: Option<Duration>,
        repeatable: bool,
        call: impl Fn(Arc<Live>) -> F,
    ) -> Result<T>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let deadline = timeout.unwrap_or(self.deadline);
        let began = tokio::time::Instant::now();
        let mut used = None;
        let attempts = async {
            match self.attempt(&call, &mut used).await {
                Err(failure) if repeatable && failure.is_broken() => {
                    before_again().await;
                    self.attempt(&call, &mut used).await
                }
                other => other,
            }
        };
        // One look at the clock does for both.
        let in_time = match began.checked_add(deadline) {
            Some(end) => tokio::time::timeout_at(end, attempts),
            None => tokio::time::timeout(deadline, attempts),
        };
        match in_time.await {
            Ok(result) => result.map_err(|failure| {
                let error = failure.into_error(&name(), began.elapsed());
                self.capabilities().explain(if used.is_some() { error } else { unmade(error) })
            }),
            Err(_) => {
                if let Some(live) = &used {
                    self.link.doubt(live, began.into_std());
                }
                Err(Error::Timeout { command: name(), after: deadline })
            }
        }
    }

    fn answer(&self, command: &Command, reply: Reply) -> Result<Reply> {
        answers::answer(command.name(), reply).map_err(|error| self.refused(error))
    }

    /// What the server refused. One that takes no writes any more is looked for anew.
    fn refused(&self, error: Error) -> Error {
        if error.server_kind() == Some(ServerErrorKind::ReadOnly) {
            self.link.is_demoted();
        }
        self.capabilities().explain(error)
    }

    async fn attempt<T, F>(
        &self,
        call: &impl Fn(Arc<Live>) -> F,
        used: &mut Option<Arc<Live>>,
    ) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let live = self.link.live().await?;
        let live = used.insert(live);
        // What was given up is kept until the server reads and answers it, or the line ends: that is bounded too.
        if live.wire.given_up() >= self.most {
            // A server that was silent for so long is given up, also where the call that it owes has more time.
            if let Some(since) = std::time::Instant::now().checked_sub(self.deadline) {
                self.link.doubt(live, since);
            }
            return Err(Failure::Busy(self.most));
        }
        let result = call(Arc::clone(live)).await;
        if result.as_ref().is_err_and(Failure::is_broken) {
            self.link.broke(live);
        }
        result
    }
}

impl Member for Node {
    async fn call(&self, command: &Command, timeout: Option<Duration>) -> Result<Reply> {
        let send = |live: Arc<Live>| async move {
            self.ready(&live).await?;
            live.wire.send(Packed::of([command], false), timeout.unwrap_or(self.deadline)).await
        };
        let name = || command.name().to_owned();
        let reply = self.bounded(name, timeout, command.is_repeatable(), send).await?;
        self.answer(command, reply)
    }

    async fn call_all(
        &self,
        commands: &[&Command],
        atomic: bool,
        timeout: Option<Duration>,
    ) -> Result<Vec<Result<Reply>>> {
        if commands.is_empty() {
            return Ok(Vec::new());
        }
        let name = || answers::names(commands);
        let repeatable = commands.iter().all(|command| command.is_repeatable());
        let send = |live: Arc<Live>| async move {
            self.ready(&live).await?;
            let packed = Packed::of(commands.iter().copied(), atomic);
            live.wire.send_all(packed, timeout.unwrap_or(self.deadline)).await
        };
        let replies = self.bounded(name, timeout, repeatable, send).await?;
        if atomic {
            let answers = answers::transaction(commands, replies).map_err(|error| self.refused(error))?;
            return Ok(answers
                .into_iter()
                .map(|answer| answer.map_err(|error| self.refused(error)))
                .collect());
        }
        let answers = commands.iter().zip(replies);
        Ok(answers.map(|(command, reply)| self.answer(command, reply)).collect())
    }

    fn host(&self) -> Option<String> {
        self.link.host().map(str::to_owned)
    }

    fn generation(&self) -> u64 {
        self.link.generation()
    }

    fn notices_flushes(&self) -> bool {
        self.link.notices_flushes()
    }
}

/// Where the server is, and what makes connections to it.
fn reach(settings: &RedisSettings) -> Result<(Target, Opener)> {
    settings.check("url", "client_name")?;
    let refused = |error: RedisError| Error::Settings {
        setting: "url",
        reason: format!("{}; write `redis://[user][:password@]host[:port][/db]`", error.category()),
    };
    let places = Places::of(&settings.url);
    // The client reads a URL of one host, and is handed a stream that has TLS.
    let plain = places.map(|places| places.plain(places.hosts().next().unwrap_or_default()));
    let info = plain.as_ref().unwrap_or(&settings.url).as_str().into_connection_info().map_err(refused)?;
    let redis = info.redis_settings();
    let protocol = match settings.protocol {
        Some(protocol) => protocol,
        // The client's default is RESP2; ours is RESP3 unless the URL itself chose.
        None if settings.url.contains("protocol=") && !redis.protocol().supports_resp3() => Protocol::Resp2,
        None => Protocol::Resp3,
    };
    let user = User {
        name: settings.username.clone().or_else(|| redis.username().map(str::to_owned)),
        password: shown(&settings.password).or_else(|| redis.password().map(str::to_owned)),
    };
    let mut opener = Opener {
        user,
        database: redis.db(),
        protocol,
        tls: None,
        client_name: settings.client_name.clone(),
        tracks_reads: false,
        patience: settings.response_timeout,
        connect_timeout: settings.connect_timeout,
    };
    let Some(places) = places else {
        let ConnectionAddr::Unix(path) = info.addr() else {
            return Err(Error::Settings { setting: "url", reason: "it has no path".to_owned() });
        };
        return Ok((Target::Socket(path.clone()), opener));
    };
    let hosts = match info.addr() {
        // As the client reads it, which knows more of URLs.
        ConnectionAddr::Tcp(host, port) if places.hosts().count() == 1 && !places.is_sentinel() => {
            vec![(host.clone(), *port)]
        }
        _ => places.addresses(),
    };
    if places.is_tls() {
        opener.tls = Some(Connector::new(settings.tls.clone().unwrap_or_default(), &hosts)?);
    }
    let target = match places.master().filter(|_| places.is_sentinel()) {
        None => Target::Hosts(hosts),
        Some(master) => {
            let user = User {
                name: settings.sentinel_username.clone(),
                password: shown(&settings.sentinel_password),
            };
            let opener = Opener { user, database: 0, protocol: Protocol::Resp2, ..opener.clone() };
            Target::Master(Sentinels::new(hosts, master.to_owned(), opener))
        }
    };
    Ok((target, opener))
}

fn shown(secret: &Option<Secret>) -> Option<String> {
    secret.as_ref().map(|Secret(secret)| secret.clone())
}
