//! One look at an index.

use std::time::Instant;

use cache_index::{Batch, IndexInfo, Schema};

use super::binary::ask_all;
use super::everywhere::is_whole;
use super::made::{heard, listen};
use super::told::{question, read};
use crate::cache::{Cache, Look};
use crate::error::Result;

/// What the server knows of an index, or of what an alias points at; `None`: there is none of this name.
pub(crate) async fn info(cache: &Cache, index: &str) -> Result<Option<IndexInfo>> {
    let answers = ask_all(cache, Batch::pipeline(vec![question(index, None)])).await?;
    answers.into_iter().next().map_or(Ok(None), read)
}

/// As [`info`], with what tells it from an index that is made later. On a cluster there is none unless all masters have it.
pub(crate) async fn look_at(cache: &Cache, schema: &Schema, index: &str) -> Result<Option<Look>> {
    let mut questions = listen(cache, schema, index)?;
    let mark = cache.standing().mark(index, cache.connection().generation());
    questions.push(question(index, None));
    let asked = Instant::now();
    let mut answers = ask_all(cache, Batch::pipeline(questions)).await?;
    let found = answers.pop();
    let (made, hears) = heard(cache, index, &answers);
    let Some(info) = found.map_or(Ok(None), read)? else { return Ok(None) };
    if cache.capabilities().cluster && !is_whole(cache, schema, index).await? {
        return Ok(None);
    }
    Ok(Some(Look { mark, asked, info, made, hears }))
}
