//! What else is there for the same documents: to be dropped, or to be named.

use super::{Notice, Plan, Step};
use crate::migrate::observed::{Observed, is_ours, names_an_index};
use crate::migrate::options::Options;

/// The index of redis-om, when ours is in its place.
pub(super) fn retire(plan: &mut Plan, target: &str, observed: &Observed, options: &Options) {
    let Some(theirs) = observed.redis_om(&plan.alias) else { return };
    let active = match plan.steps.iter().find(|step| matches!(step, Step::Cutover { .. })) {
        Some(Step::Cutover { to, .. }) => Some(to),
        _ => plan.active.as_ref(),
    };
    if options.retires_redis_om && active.is_some_and(|active| active == target) {
        let index = theirs.name.clone();
        let keys = ["hash", "schema"].iter().map(|key| format!("{index}:{key}")).collect();
        plan.steps.push(Step::Retire { index, keys });
    }
}

/// Our own indexes that nobody used for long.
pub(super) fn collect(plan: &mut Plan, target: &str, observed: &Observed, options: &Options) {
    if !options.collects {
        return;
    }
    let moves = plan.steps.iter().any(|step| matches!(step, Step::Cutover { .. }));
    let retain = u64::try_from(options.retain.as_millis()).unwrap_or(u64::MAX);
    for index in observed.ours(&plan.alias) {
        let stays = index.name == target
            || (!moves && plan.active.as_ref() == Some(&index.name))
            || observed.extending.as_ref().is_some_and(|extending| extending.index.name == index.name);
        let of_it = observed.leases.iter().filter(|lease| lease.index.as_ref() == Some(&index.name));
        // One that was never seen is seen now, and goes when it was not used for so long from then on.
        let unused = of_it
            .map(|lease| lease.until)
            .max()
            .is_some_and(|until| until.saturating_add(retain) <= observed.now);
        if !stays && unused {
            plan.steps.push(Step::Collect { index: index.name.clone() });
        }
    }
}

/// Indexes of others with the same documents.
pub(super) fn overlaps(plan: &mut Plan, observed: &Observed) {
    let retired = plan.steps.iter().any(|step| matches!(step, Step::Retire { .. }));
    let theirs = observed.redis_om(&plan.alias).map(|index| index.name.clone());
    for other in observed.indexes.iter().filter(|other| !is_ours(&other.name, &plan.alias)) {
        let (index, prefixes) = (other.name.clone(), other.definition.prefixes.clone());
        if Some(&index) == theirs.as_ref() {
            if !retired {
                plan.notices.push(Notice::RedisOm { index });
            }
        } else if names_an_index(&index) {
            plan.notices.push(Notice::Overlap { index, prefixes });
        } else {
            plan.notices.push(Notice::Foreign { index, prefixes });
        }
    }
}
