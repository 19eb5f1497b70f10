//! One case: its name, its numbers, and what was found.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use cache_tests::figures;
pub(crate) use cache_tests::profile::{Must, Profile};
use libtest_mimic::{Failed, Trial};

/// What a case found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    /// How often it was tried.
    pub(crate) runs: u64,
    /// How many faults were injected.
    pub(crate) faults: u64,
    /// What was wrong, in words.
    pub(crate) violations: Vec<String>,
    /// What else is worth a number.
    pub(crate) notes: Vec<(&'static str, u64)>,
    /// The longest that something took.
    pub(crate) longest: Vec<(&'static str, Duration)>,
}

impl Found {
    pub(crate) fn add(&mut self, other: Self) {
        self.runs += other.runs;
        self.faults += other.faults;
        self.violations.extend(other.violations);
        other.notes.into_iter().for_each(|(name, count)| self.note(name, count));
        other.longest.into_iter().for_each(|(name, time)| self.took(name, time));
    }

    /// Adds to a number.
    pub(crate) fn note(&mut self, name: &'static str, count: u64) {
        match self.notes.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known += count,
            None => self.notes.push((name, count)),
        }
    }

    /// Something took that long.
    pub(crate) fn took(&mut self, name: &'static str, time: Duration) {
        match self.longest.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = time.max(*known),
            None => self.longest.push((name, time)),
        }
    }

    /// A violation unless it is as it must be.
    pub(crate) fn check(&mut self, right: bool, what: impl FnOnce() -> String) {
        if !right {
            self.violations.push(what());
        }
    }

    fn line(&self) -> String {
        let notes = self.notes.iter().map(|(name, count)| format!(", {count} {name}")).collect::<String>();
        let longest =
            self.longest.iter().map(|(name, time)| format!(", {name} at most {} ms", time.as_millis()));
        let Self { runs, faults, violations, .. } = self;
        let longest = longest.collect::<String>();
        format!("{runs} runs, {faults} faults{notes}{longest}, {} violations", violations.len())
    }
}

/// Everything of all cases that must hold.
static SUM: Mutex<Option<Found>> = Mutex::new(None);

/// All that was found: with no violation in N runs, fewer than 3/N of all runs have one, with 95 % confidence.
pub(crate) fn figures() -> String {
    let sum = SUM.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or_default();
    let bound = match (sum.runs, sum.violations.len()) {
        (1.., 0) => format!(", upper bound 3/N {:.5}", 3.0 / sum.runs as f64),
        _ => String::new(),
    };
    let mut line = format!("{}{bound}", sum.line());
    let more = figures::line();
    if !more.is_empty() {
        line.push_str(", ");
        line.push_str(&more);
    }
    line
}

/// A case that is run on a runtime of its own.
pub(crate) fn case<F>(
    name: impl Into<String>,
    must: Must,
    profile: Profile,
    run: impl Fn(Profile) -> F + Send + 'static,
) -> Trial
where
    F: Future<Output = Found>,
{
    let name = name.into();
    Trial::test(name.clone(), move || {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let began = Instant::now();
        let caught = |found: &Found| !found.violations.is_empty();
        let runtime = runtime.map_err(|error| Failed::from(error.to_string()))?;
        let found = runtime.block_on(must.run(profile, async |profile| run(profile).await, caught));
        println!("{name}: {}, in {:.1} s", found.line(), began.elapsed().as_secs_f64());
        for violation in found.violations.iter().take(if must == Must::Hold { 20 } else { 2 }) {
            println!("  {violation}");
        }
        let (runs, wrong) = (found.runs, found.violations.len());
        if must == Must::BeCaught {
            figures::add("caught in controls", wrong as u64);
        } else {
            SUM.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_default().add(found);
        }
        match must {
            _ if runs == 0 => Err("nothing was tried".into()),
            Must::Hold if wrong > 0 => Err(format!("{wrong} violations, seed {}", profile.seed).into()),
            Must::BeCaught if wrong == 0 => Err("the check sees nothing of what is known to go wrong".into()),
            _ => Ok(()),
        }
    })
}
