//! The rule that there is one `bool` at a path, for what the trait solver does not see: fields of embedded lists.
//! Evaluated by the compiler, where the schema is made.

use super::Entry;
use super::message::Message;
use crate::value::JsonType;

/// Refuses indexed `bool` fields of which a document may have many.
///
/// RediSearch 2.10.5 indexes lists of strings and of numbers; a document with two `bool` at one path is left out of the
/// index, without a word to who writes it.
pub(super) const fn assert_single(model: &str, mut entries: &'static [Entry]) {
    while let [first, rest @ ..] = entries {
        match first {
            Entry::Embedded(entries) => assert_single(model, entries),
            Entry::Field(field) => {
                if field.is_many() && matches!(field.json(), JsonType::Bool) {
                    let message = Message::new()
                        .and("`")
                        .and(model)
                        .and("` has a list of structs whose field `")
                        .and(field.member())
                        .and("` is an indexed `bool`, of which the server takes one a document; index an enum in its place, or remove `#[index]`");
                    message.panic();
                }
            }
        }
        entries = rest;
    }
}
