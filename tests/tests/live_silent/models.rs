//! What is stored before the server falls silent.

use std::error::Error;
use std::ops::Range;

use cache_core::{Cache, CacheModel, CacheView, DataMigration, Dictionary, Migrator, Suggestions};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// One with an index and a version.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "item")]
pub(crate) struct Item {
    #[primary_key]
    #[index(sortable)]
    pub(crate) id: u32,
    #[index]
    pub(crate) city: String,
    #[index(sortable)]
    pub(crate) age: i64,
    #[index(text)]
    pub(crate) bio: String,
    #[serde(default)]
    #[version]
    pub(crate) version: u64,
}

#[derive(Debug, Deserialize, CacheView)]
#[cache(model = Item)]
#[allow(dead_code, reason = "it is never read")]
pub(crate) struct City {
    pub(crate) city: String,
}

/// One with a name that is in one document.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "named")]
pub(crate) struct Named {
    #[primary_key]
    pub(crate) id: u32,
    #[unique]
    pub(crate) name: String,
}

/// One with none of it, and a time to live.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "plain", ttl = "1h")]
pub(crate) struct Plain {
    #[primary_key]
    pub(crate) id: u32,
    pub(crate) text: String,
}

/// One whose documents are migrated, and that has no index yet.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "moved", schema_version = 2)]
pub(crate) struct Moved {
    #[primary_key]
    pub(crate) id: u32,
    #[index]
    pub(crate) text: String,
}

/// What the release before knew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "moved")]
struct Old {
    #[primary_key]
    id: u32,
    text: String,
}

pub(crate) fn item(id: u32) -> Item {
    Item { id, city: "Bern".to_owned(), age: 7, bio: "running".to_owned(), version: 0 }
}

/// As it is stored before.
pub(crate) fn stored(id: u32) -> Item {
    Item { version: 1, ..item(id) }
}

pub(crate) fn named(id: u32) -> Named {
    Named { id, name: format!("name {id}") }
}

pub(crate) fn plain(id: u32) -> Plain {
    Plain { id, text: "x".to_owned() }
}

/// Ids that nobody else has.
pub(crate) fn ids(at: u32) -> [u32; 3] {
    [at, at + 1_000_000, at + 2_000_000]
}

fn touch(document: &mut Map<String, Value>) -> Result<(), String> {
    document.insert("text".into(), "y".into());
    Ok(())
}

pub(crate) fn migration() -> DataMigration<Moved> {
    DataMigration::new().step(2, "write y", touch).down(|_| Ok::<_, String>(()))
}

pub(crate) fn migrator() -> Migrator {
    Migrator::new().register::<Item>().register::<Moved>()
}

pub(crate) async fn prepare(cache: &Cache, ids: Range<u32>) -> Result<(), Box<dyn Error>> {
    let _ = Migrator::new().register::<Item>().run(cache).await?;
    for saved in Item::save_many(cache, ids.clone().map(item)).await {
        let _ = saved?;
    }
    for saved in Named::save_many(cache, ids.clone().map(named)).await {
        let _ = saved?;
    }
    for saved in Plain::save_many(cache, ids.map(plain)).await {
        let _ = saved?;
    }
    for id in 0..3 {
        let _ = Old { id, text: "x".to_owned() }.save(cache).await?;
    }
    Suggestions::new("cities").add(cache, "Bern", 1.0).await?;
    let _ = Dictionary::new("words").add(cache, ["rennen"]).await?;
    Ok(())
}
