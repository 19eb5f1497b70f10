//! What an index lacks: found by one replica for all, kept for later runs, and found out about an index that somebody made
//! by hand.

use std::time::Duration;

use cache_core::embedded::Server;
use cache_core::{
    Cache, CacheModel, Command, IndexInfo, IndexSchema, MigrateError, Migration, Migrator, Protocol, Step,
    Strategy,
};
use cache_tests::releases::{alias, first, global, index, save, second, target, write};
use cache_tests::{connect, live, private_server};

type Old = first::User;
type New = second::User;

/// As many replicas boot at once.
const REPLICAS: usize = 50;

fn old() -> Migrator {
    Migrator::new().register::<Old>()
}

fn new() -> Migrator {
    Migrator::new().register::<New>()
}

async fn send<const N: usize>(cache: &Cache, words: [&str; N]) {
    let [name, words @ ..] = &words[..] else { return };
    let _ = cache.command(Command::new(name).args_from(words)).await.unwrap();
}

/// Makes an index of a release by hand, without the documents that are there.
async fn unfilled<M: IndexSchema>(cache: &Cache, name: &str) {
    let create = M::schema().create_index(cache.keyspace().unwrap()).unwrap();
    let mut unfilled = Command::new("FT.CREATE").arg(name);
    for argument in create.args().skip(2) {
        unfilled = unfilled.args_from((argument == b"SCHEMA").then_some("SKIPINITIALSCAN")).arg(argument);
    }
    let _ = cache.command(unfilled).await.unwrap();
}

/// That of the newer release, with the alias.
async fn by_hand(cache: &Cache) {
    unfilled::<New>(cache, &index::<New>(cache)).await;
    send(cache, ["FT.ALIASUPDATE", &alias(cache), &index::<New>(cache)]).await;
}

/// How often the server did this since it was started.
async fn calls(cache: &Cache, command: &str) -> u64 {
    let stats = cache.command(Command::new("INFO").arg("commandstats")).await.unwrap();
    let start = format!("cmdstat_{command}:calls=");
    let line = stats.as_str().unwrap().lines().find_map(|line| line.strip_prefix(&start).map(str::to_owned));
    line.and_then(|line| line.split_once(',')?.0.parse().ok()).unwrap_or_default()
}

fn missing(migration: &Migration) -> u64 {
    migration.indexes()[0].missing
}

async fn what_the_alias_points_at_already_is_compared_too(cache: Cache) {
    save(&cache, 30).await;
    by_hand(&cache).await;
    assert_eq!(new().plan(&cache).await.unwrap()[0].steps, [Step::VerifyAll]);
    for _ in 0..2 {
        match new().run(&cache).await.unwrap_err() {
            MigrateError::Unfilled { index: made, missing: 30, keys, .. } => {
                assert_eq!((made, keys.len()), (index::<New>(&cache), 10));
            }
            other => panic!("{other}"),
        }
        assert!(New::find().count(&cache).await.is_err(), "answers say what they lack");
    }
    // Whoever writes the documents again mends it.
    save(&cache, 30).await;
    assert_eq!(missing(&new().run(&cache).await.unwrap()), 0);
    assert_eq!(New::find().count(&cache).await.unwrap(), 30);
    assert_eq!(new().plan(&cache).await.unwrap()[0].steps, []);
}

async fn one_that_is_made_later_under_the_same_name_is_another(cache: Cache) {
    save(&cache, 20).await;
    new().run(&cache).await.unwrap();
    assert!(new().plan(&cache).await.unwrap()[0].is_empty());
    send(&cache, ["FT.DROPINDEX", &index::<New>(&cache)]).await;
    by_hand(&cache).await;
    let error = new().run(&cache).await.unwrap_err();
    assert!(matches!(error, MigrateError::Unfilled { missing: 20, .. }), "{error}");
}

async fn two_that_are_short_alike_are_told(cache: Cache) {
    save(&cache, 20).await;
    unfilled::<Old>(&cache, &index::<Old>(&cache)).await;
    send(&cache, ["FT.ALIASUPDATE", &alias(&cache), &index::<Old>(&cache)]).await;
    // An earlier version of the crate could have made it.
    let earlier = format!("{}:{}", alias(&cache), New::schema().earlier_fingerprints()[0]);
    unfilled::<New>(&cache, &earlier).await;
    match new().run(&cache).await.unwrap_err() {
        MigrateError::Unfilled { index: made, missing: 20, .. } => assert_eq!(made, earlier),
        other => panic!("{other}"),
    }
    assert_eq!(target(&cache, &alias(&cache)).await, Some(index::<Old>(&cache)), "the alias stays");
    send(&cache, ["FT.DROPINDEX", &earlier]).await;
    let told = new().run(&cache).await.unwrap().indexes()[0].clone();
    assert_eq!((told.documents, told.missing, told.active), (20, 0, true));
}

async fn more_than_are_kept_one_by_one(cache: Cache) {
    save(&cache, 700).await;
    by_hand(&cache).await;
    for _ in 0..2 {
        let error = new().run(&cache).await.unwrap_err();
        assert!(matches!(error, MigrateError::Unfilled { missing: 700, .. }), "{error}");
    }
    save(&cache, 650).await;
    let error = new().run(&cache).await.unwrap_err();
    assert!(matches!(error, MigrateError::Unfilled { missing: 50, .. }), "{error}");
}

/// Documents that a release loses which adds a field in place, where somebody deletes what tells of that.
async fn deleted_while_being_extended(cache: Cache, deleted: &[&str]) {
    let in_place = || new().strategy(Strategy::InPlaceAdditive);
    save(&cache, 20).await;
    // This one is missing all the time.
    write(&cache, 500, r#"{"id":500,"name":17,"age":5}"#).await;
    assert_eq!(missing(&old().run(&cache).await.unwrap()), 1);
    let lost = write(&cache, 1_000, r#"{"id":1000,"name":"n1","age":"old"}"#).await;
    let is_it = |error: MigrateError, known: bool| match error {
        MigrateError::Verify { missing, keys, .. } => {
            assert_eq!((missing, keys.contains(&lost)), (if known { 1 } else { 2 }, true), "{keys:?}");
        }
        other => panic!("{other}"),
    };
    is_it(in_place().run(&cache).await.unwrap_err(), true);
    for key in deleted {
        send(&cache, ["DEL", &format!("{}:~user:{key}", global(&cache))]).await;
    }
    // Without a word of what was there before, all that is missing may be lost.
    let known = deleted.len() < 2;
    is_it(in_place().run(&cache).await.unwrap_err(), known);
    is_it(new().run(&cache).await.unwrap_err(), known);
    // The old release boots, and finds more missing than before.
    assert_eq!(missing(&old().run(&cache).await.unwrap()), 2);
    if known {
        is_it(in_place().run(&cache).await.unwrap_err(), known);
        is_it(new().run(&cache).await.unwrap_err(), known);
    }
    assert_eq!(target(&cache, &alias(&cache)).await, Some(index::<Old>(&cache)));
    let allowed = new().allow_failures(if known { 1 } else { 2 });
    assert!(allowed.run(&cache).await.unwrap().indexes()[0].active);
}

async fn what_was_begun_in_place_may_be_forgotten(cache: Cache) {
    deleted_while_being_extended(cache, &["extending"]).await;
}

async fn what_was_compared_may_be_forgotten_too(cache: Cache) {
    deleted_while_being_extended(cache, &["extending", "compared"]).await;
}

live! {
    what_the_alias_points_at_already_is_compared_too,
    one_that_is_made_later_under_the_same_name_is_another,
    two_that_are_short_alike_are_told,
    more_than_are_kept_one_by_one,
    what_was_begun_in_place_may_be_forgotten,
    what_was_compared_may_be_forgotten_too,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn later_boots_look_for_nothing() {
    let server = private_server().await;
    let cache = connect(&server.url(), Protocol::Resp3).await;
    save(&cache, 500).await;
    write(&cache, 1_000, r#"{"id":1000,"name":"n1","age":"old"}"#).await;
    assert_eq!(missing(&new().run(&cache).await.unwrap()), 1);
    let scans = calls(&cache, "scan").await;
    assert!(scans > 0);
    for _ in 0..3 {
        let replica = connect(&server.url(), Protocol::Resp3).await;
        assert_eq!(missing(&new().run(&replica).await.unwrap()), 1);
        assert!(New::find().count(&replica).await.is_err(), "answers say that one is missing");
    }
    write(&cache, 1_000, r#"{"id":1000,"name":"n1","age":7}"#).await;
    assert_eq!(missing(&new().run(&cache).await.unwrap()), 0, "it is looked for alone");
    assert_eq!(calls(&cache, "scan").await, scans);
    // One more that fails is a reason to look.
    write(&cache, 1_001, r#"{"id":1001,"name":"n1","age":"old"}"#).await;
    assert_eq!(missing(&new().run(&cache).await.unwrap()), 1);
    assert!(calls(&cache, "scan").await > scans);
}

/// How often a document failed to be indexed, as the server counted when the index was filled.
async fn failures(cache: &Cache, name: &str) -> u64 {
    loop {
        let info = cache.command(Command::new("FT.INFO").arg(name)).await.unwrap();
        let info = IndexInfo::decode(info).unwrap();
        if info.is_filled() {
            return info.failures;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The server's counter begins anew with it, and may come to the same number by other documents. Another process must not
/// take what is kept of the ones before for what is missing now.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_found_in_another_run_of_the_server_is_not_believed() {
    let server = Server::options().append_only(true).arg("--appendfsync").arg("always");
    let server = server.start().await.unwrap();
    let cache = connect(&server.url(), Protocol::Resp3).await;
    let bad = async |cache: &Cache, id: u32| {
        write(cache, id, &format!(r#"{{"id":{id},"name":"n1","age":"old"}}"#)).await
    };
    save(&cache, 50).await;
    bad(&cache, 1_001).await;
    assert_eq!(missing(&new().run(&cache).await.unwrap()), 1);
    for _ in 0..8 {
        bad(&cache, 1_001).await;
    }
    assert_eq!(missing(&new().run(&cache).await.unwrap()), 1);
    let name = index::<New>(&cache);
    let before = failures(&cache, &name).await;
    // It is mended, and no run hears of that.
    write(&cache, 1_001, r#"{"id":1001,"name":"n1","age":7}"#).await;
    // What is loaded is what there is now, not each write.
    send(&cache, ["BGREWRITEAOF"]).await;
    loop {
        let info = cache.command(Command::new("INFO").arg("persistence")).await.unwrap();
        if info.as_str().unwrap().contains("aof_rewrite_in_progress:0") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    server.restart().await.unwrap();
    let cache = connect(&server.url(), Protocol::Resp3).await;
    assert!(failures(&cache, &name).await < before);
    // The index is the one that was marked, as far as its mark tells.
    let fingerprint = New::schema().fingerprint();
    let kept = Command::new("HGET").key(format!("{}:~user:compared", global(&cache)));
    let mark = cache.command(kept.arg(format!("{fingerprint}:mark"))).await.unwrap();
    let marked = format!("{}:{fingerprint}:{}", alias(&cache), mark.as_str().unwrap());
    assert_eq!(target(&cache, &marked).await, Some(name.clone()));
    let mut other = String::new();
    while failures(&cache, &name).await < before {
        other = bad(&cache, 2_000).await;
    }
    assert_eq!(failures(&cache, &name).await, before);
    // In a process that runs no migrator, and in one that does.
    let fresh = connect(&server.url(), Protocol::Resp3).await;
    let counted = New::find().count(&fresh).await.ok();
    let fresh = connect(&server.url(), Protocol::Resp3).await;
    let told = new().run(&fresh).await.unwrap().indexes()[0].clone();
    assert_eq!((counted, told.missing, told.last_failure), (None, 1, Some(other)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_replicas_one_looks() {
    let server = private_server().await;
    let cache = connect(&server.url(), Protocol::Resp3).await;
    save(&cache, 2_000).await;
    old().run(&cache).await.unwrap();
    write(&cache, 3_000, r#"{"id":3000,"name":17,"age":1}"#).await;
    let before = calls(&cache, "scan").await;
    assert_eq!(missing(&old().run(&cache).await.unwrap()), 1);
    let once = calls(&cache, "scan").await - before;
    let mut replicas = Vec::new();
    for number in 0..REPLICAS {
        let protocol = if number % 2 == 0 { Protocol::Resp3 } else { Protocol::Resp2 };
        replicas.push(connect(&server.url(), protocol).await);
    }
    let boot = async |migrator: Migrator, expected: u64| {
        let before = calls(&cache, "scan").await;
        let boots: Vec<_> = replicas
            .iter()
            .map(|replica| {
                let (replica, migrator) = (replica.clone(), migrator.clone());
                tokio::spawn(async move { migrator.run(&replica).await })
            })
            .collect();
        for boot in boots {
            assert_eq!(missing(&boot.await.unwrap().unwrap()), expected);
        }
        calls(&cache, "scan").await - before
    };
    write(&cache, 3_001, r#"{"id":3001,"name":17,"age":1}"#).await;
    let again = boot(old(), 2).await;
    // The next release's index is compared with the old one's, and with the documents.
    let next = boot(new(), 2).await;
    println!("figures: {once} calls of SCAN for one replica, {again} and {next} for {REPLICAS}");
    assert!(again <= once + once / 5, "{again} calls, {once} are enough");
    assert!(next <= 2 * once + once / 2, "{next} calls, twice {once} are enough");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_that_was_killed_while_it_looked_keeps_nobody() {
    let server = private_server().await;
    let cache = connect(&server.url(), Protocol::Resp3).await;
    save(&cache, 50).await;
    old().run(&cache).await.unwrap();
    write(&cache, 3_000, r#"{"id":3000,"name":17,"age":1}"#).await;
    let turn = format!("{}:~user:comparing:{}", global(&cache), Old::schema().fingerprint());
    let killed = "0123456789abcdef".repeat(2);
    send(&cache, ["SET", &turn, &killed, "PX", "1500"]).await;
    let began = std::time::Instant::now();
    assert_eq!(missing(&old().run(&cache).await.unwrap()), 1);
    assert!(began.elapsed() > Duration::from_secs(1), "it waited its turn");
    assert!(began.elapsed() < Duration::from_secs(20));
    let left = cache.command(Command::new("EXISTS").key(&turn)).await.unwrap();
    assert_eq!(left.as_int(), Some(0), "the turn was given back");
}
