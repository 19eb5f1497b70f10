//! Making an index, and adding fields to one.

use std::collections::HashSet;

use cache_index::{Command, IndexedField, ServerErrorKind};

use super::error::MigrateError;
use super::inspect::{extending_key, extending_value, extensions, info};
use super::masters;
use super::plan::Plan;
use crate::cache::Cache;
use crate::error::Result;
use crate::index::missing;

/// How many documents that are missing before fields are added are kept one by one.
const KEPT: usize = 1_000;

/// Makes the index, unless it is there.
pub(super) async fn create(cache: &Cache, plan: &Plan) -> Result<(), MigrateError> {
    let Some(command) = plan.schema.0.create_index(cache.keyspace()?) else { return Ok(()) };
    if cache.capabilities().cluster {
        // A master that lost its data lacks the index, and FT.CREATE says that it is there all the same.
        let command = Command::new("FT._CREATEIFNX").args_from(command.args().skip(1)).repeatable();
        return masters::until_agreed(cache, &command, &plan.index, &plan.index).await;
    }
    match cache.command(command).await {
        // The name holds the schema's fingerprint: whoever was faster made the same index.
        Err(error) if error.server_kind() == Some(ServerErrorKind::IndexExists) => Ok(()),
        other => refused(plan, other.map(drop)),
    }
}

/// Adds fields to an index; `false`: it is not as it was, so that a new plan is needed.
pub(super) async fn extend(
    cache: &Cache,
    plan: &Plan,
    index: &str,
    fields: &[IndexedField],
) -> Result<bool, MigrateError> {
    let schema = plan.schema.0;
    let Some(before) = info(cache, index).await? else { return Ok(false) };
    let found = missing(cache, schema, &before, false).await?;
    // Whoever began first counted before anything was added: also another release. One that is not there behind the count
    // had added nothing before it.
    let begun = extensions(cache, plan).await?.into_iter().filter(|one| one.index == index);
    let (missing, digests) = begun.fold((found.number, found.digests), |(missing, digests), begun| {
        // What is missing now and was then, where that is known.
        let both: HashSet<u64> = digests.intersection(&begun.digests).copied().collect();
        let known = begun.is_known() && digests.len() as u64 == missing;
        if known { (both.len() as u64, both) } else { (missing.min(begun.missing), HashSet::new()) }
    });
    let digests = if digests.len() > KEPT { HashSet::new() } else { digests };
    let begin = Command::new("HSETNX")
        .key(extending_key(schema, cache.keyspace()?)?)
        .arg_display(plan.fingerprint)
        .arg(extending_value(missing, &digests, index));
    cache.command(begin.repeatable()).await?;
    let wanted = |name: &str| fields.iter().any(|field| field.name == name);
    match cache.command(schema.alter_index(index, wanted)).await {
        Ok(_) => Ok(true),
        Err(error) if error.server_kind() == Some(ServerErrorKind::UnknownIndex) => Ok(false),
        Err(error) => {
            // All or none of the fields are added, so that whoever is second is told of a duplicate: also of one that another
            // release added with another kind, beside which the next plan makes an index of its own.
            let Some(now) = info(cache, index).await? else { return Ok(false) };
            let faster = now.definition.fields.iter().any(|field| wanted(&field.name));
            if faster { Ok(false) } else { refused(plan, Err(error)).map(|()| true) }
        }
    }
}

fn refused(plan: &Plan, answer: Result<()>) -> Result<(), MigrateError> {
    match answer {
        Err(source) if source.server_kind() == Some(ServerErrorKind::Other) => {
            Err(MigrateError::Refused { model: plan.model, source: Box::new(source) })
        }
        other => Ok(other?),
    }
}
