//! Commands carried out.

use std::fmt;
use std::io::Write;

use cache_index::printed_lines;
use serde::Serialize;

use super::answer::Answer;
use super::args::{Command, Index, Migrate};
use super::error::CliError;
use super::exit::Exit;
use super::failure::Failure;
use super::{acl, health, lock, migrate, status};
use crate::acl::Acl;
use crate::cache::Cache;
use crate::error::Result;
use crate::migrate::Migrator;

/// What a machine is told of an error.
#[derive(Debug, Serialize)]
struct Said {
    error: Failure,
}

impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Command {
    /// Does what was asked, for the models of this migrator, and prints the answer to `out`.
    ///
    /// `connect` is called by the commands that need a server, once. On a terminal, `migrate apply` shows bars on
    /// standard error, in place of a [`progress`](Migrator::progress) of the migrator's own.
    ///
    /// ```no_run
    /// # use cache_core::{Cache, Migrator, cli};
    /// # async fn example(command: cli::Command, cache: Cache) -> Result<(), cli::CliError> {
    /// let mut answer = Vec::new();
    /// let exit = command.run(&Migrator::all(), async || Ok(cache), &mut answer).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`CliError::Connect`] if there is no connection; [`CliError::Migrate`] for what the migrator found;
    /// [`CliError::NoLock`], [`CliError::ReadLock`] and [`CliError::WriteLock`] for the file; [`CliError::Acl`] for rights;
    /// [`CliError::Print`] if `out` takes nothing.
    pub async fn run(
        &self,
        migrator: &Migrator,
        connect: impl AsyncFnOnce() -> Result<Cache>,
        out: &mut impl Write,
    ) -> Result<Exit, CliError> {
        let Answer { text, exit } = self.answer(migrator, connect).await?;
        out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(CliError::Print)?;
        Ok(exit)
    }

    /// As [`run`](Command::run), and prints an error too, with all that lies below it: to `err`, on one line, or with
    /// `--json` to `out`, where machines read.
    pub async fn execute(
        &self,
        migrator: &Migrator,
        connect: impl AsyncFnOnce() -> Result<Cache>,
        out: &mut impl Write,
        err: &mut impl Write,
    ) -> Exit {
        let error = match self.run(migrator, connect, out).await {
            Ok(exit) => return exit,
            Err(error) => Failure::of(&error),
        };
        // Where nobody reads errors, the code has to do.
        if !self.is_json() {
            let _ = writeln!(err, "error: {}", printed_lines(&error.to_string()));
        } else if let Ok(said) = Answer::new(&Said { error }, true, Exit::Failed) {
            let _ = out.write_all(said.text.as_bytes()).and_then(|()| out.flush());
        }
        Exit::Failed
    }

    fn is_json(&self) -> bool {
        match self {
            Self::Migrate(Migrate::Plan(args) | Migrate::Apply(args)) => args.format.json,
            Self::Migrate(Migrate::Collect(args)) => args.format.json,
            Self::Migrate(Migrate::Lock(args) | Migrate::Check(args)) => args.format.json,
            Self::Migrate(Migrate::Status(format)) | Self::Index(Index::Health(format)) => format.json,
            Self::Acl(args) => args.format.json,
        }
    }

    async fn answer(
        &self,
        migrator: &Migrator,
        connect: impl AsyncFnOnce() -> Result<Cache>,
    ) -> Result<Answer, CliError> {
        match self {
            Self::Migrate(Migrate::Lock(args)) => lock::lock(migrator, args),
            Self::Migrate(Migrate::Check(args)) => lock::check(migrator, args),
            Self::Migrate(Migrate::Plan(args)) => {
                migrate::plan(migrator, &connected(connect).await?, args).await
            }
            Self::Migrate(Migrate::Apply(args)) => {
                migrate::apply(migrator, &connected(connect).await?, args).await
            }
            Self::Migrate(Migrate::Collect(args)) => {
                migrate::collect(migrator, &connected(connect).await?, args).await
            }
            Self::Migrate(Migrate::Status(format)) => {
                status::status(migrator, &connected(connect).await?, format).await
            }
            Self::Index(Index::Health(format)) => {
                health::health(migrator, &connected(connect).await?, format).await
            }
            Self::Acl(args) => {
                let acl = match &args.of_project {
                    Some(project) => Acl::project(project),
                    None => Acl::of(&connected(connect).await?),
                };
                acl::acl(migrator, acl.map_err(CliError::Acl)?, args)
            }
        }
    }
}

async fn connected(connect: impl AsyncFnOnce() -> Result<Cache>) -> Result<Cache, CliError> {
    connect().await.map_err(CliError::Connect)
}
