//! What a query can be made to do, beyond answering with documents.

use std::collections::BTreeSet;
use std::time::Duration;

use cache_core::{Cache, CacheModel, Changes, Expiry, Migrator, PatchError, Reply, Scorer};
use cache_tests::live;
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
    visits: Option<u8>,
}

const CITIES: [&str; 3] = ["Bern", "Basel", "Genève"];

fn person(id: u32) -> Person {
    let bio = if id.is_multiple_of(2) { "a quick brown fox" } else { "foxes run quickly" };
    let age = (!id.is_multiple_of(5)).then_some(id * 7919 % 90);
    Person { id, city: CITIES[id as usize % 3].into(), age, bio: bio.into(), visits: Some(0) }
}

async fn people(cache: &Cache, number: u32) -> Vec<Person> {
    Migrator::new().register::<Person>().run(cache).await.unwrap();
    let people: Vec<_> = (0..number).map(person).collect();
    for saved in Person::save_many(cache, &people).await {
        let _ = saved.unwrap();
    }
    people
}

async fn several_fields_sort(cache: Cache) {
    let mut people = people(&cache, 500).await;
    people.sort_by_key(|person| (std::cmp::Reverse(person.city.clone()), person.age.is_none(), person.age));
    let sorted = || Person::find().sort_by(Person::CITY.desc()).then_by(Person::AGE.asc());
    let key = |person: &Person| (person.city.clone(), person.age);
    let expected: Vec<_> = people.iter().map(key).collect();
    let found = sorted().all(&cache).await.unwrap();
    assert_eq!(found.iter().map(key).collect::<Vec<_>>(), expected);
    let page = sorted().page(100, 50).all(&cache).await.unwrap();
    assert_eq!(page.iter().map(key).collect::<Vec<_>>(), expected[100..150]);
    assert_eq!(page.total(), 500);
    assert_eq!(sorted().first(&cache).await.unwrap().map(|person| key(&person)).as_ref(), expected.first());
    assert_eq!(sorted().count(&cache).await.unwrap(), 500);
    let ids = sorted().page(0, 3).ids(&cache).await.unwrap();
    assert_eq!(ids.len(), 3);
    let mut rows = sorted().stream(&cache);
    for expected in &expected {
        assert_eq!(key(&rows.next().await.unwrap().unwrap()), *expected);
    }
}

async fn existence_and_ids_are_read_without_documents(cache: Cache) {
    let people = people(&cache, 60).await;
    assert!(Person::find_by_city("Bern").exists(&cache).await.unwrap());
    assert!(!Person::find_by_city("Zürich").exists(&cache).await.unwrap());
    let ids: BTreeSet<_> = Person::find_by_city("Bern").ids(&cache).await.unwrap().into_iter().collect();
    let expected: BTreeSet<_> = people.iter().filter(|one| one.city == "Bern").map(|one| one.id).collect();
    assert_eq!(ids, expected);
    let page = Person::find().sort_by(Person::AGE.desc()).page(0, 2).ids(&cache).await.unwrap();
    assert_eq!((page.len(), page.total()), (2, 60));
    // The server still knows a document that has just expired; it is not there.
    let gone = Person { id: 99, city: "Zug".into(), ..person(1) };
    let _ = gone.save_with(&cache, Expiry::After(Duration::from_millis(1))).await.unwrap();
    while Person::exists(&cache, 99).await.unwrap() {
        tokio::task::yield_now().await;
    }
    assert!(!Person::find_by_city("Zug").exists(&cache).await.unwrap());
}

async fn some_keys_alone_are_searched(cache: Cache) {
    people(&cache, 60).await;
    let found = Person::find_by_city("Bern").in_keys([0, 1, 3, 4, 999]).all(&cache).await.unwrap();
    assert_eq!(found.iter().map(|one| one.id).collect::<BTreeSet<_>>(), [0, 3].into());
    assert_eq!(Person::find().in_keys([] as [u32; 0]).count(&cache).await.unwrap(), 0);
    assert_eq!(Person::find().in_keys([5, 6]).delete(&cache).await.unwrap(), 2);
}

async fn words_are_read_as_the_query_says(cache: Cache) {
    people(&cache, 10).await;
    let found = |query: cache_core::Query<Person>| {
        let cache = cache.clone();
        async move { query.count(&cache).await.unwrap() }
    };
    let fox = || Person::find().filter(Person::BIO.matches("fox"));
    assert_eq!(found(fox()).await, 10);
    assert_eq!(found(fox().verbatim()).await, 5);
    let foxes = || Person::find().filter(Person::BIO.matches("foxes"));
    assert_eq!(found(foxes()).await, 10);
    assert_eq!(found(foxes().in_language(cache_core::Language::Arabic)).await, 5);
    let apart = || Person::find().filter(Person::BIO.matches("fox quick"));
    assert_eq!(found(apart()).await, 10);
    assert_eq!(found(apart().slop(0)).await, 0);
    assert_eq!(found(apart().slop(1)).await, 10);
    assert_eq!(found(apart().slop(1).in_order()).await, 5);
}

async fn scores_come_with_documents(cache: Cache) {
    people(&cache, 10).await;
    let query = Person::find().filter(Person::BIO.matches("fox")).scorer(Scorer::Bm25Std).with_score();
    let found = query.all(&cache).await.unwrap();
    assert_eq!(found.len(), 10);
    assert!(found.windows(2).all(|pair| pair[0].score >= pair[1].score));
    assert!(found.iter().all(|scored| scored.score > 0.0 && scored.item == person(scored.id)));
    let sorted =
        query.clone().sort_by(Person::CITY.asc()).then_by(Person::AGE.asc()).all(&cache).await.unwrap();
    assert!(sorted.iter().all(|scored| scored.score > 0.0));
    let mut rows = query.stream(&cache);
    assert!(rows.next().await.unwrap().unwrap().score > 0.0);
    for scorer in [Scorer::Tfidf, Scorer::TfidfDocNorm, Scorer::Bm25, Scorer::DisMax, Scorer::DocScore] {
        assert!(query.clone().scorer(scorer).first(&cache).await.unwrap().unwrap().score > 0.0, "{scorer:?}");
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Member {
    #[primary_key]
    id: u32,
    #[unique]
    email: String,
    #[version]
    version: u64,
    #[index]
    group: String,
}

async fn queries_delete(cache: Cache) {
    people(&cache, 1_500).await;
    let bern = Person::find_by_city("Bern");
    assert_eq!(bern.delete(&cache).await.unwrap(), 500);
    assert_eq!(bern.delete(&cache).await.unwrap(), 0);
    assert_eq!(Person::count_all(&cache).await.unwrap(), 1_000);
    let oldest = Person::find().sort_by(Person::AGE.desc()).page(0, 10);
    let ids = oldest.all(&cache).await.unwrap();
    assert_eq!(oldest.delete(&cache).await.unwrap(), 10);
    assert_eq!(Person::count_all(&cache).await.unwrap(), 990);
    assert!(!Person::exists(&cache, ids[0].id).await.unwrap());

    // Claims of unique values go with their documents.
    Migrator::new().register::<Member>().run(&cache).await.unwrap();
    let members: Vec<_> = (0..20_u32)
        .map(|id| Member { id, email: format!("{id}@x.ch"), version: 0, group: (id % 2).to_string() })
        .collect();
    for saved in Member::save_many(&cache, &members).await {
        let _ = saved.unwrap();
    }
    assert_eq!(Member::find_by_group("0").delete(&cache).await.unwrap(), 10);
    let _ = Member { id: 77, ..members[0].clone() }.save(&cache).await.unwrap();
    let error = Member { id: 78, ..members[1].clone() }.save(&cache).await.unwrap_err();
    assert!(error.is_not_unique(), "{error}");
}

async fn queries_update(cache: Cache) {
    let people = people(&cache, 1_200).await;
    let full = Person { visits: Some(u8::MAX), ..people[0].clone() };
    let empty = Person { visits: None, ..people[3].clone() };
    for person in [&full, &empty] {
        let _ = person.save(&cache).await.unwrap();
    }
    let changes = || Changes::new().set(Person::CITY, "Berne").increment(Person::VISITS, 1);
    let updated = Person::find_by_city("Bern").update(&cache, changes()).await.unwrap();
    assert_eq!((updated.changed(), updated.refused().len()), (398, 2));
    for (key, error) in updated.refused() {
        let expected = if key.ends_with(":0") { "range" } else { "number" };
        let found = match error.patch_error() {
            Some(PatchError::OutOfRange { .. }) => "range",
            Some(PatchError::NoNumber { .. }) => "number",
            _ => "another error",
        };
        assert_eq!(found, expected, "{key}: {error}");
    }
    assert_eq!(Person::find_by_city("Berne").count(&cache).await.unwrap(), 398);
    let one = Person::get(&cache, 6).await.unwrap().unwrap();
    assert_eq!((one.city.as_str(), one.visits), ("Berne", Some(1)));
    assert_eq!(Person::get(&cache, 0).await.unwrap().unwrap(), full);

    // What is wrong with the changes themselves is known before anything is sent.
    let twice = Changes::new().set(Person::CITY, "a").set(Person::CITY, "b");
    assert!(Person::find().update(&cache, twice).await.unwrap_err().patch_error().is_some());
    let nothing = Person::find_by_city("nowhere").update(&cache, changes()).await.unwrap();
    assert_eq!(nothing.changed(), 0);

    Migrator::new().register::<Member>().run(&cache).await.unwrap();
    for id in 0..3 {
        let member = Member { id, email: format!("{id}@x.ch"), version: 0, group: "g".into() };
        let _ = member.save(&cache).await.unwrap();
    }
    let same = Changes::new().set(Member::EMAIL, "same@x.ch");
    let updated = Member::find_by_group("g").update(&cache, same).await.unwrap();
    assert_eq!((updated.changed(), updated.refused().len()), (1, 2));
    let changed = Member::get_by_email(&cache, "same@x.ch").await.unwrap().unwrap();
    assert_eq!(changed.version, 2);
}

async fn a_query_is_explained_and_profiled(cache: Cache) {
    people(&cache, 10).await;
    let query = Person::find_by_city("Bern").filter(Person::BIO.matches("fox"));
    assert!(query.explain(&cache).await.unwrap().contains("city"));
    let profile = query.profile(&cache).await.unwrap();
    assert!(profile.to_string().contains("INTERSECT"), "{profile}");
    assert_ne!(*profile.reply(), Reply::Nil);
}

async fn a_time_out_is_the_querys_own(cache: Cache) {
    people(&cache, 10).await;
    assert_eq!(Person::find().timeout(Duration::from_secs(2)).count(&cache).await.unwrap(), 10);
    assert_eq!(Person::find().timeout(Duration::from_secs(2)).all(&cache).await.unwrap().len(), 10);
}

live! {
    several_fields_sort,
    existence_and_ids_are_read_without_documents,
    some_keys_alone_are_searched,
    words_are_read_as_the_query_says,
    scores_come_with_documents,
    queries_delete,
    queries_update,
    a_query_is_explained_and_profiled,
    a_time_out_is_the_querys_own,
}
