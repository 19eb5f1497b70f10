//! One multiplexed connection that is made anew when it breaks.

use std::collections::HashMap;
use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::{Duration, Instant};

use cache_index::Reply;
use tokio::sync::watch;

use super::failure::Failure;
use super::heard::Heard;
use super::listeners::Listeners;
use super::opener::{At, Opener};
use super::sentinel::{Address, Sentinels};
use super::told;
use super::wire::{Listens, Told, Wire};
use crate::backoff::Backoff;
use crate::connection::{Invalidations, KeyChanges, Push, PushStream};
use crate::settings::Protocol;

/// The first pause between two questions to sentinels, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(20), Duration::from_millis(250));

/// A connection in use. Its number tells a broken one from the one that replaced it.
pub(super) struct Live {
    pub(super) wire: Wire,
    pub(super) number: u64,
    /// Whether the server tells of flushes on it.
    tracks: bool,
    heard: Arc<Heard>,
}

/// How an attempt to connect ended.
type Outcome = Result<Arc<Live>, Failure>;

/// Where an attempt to connect says how it ended.
type Sender = watch::Sender<Option<Outcome>>;
type Receiver = watch::Receiver<Option<Outcome>>;

enum State {
    /// Nobody needed a connection since there last was one.
    Idle,
    /// One is being made, whoever waits for it.
    Connecting(u64, Receiver),
    Live(Arc<Live>),
}

/// Where the server is.
pub(super) enum Target {
    Socket(PathBuf),
    /// At one of these.
    Hosts(Vec<Address>),
    /// Where sentinels say that the master is.
    Master(Sentinels),
}

pub(super) struct Link {
    target: Target,
    opener: Opener,
    /// Which of several hosts was the last one that answered.
    answered: AtomicUsize,
    connect_timeout: Duration,
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
        target: Target,
        opener: Opener,
        connect_timeout: Duration,
        listeners: Arc<Listeners>,
        told: Option<Arc<dyn Invalidations>>,
    ) -> Arc<Self> {
        Arc::new_cyclic(|this| Self {
            target,
            opener,
            answered: AtomicUsize::new(0),
            connect_timeout,
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
    pub(super) async fn live(&self) -> Outcome {
        let mut connected = match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::Live(live) => return Ok(Arc::clone(live)),
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
        let gave_up = || Failure::from(io::Error::other("the runtime that was connecting has ended"));
        let Some(mut connected) = connected else { return self.current().ok_or_else(gave_up) };
        let outcome = connected.wait_for(Option::is_some).await.map_err(|_| gave_up())?;
        outcome.clone().unwrap_or_else(|| Err(gave_up()))
    }

    /// Gives a connection up on which nothing was heard since then: its other end may be gone without a word.
    pub(super) fn doubt(&self, live: &Live, since: Instant) {
        if !live.heard.is_since(since) {
            self.forget(live.number);
        }
    }

    /// Gives a broken connection up, unless it was replaced already.
    pub(super) fn broke(&self, live: &Live) {
        self.forget(live.number);
    }

    /// The server takes no writes: whoever is the master now, sentinels say.
    pub(super) fn is_demoted(&self) {
        if let (Target::Master(_), Some(live)) = (&self.target, self.current()) {
            self.forget(live.number);
        }
    }

    /// The host that answered last. What has a path has none, and where a master is, sentinels say.
    pub(super) fn host(&self) -> Option<&str> {
        let Target::Hosts(hosts) = &self.target else { return None };
        hosts.get(self.answered.load(Ordering::Relaxed)).map(|(host, _)| host.as_str())
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
        if self.opener.protocol != Protocol::Resp3 {
            return None;
        }
        let mut watched = self.watched.write().unwrap_or_else(PoisonError::into_inner);
        Some(watched.entry(key.to_vec()).or_default().clone())
    }

    pub(super) fn listen(&self) -> Option<PushStream> {
        if self.opener.protocol != Protocol::Resp3 {
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
            let outcome = match tokio::time::timeout(link.connect_timeout, link.connect(&mut attempt)).await {
                Ok(outcome) => outcome,
                Err(_) => Err(Failure::late()),
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
    fn use_now(&self, live: &Arc<Live>) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if matches!(&*state, State::Connecting(number, _) if *number == live.number) {
            *state = State::Live(Arc::clone(live));
        }
    }

    fn current(&self) -> Option<Arc<Live>> {
        match &*self.state.read().unwrap_or_else(PoisonError::into_inner) {
            State::Live(live) => Some(Arc::clone(live)),
            State::Idle | State::Connecting(..) => None,
        }
    }

    async fn connect(&self, attempt: &mut Attempt) -> Outcome {
        match &self.target {
            Target::Socket(path) => self.reach(At::Unix(path), attempt.number).await,
            Target::Hosts(hosts) => self.connect_to_any(hosts, attempt).await,
            Target::Master(sentinels) => self.connect_to_master(sentinels, attempt).await,
        }
    }

    /// Tries one after the other, first the one that answered last. Each has its share of the time.
    async fn connect_to_any(&self, hosts: &[Address], attempt: &mut Attempt) -> Outcome {
        let share = self.connect_timeout / u32::try_from(hosts.len()).unwrap_or(u32::MAX).max(1);
        let first = self.answered.load(Ordering::Relaxed);
        let mut outcome = Err(io::Error::from(io::ErrorKind::AddrNotAvailable).into());
        for (at, (host, port)) in hosts.iter().enumerate().cycle().skip(first).take(hosts.len()) {
            outcome = in_time(share, self.reach(At::Tcp(host, *port), attempt.number)).await;
            if outcome.is_ok() {
                self.answered.store(at, Ordering::Relaxed);
                break;
            }
            if hosts.len() > 1 {
                self.begin_again(attempt);
            }
        }
        outcome
    }

    /// Asks sentinels, and tries what they say, until half of the time is over: whoever waits is to hear why in time. Sentinels
    /// name the old master until they have elected another one, and what they name need not know yet that it is one.
    async fn connect_to_master(&self, sentinels: &Sentinels, attempt: &mut Attempt) -> Outcome {
        let (began, share) = (Instant::now(), self.connect_timeout / 4);
        let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
        loop {
            let mut outcome = Err(io::Error::from(io::ErrorKind::AddrNotAvailable).into());
            for (host, port) in sentinels.ask(share).await? {
                outcome = in_time(share, self.reach(At::Tcp(&host, port), attempt.number)).await;
                if outcome.is_ok() {
                    return outcome;
                }
                self.begin_again(attempt);
            }
            if began.elapsed() + backoff.bound() >= self.connect_timeout / 2 {
                return outcome;
            }
            tokio::time::sleep(backoff.pause()).await;
        }
    }

    async fn reach(&self, at: At<'_>, number: u64) -> Outcome {
        let kept = Attempt { link: self.this.clone(), number, forgets: true };
        let opened = self.opener.open(at, self.told(number), kept).await?;
        if let Target::Master(_) = &self.target {
            opened.is_master(self.connect_timeout).await?;
        }
        Ok(Arc::new(Live { wire: opened.wire, number, tracks: opened.tracks, heard: opened.heard }))
    }

    /// Counts the attempt as another connection: what the end of the one before says is not about the next.
    fn begin_again(&self, attempt: &mut Attempt) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        if let State::Connecting(number, _) = &mut *state
            && *number == attempt.number
        {
            attempt.number = self.next.fetch_add(1, Ordering::AcqRel);
            *number = attempt.number;
        }
    }

    /// Who is told what the server says on a connection without being asked.
    fn told(&self, number: u64) -> Option<Told> {
        let is_told = self.opener.protocol == Protocol::Resp3;
        is_told.then(|| Box::new(Ear { link: self.this.clone(), number }) as Told)
    }

    fn pushed(&self, number: u64, push: &Push) {
        match push {
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
        self.listeners.tell(push);
    }

    fn forget(&self, gone: u64) {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        let current = match &*state {
            State::Idle => None,
            State::Connecting(number, _) => Some(*number),
            State::Live(live) => Some(live.number),
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
}

async fn in_time(within: Duration, reached: impl Future<Output = Outcome>) -> Outcome {
    tokio::time::timeout(within, reached).await.unwrap_or_else(|_| Err(Failure::late()))
}

/// Hears what the server says on a connection. It is called where that is read, so that pushes keep the order of the wire.
struct Ear {
    link: Weak<Link>,
    number: u64,
}

impl Listens for Ear {
    fn push(&mut self, items: Vec<Reply>) {
        if let Some(link) = self.link.upgrade() {
            link.pushed(self.number, &told::push(items));
        }
    }

    fn ended(&mut self) {
        if let Some(link) = self.link.upgrade() {
            link.pushed(self.number, &Push::Disconnected);
        }
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
