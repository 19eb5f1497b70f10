//! What a look at an index gives reason to do, done beside the query that looked.

use std::time::{Duration, Instant};

use cache_index::{IndexInfo, Schema};

use super::absent::missing;
use super::alias::point;
use super::drift::{is_another, saw};
use super::info::info;
use super::record::by_record;
use crate::cache::{Cache, Look, Mark, Wants};
use crate::error::Result;

/// Documents are counted for one part of the time in so many at most, and not more often than every second, however fast
/// the server's counter grows.
const SELDOM: u32 = 20;
const PAUSE: Duration = Duration::from_secs(1);

/// Takes what was seen of an index into what is known of it. What that gives reason to do is done in the background.
///
/// When documents failed to be indexed since they were counted, so many more are told to be missing from now on, whoever
/// wrote them or added a field to the index, until they are counted.
///
/// Whether it is filled: also as long as fields are only being added to it.
pub(crate) fn notice(cache: &Cache, schema: &'static Schema, index: &str, look: &Look) -> Result<bool> {
    let Wants { count: counts, alias_from, is_extended } = saw(cache, schema, index, look)?;
    if !alias_from.is_empty() {
        let wants = Wants { alias_from, ..Wants::default() };
        beside(cache, "alias", schema, index, wants);
    }
    // On a cluster, and where a filter leaves documents out, there is nothing to know better by.
    if counts && schema.filter().is_none() && !cache.capabilities().cluster {
        let wants = Wants { count: true, ..Wants::default() };
        beside(cache, "count", schema, index, wants);
    }
    Ok(look.info.is_filled() || is_extended)
}

/// Does it in the background, unless somebody is at it, or counted a moment ago.
fn beside(cache: &Cache, what: &str, schema: &'static Schema, index: &str, wants: Wants) {
    let name = [what.as_bytes(), b":", index.as_bytes()].concat();
    let ((detached, gone), index) = (cache.detached(), index.to_owned());
    let errand = async move {
        let errand = async {
            let (began, counts) = (Instant::now(), wants.count);
            // What keeps the server from it now is met by the next look again.
            let _ = follow(&detached, schema, &index, wants).await;
            // Who takes the alias is not to miss that it went again.
            if counts {
                tokio::time::sleep(PAUSE.max(began.elapsed().saturating_mul(SELDOM))).await;
            }
        };
        gone.or(errand).await;
    };
    cache.background().keep(name, errand);
}

/// Does what a look gave reason to do.
pub(crate) async fn follow(cache: &Cache, schema: &Schema, index: &str, wants: Wants) -> Result<()> {
    if !wants.alias_from.is_empty() && !cache.capabilities().cluster {
        point(cache, &schema.alias(cache.keyspace()?), index, false, &wants.alias_from).await?;
    }
    if wants.count { count(cache, schema, index, false).await } else { Ok(()) }
}

/// Counts what an index lacks that nobody counted under this cache, before an answer of it is believed: somebody may have
/// made it without the documents that are there, and what the server's counter says may have been mended long ago. One caller
/// does it. What takes longer than a deadline is gone on with beside.
pub(super) async fn know(cache: &Cache, schema: &Schema, index: &str, seen: Option<&Look>) {
    let standing = cache.standing();
    if !standing.wants_count(index) {
        return;
    }
    if schema.filter().is_some() || cache.capabilities().cluster {
        standing.is_uncountable(index);
        return;
    }
    let turns = standing.turns(index);
    let counting = async {
        let _turn = turns.count.lock().await;
        if !standing.wants_count(index) {
            return Ok(());
        }
        match seen {
            Some(Look { mark, info, .. }) => count_in(cache, schema, index, *mark, info, true).await,
            None => count(cache, schema, index, true).await,
        }
    };
    match tokio::time::timeout(cache.connection().deadline(), counting).await {
        Ok(Ok(())) => {}
        // Not everybody may read the keys: then the counter has to do.
        Ok(Err(error)) if error.is_access_denied() => standing.is_uncountable(index),
        // The next one tries it again, and this one's answer says so.
        Ok(Err(_)) => {}
        Err(_) => standing.counts_beside(index),
    }
}

/// Counts the documents that an index lacks: where that is doubted, also if nothing says that it lacks any.
pub(crate) async fn count(cache: &Cache, schema: &Schema, index: &str, is_doubted: bool) -> Result<()> {
    let mark = cache.standing().mark(index, cache.connection().generation());
    let Some(look) = info(cache, index).await? else { return Ok(()) };
    count_in(cache, schema, index, mark, &look, is_doubted).await
}

/// As [`count`], in an index as it was seen.
async fn count_in(
    cache: &Cache,
    schema: &Schema,
    index: &str,
    mark: Mark,
    look: &IndexInfo,
    is_doubted: bool,
) -> Result<()> {
    let (standing, began) = (cache.standing(), Instant::now());
    let only_counted = schema.filter().is_some() || cache.capabilities().cluster;
    if !look.is_filled() || only_counted && look.failures == 0 {
        return Ok(());
    }
    // What another index lacks says nothing.
    if is_another(schema, cache.keyspace()?, look) {
        return Ok(());
    }
    // What another process found out about this very index does for one that comes.
    let doubted = !only_counted && (is_doubted || standing.is_unknown(index));
    let known = if doubted { by_record(cache, schema, look).await.unwrap_or_default() } else { None };
    let missing = match known {
        Some(absent) => absent.number,
        None => {
            let absent = missing(cache, schema, look, doubted || standing.failed(index) > 0).await?;
            // It may have been made again meanwhile: what one lacks that is being filled says nothing.
            let is_compared = absent.number > 0 && !only_counted;
            if is_compared && info(cache, index).await?.is_none_or(|now| !now.is_filled()) {
                return Ok(());
            }
            absent.number
        }
    };
    standing.counted(index, mark, missing, look.failures, began.elapsed());
    Ok(())
}
