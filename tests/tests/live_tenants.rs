//! Settings of tenants in their tiers: what is found where, what is changed, and that no read goes back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cache_core::tenant::{Copies, Merge, TenantError, TenantSettings, TenantStore};
use cache_core::{Cache, Command};
use cache_tests::{chain, elsewhere, live, store::TestStore};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

const FILE: &str = "
default:
  theme: light
  limits: {users: 10, disk: 5}
  note: inherited
acme:
  theme: dark
  limits: {users: 500}
plain:
";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Shop {
    theme: String,
    limits: Limits,
    note: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    tags: Vec<String>,
    #[serde(default)]
    count: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Limits {
    users: u32,
    disk: u32,
}

async fn replica<T>(cache: &Cache, store: &TestStore) -> TenantSettings<T>
where
    T: Serialize + DeserializeOwned + Send + Sync + 'static,
{
    let cache = elsewhere(cache).await;
    TenantSettings::builder(&cache).yaml_text(FILE).store(store.clone()).build().await.unwrap()
}

/// The keys of the namespace, and how long they live.
async fn ttls(cache: &Cache) -> Vec<(String, i64)> {
    let pattern = format!("{}:*", cache.keyspace().unwrap().global());
    let keys = cache.command(Command::new("KEYS").arg(&pattern)).await.unwrap().into_items().unwrap();
    let mut ttls = Vec::new();
    for key in keys {
        let ttl = cache.command(Command::new("PTTL").key(key.as_bytes().unwrap())).await.unwrap();
        ttls.push((key.as_str().unwrap().to_owned(), ttl.as_int().unwrap()));
    }
    ttls.sort();
    ttls
}

async fn stored(store: &TestStore, tenant: &str) -> Value {
    Value::Object(store.inner().get(tenant).await.unwrap().unwrap().settings)
}

async fn what_a_lower_tier_has_is_written_back(cache: Cache) {
    let store = TestStore::default();
    let (one, two) = (replica::<Shop>(&cache, &store).await, replica::<Shop>(&cache, &store).await);
    for _ in 0..3 {
        for shops in [&one, &two] {
            let acme = shops.resolve("acme").await.unwrap();
            assert_eq!(acme.settings.limits, Limits { users: 500, disk: 5 });
            assert_eq!((acme.settings.theme.as_str(), acme.revision, acme.stale), ("dark", None, false));
        }
    }
    assert_eq!(store.gets(), 1, "of two processes, three times each");
    assert_eq!((one.counts().loads + two.counts().loads, one.counts().answers), (1, 3));
    let plain = one.get("plain").await.unwrap();
    assert_eq!(plain, one.defaults().unwrap());
    let ttls = ttls(&cache).await;
    let global = cache.keyspace().unwrap().global().to_owned();
    assert!(ttls.iter().any(|(key, _)| *key == format!("{global}:tenant_settings:acme")), "{ttls:?}");
    // Five minutes, and an hour for which it may be stale, a tenth more or less.
    assert!(ttls.iter().all(|(_, ttl)| (1..=4_300_000).contains(ttl)), "{ttls:?}");
    assert_eq!(one.tenants().await.unwrap(), ["acme", "plain"]);
}

async fn what_is_set_in_one_process_is_got_in_another(cache: Cache) {
    let store = TestStore::default();
    let (one, two) = (replica::<Shop>(&cache, &store).await, replica::<Shop>(&cache, &store).await);
    let mut shop = two.get("acme").await.unwrap();
    shop.limits.disk = 7;
    let saved = one.set("acme", &shop).await.unwrap();
    assert_eq!((saved.revision, saved.copies), (1, Copies::Dropped));
    assert_eq!(stored(&store, "acme").await, json!({"limits": {"disk": 7}, "count": 0}), "what differs");
    let got = two.resolve("acme").await.unwrap();
    assert_eq!((&got.settings, got.revision), (&shop, Some(1)));
    // What is null, and what is not there, are no inheritance.
    (shop.note, shop.theme) = (None, "light".to_owned());
    two.set("acme", &shop).await.unwrap();
    assert_eq!(one.get("acme").await.unwrap(), shop);
    two.update("acme", |shop| shop.tags = vec!["new".to_owned()]).await.unwrap();
    assert_eq!(one.get("acme").await.unwrap().tags, ["new"]);
    two.update("acme", |shop| shop.tags.clear()).await.unwrap();
    assert_eq!(one.get("acme").await.unwrap(), shop);
    // A tenant that no tier knew.
    assert!(two.get("young").await.unwrap_err().is_unknown());
    one.set("young", &shop).await.unwrap();
    assert_eq!(two.get("young").await.unwrap(), shop);
    assert_eq!(one.tenants().await.unwrap(), ["acme", "plain", "young"]);
    // And that goes.
    assert!(two.remove("young").await.unwrap() && !two.remove("young").await.unwrap());
    assert!(one.get("young").await.unwrap_err().is_unknown());
    assert!(one.set("young", &shop).await.unwrap().revision > 1, "revisions go on");
    assert!(one.remove("acme").await.unwrap());
    assert_eq!(two.get("acme").await.unwrap().theme, "dark", "as the file has it");
}

async fn no_update_is_lost(cache: Cache) {
    let store = TestStore::default();
    let mut tasks = Vec::new();
    for _ in 0..4 {
        let shops = replica::<Shop>(&cache, &store).await;
        for _ in 0..2 {
            let shops = shops.clone();
            tasks.push(tokio::spawn(async move {
                for _ in 0..10 {
                    while let Err(error) = shops.update("acme", |shop| shop.count += 1).await {
                        assert!(matches!(error, TenantError::Contended { .. }), "{error}");
                    }
                }
            }));
        }
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(replica::<Shop>(&cache, &store).await.get("acme").await.unwrap().count, 80);
    assert_eq!(store.inner().get("acme").await.unwrap().unwrap().revision, 80);
}

async fn who_is_unknown_is_so_by_type_and_not_asked_for_each_time(cache: Cache) {
    let cache = elsewhere(&cache).await;
    let store = TestStore::default();
    let (one, two) = (replica::<Shop>(&cache, &store).await, replica::<Shop>(&cache, &store).await);
    for shops in [&one, &two, &one, &two] {
        let error = shops.get("nobody").await.unwrap_err();
        assert!(matches!(&error, TenantError::UnknownTenant { tenant } if tenant == "nobody"), "{error}");
    }
    assert_eq!(store.gets(), 1);
    assert!(one.update("nobody", |_| ()).await.unwrap_err().is_unknown());
    for name in ["", "default", "a\nb", &"x".repeat(201)] {
        let error = one.get(name).await.unwrap_err();
        assert!(error.is_invalid() && one.update(name, |_| ()).await.unwrap_err().is_invalid(), "{error}");
    }
    // No more are remembered than may be, on the server neither.
    let few = TenantSettings::<Shop>::builder(&cache).store(store.clone()).most_missing(3);
    let few = few.yaml_text(FILE).build().await.unwrap();
    for number in 0..20 {
        assert!(few.get(&format!("scan-{number}")).await.unwrap_err().is_unknown());
    }
    let keys = ttls(&cache).await;
    let scanned = keys.iter().filter(|(key, _)| key.contains("scan-") && key.contains("loaded")).count();
    assert_eq!(scanned, 3, "{keys:?}");
    assert!(keys.iter().all(|(_, ttl)| *ttl > 0), "{keys:?}");
}

/// The same tenants, of a release with another shape.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Other {
    theme: Theme,
    #[serde(default)]
    later: u32,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Theme {
    name: String,
}

/// C8: what another release wrote is never an error.
async fn an_entry_of_another_shape_is_a_miss(cache: Cache) {
    let cache = elsewhere(&cache).await;
    let other = TenantSettings::<Other>::builder(&cache);
    let other = other.yaml_text("default: {theme: {name: x}}\nacme: {}\n").build().await.unwrap();
    let shops = TenantSettings::<Shop>::builder(&cache).yaml_text(FILE).build().await.unwrap();
    for _ in 0..50 {
        assert_eq!(
            other.get("acme").await.unwrap(),
            Other { theme: Theme { name: "x".to_owned() }, later: 0 }
        );
        assert_eq!(shops.get("acme").await.unwrap().theme, "dark");
    }
    let key = format!("{}:tenant_settings:acme", cache.keyspace().unwrap().global());
    for garbage in ["{}", "[]", "5", r#"{"tenant":"acme","v":99,"basis":"","revision":null,"settings":{}}"#] {
        let set = Command::new("JSON.SET").key(&key).arg("$").arg(garbage);
        cache.command(set).await.unwrap();
        assert_eq!(shops.get("acme").await.unwrap().theme, "dark", "{garbage}");
        let loads = shops.counts().loads;
        assert_eq!(shops.get("acme").await.unwrap().theme, "dark");
        assert_eq!(shops.counts().loads, loads, "{garbage} is replaced");
    }
    cache.command(Command::new("SET").key(&key).arg("no document")).await.unwrap();
    assert_eq!(shops.get("acme").await.unwrap().theme, "dark");
    assert!(shops.counts().cache_failures > 0);
}

async fn what_an_older_release_does_not_know_stays(cache: Cache) {
    let store = TestStore::default();
    let older = replica::<Shop>(&cache, &store).await;
    let newer = json!({"later": 7, "limits": {"mail": 1}, "theme": "new"});
    store.inner().put("acme", newer.as_object().unwrap(), None).await.unwrap();
    older.update("acme", |shop| shop.limits.users = 1).await.unwrap();
    let mut shop = older.get("acme").await.unwrap();
    shop.count = 3;
    older.set("acme", &shop).await.unwrap();
    let expected = json!({"later": 7, "limits": {"mail": 1, "users": 1}, "theme": "new", "count": 3});
    assert_eq!(stored(&store, "acme").await, expected);
    // What is there past the type is in the cache too: a newer release reads the row of the older one.
    older.get("acme").await.unwrap();
    let key = format!("{}:tenant_settings:acme", cache.keyspace().unwrap().global());
    let row = cache.command(Command::new("JSON.GET").key(&key).arg("$.settings.later")).await.unwrap();
    assert_eq!(row.as_str(), Some("[7]"));
}

async fn a_default_that_does_not_fit_is_not_taken(cache: Cache) {
    let (cache, store) = (elsewhere(&cache).await, TestStore::default());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tenants.yaml");
    let builder = || TenantSettings::<Shop>::builder(&cache).yaml(&path).look_every(Duration::ZERO);
    let only = json!({"limits": {"disk": 9}, "note": null});
    store.inner().put("stored", only.as_object().unwrap(), None).await.unwrap();
    // It may lack what tenants have, deep.
    std::fs::write(&path, "default: {theme: light, limits: {users: 10}}\n").unwrap();
    let shops = builder().store(store.clone()).build().await.unwrap();
    assert_eq!(shops.get("stored").await.unwrap().limits, Limits { users: 10, disk: 9 });
    // No tenant of the file has the flaw, and those of the store would.
    for text in [
        "default:\n  limits: {disk: 5}\n  theme: 1\n",
        "default:\n  theme: light\n  count: s3cret\nacme: {count: 1, theme: x, limits: {users: 1, disk: 1}}\n",
    ] {
        std::fs::write(&path, text).unwrap();
        assert_eq!(shops.get("stored").await.unwrap().theme, "light", "what was good");
        let error = shops.last_error().unwrap();
        assert_eq!((error.line, error.tenant.as_deref()), (Some(3), Some("default")), "{error}");
        assert!(!error.to_string().contains("s3cret"), "{error}");
        assert!(matches!(builder().build().await.unwrap_err(), TenantError::Yaml(_)));
    }
    std::fs::write(&path, "default: {theme: dark, limits: {users: 10}}\n").unwrap();
    assert_eq!(shops.get("stored").await.unwrap().theme, "dark");
    assert!(shops.last_error().is_none());
}

async fn the_first_tier_that_has_it_or_all_of_them(cache: Cache) {
    let cache = elsewhere(&cache).await;
    let store = TestStore::default();
    let differs = json!({"limits": {"disk": 9}});
    store.inner().put("acme", differs.as_object().unwrap(), None).await.unwrap();
    let overlay = replica::<Shop>(&cache, &store).await;
    let first = TenantSettings::<Shop>::builder(&cache).yaml_text(FILE).store(store.clone());
    let first = first.merge(Merge::FirstHit).build().await.unwrap();
    for _ in 0..2 {
        let (overlay, first) = (overlay.get("acme").await.unwrap(), first.get("acme").await.unwrap());
        assert_eq!((overlay.theme.as_str(), overlay.limits), ("dark", Limits { users: 500, disk: 9 }));
        assert_eq!((first.theme.as_str(), first.limits), ("light", Limits { users: 10, disk: 9 }));
    }
}

async fn many_that_ask_at_once_are_one_load(cache: Cache) {
    let store = TestStore::default();
    store.slow(Duration::from_millis(20));
    let shops = replica::<Shop>(&cache, &store).await;
    let calls: Vec<_> = (0..300)
        .map(|_| {
            let shops = shops.clone();
            tokio::spawn(async move { shops.get("acme").await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().theme, "dark");
    }
    assert_eq!(store.gets(), 1);
}

async fn a_load_under_way_brings_nothing_back(cache: Cache) {
    let store = TestStore::default();
    let (one, two) = (replica::<Shop>(&cache, &store).await, replica::<Shop>(&cache, &store).await);
    let mut halted = store.halt().await;
    let reads = tokio::spawn({
        let two = two.clone();
        async move { two.get("acme").await.unwrap().count }
    });
    halted.begun().await;
    one.update("acme", |shop| shop.count = 5).await.unwrap();
    halted.go();
    assert_eq!(reads.await.unwrap(), 0, "it asked before");
    assert_eq!((one.get("acme").await.unwrap().count, two.get("acme").await.unwrap().count), (5, 5));
}

/// C1: after a change was acknowledged, nobody who asks later gets what was before.
async fn no_read_goes_back(cache: Cache) {
    const LAST: u64 = 150;
    let store = TestStore::default();
    store.slow(Duration::from_millis(1));
    let acknowledged = Arc::new(AtomicU64::new(0));
    let mut fleet = Vec::new();
    for _ in 0..3 {
        fleet.push(replica::<Shop>(&cache, &store).await);
    }
    let readers: Vec<_> = (0..12)
        .map(|number| {
            let (shops, acknowledged) = (fleet[number % 3].clone(), Arc::clone(&acknowledged));
            tokio::spawn(async move {
                let (mut reads, mut last) = (0_u64, 0);
                while last < LAST {
                    let least = acknowledged.load(Ordering::SeqCst);
                    last = shops.get("acme").await.unwrap_or_else(|error| panic!("{}", chain(&error))).count;
                    assert!(last >= least, "{last} after {least}");
                    reads += 1;
                }
                reads
            })
        })
        .collect();
    let mut dropped = 0;
    for count in 1..=LAST {
        let shops = &fleet[usize::try_from(count).unwrap() % 3];
        let saved = shops.update("acme", |shop| shop.count = count).await.unwrap();
        if saved.copies == Copies::Dropped {
            acknowledged.store(count, Ordering::SeqCst);
            dropped += 1;
        }
    }
    let mut reads = 0;
    for reader in readers {
        reads += reader.await.unwrap();
    }
    println!("figures: writes {LAST}, dropped {dropped}, reads {reads}, stale 0");
    assert!(reads > LAST && dropped > LAST / 2, "{reads} reads, {dropped} dropped");
    assert!(ttls(&cache).await.iter().all(|(_, ttl)| *ttl > 0));
}

live!(
    what_a_lower_tier_has_is_written_back,
    what_is_set_in_one_process_is_got_in_another,
    no_update_is_lost,
    who_is_unknown_is_so_by_type_and_not_asked_for_each_time,
    an_entry_of_another_shape_is_a_miss,
    what_an_older_release_does_not_know_stays,
    a_default_that_does_not_fit_is_not_taken,
    the_first_tier_that_has_it_or_all_of_them,
    many_that_ask_at_once_are_one_load,
    a_load_under_way_brings_nothing_back,
    no_read_goes_back,
);
