//! What is to be reached, and whether it is.

use serde::Serialize;

use crate::cell::Cell;
use crate::round::Spread;
use crate::work::Work;

/// How far from one ours against ours may be, in a row that says something.
const SAYS: std::ops::RangeInclusive<f64> = 0.9..=1.1;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Met {
    Yes,
    No,
    /// The machine was too noisy in that row, or what was to be the server's limit is none.
    Undecided,
}

impl Met {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Undecided => "undecided",
        }
    }
}

/// One that is set for a row.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Target {
    pub(crate) work: &'static str,
    pub(crate) size: &'static str,
    pub(crate) callers: u64,
    pub(crate) against: &'static str,
    pub(crate) least: f64,
    pub(crate) reached: f64,
    pub(crate) met: Met,
}

impl Cell {
    /// Whether ours was too far from ours for the row to say something.
    pub(crate) fn is_undecided(&self) -> bool {
        !SAYS.contains(&self.to_itself.median)
    }

    /// Whether ours did more than the server's limit, by more than ours was away from ours: what was measured is no limit then.
    pub(crate) fn is_over_the_limit(&self) -> bool {
        let noise = (self.to_itself.high - 1.0).max(1.0 - self.to_itself.low);
        self.of_limit.is_some_and(|part| part.median > 1.0 + noise)
    }

    /// What is to be reached where many ask at once.
    pub(crate) fn targets(&self) -> Vec<Target> {
        if self.callers == 1 {
            return Vec::new();
        }
        let to_redis = match self.kind {
            Work::Get | Work::Save | Work::SaveTtl | Work::Tag => Some(0.97),
            Work::GetMany | Work::SaveMany => Some(1.0),
            _ => None,
        };
        let to_redis_om = match self.kind {
            Work::Get => Some(40.0),
            Work::Tag => Some(8.0),
            _ => None,
        };
        let of_limit = (self.kind == Work::Tag).then_some(0.8);
        let target = |against, least: Option<f64>, reached: Option<Spread>, undecided: bool| {
            let (least, reached) = (least?, reached?.median);
            let met = match reached >= least {
                _ if undecided || self.is_undecided() => Met::Undecided,
                true => Met::Yes,
                false => Met::No,
            };
            let (work, size, callers) = (self.work, self.size, self.callers);
            Some(Target { work, size, callers, against, least, reached, met })
        };
        [
            target("redis-rs", to_redis, Some(self.to_redis), false),
            target("redis-om", to_redis_om, self.to_redis_om, false),
            target("the limit", of_limit, self.of_limit, self.is_over_the_limit()),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
