//! What a query makes of each document that it finds.

use std::ops::Deref;

use bytes::Bytes;
use cache_index::{Hit, Loads, Unread};
use serde::de::DeserializeOwned;

use crate::document;
use crate::error::{Error, Result};
use crate::model::Model;

/// What a query of model `M` answers for each document: the model itself, a view of it, or one of these with its
/// [score](Scored) or its [distance](Near). Implemented for models, and by [`CacheView`](derive@crate::CacheView) for
/// views; see [`Query::select`](crate::Query::select).
///
/// For code that does not care which view of a model it reads:
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: u64, #[index] city: String, bio: String }
/// use cache_core::{CacheView, Row};
///
/// #[derive(serde::Deserialize, CacheView)]
/// #[cache(model = User)]
/// struct Card {
///     id: u64,
/// }
///
/// async fn in_city<R: Row<User>>(cache: &Cache, city: &str) -> cache_core::Result<Vec<R>> {
///     Ok(User::find_by_city(city).select::<R>().all(cache).await?.into_vec())
/// }
///
/// # async fn example(cache: Cache) -> cache_core::Result<()> {
/// let cards: Vec<Card> = in_city(&cache, "Bern").await?;
/// let users: Vec<User> = in_city(&cache, "Bern").await?;
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no view of `{M}`",
    label = "cannot be read from the documents of `{M}`",
    note = "write `#[derive(Deserialize, CacheView)]` and `#[cache(model = {M})]` at it"
)]
pub trait Row<M>: Sized + Send + 'static {
    /// What the server brings of each document.
    #[doc(hidden)]
    const LOADS: Loads;
    /// Whether it brings the score.
    #[doc(hidden)]
    const SCORES: bool = false;
    /// Whether it matters which of the documents it is.
    #[doc(hidden)]
    const IS_ONE: bool = true;

    /// Reads what was brought.
    ///
    /// # Errors
    /// What is not as it was expected.
    #[doc(hidden)]
    fn read(hit: &Hit) -> Result<Self>;
}

/// The view that a hit has the members of. What the derive of views calls.
///
/// # Errors
/// [`Error::View`] if the document has something else, or lacks what the view needs.
pub fn read_view<M: Model, V: Row<M> + DeserializeOwned>(hit: &Hit, view: &'static str) -> Result<V> {
    hit.read(V::LOADS.members).map_err(|Unread { field, source }| Error::View {
        key: String::from_utf8_lossy(&hit.key).into_owned(),
        model: M::schema().model(),
        view,
        field,
        source,
    })
}

impl<M: Model> Row<M> for M {
    const LOADS: Loads = Loads::DOCUMENT;

    fn read(hit: &Hit) -> Result<Self> {
        document::decode::<M>(&hit.key, hit.json().unwrap_or_default())
    }
}

/// What was found, with its score. See [`Query::with_score`](crate::Query::with_score).
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct Book { #[primary_key] id: u64, #[index(text)] title: String }
/// # async fn example(cache: Cache) -> cache_core::Result<()> {
/// for book in &Book::find_by_title("dune").with_score().all(&cache).await? {
///     println!("{:.2} {}", book.score, book.title); // the title is that of `book.item`
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scored<R> {
    /// What was found. `Scored` is used like it.
    pub item: R,
    /// How well it meets the query, by the scorer; more is better.
    pub score: f64,
}

impl<R> Deref for Scored<R> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.item
    }
}

impl<M, R: Row<M>> Row<M> for Scored<R> {
    const LOADS: Loads = R::LOADS;
    const SCORES: bool = true;

    fn read(hit: &Hit) -> Result<Self> {
        Ok(Self { item: R::read(hit)?, score: hit.score.unwrap_or_default() })
    }
}

/// What was found, with its distance. See [`Query::nearest`](crate::Query::nearest).
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel, Vector};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct Book { #[primary_key] id: u64, title: String, #[index] embedding: Vector<f32, 3> }
/// # async fn example(cache: Cache) -> cache_core::Result<()> {
/// let like = Vector::from([0.5, 0.1, 1.0]);
/// let books = Book::find().nearest(Book::EMBEDDING.nearest(10, &like)).all(&cache).await?;
/// for book in books.iter().filter(|book| book.distance < 0.3) {
///     println!("{:.2} {}", book.distance, book.title); // the title is that of `book.item`
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Near<R> {
    /// What was found. `Near` is used like it.
    pub item: R,
    /// How far its vector is, by the field's distance metric, to 12 digits; less is nearer. NaN, of a vector of zeros by
    /// COSINE, which has no direction; it may stand anywhere.
    pub distance: f64,
}

impl<R> Deref for Near<R> {
    type Target = R;

    fn deref(&self) -> &R {
        &self.item
    }
}

impl<M, R: Row<M>> Row<M> for Near<R> {
    const LOADS: Loads = R::LOADS;
    const SCORES: bool = R::SCORES;

    fn read(hit: &Hit) -> Result<Self> {
        Ok(Self { item: R::read(hit)?, distance: hit.distance().unwrap_or(f64::NAN) })
    }
}

/// That there is a document.
pub(super) struct There;

impl<M: Model> Row<M> for There {
    const LOADS: Loads = Loads::DOCUMENT;
    const IS_ONE: bool = false;

    fn read(_: &Hit) -> Result<Self> {
        Ok(Self)
    }
}

/// The key of a document.
pub(super) struct Key(pub(super) Bytes);

impl<M: Model> Row<M> for Key {
    const LOADS: Loads = Loads::KEY;

    fn read(hit: &Hit) -> Result<Self> {
        Ok(Self(hit.key.clone()))
    }
}
