//! Waiting for an index to be filled.

use std::time::{Duration, Instant};

use cache_index::IndexInfo;

use super::error::MigrateError;
use super::inspect::info;
use super::options::Listeners;
use super::plan::Plan;
use super::progress::Progress;
use crate::cache::Cache;

/// The first and the longest pause between two looks at an index that is being filled.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// How far apart two looks must agree that nothing is being indexed: the server starts its scan a moment after it
/// answered FT.CREATE.
const SETTLED: Duration = Duration::from_millis(100);

/// Waits until two looks agree that the index holds what it can hold. `None`: it is gone.
///
/// How long that takes has no bound: a server that is busy with queries fills an index a hundred times more slowly than an
/// idle one.
pub(super) async fn wait(
    cache: &Cache,
    plan: &Plan,
    index: &str,
    listeners: &Listeners,
    total: Option<u64>,
) -> Result<Option<IndexInfo>, MigrateError> {
    let (mut pause, longest) = PAUSES;
    let mut seen_filled = false;
    let mut watch = Watch::new();
    loop {
        let Some(look) = info(cache, index).await? else { return Ok(None) };
        let filled = look.is_filled();
        let done = filled && seen_filled;
        if let Some(listener) = &listeners.progress {
            listener(&watch.progress(plan, &look, total, done));
        }
        if done {
            return Ok(Some(look));
        }
        if let Some(reason) = look.background_problem.filter(|_| !look.indexing) {
            return Err(MigrateError::Stopped { model: plan.model, index: look.name, reason });
        }
        tokio::time::sleep(if filled { SETTLED } else { pause }).await;
        pause = (pause * 2).min(longest);
        seen_filled = filled;
    }
}

/// What was seen of an index so far.
pub(super) struct Watch {
    began: Instant,
    /// How many documents it had at the first look.
    first: Option<u64>,
}

impl Watch {
    pub(super) fn new() -> Self {
        Self { began: Instant::now(), first: None }
    }

    pub(super) fn progress(
        &mut self,
        plan: &Plan,
        look: &IndexInfo,
        total: Option<u64>,
        filled: bool,
    ) -> Progress {
        let first = *self.first.get_or_insert(look.documents);
        progress(plan.model, look, total, (self.began.elapsed(), first), filled)
    }
}

fn progress(
    model: &'static str,
    look: &IndexInfo,
    total: Option<u64>,
    (elapsed, first): (Duration, u64),
    filled: bool,
) -> Progress {
    let seconds = elapsed.as_secs_f64();
    let came = look.documents.saturating_sub(first) as f64;
    let rate = if seconds > 0.0 { came / seconds } else { 0.0 };
    let rest = total.map(|total| total.saturating_sub(look.documents) as f64);
    let eta = match rest {
        _ if filled => Some(Duration::ZERO),
        // A century is as good as never, and what a duration can hold.
        Some(rest) if rate > 0.0 => Some(Duration::from_secs_f64((rest / rate).min(3.2e9))),
        _ => None,
    };
    let (index, documents) = (look.name.clone(), look.documents);
    Progress { model, index, documents, total, elapsed, rate, eta, filled, waits_for: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_is_of_what_came_while_it_was_watched() {
        let look = IndexInfo { documents: 3_000, ..IndexInfo::default() };
        let shown = |total, seconds, first, filled| {
            let seen = (Duration::from_secs(seconds), first);
            progress("User", &look, total, seen, filled)
        };
        let half = shown(Some(5_000), 4, 1_000, false);
        assert_eq!((half.rate, half.eta), (500.0, Some(Duration::from_secs(4))));
        assert_eq!(half.to_string(), "User: 3000 of 5000 documents, 500 a second, 4 s to go");
        assert_eq!(shown(Some(5_000), 0, 3_000, false).eta, None);
        assert_eq!(shown(None, 4, 1_000, false).to_string(), "User: 3000 documents, 500 a second");
        let done = shown(Some(3_000), 4, 1_000, true);
        assert_eq!((done.eta, done.to_string().ends_with(", filled")), (Some(Duration::ZERO), true));
    }
}
