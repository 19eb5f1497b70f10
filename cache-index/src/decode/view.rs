//! Views read from the members that a search brought.

use std::fmt;

use bytes::Bytes;
use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess};

use super::hit::Hit;
use super::located::Located;
use crate::search::Member;

/// Why a view cannot be read from what a document has.
#[derive(Debug)]
pub struct Unread {
    /// What serde calls the field of the view that it is about, where it is about one.
    pub field: Option<&'static str>,
    /// What is wrong with it.
    pub source: serde_json::Error,
}

impl Hit {
    /// The view that has these members. A member that the document lacks is given to the view as serde does it: it is
    /// `None`, the field's default, or an error.
    ///
    /// # Errors
    /// [`Unread`] if the document has something else.
    pub fn read<V: DeserializeOwned>(&self, members: &'static [Member]) -> Result<V, Unread> {
        let access = Members { members, brought: self.members(), next: None };
        V::deserialize(MapAccessDeserializer::new(access))
    }
}

/// What was brought, as the members of an object that has the names of the view's fields.
struct Members<'de, I> {
    members: &'static [Member],
    brought: I,
    next: Option<(&'static str, Located<'de>)>,
}

impl<'de, I: Iterator<Item = (usize, &'de Bytes)>> MapAccess<'de> for Members<'de, I> {
    type Error = Unread;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Unread> {
        for (number, brought) in self.brought.by_ref() {
            let Some(member) = self.members.get(number) else { continue };
            let field = member.name();
            let found = Located::find(member, brought);
            if let Some(found) = found.map_err(|source| Unread { field: Some(field), source })? {
                self.next = Some((field, found));
                return seed.deserialize(BorrowedStrDeserializer::new(field)).map(Some);
            }
        }
        Ok(None)
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, Unread> {
        let Some((field, found)) = self.next.take() else {
            return Err(Unread::custom("a value was asked for before its name"));
        };
        found.read(seed).map_err(|source| Unread { field: Some(field), source })
    }
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.field {
            Some(field) => write!(f, "the field `{field}` of the view cannot be read"),
            None => f.write_str("the view cannot be read"),
        }
    }
}

impl std::error::Error for Unread {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl serde::de::Error for Unread {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { field: None, source: serde_json::Error::custom(message) }
    }

    fn missing_field(field: &'static str) -> Self {
        Self { field: Some(field), source: serde_json::Error::missing_field(field) }
    }
}
