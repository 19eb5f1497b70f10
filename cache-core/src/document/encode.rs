//! Documents on their way out: as JSON, and refused where the index could not hold them.

use cache_index::{FieldKind, JsonType, MAX_SEPARATED_TAG, Schema, Strings, check_document, write_json_seen};
use serde_json::Value;

use super::stamp::stamp;
use crate::error::{Error, Result};
use crate::model::Model;

/// Appends the document as JSON.
///
/// # Errors
/// [`Error::Serialize`], [`Error::NulCharacter`], [`Error::TagTooLong`]; in debug builds [`Error::NotIndexable`].
pub(super) fn write_document<M: Model>(buffer: &mut Vec<u8>, model: &M) -> Result<()> {
    let schema = M::schema();
    let start = buffer.len();
    let serialize = |source| Error::Serialize { model: schema.model(), source };
    let strings = write_json_seen(buffer, model).map_err(serialize)?;
    if let Some(version) = M::SCHEMA_VERSION {
        stamp(buffer, start, version);
    }
    // What the check finds is in the model's declaration: whoever develops meets it at the first save.
    if cfg!(debug_assertions) && schema.is_indexed() || may_be_refused(strings) {
        let json = buffer.get(start..).unwrap_or_default();
        let document = serde_json::from_slice(json).map_err(serialize)?;
        if cfg!(debug_assertions) {
            let refuse = |source| Error::NotIndexable { model: schema.model(), source };
            check_document(schema, &document).map_err(refuse)?;
        }
        refuse_unindexable(schema, &document)?;
    }
    Ok(())
}

/// The document as JSON.
///
/// # Errors
/// As [`write_document`].
pub(crate) fn json_of<M: Model>(model: &M) -> Result<Vec<u8>> {
    let mut json = Vec::with_capacity(256);
    write_document(&mut json, model)?;
    Ok(json)
}

/// Whether the index may be unable to hold one of the strings. Of nearly every document it is known that it has none such;
/// only the others are read again.
fn may_be_refused(strings: Strings) -> bool {
    strings.longest > MAX_SEPARATED_TAG || strings.nul
}

/// As [`may_be_refused`], of JSON that was written elsewhere: serde_json writes U+0000 as an escape.
pub(super) fn may_be_unindexable(json: &[u8]) -> bool {
    const NUL: &[u8] = br"\u0000";
    json.len() > MAX_SEPARATED_TAG || json.windows(NUL.len()).any(|bytes| bytes == NUL)
}

/// Refuses what the index could not hold: U+0000 in strings, and tags longer than it can count.
pub(super) fn refuse_unindexable(schema: &'static Schema, document: &Value) -> Result<()> {
    for field in schema.indexed().filter(|field| field.json() == JsonType::String) {
        for text in field.values(document).into_iter().filter_map(Value::as_str) {
            let (model, field) = (schema.model(), field);
            if text.contains('\0') {
                return Err(Error::NulCharacter { model, field: field.name() });
            }
            let longest = match field.tag_separator() {
                Some(separator) => text.split(separator).map(str::len).max().unwrap_or_default(),
                None => text.len(),
            };
            let most = field.longest_tag();
            if field.kind() == FieldKind::Tag && longest > most {
                return Err(Error::TagTooLong { model, field: field.name(), length: longest, most });
            }
        }
    }
    Ok(())
}
