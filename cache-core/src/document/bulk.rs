//! Many documents at once: pipelines of bounded size, one result for each document, in order.

use std::borrow::Borrow;

use super::expiry::Expiry;
use super::keyed::{CHUNK, CHUNK_BYTES};
use super::saved::Saved;
use super::together;
use super::write::{Condition, Write};
use crate::begun::{Begun, begin};
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::model::Model;

/// Documents that travel together.
#[derive(Default)]
pub(super) struct Chunk {
    /// Each document, or why it cannot be written.
    documents: Vec<Result<Write>>,
    bytes: usize,
}

impl Chunk {
    /// Adds a document. One that cannot be written is an error of its own and does not keep the others.
    pub(super) fn push<M: Model>(&mut self, cache: &Cache, model: &M) {
        let write = cache
            .require_json("`save_many`")
            .and_then(|()| Write::new(model, cache, Condition::Any, Expiry::Model));
        self.bytes += write.as_ref().map_or(0, Write::size);
        self.documents.push(write);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.documents.is_empty()
    }

    pub(super) fn is_full(&self) -> bool {
        self.documents.len() >= CHUNK || self.bytes >= CHUNK_BYTES
    }

    /// Writes the documents, in one round trip where none is refused and none has unique values that changed. The flag says whether the
    /// server could be reached.
    pub(super) async fn send(self, cache: &Cache) -> (Vec<Result<Saved>>, bool) {
        let mut writes = Vec::with_capacity(self.documents.len());
        let refused: Vec<_> =
            self.documents.into_iter().map(|write| write.map(|write| writes.push(write))).collect();
        let (saved, reached) = if together::is_possible(cache, &writes) {
            together::store(cache, &mut writes).await
        } else {
            together::one_by_one(cache, &mut writes).await
        };
        let mut saved = saved.into_iter();
        let results = refused.into_iter().map(|document| {
            document?;
            match saved.next() {
                Some(saved) => cache.or_without(saved, Saved::not),
                None => Err(not_sent()),
            }
        });
        (results.collect(), reached)
    }
}

pub(crate) fn save_many<M, I>(cache: &Cache, models: I) -> impl Future<Output = Vec<Result<Saved>>> + Send
where
    M: Model,
    I: IntoIterator<Item: Borrow<M>, IntoIter: Send>,
{
    let mut models = models.into_iter();
    async move {
        let mut results = Vec::with_capacity(models.size_hint().0);
        let mut under_way: Option<Begun<_>> = None;
        loop {
            // While the server stores a chunk, the next one is written here.
            let mut chunk = Chunk::default();
            while !chunk.is_full()
                && let Some(model) = models.next()
            {
                chunk.push::<M>(cache, model.borrow());
            }
            if let Some(stored) = under_way.take() {
                let (answers, reached): (Vec<Result<Saved>>, bool) = stored.end().await;
                results.extend(answers);
                if !reached {
                    // Each further chunk would wait for its own deadline.
                    let left = chunk.documents.len() + models.count();
                    results.extend((0..left).map(|_| cache.or_without(Err(not_sent()), Saved::not)));
                    return results;
                }
            }
            if chunk.is_empty() {
                return results;
            }
            under_way = Some(begin(chunk.send(cache)).await);
        }
    }
}

fn not_sent() -> Error {
    Error::Unavailable {
        reason: "not sent, since documents before it were not answered".to_owned(),
        source: None,
    }
}
