//! One look at an index.

use std::time::Duration;

use cache_index::{Batch, Command, IndexInfo, Reply, ServerErrorKind};

use super::binary::ask_all;
use crate::cache::Cache;
use crate::error::{Error, Result};

/// The question for what the server knows of an index.
pub(super) fn command(index: &str, deadline: Option<Duration>) -> Command {
    let command = Command::new("FT.INFO").arg(index).repeatable();
    match deadline {
        Some(deadline) => command.within(deadline),
        None => command,
    }
}

pub(super) fn decode(reply: Reply) -> Result<IndexInfo> {
    IndexInfo::decode(reply).map_err(|source| Error::Decode { command: "FT.INFO".to_owned(), source })
}

/// What the server knows of an index, or of what an alias points at; `None`: there is none of this name.
pub(crate) async fn info(cache: &Cache, index: &str) -> Result<Option<IndexInfo>> {
    let answers = ask_all(cache, Batch::pipeline(vec![command(index, None)])).await?;
    match answers.into_iter().next() {
        Some(Ok(reply)) => decode(reply).map(Some),
        Some(Err(error)) if !is_missing(&error) => Err(error),
        Some(Err(_)) | None => Ok(None),
    }
}

/// Whether the server says that there is no such index.
pub(super) fn is_missing(error: &Error) -> bool {
    error.server_kind() == Some(ServerErrorKind::UnknownIndex)
}
