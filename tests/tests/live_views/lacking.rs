//! What documents lack: members, elements' members, everything; and what is wrong in them.

use cache_core::{Cache, CacheEmbedded, CacheModel, CacheView, Command, Error, IndexSchema, Migrator};
use serde::{Deserialize, Serialize};
use serde_json::json;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheEmbedded)]
struct Place {
    #[index]
    city: String,
    notes: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct User {
    #[primary_key]
    id: u32,
    #[index(sortable)]
    kind: String,
    tags: Vec<String>,
    #[serde(rename = "e-mail")]
    email: String,
    #[embedded]
    home: Option<Place>,
    #[embedded]
    places: Vec<Place>,
}

#[derive(Debug, PartialEq, Deserialize, CacheView)]
#[cache(model = User)]
struct Lists {
    tags: Option<Vec<String>>,
    #[cache(field = HOME.notes)]
    notes: Option<Vec<String>>,
    #[cache(field = PLACES.notes)]
    each: Option<Vec<Vec<String>>>,
    places: Option<Vec<Place>>,
}

#[derive(Debug, PartialEq, Deserialize, CacheView)]
#[cache(model = User)]
struct Contact {
    email: String,
}

#[derive(Debug, PartialEq, Deserialize, CacheView)]
#[cache(model = User)]
struct Tags {
    tags: Vec<String>,
}

#[derive(Debug, PartialEq, Deserialize, CacheView)]
#[cache(model = User)]
struct Cities {
    #[cache(field = PLACES.city)]
    cities: Vec<String>,
}

#[derive(Debug, PartialEq, Deserialize, CacheView)]
#[cache(model = User)]
struct MaybeCities {
    #[cache(field = PLACES.city)]
    cities: Vec<Option<String>>,
    #[cache(field = HOME.city)]
    home: Option<String>,
}

/// Stores a document as another program might.
async fn write(cache: &Cache, id: u32, mut document: serde_json::Value) {
    let mut key = Vec::new();
    User::schema().write_key(cache.keyspace().unwrap(), &mut key, &[&id]).unwrap();
    document["id"] = id.into();
    let command = Command::new("JSON.SET").arg(key).arg("$").arg(document.to_string());
    let _ = cache.command(command).await.unwrap();
}

async fn ready(cache: &Cache) {
    Migrator::new().register::<User>().run(cache).await.unwrap();
}

/// The view of the document of this kind, by `FT.SEARCH` and by `FT.AGGREGATE`.
async fn both<V>(cache: &Cache, kind: &str) -> Result<V, Error>
where
    V: cache_core::Row<User> + PartialEq + std::fmt::Debug,
{
    let query = User::find_by_kind(kind).select::<V>();
    let streamed = query.stream(cache).next().await.unwrap();
    let found = query.one(cache).await;
    match (&found, &streamed) {
        (Ok(found), Ok(streamed)) => assert_eq!(found, streamed),
        (Err(found), Err(streamed)) => assert_eq!(found.to_string(), streamed.to_string()),
        _ => panic!("{found:?} in one answer, {streamed:?} in a stream"),
    }
    found
}

pub(crate) async fn empty_lists_are_not_missing(cache: Cache) {
    ready(&cache).await;
    let place = json!({"city": "Bern", "notes": []});
    write(&cache, 1, json!({"kind": "empty", "tags": [], "home": place, "places": []})).await;
    write(&cache, 2, json!({"kind": "nested", "tags": [""], "home": null, "places": [place, place]})).await;
    write(&cache, 3, json!({"kind": "missing"})).await;
    write(&cache, 4, json!({"kind": "null", "tags": null, "home": {}, "places": null})).await;
    let bern = || Place { city: "Bern".into(), notes: vec![] };
    let empty = Lists { tags: Some(vec![]), notes: Some(vec![]), each: Some(vec![]), places: Some(vec![]) };
    assert_eq!(both::<Lists>(&cache, "empty").await.unwrap(), empty);
    let nested = Lists {
        tags: Some(vec![String::new()]),
        notes: None,
        each: Some(vec![vec![], vec![]]),
        places: Some(vec![bern(), bern()]),
    };
    assert_eq!(both::<Lists>(&cache, "nested").await.unwrap(), nested);
    let nothing = Lists { tags: None, notes: None, each: None, places: None };
    assert_eq!(both::<Lists>(&cache, "missing").await.unwrap(), nothing);
    assert_eq!(both::<Lists>(&cache, "null").await.unwrap(), nothing);
    assert_eq!(both::<Tags>(&cache, "empty").await.unwrap(), Tags { tags: vec![] });
}

pub(crate) async fn elements_lack_members(cache: Cache) {
    ready(&cache).await;
    let places = json!([{"city": "Bern"}, {"notes": ["x"]}, null, {"city": null}, {"city": "Biel"}]);
    write(&cache, 1, json!({"kind": "some", "places": places})).await;
    let bern_and_biel = vec![Some("Bern".into()), None, None, None, Some("Biel".into())];
    let found = both::<MaybeCities>(&cache, "some").await.unwrap();
    assert_eq!(found, MaybeCities { cities: bern_and_biel, home: None });
    let error = both::<Cities>(&cache, "some").await.unwrap_err();
    let text = cache_tests::chain(&error);
    assert!(text.contains("`cities`") && text.contains("missing field `city`"), "{text}");
    write(&cache, 2, json!({"kind": "no", "places": "Bern", "home": "Bern"})).await;
    let error = both::<Cities>(&cache, "no").await.unwrap_err();
    assert!(cache_tests::chain(&error).contains("a list or a map of embedded structs"), "{error:?}");
}

pub(crate) async fn what_is_wrong_is_named(cache: Cache) {
    ready(&cache).await;
    write(&cache, 7, json!({"kind": "missing"})).await;
    write(&cache, 8, json!({"kind": "null", "e-mail": null, "tags": null})).await;
    write(&cache, 9, json!({"kind": "wrong", "e-mail": 5, "tags": [5]})).await;
    for (kind, id, email, tags) in [
        ("missing", 7, "missing field `email`", "missing field `tags`"),
        ("null", 8, "invalid type: null, expected a string", "invalid type: null, expected a sequence"),
        (
            "wrong",
            9,
            "invalid type: integer `5`, expected a string",
            "invalid type: integer `5`, expected a string",
        ),
    ] {
        let errors = [
            ("email", "Contact", email, both::<Contact>(&cache, kind).await.unwrap_err()),
            ("tags", "Tags", tags, both::<Tags>(&cache, kind).await.unwrap_err()),
        ];
        for (name, view, below, error) in errors {
            let text = cache_tests::chain(&error);
            let Error::View { key, model: "User", view: found_view, field: Some(field), .. } = &error else {
                panic!("{text}");
            };
            assert!(key.ends_with(&format!(":user:{id}")), "{key}");
            assert_eq!((*found_view, *field), (view, name));
            let expected =
                format!("`{name}` of the document `{key}` of `User` cannot be read as a `{view}`: {below}");
            assert!(text.starts_with(&expected), "{text}\n{expected}");
        }
    }
    // One document that cannot be read does not end a stream.
    write(&cache, 10, json!({"kind": "good", "e-mail": "a@b.ch"})).await;
    let mut rows = User::find().select::<Contact>().stream(&cache);
    let (mut good, mut bad) = (0, 0);
    while let Some(row) = rows.next().await {
        match row {
            Ok(_) => good += 1,
            Err(_) => bad += 1,
        }
    }
    assert_eq!((good, bad), (1, 3));
}

pub(crate) async fn documents_that_lack_all_members_are_there(cache: Cache) {
    #[derive(Debug, Deserialize, CacheView)]
    #[cache(model = User)]
    struct Home {
        #[cache(field = HOME.city)]
        city: Option<String>,
    }
    ready(&cache).await;
    for id in 0..20 {
        write(&cache, id, json!({"kind": "x"})).await;
    }
    let found = User::find().select::<Home>().all(&cache).await.unwrap();
    assert_eq!((found.len(), found.total()), (20, 20));
    assert!(found.iter().all(|view| view.city.is_none()));
    let sorted = User::find().sort_by(User::KIND.asc()).then_by(User::KIND.desc()).select::<Home>();
    assert_eq!(sorted.page(5, 10).all(&cache).await.unwrap().len(), 10);
}
