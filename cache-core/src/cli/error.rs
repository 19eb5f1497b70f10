//! What keeps a command from being done.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::error::{Error, shown};
use crate::migrate::MigrateError;

/// What keeps a command from being done.
///
/// ```
/// # use cache_core::{Cache, Migrator, cli};
/// # #[derive(clap::Parser)]
/// # struct Service { #[command(subcommand)] command: cli::Command }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// use cache_core::cli::CliError;
/// use clap::Parser;
///
/// let service = Service::parse_from(["service", "migrate", "check", "--file", "missing.lock"]);
/// let connect = async || Cache::connect("redis://localhost:6379").await;
/// let error = service.command.run(&Migrator::new(), connect, &mut Vec::new()).await.unwrap_err();
/// assert!(matches!(error, CliError::NoLock { .. }));
/// assert!(error.to_string().contains("make it with `migrate lock`"));
/// # }
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum CliError {
    /// There is no server to ask.
    #[error("no connection to the server")]
    Connect(#[source] Error),
    /// The migrator found something wrong.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// There is no lock yet.
    #[error("there is no `{}`; make it with `migrate lock`, or name another one with `--file`", path.display())]
    NoLock {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// The lock cannot be read.
    #[error("`{}` cannot be read", path.display())]
    ReadLock {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The lock cannot be written.
    #[error("`{}` cannot be written", path.display())]
    WriteLock {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// There are no such rights.
    #[error("the rights cannot be named")]
    Acl(#[source] Error),
    /// The answer cannot be printed.
    #[error("the answer cannot be printed")]
    Print(#[source] io::Error),
}

impl fmt::Debug for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shown(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_main_shows_is_the_message_and_what_lies_below() {
        let error = CliError::Connect(Error::NoRuntime);
        assert_eq!(format!("{error:?}"), format!("no connection to the server: {}", Error::NoRuntime));
    }
}
