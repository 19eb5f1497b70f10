//! Many documents at once, from memory and from the server.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use cache_index::Command;
use tokio::time::Instant;

use super::handle::{NearHandle, typed};
use super::store::{Counts, Document};
use super::table::{Key, Landed, Seat};
use crate::clock::Moment;
use crate::document::{self, CHUNK};
use crate::error::Result;
use crate::model::Model;

impl NearHandle {
    /// Documents from memory, and the others from the server.
    pub(super) async fn ask_for_many<M: Model>(&self, keys: Vec<Key>) -> Result<Vec<Option<Arc<M>>>> {
        let store = &self.line.store;
        let began = store.trust.epoch(Moment::now());
        let mut found: Vec<Option<Landed<Document>>> = Vec::with_capacity(keys.len());
        let (mut leads, mut joins) = (Vec::new(), Vec::new());
        for (at, key) in keys.iter().enumerate() {
            let trusted = self.epoch(key).filter(|_| self.cache.is_enabled());
            let seat = trusted.map(|(epoch, now)| store.table.enter(key, epoch, now));
            found.push(match seat {
                Some(Seat::Hit(document)) => {
                    store.counts.hits.add();
                    Some(Ok(document))
                }
                Some(Seat::Join(joined)) => {
                    joins.push((at, joined));
                    None
                }
                Some(Seat::Lead(turn)) => {
                    leads.push((at, turn));
                    None
                }
                None => None,
            });
        }
        let mut take = |at: usize, landed| {
            Counts::add(&store.counts.misses);
            if let Some(found) = found.get_mut(at) {
                *found = landed;
            }
        };
        // Looked at again: what an invalidation that is owed had forgotten is not to be kept in a place that was taken behind it.
        let mut answers = self.cache.is_enabled();
        while answers && !leads.is_empty() {
            let rest = leads.split_off(leads.len().min(CHUNK / 2));
            let (places, turns): (Vec<_>, Vec<_>) = std::mem::replace(&mut leads, rest).into_iter().unzip();
            let asked = self.ask::<M>(turns).await;
            // Asked once more for what is left, a line that does not answer takes another deadline.
            let is_lost =
                |landed: &Landed<Document>| landed.as_ref().is_err_and(|error| error.is_unavailable());
            answers = !asked.iter().any(is_lost) && store.trust.epoch(Moment::now()) == began;
            for (at, landed) in places.into_iter().zip(asked) {
                take(at, Some(landed));
            }
        }
        // What is left is read past, and whoever waits for it asks.
        drop(leads);
        // What was asked for here has come by now: two that ask for each other's documents do not wait for each other. All
        // together have one deadline, and none if there is no answer to be had: then only what has come is taken.
        let now = Instant::now();
        let end = if answers { now.checked_add(self.cache.connection().deadline()) } else { Some(now) };
        for (at, joined) in joins {
            take(at, self.wait(joined, end).await.flatten());
        }
        let (mut documents, mut past) = (Vec::with_capacity(keys.len()), Vec::new());
        for (at, (key, landed)) in keys.into_iter().zip(found).enumerate() {
            documents.push(match landed {
                Some(Ok(document)) => typed(document).unwrap_or_else(|()| {
                    past.push((at, key));
                    None
                }),
                Some(Err(error)) => match Arc::try_unwrap(error) {
                    Ok(error) if !error.is_unavailable() => return Err(error),
                    _ => {
                        past.push((at, key));
                        None
                    }
                },
                None => {
                    past.push((at, key));
                    None
                }
            });
        }
        if !past.is_empty() {
            self.pass_many(past, &mut documents).await?;
        }
        Ok(documents)
    }

    /// Reads many past the near cache.
    async fn pass_many<M: Model>(
        &self,
        past: Vec<(usize, Key)>,
        documents: &mut [Option<Arc<M>>],
    ) -> Result<()> {
        let count = u64::try_from(past.len()).unwrap_or_default();
        self.line.store.counts.bypassed.fetch_add(count, Ordering::Relaxed);
        self.line.keep();
        let start = || self.cache.entry(Command::new("JSON.MGET").repeatable());
        let chunks = past.chunks(CHUNK).map(|keys| keys.iter().fold(start(), |all, (_, key)| all.key(key)));
        let read = document::get_many_at::<M>(&self.cache, Ok(chunks.collect())).await?;
        for ((at, _), found) in past.into_iter().zip(read) {
            if let Some(document) = documents.get_mut(at) {
                *document = found.map(Arc::new);
            }
        }
        Ok(())
    }
}
