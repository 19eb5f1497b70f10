//! Indexes of fields: what they are called, which of their options have a meaning where.

use super::unaddressable;
use crate::argument::is_search_name;
use crate::attr::{IndexAttr, IndexOption, Kind};
use crate::errors::Errors;
use crate::model::{DraftField, Index};

/// What `#[index(…)]` at this field makes.
pub(super) fn index(field: &DraftField<'_>, attr: &IndexAttr, errors: &mut Errors) -> Index {
    let (plain, member) = (&field.names.plain, &field.names.member.serialize);
    if let Some(word) = &field.serde.serialize_with {
        errors.at(
            &attr.word,
            format!(
                "`CacheModel` cannot see what `#[serde({word} = …)]` writes for `{plain}`, so the index might not fit \
                 it; remove `#[index]`, or give the field a type that is stored as it is searched"
            ),
        );
    }
    let kind = attr.kind.as_ref().map(|(kind, _)| *kind);
    let mut options = attr.options.clone();
    options.retain(|option| match misplaced(option, kind, field) {
        Some(reason) => {
            errors.at(&option.word, reason);
            false
        }
        None => true,
    });
    if unaddressable(member) {
        errors.at(
            &attr.word,
            format!("the server cannot index the member {member:?}: rename `{plain}` to one without quotes, backslashes \
                     and control characters"),
        );
    } else if attr.name.is_none() && !is_search_name(member) {
        errors.at(
            &attr.word,
            format!(
                "queries cannot name the member `{member}`; give `{plain}` a search name of ASCII letters, digits and \
                 `_`: `#[index(name = \"…\")]`"
            ),
        );
    }
    Index {
        name: attr.name.as_ref().map_or_else(|| member.clone(), |(name, _)| name.clone()),
        kind: attr.kind.clone(),
        options,
    }
}

/// Why an option has no meaning at this field. What depends on the field's type is left to the compiler.
fn misplaced(option: &IndexOption, kind: Option<Kind>, field: &DraftField<'_>) -> Option<String> {
    let word = &option.word;
    if option.is("fold_case") || option.is("separator") {
        let reason = match kind {
            Some(Kind::Text) if option.is("separator") => "TEXT is cut into words",
            Some(Kind::Text) => "TEXT never distinguishes case",
            Some(Kind::Numeric) if option.is("separator") => "a number is one value",
            Some(Kind::Numeric) => "numbers have no case",
            Some(Kind::Tag) | None => return None,
        };
        return Some(format!("`{word}` is for TAG fields: {reason}; remove `{word}`"));
    }
    if (option.is("no_stem") || option.is("weight")) && kind != Some(Kind::Text) {
        return Some(format!("`{word}` is for TEXT fields; write `text` before it, or remove `{word}`"));
    }
    if option.is("index_missing") && field.serde.skip_serializing_if.is_none() {
        return Some(
            "serde writes `None` as `null`, which is neither a value nor missing; write \
             `#[serde(skip_serializing_if = \"Option::is_none\")]` at the field"
                .to_owned(),
        );
    }
    None
}
