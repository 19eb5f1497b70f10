//! Dropping indexes of ours that nobody uses any longer. Their documents stay.

use cache_index::Command;

use super::claims;
use super::cutover::drop_index;
use super::error::MigrateError;
use super::inspect::{inspect, leases_key};
use super::lease;
use super::observed::fingerprint_in;
use super::options::Options;
use super::plan::{self, Plan, Step};
use super::scripts::COLLECT;
use crate::cache::Cache;
use crate::index::compared_key;
use crate::script;

/// Drops an index if nobody uses it, and nobody did for so long; `true`: it was dropped.
///
/// On one server, everything is looked at again in the step that drops it. On a cluster it is looked at just before: a
/// release that begins to use the index in between finds it gone, and makes it again.
pub(super) async fn collect(
    cache: &Cache,
    plan: &Plan,
    index: &str,
    options: &Options,
) -> Result<bool, MigrateError> {
    let Some(fingerprint) = fingerprint_in(index, &plan.alias) else { return Ok(false) };
    let key = leases_key(plan.schema.0, cache.keyspace()?)?;
    if cache.capabilities().cluster {
        return collect_everywhere(cache, plan, index, options).await;
    }
    let call = COLLECT
        .call()
        .arg("2")
        .key(key)
        .key(compared_key(plan.schema.0, cache.keyspace()?)?)
        .arg(&plan.alias)
        .arg(index)
        .arg_display(fingerprint)
        .arg_display(plan.fingerprint)
        .arg_display(options.retain.as_millis());
    let answer = script::run(cache, &COLLECT, call.repeatable()).await?;
    Ok(answer.as_str() == Some("dropped"))
}

async fn collect_everywhere(
    cache: &Cache,
    plan: &Plan,
    index: &str,
    options: &Options,
) -> Result<bool, MigrateError> {
    let schema = plan.schema.0;
    let Some(observed) = inspect(cache, &[schema]).await?.pop() else { return Ok(false) };
    // Of one that was never seen it is counted from now on.
    if fingerprint_in(index, &plan.alias)
        .is_some_and(|of| observed.leases.iter().all(|lease| lease.fingerprint != of))
    {
        lease::was_used(cache, plan, index).await?;
        return Ok(false);
    }
    let now = plan::plan(schema, cache.keyspace()?, &observed, options);
    if !now.steps.contains(&Step::Collect { index: index.to_owned() }) {
        return Ok(false);
    }
    drop_index(cache, index).await?;
    let of_it = observed.leases.iter().filter(|lease| lease.index.as_deref() == Some(index));
    let of_it: Vec<_> = of_it.map(|lease| lease.fingerprint).collect();
    let forget = Command::new("ZREM").key(leases_key(schema, cache.keyspace()?)?);
    let forget = of_it.iter().fold(forget, Command::arg_display);
    cache.command(forget.repeatable()).await?;
    claims::forget(cache, plan, &of_it).await?;
    Ok(true)
}
