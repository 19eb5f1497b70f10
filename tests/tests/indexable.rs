//! What serde writes is compared with what the index needs: without a server, and in debug builds on every save.

use std::collections::{BTreeMap, HashMap};

use cache_core::{
    CacheEmbedded, CacheModel, CacheValue, Error, NotIndexable, assert_indexable, check_indexable,
};
use cache_tests::recorder::recorded;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};

/// A string to the compiler, whatever it holds to serde.
#[derive(Debug, Clone, Deserialize, CacheValue)]
#[serde(from = "Value")]
struct Any(String);

impl From<Value> for Any {
    fn from(value: Value) -> Self {
        Self(value.to_string())
    }
}

impl Serialize for Any {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serde_json::from_str::<Value>(&self.0).unwrap().serialize(serializer)
    }
}

fn any(value: Value) -> Any {
    value.into()
}

#[derive(Debug, Clone, Serialize, Deserialize, CacheEmbedded)]
struct Part {
    #[index]
    tag: Any,
    #[index]
    maybe: Option<Any>,
}

fn part(tag: Value, maybe: Option<Value>) -> Part {
    Part { tag: any(tag), maybe: maybe.map(any) }
}

#[derive(Debug, Clone, Serialize, Deserialize, CacheModel)]
struct Sample {
    #[primary_key]
    id: u32,
    #[index]
    one: Any,
    #[index]
    maybe: Option<Any>,
    #[index]
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    many: Vec<Any>,
    #[index]
    map: HashMap<String, Any>,
    #[index]
    number: u8,
    #[index]
    flag: bool,
    #[embedded]
    part: Part,
    #[embedded]
    maybe_part: Option<Part>,
    #[embedded]
    parts: Vec<Option<Part>>,
    #[embedded]
    part_map: BTreeMap<String, Part>,
    /// Anything at all: it is not indexed.
    stored: Any,
}

fn sample() -> Sample {
    Sample {
        id: 1,
        one: any(json!("a")),
        maybe: Some(any(json!("a"))),
        many: vec![any(json!("a")), any(json!(""))],
        map: [("a".to_owned(), any(json!("a")))].into(),
        number: 1,
        flag: true,
        part: part(json!("a"), None),
        maybe_part: Some(part(json!("a"), Some(json!("b")))),
        parts: vec![Some(part(json!("a"), None)), None],
        part_map: [("a".to_owned(), part(json!("a"), None))].into(),
        stored: any(json!([null, {"a": 1}])),
    }
}

#[track_caller]
fn refused(change: impl FnOnce(&mut Sample)) -> (String, String, &'static str) {
    let mut sample = sample();
    change(&mut sample);
    match check_indexable(&sample).unwrap_err() {
        NotIndexable::OtherType { model: "Sample", field, path, needs: _, found } => {
            (field.to_string(), path, found)
        }
        NotIndexable::Absent { model: "Sample", field, path } => (field.to_string(), path, "absent"),
        other => panic!("{other}"),
    }
}

#[track_caller]
fn is(refused: &(String, String, &'static str), field: &str, path: &str, found: &str) {
    assert_eq!((refused.0.as_str(), refused.1.as_str(), refused.2), (field, path, found));
}

#[test]
fn what_fits_is_accepted() {
    assert_indexable(&sample());
    let mut bare = sample();
    bare.maybe = None;
    bare.many.clear();
    bare.map.clear();
    bare.maybe_part = None;
    bare.parts.clear();
    bare.part_map.clear();
    assert_indexable(&bare);
    bare.maybe = Some(any(Value::Null));
    assert_indexable(&bare);
}

#[test]
fn another_type_is_found_wherever_it_is() {
    is(&refused(|s| s.one = any(json!(1))), "one", "$.one", "a number");
    is(&refused(|s| s.one = any(json!(["a"]))), "one", "$.one", "a list");
    is(&refused(|s| s.maybe = Some(any(json!(true)))), "maybe", "$.maybe", "`true` or `false`");
    is(&refused(|s| s.many[1] = any(json!({}))), "many", "$.many[*]", "an object");
    is(&refused(|s| s.many[1] = any(json!(null))), "many", "$.many[*]", "`null`");
    is(&refused(|s| s.map = [("b".to_owned(), any(json!(1)))].into()), "map", "$.map.*", "a number");
    is(&refused(|s| s.part.tag = any(json!(1))), "part_tag", "$.part.tag", "a number");
    is(
        &refused(|s| s.maybe_part = Some(part(json!(1), None))),
        "maybe_part_tag",
        "$.maybe_part.tag",
        "a number",
    );
    is(&refused(|s| s.parts[0] = Some(part(json!(1), None))), "parts_tag", "$.parts[*].tag", "a number");
    let map = |tag| [("b".to_owned(), part(json!("a"), Some(tag)))].into();
    is(&refused(|s| s.part_map = map(json!([]))), "part_map_maybe", "$.part_map.*.maybe", "a list");
}

#[test]
fn what_should_be_there_is_missed() {
    is(&refused(|s| s.one = any(json!(null))), "one", "$.one", "absent");
    is(&refused(|s| s.part.tag = any(json!(null))), "part_tag", "$.part.tag", "absent");
    is(&refused(|s| s.parts[0] = Some(part(json!(null), None))), "parts_tag", "$.parts[*].tag", "absent");
}

/// Documents whose struct writes itself as something else.
macro_rules! written_as {
    ($($name:ident { $($(#[$attribute:meta])* $field:ident: $type:ty),* } as $written:expr;)*) => {$(
        #[derive(Debug, Default, Deserialize, CacheModel)]
        #[expect(dead_code, reason = "what is written is said beside it")]
        struct $name {
            #[primary_key]
            #[serde(default)]
            id: u32,
            $($(#[$attribute])* #[serde(default)] $field: $type,)*
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                $written.serialize(serializer)
            }
        }
    )*};
}

#[derive(Debug, Default, Serialize, Deserialize, CacheEmbedded)]
struct Audit {
    #[index]
    author: String,
}

written_as! {
    Renamed { #[index] email: String } as json!({ "id": 1, "e-mail": "a" });
    NoList { #[index] tags: Vec<String> } as json!({ "id": 1, "tags": "a,b" });
    NoMap { #[index] counts: HashMap<String, u8> } as json!({ "id": 1, "counts": [1] });
    NumberAsText { #[index] age: u8 } as json!({ "id": 1, "age": "42" });
    FlagAsNumber { #[index] on: bool } as json!({ "id": 1, "on": 1 });
    NoObject { #[embedded] audit: Audit } as json!({ "id": 1, "audit": "ann" });
    NoPart { #[embedded] audit: Audit } as json!({ "id": 1 });
    NotFlat { #[embedded] #[serde(flatten)] audit: Audit } as json!({ "id": 1, "audit": { "author": "ann" } });
    MaybeFlat { #[embedded] #[serde(flatten)] audit: Option<Audit> } as json!({ "id": 1 });
    NoObjectAtAll { #[index] age: u8 } as json!(7);
}

#[test]
fn members_are_where_the_schema_has_them() {
    fn found<M: CacheModel + Default>() -> String {
        check_indexable(&M::default()).unwrap_err().to_string()
    }
    for (message, expected) in [
        (found::<Renamed>(), "`email` of `Renamed` is not in the document, at `$.email`, and is no `Option`"),
        (
            found::<NoList>(),
            "`tags` of `NoList` is a string in the document, at `$.tags[*]`, and its index needs a list",
        ),
        (
            found::<NoMap>(),
            "`counts` of `NoMap` is a list in the document, at `$.counts.*`, and its index needs an obj",
        ),
        (
            found::<NumberAsText>(),
            "`age` of `NumberAsText` is a string in the document, at `$.age`, and its index needs a number",
        ),
        (
            found::<FlagAsNumber>(),
            "`on` of `FlagAsNumber` is a number in the document, at `$.on`, and its index needs `true`",
        ),
        (
            found::<NoObject>(),
            "`audit_author` of `NoObject` is a string in the document, at `$.audit`, and its index needs an",
        ),
        (found::<NoPart>(), "`audit_author` of `NoPart` is not in the document, at `$.audit`,"),
        (found::<NotFlat>(), "`author` of `NotFlat` is not in the document, at `$.author`,"),
        (found::<NoObjectAtAll>(), "`age` of `NoObjectAtAll` is not in the document, at `$.age`,"),
    ] {
        assert!(message.starts_with(expected), "{message}");
    }
    assert_indexable(&MaybeFlat::default());
}

#[test]
#[should_panic(expected = "`email` of `Renamed` is not in the document")]
fn the_helper_panics_with_the_finding() {
    assert_indexable(&Renamed::default());
}

#[test]
fn what_is_no_json_is_said() {
    #[derive(Debug, Serialize, Deserialize, CacheModel)]
    struct Measured {
        #[primary_key]
        id: u32,
        #[index]
        value: f64,
    }
    let refused = check_indexable(&Measured { id: 1, value: f64::NAN }).unwrap_err();
    assert!(
        matches!(&refused, NotIndexable::Unwritable { reason, .. } if reason.contains("NaN")),
        "{refused}"
    );
}

#[tokio::test]
async fn a_debug_build_refuses_to_save() {
    let (recorder, cache) = recorded([]);
    let refused = Renamed::default().save(&cache).await;
    if cfg!(debug_assertions) {
        let source = NotIndexable::Absent {
            model: "Renamed",
            field: Renamed::EMAIL.def().name(),
            path: "$.email".to_owned(),
        };
        assert!(
            matches!(refused, Err(Error::NotIndexable { model: "Renamed", source: found }) if found == source)
        );
        assert_eq!(recorder.sent(), [""; 0]);
    } else {
        assert!(refused.unwrap().stored());
    }
}
