//! The key of a document as it is looked for: written and held without an allocation, unless it is long.

use std::cell::Cell;
use std::ops::Deref;

use cache_index::{HashTag, Keyspace, NameError, Schema};

use super::store::MAX_KEY;
use super::table::Key;
use crate::primary_key::Id;

/// How long a key may be that is held without an allocation: with its length and its kind that is a line of the processor's.
const SHORT: usize = 62;

/// A key.
pub(super) enum Name {
    Short(u8, [u8; SHORT]),
    Long(Key),
}

thread_local! {
    /// Where keys are written before it is known how long they are.
    static WRITTEN: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl Name {
    /// The key of the document with this id.
    pub(super) fn of<K>(schema: &Schema, keyspace: &Keyspace, id: &impl Id<K>) -> Result<Self, NameError> {
        match Self::of_integer(schema, keyspace, id) {
            Some(name) => Ok(name),
            None => Self::of_any(schema, keyspace, id),
        }
    }

    /// As [`Schema::write_key`], where the id is an integer, which is neither empty nor has U+0000, and the key is short; `None`
    /// elsewhere.
    fn of_integer<K>(schema: &Schema, keyspace: &Keyspace, id: &impl Id<K>) -> Option<Self> {
        let (open, close) = match schema.hash_tag() {
            HashTag::None => ("", ":"),
            HashTag::Model => ("{", "}:"),
            _ => return None,
        };
        schema.check_namespace(keyspace).ok()?;
        let (mut bytes, mut length) = ([0; SHORT], 0_usize);
        let mut write = |part: &[u8]| {
            let end = length + part.len();
            if let Some(place) = bytes.get_mut(length..end) {
                place.copy_from_slice(part);
            }
            // Beyond what there is room for, it only counts.
            length = end;
        };
        for part in [open, keyspace.global(), ":", schema.prefix(), close] {
            write(part.as_bytes());
        }
        if !id.__write_integer(&mut write) || length > SHORT || schema.primary_key().count() != 1 {
            return None;
        }
        Some(Self::Short(u8::try_from(length).ok()?, bytes))
    }

    fn of_any<K>(schema: &Schema, keyspace: &Keyspace, id: &impl Id<K>) -> Result<Self, NameError> {
        // Taken and not borrowed: an id may itself read something when it is written.
        let mut buffer = WRITTEN.try_with(Cell::take).unwrap_or_default();
        buffer.clear();
        let written = id.parts(|parts| schema.write_key(keyspace, &mut buffer, parts));
        let name = written.map(|()| Self::from(&*buffer));
        if buffer.capacity() <= 2 * MAX_KEY {
            // A thread that ends needs none any more.
            let _ = WRITTEN.try_with(|written| written.set(buffer));
        }
        name
    }

    pub(super) fn into_key(self) -> Key {
        match self {
            Self::Short(..) => Key::from(&*self),
            Self::Long(key) => key,
        }
    }
}

impl From<&[u8]> for Name {
    fn from(key: &[u8]) -> Self {
        let mut bytes = [0; SHORT];
        match (bytes.get_mut(..key.len()), u8::try_from(key.len())) {
            (Some(start), Ok(length)) => {
                start.copy_from_slice(key);
                Self::Short(length, bytes)
            }
            _ => Self::Long(key.into()),
        }
    }
}

impl Deref for Name {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Self::Short(length, bytes) => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Self::Long(key) => key,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fmt;

    use crate::PrimaryKey;

    use super::*;

    static PLAIN: Schema = Schema::new("User", "user", "id", &[]);
    static MODEL: Schema = Schema::new("User", "user", "id", &[]).with_hash_tag(HashTag::Model);
    static PART: Schema = Schema::new("User", "user", "id", &[]).with_hash_tag(HashTag::Part(0));
    static TWO: Schema = Schema::new("User", "user", "tenant", &[]).with_further_keys(&["id"]);

    fn same<K>(id: &impl Id<K>) {
        for schema in [&PLAIN, &MODEL, &PART, &TWO] {
            for namespace in
                ["cache", "{shop}:cache", "a:namespace:that:is:so:long:that:no:key:in:it:is:held:there"]
            {
                let (keyspace, mut slow) = (Keyspace::new(namespace).unwrap(), Vec::new());
                let written = id.parts(|parts| schema.write_key(&keyspace, &mut slow, parts));
                let fast = Name::of(schema, &keyspace, id);
                assert_eq!(
                    fast.as_deref().map_err(|_| ()),
                    written.as_ref().map(|()| &*slow).map_err(|_| ())
                );
                assert_eq!(fast.as_ref().err(), written.as_ref().err());
                assert_eq!(fast.map(Name::into_key).ok(), written.ok().map(|()| slow.into_boxed_slice()));
            }
        }
    }

    /// An id that has a key written while its own is.
    #[derive(Debug)]
    struct Nested;

    impl fmt::Display for Nested {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            same::<u8>(&1_u8);
            f.write_str("nested")
        }
    }

    impl PrimaryKey for Nested {}

    #[test]
    fn a_key_is_what_the_schema_writes() {
        for id in [u64::MIN, 7, 10, u64::MAX] {
            same::<u64>(&id);
            same::<u64>(&&id);
        }
        for id in [i64::MIN, -1, 0, 99, i64::MAX] {
            same::<i64>(&id);
        }
        same::<i8>(&i8::MIN);
        same::<usize>(&usize::MAX);
        same::<char>(&'x');
        for id in ["u1", "", "\0", "a:b", &"long".repeat(500)] {
            same::<String>(&id);
            same::<String>(&id.to_owned());
        }
        same::<(String, u64)>(&("acme", 7_u64));
        same::<Nested>(&Nested);
        assert_eq!(size_of::<Name>(), 64);
    }
}
