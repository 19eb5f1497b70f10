//! Streams, and what reads the keys of all documents: each document once, also while others write.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cache_core::{
    Batch, Cache, CacheModel, Changes, Command, Error, IndexPolicy, IndexSchema, Migrator, Query, Scorer,
    Shortfall,
};
use cache_tests::{connect_with, live, private_server};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Person {
    #[primary_key]
    id: u32,
    #[index(sortable)]
    city: String,
    #[index(sortable)]
    age: Option<u32>,
    #[index(text)]
    bio: String,
    #[index]
    account: u64,
    visits: u32,
}

const CITIES: [&str; 3] = ["Bern", "Basel", "Genève"];

/// Beyond what the index tells apart.
const ACCOUNT: u64 = (1 << 60) + 1;

fn person(id: u32) -> Person {
    let bio = if id.is_multiple_of(2) { "a quick brown fox" } else { "foxes run quickly" };
    let (city, age) = (CITIES[id as usize % 3].into(), Some(id * 7919 % 90));
    Person { id, city, age, bio: bio.into(), account: ACCOUNT, visits: 0 }
}

async fn people(cache: &Cache, number: u32) -> Vec<Person> {
    Migrator::new().register::<Person>().run(cache).await.unwrap();
    let people: Vec<_> = (0..number).map(person).collect();
    save(cache, &people).await;
    people
}

async fn save(cache: &Cache, people: &[Person]) {
    for saved in Person::save_many(cache, people).await {
        let _ = saved.unwrap();
    }
}

fn key(cache: &Cache, id: u32) -> Vec<u8> {
    let mut key = Vec::new();
    Person::schema().write_key(cache.keyspace().unwrap(), &mut key, &[&id]).unwrap();
    key
}

fn index(cache: &Cache) -> String {
    Person::schema().index_name(cache.keyspace().unwrap())
}

/// Queries that find everybody, each by another part of the index, the last one by reading the documents.
fn everybody() -> [Query<Person>; 6] {
    [
        Person::find(),
        Person::find_by_age(0..),
        Person::find().filter(Person::CITY.is_in(CITIES)),
        Person::find().filter(Person::BIO.matches("fox")),
        Person::find_by_age(0..).filter(!Person::CITY.eq("Lausanne")),
        Person::find_by_account(ACCOUNT),
    ]
}

/// How many cursors the index has open.
async fn cursors(cache: &Cache) -> i64 {
    let info = cache.command(Command::new("FT.INFO").arg(index(cache))).await.unwrap();
    let stats =
        info.into_pairs().unwrap().into_iter().find(|(name, _)| name.as_str() == Some("cursor_stats"));
    let stats = stats.unwrap().1.into_pairs().unwrap();
    stats
        .into_iter()
        .find(|(name, _)| name.as_str() == Some("index_total"))
        .and_then(|(_, n)| n.as_int())
        .unwrap()
}

async fn a_stream_shows_each_document_once(cache: Cache) {
    let people = people(&cache, 3_000).await;
    let mut rows = Person::find().stream(&cache);
    let mut seen = BTreeSet::new();
    while let Some(person) = rows.next().await {
        let person = person.unwrap();
        assert_eq!(person, people[person.id as usize]);
        assert!(seen.insert(person.id));
    }
    assert_eq!(seen.len(), 3_000);
    assert!(rows.next().await.is_none());
    assert!(rows.completeness().is_complete());

    let mut sorted = Person::find_by_city("Bern").sort_by(Person::AGE.desc()).page(10, 700).stream(&cache);
    let mut expected: Vec<_> =
        people.iter().filter(|person| person.city == "Bern").map(|one| one.age).collect();
    expected.sort_by_key(|age| std::cmp::Reverse(*age));
    for expected in &expected[10..710] {
        assert_eq!(sorted.next().await.unwrap().unwrap().age, *expected);
    }
    assert!(sorted.next().await.is_none());

    let mut all_sorted = Person::find().sort_by(Person::AGE.asc()).stream(&cache);
    let mut number = 0;
    while let Some(person) = all_sorted.next().await {
        let _ = person.unwrap();
        number += 1;
    }
    assert_eq!(number, 3_000);
    assert!(Person::find().filter(Person::CITY.is_in([] as [&str; 0])).stream(&cache).next().await.is_none());
    assert!(Person::find().page(0, 0).stream(&cache).next().await.is_none());
}

async fn pages_are_as_large_as_asked_for(cache: Cache) {
    people(&cache, 1_030).await;
    let mut pages = Person::find().pages(&cache, 100);
    let (mut sizes, mut seen) = (Vec::new(), BTreeSet::new());
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        sizes.push(page.len());
        seen.extend(page.into_iter().map(|person| person.id));
    }
    assert_eq!(sizes, [[100; 10].as_slice(), &[30]].concat());
    assert_eq!(seen.len(), 1_030);
}

async fn a_dropped_stream_closes_its_cursor(cache: Cache) {
    people(&cache, 2_000).await;
    for read in 1..200 {
        // Among them some that were read up to the keys of all, and beyond.
        let mut rows = Person::find().stream(&cache);
        for _ in 0..if read % 3 == 0 { 200 + read } else { 1 } {
            let _ = rows.next().await.unwrap().unwrap();
        }
    }
    // One that is dropped while the server opens it, or collects keys, too.
    for read in [0, 200] {
        for _ in 0..50 {
            let mut rows = Person::find().stream(&cache);
            for _ in 0..read {
                let _ = rows.next().await.unwrap().unwrap();
            }
            tokio::select! { biased; _ = rows.next() => {}, () = std::future::ready(()) => {} }
        }
    }
    // And one that is never asked for anything asks nobody.
    drop(Person::find().stream(&cache));
    while cursors(&cache).await > 0 {
        tokio::task::yield_now().await;
    }
}

async fn a_cursor_that_is_lost_is_named(cache: Cache) {
    people(&cache, 3_000).await;
    // The sorted one has a cursor from the beginning, the other from the second piece on.
    for (query, read) in [(Person::find().sort_by(Person::AGE.asc()), 1), (Person::find(), 201)] {
        let mut rows = query.stream(&cache);
        for _ in 0..read {
            let _ = rows.next().await.unwrap().unwrap();
        }
        let _ = cache.command(Command::new("FT.DROPINDEX").arg(index(&cache))).await.unwrap();
        let error = loop {
            match rows.next().await {
                Some(Ok(_)) => {}
                Some(Err(error)) => break error,
                None => panic!("the stream ended as if it had shown everything"),
            }
        };
        assert!(
            matches!(&error, Error::Incomplete { completeness, .. } if completeness.shortfalls() == [Shortfall::CursorLost]),
            "{error}"
        );
        assert!(rows.next().await.is_none());
        Migrator::new().register::<Person>().run(&cache).await.unwrap();
    }
}

async fn an_index_that_vanishes_behind_the_first_piece_costs_nothing(cache: Cache) {
    people(&cache, 2_000).await;
    let patient = IndexPolicy::WaitUpTo(Duration::from_secs(60));
    let mut rows = Person::find().while_indexing(patient).stream(&cache);
    let mut shown = BTreeSet::from([rows.next().await.unwrap().unwrap().id]);
    let _ = cache.command(Command::new("FT.DROPINDEX").arg(index(&cache))).await.unwrap();
    while let Some(person) = rows.next().await {
        assert!(shown.insert(person.unwrap().id));
    }
    assert_eq!(shown.len(), 2_000);
}

const NUMBER: u32 = 3_000;

/// What a stream shows, and how often, while others write behind the first document of its first piece, and of later ones.
async fn shown<F: Future<Output = ()>>(
    cache: &Cache,
    query: &Query<Person>,
    mut write: impl FnMut(u32) -> F,
) -> BTreeMap<u32, u32> {
    let (mut rows, mut shown, mut read) = (query.stream(cache), BTreeMap::new(), 0);
    while let Some(person) = rows.next().await {
        *shown.entry(person.unwrap().id).or_default() += 1;
        read += 1;
        if [1, 201, 1_000, 2_500].contains(&read) {
            write(read).await;
        }
    }
    assert!(rows.completeness().is_complete());
    shown
}

async fn scores_are_those_of_the_whole_query(cache: Cache) {
    people(&cache, 1_000).await;
    let bios = Changes::new().set(Person::BIO, "a fox and a fox and a hen");
    let _ = Person::find_by_age(..30).update(&cache, bios).await.unwrap();
    let query = Person::find().filter(Person::BIO.matches("fox") & Person::CITY.is_in(["Bern", "Basel"]));
    let all = query.clone().with_score().scorer(Scorer::Tfidf).all(&cache).await.unwrap();
    let all: BTreeMap<_, _> = all.iter().map(|scored| (scored.id, scored.score)).collect();
    let mut rows = query.with_score().scorer(Scorer::Tfidf).stream(&cache);
    let mut number = 0;
    while let Some(scored) = rows.next().await.transpose().unwrap() {
        // An aggregation writes twelve digits.
        assert!((scored.score - all[&scored.id]).abs() < 1e-9, "{}: {}", scored.id, scored.score);
        number += 1;
    }
    assert_eq!(number, all.len());
    assert!(all.values().any(|score| (score - all[&0]).abs() > 0.1), "{all:?}");
}

async fn what_is_written_meanwhile_comes_once(cache: Cache) {
    people(&cache, NUMBER).await;
    for query in everybody() {
        let shown = shown(&cache, &query, |read| {
            let cache = cache.clone();
            async move {
                let some = (0..NUMBER).filter(|id| (id + read) % 3 == 0);
                save(&cache, &some.map(|id| Person { visits: read, ..person(id) }).collect::<Vec<_>>()).await;
                // One more each time, which may be shown.
                save(&cache, &[person(NUMBER + read)]).await;
            }
        });
        let shown = shown.await;
        let (there, new) = shown.iter().partition::<Vec<_>, _>(|(id, _)| **id < NUMBER);
        assert_eq!(there.len(), NUMBER as usize, "{query}");
        assert!(there.iter().chain(&new).all(|(_, times)| **times == 1), "{query}");
    }
}

async fn what_goes_meanwhile_is_not_shown_behind_the_next_piece(cache: Cache) {
    people(&cache, NUMBER).await;
    // From the second thousand on, a third moves away, a third is deleted, and a third stays.
    let query = Person::find_by_city("Bern");
    let shown = shown(&cache, &query, |read| {
        let cache = cache.clone();
        async move {
            let ids = (0..NUMBER).filter(|id| read == 1 && id % 3 == 0 && *id >= 1_000);
            for id in ids {
                match id % 9 {
                    0 => drop(Person { city: "Basel".into(), ..person(id) }.save(&cache).await.unwrap()),
                    3 => assert!(person(id).delete(&cache).await.unwrap()),
                    _ => {}
                }
            }
        }
    });
    let shown: BTreeSet<_> = shown.await.into_keys().collect();
    let expected = (0..NUMBER).filter(|id| id % 3 == 0 && (*id < 1_000 || id % 9 == 6));
    assert_eq!(shown, expected.collect());
}

async fn long_pages_and_all_that_reads_keys_find_everything_while_others_write(cache: Cache) {
    people(&cache, NUMBER).await;
    let writes = tokio::spawn({
        let cache = cache.clone();
        async move {
            for id in (0..NUMBER).cycle() {
                let _ = Person::patch(id).increment(Person::VISITS, 1).send(&cache).await.unwrap();
            }
        }
    });
    for (round, query) in everybody().into_iter().enumerate() {
        let mut rows = query.clone().page(100, 2_000).stream(&cache);
        let mut shown = BTreeSet::new();
        while let Some(person) = rows.next().await {
            assert!(shown.insert(person.unwrap().id), "{query}");
        }
        assert_eq!(shown.len(), 2_000, "{query}");
        assert_eq!(query.count(&cache).await.unwrap(), u64::from(NUMBER), "{query}");
        let bio = format!("foxes in the {round}. round");
        let updated = query.update(&cache, Changes::new().set(Person::BIO, &*bio)).await.unwrap();
        assert_eq!((updated.changed(), updated.refused().len()), (u64::from(NUMBER), 0), "{query}");
    }
    writes.abort();
    assert!(writes.await.unwrap_err().is_cancelled(), "writes failed");
    assert_eq!(Person::find_by_age(0..).delete(&cache).await.unwrap(), u64::from(NUMBER));
}

/// Documents that have just expired are in the index until the server looks for them: then a row has nothing, not even a key.
async fn what_has_just_expired_is_not_there(cache: Cache) {
    let people = people(&cache, 300).await;
    let (ids, sorted) = (300..900, || Person::find().sort_by(Person::CITY.asc()).then_by(Person::AGE.asc()));
    for round in 0..5 {
        let soon: Vec<_> = ids.clone().map(person).collect();
        save(&cache, &soon).await;
        let expire = |id| Command::new("PEXPIRE").arg(key(&cache, id)).arg("1");
        let _ =
            cache.connection().send_all(Batch::pipeline(ids.clone().map(expire).collect())).await.unwrap();
        while Person::exists(&cache, 899).await.unwrap() {
            tokio::task::yield_now().await;
        }
        match round {
            0 => assert_eq!(sorted().ids(&cache).await.unwrap().len(), people.len()),
            1 => assert_eq!(sorted().page(0, 900).all(&cache).await.unwrap().len(), people.len()),
            2 => {
                // Others stand in the place of those that are gone, in each kind of page.
                let pages = [sorted(), Person::find()].map(|query| query.page(0, 100));
                for page in pages {
                    assert_eq!(shown(&cache, &page, |_| std::future::ready(())).await.len(), 100, "{page}");
                }
                assert_eq!(sorted().page(0, 1).delete(&cache).await.unwrap(), 1);
                save(&cache, &people).await;
            }
            3 => {
                let shown = shown(&cache, &Person::find(), |_| std::future::ready(())).await;
                assert_eq!(shown.len(), people.len());
            }
            _ => assert_eq!(Person::find().delete(&cache).await.unwrap(), people.len() as u64),
        }
    }
}

#[tokio::test]
async fn what_the_server_collects_only_in_part_says_so() {
    let server = private_server().await;
    let cache = connect_with(server.url()).await.unwrap();
    let limit = |name, number| Command::new("FT.CONFIG").args_from(["SET", name, number]);
    cache.command(limit("MAXSEARCHRESULTS", "100")).await.unwrap();
    let cache = connect_with(server.url()).await.unwrap();
    people(&cache, 1_500).await;
    // A piece has no more than the server answers at once.
    let shown = shown(&cache, &Person::find(), |_| std::future::ready(())).await;
    assert_eq!(shown.len(), 1_500);
    let page = Person::find().page(0, 300);
    assert_eq!(self::shown(&cache, &page, |_| std::future::ready(())).await.len(), 300);

    cache.command(limit("MAXAGGREGATERESULTS", "1000")).await.unwrap();
    let expected = [Shortfall::ResultCap { total: 1_500, returned: 1_000 }];
    let mut errors = vec![Person::find().delete(&cache).await.unwrap_err()];
    for query in [Person::find(), Person::find().sort_by(Person::AGE.asc())] {
        let mut rows = query.stream(&cache);
        errors.push(loop {
            if let Err(error) = rows.next().await.unwrap() {
                break error;
            }
        });
    }
    for error in errors {
        let is_short =
            matches!(&error, Error::Incomplete { completeness, .. } if completeness.shortfalls() == expected);
        assert!(is_short, "{error}");
    }
    assert_eq!(Person::find().count(&cache).await.unwrap(), 1_500, "nothing is deleted");
}

live! {
    what_has_just_expired_is_not_there,
    a_stream_shows_each_document_once,
    pages_are_as_large_as_asked_for,
    a_dropped_stream_closes_its_cursor,
    a_cursor_that_is_lost_is_named,
    an_index_that_vanishes_behind_the_first_piece_costs_nothing,
    what_is_written_meanwhile_comes_once,
    scores_are_those_of_the_whole_query,
    what_goes_meanwhile_is_not_shown_behind_the_next_piece,
    long_pages_and_all_that_reads_keys_find_everything_while_others_write,
}
