//! Several indexes of one field, what sounds alike, empty texts, fields that are only sorted by, and what an index
//! leaves out or counts less.

use cache_core::{Cache, CacheEmbedded, CacheModel, Error, Filter, IndexSchema, MigrateError, Migrator};
use cache_tests::live;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheEmbedded)]
struct Author {
    #[index]
    #[index(text, name = "name_text", phonetic = "en")]
    name: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(score = 0.5)]
struct Book {
    #[primary_key]
    id: u32,
    #[index(sortable, unf)]
    #[index(text, name = "title_text", weight = 2.0, phonetic = "en", index_empty, with_suffix_trie)]
    title: String,
    #[index(text, index_empty, index_missing)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    #[index(sortable, no_index)]
    shelf: u32,
    #[index(tag, sortable, no_index)]
    code: String,
    #[embedded]
    author: Author,
    #[index]
    lent: bool,
}

fn books() -> Vec<Book> {
    let book = |id: u32, title: &str, note: Option<&str>, author: &str| Book {
        id,
        title: title.to_owned(),
        note: note.map(str::to_owned),
        shelf: 10 - id,
        code: format!("c{}", (id * 7) % 5),
        author: Author { name: author.to_owned() },
        lent: id.is_multiple_of(2),
    };
    vec![
        book(1, "John", Some(""), "Smith"),
        book(2, "Jon and Jane", Some("the"), "Smyth"),
        book(3, "", None, "Schmidt"),
        book(4, "running Jonathan", Some("x"), "smith"),
        book(5, "b", Some("!!"), ""),
        book(6, "B", None, "é"),
    ]
}

async fn ids(cache: &Cache, filter: Filter<Book>) -> Vec<u32> {
    let accepted: Vec<u32> =
        books().iter().filter(|book| filter.accepts(book).unwrap()).map(|book| book.id).collect();
    let found = found(cache, filter).await;
    assert_eq!(found, accepted, "the server and `accepts` disagree");
    found
}

async fn found(cache: &Cache, filter: Filter<Book>) -> Vec<u32> {
    let mut found: Vec<u32> =
        Book::find().filter(filter).all(cache).await.unwrap().iter().map(|book| book.id).collect();
    found.sort_unstable();
    found
}

async fn saved(cache: &Cache) {
    Migrator::new().register::<Book>().run(cache).await.unwrap();
    for book in Book::save_many(cache, books()).await {
        assert!(book.unwrap().stored());
    }
    assert_eq!(Book::find().count(cache).await.unwrap(), 6);
}

async fn one_field_has_several_indexes(cache: Cache) {
    saved(&cache).await;
    assert_eq!(ids(&cache, Book::TITLE.eq("running Jonathan")).await, [4]);
    assert_eq!(ids(&cache, Book::TITLE.eq("run")).await, [0_u32; 0]);
    assert_eq!(ids(&cache, Book::TITLE_TEXT.matches("run")).await, [4]);
    assert_eq!(ids(&cache, Book::TITLE_TEXT.starts_with("jo")).await, [1, 2, 4]);
    assert_eq!(ids(&cache, Book::AUTHOR.name.eq("smith")).await, [4]);
    assert_eq!(ids(&cache, Book::AUTHOR.name_text.matches("smith")).await, [1, 4]);
    assert_eq!(Book::find_by_title_text("jane").one(&cache).await.unwrap().id, 2);
    assert_eq!(Book::find_by_title("John").one(&cache).await.unwrap().id, 1);
    Book::patch(1).set(Book::TITLE, "Other words").send(&cache).await.map(drop).unwrap();
    assert_eq!(found(&cache, Book::TITLE_TEXT.matches("word") & Book::TITLE.eq("Other words")).await, [1]);
}

async fn what_sounds_alike_is_found_only_on_request(cache: Cache) {
    saved(&cache).await;
    assert_eq!(ids(&cache, Book::TITLE_TEXT.matches("jon")).await, [2]);
    assert_eq!(ids(&cache, !Book::TITLE_TEXT.matches("jon")).await, [1, 3, 4, 5, 6]);
    assert_eq!(ids(&cache, Book::TITLE_TEXT.matches("jon") | Book::TITLE.eq("b")).await, [2, 5]);
    assert_eq!(found(&cache, Book::TITLE_TEXT.sounds_like("jon")).await, [1, 2]);
    assert_eq!(found(&cache, Book::TITLE_TEXT.sounds_like("jon jayne")).await, [1, 2]);
    assert_eq!(found(&cache, Book::TITLE_TEXT.sounds_like("jon jonathon")).await, [0_u32; 0]);
    assert_eq!(ids(&cache, Book::TITLE_TEXT.matches("john jane")).await, [0_u32; 0]);
    assert_eq!(ids(&cache, !Book::TITLE_TEXT.matches("jon janes")).await, [1, 3, 4, 5, 6]);
    assert_eq!(
        found(&cache, Book::AUTHOR.name_text.sounds_like("smith") & Book::LENT.eq(true)).await,
        [2, 4]
    );
    let sounds = Book::TITLE_TEXT.sounds_like("jon");
    assert!(sounds.accepts(&books()[0]).is_err(), "only the server knows");
    assert!(Book::find().filter(!sounds).all(&cache).await.is_err(), "a negation would lie");
    assert!(Book::find().filter(Book::TITLE_TEXT.sounds_like("the")).all(&cache).await.is_err());
}

async fn empty_texts_are_found(cache: Cache) {
    saved(&cache).await;
    assert_eq!(ids(&cache, Book::TITLE_TEXT.is_empty()).await, [3]);
    assert_eq!(ids(&cache, Book::NOTE.is_empty()).await, [1]);
    assert_eq!(ids(&cache, !Book::NOTE.is_empty()).await, [2, 3, 4, 5, 6]);
    assert_eq!(ids(&cache, Book::NOTE.is_missing()).await, [3, 6]);
    // Behind a TAG without INDEXEMPTY, RediSearch 2.10 would refuse to look for an empty text.
    assert_eq!(ids(&cache, Book::LENT.eq(true) | Book::NOTE.is_empty()).await, [1, 2, 4, 6]);
    assert_eq!(ids(&cache, Book::LENT.eq(false) & Book::NOTE.is_empty()).await, [1]);
    assert_eq!(
        ids(&cache, Book::TITLE.eq("b") | (Book::LENT.eq(true) & !Book::NOTE.is_empty())).await,
        [2, 4, 5, 6]
    );
}

async fn what_is_only_sorted_by_sorts(cache: Cache) {
    saved(&cache).await;
    let by_shelf = Book::find().sort_by(Book::SHELF.asc()).all(&cache).await.unwrap();
    assert_eq!(by_shelf.iter().map(|book| book.id).collect::<Vec<_>>(), [6, 5, 4, 3, 2, 1]);
    let by_code = Book::find().sort_by(Book::CODE.desc()).all(&cache).await.unwrap();
    assert!(by_code.iter().map(|book| &book.code).rev().is_sorted());
    let by_title = Book::find().sort_by(Book::TITLE.asc()).all(&cache).await.unwrap();
    let titles: Vec<_> = by_title.iter().map(|book| book.title.as_str()).collect();
    assert_eq!(titles, ["", "B", "John", "Jon and Jane", "b", "running Jonathan"]);
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(prefix = "person", filter = "@age > 17 && @kind == 'human'")]
struct Adult {
    #[primary_key]
    id: u32,
    #[index]
    age: u32,
    #[index]
    kind: String,
}

async fn an_index_holds_what_its_filter_lets_through(cache: Cache) {
    let person = |id, age, kind: &str| Adult { id, age, kind: kind.to_owned() };
    for person in [person(1, 30, "human"), person(2, 3, "human"), person(3, 30, "cat")] {
        let _ = person.save(&cache).await.unwrap();
    }
    let migration = Migrator::new().register::<Adult>().run(&cache).await.unwrap();
    assert_eq!((migration.indexes()[0].documents, migration.indexes()[0].missing), (1, 0));
    let ids = async || {
        let found = Adult::find().all(&cache).await.unwrap();
        let mut ids: Vec<u32> = found.iter().map(|person| person.id).collect();
        ids.sort_unstable();
        ids
    };
    assert_eq!(ids().await, [1]);
    let _ = person(2, 18, "human").save(&cache).await.unwrap();
    assert_eq!(ids().await, [1, 2]);
    Adult::patch(1).increment(Adult::AGE, -20).send(&cache).await.map(drop).unwrap();
    assert_eq!(ids().await, [2]);
    assert_eq!(Adult::count_all(&cache).await.unwrap(), 3);
}

#[derive(Debug, Serialize, Deserialize, CacheModel)]
#[cache(filter = "@agee > 17")]
struct Misspelled {
    #[primary_key]
    id: u32,
    #[index]
    age: u32,
}

#[derive(Debug, Serialize, Deserialize, CacheModel)]
#[cache(filter = "@age >")]
struct Unfinished {
    #[primary_key]
    id: u32,
    #[index]
    age: u32,
}

async fn a_filter_that_means_nothing_is_refused(cache: Cache) {
    let error = Migrator::new().register::<Misspelled>().run(&cache).await.unwrap_err();
    assert!(matches!(&error, MigrateError::FilterField { name, .. } if name == "agee"), "{error}");
    let error = Migrator::new().register::<Unfinished>().run(&cache).await.unwrap_err();
    assert!(matches!(&error, MigrateError::Refused { model: "Unfinished", .. }), "{error}");
}

#[derive(Debug, Serialize, Deserialize, CacheModel)]
struct Open {
    #[primary_key]
    id: String,
    #[serde(flatten)]
    rest: std::collections::HashMap<String, u32>,
}

async fn a_flattened_member_takes_no_fields_place(cache: Cache) {
    let open = |name: &str| Open { id: "a".to_owned(), rest: [(name.to_owned(), 1)].into() };
    assert!(open("other").save(&cache).await.unwrap().stored());
    let error = open("id").save(&cache).await.unwrap_err();
    assert!(matches!(error, Error::Serialize { .. }), "{error}");
    assert_eq!(Open::get(&cache, "a").await.unwrap().unwrap().rest.len(), 1);
}

async fn scores_are_part_of_the_schema(cache: Cache) {
    saved(&cache).await;
    let index = Book::schema().index_name(cache.keyspace().unwrap());
    let info = cache.command(cache_core::Command::new("FT.INFO").arg(&index)).await.unwrap();
    let shown = format!("{info:?}");
    let score = shown.split_once("default_score").unwrap().1;
    assert!(score.split_once("0.5").is_some_and(|(between, _)| between.len() < 30), "{score}");
    let words: Vec<_> = Book::schema()
        .create_index(cache.keyspace().unwrap())
        .unwrap()
        .args()
        .map(|word| String::from_utf8_lossy(word).into_owned())
        .collect();
    let command = words.join(" ");
    assert!(command.contains(" SCORE 0.5 "), "{command}");
    assert!(
        command.contains("$.title AS title_text TEXT WEIGHT 2.0 PHONETIC dm:en WITHSUFFIXTRIE INDEXEMPTY"),
        "{command}"
    );
}

live! {
    a_filter_that_means_nothing_is_refused,
    a_flattened_member_takes_no_fields_place,
    an_index_holds_what_its_filter_lets_through,
    empty_texts_are_found,
    one_field_has_several_indexes,
    scores_are_part_of_the_schema,
    what_is_only_sorted_by_sorts,
    what_sounds_alike_is_found_only_on_request,
}
