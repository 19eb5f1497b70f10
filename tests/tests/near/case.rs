//! One case: its name, its numbers, and what was found.

use std::future::Future;
use std::sync::{Mutex, PoisonError};

use cache_tests::figures;
pub(crate) use cache_tests::profile::{Must, Profile};
use libtest_mimic::{Failed, Trial};

/// What a case found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    /// How often a key was compared with the server.
    pub(crate) checks: u64,
    /// How many of them were stale.
    pub(crate) stale: u64,
    /// How many faults were injected.
    pub(crate) faults: u64,
    /// What happened before that: reads, and those of them that memory answered.
    pub(crate) reads: u64,
    pub(crate) hits: u64,
}

/// The sum of all cases that must hold.
static SUM: Mutex<(u64, u64, u64)> = Mutex::new((0, 0, 0));

/// All that was found: with nothing stale in N checks, fewer than 3/N of all are, with 95 % confidence.
pub(crate) fn figures() -> String {
    let (checks, faults, stale) = *SUM.lock().unwrap_or_else(PoisonError::into_inner);
    let bound = match (checks, stale) {
        (1.., 0) => format!(", upper bound 3/N {:.6}", 3.0 / checks as f64),
        _ => String::new(),
    };
    let more = figures::line();
    format!("checks {checks}, faults {faults}, stale {stale}{bound}, {more}")
}

/// A case that is run on a runtime of its own.
pub(crate) fn case<F>(
    name: &'static str,
    must: Must,
    profile: Profile,
    run: impl Fn(Profile) -> F + Send + 'static,
) -> Trial
where
    F: Future<Output = Found>,
{
    Trial::test(name, move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(|error| Failed::from(error.to_string()))?;
        let began = std::time::Instant::now();
        let caught = |found: &Found| found.stale > 0;
        let found = runtime.block_on(must.run(profile, async |profile| run(profile).await, caught));
        let Found { checks, stale, faults, reads, hits } = found;
        let took = began.elapsed().as_secs_f64();
        println!(
            "{name}: {checks} checks, {stale} stale; {faults} faults, {reads} reads, {hits} hits, in {took:.1} s"
        );
        if must == Must::BeCaught {
            figures::add("stale in redis-rs's cache", stale);
            figures::add("of checks there", checks);
        } else {
            let mut sum = SUM.lock().unwrap_or_else(PoisonError::into_inner);
            *sum = (sum.0 + checks, sum.1 + faults, sum.2 + stale);
            figures::add("hits", hits);
        }
        match must {
            _ if checks == 0 || hits == 0 => Err(format!("nothing was tried: {found:?}").into()),
            Must::Hold if stale > 0 => Err(format!("{stale} stale, seed {}", profile.seed).into()),
            Must::BeCaught if stale == 0 => {
                Err(format!("the check sees nothing of what is known to go wrong: {found:?}").into())
            }
            _ => Ok(()),
        }
    })
}
