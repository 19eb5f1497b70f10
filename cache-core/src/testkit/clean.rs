//! Taking a test's namespace away.

use cache_index::{Batch, Command, Reply};

use crate::cache::Cache;
use crate::document::Scan;
use crate::error::Result;

/// How many keys go in one pipeline.
const CHUNK: usize = 500;

/// Drops the indexes and deletes the keys of a project.
pub(super) async fn clean(cache: &Cache, project: &str) -> Result<()> {
    let start = format!("{project}:");
    if cache.capabilities().search.is_some() {
        // First: without it, every key that goes is taken out of its index one by one.
        let Reply::Array(names) = cache.command(Command::new("FT._LIST").repeatable()).await? else {
            return Ok(());
        };
        for name in names.iter().filter_map(Reply::as_bytes).filter(|name| name.starts_with(start.as_bytes()))
        {
            let dropped = cache.command(Command::new("FT.DROPINDEX").arg(name)).await;
            // The test may have dropped it meanwhile, if it left something running.
            if let Err(error) = dropped
                && error.server_kind().is_none()
            {
                return Err(error);
            }
        }
    }
    let mut scan = Scan::under(cache, start.into_bytes());
    let mut keys = Vec::new();
    loop {
        let key = scan.next().await.transpose()?;
        let is_last = key.is_none();
        keys.extend(key);
        if keys.len() >= CHUNK || (is_last && !keys.is_empty()) {
            let unlink = |key| Command::new("UNLINK").key(key).repeatable();
            for answer in cache.send_all(Batch::pipeline(keys.drain(..).map(unlink).collect())).await? {
                answer?;
            }
        }
        if is_last {
            return Ok(());
        }
    }
}
