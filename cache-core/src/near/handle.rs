//! The handle whose reads are answered from memory.

use std::fmt;
use std::future::Future;
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use cache_index::{Batch, Command, Reply};
use tokio::time::Instant;

use super::line::Line;
use super::name::Name;
use super::status::NearStatus;
use super::store::{Counts, Document, MAX_KEY};
use super::table::{Joined, Key, Landed, Seat, Turn};
use crate::cache::{Cache, Sent};
use crate::clock::Moment;
use crate::document;
use crate::error::Result;
use crate::model::Model;
use crate::primary_key::Id;

/// How often somebody waits for who asks and gives up, before asking past them.
const ROUNDS: usize = 3;

/// A [`Cache`] that answers reads from memory, as long as the server says that nothing changed. Made by [`Cache::near`]; cheap
/// to clone, and every clone has the same documents. It derefs to the cache: everything else is done with it as with that.
///
/// What it guarantees:
///
/// - **A write of this handle is read by it.** [`get`](NearHandle::get) after a `save`, `patch`, `delete` or any other command
///   was answered, through this handle or a clone, is of that write or a later one.
/// - **Of others, it is told.** What somebody else writes is read as soon as the server has told of it, usually within a
///   millisecond. A document that is missing counts as one: it is kept that it is missing, until somebody writes it.
/// - **Nothing is older than three seconds because nobody told of it.** The line on which the server tells is asked every second
///   whether it is there. When it breaks, all that was kept is out of date at once; when it is silent, or this process or its
///   machine stood still, three seconds after the last question that was answered. Until it is there again every read asks the
///   server. Where invalidations wait in a busy server, they are as late as its other answers. A line is to the server that is written
///   to: when the connection of the cache was made anew, maybe to another one, so is the line, and until then nothing is believed.
/// - **Nothing is older than [`ttl`](crate::NearCache::ttl)**, nor than the document's own time to live, in any case.
///
/// So it is not the place for what must be current, such as permissions: a read may still give what was there before another
/// process's write, and two reads of different documents need not be of one moment. A user whose rights are taken away reads
/// what is kept until its `ttl`.
///
/// A read of one document that is being asked for waits for that answer; of many at once, one asks. A value is decoded once and
/// shared: to change one, [`get`](crate::CacheModel::get) it from the cache, which never answers from memory.
///
/// ```no_run
/// use std::sync::Arc;
/// use std::time::Duration;
///
/// use cache_core::{Cache, CacheModel, NearCache};
///
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User {
/// #     #[primary_key]
/// #     id: u32,
/// # }
/// # async fn example(cache: &Cache) -> cache_core::Result<()> {
/// let near = cache.near(NearCache::new().ttl(Duration::from_secs(60))).await?;
/// let user: Option<Arc<User>> = near.get(1).await?; // asks the server
/// let again: Option<Arc<User>> = near.get(1).await?; // from memory, unless somebody wrote it meanwhile
/// println!("{:?}, {}", near.status(), user.is_some() && again.is_some());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct NearHandle {
    pub(super) cache: Cache,
    settings: super::NearCache,
    pub(super) line: Arc<Line>,
}

impl NearHandle {
    pub(super) fn new(cache: Cache, settings: super::NearCache, line: Line) -> Self {
        Self { cache, settings, line: Arc::new(line) }
    }

    /// The document with this primary key, from memory if it is there; `None` if there is none.
    ///
    /// Bounded: where the line that tells of changes does not answer within the deadline of a read, the document is read past it,
    /// within another one. Of those who wait for somebody who gives up, one asks; after three who did, each by itself.
    ///
    /// # Errors
    /// As [`CacheModel::get`](crate::CacheModel::get).
    #[expect(clippy::needless_pass_by_value, reason = "an id is often a reference already")]
    pub fn get<M: Model>(
        &self,
        id: impl Id<M::PrimaryKey>,
    ) -> impl Future<Output = Result<Option<Arc<M>>>> + Send {
        let key = self.key::<M>(&id);
        async move {
            let key = key?;
            if let Some(epoch) = self.epoch(&key)
                && let Some(document) = self.line.store.table.get(&key, epoch.0, epoch.1)
                && let Ok(document) = typed::<M>(document)
            {
                self.line.store.counts.hits.add();
                return Ok(document);
            }
            // Apart, so that a hit does not carry what asking needs.
            Box::pin(self.ask_for::<M>(key.into_key())).await
        }
    }

    /// The documents with these primary keys, in this order; `None` where there is none. Those that are not in memory are asked
    /// for in one round trip for every 250.
    ///
    /// Where one of these is not answered within the deadline of a read, or the line breaks, what is left is read past it, as
    /// [`get`](NearHandle::get) does; all documents that others ask for already are waited for together, within another one.
    ///
    /// # Errors
    /// As [`CacheModel::get_many`](crate::CacheModel::get_many).
    pub fn get_many<M, I>(&self, ids: I) -> impl Future<Output = Result<Vec<Option<Arc<M>>>>> + Send
    where
        M: Model,
        I: IntoIterator<Item: Id<M::PrimaryKey>>,
    {
        let keys: Result<Vec<Key>> = ids.into_iter().map(|id| Ok(self.key::<M>(&id)?.into_key())).collect();
        async move { self.ask_for_many::<M>(keys?).await }
    }

    /// What it does, in numbers.
    pub fn status(&self) -> NearStatus {
        let (store, now) = (&self.line.store, Moment::now());
        let of = |count: &std::sync::atomic::AtomicU64| count.load(Ordering::Relaxed);
        NearStatus {
            tracked: store.trust.epoch(now).is_some(),
            class: store.class(),
            documents: store.table.len(),
            hits: store.counts.hits.sum(),
            misses: of(&store.counts.misses),
            bypassed: of(&store.counts.bypassed),
            invalidations: of(&store.counts.invalidations),
            losses: store.trust.losses(),
        }
    }

    /// The cache, whose reads are not answered from memory, and whose writes are forgotten there.
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    fn key<M: Model>(&self, id: &impl Id<M::PrimaryKey>) -> Result<Name> {
        Ok(Name::of(M::schema(), self.cache.keyspace()?, id)?)
    }

    /// The epoch, and the moment of which it is; `None`: this document is read past the near cache.
    pub(super) fn epoch(&self, key: &[u8]) -> Option<(u64, Moment)> {
        let now = Moment::now();
        let epoch = self.line.store.trust.epoch(now).filter(|_| key.len() <= MAX_KEY);
        Some((epoch?, now))
    }

    /// Asks the server for one document, or waits for who does.
    async fn ask_for<M: Model>(&self, key: Key) -> Result<Option<Arc<M>>> {
        // What a cache that is degraded answers, its connection knows.
        for _ in 0..ROUNDS {
            let Some((epoch, now)) = self.epoch(&key).filter(|_| self.cache.is_enabled()) else { break };
            let landed = match self.line.store.table.enter(&key, epoch, now) {
                Seat::Hit(document) => Some(Ok(document)),
                Seat::Join(joined) => {
                    // As long as asking may take.
                    let end = Instant::now().checked_add(self.cache.connection().deadline());
                    match self.wait(joined, end).await {
                        Some(landed) => landed,
                        None => break,
                    }
                }
                // What an invalidation that is owed had forgotten is not to be kept in a place that was taken behind it.
                Seat::Lead(_) if !self.cache.is_enabled() => break,
                Seat::Lead(turn) => self.ask::<M>(vec![turn]).await.pop(),
            };
            Counts::add(&self.line.store.counts.misses);
            match landed {
                Some(Ok(document)) => match typed(document) {
                    Ok(document) => return Ok(document),
                    // Of another model under the same key.
                    Err(_) => break,
                },
                Some(Err(error)) => match Arc::try_unwrap(error) {
                    Ok(error) if !error.is_unavailable() => return Err(error),
                    // Whoever shares an error asks for one of their own.
                    _ => break,
                },
                None => {}
            }
        }
        self.pass::<M>(&key).await
    }

    /// Waits for who asks; the inner `None`: they gave up. No longer than until then: they may never go on.
    pub(super) async fn wait(
        &self,
        joined: Joined<Document>,
        end: Option<Instant>,
    ) -> Option<Option<Landed<Document>>> {
        match end {
            Some(end) => tokio::time::timeout_at(end, joined.landed()).await.ok(),
            None => Some(joined.landed().await),
        }
    }

    /// Asks the server, on the line where it tells of changes from then on. One outcome each.
    pub(super) async fn ask<M: Model>(&self, turns: Vec<Turn<Document>>) -> Vec<Landed<Document>> {
        let began = Moment::now();
        let entry = |name, key: &[u8]| self.cache.entry(Command::new(name).key(key).repeatable());
        let commands =
            turns.iter().flat_map(|turn| [entry("JSON.GET", turn.key()), entry("PTTL", turn.key())]);
        let batch = Batch::pipeline(commands.collect());
        let answers = async {
            self.cache.require_json("`get`")?;
            let observed = self.cache.observe(Sent::Many(&batch));
            // Behind the epoch: one that began on a line that was made anew is asked there.
            let tracked = self.line.tracked();
            observed.around(tracked.send_all(batch)).await
        };
        let mut answers = match answers.await {
            Ok(answers) => answers.into_iter(),
            Err(error) => {
                let error = Arc::new(error);
                return turns.into_iter().map(|turn| landed(turn, Err(Arc::clone(&error)), None)).collect();
            }
        };
        let outcome = |turn: Turn<Document>| {
            let mut next = || answers.next().unwrap_or(Ok(Reply::Nil));
            let (document, left) = (next(), next());
            let document = document.and_then(|reply| document::decode_reply::<M>(turn.key(), reply));
            let document = document.map(|found| found.map(|found| Arc::new(found) as _)).map_err(Arc::new);
            let left = left.ok().and_then(|left| left.as_int());
            let expires = match (&document, left) {
                // It ended in between, or has no end.
                (Ok(Some(_)), Some(left)) if left >= 0 => {
                    // It counts in milliseconds, of a moment that may be one ago.
                    let left =
                        std::time::Duration::from_millis(u64::try_from(left).unwrap_or(0).saturating_sub(1));
                    Some(began.after(left.min(self.settings.ttl)))
                }
                (Ok(Some(_)), Some(-1)) | (Ok(None), _) => Some(began.after(self.settings.ttl)),
                _ => None,
            };
            landed(turn, document, expires)
        };
        turns.into_iter().map(outcome).collect()
    }

    /// Reads past the near cache.
    async fn pass<M: Model>(&self, key: &[u8]) -> Result<Option<Arc<M>>> {
        Counts::add(&self.line.store.counts.bypassed);
        self.line.keep();
        let command = self.cache.entry(Command::new("JSON.GET").key(key).repeatable());
        let found = self.cache.or_without(document::get_at::<M>(&self.cache, Ok(command)).await, || None)?;
        Ok(found.map(Arc::new))
    }
}

fn landed(turn: Turn<Document>, outcome: Landed<Document>, expires: Option<Moment>) -> Landed<Document> {
    turn.land(outcome.clone(), expires);
    outcome
}

/// The document as one of this model.
pub(super) fn typed<M: Model>(document: Document) -> std::result::Result<Option<Arc<M>>, ()> {
    document.map(|document| document.downcast::<M>().map_err(drop)).transpose()
}

impl Deref for NearHandle {
    type Target = Cache;

    fn deref(&self) -> &Cache {
        &self.cache
    }
}

impl AsRef<Cache> for NearHandle {
    fn as_ref(&self) -> &Cache {
        &self.cache
    }
}

impl fmt::Debug for NearHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NearHandle")
            .field("cache", &self.cache)
            .field("settings", &self.settings)
            .field("status", &self.status())
            .finish()
    }
}
