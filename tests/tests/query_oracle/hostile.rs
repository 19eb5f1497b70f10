//! Hostile values in every operator: none changes the tree that the server reads, and none makes it fail.

use cache_core::{Cache, CacheEmbedded, CacheModel, Error, Filter, Migrator, Phrase, QueryError, RawQuery};
use cache_tests::figures;
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngSeed, TestRunner};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, Serialize, Deserialize, CacheEmbedded)]
struct Part {
    #[index]
    name: String,
}

#[derive(Debug, Clone, Serialize, Deserialize, CacheModel)]
struct Value {
    #[primary_key]
    id: u32,
    #[index]
    tag: String,
    #[index]
    tags: Vec<String>,
    #[index(text, with_suffix_trie)]
    text: String,
    #[embedded]
    parts: Vec<Part>,
}

/// How many values a protocol, each in every operator.
const VALUES: usize = 1_200;

/// What the harmless trees are made with: one word, of letters that nothing folds or stems.
const HARMLESS: &str = "qzx";

const CHOSEN: &[&str] = &[
    "*",
    "a*",
    "*a*",
    "?",
    "|",
    "a|b",
    "(",
    ")",
    "((",
    "a) | @tag:{*}",
    "{",
    "}",
    "{*}",
    "a} @tag:{b",
    "}|{",
    "[",
    "]",
    "[-inf +inf]",
    "@",
    "@tag",
    "@tag:{a}",
    "@text:(a)",
    "-a",
    "-@tag:{a}",
    "~a",
    "!a",
    "$",
    "$p0",
    "$p1",
    "=>",
    "=>{",
    "a=>{$weight: 5}",
    "=>[KNN 3 @v $p0]",
    "%",
    "%a%",
    "%%%a%%%",
    "w'a*'",
    "w'",
    "'",
    "\"",
    "\"a b\"",
    "\\",
    "\\\\",
    "a\\",
    "\\*",
    "\\}",
    "a\\}b",
    "\\\"",
    ";",
    ":",
    ",",
    ".",
    "/",
    "#",
    "&",
    "^",
    "+",
    "=",
    "<",
    ">",
    "`",
    " ",
    "  ",
    " a ",
    "\t",
    "\n",
    "a\nb",
    "\r\n",
    "\u{1}",
    "\u{7f}",
    "\u{85}",
    "\u{200b}",
    "\u{202e}abc",
    "\u{feff}",
    "é",
    "É",
    "ß",
    "İ",
    "ﬁ",
    "漢字",
    "🦀",
    "👩\u{200d}👩",
    "the",
    "to be",
    "ismissing(@tag)",
    "AND",
    "OR",
    "NOT",
    "INKEYS",
    "DIALECT 1",
    "LIMIT 0 0",
    "PARAMS 2 p0 x",
    "SELECT 1; --",
    "<script>",
    "%00",
    "a\u{0}b",
    "-inf",
    "+inf",
    "nan",
    "(1",
    "1)",
    "1e5",
];

fn values() -> Vec<String> {
    let mut runner = TestRunner::new(Config { rng_seed: RngSeed::Fixed(11), ..Config::default() });
    let random = prop_oneof![
        "[@{}()|*$%\"'\\\\=>\\[\\]:;,.~!^&#<>/? a-c\n-]{1,12}",
        ".{1,12}",
        proptest::collection::vec(any::<u8>(), 1..16)
            .prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
        "[a-z]{1,4}".prop_map(|word| word.repeat(80)),
    ];
    let mut values: Vec<String> = CHOSEN.iter().map(ToString::to_string).collect();
    while values.len() < VALUES {
        values.push(random.new_tree(&mut runner).unwrap().current());
    }
    values
}

type Operator = fn(&str) -> Filter<Value>;

/// Operators of tags, whose value stands in the tree as it is.
const TAGS: &[(&str, Operator)] = &[
    ("eq", |value| Value::TAG.eq(value)),
    ("ne", |value| Value::TAG.ne(value)),
    ("is_in", |value| Value::TAGS.is_in([value])),
    ("not_in", |value| Value::TAG.not_in([value])),
    ("starts_with", |value| Value::TAG.starts_with(value)),
    ("ends_with", |value| Value::TAG.ends_with(value)),
    ("contains", |value| Value::TAGS.contains(value)),
    ("any", |value| Value::PARTS.any(|part| part.name.eq(value))),
    ("two fields", |value| Value::TAG.eq(value) & Value::PARTS.name.eq("x")),
];

/// Operators of texts, whose words stand in the tree.
const TEXTS: &[(&str, Operator)] = &[
    ("matches", |value| Value::TEXT.matches(value)),
    ("not matches", |value| !Value::TEXT.matches(value)),
    ("matches_any", |value| Value::TEXT.matches_any(value)),
    ("phrase", |value| Value::TEXT.phrase(Phrase::new(value).slop(2))),
    ("fuzzy", |value| Value::TEXT.fuzzy(value, 2)),
    ("word starts_with", |value| Value::TEXT.starts_with(value)),
    ("word ends_with", |value| Value::TEXT.ends_with(value)),
    ("word contains", |value| Value::TEXT.contains(value)),
    ("word wildcard", |value| Value::TEXT.wildcard(value)),
    ("weight", |value| Value::TEXT.matches(value).weight(2.0)),
    ("optional", |value| Value::TEXT.matches(value).optional() & Value::TEXT.matches("x")),
    ("raw", |value| Filter::raw(RawQuery::new("@text:($word)").bind("word", value))),
];

/// The tree that the server reads; `None` if the operand is refused before anything is sent.
async fn tree(cache: &Cache, name: &str, filter: Filter<Value>) -> Option<String> {
    let query = Value::find().filter(filter.clone());
    match query.explain(cache).await {
        Ok(tree) => {
            // And it can be asked.
            let found = query.allow_partial().count(cache).await;
            assert!(found.is_ok(), "{name} {filter:?}: {found:?}");
            Some(tree)
        }
        Err(Error::Query(refused)) => {
            assert!(!matches!(refused, QueryError::Document(_)), "{name} {filter:?}: {refused}");
            None
        }
        Err(error) => panic!("{name} {filter:?}: {}", cache_tests::chain(&error)),
    }
}

/// The server shows some backslashes as they were sent, which is twice.
fn once(tree: &str) -> String {
    let mut shown = tree.to_owned();
    while shown.contains(r"\\") {
        shown = shown.replace(r"\\", r"\");
    }
    shown
}

pub(crate) async fn no_value_changes_a_tree(cache: Cache) {
    Migrator::new().register::<Value>().run(&cache).await.unwrap();
    let values = values();
    let mut refused = 0;
    for (name, operator) in TAGS {
        let harmless = tree(&cache, name, operator(HARMLESS)).await.unwrap();
        assert_eq!(harmless.matches(HARMLESS).count(), 1, "{harmless}");
        for value in &values {
            match tree(&cache, name, operator(value)).await {
                Some(tree) => {
                    assert_eq!(once(&tree), once(&harmless.replace(HARMLESS, value)), "{name} {value:?}");
                }
                None => refused += 1,
            }
        }
    }
    for (name, operator) in TEXTS {
        for value in &values {
            // What is bound raw may be the bytes of a vector; the server cuts a word there, and refuses what is left of it.
            if *name == "raw" && value.contains('\0') {
                continue;
            }
            let Some(tree) = tree(&cache, name, operator(value)).await else {
                refused += 1;
                continue;
            };
            // Words of ours have no line breaks, what is bound raw may: then the tree cannot be read by lines.
            if *name == "raw" && value.chars().any(char::is_control) {
                assert!(tree.starts_with("@text:"), "{name} {value:?}: {tree}");
                continue;
            }
            for line in tree.lines().map(str::trim) {
                let of_text = line.starts_with("@text:") || line.is_empty();
                let structure = ["}", "INTERSECT {", "UNION {", "NOT{", "OPTIONAL{"];
                let shape = structure.iter().any(|word| line.trim_start_matches('@').starts_with(word));
                assert!(of_text || shape, "{name} {value:?} makes the line {line:?} of the tree {tree}");
            }
        }
    }
    let tried = values.len() * (TAGS.len() + TEXTS.len());
    figures::add("hostile values", tried as u64);
    figures::add("hostile values refused before sending", refused);
}
