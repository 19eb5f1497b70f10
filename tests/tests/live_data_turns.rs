//! Data migrations that are run and taken back at one time: whoever began last has its way, and whoever lost is told.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use cache_core::embedded::Server;
use cache_core::{Cache, CacheModel, Command, DataMigration, DataMigrationError, DataReport, MigrateError};
use cache_tests::{chain, connect, live};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "person")]
struct Old {
    #[primary_key]
    id: u32,
    name: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "person", schema_version = 2)]
struct New {
    #[primary_key]
    id: u32,
    name: String,
    #[serde(default)]
    first: String,
}

const DOCUMENTS: u32 = 20;

type Document = Map<String, Value>;

fn up(document: &mut Document) -> Result<(), String> {
    document.insert("first".to_owned(), "Ann".into());
    Ok(())
}

fn down(document: &mut Document) -> Result<(), String> {
    document.remove("first");
    Ok(())
}

fn ann() -> Value {
    json!({"id": 1, "name": "Ann"})
}

fn migration() -> DataMigration<New> {
    DataMigration::new().step(2, "split the name", up).down(down).sample(ann())
}

/// The same name, and another thing done.
fn changed() -> DataMigration<New> {
    let up = |document: &mut Document| {
        document.insert("first".to_owned(), "CHANGED".into());
        Ok::<_, String>(())
    };
    DataMigration::new().step(2, "split the name", up).sample(ann())
}

async fn save(cache: &Cache) {
    for id in 0..DOCUMENTS {
        let _ = Old { id, name: "Ann".to_owned() }.save(cache).await.unwrap();
    }
}

fn key(cache: &Cache, end: &str) -> String {
    format!("{}:{end}", cache.keyspace().unwrap().global())
}

/// How many documents have the version of the step.
async fn stepped(cache: &Cache) -> u32 {
    let mut stepped = 0;
    for id in 0..DOCUMENTS {
        let get = Command::new("JSON.GET").key(key(cache, &format!("person:{id}"))).arg("$._v");
        stepped += u32::from(cache.command(get).await.unwrap().as_str() == Some("[2]"));
    }
    stepped
}

/// Whether the step is recorded as one that all documents have; `None`: it is not recorded.
async fn finished(cache: &Cache) -> Option<bool> {
    migration().history(cache).await.unwrap().first().map(|step| step.finished.is_some())
}

type Answer = Result<DataReport, DataMigrationError>;

/// How long one waits for the other at most, who may have failed.
const LATE: Duration = Duration::from_secs(60);

/// Where two threads wait for each other, once.
#[derive(Default)]
struct Meeting {
    here: Mutex<u32>,
    comes: Condvar,
}

impl Meeting {
    fn meet(&self) {
        let mut here = self.here.lock().unwrap();
        *here += 1;
        self.comes.notify_all();
        let (_here, waited) = self.comes.wait_timeout_while(here, LATE, |here| *here < 2).unwrap();
        assert!(!waited.timed_out(), "the other one did not come");
    }
}

/// Begins what the function does, with a step that waits in the middle; does the other, and lets the first go on.
async fn meanwhile<R>(
    cache: &Cache,
    slow: impl AsyncFnOnce(DataMigration<New>, Cache) -> Answer + Send + 'static,
    other: impl AsyncFnOnce() -> R,
) -> (Answer, R) {
    let (reached, goes) = (Arc::new(Meeting::default()), Arc::new(Meeting::default()));
    let waits = {
        let (reached, goes, calls) = (reached.clone(), goes.clone(), Arc::new(AtomicU32::new(0)));
        move || {
            // One is for the sample, or none.
            if calls.fetch_add(1, Ordering::Relaxed) == DOCUMENTS / 2 {
                reached.meet();
                goes.meet();
            }
        }
    };
    let waits_too = waits.clone();
    let migration = DataMigration::<New>::new()
        .step(2, "split the name", move |document: &mut Document| {
            waits();
            up(document)
        })
        .down(move |document: &mut Document| {
            waits_too();
            down(document)
        })
        .batch(3);
    let theirs = cache.clone();
    let slow = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(slow(migration, theirs))
    });
    tokio::task::spawn_blocking(move || reached.meet()).await.unwrap();
    let answer = other().await;
    tokio::task::spawn_blocking(move || goes.meet()).await.unwrap();
    (tokio::task::spawn_blocking(move || slow.join().unwrap()).await.unwrap(), answer)
}

async fn is_guarded(cache: &Cache) -> bool {
    matches!(changed().run(cache).await, Err(DataMigrationError::OtherResult { .. }))
}

async fn a_run_takes_over_from_a_revert(cache: Cache) {
    save(&cache).await;
    assert!(migration().run(&cache).await.unwrap().is_complete());
    let revert = async |migration: DataMigration<New>, cache: Cache| migration.revert(&cache, 1).await;
    let (reverted, ran) = meanwhile(&cache, revert, async || migration().run(&cache).await.unwrap()).await;
    assert!(ran.is_complete() && ran.migrated > 0, "{ran:?}");
    let error = reverted.unwrap_err();
    assert!(matches!(error, DataMigrationError::RunBegun { model: "New" }), "{error:?}");
    assert!(error.to_string().contains("stop the replicas that run the migration"), "{error}");
    assert_eq!((stepped(&cache).await, finished(&cache).await), (DOCUMENTS, Some(true)));
    assert!(is_guarded(&cache).await);
}

async fn a_revert_takes_over_from_a_run(cache: Cache) {
    save(&cache).await;
    let run = async |migration: DataMigration<New>, cache: Cache| migration.run(&cache).await;
    let (ran, reverted) = meanwhile(&cache, run, async || migration().revert(&cache, 1).await.unwrap()).await;
    assert!(reverted.is_complete() && reverted.migrated > 0, "{reverted:?}");
    let error = ran.unwrap_err();
    assert!(matches!(error, DataMigrationError::RevertBegun { model: "New" }), "{error:?}");
    assert!(error.to_string().contains("it takes over from the `revert`"), "{error}");
    assert_eq!((stepped(&cache).await, finished(&cache).await), (0, None));
    assert!(changed().run(&cache).await.unwrap().is_complete());
}

/// There and back again: that the way is the same as before is no reason to go on.
async fn whoever_lost_the_turn_does_not_have_it_back(cache: Cache) {
    save(&cache).await;
    let run = async |migration: DataMigration<New>, cache: Cache| migration.run(&cache).await;
    let other = async || {
        assert!(migration().revert(&cache, 1).await.unwrap().is_complete());
        assert!(migration().run(&cache).await.unwrap().is_complete());
    };
    let (ran, ()) = meanwhile(&cache, run, other).await;
    assert!(matches!(ran.unwrap_err(), DataMigrationError::RevertBegun { .. }));
    assert_eq!((stepped(&cache).await, finished(&cache).await), (DOCUMENTS, Some(true)));
}

async fn what_was_killed_blocks_nobody(cache: Cache) {
    let killed = async |answer: &mut (dyn Future<Output = Answer> + Send + Unpin)| {
        let is_begun = async || {
            loop {
                let stepped = stepped(&cache).await;
                if stepped > 0 && stepped < DOCUMENTS {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            _ = answer => panic!("it was too fast"),
            () = is_begun() => {}
        }
    };
    let slow = || migration().batch(1).rate(10);
    save(&cache).await;
    let (slowly, revert) = (slow(), async || migration().revert(&cache, 1).await.unwrap());
    // A run, behind which somebody reverts.
    killed(&mut Box::pin(slowly.run(&cache))).await;
    assert!(revert().await.is_complete());
    assert_eq!((stepped(&cache).await, finished(&cache).await), (0, None));
    // A revert that is gone on with.
    assert!(migration().run(&cache).await.unwrap().is_complete());
    killed(&mut Box::pin(slowly.revert(&cache, 1))).await;
    assert!(is_guarded(&cache).await);
    assert!(revert().await.is_complete());
    assert_eq!((stepped(&cache).await, finished(&cache).await), (0, None));
    // And one behind which somebody runs.
    assert!(migration().run(&cache).await.unwrap().is_complete());
    killed(&mut Box::pin(slowly.revert(&cache, 1))).await;
    assert!(migration().run(&cache).await.unwrap().is_complete());
    assert_eq!((stepped(&cache).await, finished(&cache).await), (DOCUMENTS, Some(true)));
    assert!(is_guarded(&cache).await);
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "person", schema_version = 3)]
struct Newest {
    #[primary_key]
    id: u32,
    name: String,
    #[serde(default)]
    first: String,
    #[serde(default)]
    last: String,
}

fn further() -> DataMigration<Newest> {
    let last = |document: &mut Document| {
        document.insert("last".to_owned(), "A".into());
        Ok::<_, String>(())
    };
    let forget = |document: &mut Document| {
        document.remove("last");
        Ok::<_, String>(())
    };
    let begins = DataMigration::new().step(2, "split the name", up).down(down).sample(ann());
    begins.step(3, "add the last name", last).down(forget)
}

/// Replicas of the release before boot while somebody goes back to its version, and bring documents up to that themselves.
async fn a_run_of_the_release_that_is_gone_back_to_is_in_nobodys_way(cache: Cache) {
    save(&cache).await;
    assert!(further().run(&cache).await.unwrap().is_complete());
    let (back, begun) = (further().batch(1).rate(10), cache.clone());
    let reverting = tokio::spawn(async move { back.revert(&begun, 2).await });
    while stepped(&cache).await == 0 {
        assert!(!reverting.is_finished());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let late = Old { id: DOCUMENTS, name: "Ann".to_owned() };
    assert!(late.save(&cache).await.unwrap().stored());
    let ran = migration().run(&cache).await.unwrap();
    assert!(ran.is_complete() && ran.migrated == 1 && !reverting.is_finished(), "{ran:?}");
    assert!(reverting.await.unwrap().unwrap().is_complete());
    assert_eq!(stepped(&cache).await, DOCUMENTS);
    // A release that is not gone takes over.
    assert!(further().run(&cache).await.unwrap().is_complete());
    assert_eq!(stepped(&cache).await, 0);
}

async fn several_reverts_share_a_turn(cache: Cache) {
    save(&cache).await;
    assert!(migration().run(&cache).await.unwrap().is_complete());
    let revert = async |migration: DataMigration<New>, cache: Cache| migration.revert(&cache, 1).await;
    let (one, other) = meanwhile(&cache, revert, async || migration().revert(&cache, 1).await.unwrap()).await;
    assert!(one.unwrap().is_complete() && other.is_complete());
    assert_eq!((stepped(&cache).await, finished(&cache).await), (0, None));
}

async fn a_record_that_somebody_deletes_is_made_again(cache: Cache) {
    save(&cache).await;
    let run = async |migration: DataMigration<New>, cache: Cache| migration.run(&cache).await;
    let delete = Command::new("DEL").key(key(&cache, "~person:migrations"));
    let (ran, _) = meanwhile(&cache, run, async || cache.command(delete).await.unwrap()).await;
    assert!(ran.unwrap().is_complete());
    assert_eq!((stepped(&cache).await, finished(&cache).await), (DOCUMENTS, Some(true)));
}

async fn a_key_of_another_type_is_named(cache: Cache) {
    save(&cache).await;
    let record = key(&cache, "~person:migrations");
    cache.command(Command::new("SET").key(&record).arg("mine")).await.unwrap();
    let (run, dry) = (migration().run(&cache).await, migration().dry_run(&cache).await);
    for error in [run.unwrap_err(), dry.unwrap_err(), migration().revert(&cache, 1).await.unwrap_err()] {
        assert!(
            matches!(&error, DataMigrationError::KeyTaken { key, .. } if *key == record),
            "{}",
            chain(&error)
        );
        assert!(error.to_string().contains("rename or delete it"), "{error}");
    }
    assert_eq!(stepped(&cache).await, 0);
}

live!(
    a_run_takes_over_from_a_revert,
    a_revert_takes_over_from_a_run,
    whoever_lost_the_turn_does_not_have_it_back,
    what_was_killed_blocks_nobody,
    a_run_of_the_release_that_is_gone_back_to_is_in_nobodys_way,
    several_reverts_share_a_turn,
    a_record_that_somebody_deletes_is_made_again,
    a_key_of_another_type_is_named,
);

#[tokio::test]
async fn rights_that_are_lacking_are_told_with_the_rule_before_anything_is_written() {
    let server = Server::options().tcp(true).start().await.unwrap();
    let admin = connect(&server.url(), cache_core::Protocol::Resp3).await.namespace("shop");
    save(&admin).await;
    let url = format!("redis://app:p@127.0.0.1:{}", server.port().unwrap());
    for (rules, lacks) in [
        ("+@all -hset -json.del ~shop:*", &["HSET", "JSON.DEL"][..]),
        ("+@all ~shop:person:*", &["shop:~person:*"]),
        ("+@all ~shop:~person:*", &["shop:person:*"]),
    ] {
        let user = ["SETUSER", "app", "reset", "on", ">p"].into_iter().chain(rules.split(' '));
        admin.command(Command::new("ACL").args_from(user)).await.unwrap();
        let app = connect(&url, cache_core::Protocol::Resp3).await.namespace("shop");
        for error in
            [migration().run(&app).await.unwrap_err(), migration().revert(&app, 1).await.unwrap_err()]
        {
            let DataMigrationError::Denied(denied) = &error else { panic!("{}", chain(&error)) };
            let lacking = match &**denied {
                MigrateError::Permission { commands, .. } => commands,
                MigrateError::KeyPermission { patterns, .. } => patterns,
                other => panic!("{}", chain(other)),
            };
            assert_eq!(lacking, lacks, "{error}");
            assert!(error.to_string().contains("allow it with `ACL SETUSER app "), "{error}");
        }
        assert_eq!(stepped(&admin).await, 0);
        assert_eq!(finished(&admin).await, None, "nothing was written");
    }
    // A user who may only read may look, and one who may not is told.
    for (rules, lacking) in [
        ("+json.get +scan +hgetall ~shop:*", None),
        ("+json.get +scan ~shop:*", Some("may not run HGETALL")),
        ("+json.get +scan +hgetall ~shop:person:*", Some("`shop:~person:*`")),
    ] {
        let user = ["SETUSER", "app", "reset", "on", ">p", "+ping", "+acl|whoami"];
        let user = user.into_iter().chain(rules.split(' '));
        admin.command(Command::new("ACL").args_from(user)).await.unwrap();
        let app = connect(&url, cache_core::Protocol::Resp3).await.namespace("shop");
        match (migration().dry_run(&app).await, lacking) {
            (Ok(report), None) => assert_eq!(report.migrated, u64::from(DOCUMENTS)),
            (Err(error), Some(lacking)) => assert!(error.to_string().contains(lacking), "{}", chain(&error)),
            (other, _) => panic!("{other:?}"),
        }
    }
}
