//! Unique fields: members of the document whose values the server can be asked for as they are.

use quote::ToTokens;
use syn::Ident;
use syn::ext::IdentExt;

use super::unaddressable;
use crate::errors::Errors;
use crate::model::{DraftField, UniquePart};

/// Every field marked `#[unique]`, and every tuple of `#[cache(unique(…))]`.
pub(super) fn unique(
    tuples: &[(Ident, Vec<Ident>)],
    fields: &[DraftField<'_>],
    errors: &mut Errors,
) -> Vec<Vec<UniquePart>> {
    let mut unique: Vec<Vec<UniquePart>> = Vec::new();
    let parts_of_key = fields.iter().filter(|field| field.attr.primary_key.is_some()).count();
    for field in fields {
        if let Some(word) = &field.attr.unique {
            if field.attr.primary_key.is_some() && parts_of_key == 1 {
                errors.at(word, "no two documents share a primary key as it is; remove `#[unique]`");
            } else {
                unique.extend(part(field, word, errors).map(|part| vec![part]));
            }
        }
    }
    for (word, names) in tuples {
        let mut parts: Vec<UniquePart> = Vec::new();
        for name in names {
            let plain = name.unraw().to_string();
            match fields.iter().find(|field| field.names.plain == plain) {
                None => errors.at(name, format!("there is no field `{plain}`; name fields of this struct")),
                Some(_) if parts.iter().any(|part| part.plain == plain) => {
                    errors.at(name, format!("`{plain}` is named twice; keep one of them"));
                }
                Some(field) => parts.extend(part(field, name, errors)),
            }
        }
        if names.len() < 2 {
            errors.at(word, "`unique(…)` is for several fields together; write `#[unique]` at a single one");
        } else if unique.iter().any(|other| same(other, &parts)) {
            errors.at(word, "these fields are unique together already; remove one of the two");
        } else if parts.len() == names.len() {
            unique.push(parts);
        }
    }
    unique
}

fn part(field: &DraftField<'_>, at: impl ToTokens, errors: &mut Errors) -> Option<UniquePart> {
    let (plain, member) = (&field.names.plain, &field.names.member.serialize);
    let refused = if let Some((reason, attribute)) = field.absence() {
        format!(
            "a unique field must be a member of the document, and `{plain}` {reason}; remove `{attribute}`"
        )
    } else if let Some(word) = &field.serde.skip_deserializing {
        format!(
            "`{plain}` is written and not read back, so that the next save would claim its default; remove \
             `#[serde({word})]`"
        )
    } else if let Some(with) = &field.serde.serialize_with {
        format!(
            "`CacheModel` cannot see what `#[serde({with} = …)]` writes for `{plain}`, so it could not be found by its \
             value; give the field a type that is stored as it is compared"
        )
    } else if field.attr.embedded.is_some() {
        format!("`{plain}` is an embedded struct; a field of the model itself can be unique")
    } else if field.attr.version.is_some() {
        format!("`{plain}` is the version, which many documents share")
    } else if unaddressable(member) {
        format!(
            "the server cannot address the member {member:?}: rename `{plain}` to one without quotes, backslashes \
                 and control characters"
        )
    } else {
        return Some(UniquePart { plain: plain.clone(), ty: field.ty.clone(), member: member.clone() });
    };
    errors.at(at, refused);
    None
}

fn same(one: &[UniquePart], other: &[UniquePart]) -> bool {
    one.len() == other.len() && one.iter().all(|part| other.iter().any(|other| other.plain == part.plain))
}
