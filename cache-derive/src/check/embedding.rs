//! Embedded structs: how a field holds one.

use syn::Ident;

use crate::argument::is_search_name;
use crate::errors::Errors;
use crate::model::{DraftField, Embedding};

/// What `#[embedded]` at this field makes.
pub(super) fn embedding(field: &DraftField<'_>, word: &Ident, errors: &mut Errors) -> Embedding {
    let (plain, member) = (&field.names.plain, &field.names.member.serialize);
    if !field.attr.indexes.is_empty() {
        errors.at(
            word,
            format!(
                "`{plain}` is indexed as a whole or embedded, not both; remove `#[index]` or `#[embedded]`"
            ),
        );
    }
    if let Some(other) = &field.serde.serialize_with {
        errors.at(
            word,
            format!("`CacheModel` cannot see what `#[serde({other} = …)]` writes for `{plain}`; remove `#[embedded]`"),
        );
    }
    if field.serde.flatten.is_some() {
        return Embedding::Flat;
    }
    if !is_search_name(member) {
        errors.at(
            word,
            format!(
                "queries cannot name the member `{member}`, which is a part of the names of the fields within it; \
                 rename `{plain}`"
            ),
        );
    }
    Embedding::Member
}
