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
    plans.iter().flat_map(|plan| of(plan.model, &plan.notices)).collect()
}

/// The warnings of what was done.
pub(super) fn of_indexes(indexes: &[MigratedIndex]) -> Vec<Warning> {
    indexes.iter().flat_map(|index| of(index.model, &index.notices)).collect()
}

fn of(model: &'static str, notices: &[Notice]) -> impl Iterator<Item = Warning> {
    notices.iter().map(move |notice| Warning { model, message: notice.to_string() })
}
