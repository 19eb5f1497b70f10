//! Servers for which gates are all there is: older ones, and Valkey. Documents and indexes are refused by name and version.

use std::time::{Duration, Instant};

use cache_core::acl::{Acl, Feature};
use cache_core::{
    Cache, CacheModel, Command, Gate, GateError, Layout, MigrateError, Migrator, Outcome, Protocol,
    RedisSettings,
};
use cache_tests::clients::is_fred;
use cache_tests::others::{Other, REDIS_6, VALKEY_8, VALKEY_9};
use cache_tests::plain::Plain;
use cache_tests::releases::first::User;
use cache_tests::{chain, connect_with};
use futures_util::future::join_all;

/// How long what comes may take on a busy machine.
const LATE: Duration = Duration::from_secs(20);

/// Longer than an answer takes, shorter than what is waited for beyond it.
const TTL: Duration = Duration::from_secs(2);

fn settings(server: &Plain, protocol: Protocol) -> RedisSettings {
    let settings = RedisSettings::new(server.url()).protocol(protocol);
    settings.response_timeout(LATE).connect_timeout(LATE)
}

async fn reached(server: &Plain, protocol: Protocol) -> Cache {
    let began = Instant::now();
    loop {
        match connect_with(settings(server, protocol)).await {
            Ok(cache) => return cache.project(&format!("{protocol:?}")),
            Err(error) => assert!(began.elapsed() < LATE, "the server does not start: {}", chain(&error)),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

fn gate(name: &str) -> Gate {
    Gate::new(name).ttl(LATE)
}

async fn one_of_several_runs(caches: &[Cache; 2]) {
    let gate = gate("seed").grace(LATE);
    let all = caches.iter().cycle().take(8).map(|cache| gate.run(cache, async |_| Ok::<_, GateError>(())));
    let outcomes: Vec<_> = join_all(all).await.into_iter().map(Result::unwrap).collect();
    let of = |is: fn(&Outcome<()>) -> bool| outcomes.iter().filter(|outcome| is(outcome)).count();
    assert_eq!((of(|it| matches!(it, Outcome::Ran(()))), of(Outcome::is_busy)), (1, 7), "{outcomes:?}");
}

async fn what_is_given_back_is_had_by_who_waits(caches: &[Cache; 2]) {
    let [one, other] = caches;
    for layout in [Layout::Leader, Layout::Lock] {
        let gate = gate("queue").layout(layout);
        let first = gate.try_lock(one).await.unwrap().expect("it is free");
        let mut waiting = std::pin::pin!(gate.lock(other).wait(LATE));
        let early = tokio::time::timeout(Duration::from_millis(300), waiting.as_mut()).await;
        assert!(early.is_err(), "it is held");
        let fence = first.fence();
        first.release().await;
        let second = waiting.await.unwrap().expect("it was given back");
        assert!(second.fence() > fence, "{} {fence}", second.fence());
        second.release().await;
        assert!(gate.inspect(one).await.unwrap().is_none());
    }
}

async fn what_is_renewed_outlives_its_ttl(caches: &[Cache; 2]) {
    let [one, other] = caches;
    let gate = Gate::new("long").ttl(TTL);
    let lease = gate.try_lock(one).await.unwrap().expect("it is free");
    let began = Instant::now();
    while began.elapsed() < 2 * TTL {
        assert!(gate.try_lock(other).await.unwrap().is_none(), "after {:?}", began.elapsed());
        tokio::time::sleep(TTL / 20).await;
    }
    lease.check().unwrap();
    lease.release().await;
    // One that is not renewed ends.
    let short = Gate::new("short").ttl(TTL / 4).renew(false);
    let lease = short.try_lock(one).await.unwrap().expect("it is free");
    let next = short.lock(other).wait(LATE).await.unwrap().expect("the other one ended");
    assert!(lease.check().is_err() && next.fence() > lease.fence());
    next.release().await;
}

async fn a_generation_is_done_once(caches: &[Cache; 2]) {
    let once = gate("deploy").once("1");
    let mut ran = 0;
    for cache in caches {
        let done = once.run_or_wait(cache, LATE, async |_| {
            ran += 1;
            Ok::<_, GateError>(())
        });
        assert!(done.await.unwrap().is_done());
    }
    assert_eq!(ran, 1);
}

/// The line that is printed for gates is taken, and who has these rights has gates, of which nothing is refused.
async fn the_least_rights_are_enough(server: &Plain, admin: &Cache, protocol: Protocol, refuses: &[&str]) {
    let say = |line: &str| {
        let mut words = line.split(' ');
        admin.command(Command::new(words.next().unwrap()).args_from(words))
    };
    let features = [Feature::Gate, Feature::Durability, Feature::Fences];
    let line = Acl::of(admin).unwrap().features(features).set_user("app").unwrap();
    say(&line).await.unwrap_or_else(|error| panic!("{line}: {}", chain(&error)));
    say("ACL SETUSER app >p").await.unwrap();
    // Who asked no server leaves out what it says that it does not know.
    let mut acl = Acl::project(admin.project_name().unwrap().unwrap()).unwrap().features(features);
    for word in refuses {
        let refused = chain(&say(&acl.set_user("app").unwrap()).await.unwrap_err());
        assert!(refused.contains(&format!("modifier '{word}'")), "{refused}");
        acl = acl.without([*word]);
    }
    assert_eq!(acl.set_user("app").unwrap(), line);
    let user = async || {
        let settings = settings(server, protocol).username("app").password("p");
        connect_with(settings).await.unwrap().project(&format!("{protocol:?}"))
    };
    let users = [user().await, user().await];
    what_is_given_back_is_had_by_who_waits(&users).await;
    let log = say("ACL LOG").await.unwrap();
    // fred asks on its own account.
    assert!(is_fred() || log.clone().into_items().unwrap().is_empty(), "{log:?}");
}

async fn documents_and_indexes_are_refused(cache: &Cache, is: &str) {
    let said = |what: &str, error: &dyn std::error::Error, module: &str, why: &str| {
        let text = chain(error);
        let whole = text.contains(module) && text.contains(&format!("this is {is}{why}"));
        assert!(whole && text.contains(": run Redis 8 or newer"), "{what}: {text}");
    };
    let user = User { id: 1, name: "Ann".to_owned(), age: 30 };
    said("get", &User::get(cache, 1).await.unwrap_err(), "RedisJSON 2.6", "");
    said("save", &user.save(cache).await.unwrap_err(), "RedisJSON 2.6", "");
    let why =
        if is.starts_with("Valkey") { ", whose search module is another one" } else { " without the module" };
    said("count", &User::find().count(cache).await.unwrap_err(), "RediSearch 2.10", why);
    match Migrator::new().register::<User>().run(cache).await.unwrap_err() {
        MigrateError::Unsupported(error) => said("run", &error, "RediSearch 2.10", why),
        other => panic!("{}", chain(&other)),
    }
}

/// Commands of one's own that the server does not know.
async fn ends_of_fields_are_refused(cache: &Cache, is: &str) {
    let expire = Command::new("HEXPIRE").key("of-fields").args_from(["60", "FIELDS", "1", "name"]);
    let answer = cache.command(expire).await;
    if is.starts_with("Valkey 9") {
        assert!(answer.is_ok(), "{answer:?}");
        return;
    }
    let text = chain(&answer.unwrap_err());
    assert!(
        text.contains(&format!("Redis 7.4 or Valkey 9.0; this is {is}: let the whole key expire")),
        "{text}"
    );
}

async fn gates_work(other: &Other, is: &str, refuses: &[&str]) {
    let server = Plain::of(&other.program());
    for protocol in [Protocol::Resp3, Protocol::Resp2] {
        let caches = [reached(&server, protocol).await, reached(&server, protocol).await];
        let told = caches[0].capabilities();
        assert_eq!((told.protocol, &*told.product, &*told.server), (protocol, other.product, other.version));
        the_least_rights_are_enough(&server, &caches[0], protocol, refuses).await;
        tokio::join!(
            one_of_several_runs(&caches),
            what_is_given_back_is_had_by_who_waits(&caches),
            what_is_renewed_outlives_its_ttl(&caches),
            a_generation_is_done_once(&caches),
            documents_and_indexes_are_refused(&caches[0], is),
            ends_of_fields_are_refused(&caches[0], is),
        );
        assert_eq!(caches.each_ref().map(|cache| cache.gate_counts().renewals_failed), [0, 0]);
    }
}

#[tokio::test]
async fn redis_6_2_14() {
    gates_work(&REDIS_6, "Redis 6.2.14", &["clearselectors"]).await;
}

#[tokio::test]
async fn valkey_8_1_8() {
    gates_work(&VALKEY_8, "Valkey 8.1.8", &[]).await;
}

#[tokio::test]
async fn valkey_9_1_2() {
    gates_work(&VALKEY_9, "Valkey 9.1.2", &[]).await;
}
