//! The primary key: exactly one field, written and read back.

use syn::Ident;

use crate::errors::Errors;
use crate::model::{DraftField, Key};

/// The field marked `#[primary_key]`.
pub(super) fn primary_key(model: &Ident, fields: &[DraftField<'_>], errors: &mut Errors) -> Option<Key> {
    let mut key: Option<&DraftField<'_>> = None;
    for field in fields {
        let Some(word) = &field.attr.primary_key else { continue };
        match key {
            Some(key) => errors.at(
                word,
                format!(
                    "`{model}` has its `#[primary_key]` at `{}` already; a model has exactly one",
                    key.names.plain
                ),
            ),
            None => key = Some(field),
        }
        let plain = &field.names.plain;
        if let Some((reason, attribute)) = field.absence() {
            errors.at(
                word,
                format!("the primary key must be a member of the document, and `{plain}` {reason}; remove `{attribute}`"),
            );
        } else if let Some(skip) = &field.serde.skip_deserializing {
            errors.at(
                word,
                format!("the primary key must be read back, and `{plain}` is not; remove `#[serde({skip})]`"),
            );
        }
    }
    if key.is_none() {
        errors.at(
            model,
            format!("`{model}` has no primary key; write `#[primary_key]` at the field that holds the id"),
        );
    }
    key.map(|field| Key {
        ident: field.names.ident.clone(),
        ty: field.ty.clone(),
        member: field.names.member.serialize.clone(),
    })
}
