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
    let Some(active) = plan.active.clone() else { return Some(Step::Cutover { from: None, to }) };
    if active == to {
        return None;
    }
    let moves = if options.force {
        true
    } else if options.lock.is_none() {
        if options.strategy != Strategy::Manual {
            plan.notices.push(Notice::NoLock { from: active.clone() });
        }
        true
    } else {
        // An older release's name may stand for an index that a release before it made.
        let of_it = observed.leases.iter().filter(|lease| lease.index.as_ref() == Some(&active));
        let names = of_it.map(|lease| format!("{}:{}", plan.alias, lease.fingerprint));
        let (names, older): (Vec<String>, _) = (names.collect(), older(plan, options));
        // And a newer one's too, which extended it: then it is the newest one's index, whatever it is called.
        let is_newer = names.iter().any(|name| *name != plan.index && !older.contains(name));
        !is_newer && older.iter().any(|older| *older == active || names.contains(older))
    };
    if !moves {
        plan.notices.push(Notice::Newer { active });
        return None;
    }
    Some(Step::Cutover { from: Some(active), to })
}
