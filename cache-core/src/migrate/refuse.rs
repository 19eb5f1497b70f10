//! What a plan cannot be carried out for, before anything is written.

use super::error::MigrateError;
use super::options::{Options, Strategy};
use super::plan::{Notice, Plan, Step};

/// Fails if one of the plans cannot be carried out.
pub(super) fn refuse(plans: &[Plan], options: &Options) -> Result<(), MigrateError> {
    for plan in plans {
        if let Some(Step::Drift { index, own, differences }) = plan.steps.first() {
            let (model, index) = (plan.model, index.clone());
            return Err(if index == plan.alias {
                MigrateError::AliasTaken { model, alias: index }
            } else {
                let (own, differences) = (own.clone(), differences.clone());
                MigrateError::Drift { model, index, own, differences }
            });
        }
        if options.strategy == Strategy::Manual && plan.makes_index() {
            return Err(MigrateError::Missing { model: plan.model, index: plan.index.clone() });
        }
    }
    if options.checks_memory { memory(plans) } else { Ok(()) }
}

/// Says of plans that need more memory than is free on a server that makes room by itself, what that costs. It is not refused:
/// such a server is always full, and what may be thrown away is what whoever set it up said.
pub(super) fn warn(plans: &mut [Plan]) {
    let estimate: u64 = plans.iter().filter_map(|plan| plan.estimate).map(|estimate| estimate.memory).sum();
    for plan in plans.iter_mut().filter(|plan| plan.estimate.is_some()) {
        if let Some(memory) = plan.memory.filter(|memory| memory.evicts && estimate > memory.free()) {
            plan.notices.push(Notice::Evicts { estimate, memory });
        }
    }
}

/// All indexes that are made live beside the old ones.
fn memory(plans: &[Plan]) -> Result<(), MigrateError> {
    let making = || plans.iter().filter(|plan| plan.estimate.is_some());
    let estimate = making().filter_map(|plan| plan.estimate).map(|estimate| estimate.memory).sum();
    match plans.iter().find_map(|plan| plan.memory) {
        Some(memory) if estimate > memory.free() && !memory.evicts => {
            let models = making().map(|plan| plan.model).collect();
            Err(MigrateError::Memory { models, estimate, memory })
        }
        _ => Ok(()),
    }
}
