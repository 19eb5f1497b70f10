//! All documents of a model, by their keys.

use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::future::poll_fn;
use std::hash::{BuildHasher, RandomState};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use cache_index::{Command, DecodeError, Reply, Schema, text_of};
use futures_core::Stream;
use futures_core::future::BoxFuture;

use super::tour::Tour;
use crate::cache::Cache;
use crate::error::{BoxError, Error, Result};
use crate::model::Model;
use crate::primary_key::{DocumentKey, Id, ReadKey};

/// How many keys the server looks at before it answers. Measured with 400,000 keys, half of them the model's: ten
/// times as many are no faster (0.35 s for all, as compared to 0.40 s) and keep the server from others eight times as
/// long (12 ms a call, as compared to 1.5 ms).
const LOOKED_AT: u32 = 1_000;

/// Where a scan begins, and what the server says when it is over.
const START: &[u8] = b"0";

/// The keys of a model's documents, as they are on the server, in no order. Made by
/// [`CacheModel::keys`](crate::CacheModel::keys), which says what holds.
///
/// It is lazy and holds the keys of one answer of the server's. Dropped, it asks no more.
///
/// ```
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// User { id: 7 }.save(&cache).await?;
/// let mut keys = User::keys(&cache);
/// while let Some(key) = keys.next().await {
///     assert_eq!(key?, "cache:user:7");
/// }
/// # Ok(())
/// # }
/// ```
#[must_use = "a stream does nothing until it is asked for its next key"]
pub struct Keys<M> {
    scan: Scan,
    model: PhantomData<fn() -> M>,
}

/// The primary keys of a model's documents, in no order. Made by [`CacheModel::ids`](crate::CacheModel::ids), which
/// says what holds.
///
/// It is lazy and holds the keys of one answer of the server's. Dropped, it asks no more.
///
/// ```
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// for id in 1..=3 {
///     User { id }.save(&cache).await?;
/// }
/// let (mut ids, mut sum) = (User::ids(&cache), 0);
/// while let Some(id) = ids.next().await {
///     sum += id?; // a `u64` again
/// }
/// assert_eq!(sum, 6);
/// # Ok(())
/// # }
/// ```
#[must_use = "a stream does nothing until it is asked for its next id"]
pub struct Ids<M> {
    keys: Keys<M>,
}

impl<M: Model> Keys<M> {
    pub(crate) fn new(cache: &Cache) -> Self {
        Self { scan: Scan::of(cache, M::schema(), "`keys`"), model: PhantomData }
    }

    /// The next key; `None`: there is no more.
    ///
    /// Each question to the server waits until the connection's deadline. What a dropped call was waiting for is
    /// given to the next one.
    ///
    /// # Errors
    /// What kept the server from answering: then there is no more. [`Error::KeyWithoutId`] for a key that is no
    /// text, which no document of the model has: then there may be more.
    pub async fn next(&mut self) -> Option<Result<String>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl<M: Model> Stream for Keys<M> {
    type Item = Result<String>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let key = ready!(self.get_mut().scan.poll_next(context));
        Poll::Ready(key.map(|key| text::<M>(&key?)))
    }
}

impl<M: Model<PrimaryKey: ReadKey>> Ids<M> {
    pub(crate) fn new(cache: &Cache) -> Self {
        Self { keys: Keys { scan: Scan::of(cache, M::schema(), "`ids`"), model: PhantomData } }
    }

    /// The next id; `None`: there is no more.
    ///
    /// Each question to the server waits until the connection's deadline. What a dropped call was waiting for is
    /// given to the next one.
    ///
    /// # Errors
    /// What kept the server from answering: then there is no more. [`Error::KeyWithoutId`] for a key that no
    /// document of the model has, as `007` where ids are numbers: then there may be more.
    pub async fn next(&mut self) -> Option<Result<M::PrimaryKey>> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl<M: Model<PrimaryKey: ReadKey>> Stream for Ids<M> {
    type Item = Result<M::PrimaryKey>;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = self.get_mut();
        let key = ready!(Pin::new(&mut this.keys).poll_next(context));
        Poll::Ready(key.map(|key| read_id::<M>(&this.keys.scan.cache, key?.as_bytes())))
    }
}

/// How many documents with this prefix there are. A scan may show a key twice, so it is remembered which were counted.
pub(crate) async fn count_all(cache: &Cache, schema: &Schema) -> Result<u64> {
    let mut scan = Scan::of(cache, schema, "`count_all`");
    let hasher = RandomState::new();
    let mut counted = HashSet::new();
    while let Some(key) = scan.next().await {
        // Two keys of the same hash would count as one: of a billion keys, with a probability of three in a hundred.
        counted.insert(hasher.hash_one(key?));
    }
    Ok(counted.len() as u64)
}

/// Where a scan is: on which node, and where there.
struct Position {
    /// Through a cluster, once it has begun.
    tour: Option<Tour>,
    cursor: Bytes,
}

/// One answer of the server's: where it goes on, unless it has shown everything, and what it found.
type Page = (Option<Position>, Vec<Reply>);

/// The keys with a prefix: those that hold JSON, or all.
pub(crate) struct Scan {
    cache: Cache,
    kind: Option<&'static str>,
    prefix: Vec<u8>,
    pattern: Vec<u8>,
    /// Where the server goes on; `None`: it is asked, or has shown everything.
    position: Option<Position>,
    asking: Option<BoxFuture<'static, Result<Page>>>,
    found: VecDeque<Reply>,
    refused: Option<Error>,
}

impl Scan {
    pub(crate) fn of(cache: &Cache, schema: &Schema, what: &'static str) -> Self {
        let mut prefix = Vec::new();
        let refused = cache
            .capabilities()
            .require_json(what)
            .and_then(|()| {
                let keyspace = cache.keyspace()?;
                schema.check_namespace(keyspace)?;
                schema.write_key_start(keyspace, &mut prefix);
                Ok(())
            })
            .err();
        let start = Position { tour: None, cursor: Bytes::from_static(START) };
        let position = refused.is_none().then_some(start);
        Self { kind: Some("ReJSON-RL"), position, refused, ..Self::under(cache, prefix) }
    }

    /// Of all keys that begin like this.
    pub(crate) fn under(cache: &Cache, prefix: Vec<u8>) -> Self {
        Self {
            cache: cache.clone(),
            kind: None,
            pattern: pattern(&prefix),
            prefix,
            position: Some(Position { tour: None, cursor: Bytes::from_static(START) }),
            asking: None,
            found: VecDeque::new(),
            refused: None,
        }
    }

    fn has_ended(&self) -> bool {
        self.position.is_none() && self.asking.is_none() && self.found.is_empty()
    }

    /// The next key; `None`: there is no more.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes>> {
        poll_fn(|context| self.poll_next(context)).await
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes>>> {
        loop {
            if let Some(error) = self.refused.take() {
                return Poll::Ready(Some(Err(error)));
            }
            while let Some(key) = self.found.pop_front() {
                // The pattern says the same; a server that reads it otherwise shows nothing of others all the same.
                if let Reply::Bulk(key) = key
                    && key.len() > self.prefix.len()
                    && key.starts_with(&self.prefix)
                {
                    return Poll::Ready(Some(Ok(key)));
                }
            }
            if let Some(asking) = &mut self.asking {
                let answer = ready!(asking.as_mut().poll(context));
                self.asking = None;
                match answer {
                    Ok((position, found)) => (self.position, self.found) = (position, found.into()),
                    Err(error) => self.refused = Some(error),
                }
                continue;
            }
            let Some(position) = self.position.take() else { return Poll::Ready(None) };
            let command = command(&position.cursor, &self.pattern, self.kind);
            self.asking = Some(Box::pin(ask(self.cache.clone(), position, command)));
        }
    }
}

fn command(cursor: &[u8], pattern: &[u8], kind: Option<&str>) -> Command {
    let command = Command::new("SCAN").arg(cursor).arg("MATCH").arg(pattern);
    let command = match kind {
        Some(kind) => command.arg("TYPE").arg(kind),
        None => command,
    };
    command.arg("COUNT").arg_display(LOOKED_AT).repeatable()
}

async fn ask(cache: Cache, mut position: Position, mut command: Command) -> Result<Page> {
    if cache.asked(None).await?.cluster {
        // One node answers for itself alone.
        let tour = match position.tour.take() {
            Some(tour) => tour,
            None => Tour::begin(&cache).await?,
        };
        command = command.routed(tour.route());
        position.tour = Some(tour);
    }
    let reply = cache.command(command).await?;
    let unexpected = DecodeError::unexpected("a cursor and keys", reply.describe());
    if let Reply::Array(parts) = reply
        && let Ok([Reply::Bulk(cursor), Reply::Array(keys)]) = <[Reply; 2]>::try_from(parts)
    {
        if *cursor != *START {
            return Ok((Some(Position { cursor, ..position }), keys));
        }
        let tour = match position.tour {
            Some(tour) => tour.next(&cache).await?,
            None => None,
        };
        return Ok((tour.map(|tour| Position { tour: Some(tour), cursor }), keys));
    }
    Err(Error::Decode { command: "SCAN".to_owned(), source: unexpected })
}

/// The pattern of what begins with this prefix, whatever characters of patterns it has.
pub(crate) fn pattern(prefix: &[u8]) -> Vec<u8> {
    let mut pattern = Vec::with_capacity(prefix.len() + 1);
    for &byte in prefix {
        if b"*?[]\\^".contains(&byte) {
            pattern.push(b'\\');
        }
        pattern.push(byte);
    }
    pattern.push(b'*');
    pattern
}

fn text<M: Model>(key: &[u8]) -> Result<String> {
    String::from_utf8(key.to_vec()).map_err(|error| without_id::<M>(key, error))
}

/// The id that a document's key has in it.
pub(crate) fn read_id<M: Model<PrimaryKey: ReadKey>>(cache: &Cache, key: &[u8]) -> Result<M::PrimaryKey> {
    let (schema, keyspace) = (M::schema(), cache.keyspace()?);
    let mut start = Vec::new();
    schema.write_key_start(keyspace, &mut start);
    let (text, key) = (text::<M>(key)?, key);
    let text = text.get(start.len()..).unwrap_or_default();
    let parts = schema.read_id(text).map_err(|error| without_id::<M>(key, error))?;
    let id = M::PrimaryKey::read(&parts).map_err(|error| without_id::<M>(key, error))?;
    let mut written = Vec::new();
    id.borrowed().parts(|parts| schema.write_key(keyspace, &mut written, parts))?;
    if written == key {
        return Ok(id);
    }
    // The id names another key, so that `get` would not find what is here.
    let written = String::from_utf8_lossy(&written).into_owned();
    Err(without_id::<M>(key, format!("the key of this id is written `{written}`")))
}

fn without_id<M: Model>(key: &[u8], source: impl Into<BoxError>) -> Error {
    Error::KeyWithoutId { model: M::schema().model(), key: text_of(key), source: source.into() }
}

impl<M> fmt::Debug for Keys<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("prefix", &String::from_utf8_lossy(&self.scan.prefix))
            .field("ended", &self.scan.has_ended())
            .finish_non_exhaustive()
    }
}

impl<M> fmt::Debug for Ids<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Ids").field(&self.keys).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_their_prefix_alone() {
        assert_eq!(pattern(b"cache:user:"), b"cache:user:*");
        assert_eq!(pattern(br"a*b?c[d]e\f^:"), br"a\*b\?c\[d\]e\\f\^:*");
    }
}
