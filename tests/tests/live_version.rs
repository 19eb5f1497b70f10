//! Versions: who writes what somebody else changed meanwhile is told so, and loses nothing.

use std::time::Duration;

use cache_core::{Cache, CacheModel, Command, Error, Expiry, PatchError, Saved};
use cache_tests::live;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "counter")]
struct Counter {
    #[primary_key]
    id: u32,
    hits: u64,
    #[serde(default, rename = "the version")]
    #[version]
    version: u64,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(ttl = "30m")]
struct Session {
    #[primary_key]
    id: u32,
    user: String,
    // What was never saved has no such member.
    #[serde(default, skip_serializing_if = "is_zero")]
    #[version]
    revision: i64,
}

fn is_zero(revision: &i64) -> bool {
    *revision == 0
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "counter")]
struct Short {
    #[primary_key]
    id: u32,
    hits: u64,
    #[serde(rename = "the version")]
    #[version]
    version: u32,
}

fn counter(id: u32, hits: u64, version: u64) -> Counter {
    Counter { id, hits, version }
}

fn session(user: &str, revision: i64) -> Session {
    Session { id: 1, user: user.to_owned(), revision }
}

async fn there(cache: &Cache, id: u32) -> Counter {
    Counter::get(cache, id).await.unwrap().unwrap()
}

/// Stores a document past everything that guards it.
async fn store(cache: &Cache, json: &str) {
    let key = format!("{}:counter:1", cache.keyspace().unwrap().global());
    cache.command(Command::new("JSON.SET").key(key).arg("$").arg(json)).await.unwrap();
}

#[track_caller]
fn conflict(result: Result<Saved, Error>) -> (u64, Option<u64>) {
    let error = result.unwrap_err();
    assert!(error.is_version_conflict(), "{error:?}");
    match error {
        Error::VersionConflict { expected, found, .. } => (expected, found),
        other => panic!("{other:?}"),
    }
}

async fn a_save_replaces_the_version_it_knows(cache: Cache) {
    let saved = counter(1, 5, 0).save(&cache).await.unwrap();
    assert_eq!((saved.stored(), saved.version()), (true, Some(1)));
    assert_eq!(there(&cache, 1).await, counter(1, 5, 1));
    assert_eq!(conflict(counter(1, 6, 0).save(&cache).await), (0, Some(1)));
    assert_eq!(counter(1, 6, 1).save(&cache).await.unwrap().version(), Some(2));
    assert_eq!(conflict(counter(1, 7, 1).save(&cache).await), (1, Some(2)));
    assert_eq!(conflict(counter(1, 7, 3).save(&cache).await), (3, Some(2)));
    assert_eq!(there(&cache, 1).await, counter(1, 6, 2));

    assert!(there(&cache, 1).await.delete(&cache).await.unwrap());
    let error = counter(1, 7, 2).save(&cache).await.unwrap_err();
    assert!(error.to_string().contains("is gone, and version 2"), "{error}");
    assert_eq!(conflict(Err(error)), (2, None));
    assert!(!Counter::exists(&cache, 1).await.unwrap());
}

async fn insert_stores_the_first_version_and_replace_the_next(cache: Cache) {
    assert_eq!(counter(1, 5, 9).insert(&cache).await.unwrap().version(), Some(1));
    assert!(counter(1, 5, 1).insert(&cache).await.unwrap_err().is_already_exists());
    assert_eq!(counter(1, 6, 1).replace(&cache).await.unwrap().version(), Some(2));
    assert_eq!(conflict(counter(1, 6, 1).replace(&cache).await), (1, Some(2)));
    assert!(counter(2, 6, 0).replace(&cache).await.unwrap_err().is_not_found());
    assert_eq!(there(&cache, 1).await, counter(1, 6, 2));
    let made = Counter::get_or_insert_with(&cache, 3, || counter(3, 0, 7)).await.unwrap();
    assert_eq!(made, counter(3, 0, 1));
}

async fn a_time_to_live_comes_with_it(cache: Cache) {
    let minute = Duration::from_secs(60);
    assert_eq!(session("a", 0).save_with(&cache, Expiry::After(minute)).await.unwrap().version(), Some(1));
    let left = async || Session::ttl(&cache, 1).await.unwrap().remaining();
    assert!(left().await.unwrap() <= minute);
    conflict(session("b", 0).save_with(&cache, Expiry::Never).await);
    assert!(left().await.unwrap() <= minute, "a refused save leaves it alone");
    let _ = session("b", 1).save(&cache).await.unwrap();
    assert!(left().await.unwrap() > 29 * minute);
    assert_eq!(Session::get(&cache, 1).await.unwrap(), Some(session("b", 2)));
    let error = session("c", -1).save(&cache).await.unwrap_err();
    assert!(matches!(error, Error::NoNextVersion { model: "Session" }), "{error:?}");
}

async fn many_are_each_compared(cache: Cache) {
    let _ = counter(2, 0, 0).save(&cache).await.unwrap();
    let many = [counter(1, 1, 0), counter(2, 2, 0), counter(3, 3, 0), counter(1, 4, 1), counter(3, 5, 0)];
    let results = Counter::save_many(&cache, many).await;
    let versions: Vec<_> = results.iter().map(|result| result.as_ref().ok()?.version()).collect();
    assert_eq!(versions, [Some(1), None, Some(1), Some(2), None]);
    assert!(results[1].as_ref().unwrap_err().is_version_conflict());
    assert_eq!(there(&cache, 1).await, counter(1, 4, 2));
    assert_eq!(there(&cache, 3).await, counter(3, 3, 1));
}

async fn a_patch_counts_it_up(cache: Cache) {
    let _ = counter(1, 5, 0).save(&cache).await.unwrap();
    let saved = Counter::patch(1).increment(Counter::HITS, 1).send(&cache).await.unwrap();
    assert_eq!(saved.version(), Some(2));
    assert_eq!(conflict(counter(1, 9, 1).save(&cache).await), (1, Some(2)));
    let patched = Counter::patch(1).set(Counter::HITS, 8u64).send_and_get(&cache).await.unwrap();
    assert_eq!(patched, counter(1, 8, 3));
    assert_eq!(Counter::patch(1).send(&cache).await.unwrap().version(), None);
    assert_eq!(there(&cache, 1).await, counter(1, 8, 3));
    for patch in
        [Counter::patch(1).set(Counter::VERSION, 7u64), Counter::patch(1).increment(Counter::VERSION, 1)]
    {
        let error = patch.send(&cache).await.unwrap_err();
        assert!(matches!(error.patch_error(), Some(PatchError::Version { .. })), "{error:?}");
    }
}

async fn a_document_older_than_the_field_has_version_zero(cache: Cache) {
    for json in [r#"{"id":1,"hits":5}"#, r#"{"id":1,"hits":5,"the version":null}"#] {
        store(&cache, json).await;
        assert_eq!(counter(1, 6, 0).save(&cache).await.unwrap().version(), Some(1));
        store(&cache, json).await;
        assert_eq!(
            Counter::patch(1).increment(Counter::HITS, 1).send(&cache).await.unwrap().version(),
            Some(1)
        );
        assert_eq!(there(&cache, 1).await, counter(1, 6, 1));
    }
    store(&cache, r#"{"id":1,"hits":5}"#).await;
    let modified = Counter::modify(&cache, 1, |counter| counter.hits += 1).await.unwrap();
    assert_eq!(modified, counter(1, 6, 1));
    store(&cache, r#"{"id":1,"hits":5,"the version":"x"}"#).await;
    assert_eq!(conflict(counter(1, 6, 0).save(&cache).await), (0, None));
}

async fn versions_are_exact_to_the_last(cache: Cache) {
    for version in [(1 << 53) + 1, u64::MAX - 2] {
        store(&cache, &format!(r#"{{"id":1,"hits":0,"the version":{version}}}"#)).await;
        assert_eq!(conflict(counter(1, 1, version - 1).save(&cache).await), (version - 1, Some(version)));
        assert_eq!(conflict(counter(1, 1, version + 1).save(&cache).await), (version + 1, Some(version)));
        assert_eq!(counter(1, 1, version).save(&cache).await.unwrap().version(), Some(version + 1));
        assert_eq!(there(&cache, 1).await, counter(1, 1, version + 1));
        let saved = Counter::patch(1).set(Counter::HITS, 2u64).send(&cache).await.unwrap();
        assert_eq!(saved.version(), Some(version + 2));
    }
    let last = there(&cache, 1).await;
    assert_eq!(last.version, u64::MAX);
    assert!(matches!(last.save(&cache).await, Err(Error::NoNextVersion { .. })));
    let error = Counter::patch(1).set(Counter::HITS, 3u64).send(&cache).await.unwrap_err();
    assert!(matches!(error.patch_error(), Some(PatchError::OutOfRange { .. })), "{error:?}");
    assert_eq!(there(&cache, 1).await, last);

    store(&cache, &format!(r#"{{"id":1,"hits":0,"the version":{}}}"#, u32::MAX)).await;
    let error = Short::modify(&cache, 1, |short| short.hits += 1).await.unwrap_err();
    assert!(matches!(error, Error::NoNextVersion { .. }), "{error:?}");
}

async fn modify_changes_what_is_stored(cache: Cache) {
    assert!(Counter::modify(&cache, 1, |_| unreachable!()).await.unwrap_err().is_not_found());
    let _ = counter(1, 5, 0).save(&cache).await.unwrap();
    let modified = Counter::modify(&cache, &1, |counter| counter.hits += 1).await.unwrap();
    assert_eq!(modified, counter(1, 6, 2));
    assert_eq!(there(&cache, 1).await, modified);
    // What the closure says of the version has no effect.
    let modified = Counter::modify(&cache, 1, |it| *it = counter(1, it.hits + 1, 77)).await.unwrap();
    assert_eq!(modified, counter(1, 7, 3));
    let error = Counter::modify(&cache, 1, |counter| counter.id = 2).await.unwrap_err();
    assert!(matches!(error, Error::OtherKey { .. }), "{error:?}");
    assert_eq!(Counter::count_all(&cache).await.unwrap(), 1);
}

const TASKS: u64 = 32;
const EACH: u64 = 10;

async fn of_many_changes_none_is_lost(cache: Cache) {
    let _ = counter(1, 0, 0).save(&cache).await.unwrap();
    let tasks: Vec<_> = (0..TASKS)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move {
                for _ in 0..EACH {
                    Counter::modify(&cache, 1, |counter| counter.hits += 1).await.unwrap();
                    let _ = Counter::patch(1).increment(Counter::HITS, 1).send(&cache).await.unwrap();
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    let writes = 2 * TASKS * EACH;
    assert_eq!(there(&cache, 1).await, counter(1, writes, writes + 1));
}

live! {
    a_save_replaces_the_version_it_knows,
    insert_stores_the_first_version_and_replace_the_next,
    a_time_to_live_comes_with_it,
    many_are_each_compared,
    a_patch_counts_it_up,
    a_document_older_than_the_field_has_version_zero,
    versions_are_exact_to_the_last,
    modify_changes_what_is_stored,
    of_many_changes_none_is_lost,
}
