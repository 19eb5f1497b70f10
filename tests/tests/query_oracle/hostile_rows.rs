//! Hostile values in aggregations, as ids and as suggestions: what the server computes of them is what they are.

use std::collections::BTreeMap;

use cache_core::aggregate::{
    Columns, Expr, IntoExpr, concat, count, format_time, length, lower, number, parse_time, substr, text,
    upper,
};
use cache_core::{
    AggregateError, Cache, CacheModel, Direction, Error, Migrator, QueryError, Suggestions, TermError,
};
use cache_tests::figures;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::strings::{CHOSEN, each, values};

/// A document whose id, tag and text are the same hostile string.
#[derive(Debug, Clone, Serialize, Deserialize, CacheModel)]
struct Named {
    #[primary_key]
    id: String,
    #[index]
    number: u32,
    #[index]
    tag: String,
    #[index(text)]
    text: String,
}

type Row = BTreeMap<String, Value>;

/// Of how many places for a value each is counted.
const PLACES: &[&str] = &[
    "filter eq",
    "filter ne",
    "filter starts_with",
    "filter contains",
    "key eq",
    "key starts_with",
    "key contains",
    "apply itself",
    "apply eq",
    "apply ne",
    "apply starts_with",
    "apply contains",
    "apply concat",
    "apply lower",
    "apply upper",
    "apply length",
    "apply substr",
    "apply format_time",
    "apply parse_time",
    "having eq",
    "in_keys",
];

fn literal(value: &str) -> Expr<Columns, String> {
    value.into_expr()
}

/// The rows, or `None` if the value is refused before anything is sent.
fn taken<T>(value: &str, answer: Result<T, Error>) -> Option<T> {
    match answer {
        Ok(rows) => Some(rows),
        Err(Error::Query(QueryError::Aggregate(AggregateError::NulCharacter))) if value.contains('\0') => {
            None
        }
        Err(Error::Query(QueryError::Aggregate(AggregateError::Backslashes { count, .. }))) => {
            assert!(value.matches('\\').count() >= count, "{value:?}");
            None
        }
        Err(error) => panic!("{value:?}: {}", cache_tests::chain(&error)),
    }
}

/// A row in which all numbers are doubles, since serde_json tells 1 and 1.0 apart.
fn plain(row: &Value) -> Value {
    let cells = row.as_object().into_iter().flatten();
    cells.map(|(name, cell)| (name.clone(), cell.as_f64().map_or(cell.clone(), Value::from))).collect()
}

/// Every place of an expression that takes a string, evaluated for the one document that has the value.
async fn of_one(cache: &Cache, id: u32, value: &str) -> bool {
    let (tag, in_text) = (|| Named::TAG.expr(), || Named::TEXT.expr());
    let condition = tag().eq(value)
        & !tag().ne(value)
        & in_text().eq(value)
        & tag().starts_with(value)
        & in_text().contains(value);
    let query = Named::find()
        .filter(Named::NUMBER.eq(id))
        .group_by((Named::TAG, tag().eq(value).named("key")))
        .filter(condition)
        .reduce("n", count())
        .apply("itself", literal(value))
        .apply("same", text("tag").eq(value))
        .apply("other", text("tag").ne(value))
        .apply("begins", text("tag").starts_with(value))
        .apply("has", text("tag").contains(value))
        .apply("joined", concat(value, text("tag")))
        .apply("lower", lower(value))
        .apply("upper", upper(value))
        .apply("length", length(value))
        .apply("substr", substr(value, 0, value.len() as i32))
        .apply("time", format_time(number("n"), value))
        .apply("parsed", parse_time(value, value))
        .having(text("tag").eq(value) & text("itself").eq(value));
    let Some(rows) = taken(value, query.rows::<Row>(cache).await) else { return false };
    assert_eq!(rows.len(), 1, "{value:?} is not equal to itself");
    let mut row = rows.into_vec().remove(0);
    // Whatever a format makes of it, it is a text or nothing, a number or nothing.
    let (time, parsed) = (row.remove("time"), row.remove("parsed"));
    assert!(time.is_none_or(|time| time.is_null() || time.is_string()), "{value:?} as a format");
    assert!(parsed.is_none_or(|parsed| parsed.is_null() || parsed.is_number()), "{value:?} as a time");
    let expected = json!({
        "tag": value, "key": true, "n": 1, "itself": value, "same": true, "other": false, "begins": true,
        "has": true, "joined": format!("{value}{value}"), "lower": value.to_ascii_lowercase(),
        "upper": value.to_ascii_uppercase(), "length": value.len(), "substr": value,
    });
    assert_eq!(plain(&json!(row)), plain(&expected), "{value:?}");
    true
}

/// Which of all documents the server keeps for the value, and how it divides them.
async fn of_all(cache: &Cache, stored: &[String], value: &str) -> bool {
    let tag = || Named::TAG.expr();
    let kept = Named::find().aggregate().filter(tag().eq(value)).reduce("n", count());
    let Some(row) = taken(value, kept.row::<Row>(cache).await) else { return false };
    assert_eq!(row.map(|row| plain(&json!(row))), Some(json!({ "n": 1.0 })), "equal to {value:?}");
    let keys = (tag().starts_with(value).named("begins"), tag().contains(value).named("has"));
    let divided = Named::find().group_by(keys).filter(tag().ne(value)).reduce("n", count());
    let Some(rows) = taken(value, divided.rows::<Row>(cache).await) else { return false };
    let mut expected = BTreeMap::<(bool, bool), u64>::new();
    for other in stored.iter().filter(|other| *other != value) {
        *expected.entry((other.starts_with(value), other.contains(value))).or_default() += 1;
    }
    let found: BTreeMap<(bool, bool), u64> = rows
        .into_iter()
        .map(|row| ((row["begins"] == true, row["has"] == true), row["n"].as_u64().unwrap()))
        .collect();
    assert_eq!(found, expected, "what begins with {value:?} or has it");
    true
}

pub(crate) async fn expressions_take_values_as_they_are(cache: Cache) {
    Migrator::new().register::<Named>().run(&cache).await.unwrap();
    let (values, cache) = (values(), &cache);
    let (stored, nul): (Vec<String>, Vec<String>) =
        values.into_iter().partition(|value| !value.contains('\0'));
    let documents = (0..).zip(&stored).map(|(number, value)| Named {
        id: value.clone(),
        number,
        tag: value.clone(),
        text: value.clone(),
    });
    for saved in Named::save_many(cache, documents.collect::<Vec<_>>()).await {
        assert!(saved.unwrap().stored());
    }
    let mut refused = each(&nul, |_, value| of_one(cache, 0, value)).await;
    assert_eq!(refused, nul.len() as u64, "U+0000 is refused");
    let all = &stored;
    refused += each(all, |number, value| async move {
        let ids = Named::find().in_keys([value]).ids(cache).await.unwrap();
        assert_eq!(ids.into_vec(), [value], "documents with the id {value:?}");
        let taken = of_one(cache, number as u32, value).await;
        assert_eq!(taken, of_all(cache, all, value).await, "{value:?}");
        taken
    })
    .await;
    assert!(refused < stored.len() as u64 / 10, "{refused} refused");
    figures::add("hostile values", ((stored.len() + nul.len()) * PLACES.len()) as u64);
    figures::add("hostile values refused before sending", refused * PLACES.len() as u64);
}

pub(crate) async fn columns_have_any_name(cache: Cache) {
    Migrator::new().register::<Named>().run(&cache).await.unwrap();
    let named = Named { id: "1".to_owned(), number: 1, tag: "a".to_owned(), text: "b".to_owned() };
    assert!(named.save(&cache).await.unwrap().stored());
    for name in CHOSEN {
        let reduced = Named::find()
            .group_by(Named::TAG.expr().named("key"))
            .reduce(name, count())
            .having(number(name).eq(1))
            .sort_by(name, Direction::Descending);
        let applied = Named::find()
            .group_by(Named::TEXT.expr().named(name))
            .reduce("n", count())
            .apply("shout", upper(text(name)))
            .sort_by(name, Direction::Ascending);
        let computed = Named::find().aggregate().reduce("n", count()).apply(name, number("n") + 1);
        let rows = |row: Option<Row>| plain(&json!(row));
        assert_eq!(rows(reduced.row(&cache).await.unwrap()), json!({ "key": "a", *name: 1.0 }));
        assert_eq!(rows(applied.row(&cache).await.unwrap()), json!({ *name: "b", "n": 1.0, "shout": "B" }));
        assert_eq!(rows(computed.row(&cache).await.unwrap()), json!({ "n": 1.0, *name: 2.0 }));
    }
    figures::add("hostile values", (CHOSEN.len() * 3) as u64);
}

pub(crate) async fn suggestions_are_what_was_added(cache: Cache) {
    let (values, cache, texts) = (values(), &cache, &Suggestions::new("hostile"));
    let refused = each(&values, |_, value| async move {
        match texts.add(cache, value, 1.0).await {
            Ok(()) => {}
            Err(Error::Term(error)) => {
                let same = texts.get(value).all(cache).await;
                assert!(matches!(same, Err(Error::Term(_))), "{value:?}: {error}, but {same:?}");
                return false;
            }
            Err(error) => panic!("{value:?}: {}", cache_tests::chain(&error)),
        }
        // A prefix may be shorter at most than a text.
        let prefix: String = value.chars().take(90).collect();
        let found = texts.get(&prefix).max(u16::MAX).all(cache).await.unwrap();
        assert!(found.iter().any(|suggestion| suggestion.text == value), "{value:?} is not in {found:?}");
        true
    })
    .await;
    assert_eq!(texts.len(cache).await.unwrap(), values.len() as u64 - refused);
    assert!(matches!(texts.add(cache, "a\0b", 1.0).await, Err(Error::Term(TermError::Nul { .. }))));
    figures::add("hostile values", values.len() as u64);
    figures::add("hostile values refused before sending", refused);
}
