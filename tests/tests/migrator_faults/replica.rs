//! Replicas that boot: this program again, as a process of its own that can be killed.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use cache_core::Protocol;
use cache_tests::stopping::{STOPPED, Stopping};
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::log::{Known, Tally};
use crate::place::{self, Place};
use crate::reading;
use crate::release::Release;
use crate::system::{Booted, Setup, System};

/// Tells a child process what to be.
const ROLE: &str = "MIGRATOR_TEST_ROLE";

/// How long a replica may take for anything, on a machine that does much else.
const PATIENCE: Duration = Duration::from_secs(300);

/// What a replica is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Role {
    pub(crate) system: System,
    pub(crate) release: Release,
    pub(crate) url: String,
    pub(crate) namespace: String,
    pub(crate) resp2: bool,
    /// Whether it waits for a word before it runs the migrator.
    pub(crate) waits: bool,
    pub(crate) setup: Setup,
    /// Where it stops, to be killed there.
    pub(crate) stop: Stop,
    /// The documents 0 to this are there while it runs.
    pub(crate) base: u32,
    /// Those of them that are spoilt.
    pub(crate) spoilt: Vec<u32>,
    /// How many questions it asks when it is ready.
    pub(crate) questions: u32,
}

impl Role {
    pub(crate) fn new(system: System, release: Release, place: &Place) -> Self {
        let resp2 = system != System::Ours;
        let (url, namespace) = (place.url.clone(), place.namespace.clone());
        let (setup, stop) = (Setup::default(), Stop::default());
        let (waits, base, spoilt, questions) = (false, 0, Vec::new(), 0);
        Self { system, release, url, namespace, resp2, waits, setup, stop, base, spoilt, questions }
    }
}

/// Where a replica stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub(crate) enum Stop {
    #[default]
    Never,
    /// When so many commands of its migrator were answered, counted from 1.
    Command(usize),
    /// Behind this step of its migrator, counted from 1.
    Step(usize),
}

/// What a replica says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Said {
    /// It is connected, and begins with the migrator; or waits, if it is to wait.
    Connected,
    /// The migrator has done a step.
    Step(String),
    /// The migrator has returned.
    Ready(Booted),
    /// The migrator has failed.
    Failed(String),
    /// What it was answered when it was ready. It ends with that.
    Answered(Tally),
    /// It is where it is to be killed.
    Stopped,
}

/// A replica that boots. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Replica {
    child: Child,
    input: Option<ChildStdin>,
    lines: UnboundedReceiver<Said>,
}

impl Replica {
    pub(crate) fn start(role: &Role) -> Self {
        let role = serde_json::to_string(role).unwrap_or_else(|error| panic!("{error}"));
        let mut command = cache_tests::child::child("");
        command.env(ROLE, role).stdin(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("no child: {error}"));
        let output = child.stdout.take().unwrap_or_else(|| panic!("no output"));
        let (send, lines) = unbounded_channel();
        thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                let said =
                    if line == STOPPED { Some(Said::Stopped) } else { serde_json::from_str(&line).ok() };
                if said.is_some_and(|said| send.send(said).is_err()) {
                    break;
                }
            }
        });
        Self { input: child.stdin.take(), child, lines }
    }

    /// What it says next; `None`: it has ended, or was killed.
    pub(crate) async fn says(&mut self) -> Option<Said> {
        let said = tokio::time::timeout(PATIENCE, self.lines.recv()).await;
        said.unwrap_or_else(|_| panic!("a replica says nothing for {PATIENCE:?}"))
    }

    /// Lets one go on that waits.
    pub(crate) fn go(&mut self) {
        if let Some(mut input) = self.input.take() {
            // If it has ended, that is seen elsewhere.
            let _ = input.write_all(b"go\n");
        }
    }

    /// Waits until it is ready.
    pub(crate) async fn ready(&mut self) -> Result<Booted, String> {
        loop {
            match self.says().await {
                Some(Said::Ready(booted)) => return Ok(booted),
                Some(Said::Failed(error)) => return Err(error),
                Some(_) => {}
                None => return Err("the replica ended before it was ready".to_owned()),
            }
        }
    }

    /// Waits until it was answered everything that it asked when it was ready.
    pub(crate) async fn answered(&mut self) -> Result<Tally, String> {
        match self.says().await {
            Some(Said::Answered(tally)) => Ok(tally),
            said => Err(format!("a replica that was ready then said {said:?}")),
        }
    }

    /// SIGKILL: nothing of it runs any more when this returns.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// The same; whether it was not ready yet.
    pub(crate) async fn killed_before_ready(&mut self) -> bool {
        self.kill();
        let mut is_ready = false;
        while let Some(said) = self.says().await {
            is_ready |= matches!(said, Said::Ready(_));
        }
        !is_ready
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Is a replica, if this process was told to be one. `false`: it was not.
pub(crate) fn act() -> bool {
    let Ok(role) = std::env::var(ROLE) else { return false };
    let role: Role = serde_json::from_str(&role).unwrap_or_else(|error| panic!("no role: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap_or_else(|error| panic!("no runtime: {error}")).block_on(be(&role));
    true
}

fn say(said: &Said) {
    println!("{}", serde_json::to_string(said).unwrap_or_else(|error| panic!("{error}")));
}

async fn be(role: &Role) {
    let protocol = if role.resp2 { Protocol::Resp2 } else { Protocol::Resp3 };
    let cache = place::connect(&role.url, protocol).await;
    let cache = match role.stop {
        Stop::Command(commands) => Stopping::cache(&cache, commands),
        _ => cache,
    };
    let cache = cache.namespace(&role.namespace);
    say(&Said::Connected);
    if role.waits {
        let mut word = String::new();
        let _ = std::io::stdin().read_line(&mut word);
    }
    let (done, stop) = (AtomicUsize::new(0), role.stop);
    let steps = Arc::new(move |step: &str| {
        say(&Said::Step(step.to_owned()));
        if stop == Stop::Step(done.fetch_add(1, Ordering::SeqCst) + 1) {
            say(&Said::Stopped);
            loop {
                thread::park();
            }
        }
    });
    match role.system.boot_with(role.release, &cache, role.setup, steps).await {
        Ok(booted) => {
            say(&Said::Ready(booted));
            let known = Known { base: role.base, lanes: None, spoilt: role.spoilt.clone() };
            say(&Said::Answered(
                reading::some((role.system, role.release), role.questions, &cache, &known).await,
            ));
        }
        Err(error) => say(&Said::Failed(error)),
    }
}
