//! The primary key: one field or several, written and read back; and the hash tag, which can be one of them.

use syn::Ident;

use crate::attr::CacheAttr;
use crate::errors::Errors;
use crate::model::{DraftField, HashTag, Key};

/// How many parts a primary key has at most: tuples of so many are primary keys in `cache-core`.
const MOST_PARTS: usize = 4;

/// The fields marked `#[primary_key]`, in order.
pub(super) fn primary_key(model: &Ident, fields: &[DraftField<'_>], errors: &mut Errors) -> Vec<Key> {
    let mut key = Vec::new();
    for field in fields {
        let Some(word) = &field.attr.primary_key else { continue };
        let plain = &field.names.plain;
        if key.len() == MOST_PARTS {
            errors.at(
                word,
                format!(
                    "the primary key of `{model}` has {MOST_PARTS} parts without `{plain}`, and no more are possible; join \
                     two of them into a type of their own"
                ),
            );
            break;
        }
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
        key.push(Key {
            ident: field.names.ident.clone(),
            ty: field.ty.clone(),
            member: field.names.member.serialize.clone(),
        });
    }
    if key.is_empty() {
        errors.at(
            model,
            format!("`{model}` has no primary key; write `#[primary_key]` at the field that holds the id"),
        );
    }
    key
}

/// What `#[cache(hash_tag)]` says, at the struct or at a part of the primary key.
pub(super) fn hash_tag(
    cache: &CacheAttr,
    prefix: &str,
    key: &[Key],
    fields: &[DraftField<'_>],
    errors: &mut Errors,
) -> Option<HashTag> {
    let mut tag = None;
    if let Some(word) = &cache.hash_tag {
        tag = Some((HashTag::Model, word));
    }
    for field in fields {
        let Some(word) = &field.attr.hash_tag else { continue };
        let plain = &field.names.plain;
        let part = key.iter().position(|key| key.ident == field.names.ident);
        match (part, &tag) {
            (None, _) => errors.at(
                word,
                format!("a hash tag is part of the key, and `{plain}` is not; write `#[primary_key]` at it too, or remove \
                         `hash_tag`"),
            ),
            (Some(_), _) if key.len() == 1 => errors.at(
                word,
                format!(
                    "every document has a `{plain}` of its own, so none would share a slot with another; write \
                     `#[cache(hash_tag)]` at the struct to put all on one slot"
                ),
            ),
            (Some(_), Some(_)) => errors.at(
                word,
                "a key has one hash tag; keep one `hash_tag`, at the struct or at one part of the primary key",
            ),
            (Some(part), None) => tag = Some((HashTag::Part(part), word)),
        }
    }
    let (tag, word) = tag?;
    if prefix.contains(['{', '}']) {
        errors.at(
            word,
            format!("the braces of the prefix `{prefix}` would take the place of the hash tag; choose another prefix"),
        );
    }
    Some(tag)
}
