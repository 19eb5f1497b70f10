//! Migrations that are put off because the server takes no writes, or refuses them: what is done when it does, and what a
//! probe is told meanwhile. Servers that are away are in `live_readiness`.

use std::time::{Duration, Instant};

use cache_core::{
    Batch, Cache, CacheModel, Command, Degrade, ErrorClass, IndexState, MigrateError, Migrator, Notice,
    Protocol, Ready, Shortfall, Strategy,
};
use cache_tests::releases::{alias, first, index, indexes, save, second, target, write};
use cache_tests::{chain, connect, degrade, private_server, speaking};

type Old = first::User;
type New = second::User;

fn old() -> Migrator {
    Migrator::new().register::<Old>()
}

fn new() -> Migrator {
    Migrator::new().register::<New>()
}

fn state(cache: &Cache) -> IndexState {
    cache.readiness().indexes()[0].state
}

async fn say(cache: &Cache, words: &[&str]) {
    let command = Command::new(words[0]).args_from(&words[1..]);
    cache.command(command).await.unwrap();
}

async fn until(what: &str, condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(began.elapsed() < Duration::from_secs(40), "waited too long for: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// What keeps a server from taking writes, and what ends it.
const WAYS: [[&[&str]; 2]; 3] = [
    [&["REPLICAOF", "127.0.0.1", "1"], &["REPLICAOF", "NO", "ONE"]],
    [&["CONFIG", "SET", "maxmemory", "1"], &["CONFIG", "SET", "maxmemory", "0"]],
    [&["CONFIG", "SET", "min-replicas-to-write", "1"], &["CONFIG", "SET", "min-replicas-to-write", "0"]],
];

async fn a_migration_waits_for_a_server_to_take_writes(protocol: Protocol) {
    for [refuse, take] in WAYS {
        let server = private_server().await;
        let cache = connect(&server.url(), protocol).await;
        save(&cache, 20).await;
        say(&cache, refuse).await;
        let error = old().run(&cache).await.unwrap_err();
        assert!(matches!(error, MigrateError::ReadOnly(_)), "{refuse:?}: {}", chain(&error));
        assert!(old().defer().run(&cache).await.unwrap().is_deferred(), "{refuse:?}");
        let readiness = cache.readiness();
        assert!(
            matches!(state(&cache), IndexState::Deferred { class: ErrorClass::WriteRefused, .. }),
            "{readiness}"
        );
        let error = readiness.indexes()[0].migrate_error();
        assert!(matches!(error, Some(MigrateError::ReadOnly(_))), "{error:?}");
        say(&cache, take).await;
        until("the migration", || cache.readiness().overall() == Ready::Yes).await;
        assert!(cache.readiness().indexes()[0].migrate_error().is_none());
        assert_eq!(Old::find().count(&cache).await.unwrap(), 20);
    }
}

/// A second index beside the first is what the migrator itself sees that there is no room for.
async fn a_migration_waits_for_room_for_a_second_index(protocol: Protocol) {
    let server = private_server().await;
    let cache = connect(&server.url(), protocol).await;
    save(&cache, 500).await;
    old().run(&cache).await.unwrap();
    say(&cache, &["CONFIG", "SET", "maxmemory", "1"]).await;
    let error = new().run(&cache).await.unwrap_err();
    assert!(matches!(error, MigrateError::Memory { .. }), "{}", chain(&error));
    assert!(new().defer().run(&cache).await.unwrap().is_deferred());
    let readiness = cache.readiness();
    let deferred = readiness.indexes().iter().find(|one| one.migrate_error().is_some()).unwrap();
    assert!(
        matches!(deferred.state, IndexState::Deferred { class: ErrorClass::WriteRefused, .. }),
        "{readiness}"
    );
    assert!(matches!(deferred.migrate_error(), Some(MigrateError::Memory { .. })), "{readiness}");
    say(&cache, &["CONFIG", "SET", "maxmemory", "0"]).await;
    until("the migration", || cache.readiness().overall() == Ready::Yes).await;
    assert_eq!(New::find().count(&cache).await.unwrap(), 500);
}

async fn a_migration_waits_for_a_server_that_is_busy(protocol: Protocol) {
    let server = private_server().await;
    let admin = connect(&server.url(), protocol).await;
    let cache = connect(&server.url(), protocol).await.namespace(&format!("{protocol:?}"));
    say(&admin, &["CONFIG", "SET", "busy-reply-threshold", "10"]).await;
    let busy = connect(&server.url(), protocol).await;
    let busy = tokio::spawn(async move {
        busy.command(Command::new("EVAL").args_from(["while true do end", "0"])).await
    });
    let began = Instant::now();
    let error = loop {
        assert!(began.elapsed() < Duration::from_secs(20), "the server is not busy");
        if let Err(error) = admin.ping().await {
            break error;
        }
    };
    assert!(error.is_unavailable() && !error.is_write_refused(), "{}", chain(&error));
    assert!(old().defer().run(&cache).await.unwrap().is_deferred());
    assert!(
        matches!(state(&cache), IndexState::Deferred { class: ErrorClass::Timeout, .. }),
        "{}",
        cache.readiness()
    );
    say(&admin, &["SCRIPT", "KILL"]).await;
    until("the migration", || cache.readiness().overall() == Ready::Yes).await;
    assert!(busy.await.unwrap().is_err());
}

async fn whoever_has_nothing_to_do_needs_no_writes(protocol: Protocol) {
    for [refuse, take] in WAYS {
        let server = private_server().await;
        let first = connect(&server.url(), protocol).await;
        save(&first, 20).await;
        old().run(&first).await.unwrap();
        // An index of an older release, which nobody uses and which would be dropped.
        say(
            &first,
            &[
                "FT.CREATE",
                "cache:user:idx:0123456789ab",
                "ON",
                "JSON",
                "PREFIX",
                "1",
                "cache:user:",
                "SCHEMA",
                "$.name",
                "AS",
                "name",
                "TAG",
            ],
        )
        .await;
        say(&first, &["ZADD", "cache:~user:leases", "1", "0123456789ab"]).await;
        drop(first);
        let cache = connect(&server.url(), protocol).await;
        assert_eq!(old().plan(&cache).await.unwrap()[0].steps.len(), 1);
        say(&cache, refuse).await;
        let migration =
            old().run(&cache).await.unwrap_or_else(|error| panic!("{refuse:?}: {}", chain(&error)));
        // Dropping one needs no memory.
        let dropped = usize::from(refuse.contains(&"maxmemory"));
        assert_eq!((migration.indexes()[0].documents, migration.indexes()[0].dropped.len()), (20, dropped));
        assert_eq!((cache.readiness().overall(), Old::find().count(&cache).await.unwrap()), (Ready::Yes, 20));
        // Who has something to do still needs them.
        let error = new().skip_memory_check().run(&cache).await.unwrap_err();
        assert!(matches!(error, MigrateError::ReadOnly(_)), "{refuse:?}: {}", chain(&error));
        // That it is in use is said as soon as it can be.
        say(&cache, take).await;
        let (began, fingerprint) = (Instant::now(), old().plan(&cache).await.unwrap()[0].fingerprint);
        say(&cache, &["ZREM", "cache:~user:leases", &fingerprint.to_string()]).await;
        let score = Command::new("ZSCORE").key("cache:~user:leases").arg_display(fingerprint);
        while cache.command(score.clone()).await.unwrap().as_double().is_none() {
            assert!(began.elapsed() < Duration::from_secs(10), "nobody says that it is in use");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

async fn what_is_refused_in_the_background_is_said_whole(protocol: Protocol) {
    let server = private_server().await;
    let other = connect(&server.url(), protocol).await;
    let [_, _, [refuse, take]] = WAYS;
    let put_off = async |cache: &Cache| {
        say(&other, refuse).await;
        assert!(new().defer().run(cache).await.unwrap().is_deferred());
    };
    let refused = |cache: &Cache| {
        assert!(!cache.readiness().is_ready());
        matches!(state(cache), IndexState::Deferred { class: ErrorClass::ToBeMended, .. })
    };
    save(&other, 20).await;
    let key = write(&other, 7, r#"{"id":7,"name":"Ann","age":"old"}"#).await;
    old().run(&other).await.unwrap();

    let cache = connect(&server.url(), protocol).await;
    put_off(&cache).await;
    say(&other, take).await;
    until("the refusal", || refused(&cache)).await;
    match cache.readiness().indexes()[0].migrate_error() {
        Some(MigrateError::Verify { missing: 1, keys, .. }) => assert_eq!(*keys, [key]),
        other => panic!("{other:?}"),
    }
    // It is tried again, and done when the document was mended.
    write(&other, 7, r#"{"id":7,"name":"Ann","age":7}"#).await;
    until("the migration", || cache.readiness().overall() == Ready::Yes).await;
    assert_eq!(New::find().count(&cache).await.unwrap(), 20);

    // Somebody makes another index under the name meanwhile.
    let cache = connect(&server.url(), protocol).await.namespace("second");
    put_off(&cache).await;
    let name = index::<New>(&cache);
    // One right behind the other, before the migration can be done; a transaction would be refused as a whole.
    let create = ["ON", "JSON", "PREFIX", "1", "x:", "SCHEMA", "$.a", "AS", "a", "TAG"];
    let create = Command::new("FT.CREATE").arg(&name).args_from(create);
    let [_, arguments @ ..] = take else { panic!("{take:?}") };
    let batch = Batch::pipeline(vec![Command::new("CONFIG").args_from(arguments), create]);
    for answer in other.connection().send_all(batch).await.unwrap() {
        answer.unwrap();
    }
    until("the refusal", || refused(&cache)).await;
    match cache.readiness().indexes()[0].migrate_error() {
        Some(MigrateError::Drift { index, differences, .. }) => {
            assert_eq!((index, differences.iter().any(|one| one.to_string().contains("x:"))), (&name, true));
        }
        other => panic!("{other:?}"),
    }
}

async fn every_process_can_know_which_documents_are_missing(protocol: Protocol) {
    let server = private_server().await;
    let cache = connect(&server.url(), protocol).await.namespace(&format!("{protocol:?}"));
    save(&cache, 20).await;
    old().run(&cache).await.unwrap();
    write(&cache, 99, r#"{"id":99,"name":17,"age":1}"#).await;

    // Another process of the release, which runs no migrator.
    let other = connect(&server.url(), protocol).await.namespace(&format!("{protocol:?}"));
    assert_eq!(other.readiness().indexes(), []);
    let readiness = old().readiness(&other).await.unwrap();
    assert_eq!(readiness, other.readiness());
    assert_eq!((state(&other), readiness.overall()), (IndexState::FailedDocuments(1), Ready::Degraded));
    let found = Old::find().allow_partial().all(&other).await.unwrap();
    assert_eq!(found.completeness().shortfalls(), [Shortfall::FailedDocuments(1)]);
    assert!(Old::find().count(&other).await.is_err());

    // What was mended is no longer missing, though the server's counter stays.
    write(&cache, 99, r#"{"id":99,"name":"x","age":1}"#).await;
    assert_eq!(old().readiness(&other).await.unwrap().overall(), Ready::Yes);
    assert_eq!(Old::find().count(&other).await.unwrap(), 21);

    // Of what is missing, or another one, it makes nothing.
    let name = index::<Old>(&other);
    drop_if_there(&other, &name).await;
    assert_eq!(old().readiness(&other).await.unwrap().indexes()[0].state, IndexState::Missing);
    assert!(Old::find().count(&other).await.unwrap_err().is_unknown_index());
    say(&other, &["FT.CREATE", &name, "ON", "JSON", "PREFIX", "1", "x:", "SCHEMA", "$.a", "AS", "a", "TAG"])
        .await;
    assert_eq!(old().readiness(&other).await.unwrap().indexes()[0].state, IndexState::Drifted);
}

async fn drop_if_there(cache: &Cache, index: &str) {
    let _ = cache.command(Command::new("FT.DROPINDEX").arg(index)).await;
}

mod others {
    use cache_core::CacheModel;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Serialize, Deserialize, CacheModel)]
    pub(super) struct Order {
        #[primary_key]
        pub(super) id: u32,
        #[index]
        pub(super) shop: String,
    }
}

async fn what_keeps_one_model_from_being_migrated_keeps_no_other(protocol: Protocol) {
    let server = private_server().await;
    let other = connect(&server.url(), protocol).await;
    save(&other, 20).await;
    write(&other, 7, r#"{"id":7,"name":"Ann","age":"old"}"#).await;
    old().run(&other).await.unwrap();
    assert!(others::Order { id: 1, shop: "s".to_owned() }.save(&other).await.unwrap().stored());
    server.pause().await.unwrap();
    let cache = degrade(Degrade::new(), speaking(server.url(), protocol)).await.unwrap();
    let both = new().register::<others::Order>();
    assert!(both.run(&cache).await.unwrap().is_deferred());
    server.resume().await.unwrap();
    until("the other model", || cache.readiness().indexes()[1].state == IndexState::Ready).await;
    assert_eq!(others::Order::find().count(&cache).await.unwrap(), 1);
    until("the refusal", || {
        cache.readiness().indexes()[0]
            .migrate_error()
            .is_some_and(|error| matches!(error, MigrateError::Verify { missing: 1, .. }))
    })
    .await;
    assert_eq!(cache.readiness().indexes()[1].state, IndexState::Ready, "{}", cache.readiness());
}

/// What was wanted last is done, and not what was wanted first.
async fn the_last_run_that_is_put_off_says_how(protocol: Protocol) {
    let server = private_server().await;
    let other = connect(&server.url(), protocol).await;
    save(&other, 20).await;
    old().run(&other).await.unwrap();
    let [_, _, [refuse, take]] = WAYS;
    say(&other, refuse).await;
    let cache = connect(&server.url(), protocol).await;
    assert!(new().defer().run(&cache).await.unwrap().is_deferred());
    let in_place = new().strategy(Strategy::InPlaceAdditive).defer();
    assert!(in_place.run(&cache).await.unwrap().is_deferred());
    say(&other, take).await;
    until("the migration", || cache.readiness().overall() == Ready::Yes).await;
    assert_eq!(New::find().count(&cache).await.unwrap(), 20);
    // The field was added to the index that was there.
    assert_eq!(indexes(&other).await, [index::<Old>(&other)]);
}

/// A replica of the service boots while the server takes no writes, and its index is filled: no query needs the alias.
async fn the_alias_waits_for_writes(protocol: Protocol) {
    for [refuse, take] in [WAYS[0], WAYS[2]] {
        let server = private_server().await;
        let other = connect(&server.url(), protocol).await;
        save(&other, 20).await;
        old().run(&other).await.unwrap();
        new().run(&other).await.unwrap();
        say(&other, &["FT.ALIASUPDATE", &alias(&other), &index::<Old>(&other)]).await;
        say(&other, refuse).await;
        let cache = connect(&server.url(), protocol).await;
        let migration =
            new().run(&cache).await.unwrap_or_else(|error| panic!("{refuse:?}: {}", chain(&error)));
        let waits = Notice::AliasWaits { active: Some(index::<Old>(&other)) };
        assert!(migration.notices().any(|(_, notice)| *notice == waits), "{migration:?}");
        assert_eq!((migration.indexes()[0].active, cache.readiness().overall()), (false, Ready::Yes));
        assert_eq!(New::find().count(&cache).await.unwrap(), 20);
        say(&other, take).await;
        let migration = new().run(&cache).await.unwrap();
        assert!(migration.indexes()[0].active, "{migration:?}");
        assert_eq!(target(&other, &alias(&other)).await, Some(index::<New>(&other)));
    }
}

cache_tests::both! {
    a_migration_waits_for_a_server_to_take_writes,
    a_migration_waits_for_room_for_a_second_index,
    a_migration_waits_for_a_server_that_is_busy,
    whoever_has_nothing_to_do_needs_no_writes,
    what_is_refused_in_the_background_is_said_whole,
    every_process_can_know_which_documents_are_missing,
    what_keeps_one_model_from_being_migrated_keeps_no_other,
    the_last_run_that_is_put_off_says_how,
    the_alias_waits_for_writes,
}
