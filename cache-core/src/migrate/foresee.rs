//! What is told with a plan beyond what it decides: of documents that are missing by now, of a first index, and of rights that may
//! be needed. Only reads.

use cache_index::{Command, IndexInfo, Reply, Schema};

use super::error::MigrateError;
use super::memory::Sample;
use super::observed::Observed;
use super::plan::{Notice, Plan, Step};
use super::preflight;
use crate::cache::Cache;
use crate::error::Result;
use crate::index::{self, by_record, missing};

/// How many keys are looked at: of a model that has a tenth of a server's keys, the number is about right to a tenth of it
/// (the standard deviation of a share p among n is √(p(1-p)/n)). It takes the server less than a millisecond.
const SAMPLED: u64 = 1_000;

/// Completes the plans.
///
/// Whoever may not ask for something is not told of it here: what a run needs is asked about elsewhere.
pub(super) async fn foresee(
    cache: &Cache,
    observed: &[Observed],
    plans: &mut [Plan],
) -> Result<(), MigrateError> {
    for (plan, observed) in plans.iter_mut().zip(observed) {
        let own = observed.index.as_ref().filter(|index| index.is_filled());
        match lacking(cache, plan.schema.0, own).await {
            Ok(notice) => plan.notices.extend(notice),
            Err(error) if error.is_access_denied() || error.is_unknown_index() => {}
            Err(error) => return Err(error.into()),
        }
    }
    sample(cache, observed, plans).await?;
    let compares = |plan: &&mut Plan| {
        plan.steps.iter().any(|step| matches!(step, Step::Verify { .. } | Step::VerifyAll))
    };
    for plan in plans.iter_mut().filter(compares) {
        match preflight::judging(cache, plan.schema.0).await {
            Ok(commands) if commands.is_empty() => {}
            Ok(commands) => plan.notices.push(Notice::CannotJudge { commands }),
            Err(error) if error.is_access_denied() => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// What the index lacks, if it is the one that it should be: by what a run kept of it, else by a look at the keys where documents
/// failed to be indexed since.
async fn lacking(cache: &Cache, schema: &Schema, index: Option<&IndexInfo>) -> Result<Option<Notice>> {
    let Some(index) = index else { return Ok(None) };
    if !index::drift(schema, cache.keyspace()?, index).is_empty() {
        return Ok(None);
    }
    // What is kept is about one server.
    let kept = if cache.capabilities().cluster { None } else { by_record(cache, schema, index).await? };
    let is_judged = kept.is_some();
    let absent = match kept {
        Some(absent) => absent,
        None => missing(cache, schema, index, false).await?,
    };
    let (index, documents, keys) = (index.name.clone(), absent.number, absent.keys);
    // Where only the server's counter tells, those are documents that it refused.
    let is_counted = schema.filter().is_some() || cache.capabilities().cluster;
    Ok((documents > 0).then(|| {
        if is_judged || is_counted {
            Notice::Lacking { index, documents, keys }
        } else {
            Notice::Unjudged { index, documents, keys, commands: Vec::new(), reason: None }
        }
    }))
}

/// How many documents first indexes will hold, about: one look at some keys is for all of them.
async fn sample(cache: &Cache, observed: &[Observed], plans: &mut [Plan]) -> Result<(), MigrateError> {
    // On a cluster it would be one node's.
    if cache.capabilities().cluster || !plans.iter().any(is_first) {
        return Ok(());
    }
    let scan = Command::new("SCAN").args_from(["0", "COUNT"]).arg_display(SAMPLED).repeatable();
    let (cursor, keys) = match cache.command(scan).await {
        Ok(Reply::Array(parts)) => match <[Reply; 2]>::try_from(parts) {
            Ok([cursor, Reply::Array(keys)]) => (cursor, keys),
            _ => return Ok(()),
        },
        Ok(_) => return Ok(()),
        Err(error) if error.is_access_denied() => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let looked_at = keys.len() as u64;
    for (plan, observed) in plans.iter_mut().zip(observed).filter(|(plan, _)| is_first(plan)) {
        let mut start = Vec::new();
        plan.schema.0.write_key_start(cache.keyspace()?, &mut start);
        let is_ours = |key: &&Reply| key.as_bytes().is_some_and(|key| key.starts_with(&start));
        let documents = keys.iter().filter(is_ours).count() as u64;
        // It saw all that there are.
        let of = if cursor.as_bytes() == Some(b"0") { looked_at } else { observed.keys.max(looked_at + 1) };
        plan.sample = Some(Sample { keys: looked_at, documents, of });
    }
    Ok(())
}

/// Whether an index comes that has none to be compared with.
fn is_first(plan: &Plan) -> bool {
    plan.estimate.is_none() && plan.steps.iter().any(|step| matches!(step, Step::Create { .. }))
}
