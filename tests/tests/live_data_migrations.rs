//! Migrations of documents against real servers: each document takes each step once, and nothing is lost beside it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use cache_core::{
    Cache, CacheModel, Command, DataMigration, DataMigrationError, Error, Expiry, Migrator, Reply,
};
use cache_tests::live;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// What the release before knew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "user")]
struct Old {
    #[primary_key]
    id: u32,
    name: String,
    visits: u64,
    weight: f64,
    log: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "user", schema_version = 3)]
struct New {
    #[primary_key]
    id: u32,
    first: String,
    #[index]
    last: String,
    visits: u64,
    weight: f64,
    log: Vec<String>,
}

fn split(document: &mut Map<String, Value>) -> Result<(), String> {
    let name = document.remove("name").ok_or("no name")?;
    let (first, last) = name.as_str().and_then(|name| name.split_once(' ')).ok_or("one word")?;
    document.insert("first".into(), first.into());
    document.insert("last".into(), last.into());
    note("two", document)
}

fn join(document: &mut Map<String, Value>) -> Result<(), String> {
    let part = |document: &mut Map<String, Value>, member| match document.remove(member) {
        Some(Value::String(part)) => Ok(part),
        _ => Err(format!("no {member}")),
    };
    let name = format!("{} {}", part(document, "first")?, part(document, "last")?);
    document.insert("name".into(), name.into());
    Ok(())
}

/// Done twice, it would be there twice.
fn note(what: &str, document: &mut Map<String, Value>) -> Result<(), String> {
    let log = document.get_mut("log").and_then(Value::as_array_mut).ok_or("no log")?;
    log.push(what.into());
    Ok(())
}

fn migration() -> DataMigration<New> {
    DataMigration::new()
        .step(2, "split the name", split)
        .down(join)
        .step(3, "note it", |document| note("three", document))
        .down(|_| Ok::<_, String>(()))
}

fn old(id: u32) -> Old {
    let weight = 0.1 + f64::from(id) * 0.7;
    Old { id, name: format!("Ann {id}"), visits: u64::from(id), weight, log: vec!["one".into()] }
}

async fn save_old(cache: &Cache, ids: std::ops::Range<u32>) {
    for saved in Old::save_many(cache, ids.map(old)).await {
        assert!(saved.unwrap().stored());
    }
}

fn key(cache: &Cache, id: u32) -> String {
    format!("{}:user:{id}", cache.keyspace().unwrap().global())
}

async fn raw(cache: &Cache, id: u32) -> Value {
    let reply = cache.command(Command::new("JSON.GET").key(key(cache, id))).await.unwrap();
    serde_json::from_str(reply.as_str().unwrap()).unwrap()
}

async fn store(cache: &Cache, id: u32, json: &Value) {
    let set = Command::new("JSON.SET").key(key(cache, id)).arg("$").arg(json.to_string());
    cache.command(set).await.unwrap();
}

async fn ends(cache: &Cache, id: u32) -> i64 {
    cache.command(Command::new("PEXPIRETIME").key(key(cache, id))).await.unwrap().as_int().unwrap()
}

async fn every_document_takes_every_step_once(cache: Cache) {
    save_old(&cache, 0..1_200).await;
    let _ = old(7).save_with(&cache, Expiry::After(Duration::from_secs(600))).await.unwrap();
    let (end, weight) = (ends(&cache, 7).await, raw(&cache, 7).await["weight"].clone());
    let report = migration().run(&cache).await.unwrap();
    assert_eq!((report.migrated, report.unchanged, report.failed), (1_200, 0, 0), "{report:?}");
    let expected = json!({
        "id": 7, "first": "Ann", "last": "7", "visits": 7, "weight": weight, "log": ["one", "two", "three"], "_v": 3
    });
    assert_eq!(raw(&cache, 7).await, expected);
    assert_eq!(ends(&cache, 7).await, end, "the time to live stays");
    assert_eq!(ends(&cache, 8).await, -1);

    let again = migration().run(&cache).await.unwrap();
    assert_eq!((again.migrated, again.unchanged, again.failed), (0, 1_200, 0), "{again:?}");
    assert_eq!(raw(&cache, 7).await, expected);
    let history = migration().history(&cache).await.unwrap();
    let steps: Vec<_> = history.iter().map(|step| (step.version, step.name.as_str())).collect();
    assert_eq!(steps, [(2, "split the name"), (3, "note it")]);
    assert!(history.iter().all(|step| step.finished.is_some() && step.checksum.len() == 64));
}

async fn everything(cache: &Cache) -> Vec<(String, Value)> {
    let pattern = format!("{}:*", cache.keyspace().unwrap().global());
    let keys = cache.command(Command::new("KEYS").arg(pattern)).await.unwrap().into_items().unwrap();
    let mut found = Vec::new();
    for key in keys.iter().filter_map(Reply::as_str) {
        let kind = cache.command(Command::new("TYPE").key(key)).await.unwrap();
        let json = match kind.as_str() {
            Some("ReJSON-RL") => cache.command(Command::new("JSON.GET").key(key)).await.unwrap(),
            _ => kind,
        };
        found.push((key.to_owned(), json.as_str().unwrap().into()));
    }
    found.sort_by(|one, other| one.0.cmp(&other.0));
    found
}

async fn a_dry_run_shows_and_writes_nothing(cache: Cache) {
    save_old(&cache, 0..30).await;
    store(&cache, 30, &json!({"id": 30, "name": "Ann", "log": []})).await;
    let before = everything(&cache).await;
    let report = migration().dry_run(&cache).await.unwrap();
    assert_eq!(everything(&cache).await, before);
    assert_eq!((report.migrated, report.failed, report.differences.len()), (30, 1, 20), "{report:?}");
    let Some(reason @ Error::Upgrade { from: 1, .. }) =
        report.failures.first().map(|failure| &failure.reason)
    else {
        panic!("{report:?}");
    };
    let shown = cache_tests::chain(reason);
    assert!(shown.ends_with(": the step `split the name` to version 2 failed: one word"), "{shown}");
    assert!(shown.contains("mend it, or the step or `upgrade` that refuses it"), "{shown}");
    let shown = report.differences.first().unwrap().to_string();
    for line in [
        "from version 1 to 3",
        "\n  - name: \"Ann ",
        "\n  + last: ",
        "\n  + log: [\"one\",\"two\",\"three\"]",
    ] {
        assert!(shown.contains(line), "{shown}");
    }
    assert!(!shown.contains("weight"), "{shown}");
}

async fn what_fails_is_reported_and_left_alone(cache: Cache) {
    save_old(&cache, 0..5).await;
    let odd = [
        json!({"id": 10, "name": "Ann", "visits": 1, "weight": 1.5, "log": []}),
        json!([1]),
        json!({"id": 12, "_v": "two"}),
        json!({"id": 99, "name": "Ann Lee", "visits": 1, "weight": 1.5, "log": []}),
        json!({"id": 14, "name": "Ann Lee", "visits": "many", "weight": 1.5, "log": []}),
    ];
    for (id, json) in (10..).zip(&odd) {
        store(&cache, id, json).await;
    }
    let report = migration().run(&cache).await.unwrap();
    assert_eq!((report.migrated, report.failed, report.is_complete()), (5, 5, false), "{report:?}");
    for (id, json) in (10..).zip(&odd) {
        assert_eq!(raw(&cache, id).await, *json);
    }
    let reason = |id| {
        let failure = report.failures.iter().find(|failure| failure.key == key(&cache, id)).unwrap();
        cache_tests::chain(&failure.reason)
    };
    for (id, text) in [
        (10, "one word"),
        (11, "invalid type: sequence, expected a map"),
        (12, "invalid type: string \"two\""),
        (13, "belongs under"),
        (14, "invalid type: string \"many\", expected u64"),
    ] {
        assert!(reason(id).contains(text), "{}", reason(id));
    }
    assert!(migration().history(&cache).await.unwrap().iter().all(|step| step.finished.is_none()));
    for id in 10..15 {
        store(&cache, id, &json!({"id": id, "name": "Ann Lee", "visits": 1, "weight": 1.5, "log": []})).await;
    }
    let report = migration().run(&cache).await.unwrap();
    assert_eq!((report.migrated, report.unchanged, report.failed), (5, 5, 0), "{report:?}");
    assert!(migration().history(&cache).await.unwrap().iter().all(|step| step.finished.is_some()));
}

async fn a_changed_history_is_refused(cache: Cache) {
    save_old(&cache, 0..3).await;
    let _ = migration().run(&cache).await.unwrap();
    let _ = Old::save_many(&cache, (0..3).map(old)).await;
    let before = everything(&cache).await;
    let swapped = DataMigration::<New>::new().step(2, "note it", |document| note("two", document)).step(
        3,
        "split the name",
        split,
    );
    for error in [swapped.run(&cache).await.unwrap_err(), swapped.dry_run(&cache).await.unwrap_err()] {
        assert!(
            matches!(&error, DataMigrationError::Changed { version: 2, recorded, .. } if recorded == "split the name"),
            "{error:?}"
        );
        assert!(
            error.to_string().contains("put `split the name` back in its place and write this one behind it"),
            "{error}"
        );
    }
    assert_eq!(everything(&cache).await, before);
    // Steps that all documents have taken can go; what is older than the first one is said to be.
    let later = DataMigration::<New>::new().step(3, "note it", |document| note("three", document));
    let report = later.run(&cache).await.unwrap();
    assert_eq!((report.migrated, report.failed), (0, 3), "{report:?}");
    assert!(cache_tests::chain(&report.failures[0].reason).contains("no step leads on from its version 1"));
    // Another namespace has a history of its own.
    let other = cache.clone().namespace(&format!("{}-other", cache.keyspace().unwrap().global()));
    assert!(swapped.run(&other).await.unwrap().is_complete());
}

async fn steps_that_make_no_sense_are_refused(cache: Cache) {
    let step = |document: &mut Map<String, Value>| note("x", document);
    let run = async |migration: DataMigration<New>| migration.run(&cache).await.unwrap_err();
    let new = DataMigration::<New>::new;
    assert!(matches!(run(new().step(1, "x", step)).await, DataMigrationError::Order { version: 1, .. }));
    assert!(matches!(
        run(new().step(2, "x", step).step(4, "y", step)).await,
        DataMigrationError::Order { version: 4, .. }
    ));
    assert!(matches!(run(new().down(step)).await, DataMigrationError::Down { .. }));
    assert!(matches!(
        run(new().step(2, "x", step)).await,
        DataMigrationError::OtherVersion { last: 2, declared: 3, .. }
    ));
    let unversioned = DataMigration::<Old>::new().step(2, "x", step).run(&cache).await.unwrap_err();
    assert!(matches!(unversioned, DataMigrationError::NoVersion { last: 2, .. }), "{unversioned:?}");
    assert_eq!(everything(&cache).await, []);
    assert!(matches!(run(new()).await, DataMigrationError::NoSteps { declared: 3, .. }));
    assert!(matches!(run(new().step(2, " ", step)).await, DataMigrationError::NoName { version: 2, .. }));
    assert_eq!(everything(&cache).await, []);
    assert!(DataMigration::<Old>::new().run(&cache).await.unwrap().is_complete());
}

async fn several_at_once_are_as_good_as_one(cache: Cache) {
    save_old(&cache, 0..800).await;
    let runs = (0..4).map(|_| {
        let cache = cache.clone();
        tokio::spawn(async move { migration().batch(37).run(&cache).await.unwrap() })
    });
    let mut migrated = 0;
    for run in runs.collect::<Vec<_>>() {
        let report = run.await.unwrap();
        assert!(report.is_complete(), "{report:?}");
        migrated += report.migrated;
    }
    assert_eq!(migrated, 800);
    for id in 0..800 {
        assert_eq!(raw(&cache, id).await["log"], json!(["one", "two", "three"]));
    }
}

async fn what_others_write_meanwhile_is_kept(cache: Cache) {
    const DOCUMENTS: u32 = 40;
    save_old(&cache, 0..DOCUMENTS).await;
    let (stop, counts) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (cache, stop, counts) = (cache.clone(), stop.clone(), counts.clone());
            tokio::spawn(async move {
                let mut id = writer * 10;
                while !stop.load(Ordering::Relaxed) {
                    id = (id + 1) % DOCUMENTS;
                    // A replica of the release before, which knows nothing of versions.
                    let patch = Old::patch(id).increment(Old::VISITS, 1).push(Old::LOG, "written");
                    let _ = patch.send(&cache).await.unwrap();
                    counts.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let mut conflicts = 0;
    for round in 0..20 {
        let before = counts.load(Ordering::Relaxed);
        assert!(migration().batch(DOCUMENTS as usize).run(&cache).await.unwrap().is_complete());
        conflicts += counts.load(Ordering::Relaxed) - before;
        assert!(migration().revert(&cache, 1).await.unwrap().is_complete(), "{round}");
    }
    stop.store(true, Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    assert!(conflicts > 20, "nothing was written meanwhile");
    let mut visits = 0;
    for id in 0..DOCUMENTS {
        let document = raw(&cache, id).await;
        let written = document["visits"].as_u64().unwrap() - u64::from(id);
        visits += written;
        let log: Vec<_> = document["log"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let count = |what| log.iter().filter(|entry| **entry == what).count() as u64;
        // The steps write the same list as the others.
        assert_eq!(["one", "two", "three", "written"].map(count), [1, 20, 20, written]);
    }
    assert_eq!(visits, counts.load(Ordering::Relaxed));
}

async fn steps_can_be_undone(cache: Cache) {
    save_old(&cache, 0..10).await;
    let _ = migration().run(&cache).await.unwrap();
    let report = migration().revert(&cache, 2).await.unwrap();
    assert_eq!((report.migrated, report.failed), (10, 0), "{report:?}");
    assert_eq!(raw(&cache, 1).await["_v"], 2);
    let recorded = migration().history(&cache).await.unwrap();
    assert_eq!(recorded.iter().map(|step| step.version).collect::<Vec<_>>(), [2]);
    let report = migration().revert(&cache, 1).await.unwrap();
    assert_eq!((report.migrated, report.failed), (10, 0), "{report:?}");
    assert_eq!(Old::get(&cache, 1).await.unwrap().unwrap().name, "Ann 1");
    assert_eq!(migration().history(&cache).await.unwrap(), []);

    let target = migration().revert(&cache, 3).await.unwrap_err();
    assert!(matches!(target, DataMigrationError::NoTarget { version: 3, .. }), "{target:?}");
    let one_way =
        DataMigration::<New>::new().step(2, "split the name", split).down(join).step(3, "note it", split);
    let error = one_way.revert(&cache, 1).await.unwrap_err();
    assert!(matches!(error, DataMigrationError::NoDown { version: 3, .. }), "{error:?}");
}

async fn documents_of_newer_versions_are_left_alone(cache: Cache) {
    save_old(&cache, 0..2).await;
    let newer = json!({
        "id": 1, "first": "Ann", "last": "Lee", "visits": 1, "weight": 1.5, "log": [], "_v": 9, "later": true
    });
    store(&cache, 1, &newer).await;
    let report = migration().run(&cache).await.unwrap();
    assert_eq!((report.migrated, report.unchanged, report.newer, report.failed), (1, 1, 1, 0), "{report:?}");
    assert_eq!(raw(&cache, 1).await, newer);
    assert_eq!(New::get(&cache, 1).await.unwrap().unwrap().last, "Lee");
}

async fn the_rate_is_kept(cache: Cache) {
    save_old(&cache, 0..100).await;
    let started = Instant::now();
    let report = migration().batch(20).rate(200).run(&cache).await.unwrap();
    assert_eq!(report.migrated, 100);
    assert!(started.elapsed() >= Duration::from_millis(380), "{:?}", started.elapsed());
}

async fn queries_find_the_new_form(cache: Cache) {
    save_old(&cache, 0..20).await;
    Migrator::new().register::<New>().run(&cache).await.unwrap();
    let _ = migration().run(&cache).await.unwrap();
    let found = New::find_by_last("7").all(&cache).await.unwrap();
    assert_eq!(found.iter().map(|user| user.id).collect::<Vec<_>>(), [7]);
    assert_eq!(New::find().count(&cache).await.unwrap(), 20);
}

live!(
    every_document_takes_every_step_once,
    a_dry_run_shows_and_writes_nothing,
    what_fails_is_reported_and_left_alone,
    a_changed_history_is_refused,
    steps_that_make_no_sense_are_refused,
    several_at_once_are_as_good_as_one,
    what_others_write_meanwhile_is_kept,
    steps_can_be_undone,
    documents_of_newer_versions_are_left_alone,
    the_rate_is_kept,
    queries_find_the_new_form,
);
