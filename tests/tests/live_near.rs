//! The near cache: reads from memory, as long as the server says that nothing changed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use cache_core::testkit::Recorder;
use cache_core::{
    Cache, CacheModel, Capabilities, Command, Error, Expiry, NearCache, NearHandle, Protocol, RedisSettings,
};
use cache_tests::clients::is_fred;
use cache_tests::{chain, elsewhere, private_server, run};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "user")]
struct User {
    #[primary_key]
    id: u64,
    name: String,
    visits: i64,
}

/// Another view of the same documents.
#[derive(Debug, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "user")]
struct Name {
    #[primary_key]
    id: u64,
    name: String,
}

fn user(id: u64, name: &str) -> User {
    User { id, name: name.to_owned(), visits: 0 }
}

async fn near(cache: &Cache) -> NearHandle {
    let near = cache.near(NearCache::new()).await.unwrap();
    assert!(near.status().tracked, "{:?}", near.status());
    near
}

/// Waits until it holds, asking: what the server tells comes a moment after the writer's own answer.
async fn soon<F: Future<Output = bool>>(holds: impl Fn() -> F) {
    let began = Instant::now();
    while !holds().await {
        assert!(began.elapsed() < Duration::from_secs(10), "not within ten seconds");
        tokio::task::yield_now().await;
    }
}

/// Through `fred`, which drops what a server says of a flush, there is none, and it is said so.
fn of_near<F: Future<Output = ()>>(test: &str, body: impl FnOnce(Cache) -> F) {
    run(test, Protocol::Resp3, async |cache: Cache| {
        if !is_fred() {
            return body(cache).await;
        }
        let error = cache.near(NearCache::new()).await.unwrap_err();
        assert!(matches!(&error, Error::Unsupported { what: "a near cache", .. }), "{error}");
        assert!(error.to_string().contains("`Cache::connect`"), "{error}");
    });
}

macro_rules! resp3 {
    ($($test:ident)*) => {$(
        #[test]
        fn $test() {
            of_near(stringify!($test), cases::$test);
        }
    )*};
}

resp3! {
    a_read_is_answered_from_memory
    what_others_write_is_read_soon
    own_writes_are_read
    it_is_kept_that_there_is_nothing
    many_are_read_in_order
    what_ends_on_the_server_ends_here
    nothing_is_kept_longer_than_its_time
    no_more_is_kept_than_there_is_room
    what_cannot_be_read_is_not_kept
    another_model_of_the_same_key_is_read
    who_gives_up_keeps_nobody_waiting
    a_flush_empties_it
    of_many_one_asks
    handles_of_other_namespaces_are_apart
    own_writes_are_read_where_the_namespace_has_braces
}

mod cases {
    use super::*;

    pub(super) async fn a_read_is_answered_from_memory(cache: Cache) {
        let _ = user(1, "ann").save(&cache).await.unwrap();
        let near = near(&cache).await;
        let first = near.get::<User>(1).await.unwrap().unwrap();
        let second = near.get::<User>(1).await.unwrap().unwrap();
        assert!(Arc::ptr_eq(&first, &second) && *first == user(1, "ann"));
        let status = near.status();
        assert_eq!((status.misses, status.hits, status.bypassed), (1, 1, 0), "{status:?}");
        assert!(Arc::ptr_eq(&first, &near.clone().get::<User>(&1).await.unwrap().unwrap()));
        // The cache itself never answers from memory.
        assert_eq!(User::get(&near, 1).await.unwrap(), Some(user(1, "ann")));
    }

    pub(super) async fn what_others_write_is_read_soon(cache: Cache) {
        let (near, other) = (near(&cache).await, elsewhere(&cache).await);
        let _ = user(1, "ann").save(&other).await.unwrap();
        for round in 0..100 {
            let before = near.get::<User>(1).await.unwrap().unwrap();
            let name = format!("ann {round}");
            let _ = user(1, &name).save(&other).await.unwrap();
            soon(async || near.get::<User>(1).await.unwrap().unwrap().name == name).await;
            assert_ne!(before.name, name, "a value that was handed out stays as it was");
        }
        assert!(near.status().invalidations >= 100, "{:?}", near.status());
        user(1, "").delete(&other).await.unwrap();
        soon(async || near.get::<User>(1).await.unwrap().is_none()).await;
    }

    pub(super) async fn own_writes_are_read(cache: Cache) {
        let near = near(&cache).await;
        for round in 0..50 {
            let name = format!("ann {round}");
            let _ = user(1, &name).save(&near).await.unwrap();
            assert_eq!(near.get::<User>(1).await.unwrap().unwrap().name, name);
            let _ = User::patch(1).set(User::VISITS, round).send(&near).await.unwrap();
            assert_eq!(near.get::<User>(1).await.unwrap().unwrap().visits, round);
            let saved = User::save_many(&near.clone(), [user(1, "many"), user(2, "many")]).await;
            assert!(saved.iter().all(Result::is_ok), "{saved:?}");
            let both = near.get_many::<User, _>([1, 2]).await.unwrap();
            assert!(both.iter().all(|user| user.as_ref().unwrap().name == "many"), "{both:?}");
            let raw = Command::new("JSON.SET").key(format!("{}:user:1", near.keyspace().unwrap().global()));
            near.command(raw.arg("$.name").arg("\"raw\"")).await.unwrap();
            assert_eq!(near.get::<User>(1).await.unwrap().unwrap().name, "raw");
            user(1, "").delete(&near).await.unwrap();
            assert_eq!(near.get::<User>(1).await.unwrap(), None);
            User::delete_many(&near, [2]).await.unwrap();
            assert_eq!(near.get::<User>(2).await.unwrap(), None);
        }
    }

    pub(super) async fn it_is_kept_that_there_is_nothing(cache: Cache) {
        let (near, other) = (near(&cache).await, elsewhere(&cache).await);
        for _ in 0..10 {
            assert_eq!(near.get::<User>(7).await.unwrap(), None);
        }
        assert_eq!((near.status().misses, near.status().hits), (1, 9));
        let _ = user(7, "new").save(&other).await.unwrap();
        soon(async || near.get::<User>(7).await.unwrap().is_some()).await;
    }

    pub(super) async fn many_are_read_in_order(cache: Cache) {
        let saved = User::save_many(&cache, (0..700).step_by(2).map(|id| user(id, "even"))).await;
        assert!(saved.iter().all(Result::is_ok));
        let near = near(&cache).await;
        let _ = near.get::<User>(2).await.unwrap();
        for round in 0..2 {
            let ids = (0..700).rev().chain([4, 4, 5]);
            let found = near.get_many::<User, _>(ids.clone()).await.unwrap();
            for (id, found) in ids.zip(&found) {
                assert_eq!(found.as_deref().map(|user| user.id), (id % 2 == 0).then_some(id), "{round}");
            }
        }
        let status = near.status();
        // The last three of the first round wait for what that round asks for itself.
        assert_eq!((status.misses, status.hits), (1 + 699 + 3, 1 + 703), "{status:?}");
        assert_eq!(near.get_many::<User, _>([0; 0]).await.unwrap(), []);
    }

    pub(super) async fn what_ends_on_the_server_ends_here(cache: Cache) {
        let near = near(&cache).await;
        for round in 0..5 {
            let (began, ttl) = (Instant::now(), Duration::from_millis(300));
            let _ = user(round, "short").save_with(&cache, Expiry::After(ttl)).await.unwrap();
            assert!(near.get::<User>(round).await.unwrap().is_some() || began.elapsed() >= ttl);
            // It is over for us no later than for the server.
            soon(async || cache.command(ttl_of(&cache, round)).await.unwrap().as_int() == Some(-2)).await;
            assert_eq!(near.get::<User>(round).await.unwrap(), None);
        }
    }

    fn ttl_of(cache: &Cache, id: u64) -> Command {
        Command::new("PTTL").key(format!("{}:user:{id}", cache.keyspace().unwrap().global()))
    }

    pub(super) async fn nothing_is_kept_longer_than_its_time(cache: Cache) {
        let near = cache.near(NearCache::new().ttl(Duration::from_millis(50))).await.unwrap();
        let _ = user(1, "ann").save(&cache).await.unwrap();
        let first = near.get::<User>(1).await.unwrap().unwrap();
        soon(async || !Arc::ptr_eq(&first, &near.get::<User>(1).await.unwrap().unwrap())).await;
        let never = cache.near(NearCache::new().ttl(Duration::ZERO)).await.unwrap();
        for _ in 0..3 {
            assert!(never.get::<User>(1).await.unwrap().is_some());
        }
        assert_eq!((never.status().hits, never.status().misses), (0, 3));
    }

    pub(super) async fn no_more_is_kept_than_there_is_room(cache: Cache) {
        let near = cache.near(NearCache::new().capacity(100)).await.unwrap();
        for ids in (0..2000).collect::<Vec<u64>>().chunks(50) {
            let found = near.get_many::<User, _>(ids).await.unwrap();
            assert!(found.iter().all(Option::is_none));
        }
        let held = near.status().documents;
        assert!((50..=100).contains(&held), "{held}");
    }

    pub(super) async fn what_cannot_be_read_is_not_kept(cache: Cache) {
        let near = near(&cache).await;
        let key = format!("{}:user:1", cache.keyspace().unwrap().global());
        cache.command(Command::new("JSON.SET").key(&key).arg("$").arg(r#"{"id":"x"}"#)).await.unwrap();
        for _ in 0..2 {
            let error = near.get::<User>(1).await.unwrap_err();
            assert!(matches!(&error, Error::Document { .. }), "{error}");
            let error = near.get_many::<User, _>([2, 1]).await.unwrap_err();
            assert!(matches!(&error, Error::Document { .. }), "{error}");
        }
        cache.command(Command::new("DEL").key(&key)).await.unwrap();
        cache.command(Command::new("SET").key(&key).arg("x")).await.unwrap();
        assert!(near.get::<User>(1).await.is_err());
        let _ = user(2, "bob").save(&cache).await.unwrap();
        soon(async || near.get::<User>(2).await.unwrap().is_some()).await;
    }

    pub(super) async fn another_model_of_the_same_key_is_read(cache: Cache) {
        let near = near(&cache).await;
        let _ = user(1, "ann").save(&near).await.unwrap();
        for _ in 0..2 {
            assert_eq!(near.get::<User>(1).await.unwrap().unwrap().name, "ann");
            assert_eq!(near.get::<Name>(1).await.unwrap().unwrap().name, "ann");
            let many = near.get_many::<Name, _>([1, 2]).await.unwrap();
            assert_eq!((many[0].as_ref().unwrap().name.as_str(), &many[1]), ("ann", &None));
        }
    }

    pub(super) async fn who_gives_up_keeps_nobody_waiting(cache: Cache) {
        let near = near(&cache).await;
        let _ = user(1, "ann").save(&cache).await.unwrap();
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        let mut waited = 0;
        while waited < 20 {
            let _ = user(1, "ann").save(&near).await.unwrap();
            let mut given_up = Box::pin(near.get::<User>(1));
            // Where this thread is held up, the answer is there at once.
            if given_up.as_mut().poll(&mut context).is_ready() {
                continue;
            }
            waited += 1;
            let waits = near.get::<User>(1);
            let drops = async {
                tokio::task::yield_now().await;
                drop(given_up);
            };
            let (found, ()) = tokio::join!(waits, drops);
            assert!(found.unwrap().is_some());
        }
        // One that never goes on is waited for as long as an answer may take.
        let _ = user(1, "ann").save(&near).await.unwrap();
        let impatient = RedisSettings::new(cache_tests::shared_url().await);
        let impatient = Cache::connect(impatient.response_timeout(Duration::from_secs(1))).await.unwrap();
        let near =
            impatient.namespace(cache.keyspace().unwrap().global()).near(NearCache::new()).await.unwrap();
        let mut stuck = Box::pin(near.get::<User>(1));
        while stuck.as_mut().poll(&mut context).is_ready() {
            let _ = user(1, "ann").save(&near).await.unwrap();
            stuck = Box::pin(near.get::<User>(1));
        }
        assert!(near.get::<User>(1).await.unwrap().is_some());
        assert_eq!(near.status().bypassed, 1);
    }

    pub(super) async fn a_flush_empties_it(_: Cache) {
        let server = private_server().await;
        let cache = Cache::connect(server.url()).await.unwrap();
        let near = near(&cache).await;
        for flush in [Command::new("FLUSHALL"), Command::new("FLUSHDB").arg("ASYNC")] {
            for through in [&cache, near.cache()] {
                let _ = user(1, "ann").save(&near).await.unwrap();
                assert!(near.get::<User>(1).await.unwrap().is_some());
                through.command(flush.clone()).await.unwrap();
                if std::ptr::eq(through, near.cache()) {
                    assert_eq!(near.get::<User>(1).await.unwrap(), None);
                }
                soon(async || near.get::<User>(1).await.unwrap().is_none()).await;
            }
        }
    }

    pub(super) async fn of_many_one_asks(_: Cache) {
        let server = private_server().await;
        let cache = Cache::connect(server.url()).await.unwrap();
        let near = near(&cache).await;
        let _ = user(1, "ann").save(&cache).await.unwrap();
        let asked = async || {
            let info = cache.command(Command::new("INFO").arg("commandstats")).await.unwrap();
            let text = info.as_str().unwrap().to_lowercase();
            let calls =
                text.split("cmdstat_json.get:calls=").nth(1).map(|rest| rest.split(',').next().unwrap());
            calls.map_or(0, |calls| calls.parse::<u64>().unwrap())
        };
        let before = asked().await;
        let tasks: Vec<_> = (0..200)
            .map(|_| {
                let near = near.clone();
                tokio::spawn(async move { near.get::<User>(1).await.unwrap().unwrap() })
            })
            .collect();
        let mut first = None;
        for task in tasks {
            let found = task.await.unwrap();
            assert!(Arc::ptr_eq(first.get_or_insert_with(|| Arc::clone(&found)), &found));
        }
        assert_eq!(asked().await - before, 1);
    }

    pub(super) async fn handles_of_other_namespaces_are_apart(cache: Cache) {
        let mine = near(&cache).await;
        let theirs = cache.clone().project("near-elsewhere");
        let other = near(&theirs).await;
        let _ = user(1, "mine").save(&mine).await.unwrap();
        let _ = user(1, "theirs").save(&other).await.unwrap();
        assert_eq!(mine.get::<User>(1).await.unwrap().unwrap().name, "mine");
        assert_eq!(other.get::<User>(1).await.unwrap().unwrap().name, "theirs");
        User::delete_many(&other, [1]).await.unwrap();
        assert!(
            mine.get::<User>(1).await.unwrap().is_some() && other.get::<User>(1).await.unwrap().is_none()
        );
    }

    pub(super) async fn own_writes_are_read_where_the_namespace_has_braces(cache: Cache) {
        let braces = format!("{{{}}}", cache.keyspace().unwrap().global());
        let near = near(&cache.namespace(&braces)).await;
        for round in 0..200 {
            let name = format!("ann {round}");
            let _ = user(1, &name).save(&near).await.unwrap();
            assert_eq!(near.get::<User>(1).await.unwrap().unwrap().name, name);
        }
        user(1, "").delete(&near).await.unwrap();
        assert_eq!(near.get::<User>(1).await.unwrap(), None);
    }
}

#[test]
fn what_cannot_be_told_of_changes_is_refused() {
    run("refused", Protocol::Resp2, async |cache: Cache| {
        let error = cache.near(NearCache::new()).await.unwrap_err();
        assert!(matches!(&error, Error::Unsupported { what: "a near cache", .. }), "{error}");
        assert!(error.to_string().contains("RESP3"), "{error}");
        let (_, nobody) = Recorder::cache([]);
        assert!(matches!(nobody.near(NearCache::new()).await.unwrap_err(), Error::Unsupported { .. }));
        let mut cluster: Capabilities = nobody.capabilities().clone();
        cluster.cluster = true;
        let (_, cluster) = Recorder::cache_of(cluster, []);
        let error = cluster.near(NearCache::new()).await.unwrap_err();
        assert!(error.to_string().contains("single server"), "{error}");
        let error = cache.namespace("~").near(NearCache::new()).await.unwrap_err();
        assert!(matches!(&error, Error::Name(_)), "{error}");
    });
}

#[test]
fn a_user_who_may_not_track_is_told() {
    of_near("acl", async |_: Cache| {
        let server = private_server().await;
        let admin = Cache::connect(server.url()).await.unwrap();
        let rules = ["SETUSER", "ann", "on", ">p", "~*", "&*", "+@all", "-client|tracking"];
        admin.command(Command::new("ACL").args_from(rules)).await.unwrap();
        let settings = RedisSettings::new(server.url()).username("ann").password("p");
        let cache = Cache::connect(settings).await.unwrap();
        let error = cache.near(NearCache::new()).await.unwrap_err();
        assert!(error.is_access_denied() && chain(&error).contains("client|tracking"), "{}", chain(&error));
    });
}

#[test]
fn a_service_boots_without_its_server_and_has_it_when_that_comes() {
    of_near("boot", async |_: Cache| {
        let server = private_server().await;
        let cache = Cache::connect_lazy(server.url()).unwrap();
        server.kill().await.unwrap();
        let near = cache.near(NearCache::new()).await.unwrap();
        let status = near.status();
        assert!(!status.tracked && status.class.is_some(), "{status:?}");
        assert!(near.get::<User>(1).await.unwrap_err().is_unavailable());
        server.restart().await.unwrap();
        soon(async || near.status().tracked).await;
        let _ = user(1, "ann").save(&near).await.unwrap();
        let first = near.get::<User>(1).await.unwrap().unwrap();
        assert!(Arc::ptr_eq(&first, &near.get::<User>(1).await.unwrap().unwrap()));
        assert_eq!(near.status().class, None);
    });
}
