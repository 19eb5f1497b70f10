//! Making an index that vanished.

use cache_index::{Batch, Command, Schema, ServerErrorKind};

use super::everywhere::{Everywhere, everywhere, make_everywhere, until};
use super::made::make;
use crate::cache::Cache;
use crate::error::{Error, Result};

/// Makes a schema's index with what was added to it, and if it takes the alias, points that at it unless it points
/// somewhere; whoever was faster made the same.
pub(super) async fn create(cache: &Cache, schema: &Schema, index: &str, takes_alias: bool) -> Result<()> {
    let keyspace = cache.keyspace()?;
    let Some(create) = schema.create_index(keyspace) else { return Ok(()) };
    // ALIASADD never takes an alias away from another index.
    let add = |alias: &str| Command::new("FT.ALIASADD").arg(alias).arg(index);
    let alias = takes_alias.then(|| schema.alias(keyspace));
    if cache.capabilities().cluster {
        return create_everywhere(cache, schema, index, alias.map(|alias| (add(&alias), alias))).await;
    }
    let alias = alias.map(|alias| add(&alias));
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
    alias: Option<(Command, String)>,
) -> Result<()> {
    let said = everywhere(cache, index).await?;
    let own = said.said().flatten().find(|name| *name != index).unwrap_or(index);
    make(cache, schema, Vec::new()).await?;
    make_everywhere(cache, schema, own).await.map_err(|unsettled| unsettled.into_error("FT._CREATEIFNX"))?;
    for added in cache.unfenced_all(Batch::pipeline(cache.standing().added(index))).await? {
        let _added = added?;
    }
    if own != index {
        let name = Command::new("FT.ALIASUPDATE").arg(index).arg(own).repeatable();
        let is_own =
            |now: &Everywhere, error: Option<&Error>| error.is_none() && now.agreed() == Some(Some(own));
        until(cache, &name, index, is_own)
            .await
            .map_err(|unsettled| unsettled.into_error("FT.ALIASUPDATE"))?;
    }
    // It is for people and tools; and where another master has it for a newer release's index, that is given back by the migrator.
    if let Some((add, name)) = alias
        && everywhere(cache, &name).await?.said().flatten().all(|named| named == own)
    {
        let _alias = cache.unfenced_all(Batch::pipeline(vec![add])).await;
    }
    Ok(())
}
