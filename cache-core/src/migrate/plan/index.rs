//! Where the index comes from: it is there, it is adopted, it is extended in place, or it is created.

use cache_index::{Difference, FieldKind, IndexDefinition, IndexInfo, IndexedField, Schema};

use super::{Notice, Plan, Step};
use crate::migrate::memory::Estimate;
use crate::migrate::observed::Observed;
use crate::migrate::options::{Options, Strategy};

/// How many TEXT fields an index can have that had no more than these when it was created: beyond, it needs wider
/// records (`SPEC_TEXT` and `MAXTEXTFIELDS` of RediSearch).
const NARROW_TEXTS: usize = 32;

/// Among how many keys a model's documents are looked for to be compared with its first index: a scan of so many takes
/// about ten seconds.
const MOST_KEYS: u64 = 10_000_000;

/// Why an index is not extended of which nothing shows that it was made for the same fields.
pub(in crate::migrate) const UNPROVEN: &str =
    "by what the server tells it has all fields already, and an option that it does not tell may differ";

/// Where the index comes from.
pub(super) enum Source<'a> {
    /// Our name is taken by something else.
    Drift,
    /// It is there.
    There(&'a IndexInfo),
    /// Some masters of a cluster lack it, under its own name or another one.
    Torn(&'a IndexInfo),
    /// It is there under another name, and made for this very schema.
    Adopted(&'a IndexInfo),
    /// These fields are added to one that is there.
    Extended(&'a IndexInfo, Vec<IndexedField>),
    /// It is created.
    Created,
}

impl Source<'_> {
    /// The index that queries will reach; `None`: there will be none.
    pub(super) fn target<'b>(&'b self, plan: &'b Plan) -> Option<&'b str> {
        match self {
            Self::Drift => None,
            Self::There(info) | Self::Torn(info) | Self::Adopted(info) | Self::Extended(info, _) => {
                Some(&info.name)
            }
            Self::Created => Some(&plan.index),
        }
    }
}

/// How an index changes, the order of its fields left aside: it means nothing.
pub(super) fn changes(from: &IndexDefinition, to: &IndexDefinition) -> Vec<Difference> {
    let mut differences = from.differences(to);
    differences.retain(|difference| *difference != Difference::Reordered);
    differences
}

pub(super) fn source<'a>(
    plan: &mut Plan,
    wanted: &IndexDefinition,
    observed: &'a Observed,
    options: &Options,
) -> Source<'a> {
    if let Some(there) = &observed.index {
        let differences = changes(&there.definition, wanted);
        let more = differences.iter().filter(|one| matches!(one, Difference::Removed(_))).count();
        // Where masters differ, what one of them lacks is added there.
        let is_torn = observed.disagreement(&there.name).is_some();
        let lack = differences.iter().filter(|one| is_torn && matches!(one, Difference::Added(_))).count();
        if more + lack < differences.len() {
            let own = there.name.clone();
            plan.steps.push(Step::Drift { index: plan.index.clone(), own, differences });
            return Source::Drift;
        }
        if more > 0 {
            plan.notices.push(Notice::Extended { index: there.name.clone(), fields: more });
        }
        if is_torn {
            return Source::Torn(there);
        }
        let is_named = there.name == plan.index || observed.disagreement(&plan.index).is_none();
        return if is_named { Source::There(there) } else { Source::Adopted(there) };
    }
    if let Some(earlier) = earlier(plan, wanted, observed) {
        return Source::Adopted(earlier);
    }
    if options.strategy == Strategy::InPlaceAdditive {
        // Which one it was is known from what the addition left behind, so no proof is needed again.
        if let Some((extending, base)) = observed.extending(plan.fingerprint)
            && let Some(fields) = additions(&base.definition, wanted)
            && (!fields.is_empty() || extending.is_of(base))
        {
            return Source::Extended(base, fields);
        }
        if let Some(active) = &observed.active {
            match extensible(plan, active, wanted, observed) {
                Ok(fields) => return Source::Extended(active, fields),
                Err(reason) => {
                    plan.notices.push(Notice::NotInPlace { index: active.name.clone(), reason });
                }
            }
        }
    }
    Source::Created
}

/// An index that was made for this very schema by a version of this crate that wrote fingerprints otherwise.
fn earlier<'a>(plan: &Plan, wanted: &IndexDefinition, observed: &'a Observed) -> Option<&'a IndexInfo> {
    let schema: &Schema = plan.schema.0;
    schema.earlier_fingerprints().into_iter().find_map(|fingerprint| {
        let index = observed.index_of(&plan.alias, fingerprint)?;
        let only_more =
            changes(&index.definition, wanted).iter().all(|one| matches!(one, Difference::Removed(_)));
        only_more.then_some(index)
    })
}

/// The fields that an index lacks; `None`: that is not all.
fn additions(there: &IndexDefinition, wanted: &IndexDefinition) -> Option<Vec<IndexedField>> {
    let added = |difference| match difference {
        Difference::Added(field) => Some(field),
        _ => None,
    };
    changes(there, wanted).into_iter().map(added).collect()
}

/// The fields to add to the active index, or why that will not do.
fn extensible(
    plan: &Plan,
    active: &IndexInfo,
    wanted: &IndexDefinition,
    observed: &Observed,
) -> Result<Vec<IndexedField>, &'static str> {
    let fields = additions(&active.definition, wanted).ok_or("more changes than fields that are added")?;
    // FT.INFO hides some options. The fingerprint does not: what our schema would have without the new fields is the
    // active index's own, or that of a release that extended it.
    let there = |name: &str| active.definition.fields.iter().any(|field| field.name == name);
    // Or of one that is extending it now, which proved it before it began.
    let is_its = |fingerprint| {
        observed.index_of(&plan.alias, fingerprint).is_some_and(|index| index.name == active.name)
            || observed.extending(fingerprint).is_some_and(|(extending, _)| extending.is_of(active))
    };
    if !plan.schema.0.fingerprints_of(there).into_iter().any(is_its) {
        return Err(UNPROVEN);
    }
    if wanted.filter.is_some() {
        return Err("what its filter leaves out cannot be told from what the new fields would cost");
    }
    let texts = |fields: &[IndexedField]| {
        fields.iter().filter(|field| Some(field.kind.as_str()) == FieldKind::Text.keyword()).count()
    };
    if texts(&active.definition.fields) <= NARROW_TEXTS && texts(&wanted.fields) > NARROW_TEXTS {
        return Err("an index with up to 32 TEXT fields cannot get more than these");
    }
    Ok(fields)
}

/// The steps until the index can be used.
pub(super) fn prepare(
    plan: &mut Plan,
    wanted: &IndexDefinition,
    source: &Source<'_>,
    (cutover, retired): (Option<&Step>, Option<&[&IndexInfo]>),
    observed: &Observed,
    options: &Options,
) {
    // Without an active one, the largest of those that other releases left tells as well.
    let largest = || observed.ours(&plan.alias).max_by_key(|index| index.memory);
    // What redis-om left for the same documents comes close.
    let theirs = || {
        let theirs = observed.redis_om.iter().filter_map(|name| observed.named(name));
        theirs.max_by_key(|index| index.memory)
    };
    let estimate = observed.active.as_ref().or_else(largest).or_else(theirs).map(Estimate::of);
    let filled = match source {
        Source::Drift => return,
        Source::There(info) | Source::Adopted(info) => info.is_filled(),
        Source::Extended(info, fields) if fields.is_empty() => info.is_filled(),
        Source::Extended(info, fields) => {
            let (index, fields) = (info.name.clone(), fields.clone());
            plan.steps.push(Step::AlterAdd { index, fields });
            false
        }
        // What it takes, a master that had it has room for.
        Source::Torn(info) => {
            plan.steps.push(Step::Create { index: info.name.clone() });
            false
        }
        Source::Created => {
            plan.estimate = estimate;
            plan.steps.push(Step::Create { index: plan.index.clone() });
            false
        }
    };
    if !filled {
        plan.steps.push(Step::Wait);
    }
    // Somebody may have made it by hand, without the documents, and pointed the alias at it; another index may lack the same.
    let is_doubted = matches!(source, Source::There(_)) && observed.unverified;
    if is_doubted {
        plan.steps.extend(verify_all(&mut plan.notices, wanted, observed));
    }
    // Where that is somebody's to move, it is compared once.
    let moves_to =
        |step: &&Step| matches!(step, Step::Cutover { to, .. } if source.target(plan) == Some(to.as_str()));
    let cutover = cutover.filter(|_| options.strategy != Strategy::Manual).filter(moves_to);
    match source {
        // The fields that are added may cost documents that were in it.
        Source::Extended(info, _) => plan.steps.push(Step::Verify { against: info.name.clone() }),
        Source::There(_) | Source::Torn(_) | Source::Adopted(_) | Source::Created if cutover.is_some() => {
            let is_there = matches!(source, Source::There(_));
            // Where masters lost the alias, it is at ours with others.
            let old = observed.active.as_ref().filter(|old| source.target(plan) != Some(old.name.as_str()));
            let verified = old.and_then(|old| verify(&mut plan.notices, old, wanted));
            // One that is to hold other documents tells nothing, nor does one that may be as short: then the documents
            // themselves do.
            let is_whole = verified.is_some() && (is_there || old.is_some_and(|old| observed.is_proven(old)));
            if !is_whole && !is_doubted {
                plan.steps.extend(verify_all(&mut plan.notices, wanted, observed));
            }
            plan.steps.extend(verified);
        }
        // The alias stays with a newer release, and this one asks its own index; or it is somebody's to be moved.
        Source::Torn(_) | Source::Adopted(_) | Source::Created => {
            plan.steps.extend(verify_all(&mut plan.notices, wanted, observed));
        }
        Source::There(_) | Source::Drift => {}
    }
    for theirs in retired.into_iter().flatten() {
        plan.steps.extend(verify(&mut plan.notices, theirs, wanted));
    }
    if let Source::Torn(info) | Source::Adopted(info) | Source::Extended(info, _) = source
        && info.name != plan.index
    {
        plan.steps.push(Step::Adopt { index: info.name.clone(), name: plan.index.clone() });
    }
}

/// Where there is no other index, or it was not compared, what it is compared with is the documents.
fn verify_all(notices: &mut Vec<Notice>, wanted: &IndexDefinition, observed: &Observed) -> Option<Step> {
    // What the filter leaves out is not told from what is missing.
    if wanted.filter.is_some() {
        return None;
    }
    if observed.keys > MOST_KEYS {
        notices.push(Notice::NotCompared { keys: observed.keys });
        return None;
    }
    Some(Step::VerifyAll)
}

/// Two indexes can be compared if they are to hold the same documents.
fn verify(notices: &mut Vec<Notice>, old: &IndexInfo, wanted: &IndexDefinition) -> Option<Step> {
    let of = |definition: &IndexDefinition| (definition.prefixes.clone(), definition.filter.clone());
    if of(&old.definition) == of(wanted) {
        return Some(Step::Verify { against: old.name.clone() });
    }
    notices.push(Notice::NotComparable { index: old.name.clone() });
    None
}
