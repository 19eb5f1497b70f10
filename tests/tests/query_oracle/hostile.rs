//! Hostile values in every operator of a filter: none changes the tree that the server reads, and none makes it fail.

use cache_core::{Cache, CacheEmbedded, CacheModel, Error, Filter, Migrator, Phrase, QueryError, RawQuery};
use cache_tests::figures;
use serde::{Deserialize, Serialize};

use crate::strings::{each, values};

#[derive(Debug, Clone, Serialize, Deserialize, CacheEmbedded)]
struct Part {
    #[index]
    name: String,
    #[index]
    size: u32,
}

#[derive(Debug, Clone, Serialize, Deserialize, CacheModel)]
struct Value {
    #[primary_key]
    id: u32,
    #[index]
    tag: String,
    #[index]
    tags: Vec<String>,
    #[index(fold_case)]
    folded: String,
    #[index(separator = ';')]
    list: String,
    #[index(index_missing)]
    #[serde(default, skip_serializing_if = "Option::is_none")]
    maybe: Option<String>,
    #[index(text, with_suffix_trie)]
    text: String,
    #[index(text, phonetic = "en")]
    said: String,
    #[embedded]
    parts: Vec<Part>,
}

/// What the harmless trees are made with: one word, of letters that nothing folds or stems.
const HARMLESS: &str = "qzx";

type Operator = fn(&str) -> Filter<Value>;

/// Operators of tags, whose value stands in the tree as it is.
const TAGS: &[(&str, Operator)] = &[
    ("eq", |value| Value::TAG.eq(value)),
    ("ne", |value| Value::TAG.ne(value)),
    ("is_in", |value| Value::TAGS.is_in([value])),
    ("not_in", |value| Value::TAG.not_in([value])),
    ("starts_with", |value| Value::TAG.starts_with(value)),
    ("not starts_with", |value| !Value::TAGS.starts_with(value)),
    ("ends_with", |value| Value::TAG.ends_with(value)),
    ("contains", |value| Value::TAGS.contains(value)),
    ("eq of what may be missing", |value| Value::MAYBE.eq(value)),
    ("weight", |value| Value::TAG.eq(value).weight(2.0)),
    ("optional", |value| Value::TAG.eq(value).optional()),
    ("any", |value| Value::PARTS.any(|part| part.name.eq(value))),
    ("any of two", |value| Value::PARTS.any(|part| part.name.eq(value) & part.size.gt(3))),
    ("any starts_with", |value| Value::PARTS.any(|part| part.name.starts_with(value) & !part.name.eq("x"))),
    ("any of a list", |value| Value::TAGS.any(|tag| tag.contains(value) & !tag.eq("x"))),
    ("two fields", |value| Value::TAG.eq(value) & Value::PARTS.name.eq("x")),
];

/// Operators of tags, whose value the server shows in lower case or cuts at the separator.
const FOLDED: &[(&str, Operator)] = &[
    ("folded eq", |value| Value::FOLDED.eq(value)),
    ("folded not_in", |value| Value::FOLDED.not_in([value])),
    ("folded starts_with", |value| Value::FOLDED.starts_with(value)),
    ("folded ends_with", |value| Value::FOLDED.ends_with(value)),
    ("folded contains", |value| Value::FOLDED.contains(value)),
    ("list eq", |value| Value::LIST.eq(value)),
    ("list contains", |value| Value::LIST.contains(value)),
];

/// Patterns, of which the longest part stands in the tree.
const PATTERNS: &[(&str, &str, Operator)] = &[
    ("wildcard", "tag", |value| Value::TAG.wildcard(value)),
    ("folded wildcard", "folded", |value| Value::FOLDED.wildcard(value)),
    ("wildcard of many", "tags", |value| Value::TAGS.wildcard(value)),
    ("any wildcard", "parts_name", |value| Value::PARTS.any(|part| part.name.wildcard(value))),
];

/// Operators of texts, whose words stand in the tree.
const TEXTS: &[(&str, &str, Operator)] = &[
    ("matches", "text", |value| Value::TEXT.matches(value)),
    ("not matches", "text", |value| !Value::TEXT.matches(value)),
    ("matches_any", "text", |value| Value::TEXT.matches_any(value)),
    ("not matches_any", "text", |value| !Value::TEXT.matches_any(value)),
    ("phrase", "text", |value| Value::TEXT.phrase(Phrase::new(value).slop(2))),
    ("phrase in any order", "text", |value| Value::TEXT.phrase(Phrase::new(value).slop(2).any_order())),
    ("fuzzy", "text", |value| Value::TEXT.fuzzy(value, 2)),
    ("not fuzzy", "text", |value| !Value::TEXT.fuzzy(value, 3)),
    ("word starts_with", "text", |value| Value::TEXT.starts_with(value)),
    ("word ends_with", "text", |value| Value::TEXT.ends_with(value)),
    ("word contains", "text", |value| Value::TEXT.contains(value)),
    ("word wildcard", "text", |value| Value::TEXT.wildcard(value)),
    ("word weight", "text", |value| Value::TEXT.matches(value).weight(2.0)),
    ("word optional", "text", |value| Value::TEXT.matches(value).optional() & Value::TEXT.matches("x")),
    ("matches of a phonetic field", "said", |value| Value::SAID.matches(value)),
    ("sounds_like", "said", |value| Value::SAID.sounds_like(value)),
    ("raw", "text", |value| Filter::raw(RawQuery::new("@text:($word)").bind("word", value))),
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

/// The value as it is asked for: without the blanks around it where the server cuts tags at a separator.
fn as_it_stands<'a>(name: &str, value: &'a str) -> &'a str {
    if name != "list eq" {
        return value;
    }
    match value.trim_matches(|letter: char| letter.is_ascii_whitespace() || letter == '\u{b}') {
        // How the server shows an empty tag.
        "" => "\"\"",
        trimmed => trimmed,
    }
}

/// The tree is the harmless one with the value in its place.
async fn of_tags(cache: &Cache, values: &[String], operators: &[(&str, Operator)], fold: bool) -> u64 {
    let shown = |tree: &str| if fold { once(tree).to_lowercase() } else { once(tree) };
    let mut refused = 0;
    for (name, operator) in operators {
        let harmless = &tree(cache, name, operator(HARMLESS)).await.unwrap();
        assert_eq!(harmless.matches(HARMLESS).count(), 1, "{harmless}");
        refused += each(values, |_, value| async move {
            let Some(tree) = tree(cache, name, operator(value)).await else { return false };
            let stands = as_it_stands(name, value);
            assert_eq!(shown(&tree), shown(&harmless.replace(HARMLESS, stands)), "{name} {value:?}");
            true
        })
        .await;
    }
    refused
}

/// The tree is one condition on the field, with a part of the value in it.
fn is_of_part(tree: &str, field: &str, value: &str) -> bool {
    let shown = once(tree).to_lowercase();
    let inner =
        shown.strip_prefix(&format!("tag:@{field} {{\n  ")).and_then(|rest| rest.strip_suffix("\n}\n"));
    let Some(inner) = inner else { return false };
    let around = [("prefix{", "*}"), ("suffix{*", "}"), ("infix{*", "*}"), ("", "")];
    let value = value.replace(r"\*", "*").replace(r"\?", "?").to_lowercase();
    around.iter().any(|(before, behind)| {
        let part = inner.strip_prefix(before).and_then(|rest| rest.strip_suffix(behind));
        part.is_some_and(|part| once(&value).contains(part))
    })
}

/// Every line of the tree is a word of the field, or holds such lines together.
fn is_of_words(tree: &str, field: &str) -> bool {
    let field = format!("@{field}:");
    tree.lines().map(str::trim).all(|line| {
        let structure = ["}", "INTERSECT {", "UNION {", "NOT{", "OPTIONAL{"];
        let shape = structure.iter().any(|word| line.trim_start_matches('@').starts_with(word));
        line.is_empty() || line.starts_with(&field) || shape
    })
}

pub(crate) async fn no_value_changes_a_tree(cache: Cache) {
    Migrator::new().register::<Value>().run(&cache).await.unwrap();
    let (values, cache) = (values(), &cache);
    let mut refused = of_tags(cache, &values, TAGS, false).await;
    refused += of_tags(cache, &values, FOLDED, true).await;
    for (name, field, operator) in PATTERNS {
        refused += each(&values, |_, value| async move {
            let Some(tree) = tree(cache, name, operator(value)).await else { return false };
            assert!(is_of_part(&tree, field, value), "{name} {value:?} makes the tree {tree}");
            true
        })
        .await;
    }
    for (name, field, operator) in TEXTS {
        refused += each(&values, |_, value| async move {
            // What is bound raw may be the bytes of a vector; the server cuts a word there, and refuses what is left of it.
            if *name == "raw" && value.contains('\0') {
                return true;
            }
            let Some(tree) = tree(cache, name, operator(value)).await else { return false };
            // Words of ours have no line breaks, what is bound raw may: then the tree cannot be read by lines.
            if *name == "raw" && value.chars().any(char::is_control) {
                assert!(tree.starts_with("@text:"), "{name} {value:?}: {tree}");
            } else {
                assert!(is_of_words(&tree, field), "{name} {value:?} makes the tree {tree}");
            }
            true
        })
        .await;
    }
    let operators = TAGS.len() + FOLDED.len() + PATTERNS.len() + TEXTS.len();
    figures::add("hostile values", (values.len() * operators) as u64);
    figures::add("hostile values refused before sending", refused);
}
