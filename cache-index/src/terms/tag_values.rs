//! `FT.TAGVALS`: the command, and what it answers.

use super::dictionary::texts;
use crate::command::Command;
use crate::error::DecodeError;
use crate::kind::{Kind, Tag};
use crate::path::SearchName;
use crate::reply::Reply;

/// Kinds whose values can be listed.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const ROLE: Field<User, String, Tag, Options<No>> = Field::indexed("role", "role");
/// # }
/// use cache_index::{Field, TagValues, Tagged};
///
/// fn all<'a, M, V, K: Tagged, O>(index: &'a str, field: Field<M, V, K, O>) -> TagValues<'a> {
///     TagValues { index, field: field.def().name() }
/// }
/// assert_eq!(all("cache:user:idx", User::ROLE).command().name(), "FT.TAGVALS");
/// ```
#[diagnostic::on_unimplemented(
    message = "the values of a `{Self}` field cannot be listed with `tag_values`",
    label = "not a TAG field",
    note = "add `#[index]` to a string field, or `#[index(tag, name = \"…\")]` beside another index"
)]
pub trait Tagged: Kind {}

impl Tagged for Tag {}

/// A question for all values of a TAG field.
///
/// ```
/// use cache_index::{Reply, SearchName, TagValues};
///
/// let question = TagValues { index: "cache:user:idx", field: SearchName::new("role") };
/// assert_eq!(
///     question.command().args().collect::<Vec<_>>(),
///     ["FT.TAGVALS", "cache:user:idx", "role"].map(str::as_bytes),
/// );
/// let answer = Reply::Array(vec![Reply::Bulk("reader".into()), Reply::Bulk("editor".into())]);
/// assert_eq!(TagValues::decode(answer)?, ["editor", "reader"]);
/// # Ok::<(), cache_index::DecodeError>(())
/// ```
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
