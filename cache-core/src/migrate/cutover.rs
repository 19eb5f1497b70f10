//! Names that move: ours to an index that is there, the alias to ours, and redis-om's away.

use cache_index::{Command, Fingerprint, Reply, ServerErrorKind};

use super::claims;
use super::error::MigrateError;
use super::inspect::{extending_key, info};
use super::masters;
use super::observed::fingerprint_in;
use super::options::Options;
use super::plan::{Plan, older};
use super::scripts::{ADOPT, RETIRE};
use crate::cache::Cache;
use crate::error::Result;
use crate::index::{self, everywhere};
use crate::script;

/// Lets an index that is there answer to our name too; `false`: another one does by now, or none.
pub(super) async fn adopt(cache: &Cache, plan: &Plan, index: &str) -> Result<bool, MigrateError> {
    if cache.capabilities().cluster {
        let own = info(cache, &plan.index).await?.map(|info| info.name);
        if own.is_some_and(|own| own != index) {
            return Ok(false);
        }
        let command = Command::new("FT.ALIASUPDATE").arg(&plan.index).arg(index).repeatable();
        masters::until_agreed(cache, &command, &plan.index, index).await?;
        forget_extensions(cache, plan, vec![plan.fingerprint]).await?;
        return Ok(true);
    }
    let key = extending_key(plan.schema.0, cache.keyspace()?)?;
    let call = ADOPT.call().arg("1").key(key).arg(&plan.index).arg(index).arg_display(plan.fingerprint);
    let answer = script::run(cache, &ADOPT, call.repeatable()).await?;
    Ok(answer.as_str() == Some(index))
}

/// Points the alias at the index, unless that would move it back. Answers whether it points there; `None`: the index is
/// gone.
///
/// On one server that is one step of its own, which looks at the alias again. On a cluster it is not; there the masters are
/// asked and told until all say the same, and who is newer is said before and looked at behind.
pub(super) async fn cutover(
    cache: &Cache,
    plan: &Plan,
    to: &str,
    options: &Options,
) -> Result<Option<bool>, MigrateError> {
    let older = older(plan, options);
    let active = if cache.capabilities().cluster {
        cutover_in_order(cache, plan, to, options, &older).await?
    } else {
        let any = options.force || options.lock.is_none();
        index::point(cache, &plan.alias, to, any, &older).await?
    };
    match active {
        None => Ok(None),
        Some(shadow) if shadow == plan.alias => {
            Err(MigrateError::AliasTaken { model: plan.model, alias: shadow })
        }
        Some(active) => Ok(Some(active == to)),
    }
}

/// How often it is looked whether a release that is newer still moved it meanwhile.
const GIVEN: usize = 8;

/// Points the alias at the index, and then at that of the newest release which did so meanwhile. Where it is to be there whatever a lock
/// says, what newer ones said of it is forgotten instead: until they move it again.
async fn cutover_in_order(
    cache: &Cache,
    plan: &Plan,
    to: &str,
    options: &Options,
    older: &[String],
) -> Result<Option<String>, MigrateError> {
    if options.lock.is_none() {
        return cutover_everywhere(cache, plan, to, true, older).await;
    }
    claims::claim(cache, plan, older).await?;
    let active = cutover_everywhere(cache, plan, to, options.force, older).await?;
    if active.as_deref() != Some(to) {
        return Ok(active);
    }
    if options.force {
        let newer = claims::newer(cache, plan, &[]).await?;
        let of: Vec<_> = newer.iter().filter_map(|name| fingerprint_in(name, &plan.alias)).collect();
        claims::forget(cache, plan, &of).await?;
        return Ok(active);
    }
    let mut given = vec![to.to_owned()];
    for _ in 0..GIVEN {
        let mut newest = None;
        for name in claims::newer(cache, plan, older).await? {
            // It may be another name of an index that was adopted, or be gone.
            newest = info(cache, &name).await?.map(|info| info.name);
            if newest.is_some() {
                break;
            }
        }
        let Some(newest) = newest.filter(|newest| given.last() != Some(newest)) else { break };
        match cutover_everywhere(cache, plan, &newest, false, &given).await {
            Ok(Some(active)) if active == newest => given.push(newest),
            Ok(Some(active)) => return Ok(Some(active)),
            // Some master lacks it: that is for the newer release to mend.
            Ok(None) | Err(MigrateError::Disagreement { .. }) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(given.pop())
}

async fn cutover_everywhere(
    cache: &Cache,
    plan: &Plan,
    to: &str,
    any: bool,
    older: &[String],
) -> Result<Option<String>, MigrateError> {
    // Masters that differ are in the middle of somebody's move, or one lost its data: that is gone on with if it is ours to do.
    let mut now = everywhere(cache, &plan.alias).await?;
    if now.said().flatten().next().is_none() {
        // It takes it from nobody: of two releases that boot first, whoever is second looks at where it is.
        let add = Command::new("FT.ALIASADD").arg(&plan.alias).arg(to);
        let added = cache.command(add).await;
        now = everywhere(cache, &plan.alias).await?;
        if added.is_ok() && now.agreed() == Some(Some(to)) {
            return Ok(Some(to.to_owned()));
        }
    }
    for active in now.said().flatten().filter(|active| *active != to) {
        // A newer one that some master lost is given back also by the release whose index another master has for it.
        let mut moves = any || active == plan.index || older.iter().any(|older| older == active);
        for name in older {
            moves = moves || info(cache, name).await?.is_some_and(|info| info.name == active);
        }
        if !moves || active == plan.alias {
            return Ok(Some(active.to_owned()));
        }
    }
    if info(cache, to).await?.is_none_or(|info| info.name != to) {
        return Ok(None);
    }
    let command = Command::new("FT.ALIASUPDATE").arg(&plan.alias).arg(to).repeatable();
    masters::until_agreed(cache, &command, &plan.alias, to).await?;
    Ok(Some(to.to_owned()))
}

/// Forgets that fields were being added to an index for these schemas.
pub(super) async fn forget_extensions(cache: &Cache, plan: &Plan, of: Vec<Fingerprint>) -> Result<()> {
    if of.is_empty() {
        return Ok(());
    }
    let forget = Command::new("HDEL").key(extending_key(plan.schema.0, cache.keyspace()?)?);
    let forget = of.into_iter().fold(forget, Command::arg_display);
    cache.command(forget.repeatable()).await.map(drop)
}

/// Drops the index of redis-om and its keys if the alias points at ours; never its documents. `true`: the index was there.
pub(super) async fn retire(
    cache: &Cache,
    plan: &Plan,
    index: &str,
    keys: &[String],
    target: &str,
) -> Result<bool, MigrateError> {
    if cache.capabilities().cluster {
        let active = info(cache, &plan.alias).await?.map(|info| info.name);
        if active.as_deref() != Some(target) {
            return Ok(false);
        }
        // Also where some master dropped it by now.
        let there = everywhere(cache, index).await?.said().any(|name| name == Some(index));
        if there {
            drop_index(cache, index).await?;
        }
        for key in keys {
            // A document may have such a key too.
            let kind = cache.command(Command::new("TYPE").key(key).repeatable()).await?;
            if kind.as_str() == Some("string") {
                cache.command(Command::new("DEL").key(key).repeatable()).await?;
            }
        }
        return Ok(there);
    }
    let call = RETIRE.call().arg_display(keys.len());
    let call = keys.iter().fold(call, Command::key).arg(index).arg(&plan.alias).arg(target);
    Ok(script::run(cache, &RETIRE, call.repeatable()).await? == Reply::Int(1))
}

/// Drops an index by its own name, not its documents. One that is gone is dropped.
pub(super) async fn drop_index(cache: &Cache, index: &str) -> Result<(), MigrateError> {
    if cache.capabilities().cluster {
        return masters::until_gone(cache, index).await;
    }
    match cache.command(Command::new("FT.DROPINDEX").arg(index)).await {
        Err(error) if error.server_kind() == Some(ServerErrorKind::UnknownIndex) => Ok(()),
        other => Ok(other.map(drop)?),
    }
}
