//! Hostile values: whatever a string holds, it is found by itself, and never changes what is asked.

use std::collections::BTreeSet;
use std::sync::Arc;

use cache_core::{Cache, CacheModel, Error, Filter, Migrator, Query, QueryError};
use cache_tests::live;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
struct Value {
    #[primary_key]
    id: u32,
    #[index]
    number: u32,
    #[index]
    tag: String,
    #[index(fold_case)]
    folded: String,
    #[index(text)]
    text: String,
}

/// How many random strings; override with `CACHE_TEST_VALUES`.
fn count() -> usize {
    std::env::var("CACHE_TEST_VALUES").ok().and_then(|count| count.parse().ok()).unwrap_or(20_000)
}

/// Hostile strings that somebody thought of: each ASCII punctuation mark alone, doubled, in and around a word,
/// and what query languages, JSON and C care about.
fn chosen() -> Vec<String> {
    let marks = (0x21..0x7f_u8).filter(u8::is_ascii_punctuation).map(char::from);
    let around = marks.flat_map(|mark| {
        [
            format!("{mark}"),
            format!("{mark}{mark}"),
            format!("a{mark}b"),
            format!("{mark}a"),
            format!("a{mark}"),
        ]
    });
    let others = [
        "",
        " ",
        "  ",
        " a",
        "a ",
        "a b",
        "\\",
        "\\\\",
        "a\\",
        "a\\\\",
        "\\a",
        "a\\!b",
        "a\\ b",
        "a\\\\!b",
        "\"",
        "'",
        "a\"b",
        "it's",
        "$p0",
        "$",
        "@number:[0 9]",
        "x} @number:{1",
        "x}|@number:[0 9]",
        "*",
        "%a%",
        "%%a%%",
        "w'a*'",
        "(a|b)",
        "-a",
        "~a",
        "=>{$weight: 2}",
        "a,b",
        "a|b",
        "{a}",
        "a;b",
        "inf",
        "-inf",
        "nan",
        "true",
        "1",
        "1.0",
        "1e5",
        "0x10",
        "the",
        "the fox",
        "not",
        "or",
        "AND",
        "\n",
        "a\nb",
        "\r\n",
        "\t",
        "\u{1}",
        "\u{7f}",
        "é",
        "É",
        "e\u{301}",
        "ß",
        "ẞ",
        "ſ",
        "İ",
        "ı",
        "Ω",
        "\u{1F980}",
        "a\u{1F980}b",
        "👩‍👩‍👧",
        "\u{200b}",
        "\u{feff}",
        "\u{202e}abc",
        "日本語",
        "日本 語",
        "العربية",
        "\u{fffd}",
        "\u{10ffff}",
        "null",
        "{\"a\":1}",
        "[1]",
        "PARAMS",
        "DIALECT 1",
        "LIMIT 0 0",
        "\u{3000}",
    ];
    let long = [
        "x".repeat(127),
        "x".repeat(128),
        "x".repeat(129),
        "é".repeat(100),
        "y".repeat(5_000),
        "z ".repeat(300),
    ];
    around.chain(others.map(str::to_owned)).chain(long).collect()
}

/// Distinct strings without NUL: the chosen ones, and random ones in which hostile characters are frequent.
fn values() -> Vec<String> {
    let config = Config { rng_seed: RngSeed::Fixed(2), ..Config::default() };
    let mut runner = TestRunner::new(config);
    let character = proptest::prop_oneof![
        3 => proptest::char::any(),
        2 => proptest::sample::select(('!'..='~').collect::<Vec<_>>()),
        1 => proptest::sample::select(vec!['\\', ' ', '\t', '\n', '"', '{', '}', '|', '*', '$', '@', 'a', 'A', 'é', '🦀']),
    ];
    let strings = proptest::collection::vec(character, 0..24).prop_map(|characters| {
        characters.into_iter().filter(|character| *character != '\0').collect::<String>()
    });
    let mut seen: BTreeSet<String> = chosen().into_iter().collect();
    let mut values: Vec<String> = seen.iter().cloned().collect();
    while values.len() < count() {
        let value = strings.new_tree(&mut runner).unwrap().current();
        if seen.insert(value.clone()) {
            values.push(value);
        }
    }
    values
}

async fn corpus(cache: &Cache) -> Arc<Vec<Value>> {
    Migrator::new().register::<Value>().run(cache).await.unwrap();
    let documents: Vec<Value> = (0..)
        .zip(values())
        .map(|(id, value)| Value { id, number: id, tag: value.clone(), folded: value.clone(), text: value })
        .collect();
    let documents = Arc::new(documents);
    each(cache, &documents, |cache, document| async move {
        let _ = document.save(&cache).await.unwrap();
    })
    .await;
    documents
}

/// Does something with every document, 64 at a time.
async fn each<F>(
    cache: &Cache,
    documents: &Arc<Vec<Value>>,
    act: impl Fn(Cache, Value) -> F + Copy + Send + 'static,
) where
    F: Future<Output = ()> + Send,
{
    let mut tasks = JoinSet::new();
    for start in 0..64 {
        let (cache, documents) = (cache.clone(), Arc::clone(documents));
        tasks.spawn(async move {
            for document in documents.iter().skip(start).step_by(64) {
                act(cache.clone(), document.clone()).await;
            }
        });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
}

async fn each_value_is_found_by_itself(cache: Cache) {
    let documents = corpus(&cache).await;
    each(&cache, &documents, |cache, document| async move {
        let found = Value::find_by_tag(&document.tag).all(&cache).await.unwrap().into_vec();
        assert_eq!(found, [document], "as a tag");
    })
    .await;
    each(&cache, &documents, |cache, document| async move {
        let folded = Value::FOLDED.eq(&document.folded) & Value::NUMBER.eq(document.number);
        let found = Value::find().filter(folded).count(&cache).await.unwrap();
        assert_eq!(found, 1, "{:?} as a folded tag", document.folded);
    })
    .await;
}

/// Whether the text has a word that can be asked for, decided by the library and checked for plain words here.
fn has_word(value: &str, asked: &Filter<Value>) -> bool {
    match asked.render() {
        Ok(_) => true,
        Err(QueryError::NoTerms { .. }) => {
            assert!(
                !value.split(|c: char| !c.is_alphanumeric()).any(|word| word.len() > 5),
                "{value:?} has a word"
            );
            false
        }
        Err(QueryError::UnsearchableTerm { .. }) => {
            assert!(value.contains('\\'), "{value:?} has no escape");
            false
        }
        Err(other) => panic!("{value:?}: {other}"),
    }
}

async fn each_text_finds_its_document(cache: Cache) {
    let documents = corpus(&cache).await;
    let searchable =
        documents.iter().filter(|document| has_word(&document.text, &Value::TEXT.matches(&document.text)));
    assert!(searchable.count() > documents.len() * 9 / 10);
    each(&cache, &documents, |cache, document| async move {
        let asked = Value::TEXT.matches(&document.text);
        if !has_word(&document.text, &asked) {
            return;
        }
        assert!(asked.accepts(&document).unwrap(), "{:?} is not accepted here", document.text);
        let found =
            Value::find().filter(asked & Value::NUMBER.eq(document.number)).count(&cache).await.unwrap();
        assert_eq!(found, 1, "{:?} as a text", document.text);
    })
    .await;
}

/// The fields that a query asks, read off the tree that the server prints.
///
/// A value may contain line breaks and anything else, so the tree is not parsed: it must be this one, with the
/// value in its place.
async fn no_value_changes_the_tree(cache: Cache) {
    let documents = corpus(&cache).await;
    each(&cache, &documents, |cache, document| async move {
        let tag = Value::find().filter(Value::TAG.eq(&document.tag) & Value::NUMBER.eq(7));
        let tree = tag.explain(&cache).await.unwrap();
        let value = tree
            .strip_prefix("INTERSECT {\n  TAG:@tag {\n    ")
            .and_then(|rest| {
                rest.strip_suffix("\n  }\n  NUMERIC {7.000000 <= @number <= 7.000000}\n}\n")
                    .or_else(|| rest.strip_suffix("\n  }\n  NUMERIC {7.000000 <= @number == 7.000000}\n}\n"))
            })
            .unwrap_or_else(|| panic!("{:?} makes the tree {tree}", document.tag));
        // The server prints an empty tag as two quotes.
        let value = if document.tag.is_empty() { value.trim_matches('"') } else { value };
        assert_eq!(value, document.tag, "{tree}");

        let asked = Value::TEXT.matches(&document.text);
        if has_word(&document.text, &asked) {
            let tree = Value::find().filter(asked).explain(&cache).await.unwrap();
            for line in
                tree.lines().map(str::trim).filter(|line| !matches!(*line, "}" | "INTERSECT {" | "UNION {"))
            {
                assert!(line.starts_with("@text:"), "{:?} makes the tree {tree}", document.text);
            }
        }

        let prefix: Query<Value> = Value::find().filter(Value::TAG.starts_with(&document.tag));
        match prefix.explain(&cache).await {
            Ok(tree) => {
                let inner =
                    tree.strip_prefix("TAG:@tag {\n  PREFIX{").and_then(|rest| rest.strip_suffix("*}\n}\n"));
                let inner = inner.unwrap_or_else(|| panic!("{:?} makes the tree {tree}", document.tag));
                assert_eq!(inner, document.tag, "{tree}");
            }
            Err(Error::Query(QueryError::PrefixTooShort { prefix, .. })) => assert!(prefix.len() < 2),
            Err(Error::Query(QueryError::PrefixEndsInBackslash { .. })) => {
                assert!(document.tag.ends_with('\\'));
            }
            Err(other) => panic!("{:?}: {other}", document.tag),
        }
    })
    .await;
}

async fn prefixes_find_what_begins_like_them(cache: Cache) {
    let documents = corpus(&cache).await;
    each(&cache, &documents, |cache, document| async move {
        let characters: Vec<char> = document.tag.chars().collect();
        let prefix: String = characters.iter().take(characters.len().div_ceil(2)).collect();
        let asked = Value::TAG.starts_with(&prefix);
        if asked.render().is_err() {
            return;
        }
        let asked = Value::find().filter(asked & Value::NUMBER.eq(document.number)).allow_partial();
        let found = asked.all(&cache).await.unwrap();
        let complete = found.completeness().is_complete();
        assert!(found.len() == 1 || !complete, "{prefix:?} does not find {:?}", document.tag);
    })
    .await;
}

live! {
    each_value_is_found_by_itself,
    each_text_finds_its_document,
    no_value_changes_the_tree,
    prefixes_find_what_begins_like_them,
}
