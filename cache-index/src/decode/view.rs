//! Views read from the members that a search brought.

use std::fmt;

use bytes::Bytes;
use serde::de::value::{BorrowedStrDeserializer, MapAccessDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess};

use super::hit::Hit;
use super::located::Located;
use crate::search::Member;

/// Why a view cannot be read from what a document has.
///
/// ```
/// use cache_index::{FieldDef, Member, Reply, SearchAnswer};
///
/// static CARD: [Member; 1] = [Member::new("age", FieldDef::stored("age"), true)];
/// #[derive(Debug, serde::Deserialize)]
/// struct Card {
///     age: u8,
/// }
///
/// let bulk = |text: &'static str| Reply::Bulk(text.into());
/// let brought = Reply::Array(vec![bulk("$0"), bulk("[300]")]);
/// let answer = SearchAnswer::decode(Reply::Array(vec![Reply::Int(1), bulk("cache:user:1"), brought]), false)?;
/// let unread = answer.hits[0].read::<Card>(&CARD).unwrap_err();
/// assert_eq!(unread.to_string(), "the field `age` of the view cannot be read");
/// assert!(unread.source.to_string().starts_with("invalid value: integer `300`, expected u8"));
/// # Ok::<(), cache_index::DecodeError>(())
/// ```
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

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use serde::Deserialize;

    use super::*;
    use crate::path::{FieldPath, Nested, Step};
    use crate::reply::Reply;
    use crate::schema::FieldDef;

    struct Parts;

    impl Nested for Parts {
        const AT: FieldPath = FieldPath::new(None, "parts", "parts", Step::Each);
        type Sort<S: 'static> = S;
        type Value = ();
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Card {
        number: u64,
        tags: Option<Vec<String>>,
        #[serde(default)]
        names: Vec<Option<String>>,
    }

    static MEMBERS: [Member; 3] = [
        Member::new("number", FieldDef::stored("n"), true),
        Member::new("tags", FieldDef::stored("tags"), false),
        Member::new("names", FieldDef::stored("name").within::<Parts>(), true),
    ];

    fn read(brought: &[(&'static str, &'static str)]) -> Result<Card, Unread> {
        let bulk = |text: &'static str| Reply::Bulk(Bytes::from_static(text.as_bytes()));
        let attributes = brought.iter().map(|(name, json)| (bulk(name), bulk(json))).collect();
        Hit::new(Bytes::from_static(b"key"), None, attributes).read(&MEMBERS)
    }

    #[test]
    fn members_are_read_whatever_stands_between_them() {
        let parts = r#"["id",[{"name":"a"},{"other":{"name":"b"}},null,{"name":null},{"name":"c"}]]"#;
        let brought = [
            ("n", "5"),
            ("$2", parts),
            ("$?", r#"["id"]"#),
            ("$0", "[18446744073709551615]"),
            ("$", "[{}]"),
            ("$1", r#"["id",[]]"#),
            ("$9", "[1]"),
        ];
        let names = vec![Some("a".to_owned()), None, None, None, Some("c".to_owned())];
        assert_eq!(read(&brought).unwrap(), Card { number: u64::MAX, tags: Some(vec![]), names });
    }

    #[test]
    fn what_is_missing_is_left_to_serde() {
        let card = Card { number: 1, tags: None, names: vec![] };
        let lacks = [("$0", "[1]"), ("$1", r#"["id"]"#), ("$2", r#"["id"]"#)];
        assert_eq!(read(&lacks).unwrap(), card);
        assert_eq!(read(&lacks[..1]).unwrap(), card);
        assert_eq!(read(&[("$0", "[1]"), ("$2", r#"["id",null]"#)]).unwrap(), card);
        let error = read(&lacks[1..]).unwrap_err();
        assert_eq!(
            (error.field, error.source.to_string().as_str()),
            (Some("number"), "missing field `number`")
        );
    }

    #[test]
    fn mistakes_name_the_field() {
        for (name, json, field, message) in [
            ("$0", "[-1]", "number", "invalid value: integer `-1`, expected u64"),
            ("$0", "[null]", "number", "invalid type: null, expected u64"),
            ("$0", "[1,2]", "number", "trailing characters"),
            ("$1", "{}", "tags", "invalid type: map, expected a list of what is at a path"),
            (
                "$2",
                r#"["id",5]"#,
                "names",
                "invalid type: integer `5`, expected a list or a map of embedded structs",
            ),
            ("$2", r#"["id",[{"name":5}]]"#, "names", "invalid type: integer `5`, expected a string"),
        ] {
            let error = read(&[("$0", "[1]"), (name, json)][usize::from(name == "$0")..]).unwrap_err();
            assert_eq!(error.field, Some(field), "{json}");
            assert!(error.source().unwrap().to_string().starts_with(message), "{json}: {error:?}");
        }
    }
}
