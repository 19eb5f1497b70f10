//! The rule that there is one `bool` and one shape at a path, for what the trait solver does not see: fields of
//! embedded lists.
//! Evaluated by the compiler, where the schema is made.

use super::Entry;
use super::message::Message;
use crate::kind::FieldKind;
use crate::value::JsonType;

/// Refuses indexed `bool` and GEOSHAPE fields of which a document may have many.
///
/// RediSearch 2.10.5 indexes lists of strings, numbers, points and vectors; a document with two `bool` or two shapes at
/// one path is left out of the index, without a word to who writes it.
pub(super) const fn assert_single(model: &str, mut entries: &'static [Entry]) {
    while let [first, rest @ ..] = entries {
        match first {
            Entry::Embedded(entries) => assert_single(model, entries),
            Entry::Field(field) => {
                let what = match (field.kind(), field.json()) {
                    (FieldKind::GeoShape, _) => Some("shape"),
                    (_, JsonType::Bool) => Some("`bool`"),
                    _ => None,
                };
                if let (Some(what), true) = (what, field.is_many()) {
                    let message = Message::new()
                        .and("`")
                        .and(model)
                        .and("` has a list of structs whose field `")
                        .and(field.member())
                        .and("` is an indexed ")
                        .and(what)
                        .and(", of which the server takes one a document; remove `#[index]`, or index something else in its place");
                    message.panic();
                }
            }
        }
        entries = rest;
    }
}
