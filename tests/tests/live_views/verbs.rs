//! Views through every verb, with scores and distances.

use std::collections::BTreeSet;

use cache_core::{Cache, CacheModel, CacheView, Migrator, Vector};
use cache_tests::chain;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Book {
    #[primary_key]
    isbn: String,
    #[index(sortable)]
    language: String,
    #[index(sortable)]
    year: u16,
    #[index(text)]
    title: String,
    #[index]
    serial: u64,
    #[index]
    place: Vector<f32, 2>,
    tags: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Deserialize, CacheView)]
#[cache(model = Book)]
struct Card {
    title: String,
    year: u16,
    tags: Vec<String>,
}

fn book(number: u16) -> Book {
    Book {
        isbn: format!("978-{number}"),
        language: ["de", "fr", "it"][usize::from(number) % 3].into(),
        year: 1900 + number,
        title: format!("a book numbered {number}"),
        serial: (1 << 60) + u64::from(number),
        place: Vector::from([f32::from(number), 1.0]),
        tags: vec![String::new(); usize::from(number) % 3],
    }
}

fn card(book: &Book) -> Card {
    Card { title: book.title.clone(), year: book.year, tags: book.tags.clone() }
}

async fn books(cache: &Cache, number: u16) -> Vec<Book> {
    Migrator::new().register::<Book>().run(cache).await.unwrap();
    let books: Vec<_> = (0..number).map(book).collect();
    for saved in Book::save_many(cache, &books).await {
        let _ = saved.unwrap();
    }
    books
}

pub(crate) async fn every_verb_brings_views(cache: Cache) {
    let books = books(&cache, 700).await;
    let cards: Vec<_> = books.iter().map(card).collect();
    let query = || Book::find().sort_by(Book::YEAR.asc()).select::<Card>();
    assert_eq!(*query().all(&cache).await.unwrap(), cards);
    let page = query().page(100, 50).all(&cache).await.unwrap();
    assert_eq!((&page[..], page.total()), (&cards[100..150], 700));
    assert_eq!(query().first(&cache).await.unwrap().as_ref(), cards.first());
    assert_eq!(query().filter(Book::YEAR.eq(1923_u16)).one(&cache).await.unwrap(), cards[23]);
    let mut pages = query().pages(&cache, 300);
    let mut paged = Vec::new();
    while let Some(page) = pages.next().await {
        paged.push(page.unwrap());
    }
    assert_eq!(paged.iter().map(Vec::len).collect::<Vec<_>>(), [300, 300, 100]);
    assert_eq!(paged.concat(), cards);
    let several = Book::find().sort_by(Book::LANGUAGE.asc()).then_by(Book::YEAR.desc()).select::<Card>();
    let mut expected = books.clone();
    expected.sort_by_key(|book| (book.language.clone(), std::cmp::Reverse(book.year)));
    let expected: Vec<_> = expected.iter().map(card).collect();
    assert_eq!(*several.all(&cache).await.unwrap(), expected);
    let scored = several.with_score().page(0, 9).all(&cache).await.unwrap();
    assert_eq!(scored.iter().map(|scored| scored.item.clone()).collect::<Vec<_>>(), expected[..9]);
    let query = Book::find().filter(Book::TITLE.matches("book")).select::<Card>().with_score();
    assert!(query.all(&cache).await.unwrap().iter().all(|scored| scored.score > 0.0 && scored.year >= 1900));
    assert_eq!(query.count(&cache).await.unwrap(), 700);
    assert!(
        Book::find().filter(Book::YEAR.gt(5000_u16)).select::<Card>().first(&cache).await.unwrap().is_none()
    );
    let error = Book::find().select::<Card>().one(&cache).await.unwrap_err();
    assert!(chain(&error).contains("700 documents"), "{error}");
}

pub(crate) async fn views_of_what_the_server_decides_in_part(cache: Cache) {
    let books = books(&cache, 60).await;
    // Neighbours beyond 2^53 are told apart here, by the whole document, which comes beside the members.
    let query = Book::find_by_serial(books[7].serial).select::<Card>();
    assert_eq!(query.one(&cache).await.unwrap(), card(&books[7]));
    assert_eq!(query.stream(&cache).next().await.unwrap().unwrap(), card(&books[7]));
    let serials = [books[3].serial, books[9].serial];
    let found = Book::find().filter(Book::SERIAL.is_in(serials)).select::<Card>().all(&cache).await.unwrap();
    assert_eq!(found.iter().map(|card| card.year).collect::<BTreeSet<_>>(), [1903, 1909].into());
}

pub(crate) async fn views_with_distances(cache: Cache) {
    let books = books(&cache, 60).await;
    let like = Vector::from([30.0, 1.0]);
    let nearest = || Book::find_by_language("de").select::<Card>().nearest(Book::PLACE.nearest(3, &like));
    let whole =
        Book::find_by_language("de").nearest(Book::PLACE.nearest(3, &like)).all(&cache).await.unwrap();
    let found = nearest().all(&cache).await.unwrap();
    assert_eq!(found.len(), 3);
    for (found, whole) in found.iter().zip(&whole) {
        assert_eq!((&found.item, found.distance), (&card(&whole.item), whole.distance));
    }
    assert_eq!(found[0].item, card(&books[30]));
    let mut rows = nearest().sort_by(Book::LANGUAGE.asc()).then_by(Book::YEAR.asc()).stream(&cache);
    let mut years = Vec::new();
    while let Some(row) = rows.next().await {
        let row = row.unwrap();
        assert!(row.distance.is_finite());
        years.push(row.year);
    }
    assert!(years.len() == 3 && years.is_sorted(), "{years:?}");
}
