//! The same partial update of many documents, by their keys.

use std::marker::PhantomData;

use bytes::Bytes;

use super::call::{Call, claims};
use super::change::complete;
use super::{Changes, EachDocument};
use crate::cache::Cache;
use crate::document::unique;
use crate::error::{Error, Result};
use crate::model::Model;

impl<M: Model> Changes<M> {
    /// No changes yet.
    pub fn new() -> Self {
        Self { target: EachDocument, changes: Vec::new(), refused: None, model: PhantomData }
    }

    /// Refuses changes with which something is wrong, whatever the document.
    pub(crate) fn ready(mut self) -> Result<Self> {
        if let Some(refused) = self.refused.take() {
            return Err(refused);
        }
        self.changes = complete::<M>(self.changes)?;
        Ok(self)
    }

    /// Changes the documents with these keys, each in one atomic step, all in one pipeline: whether each was there.
    pub(crate) async fn send_to(&self, cache: &Cache, keys: &[Bytes]) -> Vec<Result<bool>> {
        let mut calls = Vec::with_capacity(keys.len());
        let refused: Vec<Result<()>> = keys
            .iter()
            .map(|key| {
                let changes = self.changes.clone();
                let claims = claims::<M>(cache, key, &changes)?;
                let fence = cache.carried(M::schema(), key)?;
                calls.push(Call { key: key.clone(), get: false, changes, claims, fence });
                Ok(())
            })
            .collect();
        let (answers, _) = unique::run_many(cache, &mut calls).await;
        let mut answered = calls.into_iter().zip(answers);
        let mut results = Vec::with_capacity(refused.len());
        for refused in refused {
            let result = match refused {
                Err(error) => Err(error),
                Ok(()) => match answered.next() {
                    None => Ok(false),
                    Some((call, Ok(reply))) => call.finish::<M>(cache, reply).await.map(|_| true),
                    Some((_, Err(error))) => Err(error),
                },
            };
            results.push(match result {
                Err(Error::NotFound { .. }) => Ok(false),
                other => other,
            });
        }
        results
    }
}

impl<M: Model> Default for Changes<M> {
    fn default() -> Self {
        Self::new()
    }
}
