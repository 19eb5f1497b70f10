//! Many documents: saved in pipelines and from streams, read back in their order, gone through by their keys.

use std::collections::{BTreeSet, VecDeque};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use cache_core::{Cache, CacheModel, Command, Error, Protocol, ServerErrorKind};
use cache_tests::live;
use futures_core::Stream;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Item {
    #[primary_key]
    id: u32,
    #[index]
    name: String,
}

fn item(id: u32) -> Item {
    Item { id, name: format!("name {id}") }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(ttl = "30m")]
struct Session {
    #[primary_key]
    id: String,
    user: u32,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Blob {
    #[primary_key]
    id: u32,
    data: String,
}

fn session(id: u32, user: u32) -> Session {
    Session { id: id.to_string(), user }
}

async fn many_are_saved_each_with_its_result(cache: Cache) {
    let mut items: Vec<_> = (0..1_200).map(item).collect();
    items[700].name = "a\0b".to_owned();
    let results = Item::save_many(&cache, &items).await;
    assert_eq!(results.len(), items.len());
    for (item, result) in items.iter().zip(&results) {
        match result {
            Ok(saved) => assert!(saved.stored()),
            Err(error) => assert!(matches!(error, Error::NulCharacter { .. }) && item.id == 700, "{error:?}"),
        }
    }
    let read = Item::get_many(&cache, (0..1_201_u32).rev()).await.unwrap();
    assert_eq!(read.len(), 1_201);
    assert_eq!(read[0], None);
    for (read, item) in read.into_iter().skip(1).zip(items.into_iter().rev()) {
        assert_eq!(read, (item.id != 700).then_some(item));
    }
    assert!(Item::save_many(&cache, Vec::<Item>::new()).await.is_empty());
}

async fn one_that_is_refused_does_not_keep_the_others(cache: Cache) {
    let keys = ["30", "450"].map(|id| format!("{}:item:{id}", cache.keyspace().unwrap().global()));
    for key in &keys {
        cache.command(Command::new("SET").key(key).arg("theirs")).await.unwrap();
    }
    // In one command and in another one, each document is there with two values, of which the later one stays.
    let again = |id: u32| Item { id: id % 200, name: format!("name {id} again") };
    let items: Vec<_> = (0..470).map(item).chain((0..200).map(again)).collect();
    let results = Item::save_many(&cache, &items).await;
    for (at, result) in results.iter().enumerate() {
        let is_theirs = at == 30 || at == 450 || at == 470 + 30;
        match result {
            Ok(saved) => assert!(saved.stored() && !is_theirs, "{at}"),
            Err(error) => {
                assert!(
                    is_theirs && error.server_kind() == Some(ServerErrorKind::WrongType),
                    "{at}: {error:?}"
                );
            }
        }
    }
    for id in (0..470).filter(|id| ![30, 450].contains(id)) {
        let expected = if id < 200 { again(id) } else { item(id) };
        assert_eq!(Item::get(&cache, id).await.unwrap(), Some(expected));
    }
    for key in keys {
        let there = cache.command(Command::new("GET").key(key)).await.unwrap();
        assert_eq!(there.as_str(), Some("theirs"));
    }
}

/// How documents are stored is not to be seen in what they were before.
async fn many_leave_what_one_leaves(cache: Cache) {
    let _ = item(1).save(&cache).await.unwrap();
    let _ = item(2).save(&cache).await.unwrap();
    for id in [1, 2] {
        assert!(Item::expire(&cache, id, Duration::from_secs(600)).await.unwrap());
    }
    let _ = item(1).save(&cache).await.unwrap();
    assert!(Item::save_many(&cache, [item(2), item(3)]).await.iter().all(Result::is_ok));
    let ends = async |id: u32| Item::ttl(&cache, id).await.unwrap().remaining().is_some();
    assert_eq!((ends(1).await, ends(3).await), (ends(2).await, false));
}

async fn many_with_a_ttl_have_it_and_the_last_one_stays(cache: Cache) {
    // Another client empties the script cache now and then.
    for round in 0..5 {
        let flush = {
            let cache = cache.clone();
            tokio::spawn(async move {
                for _ in 0..50 {
                    cache.command(Command::new("SCRIPT").arg("FLUSH")).await.unwrap();
                    tokio::time::sleep(Duration::from_micros(300)).await;
                }
            })
        };
        let sessions = (0..2_000).map(|number| session(number % 100, round * 10_000 + number));
        assert!(Session::save_many(&cache, sessions).await.iter().all(Result::is_ok));
        flush.await.unwrap();
        for id in 0..100 {
            let there = Session::get(&cache, id.to_string()).await.unwrap().unwrap();
            assert_eq!(there, session(id, round * 10_000 + 1_900 + id));
            let left = Session::ttl(&cache, id.to_string()).await.unwrap().remaining().unwrap();
            assert!(left > Duration::from_secs(29 * 60));
        }
    }
    let large = |id: u32| Blob { id, data: "x".repeat(300_000) };
    assert!(Blob::save_many(&cache, (0..12).map(large)).await.iter().all(Result::is_ok));
    assert_eq!(Blob::count_all(&cache).await.unwrap(), 12);
}

async fn a_save_of_many_can_be_spawned(cache: Cache) {
    let saved = tokio::spawn(async move {
        let items: Vec<_> = (0..3).map(item).collect();
        let mut results = Item::save_many(&cache, &items).await;
        results.extend(Item::save_many(&cache, items.iter().filter(|item| item.id > 1)).await);
        let mut stream = Item::save_stream(&cache, Source::of(items, 0));
        while let Some(result) = stream.next().await {
            results.push(result);
        }
        let mut ids = Item::ids(&cache);
        while let Some(id) = ids.next().await {
            let _ = Item::patch(id.unwrap()).set(Item::NAME, "spawned").send(&cache).await.unwrap();
        }
        results
    });
    assert_eq!(saved.await.unwrap().into_iter().filter(Result::is_ok).count(), 7);
}

/// A stream that has nothing right now before every `pause`th item (0: always has), and counts what it gave.
struct Source<T> {
    items: VecDeque<T>,
    pause: usize,
    given: Arc<AtomicUsize>,
    paused: bool,
}

impl<T> Source<T> {
    fn of(items: impl IntoIterator<Item = T>, pause: usize) -> Self {
        Self { items: items.into_iter().collect(), pause, given: Arc::default(), paused: false }
    }
}

impl<T: Unpin> Stream for Source<T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.get_mut();
        let given = this.given.load(Ordering::Relaxed);
        if this.pause > 0 && given.is_multiple_of(this.pause) && !std::mem::replace(&mut this.paused, true) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        this.paused = false;
        this.given.store(given + 1, Ordering::Relaxed);
        Poll::Ready(this.items.pop_front())
    }
}

async fn a_stream_is_saved_as_it_comes(cache: Cache) {
    for pause in [0, 1, 7, 500] {
        let mut items: Vec<_> = (0..1_300).map(item).collect();
        items[3].name = "\0".to_owned();
        let source = Source::of(items, pause);
        let given = Arc::clone(&source.given);
        let mut results = Item::save_stream(&cache, source);
        let mut position = 0;
        while let Some(result) = results.next().await {
            assert_eq!(result.is_err(), position == 3, "{result:?}");
            position += 1;
            let ahead = given.load(Ordering::Relaxed) - position;
            assert!(ahead <= 500, "{ahead} documents are held");
        }
        assert_eq!(position, 1_300);
        assert!(results.next().await.is_none());
        assert_eq!(Item::delete_many(&cache, 0..1_300_u32).await.unwrap(), 1_299);
    }
}

async fn keys_and_ids_are_those_of_the_model_alone(cache: Cache) {
    let global = cache.keyspace().unwrap().global().to_owned();
    for name in ["a*c", "a?c", "a[bx]c", "a\\c", "a^c", "abc", "axc", "a[^z]c"] {
        let cache = cache.clone().namespace(&format!("{global}:{name}"));
        let _ = item(name.len() as u32).save(&cache).await.unwrap();
    }
    for name in ["a*c", "a?c", "a[bx]c", "a\\c", "a^c", "abc", "axc", "a[^z]c"] {
        let cache = cache.clone().namespace(&format!("{global}:{name}"));
        let mut keys = Item::keys(&cache);
        let key = keys.next().await.unwrap().unwrap();
        assert_eq!(key, format!("{global}:{name}:item:{}", name.len()));
        assert!(keys.next().await.is_none(), "{name}");
        assert_eq!(Item::count_all(&cache).await.unwrap(), 1);
    }

    // What is under the prefix and is no document, and documents of a prefix that begins alike.
    cache.command(Command::new("SET").key(format!("{global}:item:9")).arg("no JSON")).await.unwrap();
    let neighbour = Command::new("JSON.SET").key(format!("{global}:items:8")).arg("$").arg("{}");
    cache.command(neighbour).await.unwrap();
    for (id, result) in Item::save_many(&cache, (0..3_000).map(item)).await.into_iter().enumerate() {
        // What is no JSON is not saved over, which is no business of the other documents.
        let kind = result.err().and_then(|error| error.server_kind());
        assert_eq!(kind, (id == 9).then_some(ServerErrorKind::WrongType));
    }
    let (mut found, mut ids) = (BTreeSet::new(), Item::ids(&cache));
    while let Some(id) = ids.next().await {
        found.insert(id.unwrap());
    }
    assert_eq!(found, (0..3_000).filter(|id| *id != 9).collect());
    assert_eq!(Item::count_all(&cache).await.unwrap(), 2_999);
    assert_eq!(Session::count_all(&cache).await.unwrap(), 0);
}

async fn ids_that_no_document_has_are_errors_of_their_own(cache: Cache) {
    let global = cache.keyspace().unwrap().global().to_owned();
    for id in ["007", "seven", "7"] {
        let set = Command::new("JSON.SET").key(format!("{global}:item:{id}")).arg("$").arg("{}");
        cache.command(set).await.unwrap();
    }
    let (mut good, mut bad, mut ids) = (0, 0, Item::ids(&cache));
    while let Some(id) = ids.next().await {
        match id {
            Ok(id) => good += id,
            Err(error) => bad += u32::from(matches!(error, Error::KeyWithoutId { model: "Item", .. })),
        }
    }
    assert_eq!((good, bad), (7, 2));
}

async fn what_is_there_all_the_time_is_shown(cache: Cache) {
    assert!(Item::save_many(&cache, (0..5_000).map(item)).await.iter().all(Result::is_ok));
    let others = {
        let cache = cache.clone();
        tokio::spawn(async move {
            // The server's table grows and shrinks meanwhile.
            for round in 0..3_u32 {
                let some = || (0..20_000).map(move |id| session(id, round));
                assert!(Session::save_many(&cache, some()).await.iter().all(Result::is_ok));
                Session::delete_many(&cache, some().map(|session| session.id)).await.unwrap();
            }
        })
    };
    while !others.is_finished() {
        assert_eq!(Item::count_all(&cache).await.unwrap(), 5_000);
    }
    others.await.unwrap();
}

live! {
    many_are_saved_each_with_its_result,
    one_that_is_refused_does_not_keep_the_others,
    many_leave_what_one_leaves,
    many_with_a_ttl_have_it_and_the_last_one_stays,
    a_save_of_many_can_be_spawned,
    a_stream_is_saved_as_it_comes,
    keys_and_ids_are_those_of_the_model_alone,
    ids_that_no_document_has_are_errors_of_their_own,
    what_is_there_all_the_time_is_shown,
}

/// A server that does not answer: every document says so, and nobody waits for each pipeline in turn.
#[tokio::test]
async fn what_was_not_answered_says_so() {
    let server = cache_tests::private_server().await;
    let cache = cache_tests::connect(&server.url(), Protocol::Resp3).await;
    assert!(Item::save_many(&cache, (0..1_000).map(item)).await.iter().all(Result::is_ok));
    server.pause().await.unwrap();
    let began = Instant::now();
    let results = Item::save_many(&cache, (0..50_000).map(item)).await;
    let waited = began.elapsed();
    server.resume().await.unwrap();
    assert_eq!(results.len(), 50_000);
    assert!(results.iter().all(|result| result.as_ref().is_err_and(Error::is_unavailable)));
    assert!(waited < cache.connection().deadline() * 2, "{waited:?}");
    assert!(matches!(results[0], Err(Error::Timeout { .. })), "{:?}", results[0]);
    assert!(matches!(results[499], Err(Error::Timeout { .. })), "{:?}", results[499]);
    assert!(matches!(results[500], Err(Error::Unavailable { .. })), "{:?}", results[500]);
}
