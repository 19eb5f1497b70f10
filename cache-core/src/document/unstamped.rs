//! Reading a document as its model without showing it the version of its form, which is no field of the model's: a
//! model that collects unknown members would take it for one of them and write it twice.

use std::fmt;

use serde::de::value::StringDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, IgnoredAny, IntoDeserializer, MapAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::stamp::STAMP;

/// Reads the document.
pub(super) fn read<T: DeserializeOwned>(json: &[u8]) -> Result<T, serde_json::Error> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let read = T::deserialize(Unstamped(&mut reader))?;
    reader.end()?;
    Ok(read)
}

/// An object without its member `_v`.
struct Unstamped<D>(D);

impl<'de, D: Deserializer<'de>> Deserializer<'de> for Unstamped<D> {
    type Error = D::Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        self.0.deserialize_any(Members(visitor))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, D::Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, D::Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq
        tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// Whatever visits the object.
struct Members<V>(V);

impl<'de, V: Visitor<'de>> Visitor<'de> for Members<V> {
    type Value = V::Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.expecting(f)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<V::Value, A::Error> {
        self.0.visit_map(Unstamped(members))
    }
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Unstamped<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        while let Some(member) = self.0.next_key::<String>()? {
            if member != STAMP {
                let member: StringDeserializer<A::Error> = member.into_deserializer();
                return seed.deserialize(member).map(Some);
            }
            self.0.next_value::<IgnoredAny>()?;
        }
        Ok(None)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, A::Error> {
        self.0.next_value_seed(seed)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    struct User {
        id: u64,
        weight: f32,
        inner: Value,
        #[serde(flatten)]
        rest: BTreeMap<String, Value>,
    }

    #[test]
    fn nothing_but_the_version_is_hidden() {
        let json = br#"{"id":18446744073709551615,"_v":3,"weight":0.1,"inner":{"_v":1},"more":[1]}"#;
        let user: User = read(json).unwrap();
        let expected = User {
            id: u64::MAX,
            weight: 0.1,
            inner: json!({"_v": 1}),
            rest: [("more".to_owned(), json!([1]))].into(),
        };
        assert_eq!(user, expected);
    }

    #[test]
    fn what_is_wrong_is_said_as_without_it() {
        for (json, reason) in [
            (&br#"{"id":1,"weight":1}"#[..], "missing field `inner`"),
            (br#"{"id":"1"}"#, "invalid type: string \"1\", expected u64"),
            (b"5", "invalid type: integer `5`, expected struct User"),
            (br#"{"id":1,"weight":1,"inner":0} x"#, "trailing characters"),
        ] {
            let error = read::<User>(json).unwrap_err().to_string();
            assert!(error.starts_with(reason), "{error}");
        }
    }
}
