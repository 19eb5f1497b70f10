//! The same in Python with `redis-om` 1.2 and `hiredis`: a process of its own that does as it is told, with asyncio.

use std::process::Stdio;

use cache_tests::python::Packages;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};

use crate::corpus::{BULK, Corpus};
use crate::work::{Outcome, Work};

const REQUIREMENTS: &str = include_str!("python/requirements.txt");
const PROGRAM: &str = include_str!("python/items.py");

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

    async fn answer(&mut self) -> Outcome<String> {
        Ok(self.answers.next_line().await?.ok_or("the Python program ended")?)
    }
}
