//! How the words of a query are read: in another language than the model's, as they are written, near each other. What the
//! server answers is compared with `Filter::accepts_as`.

use std::collections::BTreeSet;

use cache_core::aggregate::count;
use cache_core::{
    Cache, CacheModel, Error, Filter, Indexed, Language, Migrator, Phrase, Query, QueryError, Reading,
};
use cache_tests::live;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Note {
    #[primary_key]
    id: u32,
    #[index(text)]
    title: String,
    #[index(text, no_stem)]
    plain: String,
    #[index(text)]
    lines: Vec<String>,
    #[index(sortable)]
    kind: String,
    #[index(sortable)]
    number: u32,
}

/// Its words are counted alone, so that the server decides phrases that are read as they are written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(language = "german")]
struct Zettel {
    #[primary_key]
    id: u32,
    #[index(text)]
    text: String,
}

/// Words that languages stem differently, some of them stems of others.
const WORDS: [&str; 24] = [
    "run",
    "runs",
    "running",
    "runner",
    "fox",
    "foxes",
    "happy",
    "happi",
    "happiness",
    "haus",
    "hauses",
    "häuser",
    "katze",
    "katzen",
    "laufen",
    "lauf",
    "cheval",
    "chevaux",
    "continuer",
    "continuation",
    "continu",
    "the",
    "x",
    r"\+run",
];

fn text(most: usize) -> impl Strategy<Value = String> {
    proptest::collection::vec(select(WORDS.to_vec()), 1..most).prop_map(|words| words.join(" "))
}

fn phrase() -> impl Strategy<Value = Phrase> {
    (text(4), 0..3_u32, any::<bool>()).prop_map(|(text, slop, ordered)| {
        let phrase = Phrase::new(text).slop(slop);
        if ordered { phrase } else { phrase.any_order() }
    })
}

fn reading() -> impl Strategy<Value = Reading> {
    let languages = vec![None, Some(Language::English), Some(Language::German), Some(Language::French)];
    (select(languages), 0..3_u8, 0..6_u32, 0..4_u8).prop_map(|(language, verbatim, slop, in_order)| {
        let mut reading = Reading::new();
        if let Some(language) = language {
            reading = reading.in_language(language);
        }
        if verbatim == 0 {
            reading = reading.verbatim();
        }
        if slop < 3 {
            reading = reading.slop(slop);
        }
        if in_order == 0 { reading.in_order() } else { reading }
    })
}

fn combined<M: 'static>(leaf: BoxedStrategy<Filter<M>>) -> BoxedStrategy<Filter<M>> {
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(one, other)| one & other),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| one | other),
            inner.prop_map(|one| !one),
        ]
        .boxed()
    })
    .boxed()
}

fn of_notes() -> BoxedStrategy<Filter<Note>> {
    let leaf = prop_oneof![
        4 => text(4).prop_map(|text| Note::TITLE.matches(text)),
        2 => text(4).prop_map(|text| Note::PLAIN.matches(text)),
        2 => text(3).prop_map(|text| Note::LINES.matches(text)),
        1 => text(3).prop_map(|text| Note::LINES.any(|line| line.matches(text))),
        2 => text(4).prop_map(|text| Note::TITLE.matches_any(text)),
        1 => text(4).prop_map(|text| Note::PLAIN.matches_any(text)),
        1 => phrase().prop_map(|phrase| Note::TITLE.phrase(phrase)),
        1 => phrase().prop_map(|phrase| Note::PLAIN.phrase(phrase)),
        1 => phrase().prop_map(|phrase| Note::LINES.phrase(phrase)),
        1 => select(vec!["run", "hau", "contin", "happ"]).prop_map(|part| Note::TITLE.starts_with(part)),
        1 => select(vec!["run", "hous", "happ"]).prop_map(|word| Note::TITLE.fuzzy(word, 1)),
        1 => select(vec!["odd", "even"]).prop_map(|kind| Note::KIND.eq(kind)),
    ];
    combined(leaf.boxed())
}

fn of_zettel() -> BoxedStrategy<Filter<Zettel>> {
    let leaf = prop_oneof![
        3 => text(4).prop_map(|text| Zettel::TEXT.matches(text)),
        1 => text(4).prop_map(|text| Zettel::TEXT.matches_any(text)),
        1 => phrase().prop_map(|phrase| Zettel::TEXT.phrase(phrase)),
        1 => phrase().prop_map(|phrase| Zettel::TEXT.phrase(phrase).weight(2.0)),
    ];
    combined(leaf.boxed())
}

struct Random(TestRunner);

impl Random {
    fn new(seed: u64) -> Self {
        Self(TestRunner::new(Config { rng_seed: RngSeed::Fixed(seed), ..Config::default() }))
    }

    fn of<T>(&mut self, strategy: &impl Strategy<Value = T>) -> T {
        strategy.new_tree(&mut self.0).unwrap().current()
    }
}

async fn saved<M: CacheModel + Clone>(cache: &Cache, documents: &[M]) {
    Migrator::new().register::<M>().run(cache).await.unwrap();
    for saved in M::save_many(cache, documents.to_vec()).await {
        assert!(saved.unwrap().stored());
    }
}

/// What was compared.
#[derive(Debug, Default)]
struct Seen {
    compared: usize,
    /// Those that found something, not everything.
    some: usize,
    /// Those that find something else when they are read as the model says.
    other: usize,
    /// Those that the server decided alone, and in which it was told where words stand.
    narrow: usize,
}

/// Both sides of one filter and one reading, by all ways in which a query is sent.
async fn compare<M: CacheModel<PrimaryKey = u32> + Indexed>(
    cache: &Cache,
    documents: &[M],
    (filter, reading): (Filter<M>, Reading),
    seen: &mut Seen,
) {
    let Ok(rendered) = filter.render_as(reading) else { return };
    let ids = |reading| -> BTreeSet<u32> {
        let accepted = documents.iter().filter(|one| filter.accepts_as(one, reading).unwrap());
        accepted.map(|one| *one.primary_key()).collect()
    };
    let accepted = ids(reading);
    let query = M::find().filter(filter.clone()).reading(reading);
    let found: BTreeSet<u32> = query.all(cache).await.unwrap().iter().map(|one| *one.primary_key()).collect();
    let wrong: Vec<_> = found.symmetric_difference(&accepted).collect();
    assert_eq!(found, accepted, "{query} of {filter:?}: {wrong:?}");
    assert_eq!(query.count(cache).await.unwrap(), accepted.len() as u64, "{query}");
    if seen.compared.is_multiple_of(8) {
        let (mut rows, mut streamed) = (query.stream(cache), BTreeSet::new());
        while let Some(row) = rows.next().await {
            streamed.insert(*row.unwrap().primary_key());
        }
        assert_eq!(streamed, accepted, "{query}");
    }
    seen.compared += 1;
    seen.some += usize::from(!accepted.is_empty() && accepted.len() < documents.len());
    seen.other += usize::from(accepted != ids(Reading::default()));
    seen.narrow += usize::from(rendered.inexact().is_none() && rendered.text().contains("$slop"));
}

async fn notes_are_read_as_the_query_says(cache: Cache) {
    let mut random = Random::new(29);
    let notes: Vec<Note> = (0..100)
        .map(|id| Note {
            id,
            title: random.of(&text(6)),
            plain: random.of(&text(6)),
            lines: random.of(&proptest::collection::vec(text(4), 0..3)),
            kind: random.of(&select(vec!["odd", "even"])).to_owned(),
            number: id,
        })
        .collect();
    saved(&cache, &notes).await;
    let mut seen = Seen::default();
    for _ in 0..500 {
        let meant = (random.of(&of_notes()), random.of(&reading()));
        compare(&cache, &notes, meant, &mut seen).await;
    }
    assert!(seen.compared > 350 && seen.some > 250 && seen.other > 125, "{seen:?}");
}

async fn words_that_are_counted_alone_are_read_as_the_query_says(cache: Cache) {
    let mut random = Random::new(31);
    let zettel: Vec<Zettel> = (0..100).map(|id| Zettel { id, text: random.of(&text(7)) }).collect();
    saved(&cache, &zettel).await;
    let mut seen = Seen::default();
    for _ in 0..500 {
        let meant = (random.of(&of_zettel()), random.of(&reading()));
        compare(&cache, &zettel, meant, &mut seen).await;
    }
    assert!(seen.compared > 350 && seen.some > 250 && seen.other > 125 && seen.narrow > 20, "{seen:?}");
}

fn titled(id: u32, title: &str, plain: &str) -> Note {
    let kind = if id.is_multiple_of(2) { "even" } else { "odd" };
    Note { id, title: title.into(), plain: plain.into(), lines: Vec::new(), kind: kind.into(), number: id }
}

async fn found(cache: &Cache, query: Query<Note>) -> BTreeSet<u32> {
    let found: BTreeSet<u32> = query.all(cache).await.unwrap().iter().map(|note| note.id).collect();
    assert_eq!(query.count(cache).await.unwrap(), found.len() as u64, "{query}");
    let sorted =
        query.clone().sort_by(Note::KIND.asc()).then_by(Note::NUMBER.asc()).all(cache).await.unwrap();
    assert_eq!(sorted.iter().map(|note| note.id).collect::<BTreeSet<_>>(), found, "{query}");
    found
}

async fn negated_words_are_read_like_the_others(cache: Cache) {
    let texts = ["running", "runs", "run", "häuser", "haus", "foxes"];
    let notes: Vec<Note> = (0..).zip(texts).map(|(id, title)| titled(id, title, title)).collect();
    saved(&cache, &notes).await;
    let all: BTreeSet<u32> = (0..6).collect();
    let title = |text: &str| Note::find().filter(Note::TITLE.matches(text));
    let not = |text: &str| Note::find().filter(!Note::TITLE.matches(text));
    for (text, read, expected) in [
        ("running", Reading::new(), vec![0, 1, 2]),
        ("running", Reading::new().verbatim(), vec![0]),
        // `running` has no other form in German, and `runs` has `run`, under which `running` is in the index.
        ("running", Reading::new().in_language(Language::German), vec![0]),
        ("runs", Reading::new().in_language(Language::German), vec![0, 1, 2]),
        ("runs", Reading::new().in_language(Language::German).verbatim(), vec![1]),
        ("häuser", Reading::new(), vec![3]),
        ("häuser", Reading::new().in_language(Language::German), vec![3, 4]),
        ("hauses", Reading::new().in_language(Language::German), vec![4]),
        ("hauses", Reading::new().verbatim(), vec![]),
    ] {
        let expected: BTreeSet<u32> = expected.into_iter().collect();
        assert_eq!(found(&cache, title(text).reading(read)).await, expected, "{text} {read}");
        let others: BTreeSet<u32> = all.difference(&expected).copied().collect();
        assert_eq!(found(&cache, not(text).reading(read)).await, others, "not {text} {read}");
    }
    assert_eq!(found(&cache, not("running").verbatim()).await.len(), 5);
    assert_eq!(found(&cache, not("running").in_language(Language::German)).await.len(), 5);
    assert_eq!(not("runs").verbatim().delete(&cache).await.unwrap(), 5);
    assert_eq!(found(&cache, Note::find()).await, [1].into());
}

async fn words_are_near_each_other_in_each_text(cache: Cache) {
    let notes = [
        titled(0, "quick fox", "brown dog"),
        titled(1, "fox so quick", "brown dog"),
        titled(2, "quick brown lazy fox", "dog brown"),
        titled(3, "running quickly and the fox", "brown dog"),
        // Two inflections of a word: RediSearch forgets where one of them stands.
        titled(4, "foxes x x x x x quick fox runs running", "dog x x x x x brown"),
        titled(5, "quick", "fox"),
    ];
    saved(&cache, &notes).await;
    let title = |text: &str| Note::find().filter(Note::TITLE.matches(text));
    let ids = |ids: &[u32]| ids.iter().copied().collect::<BTreeSet<u32>>();
    assert_eq!(found(&cache, title("fox quick")).await, ids(&[0, 1, 2, 3, 4]));
    assert_eq!(found(&cache, title("fox quick").slop(0)).await, ids(&[0, 3, 4]));
    assert_eq!(found(&cache, title("fox quick").slop(1)).await, ids(&[0, 1, 3, 4]));
    assert_eq!(found(&cache, title("fox quick").in_order()).await, ids(&[1, 4]));
    assert_eq!(found(&cache, title("quick fox").slop(0).in_order()).await, ids(&[0, 3, 4]));
    assert_eq!(found(&cache, title("fox quick").slop(1).in_order()).await, ids(&[1]));
    // Of three words the first and the last.
    assert_eq!(found(&cache, title("lazy quick fox").slop(1)).await, ids(&[2]));
    assert_eq!(found(&cache, title("lazy quick fox").slop(0)).await, ids(&[]));
    assert_eq!(found(&cache, title("run fox quick").slop(0)).await, ids(&[3, 4]));
    assert_eq!(found(&cache, title("runs quickly fox").slop(0).in_order()).await, ids(&[3]));
    assert_eq!(found(&cache, title("run fox quick").slop(0).verbatim()).await, ids(&[]));
    // Conditions do not count into each other, and a phrase says for itself.
    let both = |text: &str| title("quick fox").filter(Note::PLAIN.matches(text));
    assert_eq!(found(&cache, both("dog brown").slop(0)).await, ids(&[0, 3]));
    assert_eq!(found(&cache, both("brown dog").slop(2).in_order()).await, ids(&[0, 3]));
    let phrase = || Note::PLAIN.phrase(Phrase::new("dog brown").any_order());
    assert_eq!(found(&cache, title("fox").filter(phrase()).in_order()).await, ids(&[0, 1, 2, 3]));
    assert_eq!(found(&cache, title("fox").filter(!phrase()).in_order()).await, ids(&[4]));
    let any = Note::TITLE.matches_any("lazy brown") | Note::TITLE.matches("x fox");
    assert_eq!(found(&cache, Note::find().filter(any).slop(0)).await, ids(&[2, 4]));
    let negated = Note::find().filter(!Note::TITLE.matches("quick fox"));
    assert_eq!(found(&cache, negated.clone().slop(0)).await, ids(&[1, 2, 5]));
    assert_eq!(found(&cache, negated).await, ids(&[5]));
    // Where documents have to be read, groups are not made of more than is meant.
    let grouped = title("fox quick").slop(0).aggregate().reduce("notes", count());
    let refused = grouped.row::<serde_json::Value>(&cache).await.unwrap_err();
    assert!(matches!(refused, Error::Query(QueryError::Aggregate(_))), "{refused}");
}

live!(
    notes_are_read_as_the_query_says,
    words_that_are_counted_alone_are_read_as_the_query_says,
    negated_words_are_read_like_the_others,
    words_are_near_each_other_in_each_text,
);
