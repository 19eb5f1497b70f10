//! What every model can do with its documents.

use std::borrow::Borrow;
use std::future::Future;
use std::time::{Duration, SystemTime};

use cache_index::Filter;
use futures_core::Stream;

use crate::cache::Cache;
use crate::document::{self, Condition, Expiry, Ids, Keys, Patch, SaveStream, Saved, Ttl};
use crate::error::Result;
use crate::load::{self, Load, LoadError};
use crate::model::{Indexed, Model};
use crate::primary_key::{Id, ReadKey};
use crate::query::Query;

/// A struct that is stored as a JSON document under its primary key. Every [`Model`] is one; `#[derive(CacheModel)]`
/// makes a struct a model.
///
/// ```no_run
/// use cache_core::{Cache, CacheModel};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize, CacheModel)]
/// #[cache(prefix = "session", ttl = "30m")]
/// struct Session {
///     #[primary_key]
///     id: String,
///     user: String,
/// }
///
/// # async fn example(cache: Cache) -> cache_core::Result<()> {
/// let session = Session { id: "s1".to_owned(), user: "ann".to_owned() };
/// session.save(&cache).await?;
/// assert!(Session::get(&cache, "s1").await?.is_some());
/// # Ok(())
/// # }
/// ```
#[doc(alias = "JsonModel")]
#[doc(alias = "BaseCache")]
pub trait CacheModel: Model {
    /// Stores the document, whether or not one is there with this primary key.
    ///
    /// A model with a `ttl` starts it anew, in the same atomic step as the write. A model without one leaves the
    /// time to live as it is: none for a new document, what [`CacheModel::expire`] set for one that was there.
    ///
    /// With a `#[version]`, what is there must have the version of this document, 0 for one that was never saved; what
    /// is stored has the next one, which [`Saved::version`] tells. Values of `#[unique]` fields are claimed, and those
    /// that the document had before are given up, in the same atomic step (on a cluster: see the README).
    ///
    /// When the future is dropped, or fails because no answer came, the document may or may not be stored.
    ///
    /// # Errors
    /// [`Error::VersionConflict`](crate::Error::VersionConflict) if somebody else wrote or deleted it since it was read,
    /// [`Error::NotUnique`](crate::Error::NotUnique) if another document has a value that is unique,
    /// [`Error::NulCharacter`](crate::Error::NulCharacter) if an indexed string holds U+0000,
    /// [`Error::Name`](crate::Error::Name) if the primary key is empty,
    /// [`Error::Serialize`](crate::Error::Serialize) if serde cannot write the document, in debug builds
    /// [`Error::NotIndexable`](crate::Error::NotIndexable) if serde writes it so that the index would not take it, or
    /// what kept the server from storing it.
    #[doc(alias = "upsert")]
    fn save(&self, cache: &Cache) -> impl Future<Output = Result<Saved>> + Send {
        document::write(self, cache, Condition::Any, Expiry::Model, "`save`")
    }

    /// As [`save`](CacheModel::save), with a time to live of its own, set in the same atomic step.
    ///
    /// ```no_run
    /// # use cache_core::{Cache, CacheModel};
    /// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
    /// # struct Session { #[primary_key] id: String }
    /// # async fn example(cache: Cache, session: Session) -> cache_core::Result<()> {
    /// use std::time::Duration;
    /// use cache_core::Expiry;
    ///
    /// session.save_with(&cache, Expiry::After(Duration::from_secs(60))).await?; // a minute from now
    /// session.save_with(&cache, Expiry::Keep).await?; // whatever is left of it
    /// session.save_with(&cache, Expiry::Never).await?; // until it is deleted
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`save`](CacheModel::save).
    #[doc(alias = "keep_ttl")]
    fn save_with(&self, cache: &Cache, expiry: Expiry) -> impl Future<Output = Result<Saved>> + Send {
        document::write(self, cache, Condition::Any, expiry, "`save_with`")
    }

    /// Stores the document if none is there with this primary key. Of many that try at once, one does.
    ///
    /// That one is there already is an error and no answer, so that it cannot be overlooked; ask
    /// [`Error::is_already_exists`](crate::Error::is_already_exists) where it is an expected outcome. The document
    /// that is there, and its time to live, are left alone.
    ///
    /// When the future is dropped, or fails because no answer came, the document may or may not be stored; a second
    /// try then finds its own document.
    ///
    /// # Errors
    /// [`Error::AlreadyExists`](crate::Error::AlreadyExists) if one is there; else as [`save`](CacheModel::save).
    #[doc(alias = "create")]
    fn insert(&self, cache: &Cache) -> impl Future<Output = Result<Saved>> + Send {
        document::write(self, cache, Condition::New, Expiry::Model, "`insert`")
    }

    /// As [`insert`](CacheModel::insert), with a time to live of its own, set in the same atomic step.
    ///
    /// # Errors
    /// As [`insert`](CacheModel::insert).
    fn insert_with(&self, cache: &Cache, expiry: Expiry) -> impl Future<Output = Result<Saved>> + Send {
        document::write(self, cache, Condition::New, expiry, "`insert_with`")
    }

    /// Stores the document if one is there with this primary key.
    ///
    /// When the future is dropped, or fails because no answer came, the document may or may not be replaced.
    ///
    /// # Errors
    /// [`Error::NotFound`](crate::Error::NotFound) if none is there; else as [`save`](CacheModel::save).
    #[doc(alias = "update")]
    fn replace(&self, cache: &Cache) -> impl Future<Output = Result<Saved>> + Send {
        document::write(self, cache, Condition::There, Expiry::Model, "`replace`")
    }

    /// As [`replace`](CacheModel::replace), with a time to live of its own, set in the same atomic step.
    ///
    /// # Errors
    /// As [`replace`](CacheModel::replace).
    fn replace_with(&self, cache: &Cache, expiry: Expiry) -> impl Future<Output = Result<Saved>> + Send {
        document::write(self, cache, Condition::There, expiry, "`replace_with`")
    }

    #[doc = include_str!("cache_model/save_many.md")]
    fn save_many<I>(cache: &Cache, models: I) -> impl Future<Output = Vec<Result<Saved>>> + Send
    where
        I: IntoIterator<Item: Borrow<Self>, IntoIter: Send>,
    {
        document::save_many::<Self, I>(cache, models)
    }

    /// Stores what a stream brings, as [`save_many`](CacheModel::save_many) does, however long the stream is: a
    /// stream of the results, in order.
    ///
    /// ```no_run
    /// # use cache_core::{Cache, CacheModel};
    /// # use futures_core::Stream;
    /// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
    /// # struct User { #[primary_key] id: String }
    /// # async fn example(cache: Cache, users: impl Stream<Item = User>) -> cache_core::Result<()> {
    /// let mut results = User::save_stream(&cache, users);
    /// while let Some(result) = results.next().await {
    ///     result?;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    fn save_stream<S>(cache: &Cache, models: S) -> SaveStream<Self, S>
    where
        S: Stream<Item: Borrow<Self>>,
    {
        SaveStream::new(cache, models)
    }

    /// A partial update of the document with this primary key: only some fields, in one atomic step, without reading
    /// it first. See [`Patch`].
    #[doc(alias = "update")]
    #[doc(alias = "increment")]
    fn patch(id: impl Id<Self::PrimaryKey>) -> Patch<Self> {
        Patch::of(id)
    }

    /// All documents, to be narrowed down with [`filter`](Query::filter). For models with an index.
    fn find() -> Query<Self>
    where
        Self: Indexed,
    {
        Query::new(Filter::all())
    }

    /// The document with this primary key; `None` if there is none. A key read, never a search.
    ///
    /// # Errors
    /// [`Error::Document`](crate::Error::Document) if what is stored is not this model, or what kept the server
    /// from answering.
    #[doc(alias = "find_by_pk")]
    fn get(
        cache: &Cache,
        id: impl Id<Self::PrimaryKey>,
    ) -> impl Future<Output = Result<Option<Self>>> + Send {
        document::get(cache, id)
    }

    #[doc = include_str!("cache_model/get_or_insert_with.md")]
    #[doc(alias = "get_or_create")]
    fn get_or_insert_with<F>(
        cache: &Cache,
        id: impl Id<Self::PrimaryKey>,
        make: F,
    ) -> impl Future<Output = Result<Self>> + Send
    where
        F: FnOnce() -> Self + Send,
    {
        document::get_or_insert_with(cache, id, make)
    }

    /// The documents with these primary keys, in this order; `None` where there is none.
    ///
    /// One round trip for every 500 ids, or megabyte of keys. What is changed meanwhile is seen by some of them.
    ///
    /// # Errors
    /// [`Error::Document`](crate::Error::Document) if one of them is not this model, or what kept the server from
    /// answering.
    fn get_many<I>(cache: &Cache, ids: I) -> impl Future<Output = Result<Vec<Option<Self>>>> + Send
    where
        I: IntoIterator<Item: Id<Self::PrimaryKey>>,
    {
        document::get_many(cache, ids)
    }

    /// How a copy of what is slow to get is got: from the server, or, if it is not there, from where it comes from. See
    /// [`Load`].
    fn load(id: impl Id<Self::PrimaryKey>) -> Load<Self> {
        Load::of(id)
    }

    /// The document with this primary key; if there is none, what the loader brings, which is stored first, once for all
    /// that ask at the same time; `None` if that is nothing. See [`Load::get`], which [`load`](CacheModel::load) has
    /// with options.
    ///
    /// ```no_run
    /// # use cache_core::{Cache, CacheModel};
    /// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
    /// # #[cache(ttl = "10m")]
    /// # struct Price { #[primary_key] article: u64, cents: i64 }
    /// # async fn ask_the_shop(article: u64) -> Result<Option<Price>, std::io::Error> { Ok(None) }
    /// # async fn example(cache: Cache) -> Result<(), Box<dyn std::error::Error>> {
    /// let price = Price::get_or_load(&cache, 7, || ask_the_shop(7)).await?;
    /// # let _ = price;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As [`Load::get`].
    fn get_or_load<F, Fut, E>(
        cache: &Cache,
        id: impl Id<Self::PrimaryKey>,
        loader: F,
    ) -> impl Future<Output = Result<Option<Self>, LoadError<E>>> + Send
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output = Result<Option<Self>, E>> + Send,
        E: Send + Sync + 'static,
    {
        Load::of(id).get(cache, loader)
    }

    /// Drops what is stored of the document with this primary key, and what is being [loaded](CacheModel::load) for it: no
    /// load that began before this ended is stored after it, and none is answered to whoever asks after it. To be called
    /// when the source has changed, after it has. [`delete`](CacheModel::delete) leaves loads under way alone.
    ///
    /// # Errors
    /// What kept the server from doing it; a [degraded](Cache::connect_or_degrade) cache does it later.
    fn invalidate(cache: &Cache, id: impl Id<Self::PrimaryKey>) -> impl Future<Output = Result<()>> + Send {
        load::invalidate::<Self>(cache, id)
    }

    /// As [`invalidate`](CacheModel::invalidate), for many, in round trips of some hundred.
    ///
    /// # Errors
    /// As [`invalidate`](CacheModel::invalidate); some may be dropped then.
    fn invalidate_many<I>(cache: &Cache, ids: I) -> impl Future<Output = Result<()>> + Send
    where
        I: IntoIterator<Item: Id<Self::PrimaryKey>>,
    {
        load::invalidate_many::<Self, I>(cache, ids)
    }

    /// Deletes this document, whatever its version; `false` if it was not there.
    ///
    /// # Errors
    /// What kept the server from deleting it.
    fn delete(&self, cache: &Cache) -> impl Future<Output = Result<bool>> + Send {
        document::delete::<Self>(cache, self.primary_key())
    }

    /// Deletes the document with this primary key; `false` if it was not there.
    ///
    /// # Errors
    /// What kept the server from deleting it.
    fn delete_by_id(
        cache: &Cache,
        id: impl Id<Self::PrimaryKey>,
    ) -> impl Future<Output = Result<bool>> + Send {
        document::delete::<Self>(cache, id)
    }

    /// Deletes the documents with these primary keys, and says how many were there.
    ///
    /// One round trip for every 500 ids, or megabyte of keys. When the future is dropped or fails, some of them may be
    /// deleted.
    ///
    /// # Errors
    /// What kept the server from deleting them.
    fn delete_many<I>(cache: &Cache, ids: I) -> impl Future<Output = Result<u64>> + Send
    where
        I: IntoIterator<Item: Id<Self::PrimaryKey>>,
    {
        document::delete_many::<Self, I>(cache, ids)
    }

    /// Whether there is a document with this primary key.
    ///
    /// # Errors
    /// What kept the server from answering.
    fn exists(cache: &Cache, id: impl Id<Self::PrimaryKey>) -> impl Future<Output = Result<bool>> + Send {
        document::exists::<Self>(cache, id)
    }

    /// How long the document with this primary key will live.
    ///
    /// # Errors
    /// What kept the server from answering.
    fn ttl(cache: &Cache, id: impl Id<Self::PrimaryKey>) -> impl Future<Output = Result<Ttl>> + Send {
        document::ttl::<Self>(cache, id)
    }

    /// Lets the document live this long from now, in milliseconds' precision; `false` if it is not there. Zero
    /// deletes it.
    ///
    /// # Errors
    /// What kept the server from doing it.
    fn expire(
        cache: &Cache,
        id: impl Id<Self::PrimaryKey>,
        after: Duration,
    ) -> impl Future<Output = Result<bool>> + Send {
        document::expire::<Self>(cache, id, after)
    }

    /// Lets the document live until this time of the server's clock, in milliseconds' precision; `false` if it is not
    /// there. A time in the past deletes it.
    ///
    /// # Errors
    /// What kept the server from doing it.
    fn expire_at(
        cache: &Cache,
        id: impl Id<Self::PrimaryKey>,
        at: SystemTime,
    ) -> impl Future<Output = Result<bool>> + Send {
        document::expire_at::<Self>(cache, id, at)
    }

    /// Lets the document live until it is deleted; `false` if it is not there or has no time to live.
    ///
    /// # Errors
    /// What kept the server from doing it.
    fn persist(cache: &Cache, id: impl Id<Self::PrimaryKey>) -> impl Future<Output = Result<bool>> + Send {
        document::persist::<Self>(cache, id)
    }

    #[doc = include_str!("cache_model/keys.md")]
    fn keys(cache: &Cache) -> Keys<Self> {
        Keys::new(cache)
    }

    /// The primary keys of all documents: [`keys`](CacheModel::keys), read as what they are made from.
    ///
    /// An id, or each part of a composite one, is read with `FromStr`, and refused if its `Display` is not what was read:
    /// `get` would not find it.
    #[doc(alias = "all_pks")]
    fn ids(cache: &Cache) -> Ids<Self>
    where
        Self: Model<PrimaryKey: ReadKey>,
    {
        Ids::new(cache)
    }

    /// How many documents there are, by their [`keys`](CacheModel::keys): without an index, and also those that an
    /// index could not take. Each is counted once, for which about 30 bytes a document are held meanwhile.
    ///
    /// [`find().count()`](Query::count) asks the index instead, in one short round trip.
    ///
    /// # Errors
    /// What kept the server from answering.
    fn count_all(cache: &Cache) -> impl Future<Output = Result<u64>> + Send {
        document::count_all(cache, Self::schema())
    }
}

impl<M: Model> CacheModel for M {}
