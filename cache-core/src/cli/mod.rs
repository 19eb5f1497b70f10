//! Subcommands that a service mounts in its own binary, beside its own. With the feature `cli`.
//!
//! The binary knows its models, so nothing is configured twice: the commands do what its own
//! [`Migrator`](crate::Migrator) does, on the cache that it connects to.
//!
//! ```no_run
//! use std::io::{stderr, stdout};
//! use std::process::ExitCode;
//!
//! use cache_core::{Cache, Migrator, cli};
//! use clap::{Parser, Subcommand};
//!
//! #[derive(Parser)]
//! struct Args {
//!     #[command(subcommand)]
//!     command: Command,
//! }
//!
//! #[derive(Subcommand)]
//! enum Command {
//!     /// Answer requests
//!     Serve,
//!     #[command(flatten)]
//!     Cache(cli::Command),
//! }
//!
//! # #[tokio::main]
//! async fn main() -> ExitCode {
//!     let args = match Args::try_parse() {
//!         Ok(args) => args,
//!         // A mistake in the arguments is an error; by itself, clap ends with what `Exit::Pending` ends with.
//!         Err(error) => {
//!             let exit = if error.use_stderr() { cli::Exit::Failed } else { cli::Exit::Done };
//!             return if error.print().is_ok() { exit.into() } else { ExitCode::FAILURE };
//!         }
//!     };
//!     let connect = async || Ok(Cache::connect("redis://localhost:6379").await?.project("shop"));
//!     match args.command {
//!         Command::Serve => ExitCode::SUCCESS, // your service
//!         Command::Cache(command) => {
//!             command.execute(&Migrator::all(), connect, &mut stdout(), &mut stderr()).await.into()
//!         }
//!     }
//! }
//! ```
//!
//! | command | what it does |
//! |---|---|
//! | `migrate plan` | shows what `apply` would do, like a diff; only reads |
//! | `migrate apply` | does it, and waits until the indexes are filled, with a bar on a terminal |
//! | `migrate status` | shows which indexes are there, which of them is active, and which are in use; only reads |
//! | `migrate collect` | drops the indexes that nobody has used for long; documents stay |
//! | `migrate lock` | appends the schemas to `schema.lock`; without a server |
//! | `migrate check` | for CI: whether `schema.lock` ends with them; without a server |
//! | `index health` | documents, failures with their last keys, memory, and whether queries can be answered; only reads |
//! | `acl --user app` | prints the least rights that the service's user needs, as a line for `redis-cli`; see [`acl`](crate::acl) |
//!
//! Names and texts of others, as the key of a document, are printed with what a terminal would obey in them escaped, `\u{1b}`; in
//! JSON they are as they are.
//!
//! With `--json` each prints one JSON object, on one line, in place of text for people; an error too, in the same place:
//! `{"error":{"kind":"drift","message":"…","causes":["…"],"differences":[…],"keys":[…]}}`.
//!
//! What somebody should know of, though nothing failed, is a warning: an index of somebody else with documents of ours, documents
//! that cannot be indexed, an alias that moves without a lock. Lines that begin with `!` tell people of them, and
//! `"warnings":[{"model":"User","message":"…"}]` machines, of `plan` and `apply`. They change the code only with `--strict`.
//!
//! How a command ends is an [`Exit`], which a process can end with:
//!
//! | code | means |
//! |---|---|
//! | 0 | done, or there is nothing to do |
//! | 1 | an error; what to do about it was printed |
//! | 2 | something is to be done: `plan` has steps, or says why `apply` would refuse them; `check` found a schema that is not locked; an index of `health` is not ready, is another one, or lacks documents; the alias that `apply` was to move waits |
//! | 3 | with `--strict`: `apply` is done, or `plan` says what it would do, with warnings |
//!
//! Arguments that cannot be read are told by `clap`, in text also with `--json`, before there is a command. `Args::parse` would end
//! the process with 2 for them; above they end it with 1.

// A file imports from those before it: exit, error, failure, answer, args, bars, lock, warning, migrate, status, health, acl, run.

mod acl;
mod answer;
mod args;
mod bars;
mod error;
mod exit;
mod failure;
mod health;
mod lock;
mod migrate;
mod run;
mod status;
mod warning;

pub use args::{Choices, Command, Format, Index, LockFile, Migrate, Rights, Unused};
pub use error::CliError;
pub use exit::Exit;
