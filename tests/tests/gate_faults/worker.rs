//! Workers: they want the gate again and again, and do something to the resource while they hold it. Each is a process of
//! its own, this program again, that can be stopped and killed.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use cache_core::{GateError, Outcome, Protocol};
use rustix::process::{Pid, Signal, kill_process};
use serde::{Deserialize, Serialize};

use crate::event::{Event, Log, What, now};
use crate::place::{self, Place};
use crate::resource::Resource;
use crate::system::{Door, Hold, Rules};

/// Tells a child process what to be.
const ROLE: &str = "GATE_TEST_ROLE";

/// What a worker is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Role {
    pub(crate) rules: Rules,
    pub(crate) url: String,
    pub(crate) resource_url: String,
    pub(crate) project: String,
    pub(crate) resp2: bool,
    pub(crate) ttl: u64,
    /// How long an answer of the gate's server may take, in milliseconds.
    pub(crate) deadline: u64,
    pub(crate) body: Body,
    /// It ends after so many terms; 0: when it is told to.
    pub(crate) terms: u32,
}

/// What is done under the gate.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Body {
    /// So many effects,
    pub(crate) effects: u32,
    /// this many milliseconds apart.
    pub(crate) every: u64,
    /// One work in so many lasts longer than a ttl; 0: none.
    pub(crate) long_in: u32,
    /// Whether the effect is a counter that is read, and written after the pause.
    pub(crate) counts: bool,
}

impl Role {
    pub(crate) fn new(rules: Rules, place: &Place, body: Body) -> Self {
        Self {
            rules,
            url: place.url.clone(),
            resource_url: place.resource_url.clone(),
            project: place.project.clone(),
            resp2: place.protocol == Protocol::Resp2,
            ttl: u64::try_from(place::TTL.as_millis()).unwrap_or_default(),
            deadline: 1_000,
            body,
            terms: 0,
        }
    }
}

/// Is a worker, if this process was told to be one. `false`: it was not.
pub(crate) fn act() -> bool {
    let Ok(role) = std::env::var(ROLE) else { return false };
    let role: Role = serde_json::from_str(&role).unwrap_or_else(|error| panic!("no role: {error}"));
    let ends = Arc::new(AtomicBool::new(false));
    let ended = Arc::clone(&ends);
    thread::spawn(move || {
        // Whoever started it has closed the pipe, or is gone.
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        ended.store(true, Ordering::SeqCst);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap_or_else(|error| panic!("no runtime: {error}")).block_on(be(&role, &ends));
    true
}

fn say(what: What) {
    let event = Event { who: 0, at: now(), what };
    println!("{}", serde_json::to_string(&event).unwrap_or_else(|error| panic!("{error}")));
}

async fn be(role: &Role, ends: &AtomicBool) {
    let protocol = if role.resp2 { Protocol::Resp2 } else { Protocol::Resp3 };
    let cache = place::connect(&role.url, protocol, Duration::from_millis(role.deadline)).await;
    let cache = cache.project(&role.project);
    let resource = Resource::new(&place::patient(&role.resource_url).await, &role.project);
    let door = Door::new(role.rules, &cache, Duration::from_millis(role.ttl));
    say(What::Ready);
    let mut terms = 0;
    while if role.terms == 0 { !ends.load(Ordering::SeqCst) } else { terms < role.terms } {
        let asked = now();
        // Not in the first term of all of them.
        let turn = terms.wrapping_add(std::process::id());
        let long = role.body.long_in > 0 && turn.is_multiple_of(role.body.long_in);
        if role.body.counts && role.rules == Rules::Ours {
            terms += run(role, &door, &resource, long).await;
            continue;
        }
        match door.lock(Duration::from_millis(role.ttl * 2)).await {
            Ok(Some(hold)) => {
                let (owner, fence) = (hold.owner().to_owned(), hold.fence());
                say(What::Won { owner, fence, asked });
                terms += 1;
                work(role, &hold, &resource, long).await;
                give_back(hold).await;
            }
            Ok(None) => {}
            Err(_) => {
                say(What::Unanswered);
                tokio::time::sleep(Duration::from_millis(role.ttl / 10)).await;
            }
        }
    }
    cache.shutdown(Duration::from_secs(5)).await;
}

/// The same as a function under the gate, which is asked again soon while others hold it. Answers how many terms it was.
async fn run(role: &Role, door: &Door, resource: &Resource, long: bool) -> u32 {
    let asked = now();
    let outcome = door
        .gate
        .run(&door.cache, async |lease| {
            let (owner, fence) = (lease.token().to_owned(), lease.fence());
            say(What::Won { owner: owner.clone(), fence, asked });
            work(role, &Hold::Ours(lease), resource, long).await;
            Ok::<_, GateError>((owner, now()))
        })
        .await;
    match outcome {
        Ok(Outcome::Ran((owner, asked))) => say(What::Released { owner, asked, owned: true }),
        Ok(Outcome::Lost(Some((owner, asked)))) => say(What::Released { owner, asked, owned: false }),
        Ok(Outcome::Lost(None)) => {}
        Ok(Outcome::Busy { .. }) => {
            tokio::time::sleep(Duration::from_millis(role.ttl / 40)).await;
            return 0;
        }
        other => {
            say(What::Failed(format!("{other:?}")));
        }
    }
    1
}

/// Does the work, as long as the gate is held.
async fn work(role: &Role, hold: &Hold, resource: &Resource, long: bool) {
    let (owner, fence) = (hold.owner().to_owned(), hold.fence());
    if let Hold::Ours(lease) = hold {
        let (lease, owner) = (lease.clone(), owner.clone());
        tokio::spawn(async move {
            lease.lost().await;
            say(What::Told { owner });
        });
    }
    let pause = Duration::from_millis(role.body.every);
    let effects =
        if long { u32::try_from(role.ttl * 3 / 2 / role.body.every.max(1)).unwrap_or(1) } else { 0 };
    for _ in 0..role.body.effects.max(effects) {
        let checked = now();
        if !hold.check() {
            say(What::Over { owner: owner.clone() });
            break;
        }
        let done = if role.body.counts {
            resource.count(pause).await.map(|()| true)
        } else {
            resource.effect(&owner, fence).await
        };
        match done {
            Ok(taken) => say(What::Effect { owner: owner.clone(), fence, checked, taken }),
            Err(error) => say(What::Failed(cache_tests::chain(&error))),
        }
        if !role.body.counts {
            tokio::time::sleep(pause).await;
        }
    }
}

async fn give_back(hold: Hold) {
    let (owner, asked) = (hold.owner().to_owned(), now());
    match hold.release().await {
        Ok(owned) => say(What::Released { owner, asked, owned }),
        Err(_) => say(What::Unanswered),
    }
}

/// A worker that runs. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Worker {
    who: u32,
    child: Child,
    input: Option<ChildStdin>,
    reader: Option<JoinHandle<()>>,
    log: Arc<Log>,
}

impl Worker {
    pub(crate) fn start(role: &Role, who: u32, log: &Arc<Log>) -> Self {
        let role = serde_json::to_string(role).unwrap_or_else(|error| panic!("{error}"));
        let mut command = cache_tests::child::child("");
        command.env(ROLE, role).stdin(Stdio::piped()).stderr(Stdio::inherit());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("no child: {error}"));
        let output = child.stdout.take().unwrap_or_else(|| panic!("no output"));
        let written = Arc::clone(log);
        let reader = thread::spawn(move || {
            for line in BufReader::new(output).lines().map_while(Result::ok) {
                // The last line of one that was killed may be cut.
                if let Ok(event) = serde_json::from_str::<Event>(&line) {
                    written.push(Event { who, ..event });
                }
            }
        });
        Self { who, input: child.stdin.take(), child, reader: Some(reader), log: Arc::clone(log) }
    }

    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).unwrap_or_else(|error| panic!("no signal to {pid:?}: {error}"));
    }

    /// SIGSTOP, and SIGCONT after that time.
    pub(crate) async fn pause(&self, time: Duration) {
        self.signal(Signal::STOP);
        self.log.say(self.who, What::Stopped);
        tokio::time::sleep(time).await;
        self.log.say(self.who, What::Continued);
        self.signal(Signal::CONT);
    }

    /// SIGKILL: nothing of it runs any more when this returns.
    pub(crate) fn kill(&mut self) {
        if self.input.take().is_some() {
            let _ = self.child.kill();
            let _ = self.child.wait();
            self.log.say(self.who, What::Killed);
            self.read_all();
        }
    }

    /// Tells it to end when it is done with what it does.
    pub(crate) fn end(&mut self) {
        drop(self.input.take());
    }

    /// Waits for its end. `false`: it did not end well.
    pub(crate) fn finish(mut self) -> bool {
        let ended = self.child.wait().is_ok_and(|status| status.success());
        self.read_all();
        ended
    }

    fn read_all(&mut self) {
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // What has ended is not killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
