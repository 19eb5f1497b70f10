//! What else is there for the same documents: to be dropped, or to be named.

use cache_index::IndexInfo;

use super::{Notice, Plan, Step};
use crate::migrate::observed::{Observed, is_ours, names_an_index, redis_om_index, redis_om_keys};
use crate::migrate::options::{Options, Strategy};

/// The indexes of redis-om that go, when ours is in their place; `None`: ours is not.
pub(super) fn retired<'a>(
    plan: &Plan,
    target: &str,
    cutover: Option<&Step>,
    observed: &'a Observed,
    options: &Options,
) -> Option<Vec<&'a IndexInfo>> {
    let active = match cutover {
        Some(Step::Cutover { to, .. }) => Some(to),
        _ => plan.active.as_ref(),
    };
    let is_active = active.is_some_and(|active| active == target);
    if !options.retires_redis_om || options.strategy == Strategy::Manual || !is_active {
        return None;
    }
    Some(observed.indexes.iter().filter(|index| observed.redis_om.contains(&index.name)).collect())
}

/// They go with their keys; and keys, where the index went by itself.
pub(super) fn retire(plan: &mut Plan, retired: Option<Vec<&IndexInfo>>, observed: &Observed) {
    let Some(retired) = retired else { return };
    for theirs in retired {
        let keys = redis_om_keys(&theirs.name).into();
        plan.steps.push(Step::Retire { index: theirs.name.clone(), keys });
    }
    if !observed.redis_om_keys.is_empty() {
        let (index, keys) = (redis_om_index(&plan.alias), observed.redis_om_keys.clone());
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
        let is_active = plan.active.as_ref() == Some(&index.name);
        let stays = index.name == target || (!moves && is_active);
        let of_it = observed.leases.iter().filter(|lease| lease.index.as_ref() == Some(&index.name));
        // One that was never seen is seen now, and goes when it was not used for so long from then on. The one that was active
        // up to now was used, by whoever asks without a migrator of its own.
        let unused = of_it
            .map(|lease| lease.until)
            .chain(is_active.then_some(observed.now))
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
    for other in observed.indexes.iter().filter(|other| !is_ours(&other.name, &plan.alias)) {
        let (index, prefixes) = (other.name.clone(), other.definition.prefixes.clone());
        if observed.redis_om.contains(&index) {
            if !retired {
                plan.notices.push(Notice::RedisOm { index });
            }
        } else if names_an_index(&index) {
            plan.notices.push(Notice::Overlap { index, prefixes });
        } else {
            plan.notices.push(Notice::Foreign { index, prefixes });
        }
    }
    if !observed.hidden.is_empty() {
        plan.notices.push(Notice::Hidden { indexes: observed.hidden.clone() });
    }
}
