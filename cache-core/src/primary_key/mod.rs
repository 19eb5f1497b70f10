//! Primary keys: what a type needs to name a document, and what may stand for it in a call.

#[cfg(feature = "ulid")]
mod ulid;
#[cfg(feature = "uuid")]
mod uuid;

use std::fmt::Display;
use std::rc::Rc;
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
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a primary key",
    label = "not a primary key",
    note = "strings and integers of up to 64 bits are primary keys; a type of your own with `Display` becomes one with `impl PrimaryKey for … {{}}`"
)]
pub trait PrimaryKey: Display {}

/// What may stand for a primary key of type `K` in a call: the key, a reference to it, `&str` for strings.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not name a document whose primary key is `{K}`",
    label = "expected `{K}` or a reference to one"
)]
pub trait Id<K>: Display {}

impl<K: PrimaryKey> Id<K> for K {}
impl<K: PrimaryKey> Id<K> for &K {}

macro_rules! primary_keys {
    ($($type:ty)*) => {$(impl PrimaryKey for $type {})*};
}

primary_keys! { String Box<str> Arc<str> Rc<str> char i8 i16 i32 i64 isize u8 u16 u32 u64 usize }

macro_rules! strings {
    ($($type:ty)*) => {$(
        impl Id<$type> for &str {}
        impl Id<$type> for &&str {}
    )*};
}

strings! { String Box<str> Arc<str> Rc<str> }
