//! One multiplexed connection that is made anew when it breaks.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, Weak};
use std::time::{Duration, Instant};

use ::redis::aio::MultiplexedConnection;
use ::redis::{
    AsyncConnectionConfig, Cmd, ConnectionAddr, ConnectionInfo, ErrorKind, PushInfo, RedisError, RedisResult,
    Value,
};
use cache_index::Reply;
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::watch;

use super::convert;
use super::tls::Connector;
use crate::connection::push::PushSender;
use crate::connection::{Invalidations, KeyChanges, Push, PushStream};
use crate::settings::Protocol;

/// A connection in use. Its number tells a broken one from the one that replaced it.
#[derive(Clone)]
pub(super) struct Live {
    pub(super) connection: MultiplexedConnection,
    pub(super) number: u64,
    /// Whether the server tells of flushes on it.
    tracks: bool,
    /// When the server last answered on it, in nanoseconds since the link was made.
    heard: Arc<AtomicU64>,
}

/// Where an attempt to connect says how it ended.
type Sender = watch::Sender<Option<RedisResult<Live>>>;
type Receiver = watch::Receiver<Option<RedisResult<Live>>>;

enum State {
    /// Nobody needed a connection since there last was one.
    Idle,
    /// One is being made, whoever waits for it.
    Connecting(u64, Receiver),
    Live(Live),
}

/// Who is told of pushes, of one connection or of all of a cluster.
#[derive(Default)]
pub(super) struct Listeners(Mutex<Vec<PushSender>>);

impl Listeners {
    fn listen(&self) -> PushStream {
        let (sender, stream) = PushStream::channel();
        let mut listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|listener| !listener.is_closed());
        listeners.push(sender);
        stream
    }

    fn tell(&self, push: &Push) {
        let mut listeners = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        listeners.retain(|listener| listener.send(push.clone()));
    }
}

pub(super) struct Link {
    info: ConnectionInfo,
    tls: Option<Connector>,
    protocol: Protocol,
    client_name: Option<String>,
    connect_timeout: Duration,
    made: Instant,
    state: RwLock<State>,
    next: AtomicU64,
    flushes: AtomicU64,
    /// The keys whose changes are counted.
    watched: RwLock<HashMap<Vec<u8>, KeyChanges>>,
    listeners: Arc<Listeners>,
    /// Whom the server tells of keys that were read and have changed; `None`: it is not asked to.
    told: Option<Arc<dyn Invalidations>>,
    this: Weak<Link>,
}

impl Link {
    pub(super) fn new(
        info: ConnectionInfo,
        tls: Option<Connector>,
        protocol: Protocol,
        client_name: Option<String>,
        connect_timeout: Duration,
        listeners: Arc<Listeners>,
        told: Option<Arc<dyn Invalidations>>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            info,
            tls,
            protocol,
            client_name,
            connect_timeout,
            made: Instant::now(),
            state: RwLock::new(State::Idle),
            next: AtomicU64::new(0),
            flushes: AtomicU64::new(0),
            watched: RwLock::default(),
            listeners,
            told,
            this: this.clone(),
        })
    }

    /// The connection, made first if there is none. Connecting has its own bound and a task of its own, so that
    /// callers who give up earlier do not keep it from succeeding.
    pub(super) async fn live(&self) -> RedisResult<Live> {
        let mut connected = match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::Live(live) => return Ok(live.clone()),
            State::Connecting(_, connected) => Some(connected.clone()),
            State::Idle => None,
        };
        if connected.is_none() {
            let (starts, receiver) = self.join_or_prepare();
            // Not under the lock: a runtime that is ending drops the task at once, which forgets the attempt.
            if let Some((number, sender)) = starts {
                self.start(number, sender);
            }
            connected = receiver;
        }
        let gave_up = || RedisError::from((ErrorKind::Io, "the runtime that was connecting has ended"));
        let Some(mut connected) = connected else { return self.current().ok_or_else(gave_up) };
        let outcome = connected.wait_for(Option::is_some).await.map_err(|_| gave_up())?;
        outcome.clone().unwrap_or_else(|| Err(gave_up()))
    }

    /// The server answered on this connection.
    pub(super) fn heard(&self, live: &Live) {
        live.heard.store(self.since_made(Instant::now()), Ordering::Relaxed);
    }

    /// Gives a connection up on which nothing was heard since then: its other end may be gone without a word.
    pub(super) fn doubt(&self, live: &Live, since: Instant) {
        if live.heard.load(Ordering::Relaxed) < self.since_made(since) {
            self.forget(live.number);
        }
    }

    /// Gives a broken connection up, unless it was replaced already.
    pub(super) fn broke(&self, live: &Live) {
        self.forget(live.number);
    }

    /// How often a connection was begun, or the server said that a database was flushed. Both only grow, so that no sum
    /// comes twice.
    pub(super) fn generation(&self) -> u64 {
        self.next.load(Ordering::Acquire).wrapping_add(self.flushes.load(Ordering::Acquire))
    }

    /// Whether the server tells of flushes on the connection in use. There is none: the next one is another generation.
    pub(super) fn notices_flushes(&self) -> bool {
        match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::Live(live) => live.tracks,
            State::Idle | State::Connecting(..) => false,
        }
    }

    /// How often the server said that a key changed. Counted in the read loop, so that whoever reads an answer that came
    /// later has it.
    pub(super) fn changes_of(&self, key: &[u8]) -> Option<KeyChanges> {
        if self.protocol != Protocol::Resp3 {
            return None;
        }
        let mut watched = self.watched.write().unwrap_or_else(PoisonError::into_inner);
        Some(watched.entry(key.to_vec()).or_default().clone())
    }

    pub(super) fn listen(&self) -> Option<PushStream> {
        if self.protocol != Protocol::Resp3 {
            return None;
        }
        Some(self.listeners.listen())
    }

    /// What there is to wait for, and what to start for it if nobody has; nothing to wait for if a connection came
    /// meanwhile.
    fn join_or_prepare(&self) -> (Option<(u64, Sender)>, Option<Receiver>) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        match &*state {
            State::Live(_) => (None, None),
            State::Connecting(_, connected) => (None, Some(connected.clone())),
            State::Idle => {
                let number = self.next.fetch_add(1, Ordering::AcqRel);
                let (sender, receiver) = watch::channel(None);
                *state = State::Connecting(number, receiver.clone());
                (Some((number, sender)), Some(receiver))
            }
        }
    }

    fn start(&self, number: u64, sender: Sender) {
        let mut attempt = Attempt { link: self.this.clone(), number, forgets: true };
        tokio::spawn(async move {
            let Some(link) = attempt.link.upgrade() else { return };
            let outcome = match tokio::time::timeout(link.connect_timeout, link.connect(number)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
            };
            if let Ok(live) = &outcome {
                link.use_now(live);
                attempt.forgets = false;
            }
            drop(attempt);
            // Nobody may be waiting any more.
            let _ = sender.send(Some(outcome));
        });
    }

    /// Uses a connection that was made, unless it broke already and another one is being made.
    fn use_now(&self, live: &Live) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if matches!(&*state, State::Connecting(number, _) if *number == live.number) {
            *state = State::Live(live.clone());
        }
    }

    fn current(&self) -> Option<Live> {
        match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::Live(live) => Some(live.clone()),
            State::Idle | State::Connecting(..) => None,
        }
    }

    async fn connect(&self, number: u64) -> RedisResult<Live> {
        match self.info.addr() {
            ConnectionAddr::Tcp(host, port) => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                stream.set_nodelay(true)?;
                // In TLS 1.3 a server refuses a client after the handshake.
                let live = async {
                    match &self.tls {
                        None => self.talk(number, stream).await,
                        Some(tls) => self.talk(number, tls.connect(stream).await?).await,
                    }
                };
                live.await.map_err(convert::opening)
            }
            ConnectionAddr::Unix(path) => self.talk(number, UnixStream::connect(path).await?).await,
            _ => Err((ErrorKind::InvalidClientConfig, "it has another address than a host or a path").into()),
        }
    }

    async fn talk<S>(&self, number: u64, stream: S) -> RedisResult<Live>
    where
        S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
    {
        let redis = self.info.redis_settings();
        let (mut opening, driver) =
            MultiplexedConnection::new_with_config(redis, stream, self.config(number)).await?;
        let attempt = Attempt { link: self.this.clone(), number, forgets: true };
        // With the driver ends the connection: when the server closes it, and when the runtime ends.
        tokio::spawn(async move {
            driver.await;
            drop(attempt);
        });
        if let Some(name) = &self.client_name {
            is_allowed(&mut opening, ::redis::cmd("CLIENT").arg("SETNAME").arg(name)).await?;
        }
        let tracks = match &self.told {
            Some(_) => tracks_what_is_read(&mut opening).await.map(|()| true)?,
            None => self.protocol == Protocol::Resp3 && is_told_of_flushes(&mut opening).await?,
        };
        let heard = Arc::new(AtomicU64::new(self.since_made(Instant::now())));
        Ok(Live { connection: opening, number, tracks, heard })
    }

    fn config(&self, number: u64) -> AsyncConnectionConfig {
        // Deadlines are kept by whoever calls, around reconnecting too.
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        if self.protocol != Protocol::Resp3 {
            return config;
        }
        let link = self.this.clone();
        // Called in the connection's read loop, so that pushes keep the order of the wire.
        config.set_push_sender(move |info: PushInfo| {
            if let Some(link) = link.upgrade() {
                link.pushed(number, info);
            }
            Ok::<_, std::convert::Infallible>(())
        })
    }

    fn pushed(&self, number: u64, info: PushInfo) {
        let push = convert::push(info);
        match &push {
            Push::Disconnected => self.forget(number),
            Push::Invalidate(None) => {
                self.flushes.fetch_add(1, Ordering::AcqRel);
                self.told.iter().for_each(|told| told.all_changed());
            }
            Push::Invalidate(Some(keys)) => {
                let watched = self.watched.read().unwrap_or_else(PoisonError::into_inner);
                for key in keys.iter().filter_map(Reply::as_bytes) {
                    watched.get(key).into_iter().for_each(KeyChanges::add);
                    self.told.iter().for_each(|told| told.changed(key));
                }
            }
            _ => {}
        }
        self.listeners.tell(&push);
    }

    fn forget(&self, gone: u64) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let current = match &*state {
            State::Idle => None,
            State::Connecting(number, _) | State::Live(Live { number, .. }) => Some(*number),
        };
        if current == Some(gone) {
            if let (State::Live(_), Some(told)) = (&*state, &self.told) {
                told.lost();
            }
            let forgotten = std::mem::replace(&mut *state, State::Idle);
            drop(state);
            // What a connection does when it is dropped is no business of whoever waits for the lock.
            drop(forgotten);
        }
    }

    fn since_made(&self, moment: Instant) -> u64 {
        u64::try_from(moment.saturating_duration_since(self.made).as_nanos()).unwrap_or(u64::MAX)
    }
}

/// Has the server say when a database is flushed: it tells clients that track keys, of any database, before it answers
/// them anything that comes later. OPTIN tracks no key until it is told to, so nothing else is sent and nothing
/// remembered. `false`: the server or the user's permissions do not allow it.
async fn is_told_of_flushes(connection: &mut MultiplexedConnection) -> RedisResult<bool> {
    is_allowed(connection, ::redis::cmd("CLIENT").arg("TRACKING").arg("ON").arg("OPTIN")).await
}

/// Has the server say when a key changes that was read on this connection, with whatever command. A user who may not have that
/// gets an error.
async fn tracks_what_is_read(connection: &mut MultiplexedConnection) -> RedisResult<()> {
    connection.send_packed_command(::redis::cmd("CLIENT").arg("TRACKING").arg("ON")).await.map(drop)
}

/// Whether the server does as it is told. What it refuses is done without.
async fn is_allowed(connection: &mut MultiplexedConnection, command: &Cmd) -> RedisResult<bool> {
    match connection.send_packed_command(command).await {
        Ok(answer) => Ok(answer == Value::Okay),
        Err(error) if convert::is_broken(&error) => Err(error),
        Err(_) => Ok(false),
    }
}

/// A connection that is being made or in use; forgotten when the task that keeps it ends, however it ends.
struct Attempt {
    link: Weak<Link>,
    number: u64,
    forgets: bool,
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if let Some(link) = self.link.upgrade().filter(|_| self.forgets) {
            link.forget(self.number);
        }
    }
}
