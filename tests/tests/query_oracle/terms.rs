//! The terms of a corpus, counted here: how many the server had to expand a part of a value into.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Value, json};

use crate::asked::Expansion;

/// For each field its terms, each as a document that has nothing else.
#[derive(Default)]
pub(crate) struct Terms {
    of: BTreeMap<String, Vec<Value>>,
    known: HashMap<String, usize>,
}

impl Terms {
    pub(crate) fn new(documents: &[Value]) -> Self {
        let mut terms: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (field, value) in documents.iter().filter_map(Value::as_object).flatten() {
            terms.entry(field.clone()).or_default().extend(terms_of(field, value));
        }
        let alone = |field: &String, term| match field.as_str() {
            "parts" => json!({ "parts": [{ "name": term }] }),
            "tags" => json!({ "tags": [term] }),
            field => json!({ field: term }),
        };
        let of = terms
            .into_iter()
            .map(|(field, terms)| {
                let documents = terms.into_iter().map(|term| alone(&field, term)).collect();
                (field, documents)
            })
            .collect();
        Self { of, known: HashMap::new() }
    }

    /// How many terms of its field the part is in.
    pub(crate) fn with(&mut self, expansion: &Expansion) -> usize {
        let Expansion { field, operator, filter, .. } = expansion;
        let has = |document: &&Value| filter.accepts_json(document).unwrap();
        let terms = &self.of;
        *self.known.entry(format!("{filter:?}")).or_insert_with(|| {
            let found: Vec<_> = terms[*field].iter().filter(has).collect();
            // Words of letters may have a stem, which is a term of its own; those of digits have none.
            let stemmed = |document: &&&Value| {
                document[*field].as_str().is_some_and(|word| word.chars().all(char::is_alphabetic))
            };
            let stems = if *operator == "fuzzy" { found.iter().filter(stemmed).count() } else { 0 };
            found.len() + stems
        })
    }
}

/// The terms of a value: words, the parts of a list, whole strings.
fn terms_of(field: &str, value: &Value) -> Vec<String> {
    let lower = |text: &str| text.to_ascii_lowercase();
    match (field, value) {
        ("text" | "plain" | "tail", Value::String(text)) => text.split(' ').map(lower).collect(),
        ("list", Value::String(text)) => text.split(',').map(|part| part.trim().to_owned()).collect(),
        ("folded", Value::String(text)) => vec![lower(text)],
        (_, Value::String(text)) => vec![text.clone()],
        ("parts", Value::Array(parts)) => {
            parts.iter().filter_map(|part| part["name"].as_str()).map(str::to_owned).collect()
        }
        ("tags", Value::Array(tags)) => tags.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// How many different values each indexed field has, members of embedded structs too.
pub(crate) fn values(documents: &[Value]) -> BTreeMap<String, usize> {
    let mut values: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (field, value) in documents.iter().filter_map(Value::as_object).flatten() {
        match (field.as_str(), value) {
            (_, Value::Null) | ("id" | "flag", _) => {}
            ("parts", Value::Array(parts)) => {
                for (member, value) in parts.iter().filter_map(Value::as_object).flatten() {
                    values.entry(format!("parts.{member}")).or_default().insert(value.to_string());
                }
            }
            // A vector is one value.
            (field, Value::Array(many)) if field != "vector" => {
                values.entry(field.to_owned()).or_default().extend(many.iter().map(ToString::to_string));
            }
            (field, value) => drop(values.entry(field.to_owned()).or_default().insert(value.to_string())),
        }
    }
    values.into_iter().map(|(field, values)| (field, values.len())).collect()
}
