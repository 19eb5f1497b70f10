//! Making an index, and adding fields to one.

use cache_index::{Command, IndexedField, ServerErrorKind};

use super::absent::missing;
use super::error::MigrateError;
use super::inspect::{extending_key, info};
use super::masters;
use super::plan::Plan;
use crate::cache::Cache;
use crate::error::Result;

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
    let missing = missing(cache, plan, &before).await?;
    // Whoever began first counted before anything was added.
    let begin = Command::new("HSETNX")
        .key(extending_key(schema, cache.keyspace()?)?)
        .arg_display(plan.fingerprint)
        .arg(format!("{missing} {index}"));
    cache.command(begin.repeatable()).await?;
    let wanted = |name: &str| fields.iter().any(|field| field.name == name);
    match cache.command(schema.alter_index(index, wanted)).await {
        Ok(_) => Ok(true),
        Err(error) if error.server_kind() == Some(ServerErrorKind::UnknownIndex) => Ok(false),
        Err(error) => {
            // All or none of the fields are added, so that whoever is second is told of a duplicate.
            let Some(now) = info(cache, index).await? else { return Ok(false) };
            let faster = fields.iter().any(|field| now.definition.fields.contains(field));
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
