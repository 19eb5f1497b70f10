//! Whether a model reads what was written for one of its fields.
//!
//! A field may be written and read by functions of its own (`#[serde(with = …)]`), which its type knows nothing of.
//! So the model's own `Deserialize` is shown a document that has nothing but the new value, and it is watched what
//! becomes of that: the members that are missing are an error later, and of no interest.

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, Visitor,
};
use serde::forward_to_deserialize_any;

type Error = serde_json::Error;

/// Reads the JSON as the member that these members lead to.
///
/// # Errors
/// What the reader of that member finds wrong with it.
pub(super) fn readable<M: DeserializeOwned>(members: &[String], json: &[u8]) -> Result<(), Error> {
    let mut refused = None;
    // It nearly always fails, since the other members are missing.
    let _ = M::deserialize(Around { members, json, refused: &mut refused });
    refused.map_or(Ok(()), Err)
}

/// An object whose one member is, or leads to, the value.
struct Around<'de> {
    members: &'de [String],
    json: &'de [u8],
    refused: &'de mut Option<Error>,
}

impl<'de> Deserializer<'de> for Around<'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_map(Member { around: Some(self), value: None })
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

/// The one member: first its name is asked for, then its value.
struct Member<'de> {
    around: Option<Around<'de>>,
    value: Option<Around<'de>>,
}

impl<'de> MapAccess<'de> for Member<'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        let Some(around) = self.around.take() else { return Ok(None) };
        let Some((member, inner)) = around.members.split_first() else { return Ok(None) };
        self.value = Some(Around { members: inner, ..around });
        let name: StrDeserializer<'_, Error> = member.as_str().into_deserializer();
        seed.deserialize(name).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let asked_twice = || Error::custom("the value was asked for twice");
        let around = self.value.take().ok_or_else(asked_twice)?;
        if !around.members.is_empty() {
            return seed.deserialize(around);
        }
        seed.deserialize(&mut serde_json::Deserializer::from_slice(around.json)).map_err(|error| {
            let stop = Error::custom("the value cannot be read");
            *around.refused = Some(error);
            stop
        })
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use super::*;

    #[derive(Debug, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct User {
        id: u32,
        #[serde(with = "as_text")]
        visits: u64,
        #[serde(rename = "homeAddress")]
        address: Option<Address>,
    }

    #[derive(Debug, Serialize, Deserialize)]
    struct Address {
        street: String,
        city: Option<String>,
    }

    mod as_text {
        use serde::{Deserialize, Deserializer, Serializer, de::Error};

        pub(super) fn serialize<S: Serializer>(value: &u64, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_str(value)
        }

        pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
            String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
        }
    }

    fn check(members: &[&str], json: &str) -> Result<(), String> {
        let members: Vec<_> = members.iter().map(|&member| member.to_owned()).collect();
        readable::<User>(&members, json.as_bytes()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_member_is_read_as_its_own_reader_does() {
        assert_eq!(check(&["id"], "7"), Ok(()));
        assert_eq!(check(&["visits"], r#""7""#), Ok(()));
        assert!(check(&["visits"], "7").unwrap_err().contains("expected a string"));
        assert!(check(&["id"], "null").unwrap_err().contains("invalid type: null"));
    }

    #[test]
    fn the_way_may_lead_through_options() {
        assert_eq!(check(&["homeAddress", "city"], "null"), Ok(()));
        assert!(check(&["homeAddress", "street"], "null").is_err());
        assert_eq!(check(&["homeAddress"], r#"{"street":"x"}"#), Ok(()));
        assert!(check(&["homeAddress"], "{}").unwrap_err().contains("missing field `street`"));
    }

    #[test]
    fn what_nobody_reads_is_not_refused() {
        assert_eq!(check(&["unknown"], "[]"), Ok(()));
    }
}
