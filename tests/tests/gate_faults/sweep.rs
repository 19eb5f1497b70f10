//! Futures that are dropped at every await: after the first poll, after the second, and so on until they come to their
//! end. Whatever they had asked for by then is given back, and the next one gets the gate at once.

use std::future::{Future, poll_fn};
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use cache_core::{Cache, Command, Gate, GateError, Protocol, Reply};
use cache_tests::{chain, connect, private_server};
use futures_core::future::BoxFuture;
use futures_util::future::join_all;
use libtest_mimic::Trial;

use super::case::{Found, Must, Profile, case};

/// How long a key lives: so long that a busy machine answers within the tenth of it that a release may take.
pub(crate) const TTL: Duration = Duration::from_secs(10);

/// How long another holds the key that is waited for.
const OTHERS: Duration = Duration::from_millis(60);

/// More polls than any of the futures needs.
const MOST: u32 = 400;

/// What is dropped in the middle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum What {
    Run,
    TryLock,
    Wait,
    Leader,
    Follower,
    Every,
    Release,
    /// A gate as it should not be: nothing is given back by what is dropped.
    Careless,
}

impl What {
    /// Whether somebody else has the key first.
    fn waits(self) -> bool {
        matches!(self, Self::Wait | Self::Follower)
    }
}

/// Polls it so often at most. `None`: it was dropped after that.
pub(crate) async fn cut<F: Future>(future: F, polls: u32) -> Option<F::Output> {
    let (mut future, mut left) = (Box::pin(future), polls);
    poll_fn(move |context| match future.as_mut().poll(context) {
        Poll::Ready(value) => Poll::Ready(Some(value)),
        Poll::Pending => {
            left = left.saturating_sub(1);
            if left == 0 { Poll::Ready(None) } else { Poll::Pending }
        }
    })
    .await
}

/// How often this library has panicked in this process: what it runs in the background would hide it.
pub(crate) fn library_panics() -> u64 {
    static PANICS: AtomicU64 = AtomicU64::new(0);
    static HOOK: std::sync::Once = std::sync::Once::new();
    HOOK.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            if panic.payload().downcast_ref::<&str>() == Some(&OWN_PANIC) {
                return;
            }
            let within = |file: &str| file.contains("cache-core") || file.contains("cache-index");
            if panic.location().is_none_or(|at| within(at.file())) {
                PANICS.fetch_add(1, Ordering::SeqCst);
            }
            before(panic);
        }));
    });
    PANICS.load(Ordering::SeqCst)
}

/// What the work of a test panics with.
pub(crate) const OWN_PANIC: &str = "the work's own panic";

pub(crate) fn gate(key: &str) -> Gate {
    Gate::new(key).ttl(TTL)
}

pub(crate) fn key_of(cache: &Cache, key: &str) -> String {
    format!("{}:{key}:leader", cache.project_name().ok().flatten().unwrap_or_default())
}

/// Work with awaits of its own.
pub(crate) async fn work(cache: &Cache) -> Result<(), GateError> {
    cache.ping().await?;
    tokio::task::yield_now().await;
    cache.ping().await?;
    Ok(())
}

/// What is done, up to its end.
fn future<'a>(what: What, cache: &'a Cache, key: &'a str) -> BoxFuture<'a, Result<(), GateError>> {
    let bound = Duration::from_secs(5);
    Box::pin(async move {
        let gate = gate(key);
        match what {
            What::Run => drop(gate.run(cache, async |_| work(cache).await).await?),
            What::TryLock => drop(gate.try_lock(cache).await?),
            What::Wait => drop(gate.lock(cache).wait(bound).await?),
            What::Leader | What::Follower => {
                drop(gate.once("one").run_or_wait(cache, bound, async |_| work(cache).await).await?);
            }
            What::Every => {
                let every = gate.every(Duration::from_millis(100));
                let _ = every.next(cache, async |_| work(cache).await).await?;
            }
            What::Release => {}
            What::Careless => {
                let set = Command::new("SET").key(key_of(cache, key)).arg("careless").arg("NX").arg("PX");
                cache.command(set.arg_display(TTL.as_millis())).await?;
                work(cache).await?;
                cache.command(Command::new("DEL").key(key_of(cache, key))).await?;
            }
        }
        Ok(())
    })
}

/// One round: `true` if it came to its end.
async fn round(what: What, cache: &Cache, key: &str, polls: u32) -> Result<bool, String> {
    let wrong = |error: &dyn std::error::Error| format!("{what:?} after {polls} polls: {}", chain(error));
    let lock = key_of(cache, key);
    if what.waits() {
        let set = Command::new("SET").key(&lock).arg("another").arg("PX").arg_display(OTHERS.as_millis());
        cache.command(set).await.map_err(|error| wrong(&error))?;
    }
    let ended = if what == What::Release {
        let lease = gate(key).try_lock(cache).await.map_err(|error| wrong(&error))?;
        let lease = lease.ok_or("the gate was not free")?;
        cut(lease.release(), polls).await.map(|_| Ok(()))
    } else {
        cut(future(what, cache, key), polls).await
    };
    match ended {
        None => Ok(false),
        Some(Ok(())) => Ok(true),
        Some(Err(error)) => Err(wrong(&error)),
    }
}

/// Whether the gate can be had at once, but for the other whose key it still may be.
pub(crate) async fn is_free(cache: &Cache, key: &str) -> Result<bool, GateError> {
    let lock = key_of(cache, key);
    if cache.command(Command::new("GET").key(&lock)).await?.as_str() == Some("another") {
        cache.command(Command::new("DEL").key(&lock)).await?;
    }
    match gate(key).try_lock(cache).await? {
        Some(lease) => {
            lease.release().await;
            Ok(true)
        }
        None => Ok(false),
    }
}

/// The keys that are left and should not be.
pub(crate) async fn left_over(cache: &Cache) -> Result<Vec<String>, GateError> {
    let keys = match cache.command(Command::new("KEYS").arg("*")).await? {
        Reply::Array(keys) => keys,
        other => vec![other],
    };
    let keys = keys
        .iter()
        .filter_map(Reply::as_str)
        .filter(|key| !key.ends_with("}:f") && !key.ends_with("}:done") && !key.ends_with("}:done:every"));
    Ok(keys.map(str::to_owned).collect())
}

async fn sweep(what: What, profile: Profile) -> Found {
    let (mut found, panics) = (Found::default(), library_panics());
    let rounds = profile.pick(20, 200);
    for protocol in [Protocol::Resp3, Protocol::Resp2] {
        let server = private_server().await;
        let cache = connect(&server.url(), protocol).await.project("sweep");
        let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
        // What the connection and the line of errands need is there after the first time.
        if let Err(wrong) = round(What::TryLock, &cache, "first", MOST).await {
            found.violations.push(wrong);
        }
        cache.shutdown(Duration::from_secs(5)).await;
        let before = tasks();
        let mut polls = 1;
        loop {
            let keys: Vec<_> = (0..rounds).map(|number| format!("{polls}-{number}")).collect();
            let ends = join_all(keys.iter().map(|key| round(what, &cache, key, polls))).await;
            found.terms += u64::from(rounds);
            let ended = ends.iter().filter(|end| matches!(end, Ok(true))).count();
            found.faults += (ends.len() - ended) as u64;
            found.violations.extend(ends.into_iter().filter_map(Result::err));
            found.check(cache.shutdown(Duration::from_secs(5)).await, || {
                format!("{what:?} after {polls} polls: not all was given back in time")
            });
            for key in &keys {
                match is_free(&cache, key).await {
                    Ok(free) => {
                        found.check(free, || format!("{what:?} after {polls} polls: the gate is not free"));
                    }
                    Err(error) => found.violations.push(chain(&error)),
                }
            }
            if ended == keys.len() || polls == MOST {
                break;
            }
            polls += 1;
        }
        found.check(polls < MOST, || format!("{what:?} never comes to its end"));
        found.note("points at which futures were dropped", u64::from(polls - 1));
        match left_over(&cache).await {
            Ok(keys) => found.check(keys.is_empty(), || format!("{what:?} leaves {keys:?}")),
            Err(error) => found.violations.push(chain(&error)),
        }
        let asked = tokio::time::Instant::now();
        while tasks() > before && asked.elapsed() < Duration::from_secs(5) {
            tokio::task::yield_now().await;
        }
        found.check(tasks() <= before, || format!("{what:?} leaves {} tasks", tasks() - before));
    }
    found.check(library_panics() == panics, || "the library panicked".to_owned());
    found
}

/// The cases.
pub(crate) fn cases(profile: Profile) -> Vec<Trial> {
    let swept = |name, must, what| case(name, must, profile, move |profile| sweep(what, profile));
    vec![
        swept("f9_run", Must::Hold, What::Run),
        swept("f9_try_lock", Must::Hold, What::TryLock),
        swept("f9_wait", Must::Hold, What::Wait),
        swept("f9_once", Must::Hold, What::Leader),
        swept("f9_once_that_waits", Must::Hold, What::Follower),
        swept("f9_every", Must::Hold, What::Every),
        swept("f9_release", Must::Hold, What::Release),
        swept("f9_control", Must::BeCaught, What::Careless),
    ]
}
