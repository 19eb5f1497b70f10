//! What stands around queries, on a real server: tag values, spelling, dictionaries, synonyms.

use std::collections::BTreeSet;
use std::time::Duration;

use cache_core::{
    Cache, CacheEmbedded, CacheModel, Command, Dictionary, Error, Filter, IndexSchema, Indexed, Migrator,
    Model, Route, ServerErrorKind, TermError, Terms,
};
use cache_tests::live;
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheEmbedded)]
struct Place {
    #[index]
    city: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Offer {
    #[primary_key]
    id: u32,
    #[index]
    category: String,
    #[index(fold_case)]
    folded: String,
    #[index(separator = ',')]
    keywords: String,
    #[index]
    sold: bool,
    #[index(text)]
    title: String,
    #[index(text, no_stem)]
    note: String,
    #[embedded]
    places: Vec<Place>,
}

fn offer(id: u32, category: &str, title: &str) -> Offer {
    Offer {
        id,
        category: category.to_owned(),
        folded: "ABC".to_owned(),
        keywords: " Red, blue,Red ".to_owned(),
        sold: false,
        title: title.to_owned(),
        note: String::new(),
        places: vec![Place { city: "Bern".to_owned() }, Place { city: "Zürich".to_owned() }],
    }
}

async fn saved<M: Model + Indexed>(cache: &Cache, documents: &[M]) {
    Migrator::new().register::<M>().run(cache).await.unwrap();
    for document in documents {
        let _ = document.save(cache).await.unwrap();
    }
}

async fn values_of_tags_are_listed(cache: Cache) {
    let odd = ["", " ", "a b", "\\", "x\"y'", "*", "é", "🦀", "日本語", "\u{1}"];
    let offers: Vec<Offer> = (0..).zip(odd).map(|(id, category)| offer(id, category, "x")).collect();
    saved(&cache, &offers).await;
    let listed = Offer::tag_values(&cache, Offer::CATEGORY).await.unwrap();
    let expected: BTreeSet<_> = odd.into_iter().collect();
    assert!(listed.iter().eq(expected.iter()), "{listed:?}");
    assert_eq!(Offer::tag_values(&cache, Offer::FOLDED).await.unwrap(), ["abc"]);
    assert_eq!(Offer::tag_values(&cache, Offer::KEYWORDS).await.unwrap(), ["Red", "blue"]);
    assert_eq!(Offer::tag_values(&cache, Offer::SOLD).await.unwrap(), ["false"]);
    assert_eq!(Offer::tag_values(&cache, Offer::PLACES.city).await.unwrap(), ["Bern", "Zürich"]);
}

async fn a_value_stays_until_the_server_has_cleaned_up(cache: Cache) {
    let old: Vec<Offer> = (0..150).map(|id| offer(id, if id < 2 { "older" } else { "old" }, "x")).collect();
    saved(&cache, &[offer(200, "new", "x")]).await;
    saved(&cache, &old).await;
    let index = Offer::schema().index_name(cache.keyspace().unwrap());
    let clean = || {
        let clean = Command::new("FT.DEBUG").arg("GC_FORCEINVOKE").arg(&index).routed(Route::AllMasters);
        cache.command(clean.within(Duration::from_secs(20)))
    };
    for id in 0..2 {
        assert!(Offer::delete_by_id(&cache, id).await.unwrap());
    }
    clean().await.unwrap();
    let listed = Offer::tag_values(&cache, Offer::CATEGORY).await.unwrap();
    assert_eq!(listed, ["new", "old", "older"], "not worth cleaning");
    for id in 2..150 {
        assert!(Offer::delete_by_id(&cache, id).await.unwrap());
    }
    assert_eq!(Offer::tag_values(&cache, Offer::CATEGORY).await.unwrap(), ["new", "old", "older"]);
    clean().await.unwrap();
    assert_eq!(Offer::tag_values(&cache, Offer::CATEGORY).await.unwrap(), ["new"]);
}

/// The misspelled words, and of each what could be meant.
async fn misspelled(cache: &Cache, text: &str, distance: u8) -> Vec<(String, Vec<String>)> {
    let misspelled = Offer::spell_check(text).distance(distance).misspelled(cache).await.unwrap();
    let corrections = misspelled.into_iter().map(|word| {
        let suggestions = word.suggestions.into_iter().map(|suggestion| suggestion.term).collect();
        (word.term, suggestions)
    });
    corrections.collect()
}

async fn misspelled_words_are_named(cache: Cache) {
    let offers = [
        offer(1, "a", "hello running world"),
        offer(2, "b", "Hello Zürich"),
        Offer { note: "only in the note".to_owned(), ..offer(3, "c", "help") },
    ];
    saved(&cache, &offers).await;
    let word =
        |word: &str, meant: &[&str]| (word.to_owned(), meant.iter().map(|word| (*word).to_owned()).collect());
    assert_eq!(misspelled(&cache, "Hello, world! The note", 1).await, []);
    assert_eq!(
        misspelled(&cache, "Helo wrld helo xyzzyx", 1).await,
        [word("helo", &["hello", "help"]), word("wrld", &["world"]), word("xyzzyx", &[])]
    );
    assert_eq!(misspelled(&cache, "runing", 1).await, [word("runing", &["running"])], "no stems");
    assert_eq!(misspelled(&cache, "run", 1).await, [word("run", &[])], "written words, not their stems");
    assert_eq!(misspelled(&cache, "runs", 1).await, [word("runs", &[])]);
    assert_eq!(misspelled(&cache, "zürch", 1).await, [word("zürch", &["zürich"])]);
    assert_eq!(misspelled(&cache, "wrl", 1).await, [word("wrl", &[])]);
    assert_eq!(misspelled(&cache, "wrl", 2).await, [word("wrl", &["world"])]);
    let half = Offer::spell_check("helo").misspelled(&cache).await.unwrap();
    assert!((half[0].suggestions[0].score - 2.0 / 3.0).abs() < 1e-6, "{half:?}");
    // What the server would take for options, operators and parameters.
    for text in ["distance", "TERMS", "FULLSCOREINFO", "dialect", "params", "limit"] {
        assert_eq!(misspelled(&cache, text, 1).await, [word(&text.to_lowercase(), &[])]);
    }
    assert_eq!(misspelled(&cache, "-hello @category:{x}|$p", 1).await.len(), 3);
    assert_eq!(misspelled(&cache, r"a\,b \$p", 1).await, [word("a,b", &[]), word("$p", &[])]);
    let many: String = (0..300).map(|number| format!("word{number} ")).collect();
    let answered = misspelled(&cache, &many, 1).await;
    let order: Vec<_> = answered.iter().map(|(word, _)| word.as_str()).collect();
    assert_eq!(order, many.split_whitespace().collect::<Vec<_>>());
}

async fn dictionaries_add_and_excuse_words(cache: Cache) {
    saved(&cache, &[offer(1, "a", "hello")]).await;
    let (brands, other) = (Dictionary::new("brands"), Dictionary::new("other"));
    assert_eq!(brands.words(&cache).await.unwrap(), Vec::<String>::new());
    assert_eq!(brands.add(&cache, ["Rolex", "new york", "rolex", "rolex"]).await.unwrap(), 3);
    assert_eq!(brands.add(&cache, ["rolex"]).await.unwrap(), 0);
    assert_eq!(brands.words(&cache).await.unwrap(), ["Rolex", "new york", "rolex"]);
    let elsewhere = cache.clone().namespace("elsewhere");
    assert_eq!(brands.words(&elsewhere).await.unwrap(), Vec::<String>::new());

    let check = Offer::spell_check("rolx newyork");
    let answer = check.clone().include(&brands).misspelled(&cache).await.unwrap();
    let terms = |number: usize| -> Vec<_> {
        answer[number].suggestions.iter().map(|word| (word.term.as_str(), word.score)).collect()
    };
    assert_eq!(terms(1), [("new york", 0.0)]);
    assert_eq!(terms(0), [("Rolex", 0.0)], "of those that differ in case, the first");
    assert!(check.clone().misspelled(&cache).await.unwrap()[0].suggestions.is_empty());
    let excused = Offer::spell_check("ROLEX").exclude(&brands);
    assert_eq!(excused.misspelled(&cache).await.unwrap(), []);

    let error = check.include(&other).misspelled(&cache).await.unwrap_err();
    assert_eq!(error.server_kind(), Some(ServerErrorKind::UnknownDictionary), "{error}");
    assert_eq!(brands.remove(&cache, ["rolex", "never"]).await.unwrap(), 1);
    assert_eq!(other.remove(&cache, ["never"]).await.unwrap(), 0);
    assert_eq!(brands.words(&cache).await.unwrap(), ["Rolex", "new york"]);
}

async fn a_missing_index_is_named(cache: Cache) {
    let missing =
        |error: &Error| assert!(matches!(error, Error::IndexMissing { model: "Offer", .. }), "{error}");
    missing(&Offer::tag_values(&cache, Offer::CATEGORY).await.unwrap_err());
    missing(&Offer::spell_check("helo").misspelled(&cache).await.unwrap_err());
    missing(&Offer::synonyms().dump(&cache).await.unwrap_err());
    missing(&Offer::synonyms().update(&cache, "cars", ["car"]).await.unwrap_err());
    missing(&Offer::synonyms().skip_initial_scan().update(&cache, "cars", ["car"]).await.unwrap_err());
}

async fn ids(cache: &Cache, filter: Filter<Offer>) -> Vec<u32> {
    let found = Offer::find().filter(filter).all(cache).await.unwrap();
    let ids: BTreeSet<_> = found.iter().map(|offer| offer.id).collect();
    ids.into_iter().collect()
}

async fn synonyms_find_each_other(cache: Cache) {
    let offers = [
        offer(1, "a", "my Car"),
        Offer { note: "an auto".to_owned(), ..offer(2, "b", "old automobile") },
        offer(3, "c", "cars everywhere"),
        offer(4, "d", "École"),
    ];
    saved(&cache, &offers).await;
    let synonyms = Offer::synonyms();
    assert!(synonyms.dump(&cache).await.unwrap().is_empty());
    assert_eq!(ids(&cache, Offer::TITLE.matches("car")).await, [1, 3]);
    assert!(synonyms.update(&cache, "vehicles: {1}", ["CAR", "automobile", "École"]).await.unwrap());
    assert!(!synonyms.update(&cache, "vehicles: {1}", ["car", "École"]).await.unwrap());
    let groups = synonyms.dump(&cache).await.unwrap();
    assert_eq!(groups["vehicles: {1}"].len(), 3, "{groups:?}");

    assert_eq!(ids(&cache, Offer::TITLE.matches("car")).await, [1, 2, 3, 4], "its stem finds `cars`");
    assert_eq!(ids(&cache, Offer::TITLE.matches("Automobile")).await, [1, 2, 4]);
    assert_eq!(ids(&cache, Offer::TITLE.matches("old car")).await, [2]);
    assert_eq!(
        ids(&cache, Offer::TITLE.matches("cars")).await,
        [1, 3],
        "a synonym of `car` is none of `cars`"
    );
    assert_eq!(ids(&cache, Offer::NOTE.matches("car")).await, Vec::<u32>::new(), "each field on its own");
    assert_eq!(ids(&cache, Offer::TITLE.starts_with("automob")).await, [2], "no synonyms of prefixes");
    let kept = ids(&cache, !Offer::TITLE.matches("automobile")).await;
    assert_eq!(kept, [1, 3, 4], "a negation leaves out the word, not its synonyms");
    assert!(!Offer::TITLE.matches("car").accepts(&offers[1]).unwrap(), "known to the server alone");

    // Marks of synonyms stand among the words of the index.
    assert_eq!(misspelled(&cache, "carr", 1).await[0].1, ["car", "cars"].map(str::to_owned));
    assert_eq!(misspelled(&cache, "vehicles", 4).await.len(), 1);
}

async fn documents_that_are_there_wait_for_a_scan_or_are_skipped(cache: Cache) {
    saved(&cache, &[offer(1, "a", "car")]).await;
    let synonyms = Offer::synonyms();
    let skipping = synonyms.clone().skip_initial_scan();
    assert!(skipping.update(&cache, "cars", ["car", "auto"]).await.unwrap());
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(ids(&cache, Offer::TITLE.matches("auto")).await, Vec::<u32>::new());
    let _ = offer(2, "b", "car").save(&cache).await.unwrap();
    assert_eq!(ids(&cache, Offer::TITLE.matches("auto")).await, [2], "saved since");
    let many: Vec<Offer> = (3..3_000).map(|id| offer(id, "c", "limousine")).collect();
    for saved in Offer::save_many(&cache, &many).await {
        let _ = saved.unwrap();
    }
    assert!(synonyms.update(&cache, "cars", ["limousine"]).await.unwrap());
    assert_eq!(Offer::find_by_title("auto").count(&cache).await.unwrap(), 2_999, "all were looked at");
}

async fn what_would_never_be_found_is_refused(cache: Cache) {
    saved(&cache, &[offer(1, "a", "x")]).await;
    let long = "x".repeat(129);
    for word in ["motor car", "", "the", "SKIPINITIALSCAN", "a\0", &long] {
        let error = Offer::synonyms().update(&cache, "g", ["car", word]).await.unwrap_err();
        assert!(matches!(error, Error::Term(_)), "{error}");
    }
    assert!(Offer::synonyms().dump(&cache).await.unwrap().is_empty(), "nothing is sent");
    let error = Offer::spell_check("é".repeat(33)).distance(3).misspelled(&cache).await.unwrap_err();
    assert!(matches!(error, Error::Term(TermError::WordTooLong { most: 32, .. })), "{error}");
    // The longest words that are taken keep the server for no more than a moment.
    let letters: String = ('a'..='z').chain('0'..='9').chain('à'..='ý').take(100).collect();
    for (distance, most) in [(1, 66), (2, 66), (3, 32), (4, 16)] {
        let started = std::time::Instant::now();
        let text: String = letters.chars().take(most).collect();
        let _ = Offer::spell_check(text).distance(distance).misspelled(&cache).await.unwrap();
        assert!(started.elapsed() < Duration::from_millis(1_500), "{distance}: {:?}", started.elapsed());
    }
}

live! {
    values_of_tags_are_listed,
    a_value_stays_until_the_server_has_cleaned_up,
    misspelled_words_are_named,
    dictionaries_add_and_excuse_words,
    a_missing_index_is_named,
    synonyms_find_each_other,
    documents_that_are_there_wait_for_a_scan_or_are_skipped,
    what_would_never_be_found_is_refused,
}
