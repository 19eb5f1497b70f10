//! Documents on all nodes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cache_core::{Batch, CacheModel, Command, Error, Reply, Route, Ttl};
use futures_util::future::join_all;

use crate::case::Place;
use crate::models::{Named, Note, Plain, note, plain};

pub(crate) async fn read_and_written(place: Place) {
    let cache = place.cache().await;
    assert!(cache.capabilities().cluster);
    for id in 0..30 {
        let mut saved = note(id);
        let _ = saved.save(&cache).await.unwrap();
        saved.version = 1;
        assert_eq!(Note::get(&cache, id).await.unwrap(), Some(saved.clone()));
        assert!(note(id).save(&cache).await.unwrap_err().is_version_conflict());
        let patched = Note::patch(id).set(Note::TEXT, "other").send(&cache).await.unwrap();
        assert_eq!(patched.version(), Some(2));
        let modified = Note::modify(&cache, id, |note| note.text.push('!')).await.unwrap();
        assert_eq!((modified.text.as_str(), modified.version), ("other!", 3));
        assert!(Note::expire(&cache, id, Duration::from_secs(60)).await.unwrap());
        assert!(matches!(Note::ttl(&cache, id).await.unwrap(), Ttl::Remaining(_)));
        assert!(Note::delete_by_id(&cache, id).await.unwrap());
        assert!(!Note::exists(&cache, id).await.unwrap());
    }
}

pub(crate) async fn in_bulk(place: Place) {
    let cache = place.cache().await;
    for saved in Plain::save_many(&cache, (0..3_000).map(plain)).await {
        assert!(saved.unwrap().stored());
    }
    let asked = || (0..3_000_u32).rev().chain([5_000, 7, 7]);
    let found = Plain::get_many(&cache, asked()).await.unwrap();
    let expected: Vec<_> = asked().map(|id| (id < 3_000).then(|| plain(id))).collect();
    assert_eq!(found, expected);
    let mut on = Vec::new();
    let sizes = cache.command(Command::new("DBSIZE").routed(Route::AllMasters)).await.unwrap();
    on.extend(sizes.into_items().unwrap().iter().filter_map(Reply::as_int));
    assert!(on.len() == 3 && on.iter().all(|keys| *keys > 500), "{on:?}");
    // A call is one of those that wait, to however many nodes it goes.
    let few = place.two_at_once().await;
    assert_eq!(Plain::get_many(&few, asked()).await.unwrap(), expected);
    assert_eq!(Plain::count_all(&few).await.unwrap(), 3_000);
    assert_eq!(Plain::delete_many(&cache, 1_000..4_000).await.unwrap(), 2_000);
    let found = Plain::get_many(&cache, 0..3_000).await.unwrap();
    assert_eq!(found.iter().flatten().count(), 1_000);
}

/// What one call has keys of every node for.
pub(crate) async fn in_one_call(place: Place) {
    let cache = place.cache().await;
    let key = |n: u32| format!("{}:{n}", place.project);
    let keys: Vec<_> = (0..100).map(key).collect();
    let sets = keys.iter().map(|key| Command::new("SET").key(key).arg(key)).collect();
    for answer in cache.connection().send_all(Batch::pipeline(sets)).await.unwrap() {
        answer.unwrap();
    }
    let gets = |name| keys.iter().fold(Command::new(name), Command::key);
    let answers = vec![Command::new("PING"), gets("MGET"), gets("EXISTS"), gets("UNLINK"), gets("EXISTS")];
    let answers = cache.connection().send_all(Batch::pipeline(answers)).await.unwrap();
    let [_, values, there, unlinked, left] = <[_; 5]>::try_from(answers).unwrap();
    let values: Vec<_> = values.unwrap().into_items().unwrap();
    let values: Vec<_> = values.iter().filter_map(Reply::as_str).collect();
    assert_eq!(values, keys);
    assert_eq!([there, unlinked, left].map(|count| count.unwrap().as_int()), [Some(100), Some(100), Some(0)]);
    // A transaction is of one slot, and is refused on several.
    let both = |one: &str, other: &str| {
        let set = |key: &str| Command::new("SET").key(key).arg("x");
        Batch::atomic(vec![set(one), set(other)])
    };
    let tag = format!("{{{}}}", place.project);
    let one = both(&format!("{tag}a"), &format!("{tag}b"));
    assert!(cache.connection().send_all(one).await.unwrap().iter().all(Result::is_ok));
    let error = cache.connection().send_all(both("a", "b")).await.unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }) && error.to_string().contains("hash tag"), "{error}");
}

pub(crate) async fn unique(place: Place) {
    let cache = place.cache().await;
    for round in 0..10 {
        let name = format!("name {round}");
        let racers = (0..8).map(|racer| {
            let (cache, named) = (cache.clone(), Named { id: round * 8 + racer, name: name.clone() });
            async move { named.save(&cache).await.is_ok() }
        });
        assert_eq!(join_all(racers).await.into_iter().filter(|won| *won).count(), 1, "round {round}");
        let holder = Named::get_by_name(&cache, &name).await.unwrap().unwrap();
        assert!(Named::delete_by_id(&cache, holder.id).await.unwrap());
        let _ = Named { id: 1_000, name: name.clone() }.save(&cache).await.unwrap();
        assert_eq!(Named::get_by_name(&cache, &name).await.unwrap().unwrap().id, 1_000);
    }
}

pub(crate) async fn loaded(place: Place) {
    let (cache, other) = (place.cache().await, place.cache().await);
    let loads = Arc::new(AtomicU32::new(0));
    for id in 0..20 {
        loads.store(0, Ordering::SeqCst);
        let load = || {
            let loads = Arc::clone(&loads);
            async move || {
                loads.fetch_add(1, Ordering::SeqCst);
                tokio::task::yield_now().await;
                Ok::<_, std::io::Error>(Some(plain(id)))
            }
        };
        let calls = (0..16).map(|n| {
            let cache = if n % 2 == 0 { &cache } else { &other };
            let load = load();
            async move { Plain::load(id).once_per_fleet(Duration::from_secs(20)).get(cache, load).await }
        });
        for loaded in join_all(calls).await {
            assert_eq!(loaded.unwrap(), Some(plain(id)));
        }
        assert_eq!(loads.load(Ordering::SeqCst), 1, "one load of {id} for all");
        Plain::invalidate(&other, id).await.unwrap();
        assert_eq!(Plain::get(&cache, id).await.unwrap(), None);
    }
    Plain::invalidate_many(&cache, 0..20).await.unwrap();
}
