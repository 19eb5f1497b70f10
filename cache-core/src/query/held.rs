//! Queries of documents that the connection holds itself: decided here, with the server's rules.

use std::cmp::Ordering;

use bytes::Bytes;
use cache_index::{Completeness, Direction, FieldDef, Hit, SearchName, Shortfall, check_document};
use serde_json::Value;

use super::row::Row;
use super::wanted::{Prepared, Wanted};
use crate::cache::Cache;
use crate::document;
use crate::error::{Error, Result};
use crate::model::Model;

/// What was found.
pub(super) struct Held {
    pub(super) hits: Vec<Hit>,
    /// How many there are, whatever the page.
    pub(super) total: u64,
    pub(super) completeness: Completeness,
}

/// The documents that are wanted; `None`: the connection holds none, and a server is to be asked.
pub(super) fn find<M: Model, R: Row<M>>(
    wanted: &Wanted<M>,
    prepared: &Prepared,
    page: Option<(u64, u64)>,
    cache: &Cache,
) -> Result<Option<Held>> {
    let Some(documents) = cache.connection().documents() else { return Ok(None) };
    let mut start = Vec::new();
    prepared.schema.write_key_start(cache.keyspace()?, &mut start);
    refuse::<M, R>(wanted)?;
    let keys = prepared.options.keys.as_ref();
    let (mut found, mut unfit) = (Vec::new(), 0);
    for (key, json) in documents.starting(&start) {
        let document: Value = document::decode_as::<M, _>(&key, &json)?;
        if check_document(prepared.schema, &document).is_err() {
            // The index takes none whose values do not fit.
            unfit += 1;
        } else if wanted.filter.accepts_json_as(&document, wanted.options.reading)?
            && keys.is_none_or(|keys| keys.iter().any(|wanted| **wanted == *key))
        {
            found.push((key, json, document));
        }
    }
    // As for each answer, also one that finds nothing.
    wanted.filter.accepts_json_as(&Value::Null, wanted.options.reading)?;
    let shortfalls = if unfit > 0 { vec![Shortfall::FailedDocuments(unfit)] } else { Vec::new() };
    let completeness = Completeness::of(shortfalls);
    prepared.accept(&completeness)?;
    let total = found.len() as u64;
    let (offset, limit) = page.unwrap_or((0, u64::MAX));
    if wanted.sort.is_empty() {
        if R::IS_ONE && wanted.filter.has_relevance() && (1..total).contains(&limit) {
            return Err(unsupported(
                "a page of what words found, without `sort_by`: scores decide what is on it",
            ));
        }
    } else {
        let keys: Vec<_> = wanted.sort.iter().map(|key| (def::<M>(key.field()), key.direction())).collect();
        found.sort_by(|(.., one), (.., other)| in_order(&keys, one, other));
    }
    let places = |number| usize::try_from(number).unwrap_or(usize::MAX);
    let page = found.into_iter().skip(places(offset)).take(places(limit));
    let hits = page.map(|(key, json, _): (Bytes, Bytes, Value)| Hit::of_document(key, json)).collect();
    Ok(Some(Held { hits, total, completeness }))
}

/// Refuses what only a server does.
fn refuse<M: Model, R: Row<M>>(wanted: &Wanted<M>) -> Result<()> {
    Err(unsupported(match () {
        () if wanted.nearest.is_some() => "a query for the nearest vectors",
        () if R::SCORES || wanted.options.scorer.is_some() => "a query for scores",
        () if !R::LOADS.members.is_empty() => "a query for views",
        () if M::schema().filter().is_some() => "a query of a model with a `filter`",
        () => return Ok(()),
    }))
}

fn unsupported(what: &'static str) -> Error {
    let needs = "a server, and the connection has none; use `#[cache_core::test]` or `Cache::embedded()`";
    Error::Unsupported { what, needs: needs.to_owned() }
}

fn def<M: Model>(name: SearchName) -> Option<&'static FieldDef> {
    M::schema().indexed().find(|field| field.name() == name)
}

fn in_order(keys: &[(Option<&'static FieldDef>, Direction)], one: &Value, other: &Value) -> Ordering {
    let compare = |(field, direction): &(Option<&'static FieldDef>, Direction)| {
        let value = |document| field.and_then(|field| field.values(document).into_iter().next());
        match (value(one), value(other)) {
            // What has no value comes last, in either direction.
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(one), Some(other)) => match direction {
                Direction::Ascending => compared(one, other),
                Direction::Descending => compared(other, one),
            },
        }
    };
    keys.iter().map(compare).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// As the index sorts: numbers as doubles, the rest as bytes.
fn compared(one: &Value, other: &Value) -> Ordering {
    match (one, other) {
        (Value::Number(one), Value::Number(other)) => {
            one.as_f64().partial_cmp(&other.as_f64()).unwrap_or(Ordering::Equal)
        }
        (Value::String(one), Value::String(other)) => one.as_bytes().cmp(other.as_bytes()),
        (Value::Bool(one), Value::Bool(other)) => one.cmp(other),
        _ => Ordering::Equal,
    }
}
