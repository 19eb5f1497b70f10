//! Primary keys: what a type needs to name a document, and what may stand for it in a call.

// A file imports from those before it: this one, composite.

mod composite;
#[cfg(feature = "ulid")]
mod ulid;
#[cfg(feature = "uuid")]
mod uuid;

use std::error::Error;
use std::fmt::Display;
use std::rc::Rc;
use std::str::FromStr;
use std::sync::Arc;

/// A type whose values name documents. Its `Display` is the last part of the key, so it must be the same for
/// equal values, different for different ones, and never empty.
///
/// Strings and integers of up to 64 bits are primary keys (RedisJSON turns larger ones into doubles). A type of one's own becomes one with an empty `impl`:
///
/// ```
/// use cache_core::PrimaryKey;
///
/// struct OrderId(u64);
///
/// impl std::fmt::Display for OrderId {
///     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
///         write!(f, "order-{}", self.0)
///     }
/// }
///
/// impl PrimaryKey for OrderId {}
/// ```
///
/// # Ids that are made with the value
///
/// With the features `ulid` and `uuid` of this crate, `ulid::Ulid` and `uuid::Uuid` are primary keys. Both are made
/// without asking anybody, in a constructor, so that a value has its id before it is saved and a second save finds the
/// same document. `Ulid::new()` needs no more; `Uuid::now_v7()` needs the feature `v7` of the crate `uuid`. Both sort
/// by the time of their making.
///
/// ```
/// # mod example {
/// use cache_core::CacheModel;
/// use serde::{Deserialize, Serialize};
/// use ulid::Ulid;
/// use uuid::Uuid;
///
/// #[derive(Serialize, Deserialize, CacheModel)]
/// struct Event {
///     #[primary_key]
///     id: Ulid,
///     batch: Uuid,
///     what: String,
/// }
///
/// impl Event {
///     pub fn new(what: &str) -> Self {
///         Self { id: Ulid::new(), batch: Uuid::now_v7(), what: what.to_owned() }
///     }
/// }
/// # pub fn run() { assert_ne!(Event::new("a").id, Event::new("a").id); }
/// # }
/// # example::run();
/// ```
///
/// `#[serde(default = "Ulid::new")]` is no such constructor: it makes a new id when a document that lacks one is read,
/// under which it is not stored.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a primary key",
    label = "not a primary key",
    note = "strings and integers of up to 64 bits are primary keys; a type of your own with `Display` becomes one with `impl PrimaryKey for … {{}}`"
)]
pub trait PrimaryKey: Display {
    /// Hands on what `Display` writes and says so, if this is an integer: for that, formatting is much.
    #[doc(hidden)]
    fn __write_integer(&self, _to: &mut dyn FnMut(&[u8])) -> bool {
        false
    }
}

/// What a model's documents are named by: a [`PrimaryKey`], or a tuple of two to four where as many fields are marked
/// `#[primary_key]`.
///
/// ```
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct Order { #[primary_key] tenant: String, #[primary_key] number: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// use cache_core::DocumentKey;
///
/// Order { tenant: "acme".to_owned(), number: 7 }.save(&cache).await?;
/// let key: (String, u64) = ("acme".to_owned(), 7);
/// assert!(Order::get(&cache, key.borrowed()).await?.is_some()); // `(&String, &u64)`
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a primary key",
    label = "not a primary key",
    note = "strings and integers of up to 64 bits are primary keys, and two to four of them together; a type of your own with `Display` becomes one with `impl PrimaryKey for … {{}}`"
)]
pub trait DocumentKey: Sized {
    /// The key of a document at hand: a reference to it, or a tuple of references to its parts.
    type Ref<'a>: Id<Self>
    where
        Self: 'a;

    /// The key, borrowed.
    fn borrowed(&self) -> Self::Ref<'_>;
}

/// What may stand for a primary key of type `K` in a call: the key, a reference to it, `&str` for strings; for a
/// composite key a tuple of these, or a reference to its tuple.
///
/// ```
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, name: String }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// use cache_core::Id;
///
/// async fn name_of(cache: &Cache, id: impl Id<String>) -> cache_core::Result<Option<String>> {
///     Ok(User::get(cache, id).await?.map(|user| user.name))
/// }
///
/// User { id: "u1".to_owned(), name: "Ann".to_owned() }.save(&cache).await?;
/// assert_eq!(name_of(&cache, "u1").await?.as_deref(), Some("Ann"));
/// assert_eq!(name_of(&cache, String::from("u2")).await?, None);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name a document whose primary key is `{K}`",
    label = "expected `{K}` or a reference to one"
)]
pub trait Id<K> {
    /// Calls the closure with the parts of the id.
    fn parts<R>(&self, with: impl FnOnce(&[&dyn Display]) -> R) -> R;

    /// Hands on the only part and says so, if it is an integer.
    #[doc(hidden)]
    fn __write_integer(&self, _to: &mut dyn FnMut(&[u8])) -> bool {
        false
    }
}

/// What may stand for a primary key of one field, or for a part of a composite one.
///
/// ```
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct Order { #[primary_key] tenant: String, #[primary_key] number: u64 }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// use cache_core::IdPart;
///
/// async fn is_known(
///     cache: &Cache,
///     tenant: impl IdPart<String>,
///     number: impl IdPart<u64>,
/// ) -> cache_core::Result<bool> {
///     Order::exists(cache, (tenant, number)).await
/// }
///
/// Order { tenant: "acme".to_owned(), number: 7 }.save(&cache).await?;
/// assert!(is_known(&cache, "acme", &7).await?);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name a document whose primary key is `{K}`",
    label = "expected `{K}` or a reference to one"
)]
pub trait IdPart<K>: Display {}

/// A primary key that can be read from the id in a document's key: each of its parts with `FromStr`.
///
/// A type of one's own has it with a `FromStr` that reads what its `Display` writes; then its ids can be listed:
///
/// ```
/// # use cache_core::{Cache, CacheModel, PrimaryKey};
/// # #[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
/// # struct OrderId(u64);
/// # impl std::fmt::Display for OrderId {
/// #     fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { write!(f, "order-{}", self.0) }
/// # }
/// # impl PrimaryKey for OrderId {}
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct Order { #[primary_key] id: OrderId }
/// impl std::str::FromStr for OrderId {
///     type Err = String;
///
///     fn from_str(text: &str) -> Result<Self, String> {
///         let number = text.strip_prefix("order-").and_then(|number| number.parse().ok());
///         number.map(OrderId).ok_or_else(|| "an id is `order-` and a number".to_owned())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// Order { id: OrderId(7) }.save(&cache).await?;
/// let mut ids = Order::ids(&cache);
/// assert_eq!(ids.next().await.transpose()?, Some(OrderId(7)));
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be read from the key of a document",
    label = "lacks `FromStr`, or has a part that does",
    note = "implement `FromStr` for it, as the inverse of its `Display`"
)]
pub trait ReadKey: DocumentKey {
    /// The key that is made of these parts.
    ///
    /// # Errors
    /// What is wrong with them.
    fn read(parts: &[String]) -> Result<Self, Box<dyn Error + Send + Sync>>;
}

impl<K: PrimaryKey> DocumentKey for K {
    type Ref<'a>
        = &'a K
    where
        K: 'a;

    fn borrowed(&self) -> &K {
        self
    }
}

impl<K: PrimaryKey + FromStr<Err: Into<Box<dyn Error + Send + Sync>>>> ReadKey for K {
    fn read(parts: &[String]) -> Result<Self, Box<dyn Error + Send + Sync>> {
        match parts {
            [id] => read_part(id),
            _ => Err("a primary key of one field has one part".into()),
        }
    }
}

fn read_part<K: FromStr<Err: Into<Box<dyn Error + Send + Sync>>>>(
    part: &str,
) -> Result<K, Box<dyn Error + Send + Sync>> {
    part.parse().map_err(Into::into)
}

// Not one `impl` for all that are an `IdPart`: where nothing fits, the compiler would blame the key.
macro_rules! ids {
    ($($id:ty => $key:ty;)*) => {$(
        impl IdPart<$key> for $id {}
        impl Id<$key> for $id {
            fn parts<R>(&self, with: impl FnOnce(&[&dyn Display]) -> R) -> R {
                with(&[self])
            }
        }
    )*};
}

macro_rules! keys {
    ($($id:ty)*) => {$(
        impl<K: PrimaryKey> IdPart<K> for $id {}
        impl<K: PrimaryKey> Id<K> for $id {
            fn parts<R>(&self, with: impl FnOnce(&[&dyn Display]) -> R) -> R {
                with(&[self])
            }

            fn __write_integer(&self, to: &mut dyn FnMut(&[u8])) -> bool {
                K::__write_integer(self, to)
            }
        }
    )*};
}

keys! { K &K }

macro_rules! primary_keys {
    ($($type:ty)*) => {$(impl PrimaryKey for $type {})*};
}

primary_keys! { String Box<str> Arc<str> Rc<str> char }

macro_rules! integers {
    ($($type:ty)*) => {$(
        impl PrimaryKey for $type {
            #[cfg(feature = "near")]
            fn __write_integer(&self, to: &mut dyn FnMut(&[u8])) -> bool {
                to(itoa::Buffer::new().format(*self).as_bytes());
                true
            }
        }
    )*};
}

integers! { i8 i16 i32 i64 isize u8 u16 u32 u64 usize }

macro_rules! strings {
    ($($type:ty)*) => {$(
        ids! {
            &str => $type;
            &&str => $type;
        }
    )*};
}

strings! { String Box<str> Arc<str> Rc<str> }
