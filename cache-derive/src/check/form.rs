//! The version of the documents' form: kept in a member that is no field's.

use crate::attr::CacheAttr;
use crate::errors::Errors;
use crate::model::{DraftField, FormVersion};
use crate::serde_attr::ContainerSerde;

/// The member that holds it.
const MEMBER: &str = "_v";

/// What `schema_version` and `upgrade` say.
pub(super) fn form(
    cache: &CacheAttr,
    serde: &ContainerSerde,
    fields: &[DraftField<'_>],
    errors: &mut Errors,
) -> Option<FormVersion> {
    let Some((number, _)) = cache.schema_version else {
        if let Some((_, word)) = &cache.upgrade {
            errors.at(
                word,
                "`upgrade` brings older documents to the version that `schema_version` says; write \
                 `schema_version = 2` beside it",
            );
        }
        return None;
    };
    if let Some((_, word)) = cache.upgrade.as_ref().filter(|_| number == 1) {
        errors
            .at(word, "no document is older than version 1; remove `upgrade`, or count `schema_version` up");
    }
    if let Some(word) = &serde.deny_unknown_fields {
        errors.at(
            word,
            "a document of a newer version may have members that this one does not know, and is to be read all the \
             same; remove `deny_unknown_fields`, or `schema_version`",
        );
    }
    for field in fields.iter().filter(|field| field.is_member()) {
        let member = &field.names.member;
        let reads = |name: &String| name == MEMBER;
        if reads(&member.serialize) || reads(&member.deserialize) || field.serde.aliases.iter().any(reads) {
            errors.at(
                &field.names.ident,
                format!(
                    "the member `{MEMBER}` holds the version that `schema_version` says; rename `{}`",
                    field.names.plain
                ),
            );
        }
    }
    Some(FormVersion { number, upgrade: cache.upgrade.as_ref().map(|(path, _)| path.clone()) })
}
