//! Waiting until an index is filled.

use std::time::{Duration, Instant};

use cache_index::Schema;

use super::heal::heal;
use super::info::look_at;
use super::notice::notice;
use crate::cache::Cache;
use crate::error::{Error, Result};

/// The first and the longest pause between two looks at an index that is being filled.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(1));

/// How many deadlines of the connection a look may take, waiting for others that look included.
const DEADLINES: u32 = 6;

/// Waits until the index is filled, so long at most since then. Of those who wait, one looks.
///
/// # Errors
/// [`Error::Indexing`] when the time is over.
pub(super) async fn wait(
    cache: &Cache,
    schema: &'static Schema,
    index: &str,
    began: Instant,
    patience: Duration,
) -> Result<()> {
    let (mut pause, longest) = PAUSES;
    let connection = cache.connection().generation();
    if !cache.standing().wants_look(index, cache.standing().mark(index, connection)) {
        return Ok(());
    }
    loop {
        // Of a look that was made by others a moment ago, the answer does.
        if look(cache, schema, index, PAUSES.0 / 2).await? {
            return Ok(());
        }
        let waited = began.elapsed();
        let left = patience.saturating_sub(waited);
        if left.is_zero() {
            return Err(Error::Indexing { model: schema.model(), index: index.to_owned(), waited });
        }
        tokio::time::sleep(pause.min(left)).await;
        pause = (pause * 2).min(longest);
    }
}

/// Whether the index is filled, as it is seen now or was seen no longer ago than this; made again if it vanished.
pub(crate) async fn look(cache: &Cache, schema: &'static Schema, index: &str, age: Duration) -> Result<bool> {
    let standing = cache.standing();
    let turns = standing.turns(index);
    let looking = async {
        let _turn = turns.look.lock().await;
        let mark = standing.mark(index, cache.connection().generation());
        if let Some(filled) = standing.seen_within(index, mark, age) {
            return Ok(filled);
        }
        match look_at(cache, schema, index).await? {
            Some(look) => notice(cache, schema, index, &look),
            None => heal(cache, schema, index, mark).await.map(|()| false),
        }
    };
    let bound = cache.connection().deadline().saturating_mul(DEADLINES);
    match tokio::time::timeout(bound, looking).await {
        Ok(filled) => filled,
        Err(_) => Err(Error::Timeout { command: "FT.INFO".to_owned(), after: bound }),
    }
}

/// Has the index looked at in the background, at most once a second.
pub(crate) fn look_beside(cache: &Cache, schema: &'static Schema, index: &str) {
    let name = [b"look:", index.as_bytes()].concat();
    let ((detached, gone), index) = (cache.detached(), index.to_owned());
    let errand = async move {
        let errand = async {
            // What keeps the server from answering now is met by the next one who asks, too.
            let _ = look(&detached, schema, &index, Duration::ZERO).await;
            tokio::time::sleep(PAUSES.1).await;
        };
        gone.or(errand).await;
    };
    cache.background().keep(name, errand);
}
