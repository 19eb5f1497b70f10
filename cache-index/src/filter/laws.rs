//! Laws that hold for every filter, tried on random ones.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::json;

use super::Filter;
use super::reader::Reader;
use super::superset::superset;
use crate::error::QueryError;
use crate::field::{Field, No, Options};
use crate::kind::{Numeric, Tag, Text};
use crate::reading::Reading;
use crate::schema::{Entry, FieldDef, IndexSchema, Language, Schema};

#[derive(Debug)]
struct Doc;

type Handle<V, K> = Field<Doc, V, K, Options<No>>;

const TAG: Handle<String, Tag> = Field::indexed("tag", "tag");
const NUMBER: Handle<i64, Numeric> = Field::indexed("number", "number");
const LIST: Handle<Vec<i64>, Numeric> = Field::indexed("list", "list");
const TEXT: Handle<String, Text> = Field::indexed("text", "text");
const LINES: Handle<Vec<String>, Text> = Field::indexed("lines", "lines");

impl IndexSchema for Doc {
    fn schema() -> &'static Schema {
        static SCHEMA: Schema = Schema::new(
            "Doc",
            "doc",
            "id",
            &[
                Entry::Field(FieldDef::stored("id")),
                Entry::Field(TAG.def()),
                Entry::Field(NUMBER.def()),
                Entry::Field(TEXT.def()),
                Entry::Field(LIST.def()),
                Entry::Field(LINES.def()),
            ],
        );
        &SCHEMA
    }
}

fn words() -> impl Strategy<Value = String> {
    let word = select(vec!["run", "runs", "running", "the", "chevaux", "cheval", "x"]);
    proptest::collection::vec(word, 0..4).prop_map(|words| words.join(" "))
}

fn leaf() -> impl Strategy<Value = Filter<Doc>> {
    prop_oneof![
        ".{0,4}".prop_map(|tag| TAG.eq(tag)),
        proptest::collection::vec("[ab]{0,2}", 0..3).prop_map(|tags| TAG.is_in(tags)),
        "[ab\\\\]{0,3}".prop_map(|prefix| TAG.starts_with(prefix)),
        (-3..4_i64, -3..4_i64).prop_map(|(low, high)| NUMBER.between(low..high)),
        any::<i64>().prop_map(|number| NUMBER.ne(number)),
        ".{0,6}".prop_map(|text| TEXT.matches(text)),
        words().prop_map(|text| TEXT.matches(text)),
        words().prop_map(|text| TEXT.phrase(text)),
        words().prop_map(|text| LINES.matches(text)),
        words().prop_map(|text| LINES.any(|line| line.matches(text))),
        "[ab*?]{0,5}".prop_map(|pattern| TAG.wildcard(pattern)),
        element(),
        Just(Filter::all()),
        Just(Filter::none()),
    ]
}

fn combined(inner: BoxedStrategy<Filter<Doc>>) -> BoxedStrategy<Filter<Doc>> {
    prop_oneof![
        (inner.clone(), inner.clone()).prop_map(|(one, other)| one & other),
        (inner.clone(), inner.clone()).prop_map(|(one, other)| one | other),
        inner.clone().prop_map(|one| !one),
        inner.prop_map(Filter::optional),
    ]
    .boxed()
}

/// A condition on an element.
fn element() -> impl Strategy<Value = Filter<Doc>> {
    let number = (-3..4_i64).prop_map(|number| LIST.eq(number));
    let range = (-3..4_i64, -3..4_i64).prop_map(|(low, high)| LIST.between(low..high));
    prop_oneof![number, range].prop_recursive(3, 6, 2, combined).prop_map(|condition| LIST.any(|_| condition))
}

fn filter() -> impl Strategy<Value = Filter<Doc>> {
    leaf().prop_recursive(4, 24, 3, combined)
}

fn reading() -> impl Strategy<Value = Reading> {
    let plain = Reading::new();
    select(vec![
        plain,
        plain.verbatim(),
        plain.in_language(Language::French),
        plain.slop(1),
        plain.in_order(),
        plain.verbatim().slop(0).in_order(),
    ])
}

fn document() -> impl Strategy<Value = serde_json::Value> {
    let list = proptest::collection::vec(-3..4_i64, 0..4);
    let text = prop_oneof![".{0,6}", words()];
    let lines = proptest::collection::vec(words(), 0..3);
    (proptest::option::of("[ab]{0,4}"), proptest::option::of(-3..4_i64), text, list, lines).prop_map(
        |(tag, number, text, list, lines)| {
            json!({"id": 1, "tag": tag, "number": number, "text": text, "list": list, "lines": lines})
        },
    )
}

proptest! {
    #[test]
    fn boolean_algebra_holds(one in filter(), other in filter(), document in document()) {
        let accepts = |filter: Filter<Doc>| filter.accepts_json(&document);
        let (a, b) = (accepts(one.clone()), accepts(other.clone()));
        if let (Ok(a), Ok(b)) = (&a, &b) {
            prop_assert_eq!(accepts(one.clone() & other.clone()), Ok(*a && *b));
            prop_assert_eq!(accepts(one.clone() | other.clone()), Ok(*a || *b));
            prop_assert_eq!(accepts(!one.clone()), Ok(!a));
            prop_assert_eq!(accepts(!(one.clone() & other.clone())), Ok(!(*a && *b)));
        } else {
            // What is refused is refused in every combination, except beside what decides alone.
            prop_assert!(accepts(!one.clone()).is_err() || a.is_ok());
        }
        prop_assert_eq!(accepts(!!one.clone()), a);
    }

    /// The text is made of field names, operators and references; nothing of a value is in it.
    #[test]
    fn no_value_is_in_the_text(filter in filter()) {
        let Ok(rendered) = filter.render() else { return Ok(()) };
        let mut rest = rendered.text().to_owned();
        for word in ["@tag:", "@number:", "@text:", "@lines:", "@list:", "-inf", "+inf"] {
            rest = rest.replace(word, "");
        }
        for number in (0..rendered.params().values().len()).rev() {
            rest = rest.replace(&format!("$p{number}"), "");
        }
        prop_assert!(rest.chars().all(|character| "(){}[]|-~* ".contains(character)), "{}", rendered.text());
    }

    /// The server is asked for at least what is meant, and for exactly that where it says so.
    #[test]
    fn what_is_asked_for_is_enough(filter in filter(), document in document(), reading in reading()) {
        let accepted = filter.accepts_json_as(&document, reading);
        let (Ok(accepted), Ok(rendered)) = (accepted, filter.render_as(reading)) else { return Ok(()) };
        let reader = Reader::new(Doc::schema(), reading);
        let asked = Filter::<Doc>::new(superset(&filter.node, reader));
        let asked = asked.accepts_json_as(&document, reading).unwrap();
        prop_assert!(asked || !accepted, "{}", rendered.text());
        if rendered.is_inexact() {
            prop_assert_eq!(asked && filter.confirms_json_as(&document, reading).unwrap(), accepted);
        } else {
            prop_assert_eq!(asked, accepted);
        }
    }

    /// A log holds nothing of a value.
    #[test]
    fn a_filter_is_always_shown(filter in filter()) {
        prop_assert!(!filter.to_string().is_empty());
    }

    /// A filter that is refused is refused the same way wherever it is used.
    #[test]
    fn rendering_and_evaluating_refuse_alike(filter in filter(), document in document(), reading in reading()) {
        let (rendered, accepted) = (filter.render_as(reading), filter.accepts_json_as(&document, reading));
        match (&rendered, &accepted) {
            (Ok(_), Ok(_)) => {}
            (Err(one), Err(other)) => prop_assert_eq!(one, other),
            (one, other) => prop_assert!(false, "{one:?} and {other:?}"),
        }
        prop_assert!(!matches!(rendered, Err(QueryError::Document(_))));
    }
}

#[test]
fn of_two_that_are_refused_the_first_is_told_wherever_it_stands() {
    let left_out = LINES.matches("") | LIST.any(|element| !element.eq(0));
    let filter = left_out & TEXT.phrase("").optional();
    let rendered = filter.render().map(drop);
    assert_eq!(rendered, filter.accepts_json(&json!({"id": 1})).map(drop));
    assert!(matches!(rendered, Err(QueryError::NoTerms { field, .. }) if field.to_string() == "lines"));
}
