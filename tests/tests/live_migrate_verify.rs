//! New indexes that lack documents, and what is told while they are filled.

use std::sync::{Arc, Mutex};

use cache_core::{
    Cache, CacheModel, Command, Error, IndexSchema, MigrateError, Migrator, Progress, Shortfall,
};
use cache_tests::live;
use cache_tests::releases::{alias, first, index, indexes, save, second, target, write};

type Old = first::User;
type New = second::User;

fn old() -> Migrator {
    Migrator::new().register::<Old>()
}

fn new() -> Migrator {
    Migrator::new().register::<New>()
}

async fn a_document_that_the_new_index_cannot_take_stops_the_cutover(cache: Cache) {
    save(&cache, 700).await;
    let bad = write(&cache, 1_000, r#"{"id":1000,"name":"n1","age":"old"}"#).await;
    old().run(&cache).await.unwrap();
    let error = new().run(&cache).await.unwrap_err();
    let text = error.to_string();
    match error {
        MigrateError::Verify { model: "User", index: made, against: Some(against), missing: 1, keys } => {
            assert_eq!((made, against), (index::<New>(&cache), index::<Old>(&cache)));
            assert_eq!(keys, std::slice::from_ref(&bad));
        }
        other => panic!("{other}"),
    }
    assert!(text.contains(&bad) && text.contains("allow_failures"), "{text}");
    assert_eq!(target(&cache, &alias(&cache)).await, Some(index::<Old>(&cache)));
    assert_eq!(Old::find().count(&cache).await.unwrap(), 701, "the old index is as it was");
    // A service that goes on all the same is told with every answer.
    match New::find().count(&cache).await {
        Err(Error::Incomplete { completeness, .. }) => {
            assert_eq!(completeness.shortfalls(), [Shortfall::FailedDocuments(1)]);
        }
        other => panic!("{other:?}"),
    }

    // A second run says the same; a mended document lets it go on.
    assert!(matches!(new().run(&cache).await, Err(MigrateError::Verify { .. })));
    write(&cache, 1_000, r#"{"id":1000,"name":"n1","age":7}"#).await;
    let migration = new().run(&cache).await.unwrap();
    assert_eq!((migration.indexes()[0].documents, migration.indexes()[0].active), (701, true));
    assert_eq!(migration.indexes()[0].missing, 0);
}

async fn so_many_may_be_missing_as_are_allowed(cache: Cache) {
    save(&cache, 10).await;
    for id in 1_000..1_003 {
        write(&cache, id, r#"{"id":1,"name":"n1","age":"old"}"#).await;
    }
    old().run(&cache).await.unwrap();
    assert!(matches!(
        new().allow_failures(2).run(&cache).await,
        Err(MigrateError::Verify { missing: 3, .. })
    ));
    let migration = new().allow_failures(3).run(&cache).await.unwrap();
    assert_eq!((migration.indexes()[0].missing, migration.indexes()[0].active), (3, true));
    assert!(New::find().all(&cache).await.is_err(), "answers say that they may be incomplete");
}

async fn what_the_old_index_lacks_too_is_no_reason_to_stop(cache: Cache) {
    save(&cache, 10).await;
    write(&cache, 1_000, r#"{"id":1000,"name":17,"age":1}"#).await;
    old().run(&cache).await.unwrap();
    let migration = new().run(&cache).await.unwrap();
    assert_eq!((migration.indexes()[0].missing, migration.indexes()[0].active), (1, true));
}

async fn without_an_old_index_what_is_missing_is_told(cache: Cache) {
    save(&cache, 10).await;
    let bad = write(&cache, 1_000, r#"{"id":1000,"name":"n1","age":"old"}"#).await;
    let migration = new().run(&cache).await.unwrap();
    let migrated = &migration.indexes()[0];
    assert_eq!((migrated.missing, migrated.last_failure.as_deref()), (1, Some(bad.as_str())));
    assert!(migrated.active);
}

async fn documents_that_come_and_go_meanwhile_are_no_difference(cache: Cache) {
    save(&cache, 2_000).await;
    old().run(&cache).await.unwrap();
    let stop = Arc::new(std::sync::atomic::AtomicBool::new(false));
    let writers: Vec<_> = (0..4)
        .map(|writer| {
            let (cache, stop) = (cache.clone(), stop.clone());
            tokio::spawn(async move {
                let mut id = 10_000 * (writer + 1);
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    let user = Old { id, name: "w".to_owned(), age: 1 };
                    let _ = user.save(&cache).await.unwrap();
                    if id % 2 == 0 {
                        assert!(user.delete(&cache).await.unwrap());
                    }
                    id += 1;
                }
            })
        })
        .collect();
    for _ in 0..2 {
        new().run(&cache).await.unwrap();
        let drop = Command::new("FT.DROPINDEX").arg(index::<New>(&cache));
        old().run(&cache).await.unwrap();
        cache.command(drop).await.unwrap();
    }
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(indexes(&cache).await, [index::<Old>(&cache)]);
}

async fn progress_is_told_to_its_end(cache: Cache) {
    save(&cache, 3_000).await;
    let told: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let hear = |told: &Arc<Mutex<Vec<Progress>>>| {
        let told = told.clone();
        move |progress: &Progress| told.lock().unwrap().push(progress.clone())
    };
    old().progress(hear(&told)).run(&cache).await.unwrap();
    let first = std::mem::take(&mut *told.lock().unwrap());
    let last = first.last().unwrap();
    assert_eq!((last.total, last.documents, last.filled), (Some(3_000), 3_000, true), "counted");
    assert!(first.iter().rev().skip(1).all(|progress| !progress.filled));
    assert!(
        first.windows(2).all(|two| two[0].documents <= two[1].documents && two[0].elapsed <= two[1].elapsed)
    );

    new().progress(hear(&told)).run(&cache).await.unwrap();
    let second = std::mem::take(&mut *told.lock().unwrap());
    assert_eq!(second.last().unwrap().total, Some(3_000), "as many as the old index has");
    // When nothing is to be waited for, nothing is told.
    new().progress(hear(&told)).run(&cache).await.unwrap();
    assert!(told.lock().unwrap().is_empty());
}

async fn each_boundary_is_told_in_order(cache: Cache) {
    let told: Arc<Mutex<Vec<String>>> = Arc::default();
    let hear = || {
        let told = told.clone();
        Arc::new(move |step: &str| told.lock().unwrap().push(step.to_owned()))
    };
    let take = || std::mem::take(&mut *told.lock().unwrap());
    save(&cache, 5).await;
    old().observe_steps(hear()).run(&cache).await.unwrap();
    assert_eq!(take(), ["leased", "created", "filled", "verified", "cutover"]);
    new().observe_steps(hear()).run(&cache).await.unwrap();
    assert_eq!(take(), ["leased", "created", "filled", "verified", "cutover"]);
    new().observe_steps(hear()).run(&cache).await.unwrap();
    assert_eq!(take(), ["leased"]);
}

/// A release that finds users by their age alone.
mod by_age {
    use cache_core::CacheModel;
    use serde::{Deserialize, Serialize};

    #[derive(Debug, Serialize, Deserialize, CacheModel)]
    #[cache(prefix = "user")]
    pub(crate) struct User {
        #[primary_key]
        id: u32,
        name: String,
        #[index]
        age: u32,
    }
}

async fn a_document_that_is_gained_makes_up_for_none_that_is_lost(cache: Cache) {
    save(&cache, 20).await;
    // The old index lacks the first, and will hold the second; the new one the other way around: each holds 21.
    write(&cache, 1_000, r#"{"id":1000,"name":17,"age":5}"#).await;
    let lost = write(&cache, 1_001, r#"{"id":1001,"name":"n1","age":"old"}"#).await;
    old().run(&cache).await.unwrap();
    let by_age = || Migrator::new().register::<by_age::User>();
    match by_age().run(&cache).await {
        Err(MigrateError::Verify { missing: 1, keys, .. }) => assert_eq!(keys, [lost]),
        other => panic!("{other:?}"),
    }
    assert_eq!(target(&cache, &alias(&cache)).await, Some(index::<Old>(&cache)));
    write(&cache, 1_001, r#"{"id":1001,"name":"n1","age":6}"#).await;
    assert_eq!(by_age().run(&cache).await.unwrap().indexes()[0].documents, 22);
}

async fn a_first_index_that_was_not_filled_is_not_taken_for_filled(cache: Cache) {
    save(&cache, 30).await;
    write(&cache, 1_000, r#"{"id":1000,"name":"n1","age":"old"}"#).await;
    // As one looks whose filling was given up without a word.
    let create = New::schema().create_index(cache.keyspace().unwrap()).unwrap();
    let mut unfilled = Command::new("FT.CREATE");
    for argument in create.args().skip(1) {
        unfilled = unfilled.args_from((argument == b"SCHEMA").then_some("SKIPINITIALSCAN")).arg(argument);
    }
    cache.command(unfilled).await.unwrap();
    save(&cache, 10).await;
    for _ in 0..2 {
        let error = new().run(&cache).await.unwrap_err();
        let text = error.to_string();
        match error {
            MigrateError::Unfilled { model: "User", index: made, missing: 21, keys, .. } => {
                assert_eq!((made, keys.len()), (index::<New>(&cache), 10));
            }
            other => panic!("{other}"),
        }
        assert!(text.contains(&format!("FT.DROPINDEX {}", index::<New>(&cache))), "{text}");
        assert_eq!(target(&cache, &alias(&cache)).await, None);
    }
    let error = New::find().count(&cache).await.unwrap_err();
    assert!(
        matches!(&error, Error::Incomplete { completeness, .. } if completeness.shortfalls() == [Shortfall::FailedDocuments(21)]),
        "{error}"
    );

    cache.command(Command::new("FT.DROPINDEX").arg(index::<New>(&cache))).await.unwrap();
    let migration = new().run(&cache).await.unwrap();
    assert_eq!((migration.indexes()[0].documents, migration.indexes()[0].missing), (30, 1));
}

live! {
    a_document_that_is_gained_makes_up_for_none_that_is_lost,
    a_first_index_that_was_not_filled_is_not_taken_for_filled,
    a_document_that_the_new_index_cannot_take_stops_the_cutover,
    so_many_may_be_missing_as_are_allowed,
    what_the_old_index_lacks_too_is_no_reason_to_stop,
    without_an_old_index_what_is_missing_is_told,
    documents_that_come_and_go_meanwhile_are_no_difference,
    progress_is_told_to_its_end,
    each_boundary_is_told_in_order,
}
