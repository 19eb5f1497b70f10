//! Conditions on words where one text is counted alone, so that the server decides them all; where it counts through several;
//! what scores are made of; and where it stops.

use cache_core::{Cache, CacheModel, Error, Filter, Migrator, Phrase};
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
    #[index(text, with_suffix_trie)]
    text: String,
    #[index]
    kind: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Page {
    #[primary_key]
    id: u32,
    #[index(text, phonetic = "en")]
    title: String,
    #[index(text, no_stem)]
    body: String,
    #[index(text)]
    lines: Vec<String>,
}

fn note(id: u32, text: &str) -> Note {
    Note { id, text: text.to_owned(), kind: if id.is_multiple_of(2) { "even" } else { "odd" }.to_owned() }
}

async fn saved<M: CacheModel + Clone>(cache: &Cache, documents: &[M]) {
    Migrator::new().register::<M>().run(cache).await.unwrap();
    for saved in M::save_many(cache, documents.to_vec()).await {
        assert!(saved.unwrap().stored());
    }
}

/// What the server answers, checked against `accepts` and against `count`.
async fn ids(cache: &Cache, notes: &[Note], filter: Filter<Note>) -> Vec<u32> {
    let accepted: Vec<u32> =
        notes.iter().filter(|note| filter.accepts(note).unwrap()).map(|note| note.id).collect();
    let query = Note::find().filter(filter.clone());
    let mut found: Vec<u32> = query.all(cache).await.unwrap().iter().map(|note| note.id).collect();
    found.sort_unstable();
    let wrong: Vec<_> =
        notes.iter().filter(|note| found.contains(&note.id) != accepted.contains(&note.id)).collect();
    assert_eq!(found, accepted, "{filter:?} {wrong:?}");
    assert_eq!(query.count(cache).await.unwrap(), accepted.len() as u64, "{query:?}");
    found
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Plain {
    #[primary_key]
    id: u32,
    #[index(text, no_stem)]
    text: String,
}

fn text() -> impl Strategy<Value = String> {
    let word = select(vec!["run", "running", "fox", "foxes", "the", "quick", "Brown", "x", "news", "École"]);
    proptest::collection::vec(word, 1..6).prop_map(|words| words.join(" "))
}

fn part() -> impl Strategy<Value = &'static str> {
    select(vec!["un", "ing", "OX", "xes", "qu", "ick", "own", "col", "run", "ew"])
}

fn condition() -> impl Strategy<Value = Filter<Note>> {
    let order = |phrase: Phrase, any: bool| if any { phrase.any_order() } else { phrase };
    let word = select(vec!["run", "fix", "foxs", "x", "the", "quack", "école", "brow"]);
    let condition = prop_oneof![
        4 => (text(), 0..4_u32, any::<bool>())
            .prop_map(move |(text, slop, any)| Note::TEXT.phrase(order(Phrase::new(text).slop(slop), any))),
        1 => text().prop_map(|text| Note::TEXT.matches_any(text)),
        1 => (word, 1..4_u8).prop_map(|(word, distance)| Note::TEXT.fuzzy(word, distance)),
        1 => part().prop_map(|part| Note::TEXT.ends_with(part)),
        1 => part().prop_map(|part| Note::TEXT.contains(part)),
        1 => (part(), part()).prop_map(|(one, other)| Note::TEXT.wildcard(format!("*{one}*{other}"))),
    ];
    (condition, any::<bool>(), any::<bool>()).prop_map(|(condition, negated, beside)| {
        let condition = if negated { !condition } else { condition };
        if beside { condition & Note::KIND.eq("odd") } else { condition }
    })
}

async fn the_words_of_one_text_are_counted_as_they_stand(cache: Cache) {
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(11), ..Config::default() });
    let notes: Vec<Note> =
        (0..150).map(|id| note(id, &text().new_tree(&mut runner).unwrap().current())).collect();
    saved(&cache, &notes).await;
    let mut met = 0;
    for _ in 0..600 {
        let filter = condition().new_tree(&mut runner).unwrap().current();
        if filter.render().is_ok() {
            met += usize::from(!ids(&cache, &notes, filter).await.is_empty());
        }
    }
    assert!(met > 300, "{met} conditions met a document");
}

/// The server decides them alone: each word has one form, and the words of one text are counted.
async fn plain_phrases_are_decided_by_the_server(cache: Cache) {
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(13), ..Config::default() });
    let text = || proptest::collection::vec(select(vec!["run", "fox", "the", "quick", "brown", "x"]), 1..7);
    let mut text = move || text().prop_map(|words| words.join(" ")).new_tree(&mut runner).unwrap().current();
    let pages: Vec<Plain> = (0..200).map(|id| Plain { id, text: text() }).collect();
    saved(&cache, &pages).await;
    let mut exact = 0;
    for number in 0..800_u32 {
        let phrase = Phrase::new(text()).slop(number % 4);
        let filter = Plain::TEXT.phrase(if number % 8 < 4 { phrase } else { phrase.any_order() });
        let filter = if number % 3 == 0 { !filter } else { filter };
        let Ok(rendered) = filter.render() else { continue };
        exact += usize::from(rendered.inexact().is_none() && rendered.text().contains("$slop"));
        let accepted: Vec<u32> =
            pages.iter().filter(|page| filter.accepts(page).unwrap()).map(|page| page.id).collect();
        let query = Plain::find().filter(filter.clone());
        let mut found: Vec<u32> = query.all(&cache).await.unwrap().iter().map(|page| page.id).collect();
        found.sort_unstable();
        let wrong: Vec<_> =
            pages.iter().filter(|page| found.contains(&page.id) != accepted.contains(&page.id)).collect();
        assert_eq!(found, accepted, "{filter} {wrong:?}");
    }
    assert!(exact > 150, "{exact} were decided by the server");
}

async fn phrases_are_near_in_order_and_without_stopwords(cache: Cache) {
    let notes = [
        note(1, "the quick brown fox"),
        note(2, "a fox and the quick"),
        note(3, "quick and the fox"),
        note(4, "run"),
        note(5, "running runs"),
        note(6, "quick, quick fox"),
    ];
    saved(&cache, &notes).await;
    assert_eq!(ids(&cache, &notes, Note::TEXT.phrase("quick fox")).await, [3, 6]);
    assert_eq!(ids(&cache, &notes, Note::TEXT.phrase("QUICK foxes")).await, [3, 6]);
    assert_eq!(ids(&cache, &notes, Note::TEXT.phrase(Phrase::new("quick fox").slop(1))).await, [1, 3, 6]);
    assert_eq!(ids(&cache, &notes, Note::TEXT.phrase(Phrase::new("quick fox").any_order())).await, [2, 3, 6]);
    assert_eq!(ids(&cache, &notes, !Note::TEXT.phrase("quick fox")).await, [1, 2, 4, 5]);
    assert_eq!(ids(&cache, &notes, Note::TEXT.phrase("run run")).await, [5]);
    assert_eq!(ids(&cache, &notes, Note::TEXT.phrase(Phrase::new("runs run").any_order())).await, [5]);
    assert_eq!(ids(&cache, &notes, !Note::TEXT.phrase("run runs")).await, [1, 2, 3, 4, 6]);
    assert_eq!(ids(&cache, &notes, Note::TEXT.phrase("the fox")).await, [1, 2, 3, 6]);
}

async fn a_phrase_is_in_one_text_of_several(cache: Cache) {
    let page = |id: u32, title: &str, body: &str, lines: [&str; 2]| Page {
        id,
        title: title.to_owned(),
        body: body.to_owned(),
        lines: lines.map(str::to_owned).to_vec(),
    };
    // Each has both words in each field; the server takes them as side by side if they are so anywhere.
    let pages = [
        page(1, "john x smith", "john smith", ["john", "smith"]),
        page(2, "john smith", "smith x john", ["john smith", "x"]),
        page(3, "smith john", "x john smith", ["smith", "john"]),
    ];
    saved(&cache, &pages).await;
    let phrase = |slop| Phrase::new("john smith").slop(slop);
    for (filter, expected) in [
        (Page::TITLE.phrase(phrase(0)), vec![2]),
        (Page::BODY.phrase(phrase(0)), vec![1, 3]),
        (Page::LINES.phrase(phrase(0)), vec![2]),
        (Page::LINES.phrase(phrase(500)), vec![2]),
        (!Page::TITLE.phrase(phrase(0)), vec![1, 3]),
        // By itself the server would also find what sounds alike.
        (Page::TITLE.phrase("jon smith"), vec![]),
        (Page::TITLE.matches_any("jon x"), vec![1]),
        (Page::BODY.phrase(Phrase::new("smith john").any_order()), vec![1, 3]),
        (Page::LINES.matches("john smith") & !Page::LINES.phrase(phrase(0)), vec![1, 3]),
    ] {
        let query = Page::find().filter(filter.clone());
        let mut found: Vec<u32> = query.all(&cache).await.unwrap().iter().map(|page| page.id).collect();
        found.sort_unstable();
        assert_eq!(found, expected, "{query:?}");
        assert_eq!(query.count(&cache).await.unwrap(), expected.len() as u64, "{query:?}");
        for page in &pages {
            assert_eq!(filter.accepts(page).unwrap(), expected.contains(&page.id), "{query:?}");
        }
    }
}

async fn many_words_are_no_matter(cache: Cache) {
    let word = |number: u32| format!("w{number}");
    let all = (0..1_000).map(word).collect::<Vec<_>>().join(" ");
    let notes = [note(1, &all), note(2, "w999"), note(3, "w1000")];
    saved(&cache, &notes).await;
    assert_eq!(ids(&cache, &notes, Note::TEXT.matches_any(&all)).await, [1, 2]);
    assert_eq!(ids(&cache, &notes, !Note::TEXT.matches_any(&all)).await, [3]);
    let hundred = (300..400).map(word).collect::<Vec<_>>().join(" ");
    assert_eq!(ids(&cache, &notes, Note::TEXT.phrase(&hundred)).await, [1]);
    assert_eq!(ids(&cache, &notes, !Note::TEXT.phrase(&hundred)).await, [2, 3]);
}

async fn weights_and_wishes_decide_who_is_first(cache: Cache) {
    let notes = [note(1, "redis"), note(2, "rust"), note(3, "nothing")];
    saved(&cache, &notes).await;
    let order = async |filter: Filter<Note>| -> Vec<u32> {
        let found = Note::find().filter(filter).with_score().all(&cache).await.unwrap();
        found.iter().map(|scored| scored.item.id).collect()
    };
    let (rust, redis) = (|| Note::TEXT.matches("rust"), || Note::TEXT.matches("redis"));
    assert_eq!(order(rust().weight(5.0) | redis()).await, [2, 1]);
    assert_eq!(order(rust() | redis().weight(5.0)).await, [1, 2]);
    assert_eq!(order(rust().weight(1e-7) | redis()).await, [1, 2]);
    assert_eq!(order((rust() | redis().weight(4.0)).weight(1e300)).await, [1, 2]);
    assert_eq!(order(rust().optional()).await[0], 2);
    assert_eq!(order(redis().optional()).await[0], 1);
    let both = Note::KIND.is_in(["odd", "even"]) & (rust().weight(9.0) | redis()).optional();
    assert_eq!(order(both).await, [2, 1, 3]);
    assert_eq!(ids(&cache, &notes, rust().optional()).await, [1, 2, 3]);
    assert_eq!(ids(&cache, &notes, !rust().optional()).await, [0_u32; 0]);
    assert_eq!(ids(&cache, &notes, Note::KIND.eq("odd") & rust().optional()).await, [1, 3]);
    assert_eq!(ids(&cache, &notes, rust().optional() & Note::KIND.eq("odd")).await, [1, 3]);
    assert_eq!(ids(&cache, &notes, Note::KIND.eq("even") | rust().optional()).await, [1, 2, 3]);
}

async fn an_answer_that_was_stopped_says_so(cache: Cache) {
    let notes: Vec<Note> = (0..300).map(|id| note(id, &format!("pre{id:03}post"))).collect();
    saved(&cache, &notes).await;
    for filter in [
        Note::TEXT.fuzzy("pre000post", 3),
        Note::TEXT.ends_with("post"),
        Note::TEXT.contains("0p") | Note::TEXT.contains("re"),
        Note::TEXT.wildcard("pre*post"),
        !Note::TEXT.ends_with("post"),
        Note::KIND.eq("odd") & Note::TEXT.fuzzy("pre000post", 3),
    ] {
        let query = Note::find().filter(filter.clone());
        match query.all(&cache).await {
            Err(Error::Incomplete { .. }) => {}
            // What it decides only in part is left out of a negation.
            other => panic!("{query:?}: {other:?}"),
        }
    }
    assert_eq!(ids(&cache, &notes, Note::TEXT.contains("99p")).await, [99, 199, 299]);
    assert_eq!(ids(&cache, &notes, Note::TEXT.fuzzy("pre299pos", 1)).await, [299]);
}

live! {
    the_words_of_one_text_are_counted_as_they_stand,
    plain_phrases_are_decided_by_the_server,
    phrases_are_near_in_order_and_without_stopwords,
    a_phrase_is_in_one_text_of_several,
    many_words_are_no_matter,
    weights_and_wishes_decide_who_is_first,
    an_answer_that_was_stopped_says_so,
}
