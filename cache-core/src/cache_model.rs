//! What every model can do with its documents.

use std::future::Future;
use std::time::Duration;

use cache_index::Filter;

use crate::cache::Cache;
use crate::document::{self, Saved, Ttl};
use crate::error::Result;
use crate::model::{Indexed, Model};
use crate::primary_key::Id;
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
    /// # Errors
    /// [`Error::NulCharacter`](crate::Error::NulCharacter) if an indexed string holds U+0000,
    /// [`Error::Name`](crate::Error::Name) if the primary key is empty,
    /// [`Error::Serialize`](crate::Error::Serialize) if serde cannot write the document, or what kept the server
    /// from storing it.
    #[doc(alias = "upsert")]
    fn save(&self, cache: &Cache) -> impl Future<Output = Result<Saved>> + Send {
        document::save(self, cache)
    }

    /// All documents, to be narrowed down with [`filter`](Query::filter). For models with an index.
    #[doc(alias = "all_pks")]
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

    /// The documents with these primary keys, in this order, in one round trip; `None` where there is none.
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

    /// Deletes this document; `false` if it was not there.
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

    /// Lets the document live until it is deleted; `false` if it is not there or has no time to live.
    ///
    /// # Errors
    /// What kept the server from doing it.
    fn persist(cache: &Cache, id: impl Id<Self::PrimaryKey>) -> impl Future<Output = Result<bool>> + Send {
        document::persist::<Self>(cache, id)
    }
}

impl<M: Model> CacheModel for M {}
