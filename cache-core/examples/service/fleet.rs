//! The process that a user starts: it keeps the workers running, and answers nothing itself.

use std::ffi::OsString;
use std::io::{Write, stdout};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use cache_core::embedded::Server;
use tempfile::TempDir;
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
    let mut workers = JoinSet::new();
    for number in 1..=args.workers.get() {
        workers.spawn(keep(command(args, number, &reserved, &redis, data.path())?, number, stopping.clone()));
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

/// Runs a worker, and another one when it ends, until it is time to stop. Only what will not mend itself is an error.
async fn keep(mut command: Command, number: u32, mut stopping: watch::Receiver<()>) -> Result<(), Failure> {
    loop {
        let began = Instant::now();
        let mut worker = command.spawn()?;
        // It ends by itself when nobody holds the other end: also when this process is killed.
        let lifeline = worker.stdin.take();
        let ended: ExitStatus = tokio::select! {
            ended = worker.wait() => ended?,
            _ = stopping.changed() => {
                drop(lifeline);
                if tokio::time::timeout(LAST_REQUESTS, worker.wait()).await.is_err() {
                    worker.kill().await?;
                }
                return Ok(());
            }
        };
        if ended.code() == Some(CANNOT_BOOT) {
            return Err(format!("worker {number} cannot boot; it says why above").into());
        }
        tracing::warn!(number, %ended, "a worker ended, and is started again");
        tokio::select! {
            () = tokio::time::sleep(PAUSE.saturating_sub(began.elapsed())) => {}
            _ = stopping.changed() => return Ok(()),
        }
    }
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
