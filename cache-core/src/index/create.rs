//! Making an index that vanished.

use cache_index::{Batch, Command, Schema, ServerErrorKind};

use super::everywhere::{Everywhere, Unsettled, everywhere, until};
use super::made::make;
use crate::cache::Cache;
use crate::error::{Error, Result};

/// Makes a schema's index with what was added to it, and if it takes the alias, points that at it unless it points
/// somewhere; whoever was faster made the same.
pub(super) async fn create(cache: &Cache, schema: &Schema, index: &str, takes_alias: bool) -> Result<()> {
    let keyspace = cache.keyspace()?;
    let Some(create) = schema.create_index(keyspace) else { return Ok(()) };
    // ALIASADD never takes an alias away from another index.
    let alias = takes_alias.then(|| Command::new("FT.ALIASADD").arg(schema.alias(keyspace)).arg(index));
    if cache.capabilities().cluster {
        return create_everywhere(cache, schema, index, (create, alias)).await;
    }
    let commands: Vec<_> = [create].into_iter().chain(cache.standing().added(index)).collect();
    // In one step, so that whoever gives up in between leaves no index without it.
    let replies = match make(cache, schema, commands.iter().cloned().chain(alias).collect()).await {
        // It is for people and tools: whoever may not set it makes the index without.
        Err(error) if takes_alias && error.is_access_denied() => make(cache, schema, commands).await?,
        replies => {
            let mut replies = replies?;
            if takes_alias {
                let _alias = replies.pop();
            }
            replies
        }
    };
    let failed = |error: &Error| error.server_kind() != Some(ServerErrorKind::IndexExists);
    replies.into_iter().filter_map(Result::err).find(failed).map_or(Ok(()), Err)
}

/// The same on a cluster: until all masters have it, also where ours is another name of an index that some of them lost.
async fn create_everywhere(
    cache: &Cache,
    schema: &Schema,
    index: &str,
    (create, alias): (Command, Option<Command>),
) -> Result<()> {
    let said = everywhere(cache, index).await?;
    let own = said.said().flatten().find(|name| *name != index).unwrap_or(index);
    make(cache, schema, Vec::new()).await?;
    // FT.CREATE answers that the index exists as soon as one node has it; this one makes it where it is missing.
    let create = Command::new("FT._CREATEIFNX").arg(own).args_from(create.args().skip(2)).repeatable();
    let settled = |command: &Command, done: Result<(), Unsettled>| {
        done.map_err(|unsettled| unsettled.into_error(command.name()))
    };
    let is_own = |now: &Everywhere, _: bool| now.agreed() == Some(Some(own));
    settled(&create, until(cache, &create, own, is_own).await)?;
    for added in cache.standing().added(index) {
        let added = Command::new("FT._ALTERIFNX").args_from(added.args().skip(1)).repeatable();
        let done = until(cache, &added, own, |_, answered| answered).await;
        settled(&added, done)?;
    }
    if own != index {
        let named = Command::new("FT.ALIASUPDATE").arg(index).arg(own).repeatable();
        settled(&named, until(cache, &named, index, is_own).await)?;
    }
    // It is for people and tools.
    if let Some(alias) = alias {
        let _alias = cache.unfenced_all(Batch::pipeline(vec![alias])).await;
    }
    Ok(())
}
