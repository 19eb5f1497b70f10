//! What memory a call needs that waits for its answer.

use std::env;
use std::fs;
use std::future::Future;
use std::process::Command;
use std::time::Duration;

use cache_core::embedded::Server;
use cache_core::{Cache, CacheModel, RedisSettings};
use redis::ProtocolVersion;
use redis::aio::MultiplexedConnection;
use rustix::process::{Pid, Signal, kill_process};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::connect::{LATE, by_hand};
use crate::corpus::{Item, Size};
use crate::work::Outcome;

/// How many calls wait before the memory is looked at: they take what was freed before, and make what grows in steps.
const BEFORE: u64 = 2_000;

/// How many more wait then: with those a few less than a connection lets wait.
const WAITING: u64 = 10_000;

/// How often it is looked whether the memory still grows.
const LOOKED: Duration = Duration::from_millis(200);

/// Bytes for each get that waits for its answer.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Waiting {
    pub(crate) calls: u64,
    pub(crate) ours: u64,
    /// By hand with the redis crate.
    pub(crate) redis: u64,
}

/// Calls that wait for a server that is stopped. Each side is measured in a process of its own.
pub(crate) async fn measure() -> Outcome<Waiting> {
    Ok(Waiting { calls: WAITING, ours: in_a_process("ours").await?, redis: in_a_process("redis").await? })
}

async fn in_a_process(side: &'static str) -> Outcome<u64> {
    let server = Server::options().tcp(true).start().await?;
    let (program, url, pid) = (env::current_exe()?, server.url(), server.pid().to_string());
    let child = tokio::task::spawn_blocking(move || {
        Command::new(program).args(["--waiting", side, "--url", &url, "--pid", &pid]).output()
    });
    let output = child.await??;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned().into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().parse()?)
}

/// The part of the process of its own.
pub(crate) async fn wait(side: &str, url: &str, pid: i32) -> Outcome<u64> {
    let server = Pid::from_raw(pid).ok_or("no process")?;
    if side == "ours" {
        let cache = Cache::connect(RedisSettings::new(url).response_timeout(LATE)).await?;
        let cache = cache.project(Size::Small.project());
        each(|id| get(cache.clone(), id), server).await
    } else {
        let connection = by_hand(url, ProtocolVersion::RESP2).await?;
        each(|id| get_by_hand(connection.clone(), id), server).await
    }
}

async fn get(cache: Cache, id: u64) -> Outcome<()> {
    let _: Option<Item> = Item::get(&cache, id).await?;
    Ok(())
}

async fn get_by_hand(mut connection: MultiplexedConnection, id: u64) -> Outcome<()> {
    let key = format!("{}:cache:item:{id}", Size::Small.project());
    let json: Option<Vec<u8>> = redis::cmd("JSON.GET").arg(key).query_async(&mut connection).await?;
    let _: Option<Item> = json.map(|json| serde_json::from_slice(&json)).transpose()?;
    Ok(())
}

/// Has calls wait, and then many more, and says what each of these needs.
async fn each<F>(get: impl Fn(u64) -> F, server: Pid) -> Outcome<u64>
where
    F: Future<Output = Outcome<()>> + Send + 'static,
{
    get(0).await?;
    kill_process(server, Signal::STOP)?;
    let mut calls = JoinSet::new();
    let mut memory = [0; 2];
    for (number, memory) in [BEFORE, WAITING].into_iter().zip(&mut memory) {
        for id in 0..number {
            calls.spawn(get(id));
        }
        *memory = settled().await?;
    }
    kill_process(server, Signal::CONT)?;
    while let Some(call) = calls.join_next().await {
        call??;
    }
    Ok(memory[1].saturating_sub(memory[0]) / WAITING)
}

/// The memory once it does not grow any more: all calls wait then.
async fn settled() -> Outcome<u64> {
    let mut now = resident()?;
    loop {
        tokio::time::sleep(LOOKED).await;
        let later = resident()?;
        if later == now {
            return Ok(now);
        }
        now = later;
    }
}

/// The memory of this process, in bytes.
fn resident() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    let kilobytes: u64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kilobytes << 10)
}
