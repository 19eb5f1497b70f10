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
pub trait Versioned: Model {
    /// Puts a version into the field.
    fn set_version(&mut self, version: u64);
}

/// A model with at least one `#[index]`. Implemented by `#[derive(CacheModel)]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no index, so it cannot be searched",
    label = "no field of this model is indexed",
    note = "write `#[index]` at the fields to find it by; without an index, documents are read by key with `get`"
)]
pub trait Indexed {}
