//! Asking the server: from a query to its answer.

use cache_index::{
    Command, Completeness, DecodeError, Hit, Reply, SearchAnswer, SearchOptions, SearchRequest, Shortfall,
};

use super::Found;
use super::held;
use super::row::Row;
use super::wanted::{Prepared, Wanted};
use crate::cache::Cache;
use crate::document;
use crate::error::{Error, Result};
use crate::index::Answer;
use crate::model::Model;

/// How often a page is asked again, each time for more, when documents of it expired between being found and being
/// read. The server forgets such documents once it has looked for them, so the first try nearly always does.
pub(super) const EXPIRED_TRIES: usize = 8;

pub(super) async fn all<M: Model, R: Row<M>>(wanted: &Wanted<M>, cache: &Cache) -> Result<Found<R>> {
    let Some(prepared) = Prepared::new::<M, R>(wanted, cache)? else { return Ok(Found::nothing()) };
    if let Some(held) = held::find::<M, R>(wanted, &prepared, wanted.page, cache)? {
        let items = read(held.hits.iter(), held.hits.len())?;
        return Ok(Found { items, total: held.total, completeness: held.completeness });
    }
    if prepared.is_inexact() {
        return exactly(wanted, cache, &prepared).await;
    }
    let (answer, completeness) = answer(&prepared, wanted.page, cache).await?;
    let limit = wanted.page.map_or(u64::MAX, |(_, limit)| limit);
    // What went between being found and being read is no loss: it is gone.
    let sees = prepared.sees_documents();
    let gone = answer.hits.iter().filter(|hit| has_gone(hit, sees)).count();
    let total = if limit == 0 { answer.total } else { answer.total.saturating_sub(gone as u64) };
    let page = usize::try_from(limit).unwrap_or(usize::MAX);
    let hits = answer.hits.iter().filter(|hit| !has_gone(hit, sees));
    let items = read(hits.take(page), page.min(answer.hits.len()))?;
    Ok(Found { items, total, completeness })
}

/// Reads rows of hits, of which there are so many at most. By `collect`, each would be moved through every adapter.
fn read<'a, M: Model, R: Row<M>>(hits: impl Iterator<Item = &'a Hit>, most: usize) -> Result<Vec<R>> {
    let mut items = Vec::with_capacity(most);
    for hit in hits {
        items.push(R::read(hit)?);
    }
    Ok(items)
}

/// As [`all`], where the server finds more than what is meant: all of that is read, and what is meant is kept.
async fn exactly<M: Model, R: Row<M>>(
    wanted: &Wanted<M>,
    cache: &Cache,
    prepared: &Prepared,
) -> Result<Found<R>> {
    let (offset, limit) = wanted.page.unwrap_or((0, u64::MAX));
    let (answer, completeness) = answer(prepared, None, cache).await?;
    let mut meant = Vec::new();
    for hit in answer.hits {
        if is_meant(wanted, &hit)? {
            meant.push(hit);
        }
    }
    let (total, places) = (meant.len() as u64, |number| usize::try_from(number).unwrap_or(usize::MAX));
    let page = meant.iter().skip(places(offset)).take(places(limit));
    let items = read(page, places(limit).min(meant.len()))?;
    Ok(Found { items, total, completeness })
}

/// Whether a document that the server found is there, and is what the filter means.
pub(super) fn is_meant<M: Model>(wanted: &Wanted<M>, hit: &Hit) -> Result<bool> {
    let Some(json) = hit.document() else { return Ok(false) };
    Ok(wanted.confirms(&document::decode_as::<M, serde_json::Value>(&hit.key, &json)?)?)
}

/// What the server answers, and whether that is all.
async fn answer(
    prepared: &Prepared,
    page: Option<(u64, u64)>,
    cache: &Cache,
) -> Result<(SearchAnswer, Completeness)> {
    let most = cache.capabilities().max_search_results;
    let (offset, limit) = page.unwrap_or((0, most));
    // What lies beyond is never answered; `completeness` says so.
    let mut request = prepared.request(offset.min(most), limit.min(most));
    let mut answer = ask(cache, prepared, &request).await?;
    if page.is_some() {
        for _ in 0..EXPIRED_TRIES {
            if !is_short(prepared, &answer, offset, limit) {
                break;
            }
            request.limit = request.limit.saturating_mul(2).saturating_add(16).min(most);
            answer = ask(cache, prepared, &request).await?;
        }
    }
    let completeness = completeness(prepared, page, &answer);
    prepared.accept(&completeness)?;
    Ok((answer, completeness))
}

/// What the query finds among the documents with these keys. Without scores: the keys would count in them.
pub(super) async fn read_keys(
    cache: &Cache,
    prepared: &Prepared,
    keys: Vec<Vec<u8>>,
) -> Result<SearchAnswer> {
    let Prepared { options: SearchOptions { reading, scorer, .. }, .. } = prepared;
    let number = keys.len() as u64;
    let options = SearchOptions { reading: *reading, scorer: *scorer, keys: Some(keys) };
    let request = SearchRequest { options: &options, scores: false, ..prepared.request(0, number) };
    let mut answer = ask(cache, prepared, &request).await?;
    answer.shortfalls = completeness(prepared, None, &answer).shortfalls().to_vec();
    Ok(answer)
}

async fn ask(cache: &Cache, prepared: &Prepared, request: &SearchRequest<'_>) -> Result<SearchAnswer> {
    let command = within(prepared, request.command());
    let name = command.name().to_owned();
    let (reply, shortfalls) = send(cache, prepared, command).await?;
    let answer = if request.is_aggregation() {
        SearchAnswer::decode_aggregation(reply)
    } else {
        SearchAnswer::decode(reply, request.scores)
    };
    let mut answer = answer.map_err(|source| Error::Decode { command: name, source })?;
    answer.shortfalls.extend(shortfalls);
    Ok(answer)
}

/// The command with the deadline of the query, if that has one.
pub(super) fn within(prepared: &Prepared, command: Command) -> Command {
    match prepared.deadline {
        Some(deadline) => command.within(deadline),
        None => command,
    }
}

/// Sends the command of a query, and in the same round trip what has to be asked with it: whether the index is filled,
/// where that is not known, and whether the query's prefixes are expanded to their ends, where the answer does not tell.
/// Answers with why documents may be missing, as far as this says so.
pub(super) async fn send(
    cache: &Cache,
    prepared: &Prepared,
    command: Command,
) -> Result<(Reply, Vec<Shortfall>)> {
    let asks_for_expansions = !cache.capabilities().warns_of_expansion();
    let expansions = prepared.request(0, 0).expansions_command().filter(|_| asks_for_expansions);
    let commands: Vec<_> =
        [command].into_iter().chain(expansions.map(|expansions| within(prepared, expansions))).collect();
    let Answer { replies, mut shortfalls } = prepared.question(true).ask(cache, &commands).await?;
    let mut replies = replies.into_iter();
    let found = replies.next().unwrap_or(Reply::Nil);
    if replies.next().is_some_and(|profile| SearchAnswer::tells_of_cut_prefix(&profile)) {
        shortfalls.push(Shortfall::ExpansionCap);
    }
    Ok((found, shortfalls))
}

/// Sends the command of a verb that reads no documents.
pub(super) async fn send_about(cache: &Cache, prepared: &Prepared, command: Command) -> Result<Reply> {
    let answer = prepared.question(false).ask(cache, &[within(prepared, command)]).await?;
    Ok(answer.replies.into_iter().next().unwrap_or(Reply::Nil))
}

fn completeness(prepared: &Prepared, page: Option<(u64, u64)>, answer: &SearchAnswer) -> Completeness {
    let mut shortfalls = answer.shortfalls.clone();
    let returned = answer.hits.len() as u64;
    let (offset, limit) = page.unwrap_or((0, u64::MAX));
    if returned < limit.min(answer.total.saturating_sub(offset)) {
        shortfalls.push(Shortfall::ResultCap { total: answer.total, returned });
    } else if page.is_some() && is_short(prepared, answer, offset, limit) {
        shortfalls.push(Shortfall::Expiring);
    }
    Completeness::of(shortfalls)
}

/// Whether a document went between being found and being read, as far as that can be told.
pub(super) fn has_gone(hit: &Hit, sees_documents: bool) -> bool {
    hit.is_gone() || (sees_documents && !hit.is_there())
}

/// Whether documents of the page expired while they were read, and others could stand in their place.
fn is_short(prepared: &Prepared, answer: &SearchAnswer, offset: u64, limit: u64) -> bool {
    let has_others = answer.total.saturating_sub(offset) > answer.hits.len() as u64;
    let sees = prepared.sees_documents();
    let there = answer.hits.iter().filter(|hit| !has_gone(hit, sees)).count();
    has_others && limit > 0 && there < answer.hits.len() && (there as u64) < limit
}

/// An answer that cannot be read.
pub(super) fn unreadable(command: &str, source: DecodeError) -> Error {
    Error::Decode { command: command.to_owned(), source }
}
