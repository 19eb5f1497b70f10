//! One server, or one node of a cluster, through clients of `fred`.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Waker};
use std::time::{Duration, Instant};

use ::fred::clients::{Client, Pool};
use ::fred::error::{Error as FredError, ErrorKind};
use ::fred::interfaces::{ClientLike, EventInterface};
use ::fred::types::config::{Server, ServerConfig};
use ::fred::types::{Resp3Frame, RespVersion};
use cache_index::{Command, Reply, ServerErrorKind};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::TryRecvError;

use super::backlog::Backlog;
use super::silence::Silence;
use super::transaction::Transactions;
use super::wire::{Answer, Driver, ask, ask_all, connected, one, together, unconnected};
use super::{config, convert};
use crate::connection::classify::unmade;
use crate::connection::cluster::Member;
use crate::connection::learned::Learned;
use crate::connection::{Capabilities, answers, hello};
use crate::error::{Error, Result};
use crate::settings::{Protocol, RedisSettings};

/// A server.
pub(super) struct Node {
    clients: Clients,
    /// Ends with this: a client that was made here.
    driver: Option<Driver>,
    backlog: Backlog,
    silence: Silence,
    /// Which connection was given up, counted from 1; 0: none.
    doubted: AtomicU64,
    reconnects: Mutex<Reconnects>,
    transactions: Transactions,
    capabilities: Learned,
    /// What the server is taken to be able to do until it was asked.
    assumed: Capabilities,
    client_name: Option<String>,
    /// How many calls may wait in a client, those that were given up among them.
    pub(super) most: usize,
    pub(super) deadline: Duration,
}

/// What commands are sent through.
pub(super) enum Clients {
    One(Client),
    Pool(Pool),
}

/// How often connections were made anew. fred says so before it gives any answer of the new connection.
struct Reconnects {
    heard: Vec<broadcast::Receiver<Server>>,
    count: u64,
}

impl Node {
    /// Goes on connecting in the background.
    pub(super) fn lazy(settings: &RedisSettings) -> Result<Self> {
        let client = config::client(settings, false)?;
        let driver = Driver(client.connect());
        Ok(Self::over(Clients::One(client), Some(driver), settings))
    }

    pub(super) fn over(clients: Clients, driver: Option<Driver>, settings: &RedisSettings) -> Self {
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
            backlog: Backlog::default(),
            silence: Silence::new(),
            doubted: AtomicU64::new(0),
            capabilities: Learned::default(),
            assumed,
            client_name: settings.client_name.clone(),
            most: settings.max_in_flight,
            deadline: settings.response_timeout,
        }
    }

    /// Asks the server what it can do. It may not say so: then the next call asks again.
    pub(super) async fn ask(&self, within: Duration) -> Result<()> {
        let asked = self.bounded(
            || "HELLO".to_owned(),
            Some(within),
            true,
            0,
            |client, left| async move { Box::pin(self.learn(&client, left)).await },
        );
        match asked.await? {
            Err(error) if !error.is_unavailable() => Err(error),
            _ => Ok(()),
        }
    }

    /// Runs a call within its deadline; once more if the connection broke and the call may be repeated.
    async fn bounded<T, F>(
        &self,
        name: impl Fn() -> String,
        timeout: Option<Duration>,
        repeatable: bool,
        commands: usize,
        call: impl Fn(Client, Duration) -> F,
    ) -> Result<T>
    where
        F: Future<Output = Answer<T>>,
    {
        let (began, deadline) = (Instant::now(), timeout.unwrap_or(self.deadline));
        let mut had_one = false;
        let attempts = async {
            let mut again = repeatable;
            loop {
                let client = self.clients.next();
                let left = || deadline.saturating_sub(began.elapsed()).max(Duration::from_millis(1));
                // Before there is a connection, nothing is asked on it.
                let asks = if client.is_connected() {
                    began
                } else {
                    tokio::time::timeout(left(), connected(client)).await.map_err(|_| unconnected())??;
                    Instant::now()
                };
                had_one = true;
                if self.backlog.is_full(client, self.most) {
                    return Err(FredError::new(ErrorKind::Backpressure, "too many calls have no answer yet"));
                }
                self.silence.asks(asks);
                let mut waits = Waits { node: self, least: deadline.max(self.deadline), is_answered: false };
                let _others = self.backlog.apart(commands.saturating_sub(1));
                let mut learned = Ok(());
                if !self.capabilities.is_of(self.generation()) {
                    // Whoever may not ask meets the reason with the command itself.
                    learned = Box::pin(self.learn(client, left())).await.map(drop);
                }
                let answer = match learned {
                    Ok(()) => call(client.clone(), left()).await,
                    Err(error) => Err(error),
                };
                waits.is_answered = !matches!(&answer, Err(error) if *error.kind() == ErrorKind::Timeout);
                drop(waits);
                match answer {
                    Err(error) if again && convert::is_broken(&error) => again = false,
                    other => return other,
                }
            }
        };
        match tokio::time::timeout(deadline + config::GRACE, attempts).await {
            Ok(Err(error)) if *error.kind() == ErrorKind::Backpressure => {
                Err(Error::Busy { limit: self.most })
            }
            Ok(Err(error)) if *error.kind() != ErrorKind::Timeout => {
                let error = convert::error(&name(), deadline, &error);
                Err(self.capabilities().explain(if had_one { error } else { unmade(error) }))
            }
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(_)) | Err(_) => Err(Error::Timeout { command: name(), after: deadline }),
        }
    }

    /// Has a client that was made here connect again if nothing has been heard for so long: its other end may be gone
    /// without a word. A client that was brought along has settings of its own for that.
    fn doubt(&self, least: Duration) {
        let (Clients::One(client), Some(_)) = (&self.clients, &self.driver) else { return };
        if !client.is_connected() || self.silence.lasts(Instant::now()) < least {
            return;
        }
        // Once for a connection, however many wait on it.
        let this = self.generation() + 1;
        if self.doubted.swap(this, Ordering::AcqRel) != this {
            self.silence.hears();
            // Asked for, and not waited for: what is sent next goes to the new connection.
            let asked = pin!(client.force_reconnection());
            drop(asked.poll(&mut Context::from_waker(Waker::noop())));
        }
    }

    /// Asks a server what it can do, unless that is known of the connection in use. The inner error: it answered, and that is
    /// no answer.
    async fn learn(&self, client: &Client, within: Duration) -> Answer<Result<()>> {
        let generation = self.generation();
        if self.capabilities.is_of(generation) {
            return Ok(Ok(()));
        }
        let naming = self.client_name.as_ref().map(|name| Command::new("CLIENT").arg("SETNAME").arg(name));
        // fred's parser gives a connection up that answers the third in RESP3, with maps in a set.
        let [hello, limit, _] = Capabilities::questions();
        let hello_and_limit = [hello, limit];
        let questions: Vec<_> = hello_and_limit.into_iter().chain(naming).collect();
        let asked: Vec<_> = questions.iter().collect();
        let _no_calls = self.backlog.apart(asked.len());
        let mut answers = together(client, &asked, within).await.into_iter();
        let mut reply = || match answers.next() {
            Some(frame) => frame.map(convert::reply),
            None => Err(FredError::new(ErrorKind::Canceled, "a question has no answer")),
        };
        let (hello, max_results) = (reply()?, answers::answer("FT.CONFIG", reply()?));
        // What a server that is starting says of itself is not what it will be able to do.
        if let Err(error) = &max_results
            && error.is_unavailable()
        {
            return Ok(Err(error.again()));
        }
        let hello = if hello::is_unknown(&hello) {
            instead_of_hello(client, self.assumed.protocol, within).await?
        } else {
            answers::answer("HELLO", hello)
        };
        let mut read = hello.and_then(|hello| Capabilities::read(hello, max_results, Ok(Reply::Nil)));
        if let Ok(read) = &mut read
            && read.cluster
        {
            read.coordinator = has_coordinator(client, within).await?;
        }
        let database = self.assumed.database;
        Ok(read.map(|read| self.capabilities.set(generation, Capabilities { database, ..read })))
    }

    fn answer(&self, command: &Command, frame: Resp3Frame) -> Result<Reply> {
        convert::answer(command.name(), frame).map_err(|error| self.capabilities().explain(error))
    }

    /// What the server can do, if it was asked.
    pub(super) fn capabilities_known(&self) -> Option<&Capabilities> {
        self.capabilities.get()
    }

    /// What the server can do, as far as is known.
    pub(super) fn capabilities(&self) -> &Capabilities {
        self.capabilities.get().unwrap_or(&self.assumed)
    }
}

impl Member for Node {
    async fn call(&self, command: &Command, timeout: Option<Duration>) -> Result<Reply> {
        // The clients of a pool take turns, and each would answer for its own connection.
        if answers::waits_for_replicas(command) && self.clients.all().len() > 1 {
            let needs = "one connection: bring a client, and no pool, or use `FredConnection::connect`";
            return Err(Error::Unsupported { what: "waiting for replicas", needs: needs.to_owned() });
        }
        let send = |client: Client, left| async move {
            let asked = ask(&client, command, self.assumed.protocol, left);
            self.transactions.beside(&client, asked, left).await
        };
        let name = || command.name().to_owned();
        let frame = self.bounded(name, timeout, command.is_repeatable(), 1, send).await?;
        self.answer(command, frame)
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
        if atomic {
            let send = |client: Client, left| async move {
                Box::pin(self.transactions.run(&client, commands, left)).await
            };
            let frames = self.bounded(name, timeout, repeatable, commands.len(), send).await?;
            return answers::transaction(commands, frames.into_iter().map(convert::reply).collect());
        }
        let send = |client: Client, left| async move {
            let asked = ask_all(&client, commands, self.assumed.protocol, left);
            let call = async { received(asked.await, repeatable) };
            self.transactions.beside(&client, call, left).await
        };
        let answers =
            commands.iter().zip(self.bounded(name, timeout, repeatable, commands.len(), send).await?);
        let answer = |(command, answer): (&&Command, Answer<Resp3Frame>)| match answer {
            Ok(frame) => self.answer(command, frame),
            Err(error) => Err(convert::error(command.name(), timeout.unwrap_or(self.deadline), &error)),
        };
        Ok(answers.map(answer).collect())
    }

    fn host(&self) -> Option<String> {
        match &self.clients.all().first()?.client_config().server {
            ServerConfig::Centralized { server } => Some(server.host.to_string()),
            _ => None,
        }
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

    fn notices_flushes(&self) -> bool {
        false
    }
}

/// A call that waits for its answer. One that ends without, or is given up, may have nobody at the other end.
struct Waits<'a> {
    node: &'a Node,
    /// For how long nothing has to have been heard then.
    least: Duration,
    is_answered: bool,
}

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        if self.is_answered {
            self.node.silence.hears();
        } else {
            self.node.doubt(self.least);
        }
    }
}

/// What came of commands that were sent one behind the other. Where only some have answers, these are kept, unless all of
/// them may be sent again: nobody else knows what was done.
fn received(answers: Vec<Answer<Resp3Frame>>, repeatable: bool) -> Answer<Vec<Answer<Resp3Frame>>> {
    let late = |error: &&FredError| *error.kind() == ErrorKind::Timeout;
    let mut errors = answers.iter().filter_map(|answer| answer.as_ref().err());
    let worst = errors.clone().find(late).or_else(|| errors.next()).cloned();
    match worst {
        Some(error) if repeatable || late(&&error) || answers.iter().all(Answer::is_err) => Err(error),
        _ => Ok(answers),
    }
}

impl Clients {
    pub(super) fn all(&self) -> &[Client] {
        match self {
            Self::One(client) => std::slice::from_ref(client),
            Self::Pool(pool) => pool.clients(),
        }
    }

    pub(super) fn next(&self) -> &Client {
        match self {
            Self::One(client) => client,
            Self::Pool(pool) => pool.next_connected(),
        }
    }
}

/// What `HELLO` would have answered, where it is not known.
async fn instead_of_hello(client: &Client, protocol: Protocol, within: Duration) -> Answer<Result<Reply>> {
    let answers = together(client, &hello::questions().each_ref(), within).await.into_iter();
    let answers = answers.map(|frame| frame.map(convert::reply)).collect::<Answer<_>>()?;
    Ok(hello::instead(answers, protocol))
}

/// Whether the search module of a cluster's node has a coordinator: its commands have no keys then, which would have to lie
/// on the node. Who may not ask does not know, and answers of one node must not pass for those of all.
async fn has_coordinator(client: &Client, within: Duration) -> Answer<bool> {
    let question = Command::new("COMMAND").args_from(["GETKEYS", "FT.ALIASUPDATE", "alias", "index"]);
    let answer = one(client, &question.repeatable(), within).await?;
    Ok(match convert::answer("COMMAND", answer) {
        Ok(Reply::Array(keys)) => keys.is_empty(),
        Err(error) => error.server_kind() != Some(ServerErrorKind::Permission),
        Ok(_) => true,
    })
}
