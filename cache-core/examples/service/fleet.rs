//! The process that a user starts: it keeps the workers running, and answers nothing itself.

use std::ffi::OsString;
use std::hash::{BuildHasher, RandomState};
use std::io::{Write, stdout};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use cache_core::embedded::Server;
use tempfile::TempDir;
use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::Failure;
use crate::args::Args;
use crate::listen::{self, Reserved};
use crate::worker::CANNOT_BOOT;

/// How long a worker has to finish what it is at.
const LAST_REQUESTS: Duration = Duration::from_secs(10);

/// The pause before a worker that ended is started again, unless it lived longer than that.
const PAUSE: Duration = Duration::from_secs(1);

/// The longest pause before one that did not come to answer is tried again.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Runs workers until it is told to end.
pub(crate) async fn run(args: &Args) -> Result<(), Failure> {
    let (mut terminated, mut interrupted) =
        (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let address = SocketAddr::new(args.host, args.port);
    let reserved =
        listen::reserve(address).map_err(|error| format!("cannot listen on {address}: {error}"))?;
    let redis = Redis::find().await?;
    let data = Data::of(args)?;
    announce(&reserved, &redis)?;

    let (stop, stopping) = watch::channel(());
    let (mut workers, answered) = (JoinSet::new(), Arc::new(AtomicBool::new(false)));
    for number in 1..=args.workers.get() {
        let command = command(args, number, &reserved, &redis, data.path())?;
        workers.spawn(keep(command, number, Arc::clone(&answered), stopping.clone()));
    }
    drop(stopping);
    let failed = tokio::select! {
        _ = terminated.recv() => None,
        _ = interrupted.recv() => None,
        ended = workers.join_next() => ended,
    };
    // Each of them sees it, lets its worker finish, and ends.
    drop(stop);
    while workers.join_next().await.is_some() {}
    match failed {
        None => Ok(()),
        Some(ended) => ended?,
    }
}

/// Runs a worker, and another one when it ends, until it is time to stop. That one cannot boot is an error only while none of the
/// fleet has ever answered: later, what it needs is away or wrong for a while, and the others do without.
async fn keep(
    mut command: Command,
    number: u32,
    answered: Arc<AtomicBool>,
    mut stopping: watch::Receiver<()>,
) -> Result<(), Failure> {
    let mut failures = 0;
    loop {
        let began = Instant::now();
        let mut answers = false;
        let ended: String = match command.spawn() {
            Ok(mut worker) => {
                // It ends by itself when nobody holds the other end: also when this process is killed.
                let (lifeline, output) = (worker.stdin.take(), worker.stdout.take());
                let lives = async {
                    // It says something once, when it answers.
                    if let Some(mut output) = output
                        && output.read_u8().await.is_ok()
                    {
                        answers = true;
                        answered.store(true, Ordering::Relaxed);
                    }
                    worker.wait().await
                };
                let ended: ExitStatus = tokio::select! {
                    ended = lives => ended?,
                    _ = stopping.changed() => {
                        drop(lifeline);
                        if tokio::time::timeout(LAST_REQUESTS, worker.wait()).await.is_err() {
                            worker.kill().await?;
                        }
                        return Ok(());
                    }
                };
                if ended.code() == Some(CANNOT_BOOT) && !answered.load(Ordering::Relaxed) {
                    return Err(format!("worker {number} cannot boot; it says why above").into());
                }
                ended.to_string()
            }
            Err(error) if answered.load(Ordering::Relaxed) => error.to_string(),
            Err(error) => return Err(error.into()),
        };
        failures = if answers { 0 } else { failures + 1 };
        let pause = match failures {
            0 => PAUSE.saturating_sub(began.elapsed()),
            _ => pause(failures, RandomState::new().hash_one(number)),
        };
        tracing::warn!(number, ended, ?pause, "a worker ended, and is started again");
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stopping.changed() => return Ok(()),
        }
    }
}

/// The pause after so many workers in a row that did not come to answer: it doubles, and half of it is by chance, so that not
/// all of a fleet come at one moment.
fn pause(failures: u32, chance: u64) -> Duration {
    let longest = PAUSE.saturating_mul(2u32.saturating_pow(failures)).min(LONGEST_PAUSE);
    longest.mul_f64(0.5 + 0.5 * (chance as f64 / u64::MAX as f64))
}

/// How a worker is started: this very program, with its number.
fn command(
    args: &Args,
    number: u32,
    reserved: &Reserved,
    redis: &Redis,
    data: &Path,
) -> std::io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command
        .arg(format!("--worker={number}"))
        .arg(format!("--host={}", reserved.address.ip()))
        .arg(format!("--port={}", reserved.address.port()))
        .arg(format!("--log={}", args.log))
        .arg(format!("--entry-timeout={}", humantime::format_duration(args.entry_timeout)))
        .arg(format!("--store-delay={}", humantime::format_duration(args.store_delay)))
        .arg("--data")
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    if args.postgres {
        command.arg("--postgres");
    }
    if let Some(tenants) = &args.tenants {
        command.arg("--tenants").arg(tenants);
    }
    if let Redis::Embedded(server) = redis {
        command.env("REDIS_URL", server.url());
    }
    Ok(command)
}

/// The Redis of the service.
enum Redis {
    /// The one that the environment names. It may be away.
    Named,
    /// A private one, which ends with this process.
    Embedded(Server),
}

impl Redis {
    async fn find() -> Result<Self, Failure> {
        match std::env::var_os("REDIS_URL").filter(|url: &OsString| !url.is_empty()) {
            Some(_) => Ok(Self::Named),
            None => Ok(Self::Embedded(Server::start().await?)),
        }
    }
}

/// Where settings are kept.
enum Data<'a> {
    Given(&'a Path),
    Temporary(TempDir),
}

impl<'a> Data<'a> {
    fn of(args: &'a Args) -> std::io::Result<Self> {
        match &args.data {
            Some(directory) => Ok(Self::Given(directory)),
            None => Ok(Self::Temporary(TempDir::with_prefix("service-")?)),
        }
    }

    fn path(&self) -> &Path {
        match self {
            Self::Given(path) => path,
            Self::Temporary(directory) => directory.path(),
        }
    }
}

fn announce(reserved: &Reserved, redis: &Redis) -> std::io::Result<()> {
    // The URL of the environment may hold a password.
    let redis = match redis {
        Redis::Named => "the Redis of REDIS_URL".to_owned(),
        Redis::Embedded(server) => format!("a private Redis at {}", server.url()),
    };
    writeln!(stdout(), "http://{}, with {redis}", reserved.address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_are_not_all_the_same() {
        assert_eq!((pause(1, 0), pause(1, u64::MAX)), (PAUSE, 2 * PAUSE));
        assert!(pause(2, 0) >= pause(1, u64::MAX));
        for failures in [4, 40, u32::MAX] {
            assert_eq!(pause(failures, 0), LONGEST_PAUSE / 2);
            assert_eq!(pause(failures, u64::MAX), LONGEST_PAUSE);
        }
    }
}
