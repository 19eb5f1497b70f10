//! `FT.TAGVALS`: the command, and what it answers.

use super::dictionary::texts;
use crate::command::Command;
use crate::error::DecodeError;
use crate::kind::{Kind, Tag};
use crate::path::SearchName;
use crate::reply::Reply;

/// Kinds whose values can be listed.
#[diagnostic::on_unimplemented(
    message = "the values of a `{Self}` field cannot be listed with `tag_values`",
    label = "not a TAG field",
    note = "add `#[index]` to a string field, or `#[index(tag, name = \"…\")]` beside another index"
)]
pub trait Tagged: Kind {}

impl Tagged for Tag {}

/// A question for all values of a TAG field.
#[derive(Debug, Clone, Copy)]
pub struct TagValues<'a> {
    /// The index.
    pub index: &'a str,
    /// The field.
    pub field: SearchName,
}

impl TagValues<'_> {
    /// The command.
    pub fn command(&self) -> Command {
        Command::new("FT.TAGVALS").arg(self.index).arg_display(self.field).repeatable()
    }

    /// Reads the answer; the values come in order.
    ///
    /// # Errors
    /// [`DecodeError`] if it is no list of texts.
    pub fn decode(reply: Reply) -> Result<Vec<String>, DecodeError> {
        texts(reply, "a value in UTF-8")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::FieldDef;

    #[test]
    fn the_command_names_the_field() {
        let field = FieldDef::indexed::<String, Tag>("city", "city").name();
        let command = TagValues { index: "i", field }.command();
        assert_eq!(command.args().collect::<Vec<_>>(), [&b"FT.TAGVALS"[..], b"i", b"city"]);
    }
}
