//! Documents by key: what was saved is what is read, and lives as long as it should.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use cache_core::{Cache, CacheModel, Error, NameError, Saved, ServerErrorKind, Ttl};
use cache_tests::live;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Everything {
    #[primary_key]
    id: String,
    #[index]
    string: String,
    #[index]
    boxed: Box<str>,
    #[index]
    character: char,
    #[index]
    truth: bool,
    #[index]
    i8: i8,
    #[index]
    i16: i16,
    #[index]
    i32: i32,
    #[index]
    i64: i64,
    #[index]
    u8: u8,
    #[index]
    u16: u16,
    #[index]
    u32: u32,
    #[index]
    u64: u64,
    #[index]
    f32: f32,
    #[index]
    f64: f64,
    #[index]
    option: Option<String>,
    #[index]
    list: Vec<String>,
    #[index]
    set: BTreeSet<i64>,
    #[index]
    option_list: Option<Vec<char>>,
    #[index(text)]
    text: String,
    stored: HashMap<String, serde_json::Value>,
}

fn extremes() -> Everything {
    Everything {
        id: "a b:c/ü{}*".to_owned(),
        string: "quotes \" and \\ and \u{1F980} and \u{7f}\n".to_owned(),
        boxed: "".into(),
        character: '\u{10FFFF}',
        truth: true,
        i8: i8::MIN,
        i16: i16::MIN,
        i32: i32::MIN,
        i64: i64::MIN,
        u8: u8::MAX,
        u16: u16::MAX,
        u32: u32::MAX,
        u64: u64::MAX,
        f32: 0.1,
        f64: 47.376_888_888_888_89,
        option: None,
        list: vec![String::new(), "x".to_owned(), "x".to_owned()],
        set: [i64::MAX, 0, -1].into(),
        option_list: Some(vec![]),
        text: "the quick brown fox".to_owned(),
        stored: [("any".to_owned(), serde_json::json!({"nested": [1, null, "two"]}))].into(),
    }
}

async fn what_was_saved_is_what_is_read(cache: Cache) {
    let saved = extremes();
    let answer: Saved = saved.save(&cache).await.unwrap();
    assert!(answer.stored());
    assert_eq!(Everything::get(&cache, "a b:c/ü{}*").await.unwrap().unwrap(), saved);

    let other = Everything { option: Some("now".to_owned()), i64: i64::MAX, ..saved };
    let _ = other.save(&cache).await.unwrap();
    assert_eq!(Everything::get(&cache, &other.id).await.unwrap().unwrap(), other);
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Point {
    #[primary_key]
    id: u64,
    at: f64,
}

/// RedisJSON reads numbers with an error of a unit in the last place for one double in ten; see `write_json`.
async fn doubles_survive(cache: Cache) {
    let mut seed = 42_u64;
    let points: Vec<Point> = (0..5_000)
        .map(|id| {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            Point { id, at: (seed >> 11) as f64 / (1_u64 << 53) as f64 * 180.0 - 90.0 }
        })
        .collect();
    for point in &points {
        let _ = point.save(&cache).await.unwrap();
    }
    let read = Point::get_many(&cache, 0..5_000_u64).await.unwrap();
    let mut lost = 0;
    for (point, read) in points.iter().zip(read) {
        let read = read.unwrap().at;
        lost += u32::from(read != point.at);
        assert!((read - point.at).abs() <= f64::EPSILON * 128.0, "{} came back as {read}", point.at);
    }
    assert!(lost <= 25, "{lost} of 5,000 doubles came back as a neighbour");
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "session", ttl = "30m")]
struct Session {
    #[primary_key]
    id: u32,
    user: String,
}

fn session(id: u32) -> Session {
    Session { id, user: format!("user {id}") }
}

async fn the_models_ttl_starts_anew_with_each_save(cache: Cache) {
    let _ = session(1).save(&cache).await.unwrap();
    let left = Session::ttl(&cache, 1).await.unwrap().remaining().unwrap();
    assert!(left > Duration::from_secs(29 * 60) && left <= Duration::from_secs(30 * 60), "{left:?}");

    assert!(Session::expire(&cache, 1, Duration::from_secs(5)).await.unwrap());
    assert!(Session::ttl(&cache, 1).await.unwrap().remaining().unwrap() <= Duration::from_secs(5));
    let _ = session(1).save(&cache).await.unwrap();
    assert!(Session::ttl(&cache, 1).await.unwrap().remaining().unwrap() > Duration::from_secs(60));

    assert!(Session::persist(&cache, 1).await.unwrap());
    assert_eq!(Session::ttl(&cache, 1).await.unwrap(), Ttl::Persistent);
    assert!(!Session::persist(&cache, 1).await.unwrap());
    assert_eq!(Session::ttl(&cache, 2).await.unwrap(), Ttl::Missing);
    assert!(!Session::expire(&cache, 2, Duration::from_secs(5)).await.unwrap());
}

async fn a_model_without_ttl_keeps_what_expire_set(cache: Cache) {
    let _ = extremes().save(&cache).await.unwrap();
    let id = &extremes().id;
    assert_eq!(Everything::ttl(&cache, id).await.unwrap(), Ttl::Persistent);
    assert!(Everything::expire(&cache, id, Duration::from_secs(100)).await.unwrap());
    let _ = extremes().save(&cache).await.unwrap();
    assert!(Everything::ttl(&cache, id).await.unwrap().remaining().is_some());
    assert!(Everything::expire(&cache, id, Duration::ZERO).await.unwrap());
    assert!(!Everything::exists(&cache, id).await.unwrap());
}

async fn many_come_in_their_order(cache: Cache) {
    for id in [3, 1, 2] {
        let _ = session(id).save(&cache).await.unwrap();
    }
    let read = Session::get_many(&cache, [2, 9, 1, 2]).await.unwrap();
    assert_eq!(read, [Some(session(2)), None, Some(session(1)), Some(session(2))]);
    assert_eq!(Session::get_many(&cache, Vec::<u32>::new()).await.unwrap(), []);
}

async fn deleting_says_whether_there_was_something(cache: Cache) {
    let _ = session(1).save(&cache).await.unwrap();
    assert!(Session::exists(&cache, 1).await.unwrap());
    assert!(session(1).delete(&cache).await.unwrap());
    assert!(!session(1).delete(&cache).await.unwrap());
    assert!(!Session::delete_by_id(&cache, 1).await.unwrap());
    assert_eq!(Session::get(&cache, 1).await.unwrap(), None);
}

#[derive(Debug, Serialize, Deserialize, CacheModel)]
struct Indexed {
    #[primary_key]
    id: String,
    #[index]
    tags: Vec<String>,
    free: String,
}

async fn what_the_index_cannot_hold_is_refused(cache: Cache) {
    let with_nul = |tag: &str, free: &str| Indexed {
        id: "1".to_owned(),
        tags: vec![tag.to_owned()],
        free: free.to_owned(),
    };
    let error = with_nul("a\0b", "").save(&cache).await.unwrap_err();
    assert!(matches!(error, Error::NulCharacter { field, .. } if field.to_string() == "tags"), "{error}");
    assert!(!Indexed::exists(&cache, "1").await.unwrap());

    // Where nothing is indexed, nothing is refused; and text that only looks like an escape is text.
    let _ = with_nul(r"\u0000", "a\0b").save(&cache).await.unwrap();
    let read = Indexed::get(&cache, "1").await.unwrap().unwrap();
    assert_eq!((read.tags[0].as_str(), read.free.as_str()), (r"\u0000", "a\0b"));
}

async fn an_empty_id_is_refused(cache: Cache) {
    let error = Indexed::get(&cache, "").await.unwrap_err();
    assert!(matches!(error, Error::Name(NameError::Empty { .. })), "{error}");
}

async fn namespaces_are_apart(cache: Cache) {
    let (one, other) = (cache.clone().namespace("ns-one"), cache.namespace("ns-other"));
    let _ = session(1).save(&one).await.unwrap();
    assert!(Session::exists(&one, 1).await.unwrap());
    assert!(!Session::exists(&other, 1).await.unwrap());
    assert!(session(1).delete(&one).await.unwrap());
}

async fn a_bad_namespace_is_an_error_of_every_call(cache: Cache) {
    let error = Session::get(&cache.namespace("a::b"), 1).await.unwrap_err();
    assert!(matches!(error, Error::Name(NameError::Separator { .. })), "{error}");
}

async fn what_is_no_document_of_the_model_is_an_error(cache: Cache) {
    let key = format!("{}:session:7", cache.keyspace().unwrap().global());
    let set = cache_core::Command::new("JSON.SET").key(&key).arg("$").arg(r#"{"id":"seven"}"#);
    cache.command(set).await.unwrap();
    let error = Session::get(&cache, 7).await.unwrap_err();
    assert!(
        matches!(&error, Error::Document { key: found, model: "Session", .. } if *found == key),
        "{error}"
    );

    let set = cache_core::Command::new("SET").key(&key).arg("no JSON");
    cache.command(set).await.unwrap();
    let error = Session::get(&cache, 7).await.unwrap_err();
    assert_eq!(error.server_kind(), Some(ServerErrorKind::WrongType), "{error:?}");
}

live! {
    what_was_saved_is_what_is_read,
    doubles_survive,
    the_models_ttl_starts_anew_with_each_save,
    a_model_without_ttl_keeps_what_expire_set,
    many_come_in_their_order,
    deleting_says_whether_there_was_something,
    what_the_index_cannot_hold_is_refused,
    an_empty_id_is_refused,
    namespaces_are_apart,
    a_bad_namespace_is_an_error_of_every_call,
    what_is_no_document_of_the_model_is_an_error,
}
