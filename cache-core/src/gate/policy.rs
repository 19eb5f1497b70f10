//! What a gate does when something does not go as planned.

use std::time::Duration;

/// What becomes of the key when the work answers an error. When it panics, or is cancelled, the key goes at once.
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
    /// who shares the connection, for at most the timeout.
    Wait {
        /// How many replicas.
        replicas: u32,
        /// How long to wait for them.
        timeout: Duration,
    },
}

/// Among whom one is chosen.
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Layout {
    /// `<project>:<key>:leader`, as FastLoom's gate.
    #[default]
    Leader,
    /// `<project>:lock:<key>`.
    Lock,
}
