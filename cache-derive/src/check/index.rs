//! Indexes of fields: what they are called, which of their options have a meaning where.

use super::unaddressable;
use crate::argument::is_search_name;
use crate::attr::{IndexAttr, Kind};
use crate::errors::Errors;
use syn::Path;

use crate::model::{DraftField, Index, Module};
use crate::option::IndexOption;
use crate::serde_attr::FieldSerde;

/// What `#[index(…)]` at this field makes.
pub(super) fn index(field: &DraftField<'_>, attr: &IndexAttr, errors: &mut Errors) -> Index {
    let (plain, member) = (&field.names.plain, &field.names.member.serialize);
    let module = module(field).filter(|_| attr.stored.is_none());
    if let Some(word) = &field.serde.serialize_with
        && attr.stored.is_none()
        && module.is_none()
    {
        errors.at(
            &attr.word,
            format!(
                "`CacheModel` cannot see what `#[serde({word} = …)]` writes for `{plain}`, so the index might not fit \
                 it; write the type that is stored, `#[index(as = String)]`, or remove `#[index]`"
            ),
        );
    }
    if let Some(word) = &field.serde.skip_deserializing {
        errors.at(
            &attr.word,
            format!(
                "`{plain}` is written and not read back, so that the next save would store its default; remove \
                 `#[serde({word})]` or `#[index]`"
            ),
        );
    }
    let kind = attr.kind.as_ref().map(|(kind, _)| *kind);
    let mut options = attr.options.clone();
    options.retain(|option| match misplaced(option, kind, attr, field) {
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
        stored: attr.stored.clone(),
        module,
    }
}

/// The module that writes the field, if it is one and could say what it writes. A `serialize_with` beside it writes
/// in its place.
fn module(field: &DraftField<'_>) -> Option<Module> {
    let FieldSerde { serialize_with, with, .. } = &field.serde;
    let literal = with.as_ref().filter(|_| serialize_with.as_ref().is_some_and(|word| word == "with"))?;
    let path = literal.parse_with(Path::parse_mod_style).ok()?;
    Some(Module { path, span: literal.span() })
}

/// Why an option has no meaning at this field. What depends on the field's type is left to the compiler.
fn misplaced(
    option: &IndexOption,
    kind: Option<Kind>,
    attr: &IndexAttr,
    field: &DraftField<'_>,
) -> Option<String> {
    let word = &option.word;
    let has = |word| attr.options.iter().any(|option| option.is(word));
    let reason = match word.to_string().as_str() {
        "fold_case" | "separator" => return of_tags(option, kind),
        "no_stem" | "weight" | "phonetic" | "index_empty" if kind != Some(Kind::Text) => {
            format!("`{word}` is for TEXT fields; write `text` before it, or remove `{word}`")
        }
        "unf" | "no_index" if !has("sortable") => {
            format!("`{word}` is for fields that answers are sorted by; write `sortable` before it, or remove `{word}`")
        }
        "no_index" if has("index_missing") || has("with_suffix_trie") => {
            "`no_index` leaves the values out of the index, so nothing else of it can be asked; keep `sortable` alone \
             beside it"
                .to_owned()
        }
        "spherical" | "hnsw" if has("flat") => {
            format!("`flat` and `{word}` exclude each other; keep one of them")
        }
        "m" | "ef_construction" | "ef_runtime" | "epsilon" if !has("hnsw") => {
            format!("`{word}` is a parameter of HNSW; write `hnsw` before it, or remove `{word}`")
        }
        "block_size" if has("hnsw") => "`block_size` is a parameter of FLAT; remove it or `hnsw`".to_owned(),
        "index_missing" if field.serde.skip_serializing_if.is_none() => {
            "serde writes `None` as `null`, which is neither a value nor missing; write \
             `#[serde(skip_serializing_if = \"Option::is_none\")]` at the field"
                .to_owned()
        }
        _ => return None,
    };
    Some(reason)
}

fn of_tags(option: &IndexOption, kind: Option<Kind>) -> Option<String> {
    let word = &option.word;
    let cuts = option.is("separator");
    let reason = match kind {
        Some(Kind::Text) if cuts => "TEXT is cut into words",
        Some(Kind::Text) => "TEXT never distinguishes case",
        Some(Kind::Numeric) if cuts => "a number is one value",
        Some(Kind::Numeric) => "numbers have no case",
        Some(Kind::Geo | Kind::GeoShape | Kind::Vector) => "this kind holds no strings",
        Some(Kind::Tag) | None => return None,
    };
    Some(format!("`{word}` is for TAG fields: {reason}; remove `{word}`"))
}
