//! One case: its name, its numbers, and what was found.

use std::future::Future;
use std::sync::Mutex;
use std::sync::PoisonError;

pub(crate) use cache_tests::profile::{Must, Profile};
use libtest_mimic::{Failed, Trial};

/// What a case found.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Found {
    /// How often it was tried.
    pub(crate) runs: u64,
    /// How many faults were injected.
    pub(crate) faults: u64,
    /// How many things were wrong.
    pub(crate) violations: u64,
    /// How many answers, or whatever else was looked at, were judged.
    pub(crate) judged: u64,
}

impl Found {
    /// As figures: with no violation in N runs, fewer than 3/N of all runs have one, with 95 % confidence.
    fn line(&self) -> String {
        let Self { runs, faults, violations, judged } = self;
        let bound = match (violations, runs) {
            (0, 4..) => format!(" (< {:.2} % of runs)", 300.0 / *runs as f64),
            _ => String::new(),
        };
        format!("{runs} runs, {faults} faults, {judged} judged, {violations} violations{bound}")
    }
}

static LINES: Mutex<Vec<(&'static str, String)>> = Mutex::new(Vec::new());

/// All that was found, one case behind the other.
pub(crate) fn figures() -> String {
    let mut lines = LINES.lock().unwrap_or_else(PoisonError::into_inner).clone();
    lines.sort_unstable();
    lines.iter().map(|(name, line)| format!("{name}: {line}")).collect::<Vec<_>>().join("; ")
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
        let began = std::time::Instant::now();
        let caught = |found: &Found| found.violations > 0;
        let runtime = runtime.map_err(|error| Failed::from(error.to_string()))?;
        let found = runtime.block_on(must.run(profile, async |profile| run(profile).await, caught));
        let line = found.line();
        println!("{name}: {line}, in {:.1} s", began.elapsed().as_secs_f64());
        LINES.lock().unwrap_or_else(PoisonError::into_inner).push((name, line));
        match must {
            Must::Hold if found.violations > 0 => Err(format!("{found:?}").into()),
            Must::BeCaught if found.violations == 0 => {
                Err(format!("the check sees nothing of what is known to go wrong: {found:?}").into())
            }
            _ if found.runs == 0 || found.judged == 0 => Err(format!("nothing was tried: {found:?}").into()),
            _ => Ok(()),
        }
    })
}
