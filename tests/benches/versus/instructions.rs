//! What a call costs in instructions of this process: valgrind's callgrind counts them, so that a busy machine changes nothing.
//!
//! Each side makes few calls and then many, in a process of its own each: the difference is the calls'.

use std::process::Stdio;

use cache_core::embedded::Server;
use cache_core::{Cache, RedisSettings};
use tokio::process::Command;

use crate::by_redis::ByRedis;
use crate::corpus::{Corpus, Size};
use crate::ours::Ours;
use crate::work::{Outcome, Side, Work};
use crate::{LATE, by_hand, fill};

/// How many documents there are: enough for the pages and ranges that are asked for.
const DOCUMENTS: u64 = 2_000;

/// How many calls there are before those that count: all code was run by then, and all buffers have grown.
const BEFORE: u64 = 100;

/// What one call costs either side.
pub(crate) struct Cost {
    pub(crate) work: Work,
    pub(crate) ours: u64,
    pub(crate) redis: u64,
}

/// Counts the calls whose names have the word.
pub(crate) async fn count(works: &[Work], mut tell: impl FnMut(&Cost)) -> Outcome<()> {
    let server = Server::options().tcp(true).start().await?;
    let corpus = Corpus::new(Size::Small, DOCUMENTS);
    let cache = Cache::connect(RedisSettings::new(server.url()).response_timeout(LATE)).await?;
    fill(&cache.project(corpus.size.project()), &corpus).await?;
    for work in works {
        let url = server.url();
        tell(&Cost {
            work: *work,
            ours: per_call("ours", *work, &url).await?,
            redis: per_call("redis", *work, &url).await?,
        });
    }
    Ok(())
}

async fn per_call(side: &str, work: Work, url: &str) -> Outcome<u64> {
    let counted = if work.is_bulk() { 10 } else { 400 };
    let few = total(side, work, url, BEFORE).await?;
    let many = total(side, work, url, BEFORE + counted).await?;
    Ok(many.saturating_sub(few) / counted)
}

/// The instructions of a process that makes so many calls.
async fn total(side: &str, work: Work, url: &str, calls: u64) -> Outcome<u64> {
    let kept = std::env::var_os("CALLGRIND_OUT").unwrap_or_else(|| "/dev/null".into());
    let mut out = std::ffi::OsString::from("--callgrind-out-file=");
    out.push(kept);
    let ran = Command::new("valgrind")
        .arg("--tool=callgrind")
        .arg(out)
        .arg(std::env::current_exe()?)
        .args(["--calls", &calls.to_string(), "--side", side, "--work", work.name(), "--url", url])
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(|error| {
            format!("{error}: valgrind counts the instructions; install it, as `apt install valgrind`")
        })?;
    let said = String::from_utf8_lossy(&ran.stderr);
    let collected = said.lines().rev().find_map(|line| line.split_once("Collected : "));
    match collected.map(|(_, number)| number.trim().parse()) {
        Some(Ok(number)) if ran.status.success() => Ok(number),
        _ => Err(format!("{side}, {}: {}", work.name(), said.chars().take(600).collect::<String>()).into()),
    }
}

/// What a process that is counted does.
pub(crate) async fn make(side: &str, work: &str, url: &str, calls: u64) -> Outcome<()> {
    let work = Work::ALL.into_iter().find(|known| known.name() == work).ok_or("no such call")?;
    let corpus = Corpus::new(Size::Small, DOCUMENTS);
    if side == "ours" {
        let cache = Cache::connect(RedisSettings::new(url).response_timeout(LATE)).await?;
        repeat(&Ours { cache: cache.project(corpus.size.project()), corpus }, work, calls).await
    } else {
        repeat(&ByRedis { connection: by_hand(url).await?, corpus }, work, calls).await
    }
}

async fn repeat(side: &impl Side, work: Work, calls: u64) -> Outcome<()> {
    for n in 0..calls {
        side.call(work, n).await?;
    }
    Ok(())
}
