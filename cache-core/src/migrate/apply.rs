//! A plan carried out, in steps that may be repeated.

use std::time::Duration;

use cache_index::{Command, IndexInfo, ServerErrorKind, Shortfall};

use super::inspect::info;
use super::plan::{Plan, Step};
use super::{MigrateError, MigratedIndex};
use crate::cache::Cache;
use crate::document;
use crate::error::Error;

/// The first and the longest pause between two looks at an index that is being filled.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// How far apart two looks must agree that nothing is being indexed: the server starts its scan a moment after it
/// answered FT.CREATE.
const SETTLED: Duration = Duration::from_millis(100);

pub(super) async fn create(cache: &Cache, plan: &Plan) -> Result<(), MigrateError> {
    if !plan.steps.contains(&Step::Create) {
        return Ok(());
    }
    let Some(command) = plan.schema.create_index(cache.keyspace()?) else { return Ok(()) };
    match cache.command(command).await {
        // The name holds the schema's fingerprint: whoever was faster made the same index.
        Err(error) if error.server_kind() == Some(ServerErrorKind::IndexExists) => Ok(()),
        Err(source) if source.server_kind() == Some(ServerErrorKind::Other) => {
            Err(MigrateError::Refused { model: plan.schema.model(), source: Box::new(source) })
        }
        Err(error) => Err(error.into()),
        Ok(_) => Ok(()),
    }
}

pub(super) async fn finish(cache: &Cache, plan: &Plan) -> Result<MigratedIndex, MigrateError> {
    let info = wait(cache, plan).await?;
    if plan.steps.iter().any(|step| matches!(step, Step::Alias { .. })) {
        let command = Command::new("FT.ALIASUPDATE").arg(&plan.alias).arg(&plan.index).repeatable();
        cache.command(command).await?;
    }
    // The server's counter only grows, so a document that was mended or deleted is still in it: what is missing is
    // counted, where there is a reason to. In a cluster, where no one scan sees all keys, the counter has to do, and so it has for
    // an index that a filter leaves documents out of.
    let missing = match info.failures {
        0 => 0,
        // What the filter of the index leaves out is not missing.
        failures if plan.schema.filter().is_some() => failures,
        failures => match document::count_all(cache, plan.schema).await {
            Ok(there) => there.saturating_sub(look(cache, plan).await?.documents),
            Err(Error::Unsupported { .. }) => failures,
            Err(error) => return Err(error.into()),
        },
    };
    let standing = if missing > 0 { vec![Shortfall::FailedDocuments(missing)] } else { vec![] };
    cache.standing().report(&plan.index, standing);
    Ok(MigratedIndex {
        model: plan.schema.model(),
        name: plan.index.clone(),
        created: plan.steps.contains(&Step::Create),
        documents: info.documents,
        missing,
        last_failure: info.last_failure.filter(|_| missing > 0),
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
            let (model, index) = (plan.schema.model(), plan.index.clone());
            return Err(MigrateError::Stopped { model, index, reason });
        }
        tokio::time::sleep(if filled { SETTLED } else { pause }).await;
        pause = (pause * 2).min(longest);
        seen_filled = filled;
        look = self::look(cache, plan).await?;
    }
}

async fn look(cache: &Cache, plan: &Plan) -> Result<IndexInfo, MigrateError> {
    let missing = || Error::IndexMissing { model: plan.schema.model(), index: plan.index.clone() };
    Ok(info(cache, &plan.index).await?.ok_or_else(missing)?)
}
