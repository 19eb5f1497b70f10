//! Partial updates: typed, atomic, and exact where the server's own arithmetic is not.

use std::time::Duration;

use cache_core::{
    Cache, CacheEmbedded, CacheModel, Command, Error, Field, Increment, Migrator, Number, Patch, PatchError,
};
use cache_tests::live;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(ttl = "30m")]
struct User {
    #[primary_key]
    id: u32,
    #[index]
    email: String,
    #[index]
    tags: Vec<String>,
    #[serde(rename = "größe in cm")]
    size: Option<u32>,
    visits: u64,
    balance: i64,
    level: u8,
    score: f64,
    ratio: f32,
    bio: Option<String>,
    #[embedded]
    home: Option<Address>,
    #[embedded]
    old: Vec<Address>,
    #[serde(with = "as_text")]
    text: u64,
    any: serde_json::Value,
    #[embedded]
    #[serde(flatten)]
    audit: Audit,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheEmbedded)]
struct Audit {
    #[index]
    author: Option<String>,
    changes: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheEmbedded)]
struct Address {
    #[index]
    city: String,
    floor: i8,
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

fn user() -> User {
    User {
        id: 1,
        email: "ann@example.com".to_owned(),
        tags: vec!["a".to_owned()],
        size: None,
        visits: 1,
        balance: 0,
        level: 7,
        score: 0.5,
        ratio: 0.1,
        bio: Some("hello".to_owned()),
        home: Some(Address { city: "Bern".to_owned(), floor: 2 }),
        old: vec![],
        text: 7,
        any: serde_json::json!({"left": "alone"}),
        audit: Audit { author: Some("eve".to_owned()), changes: 0 },
    }
}

async fn saved(cache: &Cache) -> User {
    let user = user();
    let _ = user.save(cache).await.unwrap();
    user
}

async fn there(cache: &Cache) -> User {
    User::get(cache, 1).await.unwrap().unwrap()
}

async fn some_fields_change_and_the_others_do_not(cache: Cache) {
    Migrator::new().register::<User>().run(&cache).await.unwrap();
    let before = saved(&cache).await;
    User::expire(&cache, 1, Duration::from_secs(60)).await.unwrap();
    let done = User::patch(1)
        .set(User::EMAIL, "bob@example.com")
        .set(User::SIZE, 180)
        .set(User::HOME.city, "Biel")
        .set(User::ANY, serde_json::json!([1, null, {"x": "y"}]))
        .increment(User::VISITS, 2)
        .increment(User::BALANCE, -3)
        .increment(User::SCORE, 0.25)
        .increment(User::RATIO, 0.2)
        .push(User::TAGS, "b")
        .push(User::TAGS, String::from("c"))
        .remove(User::BIO)
        .remove(User::AUDIT.author)
        .increment(User::AUDIT.changes, 1)
        .send(&cache)
        .await
        .unwrap();
    assert!(done.stored());
    let expected = User {
        email: "bob@example.com".to_owned(),
        tags: ["a", "b", "c"].map(str::to_owned).into(),
        size: Some(180),
        visits: 3,
        balance: -3,
        score: 0.75,
        ratio: 0.1 + 0.2,
        bio: None,
        home: Some(Address { city: "Biel".to_owned(), floor: 2 }),
        any: serde_json::json!([1, null, {"x": "y"}]),
        audit: Audit { author: None, changes: 1 },
        ..before
    };
    assert_eq!(there(&cache).await, expected);
    let left = User::ttl(&cache, 1).await.unwrap().remaining().unwrap();
    assert!(left <= Duration::from_secs(60), "the time to live is kept: {left:?}");
    assert_eq!(User::find_by_email("bob@example.com").one(&cache).await.unwrap(), expected);
    assert_eq!(User::find().filter(User::HOME.city.eq("Biel")).count(&cache).await.unwrap(), 1);
    assert_eq!(User::find().filter(User::HOME.city.eq("Bern")).count(&cache).await.unwrap(), 0);

    let after = User::patch(1).set(User::SIZE, None).increment(User::LEVEL, 1).send_and_get(&cache).await;
    assert_eq!(after.unwrap(), User { size: None, level: 8, ..expected.clone() });
    let same = User::patch(1).remove(User::SIZE).remove(User::BIO).send_and_get(&cache).await.unwrap();
    assert_eq!(same, User { size: None, level: 8, ..expected });
    // Removed and null read alike; on the server the member is gone.
    let key = format!("{}:user:1", cache.keyspace().unwrap().global());
    let text = cache.command(Command::new("JSON.GET").key(key)).await.unwrap();
    assert!(!text.as_str().unwrap().contains("größe"), "{text:?}");
}

async fn a_document_that_is_gone_is_not_made(cache: Cache) {
    let error = User::patch(1).increment(User::VISITS, 1).send(&cache).await.unwrap_err();
    assert!(
        matches!(&error, Error::NotFound { model: "User", key: Some(key) } if key.ends_with(":user:1")),
        "{error:?}"
    );
    assert!(User::patch(1).send_and_get(&cache).await.unwrap_err().is_not_found());
    assert!(!User::exists(&cache, 1).await.unwrap());
    let before = saved(&cache).await;
    assert_eq!(User::patch(1).send_and_get(&cache).await.unwrap(), before);
}

async fn all_changes_or_none(cache: Cache) {
    let before = saved(&cache).await;
    let refused = async |patch: Patch<User>| {
        let error = patch.send(&cache).await.unwrap_err();
        assert_eq!(there(&cache).await, before, "{error:?}");
        match error {
            Error::Patch { model: "User", source } => source,
            other => panic!("{other:?}"),
        }
    };
    let good = || User::patch(1).set(User::EMAIL, "x").push(User::TAGS, "x").remove(User::BIO);
    let error = refused(good().increment(User::LEVEL, 249)).await;
    assert!(
        matches!(&error, PatchError::OutOfRange { field, current, by }
            if (field.as_str(), current.as_str(), by.as_str()) == ("level", "7", "249")),
        "{error:?}"
    );
    let error = refused(good().increment(User::SIZE, 1)).await;
    assert!(
        matches!(&error, PatchError::NoNumber { current: Some(held), .. } if held == "null"),
        "{error:?}"
    );
    let error = refused(good().set(User::HOME.city, "x").push(User::ANY_LIST, "x")).await;
    assert!(matches!(error, PatchError::NoList { .. }), "{error:?}");
    let error = refused(good().set(User::TEXT, 8u64)).await;
    assert!(matches!(error, PatchError::Unreadable { .. }), "{error:?}");
    // What is stored as text is no number, whatever its type.
    let error = refused(good().increment(User::TEXT, 8)).await;
    assert!(
        matches!(&error, PatchError::NoNumber { current: Some(held), .. } if held == "\"7\""),
        "{error:?}"
    );
    let error = refused(good().set(User::OLD.city, "x")).await;
    assert!(matches!(error, PatchError::InList { .. }), "{error:?}");
    let deep = (0..126).fold(serde_json::json!(1), |inner, _| serde_json::json!([inner]));
    let error = refused(good().set(User::ANY, serde_json::json!([deep]))).await;
    assert!(matches!(error, PatchError::TooDeep { .. }), "{error:?}");
    let nul = good().set(User::HOME.city, "a\0").send(&cache).await.unwrap_err();
    assert!(matches!(nul, Error::NulCharacter { .. }), "{nul:?}");

    // The deepest that is taken can be read back.
    let read = User::patch(1).set(User::ANY, deep.clone()).send_and_get(&cache).await.unwrap();
    assert_eq!(read.any, deep);
    let _ = User { home: None, ..before }.save(&cache).await.unwrap();
    let error = good().set(User::HOME.city, "x").send(&cache).await.unwrap_err();
    assert!(matches!(error.patch_error(), Some(PatchError::NoParent { .. })), "{error:?}");
    let error = good().increment(User::HOME.floor, 1).send(&cache).await.unwrap_err();
    assert!(matches!(error.patch_error(), Some(PatchError::NoNumber { current: None, .. })), "{error:?}");
    assert_eq!(there(&cache).await.email, "ann@example.com");
}

impl User {
    /// A handle that vouches for more than the document holds.
    const ANY_LIST: Field<User, Vec<String>, cache_core::Stored, ()> = Field::stored("any");
}

/// A document of each type of number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Numbers {
    #[primary_key]
    id: u32,
    i8: i8,
    u16: u16,
    i64: i64,
    u64: u64,
    option: Option<u64>,
    f32: f32,
    f64: f64,
}

fn numbers() -> Numbers {
    Numbers { id: 1, i8: 0, u16: 0, i64: 0, u64: 0, option: Some(0), f32: 0.0, f64: 0.0 }
}

/// What a number becomes when something is added to it on the server, and whether it did.
async fn added<V, K, O, D>(cache: &Cache, field: Field<Numbers, V, K, O>, by: D) -> Result<Numbers, String>
where
    V: Number,
    D: Increment<V::Scalar>,
{
    match Numbers::patch(1).increment(field, by).send_and_get(cache).await {
        Ok(numbers) => Ok(numbers),
        Err(Error::Patch { source: PatchError::OutOfRange { current, .. }, .. }) => Err(current),
        Err(error) => panic!("{error:?}"),
    }
}

/// `JSON.NUMINCRBY` wraps at the ends of `i64` and turns what is beyond into a double.
async fn integers_are_exact_to_the_ends_of_their_types(cache: Cache) {
    let save = async |numbers: Numbers| assert!(numbers.save(&cache).await.unwrap().stored());
    save(Numbers { i8: 127, i64: i64::MAX, u64: u64::MAX - 1, option: Some(i64::MAX as u64), ..numbers() })
        .await;
    assert_eq!(added(&cache, Numbers::I8, 1).await, Err("127".to_owned()));
    assert_eq!(added(&cache, Numbers::I8, -255).await.unwrap().i8, -128);
    assert_eq!(added(&cache, Numbers::I8, -1).await, Err("-128".to_owned()));
    assert_eq!(added(&cache, Numbers::U16, -1).await, Err("0".to_owned()));
    assert_eq!(added(&cache, Numbers::I64, 1).await, Err(i64::MAX.to_string()));
    assert_eq!(added(&cache, Numbers::I64, i64::MIN).await.unwrap().i64, -1);
    assert_eq!(added(&cache, Numbers::I64, i64::MIN).await, Err("-1".to_owned()));
    assert_eq!(added(&cache, Numbers::I64, i64::MIN + 1).await.unwrap().i64, i64::MIN);
    assert_eq!(added(&cache, Numbers::I64, u64::MAX).await.unwrap().i64, i64::MAX);
    assert_eq!(added(&cache, Numbers::U64, 1).await.unwrap().u64, u64::MAX);
    assert_eq!(added(&cache, Numbers::U64, 1).await, Err(u64::MAX.to_string()));
    assert_eq!(added(&cache, Numbers::U64, -1).await.unwrap().u64, u64::MAX - 1);
    assert_eq!(added(&cache, Numbers::OPTION, 1).await.unwrap().option, Some(1 << 63));

    let mut seed = 7_u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        // Of every size, and around the powers of ten at which the script carries.
        let value = (seed >> 1) >> (seed % 64);
        if seed & 4 == 0 { value } else { 1_000_000_000_000_000_u64.wrapping_add(value % 3).wrapping_sub(1) }
    };
    for _ in 0..1_500 {
        let held = Numbers { i64: random() as i64, u64: random(), ..numbers() };
        let held = if held.u64.is_multiple_of(2) { held } else { Numbers { i64: -held.i64, ..held } };
        let by = if random().is_multiple_of(2) { random() as i64 } else { -(random() as i64) };
        let _ = held.save(&cache).await.unwrap();
        let expected = held.i64.checked_add(by).ok_or(held.i64.to_string());
        assert_eq!(added(&cache, Numbers::I64, by).await.map(|sum| sum.i64), expected, "{held:?} + {by}");
        let expected = held.u64.checked_add_signed(by).ok_or(held.u64.to_string());
        assert_eq!(added(&cache, Numbers::U64, by).await.map(|sum| sum.u64), expected, "{held:?} + {by}");
    }
}

async fn floating_point_sums_are_those_of_rust(cache: Cache) {
    let save = async |numbers: Numbers| assert!(numbers.save(&cache).await.unwrap().stored());
    save(Numbers { f32: f32::MAX, f64: f64::MAX, ..numbers() }).await;
    assert!(added(&cache, Numbers::F32, f32::MAX).await.is_err());
    assert!(added(&cache, Numbers::F64, f64::MAX).await.is_err());
    assert!(added(&cache, Numbers::F64, -f64::MAX).await.unwrap().f64 == 0.0);

    let mut seed = 7_u64;
    let mut random = || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (seed >> 11) as f64 / (1_u64 << 53) as f64 * 2_000.0 - 1_000.0
    };
    let mut off = 0;
    for _ in 0..1_500 {
        let held = Numbers { f32: random() as f32, f64: random(), ..numbers() };
        let _ = held.save(&cache).await.unwrap();
        // What is there may itself be a neighbour of what was saved.
        let held = Numbers::get(&cache, 1).await.unwrap().unwrap();
        let (small, large) = (random() as f32, random());
        let sum = added(&cache, Numbers::F32, small).await.unwrap();
        assert_eq!(sum.f32, held.f32 + small, "{held:?} + {small}");
        let sum = added(&cache, Numbers::F64, large).await.unwrap().f64;
        off += u32::from(sum != held.f64 + large);
        assert!((sum - (held.f64 + large)).abs() < 1e-12, "{held:?} + {large} = {sum}");
    }
    assert!(off <= 15, "{off} of 1,500 sums are off by a unit in the last place");
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Note {
    #[primary_key]
    id: u32,
    #[index(index_missing)]
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

async fn none_is_missing_where_that_is_indexed(cache: Cache) {
    Migrator::new().register::<Note>().run(&cache).await.unwrap();
    let _ = Note { id: 1, text: Some("x".to_owned()) }.save(&cache).await.unwrap();
    let missing = async || Note::find().filter(Note::TEXT.is_missing()).count(&cache).await.unwrap();
    assert_eq!(missing().await, 0);
    let none = Note::patch(1).set(Note::TEXT, None).send_and_get(&cache).await.unwrap();
    assert_eq!((none.text, missing().await), (None, 1));
    let _ = Note::patch(1).set(Note::TEXT, "y").send(&cache).await.unwrap();
    assert_eq!(missing().await, 0);
}

async fn many_elements_are_pushed_in_their_order(cache: Cache) {
    let before = saved(&cache).await;
    let tags: Vec<_> = (0..9_500).map(|number| format!("tag {number}")).collect();
    let patch = tags.iter().fold(User::patch(1), |patch, tag| patch.push(User::TAGS, tag));
    let after = patch.send_and_get(&cache).await.unwrap();
    assert_eq!(after.tags, [before.tags, tags].concat());
}

async fn nothing_is_lost_between_many_writers(cache: Cache) {
    const TASKS: u64 = 32;
    const EACH: u64 = 100;
    saved(&cache).await;
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let cache = cache.clone();
            tokio::spawn(async move {
                for _ in 0..EACH {
                    let patch = User::patch(1).increment(User::VISITS, 1).increment(User::BALANCE, -1);
                    let seen = patch.push(User::TAGS, task.to_string()).send_and_get(&cache).await.unwrap();
                    // All changes of an update are seen together.
                    assert_eq!(seen.visits as i64 - 1, -seen.balance);
                    assert_eq!(seen.visits as usize, seen.tags.len());
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let after = there(&cache).await;
    assert_eq!((after.visits, after.balance), (1 + TASKS * EACH, -((TASKS * EACH) as i64)));
    for task in 0..TASKS {
        let task = task.to_string();
        assert_eq!(after.tags.iter().filter(|tag| **tag == task).count() as u64, EACH);
    }
}

live! {
    some_fields_change_and_the_others_do_not,
    a_document_that_is_gone_is_not_made,
    all_changes_or_none,
    integers_are_exact_to_the_ends_of_their_types,
    floating_point_sums_are_those_of_rust,
    none_is_missing_where_that_is_indexed,
    many_elements_are_pushed_in_their_order,
    nothing_is_lost_between_many_writers,
}
