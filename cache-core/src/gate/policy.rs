//! What a gate does when something does not go as planned.

use std::time::Duration;

/// What becomes of the key when the work answers an error. When it panics, or is cancelled, the key goes at once.
///
/// ```
/// use std::time::Duration;
/// use cache_core::{Gate, OnError};
///
/// // After a failure, nobody tries for ten minutes.
/// let gate = Gate::new("import").on_error(OnError::Backoff(Duration::from_secs(600)));
/// # let cache = cache_core::testkit::Memory::cache().project("shop");
/// assert!(gate.check(&cache).is_ok());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnError {
    /// It goes at once, so that the work can be tried again.
    #[default]
    ReleaseNow,
    /// It stays for the grace, as after success.
    Grace,
    /// It stays this long, so that nobody tries again at once.
    Backoff(Duration),
}

/// What [`Gate::run`](super::Gate::run) does when the server cannot be asked, or takes no writes.
///
/// ```no_run
/// # use cache_core::{Cache, Gate, GateError};
/// # async fn warm_up() -> Result<(), GateError> { Ok(()) }
/// # async fn example(cache: Cache) -> Result<(), GateError> {
/// use cache_core::OnUnavailable;
///
/// // Work that does no harm if everybody does it.
/// let gate = Gate::new("warm-up").on_unavailable(OnUnavailable::RunUnleased);
/// let outcome = gate
///     .run(&cache, async |lease| {
///         if !lease.is_leased() {
///             println!("without the server, others may be at it too");
///         }
///         warm_up().await
///     })
///     .await?;
/// # let _ = outcome;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnUnavailable {
    /// The work is not done; the outcome is [`Unavailable`](super::Outcome::Unavailable), so that a boot without a
    /// server goes on.
    #[default]
    Skip,
    /// It is an error.
    Fail,
    /// The work is done without a lease: everybody may be doing it. The lease it gets says so
    /// ([`is_leased`](super::Lease::is_leased)), and its fence is zero. The outcome is that of work under a lease, of
    /// [`once`](super::Gate::once) too, and nothing is noted.
    RunUnleased,
}

/// What becomes of the work when its lease is lost.
///
/// ```no_run
/// # use cache_core::{Cache, Gate, GateError, Lease};
/// # async fn send(batch: u32) {}
/// # async fn example(cache: Cache) -> Result<(), GateError> {
/// use cache_core::OnLost;
///
/// // The work is not dropped in the middle of a batch, and looks itself whether it may go on.
/// let gate = Gate::new("newsletter").on_lost(OnLost::Signal);
/// let outcome = gate
///     .run(&cache, async |lease| {
///         for batch in 0..100 {
///             lease.check()?;
///             send(batch).await;
///         }
///         Ok::<_, GateError>(())
///     })
///     .await?;
/// # let _ = outcome;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OnLost {
    /// It goes on; [`check`](super::Lease::check) and [`lost`](super::Lease::lost) tell it.
    Signal,
    /// Its future is dropped where it waits.
    #[default]
    CancelBody,
    /// The process is aborted: for work that must never go on, and cannot be trusted to stop.
    Abort,
}

/// When a gate counts as won.
///
/// ```
/// use std::time::Duration;
/// use cache_core::{Durability, Gate};
///
/// let wait = Durability::Wait { replicas: 1, timeout: Duration::from_millis(500) };
/// let gate = Gate::new("payout").ttl(Duration::from_secs(30)).durability(wait);
/// # let cache = cache_core::testkit::Memory::cache().project("shop");
/// assert!(gate.check(&cache).is_ok());
/// // The wait counts against the ttl.
/// assert!(gate.clone().ttl(Duration::from_secs(1)).check(&cache).is_err());
/// // And others wait meanwhile for their answers, for which they have two seconds here.
/// let long = Durability::Wait { replicas: 1, timeout: Duration::from_secs(2) };
/// assert!(gate.durability(long).check(&cache).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Durability {
    /// When the server says so.
    #[default]
    Local,
    /// When that many replicas have it too (`WAIT`); if fewer say so in time, it is given back, and the outcome is
    /// [`NotDurable`](super::Outcome::NotDurable).
    ///
    /// That is no consensus: a replica that did not acknowledge can still be promoted. And `WAIT` keeps everybody waiting
    /// who shares the connection, for at most the timeout: that may be half of
    /// [`RedisSettings::response_timeout`](crate::RedisSettings::response_timeout).
    Wait {
        /// How many replicas.
        replicas: u32,
        /// How long to wait for them.
        timeout: Duration,
    },
}

/// Among whom one is chosen.
///
/// ```no_run
/// # use cache_core::{Cache, Gate, GateError};
/// # async fn clean_disk() -> Result<(), GateError> { Ok(()) }
/// # async fn example(cache: Cache) -> Result<(), GateError> {
/// use cache_core::Scope;
///
/// // Once on each host, however many processes it has.
/// let gate = Gate::new("clean-disk").scope(Scope::Host);
/// let outcome = gate.run(&cache, async |_lease| clean_disk().await).await?;
/// # let _ = outcome;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Scope {
    /// Among all processes that use the server.
    #[default]
    Fleet,
    /// Among the processes of one host (by its name), each host having its own.
    Host,
    /// Among the processes with one parent on one host, such as the workers of a server.
    Parent,
}

/// How the key is named on the server.
///
/// ```no_run
/// # use cache_core::{Cache, Gate, GateError};
/// # async fn example(cache: Cache) -> Result<(), GateError> {
/// use cache_core::Layout;
///
/// # let cache = cache.project("shop");
/// let lease = Gate::new("import").layout(Layout::Lock).try_lock(&cache).await?;
/// assert_eq!(lease.unwrap().key(), "shop:lock:import"); // with `Layout::Leader`: `shop:import:leader`
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Layout {
    /// `<project>:<key>:leader`, as FastLoom's gate.
    #[default]
    Leader,
    /// `<project>:lock:<key>`.
    Lock,
}
