//! Making an index that vanished.

use cache_index::{Command, Schema, ServerErrorKind};

use super::made::make;
use crate::cache::Cache;
use crate::error::{Error, Result};

/// Makes a schema's index with what was added to it, and if it takes the alias, points that at it unless it points
/// somewhere; whoever was faster made the same.
pub(super) async fn create(cache: &Cache, schema: &Schema, index: &str, takes_alias: bool) -> Result<()> {
    let keyspace = cache.keyspace()?;
    let Some(create) = schema.create_index(keyspace) else { return Ok(()) };
    let create = if cache.capabilities().cluster {
        // FT.CREATE answers that the index exists as soon as one node has it; this one makes it where it is missing.
        create.args().skip(1).fold(Command::new("FT._CREATEIFNX"), Command::arg)
    } else {
        create
    };
    // ALIASADD never takes an alias away from another index.
    let alias = takes_alias.then(|| Command::new("FT.ALIASADD").arg(schema.alias(keyspace)).arg(index));
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
