//! What a call costs in instructions of this process: valgrind's callgrind counts them, so that a busy machine changes nothing.
//!
//! Each side makes few calls and then many, in a process of its own each: the difference is the calls'. What is left to chance
//! is the seeds of hash maps, what time-outs there are and in how many pieces an answer comes: the fewest of several tries.

use std::env;
use std::hint::black_box;
use std::path::PathBuf;
use std::process::{self, Stdio};

use cache_core::embedded::Server;
use cache_core::{Cache, NearCache, NearHandle, RedisSettings};
use redis::ProtocolVersion;
use tokio::process::Command;

use crate::by_redis::ByRedis;
use crate::connect::{LATE, by_hand, fill};
use crate::corpus::{Corpus, Item, Size};
use crate::ours::Ours;
use crate::work::{Bulk, Outcome, Side, Work};

/// How many documents there are: enough for the pages and ranges that are asked for.
const DOCUMENTS: u64 = 2_000;

/// How the C library copies and searches memory: on every machine alike, without what only some processors have. (`rep movsb` would
/// count one instruction a byte.) Names that a version of it does not know do nothing.
const ALIKE: &str = "glibc.cpu.hwcaps=-AVX2,-AVX2_Usable,-AVX512F,-AVX512VL,-AVX512BW,-AVX_Fast_Unaligned_Load,-ERMS,-FSRM,-BMI2";

/// Who makes calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    Us,
    Hand,
    /// By hand in RESP3, which is what ours speaks.
    Hand3,
    /// Ours from the near cache, where the document is there: gets alone.
    Near,
}

impl By {
    const ALL: [Self; 4] = [Self::Us, Self::Hand, Self::Hand3, Self::Near];

    fn name(self) -> &'static str {
        match self {
            Self::Us => "ours",
            Self::Hand => "redis",
            Self::Hand3 => "redis-resp3",
            Self::Near => "near",
        }
    }
}

/// What one call costs.
pub(crate) struct Cost {
    pub(crate) instructions: u64,
    /// How far the tries are apart, of the same calls.
    pub(crate) apart: u64,
}

/// A server with the documents, for those who are counted.
pub(crate) struct Counter {
    server: Server,
    tries: usize,
}

impl Counter {
    pub(crate) async fn start(tries: usize) -> Outcome<Self> {
        let server = Server::options().tcp(true).start().await?;
        let corpus = Corpus::new(Size::Small, DOCUMENTS);
        let cache = Cache::connect(RedisSettings::new(server.url()).response_timeout(LATE)).await?;
        fill(&cache.project(corpus.size.project()), &corpus).await?;
        Ok(Self { server, tries })
    }

    /// What one call costs.
    pub(crate) async fn per_call(&self, by: By, work: Work) -> Outcome<Cost> {
        let (before, counted) = calls(by, work);
        let (few, more) = self.tried(by, work, before).await?;
        let (many, most) = self.tried(by, work, before + counted).await?;
        Ok(Cost {
            instructions: many.saturating_sub(few) / counted,
            apart: (most - many).max(more - few) / counted,
        })
    }

    /// The fewest instructions, and the most.
    async fn tried(&self, by: By, work: Work, calls: u64) -> Outcome<(u64, u64)> {
        let (mut fewest, mut most) = (u64::MAX, 0);
        for _ in 0..self.tries {
            let total = total(by, work, &self.server.url(), calls).await?;
            (fewest, most) = (fewest.min(total), most.max(total));
        }
        Ok((fewest, most))
    }
}

/// How many calls there are before those that count (all code was run by then, and all buffers have grown), and how many count.
fn calls(by: By, work: Work) -> (u64, u64) {
    match work {
        // Some hundred instructions each: what is left to chance weighs less with many.
        _ if by == By::Near => (1_000, 50_000),
        Work::GetMany | Work::SaveMany => (5, 15),
        Work::Tag | Work::Page | Work::Text => (40, 100),
        _ => (100, 400),
    }
}

/// The instructions of a process that makes so many calls.
async fn total(by: By, work: Work, url: &str, calls: u64) -> Outcome<u64> {
    // Where it is kept, it can be looked into.
    let kept = env::var_os("CALLGRIND_OUT").map(PathBuf::from);
    let file =
        kept.clone().unwrap_or_else(|| env::temp_dir().join(format!("callgrind.{}.out", process::id())));
    let mut out = std::ffi::OsString::from("--callgrind-out-file=");
    out.push(&file);
    let ran = Command::new("valgrind")
        // Neither options of valgrind's nor anything else from around.
        .env_clear()
        .envs(env::var_os("PATH").map(|path| ("PATH", path)))
        .env("GLIBC_TUNABLES", ALIKE)
        .args(["--tool=callgrind", "--command-line-only=yes"])
        .arg(out)
        .arg(env::current_exe()?)
        .args(["--calls", &calls.to_string(), "--side", by.name(), "--work", work.name(), "--url", url])
        .stdin(Stdio::null())
        .output()
        .await
        .map_err(|error| {
            format!("{error}: valgrind counts the instructions; install it, as `apt install valgrind`")
        })?;
    if kept.is_none() {
        // There is none where valgrind failed, which is told below.
        let _ = std::fs::remove_file(file);
    }
    let said = String::from_utf8_lossy(&ran.stderr);
    let collected = said.lines().rev().find_map(|line| line.split_once("Collected : "));
    match collected.map(|(_, number)| number.trim().parse()) {
        Some(Ok(number)) if ran.status.success() => Ok(number),
        _ => {
            Err(format!("{}, {}: {}", by.name(), work.name(), said.chars().take(600).collect::<String>())
                .into())
        }
    }
}

/// What stands behind an option.
pub(crate) fn option(name: &str) -> Option<String> {
    env::args().skip_while(|argument| argument != name).nth(1)
}

/// What a process that is counted does; `None` in any other.
pub(crate) fn counted() -> Option<Outcome<()>> {
    let (by, work) = (option("--side")?, option("--work")?);
    let by = By::ALL.into_iter().find(|known| known.name() == by)?;
    let work = Work::ALL.into_iter().find(|known| known.name() == work)?;
    let (url, calls) = (option("--url")?, option("--calls")?.parse().ok()?);
    // All on one thread: what another one does while it waits would count.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Some(runtime.map_err(Into::into).and_then(|runtime| runtime.block_on(make(by, work, &url, calls))))
}

async fn make(by: By, work: Work, url: &str, calls: u64) -> Outcome<()> {
    let corpus = Corpus::new(Size::Small, DOCUMENTS);
    match by {
        By::Us => {
            let cache = Cache::connect(RedisSettings::new(url).response_timeout(LATE)).await?;
            repeat(
                &Ours { cache: cache.project(corpus.size.project()), corpus: corpus.clone() },
                &corpus,
                work,
                calls,
            )
            .await
        }
        By::Hand => by_redis(url, ProtocolVersion::RESP2, corpus, work, calls).await,
        By::Hand3 => by_redis(url, ProtocolVersion::RESP3, corpus, work, calls).await,
        By::Near => {
            let cache = Cache::connect(RedisSettings::new(url).response_timeout(LATE)).await?;
            let near = cache.project(corpus.size.project()).near(NearCache::new()).await?;
            near.get::<Item>(0).await?;
            repeat(&Near(near.clone()), &corpus, work, calls).await?;
            match near.status().hits {
                hits if hits == calls => Ok(()),
                hits => Err(format!("{hits} of {calls} calls were answered from memory").into()),
            }
        }
    }
}

/// Reads one document that is in memory.
#[derive(Clone)]
struct Near(NearHandle);

impl Side for Near {
    async fn call(&self, work: Work, _: u64) -> Outcome<u64> {
        match work {
            Work::Get => Ok(black_box(self.0.get::<Item>(0).await?).is_some().into()),
            _ => Err("the near cache answers gets".into()),
        }
    }
}

async fn by_redis(
    url: &str,
    protocol: ProtocolVersion,
    corpus: Corpus,
    work: Work,
    calls: u64,
) -> Outcome<()> {
    let connection = by_hand(url, protocol).await?;
    let side = ByRedis { connection, corpus: corpus.clone(), bulk: Bulk::Each };
    repeat(&side, &corpus, work, calls).await
}

async fn repeat(side: &impl Side, corpus: &Corpus, work: Work, calls: u64) -> Outcome<()> {
    let expected = work.expected(corpus);
    for n in 0..calls {
        let answered = side.call(work, n).await?;
        if answered != expected {
            return Err(format!("{} answered {answered} in place of {expected}", work.name()).into());
        }
    }
    Ok(())
}
