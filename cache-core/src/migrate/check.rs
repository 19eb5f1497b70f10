//! What can be wrong with models before any server is asked.

use std::collections::HashSet;

use cache_index::{FieldKind, Schema, Stopwords};

use super::error::MigrateError;
use crate::cache::path_of;

/// How many fields an index holds (`SPEC_MAX_FIELDS` of RediSearch).
const MOST_FIELDS: usize = 1024;

/// How many of them may be TEXT: each has a bit of a mask (`SPEC_MAX_FIELD_ID`).
const MOST_TEXTS: usize = 128;

/// How many stopwords (`MAX_STOPWORDLIST_SIZE` of RediSearch's `stopwords.c`): the server takes more without a word, and leaves the
/// others out.
const MOST_STOPWORDS: usize = 1024;

/// Whether the models can live together.
pub(super) fn check(schemas: &[&'static Schema]) -> Result<(), MigrateError> {
    for schema in schemas {
        one(schema)?;
    }
    for (number, one) in schemas.iter().enumerate() {
        for other in schemas.iter().skip(number + 1) {
            if one.keys_overlap(other) {
                return Err(MigrateError::Overlap {
                    one: one.model(),
                    one_path: path_of(one),
                    one_prefix: one.prefix(),
                    other: other.model(),
                    other_path: path_of(other),
                    other_prefix: other.prefix(),
                });
            }
            if one.model() == other.model() {
                return Err(MigrateError::SameModelName {
                    model: one.model(),
                    one_path: path_of(one),
                    one_prefix: one.prefix(),
                    other_path: path_of(other),
                    other_prefix: other.prefix(),
                });
            }
        }
    }
    Ok(())
}

fn one(schema: &'static Schema) -> Result<(), MigrateError> {
    let model = schema.model();
    let (mut names, mut texts) = (HashSet::new(), 0);
    for field in schema.indexed() {
        // The derive sees a struct's own names; those of embedded structs come together only here.
        let name = field.name().to_string();
        if names.contains(&name) {
            return Err(MigrateError::SameName { model, name });
        }
        names.insert(name);
        texts += usize::from(field.kind() == FieldKind::Text);
    }
    let limits = [("indexed fields", names.len(), MOST_FIELDS), ("TEXT fields", texts, MOST_TEXTS)];
    if let Some((what, number, most)) = limits.into_iter().find(|(_, number, most)| number > most) {
        return Err(MigrateError::TooManyFields { model, what, number, most });
    }
    if let Stopwords::Words(words) = schema.stopwords()
        && words.len() > MOST_STOPWORDS
    {
        return Err(MigrateError::TooManyStopwords { model, number: words.len(), most: MOST_STOPWORDS });
    }
    match schema.unknown_in_filter() {
        Some(name) => Err(MigrateError::FilterField { model, name }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use cache_index::{Entry, FieldDef, Numeric, Text};

    use super::*;

    fn schema(model: &'static str, prefix: &'static str, fields: Vec<FieldDef>) -> &'static Schema {
        let entries: Vec<_> = fields.into_iter().map(Entry::Field).collect();
        Box::leak(Box::new(Schema::new(model, prefix, "id", entries.leak())))
    }

    fn name(number: usize) -> &'static str {
        Box::leak(format!("f{number}").into_boxed_str())
    }

    #[test]
    fn an_index_has_so_many_fields_and_no_more() {
        let numbers =
            |most: usize| (0..most).map(|n| FieldDef::indexed::<u8, Numeric>(name(n), name(n))).collect();
        let texts =
            |most: usize| (0..most).map(|n| FieldDef::indexed::<String, Text>(name(n), name(n))).collect();
        assert!(check(&[schema("A", "a", numbers(1024))]).is_ok());
        assert!(check(&[schema("A", "a", texts(128))]).is_ok());
        assert_eq!(
            check(&[schema("A", "a", numbers(1025))]).unwrap_err().to_string(),
            "`A` has 1025 indexed fields, and an index holds 1024; take `#[index]` from some of them"
        );
        assert_eq!(
            check(&[schema("A", "a", texts(129))]).unwrap_err().to_string(),
            "`A` has 129 TEXT fields, and an index holds 128; take `#[index]` from some of them"
        );
    }

    #[test]
    fn an_index_has_so_many_stopwords_and_no_more() {
        let schema = |count| {
            let words = (0..count).map(name).collect::<Vec<_>>();
            let schema = Schema::new("A", "a", "id", &[]).with_stopwords(words.leak());
            &*Box::leak(Box::new(schema))
        };
        assert!(check(&[schema(1024)]).is_ok());
        assert!(matches!(
            check(&[schema(1025)]),
            Err(MigrateError::TooManyStopwords { model: "A", number: 1025, most: 1024 })
        ));
    }

    #[test]
    fn two_models_have_two_names() {
        let (one, other) = (schema("User", "user", vec![]), schema("User", "person", vec![]));
        assert!(matches!(
            check(&[one, other]),
            Err(MigrateError::SameModelName {
                model: "User",
                one_prefix: "user",
                other_prefix: "person",
                ..
            })
        ));
        assert!(matches!(check(&[one, schema("User", "user:x", vec![])]), Err(MigrateError::Overlap { .. })));
    }
}
