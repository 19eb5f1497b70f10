//! Whether the alias moves: forward only, as far as the lock tells what that is.

use super::{Notice, Plan, Step};
use crate::migrate::observed::Observed;
use crate::migrate::options::{Options, Strategy};

/// The names of indexes that are older than the plan's own, by the lock.
pub(in crate::migrate) fn older(plan: &Plan, options: &Options) -> Vec<String> {
    let Some(lock) = &options.lock else { return Vec::new() };
    let ancestors = lock.ancestors(plan.prefix, plan.fingerprint);
    ancestors.iter().map(|fingerprint| format!("{}:{fingerprint}", plan.alias)).collect()
}

/// The step that moves the alias, if it moves.
pub(super) fn cutover(plan: &mut Plan, target: &str, observed: &Observed, options: &Options) -> Option<Step> {
    if let Some(lock) = &options.lock
        && !lock.fingerprints(plan.prefix).any(|listed| listed == plan.fingerprint)
    {
        plan.notices.push(Notice::NotInLock);
    }
    let to = target.to_owned();
    if let Some(torn) = observed.disagreement(&plan.alias) {
        let said: Vec<&String> = torn.found.iter().flatten().collect();
        let newer = |index: &&String| **index != to && !moves_from(plan, index, observed, options);
        let Some(newer) = said.iter().copied().find(newer).cloned() else {
            let from = said.into_iter().find(|index| **index != to).cloned();
            return Some(Step::Cutover { from, to });
        };
        // Some masters know of a newer release's, which they are all to know of.
        plan.active = Some(newer.clone());
        plan.notices.push(Notice::Newer { active: newer.clone() });
        return Some(Step::Cutover { from: None, to: newer });
    }
    let Some(active) = plan.active.clone() else { return Some(Step::Cutover { from: None, to }) };
    if active == to {
        return None;
    }
    if !moves_from(plan, &active, observed, options) {
        plan.notices.push(Notice::Newer { active });
        return None;
    }
    if !options.force && options.lock.is_none() && options.strategy != Strategy::Manual {
        plan.notices.push(Notice::NoLock { from: active.clone() });
    }
    Some(Step::Cutover { from: Some(active), to })
}

/// Whether the alias moves away from an index: it is known to be older, or that does not matter.
fn moves_from(plan: &Plan, active: &str, observed: &Observed, options: &Options) -> bool {
    if options.force || options.lock.is_none() {
        return true;
    }
    // An older release's name may stand for an index that a release before it made.
    let of_it = observed.leases.iter().filter(|lease| lease.index.as_deref() == Some(active));
    let names = of_it.map(|lease| format!("{}:{}", plan.alias, lease.fingerprint));
    let (names, older): (Vec<String>, _) = (names.collect(), older(plan, options));
    // And a newer one's too, which extended it: then it is the newest one's index, whatever it is called.
    let is_newer = names.iter().any(|name| *name != plan.index && !older.contains(name));
    !is_newer && older.iter().any(|older| *older == active || names.contains(older))
}
