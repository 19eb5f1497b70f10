//! A member found within what the server brought of a document, as the JSON that stands there.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;
use serde_json::Error;
use serde_json::value::RawValue;

use crate::search::{Member, Walk};

/// What a document has of a member.
pub(super) enum Located<'de> {
    /// Its value.
    One(&'de [u8]),
    /// The one of each embedded struct; `None` where that lacks it.
    Many(&'static str, Vec<Option<&'de RawValue>>),
}

impl<'de> Located<'de> {
    /// Finds it in what the server brought for it: a list, whose last element is what it was asked for. `None`: the
    /// document has no such member.
    pub(super) fn find(member: &Member, brought: &'de [u8]) -> Result<Option<Self>, Error> {
        let rest = member.rest();
        if rest.is_empty() && !member.is_witnessed() {
            let alone = brought.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
            return Ok(Some(Self::One(alone.unwrap_or(brought))));
        }
        let found = serde_json::Deserializer::from_slice(brought).deserialize_seq(Last)?;
        let found = match found {
            (2, Some(found)) if member.is_witnessed() => found,
            (1, Some(found)) if !member.is_witnessed() => found,
            _ => return Ok(None),
        };
        if !member.is_many() {
            return Ok(into_all(found, &rest)?.map(|found| Self::One(found.get().as_bytes())));
        }
        let Some(Walk::Into(name)) = rest.last() else { return Ok(Some(Self::One(found.get().as_bytes()))) };
        let mut many = Vec::new();
        let there = each(found, &rest, &mut many)?;
        Ok(there.then_some(Self::Many(name, many)))
    }

    /// Reads it.
    pub(super) fn read<S: DeserializeSeed<'de>>(self, seed: S) -> Result<S::Value, Error> {
        match self {
            Self::One(json) => {
                let mut json = serde_json::Deserializer::from_slice(json);
                let value = seed.deserialize(&mut json)?;
                json.end()?;
                Ok(value)
            }
            Self::Many(name, many) => seed.deserialize(ManyValues { name, many: many.into_iter() }),
        }
    }
}

fn into_all<'de>(from: &'de RawValue, steps: &[Walk]) -> Result<Option<&'de RawValue>, Error> {
    let mut found = Some(from);
    for step in steps {
        let (Some(from), Walk::Into(member)) = (found, step) else { break };
        found = into(from, member)?;
    }
    Ok(found)
}

/// A member of an object; `None` if it lacks it, or is none.
fn into<'de>(from: &'de RawValue, member: &str) -> Result<Option<&'de RawValue>, Error> {
    if !from.get().starts_with('{') {
        return Ok(None);
    }
    from.deserialize_map(OneMember(member))
}

/// Collects the values at the end of the steps; false: the first list or map is missing.
fn each<'de>(
    from: &'de RawValue,
    steps: &[Walk],
    found: &mut Vec<Option<&'de RawValue>>,
) -> Result<bool, Error> {
    let next = steps.iter().position(|step| *step == Walk::Each);
    let (before, after) = steps.split_at(next.unwrap_or(steps.len()));
    let there = into_all(from, before)?;
    let Some((_, after)) = after.split_first() else {
        found.push(there);
        return Ok(true);
    };
    let Some(there) = there.filter(|there| there.get() != "null") else { return Ok(false) };
    for element in there.deserialize_any(Elements)? {
        each(element, after, found)?;
    }
    Ok(true)
}

/// How many elements a list has, and the last one.
struct Last;

impl<'de> Visitor<'de> for Last {
    type Value = (usize, Option<&'de RawValue>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of what is at a path")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let (mut number, mut last) = (0, None);
        while let Some(element) = list.next_element()? {
            (number, last) = (number + 1, Some(element));
        }
        Ok((number, last))
    }
}

/// The member of this name; of several, the last one, as serde_json's own maps have it.
struct OneMember<'a>(&'a str);

impl<'de> Visitor<'de> for OneMember<'_> {
    type Value = Option<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(is_it) = map.next_key_seed(Is(self.0))? {
            if is_it {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// Whether a key is this one.
struct Is<'a>(&'a str);

impl<'de> DeserializeSeed<'de> for Is<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Is<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the name of a member")
    }

    fn visit_str<E>(self, name: &str) -> Result<bool, E> {
        Ok(name == self.0)
    }
}

/// The elements of a list, or the values of a map.
struct Elements;

impl<'de> Visitor<'de> for Elements {
    type Value = Vec<&'de RawValue>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list or a map of embedded structs")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            elements.push(element);
        }
        Ok(elements)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut values = Vec::new();
        while let Some((IgnoredAny, value)) = map.next_entry()? {
            values.push(value);
        }
        Ok(values)
    }
}

/// The many values of a member, as a list.
struct ManyValues<'de> {
    name: &'static str,
    many: std::vec::IntoIter<Option<&'de RawValue>>,
}

impl<'de> Deserializer<'de> for ManyValues<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, Error> {
        let length = self.many.len();
        let value = visitor.visit_seq(&mut self)?;
        if self.many.len() > 0 {
            return Err(Error::invalid_length(length, &"as many as are read"));
        }
        Ok(value)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> SeqAccess<'de> for ManyValues<'de> {
    type Error = Error;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, Error> {
        match self.many.next() {
            None => Ok(None),
            Some(Some(json)) => seed.deserialize(json).map(Some),
            Some(None) => seed.deserialize(Missing(self.name)).map(Some),
        }
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.many.len())
    }
}

/// A member that is missing: `None` for who reads an `Option`, as serde's derive does it.
struct Missing(&'static str);

impl<'de> Deserializer<'de> for Missing {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Error> {
        Err(Error::missing_field(self.0))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_none()
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map struct enum newtype_struct identifier ignored_any
    }
}
