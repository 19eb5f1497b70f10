//! A plan carried out, in steps that may be repeated.

use std::time::Duration;

use cache_index::{Command, IndexInfo, ServerErrorKind, Shortfall};

use super::MigrateError;
use super::inspect::info;
use super::options::{Listeners, Options};
use super::plan::{Plan, Step};
use super::report::{MigratedIndex, Migration};
use crate::cache::Cache;
use crate::document;
use crate::error::Error;

/// The first and the longest pause between two looks at an index that is being filled.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// How far apart two looks must agree that nothing is being indexed: the server starts its scan a moment after it
/// answered FT.CREATE.
const SETTLED: Duration = Duration::from_millis(100);

/// Carries plans out.
pub(super) async fn apply(
    cache: &Cache,
    plans: &[Plan],
    options: &Options,
    listeners: &Listeners,
) -> Result<Migration, MigrateError> {
    let _ = options;
    for plan in plans {
        create(cache, plan).await?;
        listeners.step("created");
    }
    let mut indexes = Vec::with_capacity(plans.len());
    for plan in plans {
        indexes.push(finish(cache, plan).await?);
    }
    Ok(Migration { indexes })
}

async fn create(cache: &Cache, plan: &Plan) -> Result<(), MigrateError> {
    if let Some(Step::Drift { index, differences }) = plan.steps.first() {
        if *index == plan.alias {
            return Err(MigrateError::AliasTaken { model: plan.model, alias: index.clone() });
        }
        let (index, differences) = (index.clone(), differences.clone());
        return Err(MigrateError::Drift { model: plan.model, index, differences });
    }
    if !plan.steps.iter().any(|step| matches!(step, Step::Create { .. })) {
        return Ok(());
    }
    let Some(command) = plan.schema.0.create_index(cache.keyspace()?) else { return Ok(()) };
    match cache.command(command).await {
        // The name holds the schema's fingerprint: whoever was faster made the same index.
        Err(error) if error.server_kind() == Some(ServerErrorKind::IndexExists) => Ok(()),
        Err(source) if source.server_kind() == Some(ServerErrorKind::Other) => {
            Err(MigrateError::Refused { model: plan.model, source: Box::new(source) })
        }
        Err(error) => Err(error.into()),
        Ok(_) => Ok(()),
    }
}

async fn finish(cache: &Cache, plan: &Plan) -> Result<MigratedIndex, MigrateError> {
    let info = wait(cache, plan).await?;
    if plan.steps.iter().any(|step| matches!(step, Step::Cutover { .. })) {
        let command = Command::new("FT.ALIASUPDATE").arg(&plan.alias).arg(&plan.index).repeatable();
        cache.command(command).await?;
    }
    // The server's counter only grows, so a document that was mended or deleted is still in it: what is missing is
    // counted, where there is a reason to. In a cluster, where no one scan sees all keys, the counter has to do, and so it has for
    // an index that a filter leaves documents out of.
    let missing = match info.failures {
        0 => 0,
        // What the filter of the index leaves out is not missing.
        failures if plan.schema.0.filter().is_some() => failures,
        failures => match document::count_all(cache, plan.schema.0).await {
            Ok(there) => there.saturating_sub(look(cache, plan).await?.documents),
            Err(Error::Unsupported { .. }) => failures,
            Err(error) => return Err(error.into()),
        },
    };
    let standing = if missing > 0 { vec![Shortfall::FailedDocuments(missing)] } else { vec![] };
    cache.standing().report(&plan.index, standing);
    Ok(MigratedIndex {
        created: plan.steps.iter().any(|step| matches!(step, Step::Create { .. })),
        documents: info.documents,
        missing,
        last_failure: info.last_failure.filter(|_| missing > 0),
        ..MigratedIndex::of(plan)
    })
}

/// Waits until two looks agree that the index holds what it can hold.
async fn wait(cache: &Cache, plan: &Plan) -> Result<IndexInfo, MigrateError> {
    let mut look = look(cache, plan).await?;
    if !plan.steps.contains(&Step::Wait) {
        return Ok(look);
    }
    let (mut pause, longest) = PAUSES;
    let mut seen_filled = false;
    loop {
        let filled = look.is_filled();
        if filled && seen_filled {
            return Ok(look);
        }
        if let Some(reason) = look.background_problem.filter(|_| !look.indexing) {
            let (model, index) = (plan.model, plan.index.clone());
            return Err(MigrateError::Stopped { model, index, reason });
        }
        tokio::time::sleep(if filled { SETTLED } else { pause }).await;
        pause = (pause * 2).min(longest);
        seen_filled = filled;
        look = self::look(cache, plan).await?;
    }
}

async fn look(cache: &Cache, plan: &Plan) -> Result<IndexInfo, MigrateError> {
    let missing = || Error::IndexMissing { model: plan.model, index: plan.index.clone() };
    Ok(info(cache, &plan.index).await?.ok_or_else(missing)?)
}
