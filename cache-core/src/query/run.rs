//! Asking the server: from a query to its answer.

use std::time::Duration;

use cache_index::{
    Batch, Completeness, DecodeError, Hit, Rendered, Reply, SearchAnswer, SearchRequest, ServerErrorKind,
    Shortfall,
};

use super::{Found, Query};
use crate::cache::Cache;
use crate::document;
use crate::error::{Error, Result};
use crate::model::Model;
use crate::settings::Protocol;

/// How often a page is asked for again, each time for more, when documents of it expired between being found and
/// being read. The server forgets such documents once it has looked for them, so the first try nearly always does.
const TRIES: usize = 8;

pub(super) async fn all<M: Model>(query: &Query<M>, cache: &Cache) -> Result<Found<M>> {
    let rendered = query.filter.render()?;
    if rendered.is_nothing() {
        return Ok(Found::nothing());
    }
    if rendered.is_inexact() {
        return exactly(query, cache, &rendered).await;
    }
    let (answer, completeness) = answer(query, cache, &rendered).await?;
    let limit = query.page.map_or(u64::MAX, |(_, limit)| limit);
    // What went between being found and being read is no loss: it is gone.
    let gone = answer.hits.iter().filter(|hit| hit.document.is_none()).count() as u64;
    let total = if limit == 0 { answer.total } else { answer.total.saturating_sub(gone) };
    let page = usize::try_from(limit).unwrap_or(usize::MAX);
    let items = answer.hits.into_iter().filter_map(read::<M>).take(page).collect::<Result<_>>()?;
    Ok(Found { items, total, completeness })
}

/// As [`all`], where the server finds more than what is meant: all of that is read, and what is meant is kept.
async fn exactly<M: Model>(query: &Query<M>, cache: &Cache, rendered: &Rendered) -> Result<Found<M>> {
    let (offset, limit) = query.page.unwrap_or((0, u64::MAX));
    let whole = Query { page: None, ..query.clone() };
    let (answer, completeness) = answer(&whole, cache, rendered).await?;
    let mut meant = Vec::new();
    for hit in answer.hits {
        let Some(json) = &hit.document else { continue };
        if query.filter.confirms_json(&document::decode::<M, serde_json::Value>(&hit.key, json)?)? {
            meant.push(hit);
        }
    }
    let (total, places) = (meant.len() as u64, |number| usize::try_from(number).unwrap_or(usize::MAX));
    let page = meant.into_iter().skip(places(offset)).take(places(limit));
    let items = page.filter_map(read::<M>).collect::<Result<_>>()?;
    Ok(Found { items, total, completeness })
}

/// What the server answers, and whether that is all.
async fn answer<M: Model>(
    query: &Query<M>,
    cache: &Cache,
    rendered: &Rendered,
) -> Result<(SearchAnswer, Completeness)> {
    let index = index_of::<M>(cache)?;
    let capabilities = cache.capabilities();
    let most = capabilities.max_search_results;
    let (offset, limit) = query.page.unwrap_or((0, most));
    let mut request = SearchRequest {
        index: &index,
        filter: rendered,
        sort: query.sort.map(|key| (key.field(), key.direction())),
        // What lies beyond is never answered; `completeness` says so.
        offset: offset.min(most),
        limit: limit.min(most),
        timeout: server_timeout(cache),
    };
    let mut answer = ask::<M>(cache, &request).await?;
    if query.page.is_some() {
        for _ in 0..TRIES {
            if !is_short(&answer, limit) {
                break;
            }
            request.limit = request.limit.saturating_mul(2).saturating_add(16).min(most);
            answer = ask::<M>(cache, &request).await?;
        }
    }
    let completeness = completeness(query, cache, &index, &answer);
    if !query.partial && !completeness.is_complete() {
        return Err(Error::Incomplete { model: M::schema().model(), completeness });
    }
    Ok((answer, completeness))
}

pub(super) async fn explain<M: Model>(query: &Query<M>, cache: &Cache) -> Result<String> {
    let rendered = query.filter.render()?;
    if rendered.is_nothing() {
        return Ok("NOTHING\n".to_owned());
    }
    let index = index_of::<M>(cache)?;
    let command = request_for(&index, &rendered).explain_command();
    let reply = cache.command(command).await.map_err(|error| missing_index::<M>(&index, error))?;
    reply.as_str().map(str::to_owned).ok_or_else(|| Error::Decode {
        command: "FT.EXPLAIN".to_owned(),
        source: DecodeError::unexpected("text", reply.describe()),
    })
}

fn request_for<'a>(index: &'a str, filter: &'a Rendered) -> SearchRequest<'a> {
    SearchRequest { index, filter, sort: None, offset: 0, limit: 0, timeout: None }
}

fn index_of<M: Model>(cache: &Cache) -> Result<String> {
    cache.capabilities().require_search("a query")?;
    Ok(M::schema().index_name(cache.keyspace()?))
}

async fn ask<M: Model>(cache: &Cache, request: &SearchRequest<'_>) -> Result<SearchAnswer> {
    let missing = |error| missing_index::<M>(request.index, error);
    let decode = |reply| {
        SearchAnswer::decode(reply)
            .map_err(|source| Error::Decode { command: "FT.SEARCH".to_owned(), source })
    };
    let asks_for_expansions = !cache.capabilities().warns_of_expansion();
    let Some(expansions) = request.expansions_command().filter(|_| asks_for_expansions) else {
        return decode(cache.command(request.command()).await.map_err(missing)?);
    };
    let batch = Batch::pipeline(vec![request.command(), expansions]);
    let mut replies = cache.connection().send_all(batch).await?.into_iter();
    let mut next = || replies.next().unwrap_or(Ok(Reply::Nil));
    let (found, profile) = (next(), next());
    let mut answer = decode(found.map_err(missing)?)?;
    if SearchAnswer::tells_of_cut_prefix(&profile.map_err(missing)?) {
        answer.shortfalls.push(Shortfall::ExpansionCap);
    }
    Ok(answer)
}

/// How long the server may search. RESP2 does not say when an answer was cut short, so the server gets no
/// time-out there and the client's deadline alone decides.
fn server_timeout(cache: &Cache) -> Option<Duration> {
    match cache.capabilities().protocol {
        Protocol::Resp2 => None,
        // A little less than the client waits, so that the warning arrives before the client gives up.
        Protocol::Resp3 => Some(cache.connection().deadline() * 9 / 10),
    }
}

fn completeness<M>(query: &Query<M>, cache: &Cache, index: &str, answer: &SearchAnswer) -> Completeness {
    let mut shortfalls = answer.shortfalls.clone();
    shortfalls.extend(cache.standing().of(index));
    let returned = answer.hits.len() as u64;
    let (offset, limit) = query.page.unwrap_or((0, u64::MAX));
    if returned < limit.min(answer.total.saturating_sub(offset)) {
        shortfalls.push(Shortfall::ResultCap { total: answer.total, returned });
    } else if query.page.is_some() && is_short(answer, limit) {
        shortfalls.push(Shortfall::Expiring);
    }
    Completeness::of(shortfalls)
}

/// Whether documents of the page expired while they were read, and others could stand in their place.
fn is_short(answer: &SearchAnswer, limit: u64) -> bool {
    let there = answer.hits.iter().filter(|hit| hit.document.is_some()).count();
    limit > 0 && there < answer.hits.len() && (there as u64) < limit
}

/// The document of a hit; nothing if it is gone.
fn read<M: Model>(hit: Hit) -> Option<Result<M>> {
    let Hit { key, document } = hit;
    document.map(|json| document::decode::<M, M>(&key, &json))
}

fn missing_index<M: Model>(index: &str, error: Error) -> Error {
    if error.server_kind() == Some(ServerErrorKind::UnknownIndex) {
        return Error::IndexMissing { model: M::schema().model(), index: index.to_owned() };
    }
    error
}
