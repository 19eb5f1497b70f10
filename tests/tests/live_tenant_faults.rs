//! Settings of tenants while the cache, the store or both are away.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use cache_core::tenant::{Copies, TenantError, TenantSettings, Tier};
use cache_core::testkit::Proxy;
use cache_core::{Command, Degrade, Protocol, RedisSettings};
use cache_tests::store::TestStore;
use cache_tests::{connect_with, degrade, patient, private_server, speaking};
use serde::{Deserialize, Serialize};

const FILE: &str = "default: {theme: light}\nacme: {theme: dark}\n";

/// The longest that the server is not noticed to be back.
const BACK: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Shop {
    theme: String,
}

fn shop(theme: &str) -> Shop {
    Shop { theme: theme.to_owned() }
}

fn quick(url: &str, protocol: Protocol) -> RedisSettings {
    speaking(url, protocol)
        .response_timeout(Duration::from_millis(200))
        .connect_timeout(Duration::from_millis(200))
}

async fn theme(shops: &TenantSettings<Shop>, tenant: &str) -> String {
    shops.get(tenant).await.unwrap_or_else(|error| panic!("{}", cache_tests::chain(&error))).theme
}

/// Waits until this process has told the server what it owes.
async fn delivered(shops: &TenantSettings<Shop>) {
    let began = Instant::now();
    while shops.owed_invalidations() > 0 {
        assert!(began.elapsed() < BACK, "{} owed", shops.owed_invalidations());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// C9: of a cache that does without its server by itself, and of one that fails.
async fn what_is_set_without_a_server_is_got_elsewhere_when_it_is_back(protocol: Protocol) {
    let server = private_server().await;
    let degrading =
        degrade(Degrade::new().entry_timeout(Duration::from_millis(200)), quick(&server.url(), protocol))
            .await
            .unwrap();
    let failing = connect_with(quick(&server.url(), protocol)).await.unwrap();
    for (cache, new) in [(degrading, "one"), (failing, "two")] {
        let store = TestStore::default();
        let builder = |cache| TenantSettings::<Shop>::builder(cache).yaml_text(FILE).store(store.clone());
        let here = builder(&cache).build().await.unwrap();
        let other = connect_with(speaking(server.url(), protocol)).await.unwrap();
        let there = builder(&other).build().await.unwrap();
        here.set("acme", &shop("before")).await.unwrap();
        delivered(&here).await;
        assert_eq!(
            (theme(&here, "acme").await, theme(&there, "acme").await),
            ("before".into(), "before".into())
        );
        server.pause().await.unwrap();
        let saved = here.set("acme", &shop(new)).await.unwrap();
        assert_eq!(saved.copies, Copies::Owed);
        for _ in 0..3 {
            assert_eq!(theme(&here, "acme").await, new);
        }
        assert!(here.get("nobody").await.unwrap_err().is_unknown());
        let asked = store.gets();
        assert!(here.get("nobody").await.unwrap_err().is_unknown());
        assert_eq!(store.gets(), asked, "also without a server it is remembered");
        server.resume().await.unwrap();
        delivered(&here).await;
        assert_eq!((theme(&there, "acme").await.as_str(), theme(&here, "acme").await.as_str()), (new, new));
        here.remove("acme").await.unwrap();
    }
}

async fn a_service_boots_and_serves_without_a_server_and_uses_it_when_it_comes(protocol: Protocol) {
    let server = private_server().await;
    let proxy = Proxy::start(&server.url()).await.unwrap();
    proxy.refuse();
    let patient = Degrade::new().budget(Duration::from_millis(300)).entry_timeout(Duration::from_secs(20));
    let cache = degrade(patient, speaking(proxy.url(), protocol)).await.unwrap();
    let store = TestStore::default();
    let shops =
        TenantSettings::<Shop>::builder(&cache).yaml_text(FILE).store(store.clone()).build().await.unwrap();
    assert_eq!(theme(&shops, "acme").await, "dark");
    assert_eq!(shops.set("acme", &shop("new")).await.unwrap().copies, Copies::Owed);
    assert_eq!(theme(&shops, "acme").await, "new");
    proxy.redirect(&server.url()).unwrap();
    delivered(&shops).await;
    theme(&shops, "acme").await;
    let asked = store.gets();
    assert_eq!(theme(&shops, "acme").await, "new");
    assert_eq!(store.gets(), asked, "it is cached");
    // Killed under the readers: none fails.
    proxy.refuse();
    for _ in 0..20 {
        assert_eq!(theme(&shops, "acme").await, "new");
    }
}

async fn a_store_that_fails_is_done_without_as_long_as_it_may_be(protocol: Protocol) {
    let server = private_server().await;
    let cache = patient(&server.url(), protocol).await;
    let store = TestStore::default();
    let builder = || {
        let builder = TenantSettings::<Shop>::builder(&cache).yaml_text(FILE).store(store.clone());
        builder.ttl(Duration::from_millis(30)).store_timeout(Duration::from_millis(100))
    };
    let shops = builder().build().await.unwrap();
    shops.set("acme", &shop("good")).await.unwrap();
    assert_eq!(theme(&shops, "acme").await, "good");
    for hangs in [false, true] {
        if hangs {
            store.hangs(true);
        } else {
            store.fails(true);
        }
        tokio::time::sleep(Duration::from_millis(40)).await;
        let (resolved, began) = (shops.resolve("acme").await.unwrap(), Instant::now());
        assert_eq!((resolved.settings.theme.as_str(), resolved.stale), ("good", true));
        assert_eq!(resolved.failures[0].tier, Tier::Store);
        assert!(began.elapsed() < Duration::from_secs(2));
        // Another process has it from the cache, though it never saw the store.
        let other = builder().build().await.unwrap();
        assert!(other.resolve("acme").await.unwrap().stale);
        // What is nowhere is an error, and no tenant that is unknown.
        let error = shops.get("young").await.unwrap_err();
        assert!(error.is_unavailable() && matches!(error, TenantError::Unavailable { .. }), "{error}");
        assert!(error.to_string().contains("the store failed"), "{error}");
        let error = shops.set("acme", &shop("x")).await.unwrap_err();
        assert!(error.is_unavailable(), "{error}");
        // The file only where that is wanted.
        let strict = TenantSettings::<Shop>::builder(&cache.clone().namespace(&format!("strict-{hangs}")))
            .yaml_text(FILE);
        let strict = strict.store(store.clone()).store_timeout(Duration::from_millis(100));
        assert!(strict.build().await.unwrap().get("acme").await.unwrap_err().is_unavailable());
        let lax = TenantSettings::<Shop>::builder(&cache.clone().namespace(&format!("lax-{hangs}")))
            .yaml_text(FILE);
        let lax = lax.store(store.clone()).store_timeout(Duration::from_millis(100)).yaml_on_error(true);
        let lax = lax.build().await.unwrap();
        let resolved = lax.resolve("acme").await.unwrap();
        assert_eq!((resolved.settings.theme.as_str(), resolved.failures.len()), ("dark", 1));
        assert!(lax.get("young").await.unwrap_err().is_unavailable());
        store.fails(false);
        store.hangs(false);
        // It is not remembered.
        let began = Instant::now();
        // Where a busy machine was late, the store is left alone for a moment.
        while shops.resolve("acme").await.unwrap().stale || theme(&lax, "acme").await != "good" {
            assert!(began.elapsed() < BACK, "it is still not asked");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
    assert!(shops.counts().store_failures > 0 && shops.counts().stale >= 2, "{:?}", shops.counts());
    // Both away: what this process saw last.
    store.fails(true);
    server.kill().await.unwrap();
    let resolved = shops.resolve("acme").await.unwrap();
    assert_eq!((resolved.settings.theme.as_str(), resolved.stale), ("good", true));
    let impatient = builder().max_stale(Duration::ZERO).build().await.unwrap();
    assert!(impatient.get("acme").await.unwrap_err().is_unavailable());
}

async fn who_asks_a_store_that_hangs_does_not_queue_up(protocol: Protocol) {
    const BOUND: Duration = Duration::from_millis(600);
    let server = private_server().await;
    let cache = patient(&server.url(), protocol).await;
    let store = TestStore::default();
    let shops = TenantSettings::<Shop>::builder(&cache).yaml_text(FILE).store(store.clone());
    let shops = shops.store_timeout(BOUND).build().await.unwrap();
    store.hangs(true);
    assert!(shops.get("acme").await.unwrap_err().is_unavailable());
    assert!(shops.tenant_of_host("acme.example").await.unwrap_err().is_unavailable());
    let (gets, alls, began) = (store.gets(), store.alls(), Instant::now());
    // For three times as long as a call may take.
    let mut calls = Vec::new();
    while began.elapsed() < BOUND * 3 {
        for _ in 0..10 {
            let (shops, number) = (shops.clone(), calls.len());
            calls.push(tokio::spawn(async move {
                assert!(shops.get(&format!("cold-{number}")).await.unwrap_err().is_unavailable());
                let host = format!("cold-{number}.example");
                assert!(shops.tenant_of_host(host).await.unwrap_err().is_unavailable());
            }));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let asked = calls.len();
    for call in calls {
        call.await.unwrap();
    }
    let (gets, alls) = (store.gets() - gets, store.alls() - alls);
    assert!(asked > 20 && gets <= 4 && alls <= 4, "{asked} asked, {gets} and {alls} of them the store");
    store.hangs(false);
    let began = Instant::now();
    while shops.get("acme").await.is_err() {
        assert!(began.elapsed() < BACK);
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert!(shops.get("cold-1").await.unwrap_err().is_unknown());
}

/// What is told of, line by line.
#[derive(Debug, Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

async fn a_cache_that_fails_each_time_is_told_of_once_with_its_cause(protocol: Protocol) {
    let server = private_server().await;
    let cache = patient(&server.url(), protocol).await;
    let shops = TenantSettings::<Shop>::builder(&cache)
        .yaml_text("default: {theme: light}\nacme: {hosts: acme.example}\n")
        .build()
        .await
        .unwrap();
    let global = cache.keyspace().unwrap().global().to_owned();
    for key in [format!("{global}:tenant_settings:acme"), format!("{global}:host_mapping:acme.example")] {
        cache.command(Command::new("SET").key(&key).arg("no document")).await.unwrap();
    }
    let lines = Lines::default();
    let writer = lines.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let told = tracing::subscriber::set_default(subscriber);
    for _ in 0..50 {
        assert_eq!(shops.tenant_of_host("acme.example").await.unwrap(), "acme");
        assert_eq!(theme(&shops, "acme").await, "light");
    }
    drop(told);
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    let told: Vec<_> = text.lines().filter(|line| line.contains("a tier of settings failed")).collect();
    assert_eq!(told.len(), 1, "{text}");
    // The error is that of a load; what the server said lies below it.
    assert!(told[0].contains("Existing key has wrong Redis type"), "{told:?}");
    assert_eq!(shops.counts().cache_failures, 100, "they are counted all the same");
}

async fn who_gives_up_setting_drops_the_copies_all_the_same(protocol: Protocol) {
    let server = private_server().await;
    let cache = patient(&server.url(), protocol).await;
    let store = TestStore::default();
    let builder = || TenantSettings::<Shop>::builder(&cache).yaml_text(FILE).store(store.clone());
    let (one, two) = (builder().build().await.unwrap(), builder().build().await.unwrap());
    store.slow(Duration::from_millis(5));
    for round in 0..40_u64 {
        let new = format!("round-{round}");
        assert!(!theme(&two, "acme").await.is_empty());
        let setting = tokio::spawn({
            let (one, shop) = (one.clone(), shop(&new));
            async move { one.set("acme", &shop).await }
        });
        tokio::time::sleep(Duration::from_micros(round * 400)).await;
        setting.abort();
        let _ = setting.await;
        // Whatever the store has by the time that nothing is under way any more, the other gets.
        store.slow(Duration::ZERO);
        one.update("umbrella", |_| ()).await.unwrap_err();
        let began = Instant::now();
        loop {
            let row = cache_core::tenant::TenantStore::get(store.inner(), "acme").await.unwrap();
            let kept = row.and_then(|row| Some(row.settings.get("theme")?.as_str()?.to_owned()));
            let kept = kept.unwrap_or_else(|| "dark".to_owned());
            if theme(&two, "acme").await == kept {
                break;
            }
            assert!(began.elapsed() < BACK, "{kept} is in the store");
            tokio::task::yield_now().await;
        }
        store.slow(Duration::from_millis(5));
    }
}

cache_tests::both! {
    what_is_set_without_a_server_is_got_elsewhere_when_it_is_back,
    a_service_boots_and_serves_without_a_server_and_uses_it_when_it_comes,
    a_store_that_fails_is_done_without_as_long_as_it_may_be,
    who_asks_a_store_that_hangs_does_not_queue_up,
    a_cache_that_fails_each_time_is_told_of_once_with_its_cause,
    who_gives_up_setting_drops_the_copies_all_the_same,
}
