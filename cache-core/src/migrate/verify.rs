//! Whether an index may take the place of another: what it lacks, compared with what the other lacks.

use std::collections::HashSet;
use std::time::Duration;

use cache_index::{Batch, IndexInfo};

use super::count::{Counted, Counting, is_being_filled, kept};
use super::error::MigrateError;
use super::inspect::{extensions, info};
use super::observed::{Extending, fingerprint_in, is_ours};
use super::options::Options;
use super::plan::Plan;
use super::wait::Watch;
use crate::cache::Cache;
use crate::index::{self, Absent, Lacked, absent, digest, question, read};

/// How often two indexes are compared where that is not done at one moment: on a cluster.
const TRIES: u32 = 10;

/// How long it is waited between two looks.
const PAUSE: Duration = Duration::from_millis(100);

/// After how many looks at an old index that is being filled it is told how far that is.
const TOLD: u32 = 10;

/// Fails if the new index lacks more documents of the old one, beyond what is allowed. `false`: it is gone.
///
/// Both are asked in one transaction, so that documents which are written or deleted meanwhile are in both counts or in
/// none. Where neither ever failed to take a document and the new one holds as many, it lacks none of them: an index takes every
/// document that is written or that its scan meets. (Both may be short alike; a plan compares the new one with the documents
/// too where that of the old one is not known.) Else the documents are looked for key by key, since one that is missing
/// and one that the old index lacks are not told apart by numbers. On a cluster, numbers have to do.
pub(super) async fn verify(
    counting: &Counting<'_>,
    index: &str,
    against: &str,
    options: &Options,
) -> Result<bool, MigrateError> {
    let Counting { cache, plan, .. } = *counting;
    let cluster = cache.capabilities().cluster;
    let mut tries = 0;
    let (mut waited, mut watch) = (0_u32, Watch::new());
    let old = loop {
        let questions = vec![question(index, None), question(against, None)];
        // A transaction would need both names on one slot.
        let batch = if cluster { Batch::pipeline(questions) } else { Batch::atomic(questions) };
        let mut infos = index::ask_all(cache, batch).await?.into_iter();
        let (Some(new), Some(old)) = (infos.next(), infos.next()) else { return Ok(false) };
        let Some(new) = read(new)? else { return Ok(false) };
        // An old index that is gone holds nothing that the new one could lack.
        let Some(old) = read(old)? else { return Ok(true) };
        let fills = is_being_filled(&old);
        if let Some(listener) = &counting.listeners.progress
            && (fills || waited > 0)
            && (!fills || waited.is_multiple_of(TOLD))
        {
            listener(&watch.progress(plan, &old, None, !fills));
        }
        if fills {
            // After a restart the server fills it again: until then it says less than it will.
            tokio::time::sleep(PAUSE).await;
            waited += 1;
            continue;
        }
        waited = 0;
        let missing = old.documents.saturating_sub(new.documents);
        if missing == 0 && (cluster || new.failures == 0 && old.failures == 0) {
            break old;
        }
        if cluster && missing > options.allowed_failures && tries < TRIES {
            tries += 1;
            tokio::time::sleep(PAUSE).await;
            continue;
        }
        let found = counting.count(&new, Some(against)).await?;
        let found = found.unwrap_or_else(|| {
            let by_counter = Counted::by_counter(&new);
            let absent = Absent { number: missing, ..by_counter.absent };
            Counted { absent, ..by_counter }
        });
        // What the server would take is missing for no value, and not to be allowed.
        let is_lost = matches!(found.lost, Ok(1..));
        if found.absent.number > options.allowed_failures && !is_lost {
            return Err(failed(cache, plan, &new, Some(against), found.absent));
        }
        if found.absent.number > 0 {
            counting.refuse_lost(&new, found)?;
        }
        break old;
    };
    // What an addition in place cost the old index, it holds no longer.
    let begun = extensions(cache, plan).await?.into_iter().filter(|one| one.is_of(&old));
    let before = begun.min_by_key(|one| one.missing).or_else(|| untold(counting, &old));
    let Some(before) = before else { return Ok(true) };
    let Some(new) = info(cache, index).await? else { return Ok(false) };
    verify_kept(counting, &new, Some(against), &before, options).await?;
    Ok(true)
}

/// Fails if an index lacks documents that one had before fields were added to that, beyond what is allowed.
///
/// Each document that was missing before is known, and does not count; where there were too many to be kept, so many may
/// be missing now.
pub(super) async fn verify_kept(
    counting: &Counting<'_>,
    index: &IndexInfo,
    against: Option<&str>,
    before: &Extending,
    options: &Options,
) -> Result<(), MigrateError> {
    if index.failures == 0 {
        return Ok(());
    }
    let Counting { cache, plan, .. } = *counting;
    let known = before.is_known();
    let (nothing, tolerated) = (HashSet::new(), if known { 0 } else { before.missing });
    let except = if known { &before.digests } else { &nothing };
    let found = match counting.count(index, None).await? {
        Some(found) if matches!(found.lost, Ok(1..)) => {
            return counting.refuse_lost(index, found).map(drop);
        }
        found => found.map(|found| found.absent.without(except)),
    };
    let found = match found {
        Some(Some(found)) => Some(found),
        // There are too many to be told one by one.
        Some(None) => absent(cache, plan.schema.0, &index.name, None, except).await?,
        None => None,
    };
    let (found, tolerated) =
        found.map_or_else(|| (Absent::counted(index), before.missing), |found| (found, tolerated));
    if found.number <= tolerated.saturating_add(options.allowed_failures) {
        return Ok(());
    }
    let more = Absent { number: found.number.saturating_sub(tolerated), ..found };
    Err(failed(cache, plan, index, against, more))
}

/// What an index of ours lacked before fields were added to it, as far as comparisons tell, where those who added them do not
/// say so any longer: somebody deleted what they left behind. `None`: none were added since it was compared.
///
/// Of an index that never was compared nothing is known, so that whatever it lacks may be lost; unless it has no more fields
/// than one of its name had that was compared: it vanished, and was made again.
pub(super) fn untold(counting: &Counting<'_>, index: &IndexInfo) -> Option<Extending> {
    let Counting { cache, plan, observed, .. } = *counting;
    let comparable = !cache.capabilities().cluster && plan.schema.0.filter().is_none();
    if !comparable || !is_ours(&index.name, &plan.alias) {
        return None;
    }
    let last = kept(observed, &index.name).max_by_key(|kept| kept.compared.fields);
    let (fields, lacked) = match last.map(|last| &last.compared) {
        Some(last) if last.fields >= index.definition.fields.len() => return None,
        Some(last) => (last.fields, last.before().clone()),
        None => {
            let own = fingerprint_in(&index.name, &plan.alias);
            let mut had = observed.had.iter().filter(|(of, _)| Some(*of) == own);
            if had.any(|(_, fields)| *fields >= index.definition.fields.len()) {
                return None;
            }
            (0, Lacked::default())
        }
    };
    let digests = lacked.keys.iter().map(|key| digest(key)).collect();
    let (fingerprint, index) = (plan.fingerprint, index.name.clone());
    Some(Extending { fingerprint, index, missing: lacked.missing, fields, digests })
}

/// Fails if documents are there and not in an index that the server would take: then its filling was given up, or never begun.
pub(super) async fn verify_all(counting: &Counting<'_>, look: &IndexInfo) -> Result<(), MigrateError> {
    match counting.count(look, None).await? {
        Some(found) if found.absent.number > 0 => counting.refuse_lost(look, found).map(drop),
        Some(_) | None => Ok(()),
    }
}

/// What the index lacks is said to queries of it too: the service may go on without the migration.
fn failed(
    cache: &Cache,
    plan: &Plan,
    index: &IndexInfo,
    against: Option<&str>,
    found: Absent,
) -> MigrateError {
    let connection = cache.connection().generation();
    cache.standing().report(&plan.index, found.number, index.failures, connection);
    let (model, index, missing, keys) = (plan.model, index.name.clone(), found.number, found.keys);
    MigrateError::Verify { model, index, against: against.map(str::to_owned), missing, keys }
}
