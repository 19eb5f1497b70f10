//! What somebody should know of, though nothing failed.

use serde::Serialize;

use crate::migrate::{MigratedIndex, Notice, Plan};

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
        let warning = |notice: &Notice| Warning { model: index.model, message: notice.to_string() };
        index.notices.iter().map(warning).collect::<Vec<_>>()
    };
    indexes.iter().flat_map(of).collect()
}
