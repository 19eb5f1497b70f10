//! Unique values: whatever they are, they are themselves and nothing else.

use cache_core::{Cache, CacheModel, CacheValue, Error, Saved};
use cache_tests::live;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "user", unique(tenant, number))]
struct User {
    #[primary_key]
    id: u32,
    #[unique]
    email: Option<String>,
    tenant: String,
    #[serde(rename = "the number")]
    number: i64,
    text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, CacheValue)]
#[serde(rename_all = "snake_case")]
enum Role {
    Reader,
    ChiefEditor,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheValue)]
struct Code(Box<str>);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Everything {
    #[primary_key]
    id: u32,
    #[unique]
    role: Option<Role>,
    #[unique]
    code: Option<Code>,
    #[unique]
    letter: Option<char>,
    #[unique]
    flag: Option<bool>,
    #[unique]
    large: Option<u64>,
    #[unique]
    uuid: Option<uuid::Uuid>,
    #[unique]
    ulid: Option<ulid::Ulid>,
    #[unique]
    #[index]
    r#type: Option<String>,
}

fn user(id: u32, email: &str) -> User {
    User {
        id,
        email: Some(email.to_owned()),
        tenant: "acme".to_owned(),
        number: i64::from(id),
        text: String::new(),
    }
}

/// How many values are claimed.
async fn claims(cache: &Cache) -> usize {
    let global = cache.keyspace().unwrap().global();
    cache_tests::keys::keys(cache, &format!("{global}:~*:unique:*")).await.len()
}

#[track_caller]
fn taken<T: std::fmt::Debug>(result: Result<T, Error>) -> (Vec<&'static str>, String) {
    let error = result.unwrap_err();
    assert!(error.is_not_unique(), "{error:?}");
    match error {
        Error::NotUnique { fields, holder, .. } => {
            (fields.to_vec(), holder.rsplit(':').next().unwrap().to_owned())
        }
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn stored(result: Result<Saved, Error>) {
    assert!(result.unwrap().stored());
}

async fn hostile_values_are_themselves(cache: Cache) {
    let mut texts: Vec<String> = [
        "",
        " ",
        ":",
        "a:b",
        "{a}",
        "{",
        "}",
        "\"",
        "\\",
        "\\u0000",
        "\0",
        "a\0b",
        "\u{7f}",
        "\u{2028}",
        "ä",
        "a\u{308}",
        "*",
        "?",
        "[",
        "null",
        "1",
        "true",
        "\r\n",
        "\u{10ffff}",
        "~",
        "/",
        "<",
        "é",
    ]
    .map(str::to_owned)
    .into();
    texts.extend((0..40).map(|n| format!("{}{n}", "long ".repeat(n * 40))));
    for (id, text) in (1..).zip(&texts) {
        stored(user(id, text).save(&cache).await);
        // Once more, with its own claim there; and read as the server shows it.
        stored(user(id, text).save(&cache).await);
        assert_eq!(taken(user(0, text).save(&cache).await).1, id.to_string(), "{text:?}");
    }
    for (id, text) in (1..).zip(&texts) {
        let found = User::get_by_email(&cache, text).await.unwrap();
        assert_eq!(found.map(|user| user.id), Some(id), "{text:?}");
    }
    for id in (1..).zip(&texts).map(|(id, _)| id) {
        assert!(User::delete_by_id(&cache, id).await.unwrap());
    }
    assert_eq!(claims(&cache).await, 0);
}

async fn every_type_is_found_by_its_value(cache: Cache) {
    let nothing = Everything {
        id: 0,
        role: None,
        code: None,
        letter: None,
        flag: None,
        large: None,
        uuid: None,
        ulid: None,
        r#type: None,
    };
    let (uuid, ulid) = (uuid::Uuid::new_v4(), ulid::Ulid::new());
    let all = Everything {
        id: 1,
        role: Some(Role::ChiefEditor),
        code: Some(Code("x".into())),
        letter: Some('"'),
        flag: Some(true),
        large: Some(u64::MAX),
        uuid: Some(uuid),
        ulid: Some(ulid),
        r#type: Some("t".to_owned()),
    };
    stored(nothing.save(&cache).await);
    stored(all.save(&cache).await);
    let cache = &cache;
    let found = [
        Everything::get_by_role(cache, Role::ChiefEditor).await,
        Everything::get_by_code(cache, "x").await,
        Everything::get_by_code(cache, Code("x".into())).await,
        Everything::get_by_letter(cache, '"').await,
        Everything::get_by_flag(cache, true).await,
        Everything::get_by_large(cache, u64::MAX).await,
        Everything::get_by_uuid(cache, uuid).await,
        Everything::get_by_ulid(cache, ulid).await,
        Everything::get_by_type(cache, "t").await,
    ];
    for found in found {
        assert_eq!(found.unwrap().as_ref(), Some(&all));
    }
    assert_eq!(Everything::get_by_flag(cache, false).await.unwrap(), None);
    assert_eq!(Everything::get_by_role(cache, Role::Reader).await.unwrap(), None);
    for other in [
        Everything { id: 2, role: Some(Role::ChiefEditor), ..nothing.clone() },
        Everything { id: 2, large: Some(u64::MAX), ..nothing.clone() },
        Everything { id: 2, flag: Some(true), ..nothing.clone() },
        Everything { id: 2, ulid: Some(ulid), ..nothing.clone() },
    ] {
        assert_eq!(taken(other.save(cache).await).1, "1");
    }
    stored(Everything { id: 2, large: Some(u64::MAX - 1), ..nothing.clone() }.save(cache).await);
    stored(Everything::patch(2).increment(Everything::LARGE, -1).send(cache).await);
    assert_eq!(Everything::get_by_large(cache, u64::MAX - 2).await.unwrap().unwrap().id, 2);
}

async fn several_values_are_one(cache: Cache) {
    stored(user(7, "a").save(&cache).await);
    let found = User::get_by_tenant_and_number(&cache, "acme", 7).await.unwrap();
    assert_eq!(found, Some(user(7, "a")));
    assert_eq!(User::get_by_tenant_and_number(&cache, "acme", 8).await.unwrap(), None);
}

live! {
    hostile_values_are_themselves,
    every_type_is_found_by_its_value,
    several_values_are_one,
}
