//! Steps of data migrations whose code was changed after they ran.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Barrier};

use cache_core::{Cache, CacheModel, DataMigration, DataMigrationError};
use cache_tests::live;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "place")]
struct Old {
    #[primary_key]
    id: u32,
    city: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "place", schema_version = 2)]
struct New {
    #[primary_key]
    id: u32,
    city: String,
}

type Document = Map<String, Value>;

fn change(document: &mut Document, to: fn(&str) -> String) -> Result<(), String> {
    let city = document.get("city").and_then(Value::as_str).map(to).ok_or("no city")?;
    document.insert("city".to_owned(), city.into());
    Ok(())
}

fn tidy(document: &mut Document) -> Result<(), String> {
    change(document, |city| city.trim().to_owned())
}

/// The same name, and another thing done.
fn shout(document: &mut Document) -> Result<(), String> {
    change(document, |city| city.trim().to_uppercase())
}

fn by(code: fn(&mut Document) -> Result<(), String>) -> DataMigration<New> {
    DataMigration::new().step(2, "tidy the city", code).down(|_: &mut Document| Ok::<_, String>(()))
}

fn bern() -> Value {
    json!({"id": 1, "city": " Bern "})
}

async fn save(cache: &Cache) {
    let _ = Old { id: 1, city: " Bern ".to_owned() }.save(cache).await.unwrap();
}

async fn a_step_that_does_something_else_is_refused(cache: Cache) {
    save(&cache).await;
    assert!(by(tidy).sample(bern()).run(&cache).await.unwrap().is_complete());
    save(&cache).await;
    let other = by(shout).sample(bern());
    for error in [other.run(&cache).await.unwrap_err(), other.dry_run(&cache).await.unwrap_err()] {
        assert!(
            matches!(&error, DataMigrationError::OtherResult { version: 2, name, .. } if name == "tidy the city"),
            "{error:?}"
        );
        assert!(error.to_string().contains("write what is new as a step behind it"), "{error}");
    }
    assert_eq!(Old::get(&cache, 1).await.unwrap().unwrap().city, " Bern ", "nothing was written");
    // What gives the same result is the same, however it is written; and so is what no sample shows.
    assert!(by(tidy).sample(bern()).sample(json!({"city": 7})).run(&cache).await.unwrap().is_complete());
    assert_eq!(New::get(&cache, 1).await.unwrap().unwrap().city, "Bern");
    assert!(by(shout).sample(json!({"id": 1, "city": "BERN"})).run(&cache).await.unwrap().is_complete());
    // What failed is mended, and counts from then on.
    let mends = |document: &mut Document| match document.get("city") {
        Some(Value::Number(_)) => Ok(()),
        _ => tidy(document),
    };
    let mended = DataMigration::<New>::new().step(2, "tidy the city", mends).sample(json!({"city": 7}));
    assert!(mended.run(&cache).await.unwrap().is_complete());
    let failing = by(tidy).sample(json!({"city": 7}));
    assert!(matches!(failing.run(&cache).await.unwrap_err(), DataMigrationError::OtherResult { .. }));
}

async fn what_was_undone_may_be_done_otherwise(cache: Cache) {
    save(&cache).await;
    assert!(by(tidy).sample(bern()).sample(json!({"city": "Thun"})).run(&cache).await.unwrap().is_complete());
    assert!(by(tidy).sample(bern()).revert(&cache, 1).await.unwrap().is_complete());
    assert!(
        by(shout).sample(bern()).sample(json!({"city": "Thun"})).run(&cache).await.unwrap().is_complete()
    );
    assert_eq!(New::get(&cache, 1).await.unwrap().unwrap().city, "BERN");
}

/// Makes what the model cannot read.
fn spoil(document: &mut Document) -> Result<(), String> {
    document.remove("city");
    Ok(())
}

async fn a_step_that_changed_nothing_is_replaced_by_its_mending(cache: Cache) {
    save(&cache).await;
    let spoils = by(spoil).sample(bern());
    let report = spoils.run(&cache).await.unwrap();
    assert_eq!((report.migrated, report.failed), (0, 1), "{report:?}");
    let refuses = DataMigration::<New>::new().step(2, "x", |_: &mut Document| Err("boom\u{1b}[31m"));
    let report = refuses.run(&cache).await.unwrap();
    assert_eq!((report.migrated, report.failed), (0, 1), "{report:?}");
    assert!(
        !format!("{report:?}").contains('\u{1b}') && format!("{report:?}").contains("boom"),
        "{report:?}"
    );
    assert!(by(tidy).sample(bern()).dry_run(&cache).await.unwrap().is_complete());
    assert!(by(tidy).sample(bern()).run(&cache).await.unwrap().is_complete());
    assert_eq!(New::get(&cache, 1).await.unwrap().unwrap().city, "Bern");
    let history = by(tidy).history(&cache).await.unwrap();
    assert_eq!((history.len(), history[0].name.as_str()), (1, "tidy the city"));
    // It changed a document.
    assert!(matches!(spoils.run(&cache).await.unwrap_err(), DataMigrationError::OtherResult { .. }));
    assert!(matches!(refuses.run(&cache).await.unwrap_err(), DataMigrationError::Changed { .. }));
}

/// A replica with the step as it was is between its record and its first write when one with the mending comes.
async fn a_step_that_was_replaced_meanwhile_writes_nothing(cache: Cache) {
    save(&cache).await;
    let (reached, goes) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let slow = {
        let (reached, goes, calls) = (reached.clone(), goes.clone(), AtomicU32::new(0));
        DataMigration::<New>::new().step(2, "shout", move |document: &mut Document| {
            if calls.fetch_add(1, Ordering::Relaxed) == 0 {
                reached.wait();
                goes.wait();
            }
            shout(document)
        })
    };
    let other = cache.clone();
    let slow = std::thread::spawn(move || {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async { slow.run(&other).await })
    });
    tokio::task::spawn_blocking(move || reached.wait()).await.unwrap();
    assert!(by(tidy).run(&cache).await.unwrap().is_complete());
    save(&cache).await;
    tokio::task::spawn_blocking(move || goes.wait()).await.unwrap();
    let answer = tokio::task::spawn_blocking(move || slow.join().unwrap()).await.unwrap();
    assert!(matches!(answer.unwrap_err(), DataMigrationError::Changed { version: 2, .. }));
    assert_eq!(Old::get(&cache, 1).await.unwrap().unwrap().city, " Bern ");
}

async fn a_sample_is_a_document_behind_its_step(cache: Cache) {
    for wrong in
        [DataMigration::new().sample(bern()).step(2, "tidy the city", tidy), by(tidy).sample(json!([1]))]
    {
        let error = wrong.run(&cache).await.unwrap_err();
        assert!(matches!(error, DataMigrationError::Sample { model: "New" }), "{error}");
    }
}

live! {
    a_step_that_does_something_else_is_refused,
    what_was_undone_may_be_done_otherwise,
    a_step_that_changed_nothing_is_replaced_by_its_mending,
    a_step_that_was_replaced_meanwhile_writes_nothing,
    a_sample_is_a_document_behind_its_step,
}
