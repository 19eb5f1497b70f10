//! The example as a user starts it: real processes on a port of their own.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr, Command};
use tokio::task::JoinHandle;

use crate::case::Found;
use crate::http::{Answer, Client};

/// A host of the tenant that most cases ask for.
pub(crate) const HOST: &str = "acme.example";

/// How long a machine that is busy may need for what takes a moment.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// A service that runs. Dropped, it is killed, and its workers end with it.
#[derive(Debug)]
pub(crate) struct Fleet {
    process: Child,
    /// Keeps connections.
    pub(crate) client: Client,
    /// Makes one for each request, so that any worker answers.
    pub(crate) anywhere: Client,
    base: String,
    workers: u32,
    /// How long it took until the first answer came.
    pub(crate) boot: Duration,
    saying: Saying,
    _data: TempDir,
}

/// What a service writes to standard error.
#[derive(Debug)]
struct Saying {
    text: Arc<Mutex<String>>,
    reading: JoinHandle<()>,
}

impl Saying {
    fn of(errors: ChildStderr) -> Self {
        let text = Arc::new(Mutex::new(String::new()));
        let kept = Arc::clone(&text);
        let reading = tokio::spawn(async move {
            let mut lines = BufReader::new(errors).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let mut text = kept.lock().unwrap_or_else(PoisonError::into_inner);
                text.push_str(&line);
                text.push('\n');
            }
        });
        Self { text, reading }
    }

    fn until_now(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Everything, when it has ended.
    async fn all(mut self) -> String {
        let _ = (&mut self.reading).await;
        self.until_now()
    }
}

/// How a service is started.
#[derive(Debug, Clone)]
pub(crate) struct Start {
    redis: String,
    workers: u32,
    store_delay: Duration,
    entry_timeout: Duration,
    port: u16,
    postgres: Option<String>,
}

/// How it ended that should not have begun.
#[derive(Debug)]
pub(crate) struct Refused {
    pub(crate) code: Option<i32>,
    pub(crate) said: String,
    pub(crate) after: Duration,
}

impl Start {
    pub(crate) fn with(redis: impl Into<String>) -> Self {
        let (store_delay, entry_timeout) = (Duration::ZERO, Duration::from_millis(250));
        Self { redis: redis.into(), workers: 1, store_delay, entry_timeout, port: 0, postgres: None }
    }

    pub(crate) fn workers(mut self, workers: u32) -> Self {
        self.workers = workers;
        self
    }

    /// Waits so long for its Redis before a request goes on without; without it a quarter of a second.
    pub(crate) fn entry_timeout(mut self, timeout: Duration) -> Self {
        self.entry_timeout = timeout;
        self
    }

    /// On this port; without it on a free one.
    pub(crate) fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Keeps settings in the PostgreSQL at this URL; without it, in a directory.
    pub(crate) fn postgres(mut self, url: String) -> Self {
        self.postgres = Some(url);
        self
    }

    pub(crate) fn store_delay(mut self, delay: Duration) -> Self {
        self.store_delay = delay;
        self
    }

    /// Starts it, and waits for the first answer.
    pub(crate) async fn go(self) -> Result<Fleet, Refused> {
        let data = tempfile::tempdir().unwrap_or_else(|error| panic!("{error}"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_service"));
        command
            .args(["--port", &self.port.to_string(), "--log", "warn", "--workers", &self.workers.to_string()])
            .arg(format!("--entry-timeout={}ms", self.entry_timeout.as_millis()))
            .arg(format!("--store-delay={}ms", self.store_delay.as_millis()))
            .arg("--data")
            .arg(data.path())
            .env("REDIS_URL", &self.redis)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        for name in ["REDIS_USERNAME", "REDIS_PASSWORD", "REDIS_PROTOCOL", "REDIS_CLIENT_NAME"] {
            command.env_remove(name);
        }
        if let Some(url) = &self.postgres {
            command.arg("--postgres").env("DATABASE_URL", url);
        }
        let began = Instant::now();
        let mut process =
            command.spawn().unwrap_or_else(|error| panic!("the service cannot be started: {error}"));
        let output = process.stdout.take().unwrap_or_else(|| panic!("no output"));
        let errors = process.stderr.take().unwrap_or_else(|| panic!("no output"));
        let saying = Saying::of(errors);
        let mut line = String::new();
        let _ = BufReader::new(output).read_line(&mut line).await;
        let base = line.split(',').next().unwrap_or_default().to_owned();
        let (client, anywhere) = (Client::new(&base), Client::anywhere(&base));
        while began.elapsed() < PATIENCE {
            if let Ok(Some(status)) = process.try_wait() {
                let said = saying.all().await;
                return Err(Refused { code: status.code(), said, after: began.elapsed() });
            }
            if anywhere.get("/style.css", HOST).await.is_ok_and(|answer| answer.status == 200) {
                let boot = began.elapsed();
                return Ok(Fleet {
                    process,
                    client,
                    anywhere,
                    base,
                    workers: self.workers,
                    boot,
                    saying,
                    _data: data,
                });
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("the service did not begin to answer within {PATIENCE:?}: {line}");
    }
}

impl Fleet {
    /// Starts one that has to start.
    pub(crate) async fn start(start: Start) -> Self {
        start.go().await.unwrap_or_else(|refused| panic!("the service did not start: {refused:?}"))
    }

    /// The process that keeps the workers.
    pub(crate) fn process_id(&self) -> u32 {
        self.process.id().unwrap_or_else(|| panic!("it has ended"))
    }

    /// What it said until now.
    pub(crate) fn said(&self) -> String {
        self.saying.until_now()
    }

    /// Where it is.
    pub(crate) fn base(&self) -> String {
        self.base.clone()
    }

    /// Asks until every worker has answered so often that it satisfies; at most `bound`. `None`: not all of them did.
    pub(crate) async fn all(
        &self,
        path: &str,
        bound: Duration,
        is_it: impl Fn(&Answer) -> bool,
    ) -> Option<Duration> {
        let (began, mut seen) = (Instant::now(), BTreeSet::new());
        while seen.len() < self.workers as usize {
            if began.elapsed() > bound {
                return None;
            }
            match self.anywhere.get(path, HOST).await {
                Ok(answer) if is_it(&answer) => {
                    seen.insert(answer.worker);
                }
                Ok(_) => tokio::time::sleep(Duration::from_millis(5)).await,
                Err(_) => {}
            }
        }
        Some(began.elapsed())
    }

    /// Waits until every worker says that it has its Redis and its indexes.
    pub(crate) async fn gets_ready(&self, found: &mut Found) {
        if self.all("/healthcheck", PATIENCE, |answer| answer.json()["status"] == "ready").await.is_none() {
            let last = self.anywhere.get("/healthcheck", HOST).await.map(|answer| answer.body);
            found.violations.push(format!("it does not get ready within {PATIENCE:?}: {last:?}"));
        }
    }

    /// The processes that answer.
    pub(crate) async fn processes(&self) -> BTreeSet<u32> {
        let (began, mut seen) = (Instant::now(), BTreeSet::new());
        while seen.len() < self.workers as usize && began.elapsed() < PATIENCE {
            if let Ok(answer) = self.anywhere.get("/style.css", HOST).await {
                seen.insert(answer.worker);
            }
        }
        seen
    }

    /// Asks until another process than this one answers.
    pub(crate) async fn elsewhere(&self, path: &str, than: u32) -> Answer {
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            match self.anywhere.get(path, HOST).await {
                Ok(answer) if answer.worker != than => return answer,
                _ => {}
            }
        }
        panic!("no other process than {than} answers");
    }

    /// The sum of a number of all workers.
    pub(crate) async fn sum(&self, metric: &str) -> u64 {
        let (began, mut seen) = (Instant::now(), std::collections::BTreeMap::new());
        while seen.len() < self.workers as usize && began.elapsed() < PATIENCE {
            let Ok(answer) = self.anywhere.get("/metrics", HOST).await else { continue };
            let value = answer.body.lines().find(|line| line.starts_with(&format!("{metric}{{")));
            let value = value.and_then(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
            seen.insert(answer.worker, value.unwrap_or_else(|| panic!("no {metric}: {}", answer.body)));
        }
        seen.into_values().sum()
    }

    /// Ends it as a user does. Whether it ended well and in time.
    pub(crate) async fn end(self) -> bool {
        self.last_words().await.is_some()
    }

    /// The same, and all that it said, unless it did not.
    pub(crate) async fn last_words(mut self) -> Option<String> {
        let pid = rustix::process::Pid::from_raw(self.process.id()?.cast_signed())?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM).ok()?;
        let ended = tokio::time::timeout(PATIENCE, self.process.wait()).await.ok()?.ok()?;
        let said = tokio::time::timeout(PATIENCE, self.saying.all()).await.ok()?;
        ended.success().then_some(said)
    }
}
