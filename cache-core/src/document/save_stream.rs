//! Saving what a stream brings, of any length, in bounded memory.

use std::borrow::Borrow;
use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_core::future::BoxFuture;

use super::bulk::Chunk;
use super::saved::Saved;
use crate::cache::Cache;
use crate::error::Result;
use crate::model::Model;

/// The results of saving what a stream brings: one for each document, in order. Made by
/// [`CacheModel::save_stream`](crate::CacheModel::save_stream).
///
/// It is lazy: documents are taken from the source and saved while results are asked for. At most one pipeline of
/// documents and one of results are held. A source that has nothing right now does not keep what it gave from being
/// saved. Dropped, it saves no more; the pipeline that was under way may or may not have been saved.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel};
/// # use futures_core::Stream;
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: u64 }
/// # async fn example(cache: Cache, users: impl Stream<Item = User>) {
/// let (mut results, mut stored, mut failed) = (User::save_stream(&cache, users), 0, 0);
/// while let Some(result) = results.next().await {
///     match result {
///         Ok(_) => stored += 1,
///         Err(error) => {
///             failed += 1; // the others are saved all the same
///             println!("the {}th: {error}", stored + failed);
///         }
///     }
/// }
/// # }
/// ```
#[must_use = "a stream does nothing until it is asked for its next result"]
pub struct SaveStream<M, S> {
    cache: Cache,
    source: Option<Pin<Box<S>>>,
    sending: Option<BoxFuture<'static, Vec<Result<Saved>>>>,
    ready: VecDeque<Result<Saved>>,
    model: PhantomData<fn() -> M>,
}

impl<M: Model, S: Stream<Item: Borrow<M>>> SaveStream<M, S> {
    pub(crate) fn new(cache: &Cache, source: S) -> Self {
        Self {
            cache: cache.clone(),
            source: Some(Box::pin(source)),
            sending: None,
            ready: VecDeque::new(),
            model: PhantomData,
        }
    }

    /// The next result; `None`: the source has ended and everything is answered.
    ///
    /// Waits for the source as long as it takes, and for the server until the connection's deadline. What a dropped
    /// call was waiting for is given to the next one.
    pub async fn next(&mut self) -> Option<Result<Saved>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }

    /// What the source has right now, not more than a pipeline takes. The source is dropped when it has ended.
    fn take(&mut self, context: &mut Context<'_>) -> Chunk {
        let mut chunk = Chunk::default();
        while let Some(source) = &mut self.source
            && !chunk.is_full()
        {
            match source.as_mut().poll_next(context) {
                Poll::Ready(Some(model)) => chunk.push::<M>(&self.cache, model.borrow()),
                Poll::Ready(None) => self.source = None,
                Poll::Pending => break,
            }
        }
        chunk
    }
}

impl<M: Model, S: Stream<Item: Borrow<M>>> Stream for SaveStream<M, S> {
    type Item = Result<Saved>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        loop {
            if let Some(result) = this.ready.pop_front() {
                return Poll::Ready(Some(result));
            }
            if let Some(sending) = &mut this.sending {
                let Poll::Ready(results) = sending.as_mut().poll(context) else { return Poll::Pending };
                this.sending = None;
                this.ready = results.into();
                continue;
            }
            let chunk = this.take(context);
            if chunk.is_empty() {
                return if this.source.is_none() { Poll::Ready(None) } else { Poll::Pending };
            }
            let cache = this.cache.clone();
            this.sending = Some(Box::pin(async move { chunk.send(&cache).await.0 }));
        }
    }
}

impl<M, S> fmt::Debug for SaveStream<M, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SaveStream")
            .field("ended", &self.source.is_none())
            .field("sending", &self.sending.is_some())
            .field("ready", &self.ready.len())
            .finish_non_exhaustive()
    }
}
