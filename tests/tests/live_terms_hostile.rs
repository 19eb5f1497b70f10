//! Hostile texts: as suggestions they come back as they are, and a spell check sees words in them and nothing else.

use std::collections::BTreeSet;

use cache_core::{Cache, CacheModel, Error, Migrator, Suggestions, TermError, Terms};
use cache_tests::live;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde::{Deserialize, Serialize};

/// Every word is in the index of a model without stopwords.
#[derive(Debug, Serialize, Deserialize, CacheModel)]
#[cache(stopwords = [])]
struct Page {
    #[primary_key]
    id: u32,
    #[index]
    tag: String,
    #[index(text)]
    text: String,
}

/// How many random texts; override with `CACHE_TEST_VALUES`.
fn count() -> usize {
    std::env::var("CACHE_TEST_VALUES").ok().and_then(|count| count.parse().ok()).unwrap_or(20_000)
}

/// What the server's parsers care about, and random texts in which it is frequent.
fn values() -> Vec<String> {
    let chosen = [
        "INCR",
        "PAYLOAD",
        "FUZZY",
        "MAX",
        "WITHSCORES",
        "DISTANCE",
        "TERMS",
        "FULLSCOREINFO",
        "DIALECT",
        "$",
        "$p0",
        "distance 4 terms include x",
        "@text:(a)",
        "@nope:{x}",
        "a=>{$weight:2}",
        "-a",
        "~a",
        "%a%",
        "w'a*'",
        "a*",
        "\"a b\"",
        "(",
        ")",
        "[1 2]",
        "@tag:{",
        "ismissing(@tag)",
        "x IsMissing y",
        "as",
        "x as y as",
        "inf inf -inf 12 as 1",
        "the ismissing inf w'x' isempty",
        "inf",
        "-inf",
        "nan",
        "1e5",
        "0x1f",
        "1.5",
        "or",
        "and",
        "not",
        "isempty",
        "İ",
        "ı",
        "ẞ",
        "ß",
        "ſ",
        "ﬁ",
        "Ǆ",
        "é",
        "e\u{301}",
        "\u{fffd}",
        "\u{fffe}",
        "\u{200b}",
        "\n",
        "\t",
        "\r\n",
        "\u{7f}",
        " ",
        "\u{3000}",
        "_",
        "__",
        "a_b",
        "日本語",
        "العربية",
        "\u{202e}abc",
        "\\",
        "\\\\",
        "\\\\\\",
        "a\\",
        "a\\\\",
        "\\a",
        "a\\,b",
        "a\\\\,b",
        "a\\ b",
        "\\$p",
        "\\@x",
        "\\_",
        "a\\\u{b}b",
    ];
    let characters = proptest::prop_oneof![
        1 => proptest::char::any(),
        6 => proptest::char::range('\u{1}', '\u{fffe}'),
        4 => proptest::sample::select(('!'..='~').collect::<Vec<_>>()),
        2 => proptest::sample::select(vec!['\\', ' ', '$', '@', '*', '%', '(', 'a', 'A', 'é']),
    ];
    let strings =
        proptest::collection::vec(characters, 0..24).prop_map(|characters| characters.iter().collect());
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(4), ..Config::default() });
    let mut values: BTreeSet<String> = chosen.map(str::to_owned).into_iter().collect();
    while values.len() < count() {
        values.insert(strings.new_tree(&mut runner).unwrap().current());
    }
    values.into_iter().collect()
}

/// Whether the server would keep the text as it is.
fn is_kept(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|character| character > '\0' && character < '\u{ffff}')
}

async fn texts_are_suggested_as_they_are(cache: Cache) {
    let (kept, refused): (Vec<String>, Vec<String>) = values().into_iter().partition(|text| is_kept(text));
    assert!(kept.len() > count() / 4, "{} of {}", kept.len(), refused.len());
    let texts = Suggestions::new("hostile");
    for text in refused.iter().filter(|text| !text.is_empty()) {
        assert!(matches!(texts.add(&cache, text, 1.0).await, Err(Error::Term(_))), "{text:?}");
        assert!(matches!(texts.get(text).all(&cache).await, Err(Error::Term(_))), "{text:?}");
    }
    texts.add_many(&cache, kept.iter().map(|text| (text.as_str(), 1.0))).await.unwrap();
    assert_eq!(texts.len(&cache).await.unwrap(), kept.len() as u64);
    for text in &kept {
        let found = texts.get(text).max(u16::MAX).all(&cache).await.unwrap();
        assert!(found.iter().any(|suggestion| suggestion.text == *text), "{text:?} is not among {found:?}");
    }
    for text in &kept {
        assert!(texts.delete(&cache, text).await.unwrap(), "{text:?}");
    }
    assert_eq!(texts.len(&cache).await.unwrap(), 0);
}

/// The words of a text without backslashes, cut and folded as RediSearch does.
fn words(text: &str) -> BTreeSet<String> {
    let ends = |character: char| {
        matches!(character, ' ' | '\t')
            || (character.is_ascii_punctuation() && character != '_' && character != '\\')
    };
    let word = |raw: &str| {
        raw.chars()
            .filter(|character| !character.is_ascii_control())
            .map(|c| c.to_ascii_lowercase())
            .collect()
    };
    text.split(ends).map(word).filter(|word: &String| !word.is_empty()).collect()
}

async fn a_spell_check_sees_words(cache: Cache) {
    Migrator::new().register::<Page>().run(&cache).await.unwrap();
    let page = Page { id: 1, tag: "x".to_owned(), text: "zzqxvj".to_owned() };
    let _ = page.save(&cache).await.unwrap();
    let mut compared = 0;
    for text in values() {
        let misspelled = match Page::spell_check(&text).misspelled(&cache).await {
            Ok(misspelled) => misspelled,
            Err(Error::Term(TermError::Nul { .. })) if text.contains('\0') => continue,
            Err(error) => panic!("{text:?}: {}", cache_tests::chain(&error)),
        };
        if !text.contains('\\') {
            let named: BTreeSet<String> = misspelled.into_iter().map(|word| word.term).collect();
            assert_eq!(named, words(&text), "{text:?}");
            compared += 1;
        } else {
            assert_eq!(
                misspelled.is_empty(),
                words(&text.replace('\\', "")).is_empty() && !has_escape(&text),
                "{text:?}"
            );
        }
    }
    assert!(compared > count() / 2);
}

/// Whether a character that would end a word is made a part of one.
fn has_escape(text: &str) -> bool {
    text.as_bytes()
        .windows(2)
        .any(|pair| pair[0] == b'\\' && (pair[1].is_ascii_punctuation() || pair[1] == b' '))
}

live! {
    texts_are_suggested_as_they_are,
    a_spell_check_sees_words,
}
