//! The version: at most one field, written and read back as an integer.

use super::unaddressable;
use crate::errors::Errors;
use crate::model::{DraftField, Version};

/// The field marked `#[version]`.
pub(super) fn version(fields: &[DraftField<'_>], errors: &mut Errors) -> Option<Version> {
    let mut version: Option<&DraftField<'_>> = None;
    for field in fields {
        let Some(word) = &field.attr.version else { continue };
        let (plain, member) = (&field.names.plain, &field.names.member.serialize);
        if let Some(version) = version {
            errors.at(
                word,
                format!("`#[version]` is at `{}` already; a model has one version", version.names.plain),
            );
            continue;
        }
        version = Some(field);
        if field.attr.primary_key.is_some() {
            errors.at(
                word,
                format!("`{plain}` is the primary key, which stays as it is while the version counts up; write `#[version]` at a field of its own"),
            );
        } else if let Some((reason, attribute)) = field.absence() {
            errors.at(
                word,
                format!("the version must be a member of the document, and `{plain}` {reason}; remove `{attribute}`"),
            );
        } else if let Some(skip) = &field.serde.skip_deserializing {
            errors.at(
                word,
                format!("the version must be read back, and `{plain}` is not; remove `#[serde({skip})]`"),
            );
        } else if let Some(with) = &field.serde.serialize_with {
            errors.at(
                word,
                format!("the server counts `{plain}` up as a number, and `#[serde({with} = …)]` may write another form; remove it"),
            );
        } else if field.attr.embedded.is_some() {
            errors.at(word, format!("`{plain}` is an embedded struct and no number; remove `#[version]`"));
        } else if unaddressable(member) {
            errors.at(
                word,
                format!("the server cannot address the member {member:?}: rename `{plain}` to one without quotes, backslashes \
                         and control characters"),
            );
        }
    }
    version.map(|field| Version {
        ident: field.names.ident.clone(),
        ty: field.ty.clone(),
        member: field.names.member.serialize.clone(),
    })
}
