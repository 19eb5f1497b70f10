//! What a search brings of each document.

use super::member::Member;
use crate::command::Command;
use crate::path::{Step, write_step};

/// What a search brings of each document besides its key.
///
/// ```
/// use cache_index::{FieldDef, Loads, Member};
///
/// static MEMBERS: [Member; 1] = [Member::new("name", FieldDef::stored("name"), true)];
/// assert!(Loads::KEY.is_nothing());
/// assert!(!Loads::members(&MEMBERS).is_nothing());
/// assert!(Loads::DOCUMENT.document);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Loads {
    /// The whole document.
    pub document: bool,
    /// Single members of it.
    pub members: &'static [Member],
}

/// The attribute that shows that a document is there, where single members are asked for, all of which it may lack.
const THERE: &str = "$?";

impl Loads {
    /// Nothing but the key.
    pub const KEY: Self = Self { document: false, members: &[] };
    /// The whole document.
    pub const DOCUMENT: Self = Self { document: true, members: &[] };

    /// These members, each with whatever is in it.
    pub const fn members(members: &'static [Member]) -> Self {
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
        let paths: Vec<_> = self.members.iter().map(|member| member.path(witness)).collect();
        let mut there = String::from("$");
        write_step(&mut there, witness, Step::One);
        // Where nothing else does, the witness alone shows that the document is there.
        let is_shown =
            self.document || self.members.iter().any(Member::is_witnessed) || paths.contains(&there);
        let shown = (!paths.is_empty() && !is_shown).then_some(there);
        let members = 3 * (paths.len() + usize::from(shown.is_some()));
        command = command.arg_display(more.len() + usize::from(self.document) + members).args_from(more);
        if self.document {
            command = command.arg("$");
        }
        for (number, path) in paths.iter().enumerate() {
            command = command.arg(path).arg("AS").arg_display(format_args!("${number}"));
        }
        match shown {
            Some(path) => command.arg(path).args_from(["AS", THERE]),
            None => command,
        }
    }
}
