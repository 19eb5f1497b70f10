//! A filter evaluated here, over a document as JSON, with the server's rules.

use serde_json::Value;

use super::accepts_words::Texts;
use super::node::{Affix, Node, Test};
use crate::error::QueryError;
use crate::schema::{FieldDef, Schema};

pub(super) fn accepts(node: &Node, document: &Value, schema: &Schema) -> Result<bool, QueryError> {
    match node {
        Node::All => Ok(true),
        Node::None => Ok(false),
        Node::Invalid(error) => Err(error.clone()),
        // Every branch is looked at, so that a refused operand is found whatever the document holds.
        Node::And(group) => group
            .nodes()
            .iter()
            .try_fold(true, |so_far, node| accepts(node, document, schema).map(|accepted| so_far & accepted)),
        Node::Or(group) => group.nodes().iter().try_fold(false, |so_far, node| {
            accepts(node, document, schema).map(|accepted| so_far | accepted)
        }),
        Node::Not(inner) => accepts(inner, document, schema).map(|accepted| !accepted),
        Node::Optional(inner) => match accepts(inner, document, schema) {
            Ok(_) | Err(QueryError::OnlyOnServer { .. }) => Ok(true),
            Err(error) => Err(error),
        },
        Node::Weighted(_, inner) => accepts(inner, document, schema),
        Node::Leaf(field, test) => leaf(field, test, document, schema),
    }
}

fn leaf<'a>(
    field: &'a FieldDef,
    test: &Test,
    document: &'a Value,
    schema: &'a Schema,
) -> Result<bool, QueryError> {
    let mut values = field.values(document).into_iter();
    let texts =
        |values: std::vec::IntoIter<&'a Value>| Texts::new(field, schema, values.filter_map(Value::as_str));
    Ok(match test {
        Test::Missing => values.next().is_none(),
        Test::TagIn(asked) => values
            .flat_map(|value| tags(field, value))
            .any(|tag| asked.iter().any(|asked| same_tag(field, asked, tag))),
        Test::TagLike(affix, part) => values
            .flat_map(|value| tags(field, value))
            .any(|tag| like(field, *affix, part.as_bytes(), tag.as_bytes())),
        Test::Range(range) => values.any(|value| value.as_f64().is_some_and(|number| range.contains(number))),
        Test::Integer(number) => values.any(|value| integer(value) == Some(*number)),
        Test::Words(words) => texts(values).have_all(words)?,
        Test::AnyWord(words) => texts(values).have_any(words)?,
        Test::Phrase { phrase, .. } => texts(values).have_phrase(phrase)?,
        Test::Fuzzy(word, distance) => texts(values).have_near(word, *distance)?,
        Test::WordLike(affix, part) => texts(values).have_part(*affix, part)?,
        Test::Sounds(_) => {
            return Err(QueryError::OnlyOnServer { field: field.name(), what: "what sounds alike" });
        }
        Test::Empty => values.any(|value| value.as_str() == Some("")),
        Test::Radius(radius) => values.any(|value| radius.accepts(value)),
        Test::Similar(range) => values.any(|value| range.accepts(field, value)),
        Test::Lying(lying) => {
            // Also without a value it is refused what cannot be decided.
            lying.accepts(field, values.next().unwrap_or(&Value::Null))?
        }
    })
}

fn integer(value: &Value) -> Option<i128> {
    value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from))
}

/// The tags that the index holds of a value: of a field with a separator, the parts without the blanks around them,
/// empty ones too (`TagIndex_SepString` of RediSearch's `tag_index.c`).
fn tags<'a>(field: &FieldDef, value: &'a Value) -> Vec<&'a str> {
    let text = match value {
        Value::String(text) => text.as_str(),
        Value::Bool(true) => "true",
        Value::Bool(false) => "false",
        _ => return Vec::new(),
    };
    let blank = |character: char| character.is_ascii_whitespace() || character == '\u{b}';
    match field.tag_separator() {
        Some(separator) => text.split(separator).map(|part| part.trim_matches(blank)).collect(),
        None => vec![text],
    }
}

fn same_tag(field: &FieldDef, one: &str, other: &str) -> bool {
    if field.folds_case() { one.eq_ignore_ascii_case(other) } else { one == other }
}

fn like(field: &FieldDef, affix: Affix, part: &[u8], tag: &[u8]) -> bool {
    let same = |one: &[u8], other: &[u8]| {
        if field.folds_case() { one.eq_ignore_ascii_case(other) } else { one == other }
    };
    match affix {
        Affix::Prefix => tag.get(..part.len()).is_some_and(|start| same(part, start)),
        Affix::Suffix => {
            let start = tag.len().checked_sub(part.len());
            start.and_then(|start| tag.get(start..)).is_some_and(|end| same(part, end))
        }
        Affix::Infix => tag.windows(part.len()).any(|some| same(part, some)),
    }
}
