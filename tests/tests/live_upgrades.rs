//! Documents of older forms, as a release that knows a newer form meets them: brought up when they are read, and before
//! they are patched.

use std::collections::BTreeMap;
use std::error::Error as _;

use cache_core::{Cache, CacheModel, Changes, Command, Error, Migrator};
use cache_tests::live;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "user")]
struct Old {
    #[primary_key]
    id: u32,
    name: String,
    #[index]
    city: String,
    visits: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "user", ttl = "1h", schema_version = 3, upgrade = upgrades::user)]
struct User {
    #[primary_key]
    id: u32,
    first: String,
    last: String,
    #[index]
    city: String,
    #[unique]
    email: Option<String>,
    visits: u64,
    #[serde(default)]
    #[version]
    version: u64,
}

mod upgrades {
    use super::{BoxError, Map, Value};

    pub(super) fn user(from: u32, document: &mut Map<String, Value>) -> Result<(), BoxError> {
        if from < 2 {
            let name = document.remove("name").ok_or("no name")?;
            let (first, last) = name.as_str().and_then(|name| name.split_once(' ')).ok_or("one word")?;
            document.insert("first".into(), first.into());
            document.insert("last".into(), last.into());
        }
        if from < 3 {
            let id = document.get("id").ok_or("no id")?.clone();
            document.insert("email".into(), format!("{id}@x.org").into());
        }
        Ok(())
    }
}

fn old(id: u32) -> Old {
    Old { id, name: format!("Ann {id}"), city: "Bern".into(), visits: 1 }
}

fn user(id: u32) -> User {
    User {
        id,
        first: "Ann".into(),
        last: id.to_string(),
        city: "Bern".into(),
        email: Some(format!("{id}@x.org")),
        visits: 1,
        version: 0,
    }
}

async fn raw(cache: &Cache, id: u32) -> Value {
    let key = format!("{}:user:{id}", cache.keyspace().unwrap().global());
    let reply = cache.command(Command::new("JSON.GET").key(key)).await.unwrap();
    serde_json::from_str(reply.as_str().unwrap()).unwrap()
}

async fn store(cache: &Cache, id: u32, json: &Value) {
    let key = format!("{}:user:{id}", cache.keyspace().unwrap().global());
    cache.command(Command::new("JSON.SET").key(key).arg("$").arg(json.to_string())).await.unwrap();
}

async fn save_old(cache: &Cache, ids: std::ops::Range<u32>) {
    for id in ids {
        let _ = old(id).save(cache).await.unwrap();
    }
}

async fn every_read_brings_them_up(cache: Cache) {
    save_old(&cache, 1..4).await;
    store(&cache, 2, &json!({"id": 2, "first": "Ann", "last": "2", "city": "Bern", "visits": 1, "_v": 2}))
        .await;
    let before = raw(&cache, 1).await;
    assert_eq!(User::get(&cache, 1).await.unwrap(), Some(user(1)));
    assert_eq!(User::get_many(&cache, [3, 2, 9]).await.unwrap(), [Some(user(3)), Some(user(2)), None]);
    assert_eq!(User::get_or_insert_with(&cache, 1, || user(1)).await.unwrap(), user(1));
    Migrator::new().register::<User>().run(&cache).await.unwrap();
    let mut found = User::find_by_city("Bern").all(&cache).await.unwrap().into_iter().collect::<Vec<_>>();
    found.sort_by_key(|user| user.id);
    assert_eq!(found, [user(1), user(2), user(3)]);
    assert_eq!(raw(&cache, 1).await, before, "reading writes nothing");
}

async fn every_write_stores_the_version(cache: Cache) {
    save_old(&cache, 1..3).await;
    let _ = user(1).save(&cache).await.unwrap();
    assert_eq!(raw(&cache, 1).await["_v"], 3);
    let changed = User::modify(&cache, 2, |user| user.visits += 1).await.unwrap();
    assert_eq!((changed.visits, changed.version), (2, 1));
    let stored = raw(&cache, 2).await;
    assert_eq!((&stored["_v"], &stored["last"], stored.get("name")), (&json!(3), &json!("2"), None));
    for saved in User::save_many(&cache, [user(5), user(6)]).await {
        assert!(saved.unwrap().stored());
    }
    let _ = user(7).insert(&cache).await.unwrap();
    for id in 5..8 {
        assert_eq!(raw(&cache, id).await["_v"], 3);
    }
    // A release that knows nothing of it reads the same documents, if they have what it needs, and writes its own form.
    store(&cache, 8, &json!({"id": 8, "name": "A B", "city": "Bern", "visits": 1, "_v": 3, "first": "A"}))
        .await;
    let eight = Old::get(&cache, 8).await.unwrap().unwrap();
    let _ = eight.save(&cache).await.unwrap();
    assert_eq!(raw(&cache, 8).await.get("_v"), None, "it counts as the first form again");
    assert_eq!(User::get(&cache, 8).await.unwrap().unwrap().last, "B");
}

async fn a_patch_means_the_new_form(cache: Cache) {
    save_old(&cache, 1..4).await;
    User::expire(&cache, 1, std::time::Duration::from_secs(60)).await.unwrap();
    let patched =
        User::patch(1).set(User::FIRST, "Eve").increment(User::VISITS, 1).send_and_get(&cache).await.unwrap();
    assert_eq!(patched, User { first: "Eve".into(), visits: 2, version: 2, ..user(1) });
    let stored = raw(&cache, 1).await;
    assert_eq!((&stored["_v"], stored.get("name")), (&json!(3), None));
    assert!(User::ttl(&cache, 1).await.unwrap().remaining().unwrap() <= std::time::Duration::from_secs(60));
    assert_eq!(User::get_by_email(&cache, "1@x.org").await.unwrap().unwrap().id, 1, "it is claimed now");
    // What is refused of the new form is refused, and the document has the new form.
    let taken = User::patch(2).set(User::EMAIL, "1@x.org").send(&cache).await.unwrap_err();
    assert!(taken.is_not_unique(), "{taken:?}");
    Migrator::new().register::<User>().run(&cache).await.unwrap();
    let changes = Changes::new().set(User::LAST, "Lee");
    let updated = User::find_by_city("Bern").update(&cache, changes).await.unwrap();
    assert_eq!(updated.changed(), 3, "{updated:?}");
    for id in 1..4 {
        let stored = raw(&cache, id).await;
        assert_eq!((&stored["_v"], &stored["last"]), (&json!(3), &json!("Lee")), "{id}");
    }
    // A newer document is changed as it is.
    let newer =
        json!({"id": 9, "first": "A", "last": "B", "city": "Bern", "email": null, "visits": 1, "_v": 7});
    store(&cache, 9, &newer).await;
    let _ = User::patch(9).increment(User::VISITS, 1).send(&cache).await.unwrap();
    assert_eq!(
        (raw(&cache, 9).await["_v"].clone(), User::get(&cache, 9).await.unwrap().unwrap().visits),
        (json!(7), 2)
    );
    assert!(User::patch(77).set(User::LAST, "x").send(&cache).await.unwrap_err().is_not_found());
}

async fn what_cannot_be_brought_up_is_an_error(cache: Cache) {
    let odd = json!({"id": 1, "name": "Ann", "city": "Bern", "visits": 1});
    store(&cache, 1, &odd).await;
    let patch = User::patch(1).set(User::LAST, "x").send(&cache).await.unwrap_err();
    for error in [User::get(&cache, 1).await.unwrap_err(), patch] {
        assert!(matches!(error, Error::Upgrade { from: 1, model: "User", .. }), "{error:?}");
        assert_eq!(error.source().unwrap().to_string(), "one word");
    }
    assert_eq!(raw(&cache, 1).await, odd);
    store(&cache, 2, &json!({"id": 2, "_v": 0})).await;
    let error = User::get(&cache, 2).await.unwrap_err();
    assert!(matches!(error, Error::Document { .. }), "{error:?}");
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "open", schema_version = 2)]
struct Open {
    #[primary_key]
    id: u32,
    #[serde(flatten)]
    rest: BTreeMap<String, Value>,
}

async fn the_version_is_no_member_of_the_models(cache: Cache) {
    let open = Open { id: 1, rest: [("more".to_owned(), json!(1))].into() };
    let _ = open.save(&cache).await.unwrap();
    assert_eq!(Open::get(&cache, 1).await.unwrap(), Some(open.clone()));
    assert_eq!(Open::get_many(&cache, [1]).await.unwrap(), [Some(open)]);
}

live!(
    every_read_brings_them_up,
    every_write_stores_the_version,
    a_patch_means_the_new_form,
    what_cannot_be_brought_up_is_an_error,
    the_version_is_no_member_of_the_models,
);
