//! A serializer that refuses what a document would lose: NaN and infinities, which JSON has no word for, integers beyond
//! 64 bits, which RedisJSON turns into doubles, and members of one name.

use std::collections::HashSet;
use std::fmt::Display;

use serde::ser::{self, Error, Serialize, Serializer};

/// Passes everything on to another serializer, but for what would be lost.
pub(crate) struct Strict<S>(pub(crate) S);

/// A value that is serialised strictly, whatever serializer it meets.
struct Strictly<'a, T: ?Sized>(&'a T);

impl<T: Serialize + ?Sized> Serialize for Strictly<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(Strict(serializer))
    }
}

fn finite<E: Error>(number: f64) -> Result<(), E> {
    if number.is_finite() {
        return Ok(());
    }
    Err(E::custom(format_args!(
        "{number} has no JSON form and would come back as null; store an `Option` in its place"
    )))
}

fn wide<E: Error>(number: impl Display) -> E {
    E::custom(format_args!(
        "{number} does not fit into 64 bits and would come back as another number; store it as a string"
    ))
}

macro_rules! pass {
    ($($method:ident($($argument:ident: $type:ty),*);)*) => {$(
        fn $method(self, $($argument: $type),*) -> Result<S::Ok, S::Error> {
            self.0.$method($($argument),*)
        }
    )*};
}

macro_rules! open {
    ($($method:ident($($argument:ident: $type:ty),*) -> $compound:ident;)*) => {$(
        fn $method(self, $($argument: $type),*) -> Result<Self::$compound, S::Error> {
            self.0.$method($($argument),*).map(Strict)
        }
    )*};
}

impl<S: Serializer> Serializer for Strict<S> {
    type Ok = S::Ok;
    type Error = S::Error;
    type SerializeSeq = Strict<S::SerializeSeq>;
    type SerializeTuple = Strict<S::SerializeTuple>;
    type SerializeTupleStruct = Strict<S::SerializeTupleStruct>;
    type SerializeTupleVariant = Strict<S::SerializeTupleVariant>;
    type SerializeMap = Members<S::SerializeMap>;
    type SerializeStruct = Strict<S::SerializeStruct>;
    type SerializeStructVariant = Strict<S::SerializeStructVariant>;

    pass! {
        serialize_bool(value: bool);
        serialize_i8(value: i8);
        serialize_i16(value: i16);
        serialize_i32(value: i32);
        serialize_i64(value: i64);
        serialize_u8(value: u8);
        serialize_u16(value: u16);
        serialize_u32(value: u32);
        serialize_u64(value: u64);
        serialize_char(value: char);
        serialize_str(value: &str);
        serialize_bytes(value: &[u8]);
        serialize_none();
        serialize_unit();
        serialize_unit_struct(name: &'static str);
        serialize_unit_variant(name: &'static str, index: u32, variant: &'static str);
    }

    open! {
        serialize_seq(length: Option<usize>) -> SerializeSeq;
        serialize_tuple(length: usize) -> SerializeTuple;
        serialize_tuple_struct(name: &'static str, length: usize) -> SerializeTupleStruct;
        serialize_tuple_variant(name: &'static str, index: u32, variant: &'static str, length: usize)
            -> SerializeTupleVariant;
        serialize_struct(name: &'static str, length: usize) -> SerializeStruct;
        serialize_struct_variant(name: &'static str, index: u32, variant: &'static str, length: usize)
            -> SerializeStructVariant;
    }

    fn serialize_map(self, length: Option<usize>) -> Result<Self::SerializeMap, S::Error> {
        // A map of its own knows how many it has, and has none twice. A struct with something flattened does not.
        let seen = length.is_none().then(HashSet::new);
        self.0.serialize_map(length).map(|map| Members { map, seen })
    }

    fn serialize_f32(self, value: f32) -> Result<S::Ok, S::Error> {
        finite(f64::from(value)).and_then(|()| self.0.serialize_f32(value))
    }

    fn serialize_f64(self, value: f64) -> Result<S::Ok, S::Error> {
        finite(value).and_then(|()| self.0.serialize_f64(value))
    }

    fn serialize_i128(self, value: i128) -> Result<S::Ok, S::Error> {
        if let Ok(value) = i64::try_from(value) {
            return self.0.serialize_i64(value);
        }
        u64::try_from(value).map_err(|_| wide(value)).and_then(|value| self.0.serialize_u64(value))
    }

    fn serialize_u128(self, value: u128) -> Result<S::Ok, S::Error> {
        u64::try_from(value).map_err(|_| wide(value)).and_then(|value| self.0.serialize_u64(value))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.0.serialize_some(&Strictly(value))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_struct(name, &Strictly(value))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<S::Ok, S::Error> {
        self.0.serialize_newtype_variant(name, index, variant, &Strictly(value))
    }

    fn collect_str<T: Display + ?Sized>(self, value: &T) -> Result<S::Ok, S::Error> {
        self.0.collect_str(value)
    }

    fn is_human_readable(&self) -> bool {
        self.0.is_human_readable()
    }
}

macro_rules! compounds {
    ($($trait:ident::$method:ident($($key:ident: $type:ty)?);)*) => {$(
        impl<S: ser::$trait> ser::$trait for Strict<S> {
            type Ok = S::Ok;
            type Error = S::Error;

            fn $method<T: Serialize + ?Sized>(&mut self, $($key: $type,)? value: &T) -> Result<(), S::Error> {
                self.0.$method($($key,)? &Strictly(value))
            }

            fn end(self) -> Result<S::Ok, S::Error> {
                self.0.end()
            }
        }
    )*};
}

compounds! {
    SerializeSeq::serialize_element();
    SerializeTuple::serialize_element();
    SerializeTupleStruct::serialize_field();
    SerializeTupleVariant::serialize_field();
    SerializeStruct::serialize_field(key: &'static str);
    SerializeStructVariant::serialize_field(key: &'static str);
}

/// The members of an object, of which no two may have one name: the later one would take the place of the other.
pub(crate) struct Members<S> {
    map: S,
    /// The names so far, where one could come twice.
    seen: Option<HashSet<String>>,
}

impl<S: ser::SerializeMap> ser::SerializeMap for Members<S> {
    type Ok = S::Ok;
    type Error = S::Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), S::Error> {
        if let (Some(seen), Ok(name)) = (&mut self.seen, serde_json::to_string(key))
            && !seen.insert(name.clone())
        {
            return Err(S::Error::custom(format_args!(
                "two members are named {name}, of which one would be lost; keep the names of fields out of what is \
                 flattened beside them"
            )));
        }
        self.map.serialize_key(key)
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), S::Error> {
        self.map.serialize_value(&Strictly(value))
    }

    fn end(self) -> Result<S::Ok, S::Error> {
        self.map.end()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use crate::json::write_json;

    fn written(value: &impl serde::Serialize) -> Result<String, String> {
        let mut buffer = Vec::new();
        write_json(&mut buffer, value).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(buffer).unwrap())
    }

    #[test]
    fn what_would_be_lost_is_refused_at_any_depth() {
        assert!(written(&f64::NAN).is_err());
        assert!(written(&f32::INFINITY).is_err());
        assert!(written(&Some(vec![(1, f64::NEG_INFINITY)])).is_err());
        assert!(written(&BTreeMap::from([("a", [f32::NAN])])).is_err());
        assert!(written(&u128::MAX).is_err());
        let error = written(&i128::MIN).unwrap_err();
        assert!(error.contains("does not fit into 64 bits"), "{error}");
    }

    #[test]
    fn members_of_one_name_are_refused() {
        #[derive(serde::Serialize)]
        struct Open {
            id: u8,
            #[serde(flatten)]
            rest: BTreeMap<String, u8>,
        }
        let open = |name: &str| written(&Open { id: 1, rest: [(name.to_owned(), 2)].into() });
        assert_eq!(open("other").unwrap(), r#"{"id":1,"other":2}"#);
        let error = open("id").unwrap_err();
        assert!(error.contains("two members are named \"id\""), "{error}");
    }

    #[test]
    fn everything_else_is_as_serde_json_writes_it() {
        #[derive(serde::Serialize)]
        #[serde(rename_all = "camelCase")]
        enum Shape {
            Unit,
            New(u8),
            Tuple(u8, char),
            Struct { some_field: Option<()>, f: f32 },
        }
        let value = (
            (1_i128, u64::MAX, "x", 'y', true, [1.5, -0.0]),
            BTreeMap::from([(1, vec![Shape::Unit, Shape::New(1)])]),
            [Shape::Tuple(1, 'c'), Shape::Struct { some_field: Some(()), f: 0.1 }],
        );
        assert_eq!(written(&value).unwrap(), serde_json::to_string(&value).unwrap());
    }
}
