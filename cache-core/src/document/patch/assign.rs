//! What may be written to a field, by the field's type.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;

use cache_index::{Epoch, EpochValue, Unit, Written, write_json};
use serde::Serialize;

/// What a field of type `V` may be set to: a value of the type or a reference to one; for an `Option<V>` also what
/// is to be in it; for strings also `&str`; for a `Vec` also an array.
///
/// ```
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: u64, name: Option<String> }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// use cache_core::{Assign, Patch};
///
/// /// Takes whatever the field takes.
/// fn rename(id: u64, name: impl Assign<Option<String>>) -> Patch<User> {
///     User::patch(id).set(User::NAME, name)
/// }
///
/// # User { id: 7, name: None }.save(&cache).await?;
/// rename(7, "Ann").send(&cache).await?;
/// rename(7, String::from("Ann Lee")).send(&cache).await?;
/// assert_eq!(rename(7, None).send_and_get(&cache).await?.name, None);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no value for `{V}`",
    label = "expected a value like `{V}`",
    note = "convert the value to the field's own type; strings also take `&str`, `Option`s what is to be in them"
)]
pub trait Assign<V> {
    /// Appends the value as JSON, as the model itself would write it.
    ///
    /// # Errors
    /// What serde finds wrong with the value.
    fn write(self, buffer: &mut Vec<u8>) -> Result<(), serde_json::Error>;
}

impl<V: Serialize> Assign<V> for V {
    fn write(self, buffer: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        write_json(buffer, &self)
    }
}

impl<V: Serialize> Assign<V> for &V {
    fn write(self, buffer: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        write_json(buffer, &self)
    }
}

// serde writes what is in an `Option` as if the `Option` were not there.
impl<V: Serialize> Assign<Option<V>> for V {
    fn write(self, buffer: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        write_json(buffer, &self)
    }
}

impl<V: Serialize> Assign<Option<V>> for &V {
    fn write(self, buffer: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        write_json(buffer, &self)
    }
}

macro_rules! strings {
    ($($type:ty)*) => {$(
        impl Assign<$type> for &str {
            fn write(self, buffer: &mut Vec<u8>) -> Result<(), serde_json::Error> {
                write_json(buffer, &self)
            }
        }
        impl Assign<Option<$type>> for &str {
            fn write(self, buffer: &mut Vec<u8>) -> Result<(), serde_json::Error> {
                write_json(buffer, &self)
            }
        }
    )*};
}

strings! { String Box<str> Arc<str> Rc<str> Cow<'static, str> }

impl<V, T: Assign<V>, const N: usize> Assign<Vec<V>> for [T; N] {
    fn write(self, buffer: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        buffer.push(b'[');
        for (position, item) in self.into_iter().enumerate() {
            if position > 0 {
                buffer.push(b',');
            }
            item.write(buffer)?;
        }
        buffer.push(b']');
        Ok(())
    }
}

macro_rules! dates {
    ($($value:ty => $field:ty;)*) => {$(
        impl<T: EpochValue, U: Unit> Assign<$field> for $value {
            fn write(self, buffer: &mut Vec<u8>) -> Result<(), serde_json::Error> {
                write_json(buffer, &Written::<_, U>::new(&self))
            }
        }
        impl<T: EpochValue, U: Unit> Assign<$field> for &$value {
            fn write(self, buffer: &mut Vec<u8>) -> Result<(), serde_json::Error> {
                write_json(buffer, &Written::<_, U>::new(self))
            }
        }
    )*};
}

dates! {
    T => Epoch<T, U>;
    T => Option<Epoch<T, U>>;
    Option<T> => Option<Epoch<T, U>>;
    Vec<T> => Vec<Epoch<T, U>>;
}

/// A list that can be appended to: `Vec` and `VecDeque`, also in an `Option`. Sets are none: the server does not see
/// whether an element is there already.
///
/// ```
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct Mailbox { #[primary_key] id: u64, unread: std::collections::VecDeque<String>, read: Option<Vec<u64>> }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// # Mailbox { id: 7, unread: Default::default(), read: Some(vec![1]) }.save(&cache).await?;
/// // `unread: VecDeque<String>`, `read: Option<Vec<u64>>`
/// let mailbox = Mailbox::patch(7).push(Mailbox::UNREAD, "hello").push(Mailbox::READ, 2).send_and_get(&cache).await?;
/// assert_eq!((mailbox.unread.len(), mailbox.read), (1, Some(vec![1, 2])));
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "nothing can be pushed to a field of `{Self}`",
    label = "not a `Vec`",
    note = "`push` appends to `Vec` and `VecDeque` fields; change other fields with `set`"
)]
pub trait List {
    /// What the list holds.
    type Element;
}

impl<T> List for Vec<T> {
    type Element = T;
}

impl<T> List for VecDeque<T> {
    type Element = T;
}

impl<L: List> List for Option<L> {
    type Element = L::Element;
}

/// A type that can be missing in a document: `Option`.
///
/// ```
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: u64, bio: Option<String> }
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> cache_core::Result<()> {
/// # let cache = cache_core::testkit::Memory::cache();
/// # User { id: 7, bio: Some("rust".to_owned()) }.save(&cache).await?;
/// let user = User::patch(7).remove(User::BIO).send_and_get(&cache).await?;
/// assert_eq!(user.bio, None);
/// # Ok(())
/// # }
/// ```
#[diagnostic::on_unimplemented(
    message = "a field of `{Self}` cannot be removed",
    label = "not an `Option`",
    note = "without the member the document could not be read; `remove` takes `Option` fields"
)]
pub trait Optional {}

impl<T> Optional for Option<T> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn written<V>(value: impl Assign<V>) -> String {
        let mut buffer = Vec::new();
        value.write(&mut buffer).unwrap();
        String::from_utf8(buffer).unwrap()
    }

    #[test]
    fn values_are_written_as_their_fields_would() {
        assert_eq!(written::<String>("a\"b"), r#""a\"b""#);
        assert_eq!(written::<Option<String>>("x"), r#""x""#);
        assert_eq!(written::<Option<String>>(None), "null");
        assert_eq!(written::<Option<String>>(Some("x".to_owned())), r#""x""#);
        assert_eq!(written::<Option<u8>>(3), "3");
        assert_eq!(written::<u64>(3), "3");
        assert_eq!(written::<f64>(0.1), "0.1");
        assert_eq!(written::<Vec<String>>(["a", "b"]), r#"["a","b"]"#);
        assert_eq!(written::<Vec<u8>>(vec![1, 2]), "[1,2]");
        assert_eq!(written::<Vec<u8>>(&vec![1, 2]), "[1,2]");
        assert_eq!(written::<Vec<Option<u8>>>([Some(1), None]), "[1,null]");
    }
}
