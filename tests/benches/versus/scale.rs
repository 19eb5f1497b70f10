//! How calls a second change with the number of documents and of callers, and what a call needs that waits.

use std::env;
use std::fs;
use std::process::Command;
use std::time::Duration;

use cache_core::embedded::Server;
use cache_core::{Cache, CacheModel, Migrator, RedisSettings};
use serde::Serialize;

use crate::corpus::{Corpus, Item, Size, item};
use crate::ours::Ours;
use crate::round::{Asked, calls_in, timed};
use crate::work::{Outcome, Work};

/// How many calls wait when the memory for them is measured.
const WAITING: u64 = 10_000;

/// Calls a second over something that grows.
#[derive(Debug, Serialize)]
pub(crate) struct Curve {
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) x: String,
    pub(crate) points: Vec<(f64, f64)>,
}

const ASKED: [(Work, &str); 2] = [(Work::Get, "get"), (Work::Tag, "find")];

/// A thousand to a million documents with 64 callers; with the last of them, 1 to 1,024 callers.
pub(crate) async fn curves(most: u64, length: Duration) -> Outcome<Vec<Curve>> {
    let server = Server::options().tcp(true).start().await?;
    let cache = connected(&server.url()).await?;
    let curve = |name: &str, of: &str, x: &str, at: &str| Curve {
        name: format!("{name}-{of}"),
        title: format!("{name}, documents of 300 B, {at}"),
        x: x.to_owned(),
        points: Vec::new(),
    };
    let mut curves: Vec<_> =
        ASKED.iter().map(|(_, name)| curve(name, "documents", "documents", "64 callers")).collect();
    let (mut documents, mut there) = (1_000, 0);
    while documents <= most {
        for first in (there..documents).step_by(2_000) {
            let some: Vec<_> =
                (first..documents.min(first + 2_000)).map(|id| item(Size::Small, id)).collect();
            for saved in Item::save_many(&cache, &some).await {
                let _ = saved?;
            }
        }
        there = documents;
        let ours = Ours { cache: cache.clone(), corpus: Corpus::new(Size::Small, documents) };
        for ((work, _), curve) in ASKED.iter().zip(&mut curves) {
            curve.points.push((documents as f64, rate(&ours, *work, 64, length).await?));
        }
        documents *= 10;
    }
    let ours = Ours { cache, corpus: Corpus::new(Size::Small, there) };
    for (work, name) in ASKED {
        let mut by_callers = curve(name, "callers", "callers", &format!("{there} documents"));
        for callers in [1, 4, 16, 64, 256, 1_024] {
            by_callers.points.push((callers as f64, rate(&ours, work, callers, length).await?));
        }
        curves.push(by_callers);
    }
    for curve in &curves {
        let points = curve.points.iter().map(|(x, rate)| format!("{x}: {rate:.0}")).collect::<Vec<_>>();
        println!("{} (calls a second by {}): {}", curve.title, curve.x, points.join(", "));
    }
    Ok(curves)
}

async fn connected(url: &str) -> Outcome<Cache> {
    let settings = RedisSettings::new(url).response_timeout(Duration::from_secs(60));
    let cache = Cache::connect(settings).await?.project(Size::Small.project());
    Migrator::new().register::<Item>().run(&cache).await?;
    Ok(cache)
}

async fn rate(ours: &Ours, work: Work, callers: u64, length: Duration) -> Outcome<f64> {
    let expected = work.expected(&ours.corpus);
    let (calls, _) = calls_in(ours, work, expected, callers, length).await?;
    let took = timed(ours, Asked { work, expected, callers, calls }, 0).await?;
    Ok(calls as f64 / took)
}

/// Bytes of memory for each call that waits for a server that is stopped: ours, and the redis crate's by hand. Each is
/// measured in a process of its own.
pub(crate) async fn waiting() -> Outcome<(u64, u64)> {
    let mut bytes = [0; 2];
    for (side, bytes) in ["ours", "redis"].into_iter().zip(&mut bytes) {
        let server = Server::options().tcp(true).start().await?;
        let program = env::current_exe()?;
        let url = server.url();
        let pid = server.pid().to_string();
        let child = tokio::task::spawn_blocking(move || {
            Command::new(program).args(["--waiting", side, "--url", &url, "--pid", &pid]).output()
        });
        let output = child.await??;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
        }
        *bytes = String::from_utf8(output.stdout)?.trim().parse()?;
    }
    Ok((bytes[0], bytes[1]))
}

/// The part of the process of its own: has many gets wait, and says what each needs.
pub(crate) async fn wait(side: &str, url: &str, pid: i32) -> Outcome<u64> {
    let pid = rustix::process::Pid::from_raw(pid).ok_or("no process")?;
    let mut calls = tokio::task::JoinSet::new();
    let before;
    if side == "ours" {
        let cache = connected(url).await?;
        let _ = Item::get(&cache, 0).await?;
        rustix::process::kill_process(pid, rustix::process::Signal::STOP)?;
        before = resident()?;
        for id in 0..WAITING {
            let cache = cache.clone();
            calls.spawn(
                async move { Item::get(&cache, id).await.map(drop).map_err(|error| error.to_string()) },
            );
        }
    } else {
        let config = redis::AsyncConnectionConfig::new().set_response_timeout(Some(Duration::from_secs(60)));
        let client = redis::Client::open(url)?;
        let connection = client.get_multiplexed_async_connection_with_config(&config).await?;
        by_hand(connection.clone(), 0).await?;
        rustix::process::kill_process(pid, rustix::process::Signal::STOP)?;
        before = resident()?;
        for id in 0..WAITING {
            let connection = connection.clone();
            calls.spawn(by_hand(connection, id));
        }
    }
    // All of them wait once nothing more happens.
    let mut now = resident()?;
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let later = resident()?;
        if later == now {
            break;
        }
        now = later;
    }
    rustix::process::kill_process(pid, rustix::process::Signal::CONT)?;
    while let Some(call) = calls.join_next().await {
        call??;
    }
    Ok(now.saturating_sub(before) / WAITING)
}

async fn by_hand(mut connection: redis::aio::MultiplexedConnection, id: u64) -> Result<(), String> {
    let key = format!("small:cache:item:{id}");
    let json: redis::RedisResult<Option<Vec<u8>>> =
        redis::cmd("JSON.GET").arg(key).query_async(&mut connection).await;
    json.map(drop).map_err(|error| error.to_string())
}

/// The memory of this process, in bytes.
fn resident() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes << 10)
}
