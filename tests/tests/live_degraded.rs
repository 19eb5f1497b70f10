//! A cache whose server is away, hangs, starts, or comes back: nothing fails for it that is not told by type.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cache_core::{
    Cache, CacheModel, CacheState, Capabilities, Command, Connection, Degrade, Error, ErrorClass, Gate,
    GateError, Migrator, Outcome, Protocol, RedisSettings, Ttl,
};
use cache_tests::{chain, connect_with, degrade, hand_on, private_server, speaking};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(ttl = "5m")]
struct Note {
    #[primary_key]
    id: u32,
    #[index]
    text: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Named {
    #[primary_key]
    id: u32,
    #[unique]
    name: String,
}

/// The longest pause between two questions in the background, and what a busy machine adds.
const BACK: Duration = Duration::from_secs(4);

fn note(id: u32) -> Note {
    Note { id, text: "x".to_owned() }
}

async fn becomes(cache: &Cache, enabled: bool) {
    let mut states = cache.watch_state();
    let wait = async {
        while states.state().is_enabled() != enabled {
            states.changed().await.unwrap();
        }
    };
    tokio::time::timeout(BACK, wait).await.unwrap_or_else(|_| panic!("not {enabled} in time"));
}

fn class(cache: &Cache) -> Option<ErrorClass> {
    match cache.state() {
        CacheState::Degraded { class, .. } => Some(class),
        _ => None,
    }
}

/// What every kind of call answers without a server.
async fn answers_without_a_server(cache: &Cache) {
    assert_eq!(Note::get(cache, 1).await.unwrap(), None);
    assert_eq!(Note::get_many(cache, 0..1200).await.unwrap(), vec![None; 1200]);
    assert!(!Note::exists(cache, 1).await.unwrap());
    assert_eq!(Note::ttl(cache, 1).await.unwrap(), Ttl::Missing);
    assert!(!note(1).save(cache).await.unwrap().stored());
    assert!(!Named { id: 1, name: "n".to_owned() }.save(cache).await.unwrap().stored());
    let saved = Note::save_many(cache, (0..1200).map(note)).await;
    assert!(saved.len() == 1200 && saved.into_iter().all(|saved| !saved.unwrap().stored()));
    for error in [
        note(1).insert(cache).await.unwrap_err(),
        note(1).replace(cache).await.unwrap_err(),
        Note::patch(1).set(Note::TEXT, "y").send(cache).await.unwrap_err(),
        Note::find().all(cache).await.unwrap_err(),
        Note::find().count(cache).await.unwrap_err(),
        Note::find().delete(cache).await.unwrap_err(),
        cache.ping().await.unwrap_err(),
    ] {
        assert!(error.is_unavailable(), "{}", chain(&error));
    }
    let gate = Gate::new("g").run(cache, async |_lease| Ok::<_, GateError>(())).await;
    assert!(matches!(gate, Ok(Outcome::Unavailable(_))), "{gate:?}");
}

async fn it_boots_without_its_server(protocol: Protocol) {
    let server = private_server().await;
    server.kill().await.unwrap();
    let began = Instant::now();
    let settings = RedisSettings::new(server.url()).protocol(protocol);
    let cache = degrade(Degrade::new(), settings).await.unwrap().project("shop");
    assert!(began.elapsed() < Duration::from_millis(1500), "{:?}", began.elapsed());
    assert_eq!(class(&cache), Some(ErrorClass::Unavailable));
    answers_without_a_server(&cache).await;
    let migrator = Migrator::new().register::<Note>();
    assert!(migrator.run(&cache).await.unwrap().is_deferred() && !cache.readiness().is_ready());

    server.restart().await.unwrap();
    becomes(&cache, true).await;
    assert!(note(1).save(&cache).await.unwrap().stored());
    assert_eq!(Note::get(&cache, 1).await.unwrap(), Some(note(1)));
    let began = Instant::now();
    while !cache.readiness().is_ready() {
        assert!(began.elapsed() < BACK, "{}", cache.readiness());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(Note::find().count(&cache).await.unwrap(), 1);

    // And goes again, which calls find out.
    server.kill().await.unwrap();
    for _ in 0..5 {
        assert_eq!(Note::get(&cache, 1).await.unwrap(), None);
    }
    assert_eq!(class(&cache), Some(ErrorClass::Unavailable));
    answers_without_a_server(&cache).await;
    server.restart().await.unwrap();
    becomes(&cache, true).await;
    assert!(note(2).save(&cache).await.unwrap().stored());
}

async fn a_server_that_hangs_costs_an_entrys_timeout_and_then_nothing(protocol: Protocol) {
    let server = private_server().await;
    let cache =
        degrade(Degrade::new().entry_timeout(Duration::from_millis(100)), speaking(server.url(), protocol))
            .await
            .unwrap();
    assert!(cache.is_enabled() && note(1).save(&cache).await.unwrap().stored());
    server.pause().await.unwrap();
    let began = Instant::now();
    for _ in 0..5 {
        assert_eq!(Note::get(&cache, 1).await.unwrap(), None);
    }
    assert!(began.elapsed() >= Duration::from_millis(500) && began.elapsed() < Duration::from_secs(2));
    assert_eq!(class(&cache), Some(ErrorClass::Timeout));
    let began = Instant::now();
    for _ in 0..10_000 {
        assert_eq!(Note::get(&cache, 1).await.unwrap(), None);
    }
    // If each waited, it would be a thousand.
    assert!(began.elapsed() < Duration::from_secs(20), "10,000 calls took {:?}", began.elapsed());
    server.resume().await.unwrap();
    becomes(&cache, true).await;
    assert_eq!(Note::get(&cache, 1).await.unwrap(), Some(note(1)));
}

/// A connection that does not know yet what its server is.
struct Unsure {
    inner: Arc<dyn Connection>,
    capabilities: Capabilities,
}

impl Connection for Unsure {
    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    hand_on!(inner: send, send_all, pushes, deadline);
}

async fn who_is_asked_before_an_entry_has_as_much_time_as_that(protocol: Protocol) {
    let server = private_server().await;
    let settings = speaking(server.url(), protocol).response_timeout(Duration::from_secs(10));
    let inner = Arc::clone(connect_with(settings).await.unwrap().connection());
    let mut capabilities = inner.capabilities().clone();
    capabilities.assumed = true;
    let degrade = Degrade::new().entry_timeout(Duration::from_millis(100));
    let cache = degrade.over(Arc::new(Unsure { inner, capabilities })).await.unwrap();
    let named = Named { id: 1, name: "n".to_owned() };
    assert!(named.save(&cache).await.unwrap().stored());
    server.pause().await.unwrap();
    let began = Instant::now();
    assert!(!named.save(&cache).await.unwrap().stored());
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    server.resume().await.unwrap();
}

async fn what_is_deleted_meanwhile_is_gone_before_anything_is_read_again(protocol: Protocol) {
    let server = private_server().await;
    let cache = degrade(Degrade::new(), speaking(server.url(), protocol)).await.unwrap();
    let (shop, other) = (cache.clone().project("shop"), cache.clone().project("other"));
    let direct = connect_with(speaking(server.url(), protocol)).await.unwrap().project("shop");
    for cache in [&shop, &other] {
        for id in 0..10 {
            assert!(note(id).save(cache).await.unwrap().stored());
        }
        assert!(Named { id: 1, name: "n".to_owned() }.save(cache).await.unwrap().stored());
    }
    server.pause().await.unwrap();
    assert!(!note(0).delete(&shop).await.unwrap());
    // One is enough: what it left must not be read.
    assert!(!cache.is_enabled());
    assert!(!Note::delete_by_id(&shop, 0).await.unwrap());
    assert_eq!(Note::delete_many(&shop, 1..5).await.unwrap(), 0);
    assert!(!Named::delete_by_id(&shop, 1).await.unwrap());
    assert_eq!(cache.owed_invalidations(), 6);
    server.resume().await.unwrap();
    becomes(&cache, true).await;
    assert_eq!(cache.owed_invalidations(), 0);
    let there: Vec<_> =
        Note::get_many(&direct, 0..10).await.unwrap().into_iter().flatten().map(|n| n.id).collect();
    assert_eq!(there, [5, 6, 7, 8, 9]);
    assert_eq!(Note::get_many(&other, 0..10).await.unwrap().into_iter().flatten().count(), 10);
    // The unique value is free again here, and taken there.
    assert!(Named { id: 2, name: "n".to_owned() }.save(&shop).await.unwrap().stored());
    let error = Named { id: 2, name: "n".to_owned() }.save(&other).await.unwrap_err();
    assert!(matches!(error, Error::NotUnique { .. }), "{error}");
}

async fn what_will_not_pass_fails_the_boot_unless_lenient(protocol: Protocol) {
    let server = private_server().await;
    let direct = connect_with(speaking(server.url(), protocol)).await.unwrap();
    direct.command(Command::new("CONFIG").args_from(["SET", "requirepass", "right"])).await.unwrap();
    let error = degrade(Degrade::new(), speaking(server.url(), protocol)).await.unwrap_err();
    assert!(error.is_access_denied(), "{}", chain(&error));
    let wrong = speaking(server.url(), protocol).password("wrong");
    let error = degrade(Degrade::new(), &wrong).await.unwrap_err();
    assert!(error.is_access_denied() && !chain(&error).contains("wrong\""), "{}", chain(&error));

    let cache = degrade(Degrade::new().lenient(), wrong).await.unwrap();
    assert_eq!(class(&cache), Some(ErrorClass::AccessDenied));
    assert_eq!(Note::get(&cache, 1).await.unwrap(), None);
    // It is a matter of the server's settings, too.
    direct.command(Command::new("CONFIG").args_from(["SET", "requirepass", "wrong"])).await.unwrap();
    becomes(&cache, true).await;
    assert!(note(1).save(&cache).await.unwrap().stored());

    let right = speaking(server.url(), protocol).username("default").password("wrong").client_name("shop");
    let named = connect_with(right).await.unwrap();
    let list = named.command(Command::new("CLIENT").arg("LIST")).await.unwrap();
    assert!(list.as_str().unwrap().contains(" name=shop "), "{list:?}");
}

#[tokio::test]
async fn an_address_without_a_name_degrades_and_one_without_sense_fails() {
    let cache = degrade(Degrade::new(), "redis://no-such-host.invalid:1").await.unwrap();
    assert_eq!(class(&cache), Some(ErrorClass::Unavailable));
    let error = degrade(Degrade::new(), "http://h").await.unwrap_err();
    assert!(matches!(error, Error::Settings { .. }), "{error}");
}

async fn one_that_does_not_degrade_says_how_it_is_too(protocol: Protocol) {
    let server = private_server().await;
    let cache = connect_with(speaking(server.url(), protocol)).await.unwrap();
    server.kill().await.unwrap();
    for _ in 0..5 {
        assert!(Note::get(&cache, 1).await.unwrap_err().is_unavailable());
    }
    assert_eq!(class(&cache), Some(ErrorClass::Unavailable));
    assert!(note(1).delete(&cache).await.unwrap_err().is_unavailable());
    assert_eq!(cache.owed_invalidations(), 0);
    server.restart().await.unwrap();
    cache.ping().await.unwrap();
    assert!(cache.is_enabled());
}

async fn the_background_ends_with_the_cache(protocol: Protocol) {
    let server = private_server().await;
    server.kill().await.unwrap();
    let cache = degrade(Degrade::new(), speaking(server.url(), protocol)).await.unwrap();
    let mut states = cache.watch_state();
    drop(cache);
    let gone = tokio::time::timeout(BACK, states.changed()).await.unwrap();
    assert_eq!(gone, None);
}

async fn a_fenced_deletion_is_not_put_off(protocol: Protocol) {
    let server = private_server().await;
    let cache = degrade(Degrade::new(), speaking(server.url(), protocol)).await.unwrap().project("shop");
    let lease = Gate::new("g").renew(false).try_lock(&cache).await.unwrap().unwrap();
    let fenced = lease.fenced(&cache).unwrap();
    assert!(note(1).save(&fenced).await.unwrap().stored());
    server.pause().await.unwrap();
    // Later its fence may be too old.
    assert!(Note::delete_by_id(&fenced, 1).await.unwrap_err().is_unavailable());
    assert_eq!(cache.owed_invalidations(), 0);
    // And what goes on in the background does not depend on whose call found that there is no server.
    for _ in 0..5 {
        assert_eq!(Note::get(&fenced, 1).await.unwrap(), None);
    }
    assert!(!Note::delete_by_id(&cache, 1).await.unwrap());
    server.resume().await.unwrap();
    becomes(&cache, true).await;
    assert_eq!(Note::get(&cache, 1).await.unwrap(), None);
    assert_eq!(cache.owed_invalidations(), 0);
}

/// Nothing can be stored, and everything can be read: what is to be cached is loaded.
async fn loads_where_nothing_is_written(protocol: Protocol) {
    let server = private_server().await;
    let settings = RedisSettings::new(server.url()).protocol(protocol);
    let admin = connect_with(server.url()).await.unwrap();
    let cache = degrade(Degrade::new(), settings).await.unwrap();
    let full = Command::new("CONFIG").args_from(["SET", "maxmemory", "1"]);
    admin.command(full).await.unwrap();
    let loads = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let calls = (0..100).map(|_| {
        let (cache, loads) = (cache.clone(), loads.clone());
        tokio::spawn(async move {
            let load = async move || {
                loads.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(50)).await;
                Ok::<_, std::io::Error>(Some(note(1)))
            };
            Note::get_or_load(&cache, 1, load).await
        })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap().unwrap(), Some(note(1)));
    }
    let loads = loads.load(std::sync::atomic::Ordering::SeqCst);
    // One at a time; but whoever comes when it is over loads again, since nothing is kept, and a busy machine makes some late.
    assert!(loads <= 10, "{loads} loads");
    let more = Command::new("CONFIG").args_from(["SET", "maxmemory", "0"]);
    admin.command(more).await.unwrap();
    let load = async || Ok::<_, std::io::Error>(Some(note(1)));
    assert_eq!(Note::get_or_load(&cache, 1, load).await.unwrap(), Some(note(1)));
    assert_eq!(Note::get(&cache, 1).await.unwrap(), Some(note(1)));
}

async fn a_password_that_was_changed_degrades_it_until_it_is_back(protocol: Protocol) {
    let server = private_server().await;
    let admin = connect_with(speaking(server.url(), protocol)).await.unwrap();
    let cache = degrade(Degrade::new(), speaking(server.url(), protocol)).await.unwrap();
    assert!(note(1).save(&cache).await.unwrap().stored());
    let wants = |password: &str| Command::new("CONFIG").args_from(["SET", "requirepass", password]);
    admin.command(wants("other")).await.unwrap();
    let kill = Command::new("CLIENT").args_from(["KILL", "TYPE", "normal", "SKIPME", "yes"]);
    admin.command(kill).await.unwrap();
    becomes_without_errors(&cache).await;
    assert_eq!(class(&cache), Some(ErrorClass::AccessDenied));
    assert!(!note(2).save(&cache).await.unwrap().stored());
    assert!(!Note::delete_by_id(&cache, 1).await.unwrap());
    assert_eq!(cache.owed_invalidations(), 1);
    admin.command(wants("")).await.unwrap();
    becomes(&cache, true).await;
    assert_eq!(Note::get(&cache, 1).await.unwrap(), None, "it was deleted");
}

/// Reads until it is degraded; none of them fails.
async fn becomes_without_errors(cache: &Cache) {
    let read = async {
        while cache.is_enabled() {
            let _ = Note::get(cache, 1).await.unwrap();
        }
    };
    tokio::time::timeout(BACK, read).await.unwrap();
}

async fn callers_who_give_up_notice_a_server_that_hangs(protocol: Protocol) {
    let server = private_server().await;
    let cache = degrade(Degrade::new(), speaking(server.url(), protocol)).await.unwrap();
    server.pause().await.unwrap();
    for _ in 0..5 {
        let gave_up = tokio::time::timeout(Duration::from_millis(300), cache.ping()).await;
        assert!(gave_up.is_err());
    }
    assert_eq!(class(&cache), Some(ErrorClass::Timeout));
    server.resume().await.unwrap();
    becomes(&cache, true).await;
}

cache_tests::both! {
    cache_tests::alone =>
        it_boots_without_its_server,
        a_server_that_hangs_costs_an_entrys_timeout_and_then_nothing,
        who_is_asked_before_an_entry_has_as_much_time_as_that,
        what_is_deleted_meanwhile_is_gone_before_anything_is_read_again,
        what_will_not_pass_fails_the_boot_unless_lenient,
        one_that_does_not_degrade_says_how_it_is_too,
        the_background_ends_with_the_cache,
        a_fenced_deletion_is_not_put_off,
        a_password_that_was_changed_degrades_it_until_it_is_back,
        callers_who_give_up_notice_a_server_that_hangs;
    cache_tests::on_threads =>
        loads_where_nothing_is_written;
}
