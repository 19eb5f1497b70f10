//! One look at an index.

use std::time::{Duration, Instant};

use cache_index::{Batch, Command, IndexInfo, Reply, Schema, ServerErrorKind};

use super::binary::ask_all;
use super::made::{heard, listen};
use crate::cache::{Cache, Look};
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

/// As [`info`], with what tells it from an index that is made later.
pub(crate) async fn look_at(cache: &Cache, schema: &Schema, index: &str) -> Result<Option<Look>> {
    let mut questions = listen(cache, schema, index)?;
    let mark = cache.standing().mark(index, cache.connection().generation());
    questions.push(command(index, None));
    let asked = Instant::now();
    let mut answers = ask_all(cache, Batch::pipeline(questions)).await?;
    let found = answers.pop();
    let (made, hears) = heard(cache, index, &answers);
    match found {
        Some(Ok(reply)) => Ok(Some(Look { mark, asked, info: decode(reply)?, made, hears })),
        Some(Err(error)) if !is_missing(&error) => Err(error),
        Some(Err(_)) | None => Ok(None),
    }
}

/// Whether the server says that there is no such index.
pub(super) fn is_missing(error: &Error) -> bool {
    error.server_kind() == Some(ServerErrorKind::UnknownIndex)
}
