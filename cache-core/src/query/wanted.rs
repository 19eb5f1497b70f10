//! What a query wants, whatever it makes of each document.

use std::time::Duration;

use cache_index::{
    Completeness, Direction, Filter, IndexSchema, Loads, Nearest, QueryError, Rendered, Schema, SearchName,
    SearchOptions, SearchRequest, SortKey,
};

use super::row::Row;
use crate::cache::{Cache, IndexPolicy};
use crate::error::{Error, Result};
use crate::index::Question;
use crate::model::Model;
use crate::settings::Protocol;

/// Which documents of model `M`, in which order, looked for in which way.
pub(super) struct Wanted<M> {
    pub(super) filter: Filter<M>,
    pub(super) nearest: Option<Nearest<M>>,
    pub(super) sort: Vec<SortKey<M>>,
    pub(super) page: Option<(u64, u64)>,
    pub(super) partial: bool,
    pub(super) options: SearchOptions,
    /// The parts of ids.
    pub(super) ids: Option<Vec<Vec<String>>>,
    pub(super) timeout: Option<Duration>,
    pub(super) policy: Option<IndexPolicy>,
}

impl<M> Clone for Wanted<M> {
    fn clone(&self) -> Self {
        Self {
            filter: self.filter.clone(),
            nearest: self.nearest.clone(),
            sort: self.sort.clone(),
            page: self.page,
            partial: self.partial,
            options: self.options.clone(),
            ids: self.ids.clone(),
            timeout: self.timeout,
            policy: self.policy,
        }
    }
}

impl<M: IndexSchema> Wanted<M> {
    /// The filter as the query reads its words.
    pub(super) fn render(&self) -> std::result::Result<Rendered, QueryError> {
        self.filter.render_as(self.options.reading)
    }

    /// Whether a document that the server found is what the filter means.
    pub(super) fn confirms(&self, document: &serde_json::Value) -> std::result::Result<bool, QueryError> {
        self.filter.confirms_json_as(document, self.options.reading)
    }
}

/// How many keys the server sorts by (`SORTASCMAP_MAXFIELDS` of RediSearch).
const MOST_KEYS: usize = 8;

/// A query that is ready to be sent.
pub(super) struct Prepared {
    pub(super) model: &'static str,
    pub(super) schema: &'static Schema,
    pub(super) index: String,
    pub(super) filter: Rendered,
    pub(super) options: SearchOptions,
    loads: Loads,
    witness: &'static str,
    pub(super) scores: bool,
    sort: Vec<(SearchName, Direction)>,
    /// How long the server may search.
    pub(super) timeout: Option<Duration>,
    /// How long the client waits, if not as the connection does.
    pub(super) deadline: Option<Duration>,
    pub(super) partial: bool,
    pub(super) policy: IndexPolicy,
}

impl Prepared {
    /// `None`: nothing can be found, and nothing need be asked.
    pub(super) fn new<M: Model, R: Row<M>>(wanted: &Wanted<M>, cache: &Cache) -> Result<Option<Self>> {
        if wanted.sort.len() > MOST_KEYS {
            return Err(QueryError::SortKeys { keys: wanted.sort.len(), most: MOST_KEYS }.into());
        }
        let mut filter = wanted.render()?;
        if let Some(nearest) = &wanted.nearest {
            filter = nearest.render(&filter)?;
        }
        let nothing = filter.is_nothing() || wanted.ids.as_ref().is_some_and(Vec::is_empty);
        if nothing {
            return Ok(None);
        }
        cache.capabilities().require_search("a query")?;
        cache.capabilities().require_coordinator("a query")?;
        let schema = M::schema();
        let mut loads = R::LOADS;
        // Whether it is meant is decided here, by what is in it.
        loads.document |= filter.is_inexact();
        let (timeout, deadline) = time_outs(wanted.timeout, cache);
        Ok(Some(Self {
            model: schema.model(),
            schema,
            index: schema.index_name(cache.keyspace()?),
            filter,
            options: SearchOptions { keys: keys(wanted, cache)?, ..wanted.options.clone() },
            loads,
            witness: schema.primary_key().next().unwrap_or_default(),
            scores: R::SCORES,
            sort: wanted.sort.iter().map(|key| (key.field(), key.direction())).collect(),
            timeout,
            deadline,
            partial: wanted.partial,
            policy: wanted.policy.unwrap_or(cache.policy()),
        }))
    }

    pub(super) fn request(&self, offset: u64, limit: u64) -> SearchRequest<'_> {
        SearchRequest {
            index: &self.index,
            filter: &self.filter,
            options: &self.options,
            loads: self.loads,
            witness: self.witness,
            scores: self.scores,
            sort: &self.sort,
            offset,
            limit,
            timeout: self.timeout,
        }
    }

    /// How the index is asked; by a verb that reads no documents, whatever its state.
    pub(super) fn question(&self, reads_documents: bool) -> Question<'_> {
        Question {
            schema: self.schema,
            index: &self.index,
            deadline: self.deadline,
            policy: reads_documents.then_some(self.policy),
        }
    }

    /// Whether what is found may be more than what is meant.
    pub(super) fn is_inexact(&self) -> bool {
        self.filter.is_inexact()
    }

    /// Whether a document that is not there can be told from one that is.
    pub(super) fn sees_documents(&self) -> bool {
        !self.loads.is_nothing()
    }

    /// Refuses an answer that may lack documents, unless that is allowed.
    pub(super) fn accept(&self, completeness: &Completeness) -> Result<()> {
        if self.partial || completeness.is_complete() {
            return Ok(());
        }
        Err(Error::Incomplete { model: self.model, completeness: completeness.clone() })
    }
}

fn keys<M: Model>(wanted: &Wanted<M>, cache: &Cache) -> Result<Option<Vec<Vec<u8>>>> {
    let Some(ids) = &wanted.ids else { return Ok(None) };
    let keyspace = cache.keyspace()?;
    let key_of = |parts: &Vec<String>| {
        let parts: Vec<_> = parts.iter().map(|part| part as &dyn std::fmt::Display).collect();
        let mut key = Vec::with_capacity(64);
        M::schema().write_key(keyspace, &mut key, &parts)?;
        Ok(key)
    };
    ids.iter().map(key_of).collect::<Result<_>>().map(Some)
}

/// How long the server may search, and how long the client waits if not as the connection does.
///
/// RESP2 does not say when an answer was cut short, so the server gets no time-out there and the client's deadline
/// alone decides. In RESP3 the server gets a little less than the client waits, so that the warning arrives before the
/// client gives up.
fn time_outs(asked: Option<Duration>, cache: &Cache) -> (Option<Duration>, Option<Duration>) {
    match (cache.capabilities().protocol, asked) {
        (Protocol::Resp2, asked) => (None, asked),
        (Protocol::Resp3, None) => (Some(cache.connection().deadline() * 9 / 10), None),
        (Protocol::Resp3, Some(asked)) => {
            (Some(asked), Some(cache.connection().deadline().max(asked.saturating_mul(2))))
        }
    }
}
