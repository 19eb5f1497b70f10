//! One case: its name, its numbers, and what was found.

use std::future::Future;
use std::sync::Mutex;
use std::sync::PoisonError;

use cache_tests::figures;
pub(crate) use cache_tests::profile::{Must, Profile};
use libtest_mimic::{Failed, Trial};

/// What a case found.
#[derive(Debug, Clone, Default)]
pub(crate) struct Found {
    /// How often a gate was held, or tried where that was the question.
    pub(crate) terms: u64,
    /// How many faults were injected.
    pub(crate) faults: u64,
    /// What was wrong, in words.
    pub(crate) violations: Vec<String>,
    /// What else is worth a number.
    pub(crate) notes: Vec<(&'static str, u64)>,
}

impl Found {
    pub(crate) fn add(&mut self, other: Self) {
        self.terms += other.terms;
        self.faults += other.faults;
        self.violations.extend(other.violations);
        for (name, count) in other.notes {
            self.note(name, count);
        }
    }

    /// Adds to a number.
    pub(crate) fn note(&mut self, name: &'static str, count: u64) {
        match self.notes.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known += count,
            None => self.notes.push((name, count)),
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
        let Self { terms, faults, violations, .. } = self;
        format!("{terms} terms, {faults} faults{notes}, {} violations", violations.len())
    }
}

/// Terms, faults and violations of all cases that must hold.
static SUM: Mutex<(u64, u64, u64)> = Mutex::new((0, 0, 0));

/// All that was found: with no violation in N terms, fewer than 3/N of all terms have one, with 95 % confidence.
pub(crate) fn figures() -> String {
    let (terms, faults, violations) = *SUM.lock().unwrap_or_else(PoisonError::into_inner);
    let bound = match (terms, violations) {
        (1.., 0) => format!(", upper bound 3/N {:.4}", 3.0 / terms as f64),
        _ => String::new(),
    };
    let more = figures::line();
    let comma = if more.is_empty() { "" } else { ", " };
    format!("terms {terms}, faults {faults}, violations {violations}{bound}{comma}{more}")
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
        let caught = |found: &Found| !found.violations.is_empty();
        let runtime = runtime.map_err(|error| Failed::from(error.to_string()))?;
        let found = runtime.block_on(must.run(profile, async |profile| run(profile).await, caught));
        println!("{name}: {}, in {:.1} s", found.line(), began.elapsed().as_secs_f64());
        for violation in found.violations.iter().take(if must == Must::Hold { 20 } else { 2 }) {
            println!("  {violation}");
        }
        let wrong = found.violations.len() as u64;
        if must == Must::BeCaught {
            figures::add("caught in controls", wrong);
        } else {
            let mut sum = SUM.lock().unwrap_or_else(PoisonError::into_inner);
            *sum = (sum.0 + found.terms, sum.1 + found.faults, sum.2 + wrong);
            found.notes.iter().for_each(|(name, count)| figures::add(name, *count));
        }
        match must {
            _ if found.terms == 0 => Err(format!("nothing was tried: {found:?}").into()),
            Must::Hold if wrong > 0 => Err(format!("{wrong} violations, seed {}", profile.seed).into()),
            Must::BeCaught if wrong == 0 => {
                Err(format!("the check sees nothing of what is known to go wrong: {found:?}").into())
            }
            _ => Ok(()),
        }
    })
}
