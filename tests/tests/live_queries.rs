//! Queries: every operator and every verb, over documents in a real index.

use std::ops::Bound;

use cache_core::{Cache, CacheModel, Completeness, Error, Filter, Migrator, QueryError, Shortfall};
use cache_tests::live;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Book {
    #[primary_key]
    id: u32,
    #[index]
    isbn: String,
    #[index(fold_case)]
    shelf: String,
    #[index(text)]
    title: String,
    #[index(sortable)]
    year: i32,
    #[index(sortable)]
    price: f64,
    #[index]
    lent: bool,
    #[index]
    topics: Vec<String>,
    #[index]
    ratings: Vec<u8>,
    #[index]
    editor: Option<String>,
    #[index(name = "pages")]
    #[serde(rename = "number of pages")]
    length: u16,
    note: String,
}

fn books() -> Vec<Book> {
    let rows = [
        (1, "The Rust Programming Language", 2018, 39.95, true, &["rust", "systems"][..], &[5, 4][..], None),
        (2, "Programming Rust", 2021, 59.5, false, &["rust"], &[5], Some("Ann")),
        (3, "Redis in Action", 2013, 44.99, false, &["redis", "databases"], &[3], Some("Bob")),
        (
            4,
            "Designing Data-Intensive Applications",
            2017,
            50.0,
            true,
            &["databases", "systems"],
            &[],
            Some("Ann"),
        ),
        (5, "To Be or Not to Be", 1603, 0.0, false, &[], &[1, 2, 3], None),
    ];
    rows.into_iter()
        .map(|(id, title, year, price, lent, topics, ratings, editor)| Book {
            id,
            isbn: format!("978-{id}"),
            shelf: format!("Shelf {}", if id % 2 == 0 { "A" } else { "b" }),
            title: title.to_owned(),
            year,
            price,
            lent,
            topics: topics.iter().map(|topic| (*topic).to_owned()).collect(),
            ratings: ratings.to_vec(),
            editor: editor.map(str::to_owned),
            length: u16::try_from(id).unwrap() * 100,
            note: String::new(),
        })
        .collect()
}

async fn library(cache: &Cache) {
    Migrator::new().register::<Book>().run(cache).await.unwrap();
    for book in books() {
        let _ = book.save(cache).await.unwrap();
    }
}

/// The ids that the server finds; the same filter evaluated here must accept the same documents.
async fn ids(cache: &Cache, filter: Filter<Book>) -> Vec<u32> {
    let accepted: Vec<u32> =
        books().iter().filter(|book| filter.accepts(book).unwrap()).map(|book| book.id).collect();
    let mut found: Vec<u32> =
        Book::find().filter(filter).all(cache).await.unwrap().iter().map(|book| book.id).collect();
    found.sort_unstable();
    assert_eq!(found, accepted, "the server and `accepts` disagree");
    found
}

async fn tags(cache: Cache) {
    library(&cache).await;
    assert_eq!(ids(&cache, Book::ISBN.eq("978-3")).await, [3]);
    assert_eq!(ids(&cache, Book::ISBN.eq(String::from("978-3"))).await, [3]);
    assert_eq!(ids(&cache, Book::ISBN.ne("978-3")).await, [1, 2, 4, 5]);
    assert_eq!(ids(&cache, Book::ISBN.is_in(["978-1", "978-5", "none"])).await, [1, 5]);
    assert_eq!(ids(&cache, Book::ISBN.is_in(Vec::<String>::new())).await, [0_u32; 0]);
    assert_eq!(ids(&cache, Book::ISBN.starts_with("978-")).await, [1, 2, 3, 4, 5]);
    assert_eq!(ids(&cache, Book::ISBN.starts_with("979")).await, [0_u32; 0]);
    assert_eq!(ids(&cache, Book::LENT.eq(true)).await, [1, 4]);
    assert_eq!(ids(&cache, Book::TOPICS.eq("rust")).await, [1, 2]);
    assert_eq!(ids(&cache, Book::TOPICS.is_in(["redis", "systems"])).await, [1, 3, 4]);
    assert_eq!(ids(&cache, Book::EDITOR.eq("Ann")).await, [2, 4]);
    assert_eq!(ids(&cache, Book::EDITOR.ne("Ann")).await, [1, 3, 5]);
}

async fn case_matters_unless_it_is_folded(cache: Cache) {
    library(&cache).await;
    assert_eq!(ids(&cache, Book::EDITOR.eq("ann")).await, [0_u32; 0]);
    assert_eq!(ids(&cache, Book::TOPICS.starts_with("RUST")).await, [0_u32; 0]);
    assert_eq!(ids(&cache, Book::SHELF.eq("sHELF B")).await, [1, 3, 5]);
    assert_eq!(ids(&cache, Book::SHELF.starts_with("SHELF a")).await, [2, 4]);
}

async fn numbers(cache: Cache) {
    library(&cache).await;
    assert_eq!(ids(&cache, Book::YEAR.eq(2018)).await, [1]);
    assert_eq!(ids(&cache, Book::YEAR.ne(2018)).await, [2, 3, 4, 5]);
    assert_eq!(ids(&cache, Book::YEAR.is_in([2018, 1603])).await, [1, 5]);
    assert_eq!(ids(&cache, Book::YEAR.gt(2017)).await, [1, 2]);
    assert_eq!(ids(&cache, Book::YEAR.ge(2017)).await, [1, 2, 4]);
    assert_eq!(ids(&cache, Book::YEAR.lt(2013)).await, [5]);
    assert_eq!(ids(&cache, Book::YEAR.le(2013)).await, [3, 5]);
    assert_eq!(ids(&cache, Book::YEAR.between(2013..2018)).await, [3, 4]);
    assert_eq!(ids(&cache, Book::YEAR.between(2013..=2018)).await, [1, 3, 4]);
    assert_eq!(ids(&cache, Book::YEAR.between(..2013)).await, [5]);
    assert_eq!(
        ids(&cache, Book::YEAR.between((Bound::Included(2018), Bound::Excluded(2013)))).await,
        [0_u32; 0]
    );
    assert_eq!(ids(&cache, Book::YEAR.between::<i32>(..)).await, [1, 2, 3, 4, 5]);
    assert_eq!(ids(&cache, Book::PRICE.eq(59.5)).await, [2]);
    assert_eq!(ids(&cache, Book::PRICE.le(0.0)).await, [5]);
    assert_eq!(ids(&cache, Book::PRICE.gt(-1e-300)).await, [1, 2, 3, 4, 5]);
    assert_eq!(ids(&cache, Book::RATINGS.eq(5)).await, [1, 2]);
    assert_eq!(ids(&cache, Book::RATINGS.lt(3)).await, [5]);
    assert_eq!(ids(&cache, Book::LENGTH.between(200..=300)).await, [2, 3]);
}

async fn words(cache: Cache) {
    library(&cache).await;
    assert_eq!(ids(&cache, Book::TITLE.matches("rust")).await, [1, 2]);
    assert_eq!(ids(&cache, Book::TITLE.matches("the RUST programming")).await, [1, 2]);
    assert_eq!(ids(&cache, Book::TITLE.matches("languages")).await, [1]);
    assert_eq!(ids(&cache, Book::TITLE.matches("design intensive")).await, [4]);
    assert_eq!(ids(&cache, Book::TITLE.matches("rust redis")).await, [0_u32; 0]);
    assert_eq!(ids(&cache, Book::TITLE.starts_with("prog")).await, [1, 2]);
    assert_eq!(ids(&cache, Book::TITLE.starts_with("Re")).await, [3]);
}

async fn boolean_algebra(cache: Cache) {
    library(&cache).await;
    let rust = || Book::TOPICS.eq("rust");
    assert_eq!(ids(&cache, rust() & Book::LENT.eq(true)).await, [1]);
    assert_eq!(ids(&cache, rust() | Book::YEAR.lt(1700)).await, [1, 2, 5]);
    assert_eq!(ids(&cache, !rust()).await, [3, 4, 5]);
    assert_eq!(ids(&cache, !(rust() | Book::LENT.eq(true))).await, [3, 5]);
    assert_eq!(ids(&cache, !(rust() & Book::LENT.eq(true))).await, [2, 3, 4, 5]);
    assert_eq!(ids(&cache, !rust() | Book::YEAR.eq(2018)).await, [1, 3, 4, 5]);
    assert_eq!(ids(&cache, (rust() | Book::TOPICS.eq("redis")) & !Book::LENT.eq(true)).await, [2, 3]);
    assert_eq!(
        ids(&cache, Book::YEAR.is_in([2018, 2021]) & Book::TITLE.matches("programming")).await,
        [1, 2]
    );
    assert_eq!(ids(&cache, Filter::all()).await, [1, 2, 3, 4, 5]);
    assert_eq!(ids(&cache, Filter::none()).await, [0_u32; 0]);
    assert_eq!(ids(&cache, !Filter::none() & rust()).await, [1, 2]);
}

async fn finders(cache: Cache) {
    library(&cache).await;
    let only = |found: cache_core::Found<Book>| found.iter().map(|book| book.id).collect::<Vec<_>>();
    assert_eq!(only(Book::find_by_isbn("978-2").all(&cache).await.unwrap()), [2]);
    assert_eq!(only(Book::find_by_year(2013).all(&cache).await.unwrap()), [3]);
    assert_eq!(only(Book::find_by_year(2019..).all(&cache).await.unwrap()), [2]);
    assert_eq!(only(Book::find_by_title("redis action").all(&cache).await.unwrap()), [3]);
    assert_eq!(Book::find_by_topics("databases").count(&cache).await.unwrap(), 2);
    assert_eq!(Book::find_by_length(500).one(&cache).await.unwrap().id, 5);
    let composed = Book::find_by_topics("databases").filter(Book::LENT.eq(false));
    assert_eq!(only(composed.all(&cache).await.unwrap()), [3]);
}

async fn verbs(cache: Cache) {
    library(&cache).await;
    let all = Book::find().sort_by(Book::YEAR.desc()).all(&cache).await.unwrap();
    assert_eq!(all.iter().map(|book| book.year).collect::<Vec<_>>(), [2021, 2018, 2017, 2013, 1603]);
    assert_eq!((all.total(), all.completeness()), (5, &Completeness::Complete));
    assert_eq!(all.into_vec().last(), books().last());

    let page = Book::find().sort_by(Book::PRICE.asc()).page(1, 2).all(&cache).await.unwrap();
    assert_eq!(page.iter().map(|book| book.id).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(page.total(), 5);
    assert_eq!(Book::find().page(9, 2).all(&cache).await.unwrap().len(), 0);

    let first = Book::find().sort_by(Book::YEAR.asc()).first(&cache).await.unwrap();
    assert_eq!(first.map(|book| book.id), Some(5));
    let second = Book::find().sort_by(Book::YEAR.asc()).page(1, 9).first(&cache).await.unwrap();
    assert_eq!(second.map(|book| book.id), Some(3));
    assert_eq!(Book::find_by_isbn("none").first(&cache).await.unwrap(), None);
    assert_eq!(Book::find_by_isbn("978-1").one(&cache).await.unwrap().id, 1);
    let none = Book::find_by_isbn("none").one(&cache).await.unwrap_err();
    assert!(matches!(none, Error::NotFound { model: "Book", .. }), "{none}");
    let several = Book::find_by_topics("rust").one(&cache).await.unwrap_err();
    assert!(matches!(several, Error::Ambiguous { found: 2, .. }), "{several}");
    assert_eq!(Book::find().count(&cache).await.unwrap(), 5);
    assert_eq!(Book::find().filter(Filter::none()).count(&cache).await.unwrap(), 0);
}

async fn what_has_no_true_answer_is_refused(cache: Cache) {
    library(&cache).await;
    let refused = async |filter: Filter<Book>| {
        let local = filter.accepts(&books()[0]).unwrap_err();
        match Book::find().filter(filter).all(&cache).await.unwrap_err() {
            Error::Query(error) => {
                assert_eq!(local, error);
                error
            }
            other => panic!("{other}"),
        }
    };
    assert!(matches!(refused(Book::ISBN.eq("a\0")).await, QueryError::NulCharacter { .. }));
    assert!(matches!(refused(Book::TITLE.matches("a\0")).await, QueryError::NulCharacter { .. }));
    assert!(matches!(refused(Book::PRICE.eq(f64::NAN)).await, QueryError::NotFinite { .. }));
    assert!(matches!(refused(Book::PRICE.lt(f64::INFINITY)).await, QueryError::NotFinite { .. }));
    assert!(matches!(refused(Book::ISBN.starts_with("9")).await, QueryError::PrefixTooShort { .. }));
    assert!(matches!(refused(Book::ISBN.starts_with("9\\")).await, QueryError::PrefixEndsInBackslash { .. }));
    assert!(matches!(refused(Book::TITLE.matches("to be, or not!")).await, QueryError::NoTerms { .. }));
    assert!(matches!(refused(Book::TITLE.matches("")).await, QueryError::NoTerms { .. }));
    assert!(matches!(refused(Book::TITLE.starts_with("two words")).await, QueryError::NotOneWord { .. }));
    // What stands beside a refused operand does not hide it.
    assert!(matches!(
        refused(Filter::none() & !Book::PRICE.eq(f64::NAN)).await,
        QueryError::NotFinite { .. }
    ));
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Counter {
    #[primary_key]
    id: i64,
    #[index]
    n: i64,
}

async fn integers_beyond_doubles_are_found_exactly_or_refused(cache: Cache) {
    Migrator::new().register::<Counter>().run(&cache).await.unwrap();
    const EDGE: i64 = (1 << 53) - 1;
    for n in [EDGE - 1, EDGE, EDGE + 1, EDGE + 2, -EDGE, i64::MIN] {
        let _ = Counter { id: n, n }.save(&cache).await.unwrap();
    }
    assert_eq!(Counter::find_by_n(EDGE).one(&cache).await.unwrap().n, EDGE);
    assert_eq!(Counter::find_by_n(-EDGE).one(&cache).await.unwrap().n, -EDGE);
    assert_eq!(Counter::find().filter(Counter::N.gt(EDGE)).count(&cache).await.unwrap(), 2);
    // To the index, each two of the first and of the last ones are the same.
    let stored = [EDGE + 1, EDGE + 2, i64::MIN, i64::MIN + 1, i64::MAX, i64::MAX - 1];
    for n in [EDGE + 2, i64::MIN + 1, i64::MAX, i64::MAX - 1] {
        let _ = Counter { id: n, n }.save(&cache).await.unwrap();
    }
    for n in stored {
        assert_eq!(Counter::find_by_n(n).one(&cache).await.unwrap().n, n);
        let found = Counter::find_by_n(n).all(&cache).await.unwrap();
        assert_eq!((found.len(), found.total()), (1, 1), "{n}");
        for filter in [Counter::N.gt(n), Counter::N.le(n)] {
            let error = Counter::find().filter(filter).all(&cache).await.unwrap_err();
            assert!(matches!(error, Error::Query(QueryError::NotExact { .. })), "{error}");
        }
        let others = [Counter::N.ne(n), Counter::N.not_in([n]), !(Counter::N.eq(n) & Counter::N.ne(0))];
        for filter in others {
            let found = Counter::find().filter(filter).all(&cache).await.unwrap();
            assert!(found.iter().all(|counter| counter.n != n) && found.len() == 8, "{n}");
        }
        assert_eq!(Counter::find_by_n(n).count(&cache).await.unwrap(), 1);
    }
    assert!(Counter::find_by_n(i64::MAX - 2).all(&cache).await.unwrap().is_empty());
    let several = Counter::find().filter(Counter::N.is_in(stored) | Counter::N.eq(EDGE));
    assert_eq!(several.all(&cache).await.unwrap().len(), 7);
    let page = several.page(5, 10).all(&cache).await.unwrap();
    assert_eq!((page.len(), page.total()), (2, 7));
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Row {
    #[primary_key]
    id: u32,
    #[index]
    name: String,
    #[index(sortable)]
    number: u32,
}

async fn five_thousand_documents(cache: Cache) {
    Migrator::new().register::<Row>().run(&cache).await.unwrap();
    let saves = (0..5_000_u32).map(|id| {
        let cache = cache.clone();
        tokio::spawn(async move {
            let row = Row { id, name: format!("name-{id:04}"), number: id };
            let _ = row.save(&cache).await.unwrap();
        })
    });
    for save in saves.collect::<Vec<_>>() {
        save.await.unwrap();
    }
    let all = Row::find().sort_by(Row::NUMBER.asc()).all(&cache).await.unwrap();
    assert_eq!(all.len(), 5_000);
    assert!(all.iter().enumerate().all(|(place, row)| row.number as usize == place));
    assert_eq!(Row::find().all(&cache).await.unwrap().len(), 5_000);
    assert_eq!(Row::find().filter(Row::NUMBER.between(1_000..3_500)).count(&cache).await.unwrap(), 2_500);
    assert_eq!(Row::find_by_name("name-4321").one(&cache).await.unwrap().id, 4321);

    // 100 names begin like this, under the server's cap of 200; 1,000 do not fit, and the answer says so.
    assert_eq!(Row::find().filter(Row::NAME.starts_with("name-12")).all(&cache).await.unwrap().len(), 100);
    let cut = Row::find().filter(Row::NAME.starts_with("name-1"));
    for error in [cut.all(&cache).await.unwrap_err(), cut.count(&cache).await.unwrap_err()] {
        match error {
            Error::Incomplete { model: "Row", completeness } => {
                assert_eq!(completeness.shortfalls(), [Shortfall::ExpansionCap]);
            }
            other => panic!("{other}"),
        }
    }
    let partial = cut.allow_partial().all(&cache).await.unwrap();
    assert_eq!((partial.len(), partial.completeness().is_complete()), (200, false));
}

async fn empty_strings_are_found(cache: Cache) {
    Migrator::new().register::<Row>().run(&cache).await.unwrap();
    let _ = Row { id: 1, name: String::new(), number: 0 }.save(&cache).await.unwrap();
    assert_eq!(Row::find_by_name("").one(&cache).await.unwrap().id, 1);
}

async fn what_expires_is_not_found(cache: Cache) {
    Migrator::new().register::<Row>().run(&cache).await.unwrap();
    for id in 0..20 {
        let _ = Row { id, name: "gone".to_owned(), number: id }.save(&cache).await.unwrap();
        if id < 19 {
            Row::expire(&cache, id, std::time::Duration::from_millis(1)).await.unwrap();
        }
    }
    while Row::exists(&cache, 18).await.unwrap() {}
    let found = Row::find_by_name("gone").sort_by(Row::NUMBER.asc()).first(&cache).await.unwrap();
    assert_eq!(found.map(|row| row.id), Some(19));
}

live! {
    tags,
    case_matters_unless_it_is_folded,
    numbers,
    words,
    boolean_algebra,
    finders,
    verbs,
    what_has_no_true_answer_is_refused,
    integers_beyond_doubles_are_found_exactly_or_refused,
    five_thousand_documents,
    empty_strings_are_found,
    what_expires_is_not_found,
}
