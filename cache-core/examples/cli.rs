//! A service that mounts the command line of its cache beside its own commands.
//!
//! `cargo run --example cli -- migrate plan` needs a server, at `--url`; `cargo run --example cli -- migrate check` and
//! `migrate lock`, with `--file cache-core/examples/data/schema.lock`, need none.

use std::error::Error;
use std::io::{Write, stderr, stdout};
use std::process::ExitCode;
use std::time::Duration;

use cache_core::cli::Exit;
use cache_core::{Cache, CacheModel, Migrator, RedisSettings, cli};
use clap::{Parser, Subcommand};
use serde::{Deserialize, Serialize};

#[derive(Debug, Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: u64,
    #[index]
    city: String,
    #[index(sortable)]
    age: u8,
}

/// Read by its key, so in no index and in no lock.
#[derive(Debug, Serialize, Deserialize, CacheModel)]
struct Visit {
    #[primary_key]
    id: u64,
    user: u64,
}

/// A service with a cache
#[derive(Parser)]
struct Args {
    /// The server
    #[arg(long, global = true, default_value = "redis://localhost:6379")]
    url: String,
    /// How many seconds an answer of it may take
    #[arg(long, global = true, default_value = "2")]
    response_timeout: u64,
    /// Whose cache on it
    #[arg(long, global = true, default_value = "shop")]
    project: String,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Save a user
    Save { id: u64, city: String, age: u8 },
    /// Count the users of a city
    Count { city: String },
    #[command(flatten)]
    Cache(cli::Command),
}

/// Every model of the binary, and which of their schemas are older.
fn migrator() -> Migrator {
    Migrator::all().lock(include_str!("data/schema.lock"))
}

#[tokio::main]
async fn main() -> ExitCode {
    let args = match Args::try_parse() {
        Ok(args) => args,
        // By itself, clap ends with 2 for a mistake, which here is said of changes that are pending.
        Err(error) => {
            let code = if error.use_stderr() { Exit::Failed } else { Exit::Done };
            return if error.print().is_ok() { code.into() } else { ExitCode::FAILURE };
        }
    };
    let timeout = Duration::from_secs(args.response_timeout);
    let settings = RedisSettings::new(&*args.url).response_timeout(timeout).connect_timeout(timeout);
    let connect = async || Ok(Cache::connect(settings).await?.project(&args.project));
    let done: Result<(), Box<dyn Error>> = match args.command {
        Command::Cache(command) => {
            return command.execute(&migrator(), connect, &mut stdout(), &mut stderr()).await.into();
        }
        Command::Save { id, city, age } => {
            async { save(&connect().await?, User { id, city, age }).await }.await
        }
        Command::Count { city } => async { count(&connect().await?, &city).await }.await,
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn save(cache: &Cache, user: User) -> Result<(), Box<dyn Error>> {
    // Every replica may do so when it boots.
    migrator().run(cache).await?;
    let _ = user.save(cache).await?;
    let _ = Visit { id: user.id, user: user.id }.save(cache).await?;
    Ok(())
}

async fn count(cache: &Cache, city: &str) -> Result<(), Box<dyn Error>> {
    writeln!(stdout(), "{}", User::find_by_city(city).count(cache).await?)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn schemas_are_locked() {
        Migrator::all().assert_locked(include_str!("data/schema.lock"));
    }
}
