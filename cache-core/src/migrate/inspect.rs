//! What is on the server, as far as a plan needs it.

use cache_index::{Command, IndexInfo, Schema, ServerErrorKind};

use crate::cache::Cache;
use crate::error::{Error, Result};

/// What the server has under the names of one schema.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Observed {
    /// The schema's index; `None`: there is none.
    pub(crate) index: Option<IndexInfo>,
    /// The index that answers to the alias; `None`: the alias points nowhere.
    pub(crate) alias: Option<String>,
}

pub(super) async fn inspect(cache: &Cache, schema: &Schema) -> Result<Observed> {
    let keyspace = cache.keyspace()?;
    let index = info(cache, &schema.index_name(keyspace)).await?;
    let alias = info(cache, &schema.alias(keyspace)).await?.map(|info| info.name);
    Ok(Observed { index, alias })
}

/// What the server knows of an index or of the target of an alias; `None`: there is none of this name.
pub(super) async fn info(cache: &Cache, name: &str) -> Result<Option<IndexInfo>> {
    let reply = cache.command(Command::new("FT.INFO").arg(name).repeatable()).await;
    match reply {
        Ok(reply) => IndexInfo::decode(reply)
            .map(Some)
            .map_err(|source| Error::Decode { command: "FT.INFO".to_owned(), source }),
        Err(error) if error.server_kind() == Some(ServerErrorKind::UnknownIndex) => Ok(None),
        Err(error) => Err(error),
    }
}
