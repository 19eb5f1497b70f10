//! What a model is: a schema, a primary key, a time to live.

use std::error::Error;
use std::time::Duration;

use cache_index::IndexSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use crate::primary_key::DocumentKey;

/// The members of a document.
pub(crate) type JsonMap = Map<String, Value>;

/// What a model is. What it can do is in [`CacheModel`](crate::CacheModel), which every model has. Implemented by
/// `#[derive(CacheModel)]`.
///
/// For code that is about any model:
///
/// ```
/// # use cache_core::{Cache, CacheModel};
/// use cache_core::{Id, Model};
///
/// /// Takes a document out: of several processes one gets it.
/// async fn take<M: Model>(cache: &Cache, id: impl Id<M::PrimaryKey>) -> cache_core::Result<Option<M>> {
///     let Some(found) = M::get(cache, id).await? else { return Ok(None) };
///     Ok(found.delete(cache).await?.then_some(found))
/// }
///
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # #[cache(ttl = "10m")]
/// # struct Job { #[primary_key] id: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// Job { id: 7 }.save(&cache).await?;
/// assert!(take::<Job>(&cache, 7).await?.is_some());
/// assert!(take::<Job>(&cache, 7).await?.is_none());
/// assert_eq!(Job::TTL, Some(std::time::Duration::from_secs(600)));
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a cache model",
    label = "not a cache model",
    note = "add `#[derive(CacheModel)]` to the struct and mark one field with `#[primary_key]`"
)]
pub trait Model: IndexSchema + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// The type of the field marked `#[primary_key]`; of several, a tuple of their types in the order of the struct.
    type PrimaryKey: DocumentKey;

    /// How long a document lives after each save; `None`: until it is deleted.
    const TTL: Option<Duration>;

    /// By what part of itself the time to live is longer or shorter, at random: 0 to 0.5.
    const TTL_JITTER: f64 = 0.0;

    /// The document's primary key: a reference to it, or for several fields a tuple of references, as
    /// `(&self.tenant, &self.number)`. It can be given to everything that takes an id.
    #[doc(alias = "pk")]
    fn primary_key(&self) -> <Self::PrimaryKey as DocumentKey>::Ref<'_>;

    /// What is in the field marked `#[version]`, as it was read; 0: the document was never saved. `None` if there is
    /// no such field, or it is negative.
    fn document_version(&self) -> Option<u64> {
        None
    }

    /// The form of the model's documents, counted from 1, as `#[cache(schema_version = 2)]` says; stored in their member
    /// `_v`. `None`: their form has no version, and they count as the first.
    const SCHEMA_VERSION: Option<u32> = None;

    /// Brings the members of an older document to the form of the model, as the function of
    /// `#[cache(schema_version = 2, upgrade = f)]` does; without one, nothing is done. `from` is less than the version of
    /// the model; `_v` is not among the members.
    ///
    /// # Errors
    /// What the function finds wrong with the document, which then is not read.
    fn upgrade_document(
        from: u32,
        document: &mut Map<String, Value>,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let _ = (from, document);
        Ok(())
    }
}

/// A model with a field marked `#[version]`. Implemented by `#[derive(CacheModel)]`.
///
/// ```
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(Clone, serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct Note { #[primary_key] id: u64, #[version] version: u64, text: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// use cache_core::Versioned;
///
/// let note = Note { id: 7, version: 0, text: "milk".to_owned() };
/// note.save(&cache).await?;
/// let mut copy = Note { id: 8, ..Note::get(&cache, 7).await?.unwrap() };
/// copy.set_version(0); // it was never saved
/// assert_eq!(copy.save(&cache).await?.version(), Some(1));
/// # Ok(())
/// # }
/// ```
pub trait Versioned: Model {
    /// Puts a version into the field.
    fn set_version(&mut self, version: u64);
}

/// A model with at least one `#[index]`. Implemented by `#[derive(CacheModel)]`.
///
/// ```
/// # use cache_core::{Cache, CacheModel};
/// use cache_core::{Indexed, Model};
///
/// async fn is_empty<M: Model + Indexed>(cache: &Cache) -> cache_core::Result<bool> {
///     Ok(M::find().count(cache).await? == 0)
/// }
///
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: u64, #[index] city: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// assert!(is_empty::<User>(&cache).await?);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no index, so it cannot be searched",
    label = "no field of this model is indexed",
    note = "write `#[index]` at the fields to find it by; without an index, documents are read by key with `get`"
)]
pub trait Indexed {}
