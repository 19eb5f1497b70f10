//! Settings of tenants in a real PostgreSQL, which is started for these tests alone.

use std::sync::OnceLock;
use std::time::Duration;

use cache_core::tenant::{PostgresStore, PostgresStoreError, TenantSettings, TenantStore};
use cache_core::{Cache, Protocol};
use cache_tests::postgres::Postgres;
use cache_tests::{chain, elsewhere, live};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Shop {
    theme: String,
    #[serde(default)]
    count: u64,
    #[serde(default)]
    hosts: Vec<String>,
}

const FILE: &str = "default: {theme: light}\nacme: {hosts: [acme.example]}\n";

fn url() -> String {
    static SERVER: OnceLock<Postgres> = OnceLock::new();
    SERVER.get_or_init(Postgres::start).url()
}

fn name(test: &str, protocol: Protocol) -> String {
    let protocol = if protocol == Protocol::Resp2 { "resp2" } else { "resp3" };
    format!("{test}_{protocol}")
}

async fn connected() -> PostgresStore {
    PostgresStore::connect(&url()).await.unwrap_or_else(|error| panic!("{}", chain(&error)))
}

/// A store in a table of its own.
async fn store(table: &str) -> PostgresStore {
    let store = PostgresStore::from_pool(connected().await.pool().clone(), table).unwrap();
    store.create_table().await.unwrap();
    store
}

fn map(value: Value) -> Map<String, Value> {
    serde_json::from_value(value).unwrap()
}

async fn replicas_share_a_database(cache: Cache) {
    let protocol = cache.capabilities().protocol;
    let table = name("replicas", protocol);
    let (one, two) = (elsewhere(&cache).await, elsewhere(&cache).await);
    let mut replicas = Vec::new();
    for cache in [&one, &two] {
        let builder = TenantSettings::<Shop>::builder(cache).yaml_text(FILE).store(store(&table).await);
        replicas.push(builder.build().await.unwrap());
    }
    let [one, two] = &replicas[..] else { panic!() };
    assert_eq!(one.tenant_of_host("acme.example").await.unwrap(), "acme");
    one.update("acme", |shop| shop.theme = "dark".to_owned()).await.unwrap();
    assert_eq!(
        (two.get("acme").await.unwrap().theme.as_str(), two.tenants().await.unwrap().len()),
        ("dark", 1)
    );
    two.update("acme", |shop| shop.hosts = vec!["new.example".to_owned()]).await.unwrap();
    assert!(one.tenant_of_host("acme.example").await.unwrap_err().is_unknown());
    assert_eq!(one.tenant_of_host("new.example").await.unwrap(), "acme");
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let shops = replicas[number % 2].clone();
            tokio::spawn(async move {
                for _ in 0..5 {
                    shops.update("acme", |shop| shop.count += 1).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!((one.get("acme").await.unwrap().count, two.get("acme").await.unwrap().count), (40, 40));
}

live!(replicas_share_a_database);

#[tokio::test]
async fn what_is_kept_comes_back_and_one_of_several_wins() {
    let store = store("kept").await;
    let settings = map(json!({
        "null": null, "big": u64::MAX, "small": i64::MIN, "float": 0.1, "text": "'; DROP TABLE kept; --\u{1f600}\\\"", "deep": [{"a": []}]
    }));
    for tenant in ["acme", "'; DELETE FROM kept; --", "\u{fc}mlaut \u{1f600}"] {
        assert_eq!(store.get(tenant).await.unwrap(), None);
        assert_eq!(store.put(tenant, &settings, Some(1)).await.unwrap(), None, "there is none to replace");
        assert_eq!(store.put(tenant, &settings, None).await.unwrap(), Some(1));
        assert_eq!(store.put(tenant, &settings, None).await.unwrap(), None, "there is one");
        let stored = store.get(tenant).await.unwrap().unwrap();
        assert_eq!((stored.settings, stored.revision), (settings.clone(), 1));
        assert_eq!(store.put(tenant, &Map::new(), Some(1)).await.unwrap(), Some(2));
        assert_eq!(store.put(tenant, &Map::new(), Some(1)).await.unwrap(), None, "it has changed");
        assert!(!store.remove(tenant, 1).await.unwrap() && store.remove(tenant, 2).await.unwrap());
        assert_eq!(store.get(tenant).await.unwrap(), None);
        assert!(!store.remove(tenant, 2).await.unwrap());
        let again = store.put(tenant, &settings, None).await.unwrap().unwrap();
        assert!(again > 2, "revisions go on: {again}");
    }
    assert_eq!(store.all().await.unwrap().len(), 3);
    let nul = store.put("nul", &map(json!({"a": "\u{0}"})), None).await;
    assert!(nul.is_err() && store.get("nul").await.unwrap().is_none(), "{nul:?}");
    let puts = (0..10).map(|_| {
        let store = store.clone();
        tokio::spawn(async move { store.put("race", &Map::new(), None).await.unwrap() })
    });
    let mut won = 0;
    for put in puts.collect::<Vec<_>>() {
        won += u32::from(put.await.unwrap().is_some());
    }
    assert_eq!(won, 1);
}

#[tokio::test]
async fn a_table_is_made_once_by_many_and_its_name_is_no_place_for_more() {
    let pool = connected().await.pool().clone();
    let makes = (0..8).map(|_| {
        let pool = pool.clone();
        tokio::spawn(
            async move { PostgresStore::from_pool(pool, "public.made").unwrap().create_table().await },
        )
    });
    for make in makes.collect::<Vec<_>>() {
        make.await.unwrap().unwrap_or_else(|error| panic!("{}", chain(&error)));
    }
    for name in ["", "a b", "a; DROP TABLE made", "a\"", "a.b.c", "\u{e4}"] {
        let error = PostgresStore::from_pool(pool.clone(), name).unwrap_err();
        assert!(matches!(error, PostgresStoreError::Name { .. }), "{error}");
    }
    // A table that is not there is an error of the store, and no tenant that is unknown.
    let absent = PostgresStore::from_pool(pool, "absent").unwrap();
    assert!(absent.get("acme").await.is_err());
}

#[tokio::test]
async fn a_database_that_is_away_is_told_in_time_and_without_its_password() {
    let error = PostgresStore::connect("postgres://me:secret@127.0.0.1:1/none").await.unwrap_err();
    assert!(!chain(&error).contains("secret"), "{}", chain(&error));
    let own = Postgres::start();
    let store = PostgresStore::connect(&own.url()).await.unwrap();
    store.create_table().await.unwrap();
    let cache = elsewhere(&cache_tests::cache("away", Protocol::Resp3).await).await;
    let builder = TenantSettings::<Shop>::builder(&cache).yaml_text(FILE).store(store);
    let shops =
        builder.store_timeout(Duration::from_secs(10)).ttl(Duration::from_millis(20)).build().await.unwrap();
    shops.update("acme", |shop| shop.theme = "dark".to_owned()).await.unwrap();
    assert_eq!(shops.get("acme").await.unwrap().theme, "dark");
    drop(own);
    tokio::time::sleep(Duration::from_millis(30)).await;
    let resolved = shops.resolve("acme").await.unwrap();
    assert_eq!((resolved.settings.theme.as_str(), resolved.stale), ("dark", true));
    assert!(shops.get("other").await.unwrap_err().is_unavailable());
}
