//! The same in Python with `redis-om` 1.2 and `hiredis`: a process of its own that does as it is told, with asyncio.

use std::process::Stdio;
use std::time::Duration;

use cache_tests::python::Packages;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::corpus::{BULK, Corpus, Size};
use crate::work::{Outcome, Work};

const REQUIREMENTS: &str = include_str!("python/requirements.txt");
const PROGRAM: &str = include_str!("python/items.py");

/// How many rounds long its calls may be.
const TOO_LONG: f64 = 50.0;

pub(crate) struct RedisOm {
    _child: Child,
    asks: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

/// What redis-om has a call for.
pub(crate) fn verb(work: Work) -> Option<&'static str> {
    Some(match work {
        Work::Save => "save",
        Work::SaveTtl => "save_ttl",
        Work::Get => "get",
        Work::SaveMany => "save_many",
        Work::Tag => "tag",
        Work::Page => "page",
        Work::Text => "text",
        Work::Count => "count",
        Work::Patch => "patch",
        Work::GetMany | Work::Aggregate => return None,
    })
}

/// Whether what it does is the same. To save with a time to live it needs two commands that are not atomic together; to change a number it
/// reads the document and writes all of it, also over what somebody else wrote meanwhile.
pub(crate) fn does_the_same(work: Work) -> bool {
    !matches!(work, Work::SaveTtl | Work::Patch)
}

/// Whether it needs seconds where 64 ask at once: its one processor makes an object of each of many parts.
pub(crate) fn is_slow(work: Work, size: Size) -> bool {
    size == Size::Large && matches!(work, Work::Page | Work::Text | Work::SaveMany)
}

impl RedisOm {
    /// Starts it, and has it store its own copy of the documents. `None`: for want of Python.
    pub(crate) async fn start(url: &str, corpus: &Corpus) -> Outcome<Self> {
        let packages = Packages::install("redis-om-1.2.0-hiredis", REQUIREMENTS);
        let mut command = Command::from(packages.python());
        command.arg("-c").arg(PROGRAM).arg(url).arg(format!("om-{}", corpus.size.project()));
        command.arg(corpus.documents.to_string()).arg(corpus.size.parts().to_string()).arg(BULK.to_string());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn()?;
        let (asks, answers) =
            (child.stdin.take().ok_or("no stdin")?, child.stdout.take().ok_or("no stdout")?);
        let mut started = Self { _child: child, asks, answers: BufReader::new(answers).lines() };
        started.answer().await?;
        Ok(started)
    }

    /// Seconds that so many calls took.
    pub(crate) async fn timed(&mut self, verb: &str, callers: u64, calls: u64) -> Outcome<f64> {
        self.asks.write_all(format!("{verb} {callers} {calls}\n").as_bytes()).await?;
        Ok(self.answer().await?.parse()?)
    }

    /// Has each caller ask, so that its connections are there, and says how many calls fill a round: ten of each caller at least, but fewer where
    /// these would take [`TOO_LONG`] times as long as a round, and one then at least.
    pub(crate) async fn warm(&mut self, verb: &str, callers: u64, length: Duration) -> Outcome<u64> {
        let length = length.as_secs_f64();
        let mut took = self.timed(verb, callers, callers).await?;
        // What made the connections took long also for that.
        if took < TOO_LONG * length {
            took = self.timed(verb, callers, callers).await?;
        }
        let a_call = took / callers as f64;
        let (fitting, ten) = ((length / a_call) as u64, 10 * callers);
        let least = if a_call * ten as f64 > TOO_LONG * length { callers } else { ten };
        Ok(fitting.max(least))
    }

    async fn answer(&mut self) -> Outcome<String> {
        Ok(self.answers.next_line().await?.ok_or("the Python program ended")?)
    }
}
