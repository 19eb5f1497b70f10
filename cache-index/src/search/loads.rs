//! What a search brings of each document.

use crate::command::Command;
use crate::schema::FieldDef;

/// What a search brings of each document besides its key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loads {
    /// The whole document.
    pub document: bool,
    /// Single members of it.
    pub members: &'static [FieldDef],
}

/// The attribute that shows that a document is there, where single members are asked for, all of which it may lack. No
/// field has such a name.
pub(crate) const THERE: &str = "$?";

impl Loads {
    /// Nothing but the key.
    pub const KEY: Self = Self { document: false, members: &[] };
    /// The whole document.
    pub const DOCUMENT: Self = Self { document: true, members: &[] };

    /// These members, each with whatever is in it.
    pub const fn members(members: &'static [FieldDef]) -> Self {
        Self { document: false, members }
    }

    /// Whether nothing but the key is asked for.
    pub const fn is_nothing(&self) -> bool {
        !self.document && self.members.is_empty()
    }

    /// The dialect whose answers are exact: in 2 a whole document is, and of a member only the first value comes, a
    /// text as a number looks.
    pub(super) const fn dialect(&self) -> &'static str {
        if self.members.is_empty() { "2" } else { "3" }
    }

    /// Appends how many arguments follow, and these; `more` of them come first.
    pub(super) fn append_to(self, mut command: Command, more: &[&str], witness: &str) -> Command {
        let members = if self.members.is_empty() { 0 } else { 3 * (self.members.len() + 1) };
        command = command.arg_display(more.len() + usize::from(self.document) + members).args_from(more);
        if self.document {
            command = command.arg("$");
        }
        if self.members.is_empty() {
            return command;
        }
        for (number, member) in self.members.iter().enumerate() {
            command = command.arg(member.stored_path()).arg("AS").arg_display(format_args!("${number}"));
        }
        command.arg_display(format_args!("$[{witness:?}]")).args_from(["AS", THERE])
    }
}
