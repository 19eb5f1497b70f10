//! What somebody should know of, though nothing failed.

use serde::Serialize;

use crate::migrate::{MigratedIndex, Plan};

/// A warning, for machines; people are told with the model it is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Warning {
    model: &'static str,
    message: String,
}

/// The warnings of plans.
pub(super) fn of_plans(plans: &[Plan]) -> Vec<Warning> {
    let of = |plan: &Plan| {
        let model = plan.model;
        plan.notices.iter().map(|notice| Warning { model, message: notice.to_string() }).collect::<Vec<_>>()
    };
    plans.iter().flat_map(of).collect()
}

/// The warnings of what was done.
pub(super) fn of_indexes(indexes: &[MigratedIndex]) -> Vec<Warning> {
    let of = |index: &MigratedIndex| {
        let messages = unindexed(index).into_iter().chain(index.notices.iter().map(ToString::to_string));
        messages.map(|message| Warning { model: index.model, message }).collect::<Vec<_>>()
    };
    indexes.iter().flat_map(of).collect()
}

/// That documents are there and not in an index.
pub(super) fn unindexed(index: &MigratedIndex) -> Option<String> {
    let key = index.last_failure.as_ref().map(|key| format!(", the last one `{key}`")).unwrap_or_default();
    (index.missing > 0)
        .then(|| format!("documents that cannot be indexed: {}{key}; see `index health`", index.missing))
}
