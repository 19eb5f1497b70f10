//! How much the suites of faults do, and what must come of it.

/// How much is done.
#[derive(Debug, Clone, Copy)]
pub struct Profile {
    /// Whether this is for the published numbers.
    pub long: bool,
    /// Where the random choices begin.
    pub seed: u64,
}

impl Profile {
    /// Takes what is ours from the arguments, and leaves the rest to the test program: `--long`, and `--seed` with a number.
    ///
    /// # Panics
    /// If no number follows `--seed`.
    pub fn read(arguments: &mut Vec<String>) -> Self {
        let mut profile = Self { long: false, seed: u64::from(std::process::id()) };
        if let Some(at) = arguments.iter().position(|argument| argument == "--long") {
            arguments.remove(at);
            profile.long = true;
        }
        if let Some(at) = arguments.iter().position(|argument| argument == "--seed") {
            let seed = arguments.get(at + 1).and_then(|seed| seed.parse().ok());
            profile.seed = seed.unwrap_or_else(|| panic!("`--seed` wants a number"));
            arguments.drain(at..at + 2);
        }
        profile
    }

    /// The number for CI, or for what is published.
    pub fn pick(self, short: u32, long: u32) -> u32 {
        if self.long { long } else { short }
    }

    /// Runs the case until chance brought what it is to show, each time with other choices; what the last run found, after at most
    /// eight.
    pub async fn until<T>(self, case: impl AsyncFn(Self) -> T, shown: impl Fn(&T) -> bool) -> T {
        let mut found = case(self).await;
        for again in 1..RUNS {
            if shown(&found) {
                break;
            }
            println!("  run {again} showed nothing");
            found = case(Self { seed: self.seed ^ (again << 32), ..self }).await;
        }
        found
    }
}

/// What goes wrong by chance may not do so in one run: a control is run so often, each time with other choices, before
/// the check counts as blind. What is seen in two of three runs only is missed by chance in one of 6,000 then.
const RUNS: u64 = 8;

/// What must hold of what a case found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Must {
    /// Nothing is wrong.
    Hold,
    /// Something is wrong, and is seen: the case is the control of another.
    BeCaught,
}

impl Must {
    /// Runs the case, and a control until something is caught.
    pub async fn run<T>(
        self,
        profile: Profile,
        case: impl AsyncFn(Profile) -> T,
        caught: impl Fn(&T) -> bool,
    ) -> T {
        profile.until(case, |found| self == Self::Hold || caught(found)).await
    }
}
