//! Making an index, and adding fields to one.

use std::collections::HashSet;

use cache_index::{Command, IndexInfo, IndexedField, Reply, Schema, ServerErrorKind, text_of};

use super::error::MigrateError;
use super::inspect::{extending_key, extending_value, extensions, info, leased};
use super::masters;
use super::observed::{Extending, fingerprint_in};
use super::plan::Plan;
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::index::{self, missing};

/// How many documents that are missing before fields are added are kept one by one.
const KEPT: usize = 1_000;

/// Makes the index, unless it is there. On a cluster, its name is that of another one where masters lost what ours stood for.
pub(super) async fn create(cache: &Cache, plan: &Plan, index: &str) -> Result<(), MigrateError> {
    let Some(command) = plan.schema.0.create_index(cache.keyspace()?) else { return Ok(()) };
    if cache.capabilities().cluster {
        make(cache, plan.schema.0, Vec::new()).await?;
        return match masters::until_made(cache, plan.schema.0, index).await {
            Err(MigrateError::Server(error)) => refused(plan, Err(error)),
            made => made,
        };
    }
    let mut answers = make(cache, plan.schema.0, vec![command]).await?;
    match answers.pop().unwrap_or(Ok(Reply::Nil)) {
        // The name holds the schema's fingerprint: whoever was faster made the same index.
        Err(error) if error.server_kind() == Some(ServerErrorKind::IndexExists) => Ok(()),
        other => refused(plan, other.map(drop)),
    }
}

/// Makes an index with these commands, announced before. If something else is where that is counted, it says where.
async fn make(
    cache: &Cache,
    schema: &Schema,
    commands: Vec<Command>,
) -> Result<Vec<Result<Reply>>, MigrateError> {
    match index::make(cache, schema, commands).await {
        Err(error) if is_no_number(&error) => {
            let key = text_of(&index::made_key(cache, schema)?);
            Err(MigrateError::KeyTaken { key, source: Box::new(error) })
        }
        other => Ok(other?),
    }
}

/// Whether there was no number to be counted up.
fn is_no_number(error: &Error) -> bool {
    let kind = error.server_kind();
    matches!(error, Error::Server { command, .. } if command == "INCR")
        && matches!(kind, Some(ServerErrorKind::WrongType | ServerErrorKind::Other))
}

/// Adds fields to an index; `false`: it is not as it was, so that a new plan is needed.
pub(super) async fn extend(
    cache: &Cache,
    plan: &Plan,
    index: &str,
    fields: &[IndexedField],
) -> Result<bool, MigrateError> {
    let schema = plan.schema.0;
    let wanted = |name: &str| fields.iter().any(|field| field.name == name);
    let has_them = |look: &IndexInfo| look.definition.fields.iter().any(|field| wanted(&field.name));
    let Some(look) = info(cache, index).await? else { return Ok(false) };
    let had = look.definition.fields.len();
    let found = missing(cache, schema, &look, false).await?;
    // In this order: if nothing was added to the index by now, nothing was when documents were counted, and what was begun
    // before was given up. Else whoever added it counted before; the same documents were missing then, and are now.
    let begun = extensions(cache, plan).await?;
    let Some(look) = info(cache, index).await?.filter(|look| !has_them(look)) else { return Ok(false) };
    // On a cluster, some masters may have heard of it.
    let grown = match cache.capabilities().cluster {
        true => index::everywhere(cache, index).await?.richest(),
        false => None,
    };
    let grown = grown.as_ref().unwrap_or(&look);
    let begun: Vec<_> = begun.into_iter().filter(|begun| begun.is_of(grown)).collect();
    let own = Extending {
        fingerprint: plan.fingerprint,
        index: index.to_owned(),
        missing: found.number,
        fields: had,
        digests: found.digests,
    };
    let is_first = begun.is_empty();
    let mut before = begun.iter().fold(own, earlier);
    if before.digests.len() > KEPT {
        before.digests.clear();
    }
    let begin = Command::new(if is_first { "HSET" } else { "HSETNX" })
        .key(extending_key(schema, cache.keyspace()?)?)
        .arg_display(plan.fingerprint)
        .arg(extending_value(&before));
    cache.command(begin.repeatable()).await?;
    let alter = schema.alter_index(index, wanted);
    let done = if cache.capabilities().cluster {
        // There each query looks at the index.
        masters::until_extended(cache, &alter, index, fields).await
    } else {
        // At the last moment: who has a lease by now may be using the index already.
        let leased = leased(cache, plan).await?;
        let own = fingerprint_in(index, &plan.alias).filter(|own| !leased.contains(own));
        let releases: Vec<_> = leased.into_iter().chain(own).collect();
        index::alter(cache, schema, alter, &releases).await.map(drop).map_err(MigrateError::from)
    };
    match done {
        Ok(()) => Ok(true),
        Err(MigrateError::Server(error)) if error.is_unknown_index() => Ok(false),
        Err(MigrateError::Server(error)) => {
            // All or none of the fields are added, so that whoever is second is told of a duplicate: also of one that another
            // release added with another kind, beside which the next plan makes an index of its own.
            let Some(now) = info(cache, index).await? else { return Ok(false) };
            if has_them(&now) { Ok(false) } else { refused(plan, Err(error)).map(|()| true) }
        }
        Err(error) => Err(error),
    }
}

/// What was missing before both.
fn earlier(one: Extending, other: &Extending) -> Extending {
    let both: HashSet<u64> = one.digests.intersection(&other.digests).copied().collect();
    let fields = one.fields.min(other.fields);
    if one.is_known() && other.is_known() {
        Extending { missing: both.len() as u64, fields, digests: both, ..one }
    } else {
        Extending { missing: one.missing.min(other.missing), fields, digests: HashSet::new(), ..one }
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
