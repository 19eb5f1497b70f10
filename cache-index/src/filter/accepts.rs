//! A filter evaluated here, over a document as JSON, with the server's rules.

use serde_json::Value;

use super::accepts_words::Texts;
use super::node::{Affix, Node, Test};
use super::place::{Scope, values};
use super::reader::Reader;
use super::superset::inexact;
use crate::error::QueryError;
use crate::kind::FieldKind;
use crate::raw_error::RawQueryError;
use crate::schema::FieldDef;

/// Whether the document passes, of which, where an element is meant, only this one counts.
pub(super) fn accepts<'a>(
    node: &Node,
    document: &'a Value,
    scope: Option<&Scope<'_, 'a>>,
    reader: Reader<'_>,
) -> Result<bool, QueryError> {
    let decide = |node: &Node| accepts(node, document, scope, reader);
    match node {
        Node::All => Ok(true),
        Node::None => Ok(false),
        Node::Invalid(error) => Err(error.clone()),
        // Every branch is looked at, so that a refused operand is found whatever the document holds.
        Node::And(group) => {
            group.nodes().iter().try_fold(true, |so_far, node| decide(node).map(|accepted| so_far & accepted))
        }
        Node::Or(group) => group
            .nodes()
            .iter()
            .try_fold(false, |so_far, node| decide(node).map(|accepted| so_far | accepted)),
        Node::Not(inner) => decide(inner).map(|accepted| !accepted),
        Node::Any(place, inner) => {
            let holds = |element| {
                let scope = Scope { place: *place, element, around: scope };
                accepts(inner, document, Some(&scope), reader)
            };
            // Also without an element it is refused what cannot be decided.
            holds(&Value::Null)?;
            let elements = place.elements(document, scope);
            elements.into_iter().try_fold(false, |so_far, element| Ok(so_far || holds(element)?))
        }
        Node::Optional(inner) => match decide(inner) {
            Ok(_) | Err(QueryError::OnlyOnServer { .. } | QueryError::Raw(RawQueryError::OnlyOnServer)) => {
                Ok(true)
            }
            Err(error) => Err(error),
        },
        Node::Weighted(_, inner) => decide(inner),
        Node::Raw(_) => Err(RawQueryError::OnlyOnServer.into()),
        Node::Leaf(field, test) => leaf(field, test, document, scope, reader),
    }
}

/// As [`accepts`], for a document that the server has found: what it has decided all of is not looked at again.
pub(super) fn confirms(node: &Node, document: &Value, reader: Reader<'_>) -> Result<bool, QueryError> {
    match node {
        Node::And(group) => {
            group.nodes().iter().try_fold(true, |so_far, node| Ok(so_far & confirms(node, document, reader)?))
        }
        node if inexact(node, reader).is_some() => accepts(node, document, None, reader),
        _ => Ok(true),
    }
}

fn leaf<'a>(
    field: &'a FieldDef,
    test: &Test,
    document: &'a Value,
    scope: Option<&Scope<'_, 'a>>,
    reader: Reader<'_>,
) -> Result<bool, QueryError> {
    let mut values = values(field, document, scope).into_iter();
    let texts =
        |values: std::vec::IntoIter<&'a Value>| Texts::new(field, reader, values.filter_map(Value::as_str));
    Ok(match &*reader.read(test) {
        Test::Missing => values.next().is_none(),
        Test::TagIn(asked) => values
            .flat_map(|value| tags(field, value))
            .any(|tag| asked.iter().any(|asked| same_tag(field, asked, tag))),
        Test::TagLike(affix, part) => values
            .flat_map(|value| tags(field, value))
            .any(|tag| like(field, *affix, part.as_bytes(), tag.as_bytes())),
        Test::Wildcard(pattern) if field.kind() == FieldKind::Text => texts(values).have_pattern(pattern)?,
        Test::Wildcard(pattern) => values
            .flat_map(|value| tags(field, value))
            .any(|tag| pattern.matches(tag.as_bytes(), field.folds_case())),
        Test::Range(range) => values.any(|value| value.as_f64().is_some_and(|number| range.contains(number))),
        Test::Integer(number) => values.any(|value| integer(value) == Some(*number)),
        Test::Words(words) => texts(values).have_all(words)?,
        Test::AnyWord(words) => texts(values).have_any(words)?,
        Test::Phrase(phrase) => texts(values).have_phrase(phrase)?,
        Test::Fuzzy(word, distance) => texts(values).have_near(word, *distance)?,
        Test::WordLike(affix, part) => texts(values).have_part(*affix, part)?,
        Test::Sounds(_) if reader.is_verbatim() => {
            return Err(QueryError::NotVerbatim { field: field.name() });
        }
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
