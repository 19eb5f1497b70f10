//! A cache that is a service's help and not its need: without its server, nothing is cached, and nothing fails for it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cache_index::{Command, ServerErrorKind};

use super::Cache;
use super::circuit::Circuit;
use super::observe::Sent;
use super::owed::{Invalidation, Owed};
use super::readiness::ErrorClass;
use super::state::{CacheState, StateWatch};
use crate::backoff::Backoff;
use crate::connection::Connection;
use crate::error::{Error, Result};

/// The longest pause before the server is asked for the first time again, and before any later one.
const PAUSES: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(2));

/// After how long a call that its caller gives up was not answered in time: as long as an entry may take.
const GIVEN_UP: Duration = Duration::from_millis(250);

/// Why a call is refused without asking the server.
pub(super) const AWAY: &str = "it did not answer before, and is asked in the background until it does; see that it runs, and \
                               that this is its address";

/// What the task is called that asks for the server.
const PROBE: &[u8] = b"probe";

/// How a cache does without its server. See [`Cache::connect_or_degrade`].
///
/// ```no_run
/// use std::time::Duration;
/// use cache_core::{Degrade, RedisSettings};
///
/// # async fn example() -> cache_core::Result<()> {
/// let cache = Degrade::new().budget(Duration::from_millis(500)).connect(RedisSettings::from_env()?).await?;
/// # let _ = cache;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Degrade {
    pub(super) budget: Duration,
    pub(super) entry_timeout: Duration,
    pub(super) lenient: bool,
}

impl Default for Degrade {
    fn default() -> Self {
        Self { budget: Duration::from_secs(1), entry_timeout: GIVEN_UP, lenient: false }
    }
}

impl Degrade {
    /// A second to connect, a quarter of a second for an entry, and settings that can never work are errors.
    pub fn new() -> Self {
        Self::default()
    }

    /// How long [`connect`](Degrade::connect) waits for the server.
    pub fn budget(mut self, budget: Duration) -> Self {
        self.budget = budget;
        self
    }

    /// How long reading or writing documents by their keys may take before it goes on without the cache. Everything else, many
    /// writes at once among it, has the connection's [`response_timeout`](crate::RedisSettings::response_timeout).
    pub fn entry_timeout(mut self, timeout: Duration) -> Self {
        self.entry_timeout = timeout;
        self
    }

    /// Boots also where waiting will not help: with a wrong password, without a permission, without trust in TLS, without the JSON module.
    /// [`Cache::state`] then says so by its class, and an event in words.
    pub fn lenient(mut self) -> Self {
        self.lenient = true;
        self
    }
}

impl Degrade {
    /// As [`connect`](Degrade::connect), over a connection of one's own, which has to make itself anew when it breaks.
    ///
    /// # Errors
    /// As [`connect`](Degrade::connect).
    pub async fn over(self, connection: Arc<dyn Connection>) -> Result<Cache> {
        if tokio::runtime::Handle::try_current().is_err() {
            return Err(Error::NoRuntime);
        }
        let (budget, lenient) = (self.budget, self.lenient);
        let circuit = Arc::new(Circuit::new(true));
        let cache = Cache { circuit, degrade: Some(self.into()), ..Cache::from_connection(connection) };
        match cache.ask(budget).await {
            Ok(()) => {}
            Err(error) if lenient || may_pass(&error) => {
                cache.circuit.open(ErrorClass::of(&error));
                cache.probe();
            }
            Err(error) => return Err(error),
        }
        Ok(cache)
    }
}

/// Whether it may pass: nothing is wrong with the settings.
fn may_pass(error: &Error) -> bool {
    error.is_unavailable() || error.is_write_refused()
}

/// Whether it counts against the server. A node that says that a slot is moving is there, and so is all that is in other slots.
pub(super) fn is_silent(error: &Error) -> bool {
    error.is_unavailable() && !error.is_elsewhere()
}

/// Whether the server lets nobody in with these settings, whatever is asked of it.
fn is_shut(error: &Error) -> bool {
    matches!(error, Error::Tls { .. }) || error.server_kind() == Some(ServerErrorKind::Authentication)
}

impl Cache {
    /// Whether there is no server for what failed with this error: none that answers, and, for a cache that does without it, none
    /// that lets it in.
    pub(crate) fn is_without(&self, error: &Error) -> bool {
        error.is_unavailable()
            || self
                .degrade
                .as_ref()
                .is_some_and(|degrade| is_shut(error) || degrade.lenient && error.is_access_denied())
    }

    /// Whether the server answers, whatever the circuit says.
    async fn ask(&self, bound: Duration) -> Result<()> {
        let ping = Command::new("PING").repeatable().within(bound);
        let observed = self.observe(Sent::One(&ping));
        observed.around(self.connection.send(ping)).await?;
        self.capabilities().require_json("a cache")
    }

    /// Whether the server answers: as far as is known, nothing is sent.
    ///
    /// It is what calls found, of this handle and of all its clones: five of them in a row without an answer, or half of
    /// twenty within ten seconds, and it is degraded. [`connect_or_degrade`](Cache::connect_or_degrade) goes on asking in the
    /// background, so that it is enabled again within about two seconds after the server came back; else the next call that
    /// is answered enables it.
    ///
    /// ```no_run
    /// # async fn example(cache: cache_core::Cache) {
    /// let mut states = cache.watch_state();
    /// while let Some(state) = states.changed().await {
    ///     println!("{state:?}");
    /// }
    /// # }
    /// ```
    pub fn state(&self) -> CacheState {
        self.circuit.state()
    }

    /// Whether the server answers. See [`state`](Cache::state).
    #[doc(alias = "enabled")]
    pub fn is_enabled(&self) -> bool {
        self.state().is_enabled()
    }

    /// What waits for changes of the [`state`](Cache::state).
    pub fn watch_state(&self) -> StateWatch {
        StateWatch { receiver: self.circuit.watch() }
    }

    /// How many deleted documents the server has not been told of yet. See
    /// [`connect_or_degrade`](Cache::connect_or_degrade).
    pub fn owed_invalidations(&self) -> usize {
        self.owed.count()
    }

    /// Whether it does without its server.
    pub(crate) fn degrades(&self) -> bool {
        self.degrade.is_some()
    }

    /// The command with the bound of an entry, if this cache has one.
    pub(crate) fn entry(&self, command: Command) -> Command {
        match self.entry_bound() {
            Some(bound) if command.timeout().is_none() => command.within(bound),
            _ => command,
        }
    }

    /// How long an entry may take, if not as long as the connection says.
    pub(crate) fn entry_bound(&self) -> Option<Duration> {
        self.degrade.as_ref().map(|degrade| degrade.entry_timeout)
    }

    /// Fails unless documents can be stored. A lenient cache that is degraded for want of that sends nothing, which says it too.
    pub(crate) fn require_json(&self, what: &'static str) -> Result<()> {
        match &self.degrade {
            Some(degrade) if degrade.lenient && !self.circuit.admits() => Ok(()),
            _ => self.capabilities().require_json(what),
        }
    }

    /// The answer, or `without` if there is none and this cache does without.
    pub(crate) fn or_without<T>(&self, answer: Result<T>, without: impl FnOnce() -> T) -> Result<T> {
        match answer {
            Err(error) if self.does_without(&error) => {
                tracing::debug!(error = &error as &dyn std::error::Error, "done without the cache");
                Ok(without())
            }
            other => other,
        }
    }

    /// The answer to an invalidation, or `without` if there is none, this cache does without, and what is owed, each by its key,
    /// is kept to be done later.
    pub(crate) fn or_owed<T>(
        &self,
        answer: Result<T>,
        owed: impl IntoIterator<Item = (Vec<u8>, Invalidation)>,
        without: impl FnOnce() -> T,
    ) -> Result<T> {
        let Err(error) = &answer else { return answer };
        // Later, a fence may be too old.
        if !self.does_without(error) || self.is_fenced() {
            return answer;
        }
        let class = ErrorClass::of(error);
        let kept = owed.into_iter().all(|(key, owed)| {
            let kept = self.owed.keep(self, key.clone(), owed, class);
            // Somebody may have read it since the call that failed was over; from now on nobody does.
            self.forget(&key);
            kept
        });
        self.probe();
        if kept { Ok(without()) } else { answer }
    }

    /// Has a key forgotten that was to be dropped, whether the server knows of it yet or not.
    pub(crate) fn forget(&self, key: &[u8]) {
        self.forgets.iter().for_each(|forgets| forgets(key));
    }

    /// Begins a call; fails if the server is not to be asked.
    pub(super) fn begin_call(&self) -> Result<Call<'_>> {
        if self.circuit.admits() {
            return Ok(Call { cache: self, began: Instant::now(), ended: false });
        }
        // What probes may have ended with its runtime.
        self.probe();
        Err(Error::Unavailable { reason: AWAY.to_owned(), source: None })
    }

    /// Counts how a call ended.
    fn note(&self, error: Option<&Error>) {
        match error {
            // Nothing was sent, which says nothing of the server.
            Some(error) if error.is_busy() => {}
            Some(error) if is_silent(error) => {
                if self.circuit.failed(ErrorClass::of(error)) && self.degrades() {
                    self.probe();
                }
            }
            // A password that was changed, or trust that ended, says so at once.
            Some(error) if self.degrades() && is_shut(error) => {
                self.circuit.open(ErrorClass::of(error));
                self.probe();
            }
            _ => self.circuit.answered(),
        }
    }

    /// Whether it goes on without what failed with this error.
    fn does_without(&self, error: &Error) -> bool {
        self.degrades() && (may_pass(error) || self.is_without(error))
    }

    /// Goes on asking in the background, unless that is done already.
    fn probe(&self) {
        // Every call that is refused comes by here.
        if self.background.goes_on(PROBE) {
            return;
        }
        // Its own calls are let through.
        let (cache, _) = self.detached();
        let circuit = Arc::new(Circuit::new(false));
        let (connection, fence) = (self.unfenced(), None);
        let cache = Self { connection, fence, unfenced: None, circuit, degrade: None, ..cache };
        let (circuit, owed) = (Arc::clone(&self.circuit), Arc::clone(&self.owed));
        self.background.keep(PROBE.to_vec(), probe(cache, circuit, owed));
    }
}

/// A call that is under way. One that its caller gives up after [`GIVEN_UP`] counts as one that was not answered in time:
/// whoever waits less than the connection does would never notice a server that hangs.
#[derive(Debug)]
pub(super) struct Call<'a> {
    cache: &'a Cache,
    began: Instant,
    ended: bool,
}

impl Call<'_> {
    /// It ended, with this error.
    pub(super) fn ended(mut self, error: Option<&Error>) {
        self.ended = true;
        self.cache.note(error);
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if !self.ended && self.began.elapsed() >= GIVEN_UP {
            let error = Error::Timeout { command: "a call that was given up".to_owned(), after: GIVEN_UP };
            self.cache.note(Some(&error));
        }
    }
}

async fn probe(cache: Cache, circuit: Arc<Circuit>, owed: Arc<Owed>) {
    let (mut backoff, mut told) = (Backoff::new(PAUSES.0, PAUSES.1), None);
    loop {
        tokio::time::sleep(backoff.pause()).await;
        let outcome = match cache.ask(cache.connection.deadline()).await {
            Ok(()) => owed.deliver(&cache, &circuit).await,
            Err(error) => Err(error),
        };
        match outcome {
            Ok(()) => return,
            Err(error) => {
                let class = ErrorClass::of(&error);
                if !may_pass(&error) && told.replace(class) != Some(class) {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "the cache cannot be used with these settings");
                }
                circuit.open(class);
            }
        }
    }
}
