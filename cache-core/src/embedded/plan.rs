//! What a server is started from: its binaries and what its owner asked for.

use std::ffi::OsString;
use std::path::PathBuf;

/// The files a server with search and JSON is started from.
///
/// Returned by [`binaries`](crate::embedded::binaries).
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// // A server beside the test that is started in another way.
/// let found = cache_core::embedded::binaries().await?;
/// let mut command = tokio::process::Command::new(&found.server);
/// for module in &found.modules {
///     command.arg("--loadmodule").arg(module);
/// }
/// let replica = command.args(["--port", "6380", "--replicaof", "127.0.0.1 6379"]).kill_on_drop(true).spawn()?;
/// # drop(replica);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Binaries {
    /// The server program, `redis-server` in most installations.
    pub server: PathBuf,
    /// The module files the server loads, in this order. Empty means that the modules are built in.
    pub modules: Vec<PathBuf>,
}

/// What the owner of a server asked for beyond the defaults.
#[derive(Debug, Clone, Default)]
pub(super) struct Extras {
    pub(super) tcp: bool,
    pub(super) args: Vec<OsString>,
}
