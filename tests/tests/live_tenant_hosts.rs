//! Which tenant has which host: seen once, read after, and never wrong after a change.

use std::fs;
use std::time::Duration;

use cache_core::tenant::{HostTenantMapping, TenantError, TenantSettings, TenantStore};
use cache_core::{Cache, CacheModel, Command, Degrade, Migrator, Protocol};
use cache_tests::{degrade, elsewhere, live, patient, private_server, store::TestStore};
use serde::{Deserialize, Serialize};
use serde_json::json;

const FILE: &str = "
default: {theme: light}
acme: {hosts: [acme.example, '*.acme.example']}
umbrella: {hosts: umbrella.example}
";

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Shop {
    theme: String,
    #[serde(default)]
    hosts: Option<Hosts>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Hosts {
    One(String),
    Many(Vec<String>),
}

fn many(hosts: &[&str]) -> Option<Hosts> {
    Some(Hosts::Many(hosts.iter().map(ToString::to_string).collect()))
}

async fn replica(cache: &Cache, store: &TestStore) -> TenantSettings<Shop> {
    let cache = elsewhere(cache).await;
    TenantSettings::builder(&cache).yaml_text(FILE).store(store.clone()).build().await.unwrap()
}

async fn unknown(shops: &TenantSettings<Shop>, host: &str) {
    let error = shops.tenant_of_host(host).await.unwrap_err();
    assert!(matches!(error, TenantError::UnknownHost { .. }) && error.is_unknown(), "{host}: {error}");
}

async fn a_host_is_written_when_it_is_seen_and_read_after(cache: Cache) {
    let store = TestStore::default();
    let (one, two) = (replica(&cache, &store).await, replica(&cache, &store).await);
    assert_eq!(one.tenant_of_host("ACME.example.:8443, proxy").await.unwrap(), "acme");
    let row = HostTenantMapping::get(&cache, "acme.example").await.unwrap().unwrap();
    assert_eq!((row.host.as_str(), row.tenant.as_str()), ("acme.example", "acme"));
    assert!(matches!(
        HostTenantMapping::ttl(&cache, "acme.example").await.unwrap(),
        cache_core::Ttl::Remaining(_)
    ));
    assert_eq!(store.alls(), 1);
    // Another process asks no store, though that were broken.
    store.fails(true);
    assert_eq!(two.tenant_of_host("acme.example").await.unwrap(), "acme");
    assert_eq!(store.alls(), 1);
    store.fails(false);
    assert_eq!(two.tenant_of_host("umbrella.example:80").await.unwrap(), "umbrella");
    // The longest pattern that it ends in, but for what is listed by itself.
    one.set(
        "deep",
        &Shop { theme: "x".to_owned(), hosts: many(&["*.deep.acme.example", "own.acme.example"]) },
    )
    .await
    .unwrap();
    for (host, tenant) in [
        ("a.acme.example", "acme"),
        ("a.b.acme.example", "acme"),
        ("a.deep.acme.example", "deep"),
        ("deep.acme.example", "acme"),
        ("own.acme.example", "deep"),
    ] {
        for shops in [&one, &two] {
            assert_eq!(shops.tenant_of_host(host).await.unwrap(), tenant, "{host}");
        }
    }
    let alls = store.alls();
    for number in 0..50 {
        assert_eq!(one.tenant_of_host(format!("{number}.acme.example")).await.unwrap(), "acme");
    }
    assert_eq!(store.alls(), alls);
    Migrator::new().register::<HostTenantMapping>().run(&cache).await.unwrap();
    let rows = HostTenantMapping::find_by_tenant("acme").all(&cache).await.unwrap();
    assert_eq!(rows.iter().map(|row| row.host.as_str()).collect::<Vec<_>>(), ["acme.example"]);
}

async fn what_is_no_host_or_nobodys_is_told_by_type(cache: Cache) {
    let cache = elsewhere(&cache).await;
    let store = TestStore::default();
    let few = TenantSettings::<Shop>::builder(&cache).yaml_text(FILE).store(store.clone()).most_missing(3);
    let few = few.build().await.unwrap();
    for header in [&b""[..], b"\xff\xfe", b"a b", b"a/b", b"x:99999", b"\0", b"[::1", b",,,"] {
        let error = few.tenant_of_host(header).await.unwrap_err();
        assert!(error.is_invalid() && matches!(error, TenantError::Host(_)), "{error}");
    }
    let before = store.alls();
    for number in 0..30 {
        unknown(&few, &format!("scan-{number}.example")).await;
    }
    // One read of all hosts tells of all of them.
    assert_eq!(store.alls(), before + 1);
    let pattern = format!("{}:*scan-*", cache.keyspace().unwrap().global());
    let keys = cache.command(Command::new("KEYS").arg(&pattern)).await.unwrap().into_items().unwrap();
    let kept: Vec<_> =
        keys.iter().filter_map(|key| key.as_str()).filter(|key| key.contains("loaded")).collect();
    assert_eq!(kept.len(), 3, "{kept:?}");
}

async fn a_service_needs_no_file(cache: Cache) {
    let (cache, store) = (elsewhere(&cache).await, TestStore::default());
    let shops = TenantSettings::<Shop>::builder(&cache).store(store.clone()).build().await.unwrap();
    shops.set("acme", &Shop { theme: "x".to_owned(), hosts: many(&["acme.example"]) }).await.unwrap();
    let alls = store.alls();
    for number in 0..10 {
        assert_eq!(shops.tenant_of_host("acme.example").await.unwrap(), "acme");
        unknown(&shops, &format!("{number}.example")).await;
    }
    assert!(store.alls() <= alls + 1, "{} after {alls}", store.alls());
    assert_eq!(shops.get("acme").await.unwrap().theme, "x");
    assert!(shops.defaults().is_err() && shops.get("other").await.unwrap_err().is_unknown());
}

async fn who_changes_hosts_leaves_no_stale_ones(cache: Cache) {
    let store = TestStore::default();
    let (one, two) = (replica(&cache, &store).await, replica(&cache, &store).await);
    for shops in [&one, &two] {
        assert_eq!(shops.tenant_of_host("acme.example").await.unwrap(), "acme");
        assert_eq!(shops.tenant_of_host("x.acme.example").await.unwrap(), "acme");
        unknown(shops, "new.example").await;
    }
    one.update("acme", |shop| shop.hosts = many(&["new.example"])).await.unwrap();
    assert_eq!(HostTenantMapping::get(&cache, "acme.example").await.unwrap(), None);
    for shops in [&two, &one] {
        assert_eq!(shops.tenant_of_host("new.example").await.unwrap(), "acme");
        unknown(shops, "acme.example").await;
        unknown(shops, "x.acme.example").await;
    }
    // Who has it keeps it, until it is given up.
    let taken = two.update("umbrella", |shop| shop.hosts = many(&["NEW.example:80"])).await.unwrap_err();
    let TenantError::HostConflict { host, first, second } = &taken else { panic!("{taken}") };
    assert_eq!((host.as_str(), first.as_str(), second.as_str()), ("new.example", "acme", "umbrella"));
    assert!(store.inner().get("umbrella").await.unwrap().is_none(), "nothing was written");
    one.update("acme", |shop| shop.hosts = Some(Hosts::One("other.example".to_owned()))).await.unwrap();
    two.update("umbrella", |shop| shop.hosts = many(&["new.example"])).await.unwrap();
    for shops in [&one, &two] {
        assert_eq!(shops.tenant_of_host("new.example").await.unwrap(), "umbrella");
    }
    // What the store took from the file's tenant is back when the store lets go.
    assert!(two.remove("umbrella").await.unwrap());
    for shops in [&one, &two] {
        unknown(shops, "new.example").await;
        assert_eq!(shops.tenant_of_host("umbrella.example").await.unwrap(), "umbrella");
    }
    // Past this library, two may have one: that host is told to be wrong, the others are not.
    for (tenant, hosts) in [("left", "both.example"), ("right", "both.example")] {
        let row = json!({"hosts": [hosts, format!("{tenant}.example")]});
        store.inner().put(tenant, row.as_object().unwrap(), None).await.unwrap();
        one.invalidate(tenant).await.unwrap();
    }
    for shops in [&one, &two] {
        let error = shops.tenant_of_host("both.example").await.unwrap_err();
        assert!(matches!(error, TenantError::HostConflict { .. }), "{error}");
        assert_eq!(shops.tenant_of_host("left.example").await.unwrap(), "left");
    }
    // What was written past this library is seen once it is told: what went, too.
    let moved = json!({"hosts": "moved.example"});
    store.inner().put("left", moved.as_object().unwrap(), Some(1)).await.unwrap();
    assert_eq!(two.tenant_of_host("left.example").await.unwrap(), "left", "nobody told");
    two.invalidate("left").await.unwrap();
    for shops in [&one, &two] {
        unknown(shops, "left.example").await;
        assert_eq!(shops.tenant_of_host("both.example").await.unwrap(), "right");
    }
}

async fn a_file_that_moves_a_host_is_followed(cache: Cache) {
    let cache = elsewhere(&cache).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tenants.yaml");
    fs::write(&path, FILE).unwrap();
    let builder = || TenantSettings::<Shop>::builder(&cache).yaml(&path).look_every(Duration::ZERO);
    let shops = builder().build().await.unwrap();
    assert_eq!(shops.tenant_of_host("umbrella.example").await.unwrap(), "umbrella");
    assert_eq!(shops.get("acme").await.unwrap().theme, "light");
    fs::write(&path, "default: {theme: blue}\nacme: {hosts: umbrella.example}\numbrella:\n").unwrap();
    assert_eq!(shops.tenant_of_host("umbrella.example").await.unwrap(), "acme");
    assert_eq!(shops.get("acme").await.unwrap().theme, "blue", "though it was cached");
    unknown(&shops, "acme.example").await;
    // Two that want one: the file is not taken, and says why.
    fs::write(&path, "default: {theme: red}\nacme: {hosts: a.example}\numbrella:\n  hosts: [A.example]\n")
        .unwrap();
    assert_eq!(shops.get("acme").await.unwrap().theme, "blue");
    let error = shops.last_error().unwrap();
    assert_eq!((error.line, error.tenant.as_deref()), (Some(4), Some("umbrella")));
    assert!(
        error.to_string().contains("`a.example` belongs to the tenants `acme` and `umbrella`"),
        "{error}"
    );
    assert!(shops.reload().await.is_err() && builder().build().await.is_err());
    // A section that does not fit, with its line and field.
    fs::write(&path, "default: {theme: red}\nacme:\n  hosts: a.example\n  theme: [1]\n").unwrap();
    let TenantError::Yaml(error) = builder().build().await.unwrap_err() else { panic!() };
    assert_eq!(
        (error.line, error.tenant.as_deref(), error.field.as_deref()),
        (Some(4), Some("acme"), Some("theme"))
    );
    fs::write(&path, "default: {theme: red}\nacme: {hosts: a.example}\n").unwrap();
    shops.reload().await.unwrap();
    assert_eq!(shops.get("acme").await.unwrap().theme, "red");
    unknown(&shops, "umbrella.example").await;
}

/// Two releases with two files, as they run beside each other in a deploy: each one answers by its own.
async fn a_row_of_another_file_is_not_believed(cache: Cache) {
    const OLD: &str =
        "default: {theme: x}\nacme: {hosts: [moved.example, lost.example]}\nglobex: {hosts: kept.example}\n";
    const NEW: &str =
        "default: {theme: x}\nacme:\nglobex: {hosts: [moved.example, kept.example, '*.new.example']}\n";
    let (store, cache) = (TestStore::default(), elsewhere(&cache).await);
    let release = |file: &'static str| {
        TenantSettings::<Shop>::builder(&cache).yaml_text(file).store(store.clone()).build()
    };
    let (old, new) = (release(OLD).await.unwrap(), release(NEW).await.unwrap());
    for _ in 0..5 {
        assert_eq!(old.tenant_of_host("moved.example").await.unwrap(), "acme");
        assert_eq!(new.tenant_of_host("moved.example").await.unwrap(), "globex");
        assert_eq!(old.tenant_of_host("lost.example").await.unwrap(), "acme");
        unknown(&new, "lost.example").await;
        unknown(&old, "a.new.example").await;
        assert_eq!(new.tenant_of_host("a.new.example").await.unwrap(), "globex");
        assert_eq!(new.tenant_of_host("kept.example").await.unwrap(), "globex");
        assert_eq!(old.tenant_of_host("kept.example").await.unwrap(), "globex");
    }
    assert!(store.alls() <= 2, "{}", store.alls());
    // Booted after the others have written theirs: nothing is known here yet.
    assert_eq!(old.tenant_of_host("moved.example").await.unwrap(), "acme");
    unknown(&old, "b.new.example").await;
    let booted = release(NEW).await.unwrap();
    assert_eq!(booted.tenant_of_host("moved.example").await.unwrap(), "globex");
    assert_eq!(booted.tenant_of_host("b.new.example").await.unwrap(), "globex");
    let row = HostTenantMapping::get(&cache, "moved.example").await.unwrap().unwrap();
    assert!(row.tenant == "globex" && !row.basis.is_empty(), "{row:?}");
    // Of one file, a row is one for all.
    let (alls, other) = (store.alls(), release(NEW).await.unwrap());
    assert_eq!(other.tenant_of_host("moved.example").await.unwrap(), "globex");
    assert_eq!(store.alls(), alls);
}

live!(
    a_host_is_written_when_it_is_seen_and_read_after,
    what_is_no_host_or_nobodys_is_told_by_type,
    a_service_needs_no_file,
    who_changes_hosts_leaves_no_stale_ones,
    a_file_that_moves_a_host_is_followed,
    a_row_of_another_file_is_not_believed,
);

/// C9 for hosts: changed while the server is away, gone from it when it is back.
#[tokio::test]
async fn hosts_that_change_without_a_server_are_dropped_when_it_is_back() {
    let server = private_server().await;
    let cache =
        degrade(Degrade::new().entry_timeout(Duration::from_millis(200)), server.url()).await.unwrap();
    let (store, direct) = (TestStore::default(), patient(&server.url(), Protocol::Resp3).await);
    let builder = |cache| TenantSettings::<Shop>::builder(cache).yaml_text(FILE).store(store.clone());
    let (one, two) = (builder(&cache).build().await.unwrap(), builder(&direct).build().await.unwrap());
    assert_eq!(one.tenant_of_host("acme.example").await.unwrap(), "acme");
    assert_eq!(two.tenant_of_host("x.acme.example").await.unwrap(), "acme");
    server.pause().await.unwrap();
    one.update("acme", |shop| shop.hosts = many(&["new.example"])).await.unwrap();
    // Without the server, this process knows all the same.
    assert_eq!(one.tenant_of_host("new.example").await.unwrap(), "acme");
    unknown(&one, "acme.example").await;
    server.resume().await.unwrap();
    assert!(cache.watch_state().enabled().await);
    assert_eq!(HostTenantMapping::get(&direct, "acme.example").await.unwrap(), None);
    for shops in [&one, &two] {
        assert_eq!(shops.tenant_of_host("new.example").await.unwrap(), "acme");
        unknown(shops, "acme.example").await;
        unknown(shops, "x.acme.example").await;
    }
}
