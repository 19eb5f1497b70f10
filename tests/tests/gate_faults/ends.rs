//! Work that ends as it should not: by a panic, with its runtime, with a lease that is dropped where there is no runtime.

use std::time::Duration;

use cache_core::{Cache, Command, Gate, GateError, Protocol};
use cache_tests::{chain, connect, private_server};
use futures_util::future::join_all;
use libtest_mimic::Trial;

use super::case::{Found, Must, Profile, case};
use super::sweep::{OWN_PANIC, TTL, cut, gate, is_free, key_of, left_over, library_panics, work};

/// How long a key lives that nobody gives back.
const SHORT: Duration = Duration::from_millis(300);

/// Where the work panics.
#[derive(Debug, Clone, Copy)]
enum At {
    /// Before it has a future.
    Once,
    /// In its first poll.
    FirstPoll,
    /// After an await.
    Later,
}

/// Whose gate it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Whose {
    Ours,
    /// As it should not be: nothing is given back but by the work's own end.
    Careless,
}

/// Has the key as a careless gate has it, for a while or for ever.
async fn careless(cache: &Cache, key: &str, ttl: Option<Duration>) -> Result<(), GateError> {
    let set = Command::new("SET").key(key_of(cache, key)).arg("careless").arg("NX");
    let set = match ttl {
        Some(ttl) => set.arg("PX").arg_display(ttl.as_millis()),
        None => set,
    };
    cache.command(set).await.map(drop).map_err(Into::into)
}

async fn panics(whose: Whose, cache: Cache, gate: Gate, at: At) -> Result<(), GateError> {
    if whose == Whose::Careless {
        careless(&cache, gate.name(), Some(TTL)).await?;
        std::panic::panic_any(OWN_PANIC);
    }
    let panicking = |_| {
        if matches!(at, At::Once) {
            std::panic::panic_any(OWN_PANIC);
        }
        let cache = cache.clone();
        async move {
            if matches!(at, At::Later) {
                work(&cache).await?;
            }
            if cache.project_name().is_ok() {
                std::panic::panic_any(OWN_PANIC);
            }
            Ok::<_, GateError>(())
        }
    };
    match at {
        At::Once | At::FirstPoll => gate.run(&cache, panicking).await.map(drop),
        // The same of a fleet's "once".
        At::Later => gate.once("one").run_or_wait(&cache, TTL, panicking).await.map(drop),
    }
}

async fn panicking(whose: Whose, profile: Profile) -> Found {
    let (mut found, before) = (Found::default(), library_panics());
    for protocol in [Protocol::Resp3, Protocol::Resp2] {
        let server = private_server().await;
        let cache = connect(&server.url(), protocol).await.project("panics");
        for at in [At::Once, At::FirstPoll, At::Later] {
            let number = if whose == Whose::Ours { profile.pick(20, 200) } else { 2 };
            let keys: Vec<_> = (0..number).map(|number| format!("{at:?}{number}")).collect();
            let tasks = keys.iter().map(|key| tokio::spawn(panics(whose, cache.clone(), gate(key), at)));
            for ended in join_all(tasks).await {
                found.terms += 1;
                found.faults += 1;
                found.check(ended.is_err_and(|error| error.is_panic()), || {
                    format!("{at:?}: no panic came through")
                });
            }
            found.check(cache.shutdown(Duration::from_secs(5)).await, || {
                format!("{at:?}: not all given back")
            });
            for key in &keys {
                let free = is_free(&cache, key).await;
                found.check(matches!(free, Ok(true)), || format!("{at:?}: {free:?}"));
            }
        }
        let left = left_over(&cache).await;
        found.check(left.as_ref().is_ok_and(Vec::is_empty), || format!("{left:?} is left"));
    }
    found.check(library_panics() == before, || "the library panicked".to_owned());
    found
}

/// A runtime that ends after so many polls of a run, with a lease that outlives it.
fn with_its_runtime(
    whose: Whose,
    url: &str,
    protocol: Protocol,
    key: &str,
    polls: u32,
) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let short = |key: &str| gate(key).ttl(SHORT).any_ttl();
    let outlives = format!("{key}-outlives");
    let lease = runtime.block_on(async {
        let cache = connect(url, protocol).await.project("ends");
        if whose == Whose::Careless {
            return careless(&cache, key, None).await.map(|()| None).map_err(|error| chain(&error));
        }
        let lease = short(&outlives).try_lock(&cache).await.map_err(|error| chain(&error))?;
        let gate = short(key);
        match cut(gate.run(&cache, async |_| work(&cache).await), polls).await {
            Some(Err(error)) => Err(chain(&error)),
            _ => Ok(lease),
        }
    })?;
    runtime.shutdown_background();
    drop(lease);
    Ok(())
}

async fn ending(whose: Whose, profile: Profile) -> Found {
    let (mut found, before) = (Found::default(), library_panics());
    for protocol in [Protocol::Resp3, Protocol::Resp2] {
        let server = private_server().await;
        let cache = connect(&server.url(), protocol).await.project("ends");
        let (most, number) = if whose == Whose::Ours { (8, profile.pick(20, 100)) } else { (1, 2) };
        for polls in 1..=most {
            let keys: Vec<_> = (0..number).map(|number| format!("{polls}-{number}")).collect();
            let threads = keys.iter().map(|key| {
                let (url, key) = (server.url(), key.clone());
                tokio::task::spawn_blocking(move || with_its_runtime(whose, &url, protocol, &key, polls))
            });
            for ended in join_all(threads).await {
                found.terms += 1;
                found.faults += 1;
                match ended {
                    Ok(Ok(())) => {}
                    Ok(Err(wrong)) => found.violations.push(wrong),
                    Err(error) => found.violations.push(error.to_string()),
                }
            }
            for key in keys.iter().flat_map(|key| [key.clone(), format!("{key}-outlives")]) {
                let left = cache.command(Command::new("PTTL").key(format!("ends:{key}:leader"))).await;
                let left = left.ok().and_then(|left| left.as_int());
                let bounded =
                    left.is_some_and(|left| left == -2 || (0..=SHORT.as_millis() as i64).contains(&left));
                found.check(bounded, || format!("after {polls} polls the key has {left:?} ms left"));
                if !bounded {
                    // It would be waited for in vain.
                    continue;
                }
                let next = gate(&key).ttl(SHORT).any_ttl().lock(&cache).wait(SHORT * 10).await;
                found.check(matches!(next, Ok(Some(_))), || format!("after {polls} polls: {next:?}"));
            }
        }
        found.check(cache.shutdown(Duration::from_secs(5)).await, || "not all given back".to_owned());
        let left = left_over(&cache).await;
        found.check(left.as_ref().is_ok_and(Vec::is_empty), || format!("{left:?} is left"));
    }
    found.check(library_panics() == before, || "the library panicked".to_owned());
    found
}

async fn dropped_elsewhere(whose: Whose, profile: Profile) -> Found {
    let (mut found, before) = (Found::default(), library_panics());
    for protocol in [Protocol::Resp3, Protocol::Resp2] {
        let server = private_server().await;
        let cache = connect(&server.url(), protocol).await.project("elsewhere");
        let number = if whose == Whose::Ours { profile.pick(20, 200) } else { 2 };
        for number in 0..number {
            let (key, last) = (number.to_string(), number % 2 == 0);
            let lease = match gate(&key).try_lock(&cache).await {
                Ok(Some(lease)) => lease,
                other => {
                    found.violations.push(format!("{other:?}"));
                    continue;
                }
            };
            let kept = lease.clone();
            found.terms += 1;
            found.faults += 1;
            // The thread has no runtime. The lease is given back by the last clone of it.
            let dropped = std::thread::spawn(move || drop(lease)).join();
            found.check(dropped.is_ok() && kept.check().is_ok(), || "a clone's drop gave it back".to_owned());
            if whose == Whose::Careless {
                std::mem::forget(kept);
            } else if last {
                let dropped = std::thread::spawn(move || drop(kept)).join();
                found.check(dropped.is_ok(), || "a drop without a runtime panicked".to_owned());
            } else {
                drop(kept);
            }
            found.check(cache.shutdown(Duration::from_secs(5)).await, || "not all given back".to_owned());
            let free = is_free(&cache, &key).await;
            found.check(matches!(free, Ok(true)), || format!("{free:?}"));
        }
    }
    found.check(library_panics() == before, || "the library panicked".to_owned());
    found
}

/// The cases, and beside each the same of a gate that is careless.
pub(crate) fn cases(profile: Profile) -> Vec<Trial> {
    use Whose::{Careless, Ours};
    vec![
        case("f9_panics", Must::Hold, profile, |profile| panicking(Ours, profile)),
        case("f9_panics_control", Must::BeCaught, profile, |profile| panicking(Careless, profile)),
        case("f9_runtime_ends", Must::Hold, profile, |profile| ending(Ours, profile)),
        case("f9_runtime_ends_control", Must::BeCaught, profile, |profile| ending(Careless, profile)),
        case("f9_without_runtime", Must::Hold, profile, |profile| dropped_elsewhere(Ours, profile)),
        case("f9_without_runtime_control", Must::BeCaught, profile, |profile| {
            dropped_elsewhere(Careless, profile)
        }),
    ]
}
