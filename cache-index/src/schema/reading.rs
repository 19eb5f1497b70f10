//! Whether the type that a view reads a field as has room for what documents have of it, decided by the compiler.

use super::field_def::FieldDef;
use super::message::Message;

impl FieldDef {
    /// The field, if it is read as a type with room for as many values as a document has.
    pub(crate) const fn assert_reading(self, many: Option<bool>) -> Self {
        let is_many = match self.parent() {
            Some(parent) => parent.is_many(),
            None => false,
        };
        if has_controls(self.member()) {
            Message::new()
                .and("the server's paths have no control characters, so that no view can read such a member; rename it")
                .panic();
        }
        match many {
            Some(false) if is_many => Message::new()
                .and("`")
                .and(self.member())
                .and("` stands in an embedded list or map, so that a document has many of it: read it as a `Vec`")
                .panic(),
            Some(true) if !is_many => Message::new()
                .and("a document has one `")
                .and(self.member())
                .and("`, which stands in no embedded list or map: read it as it is, without `Vec` around")
                .panic(),
            _ => self,
        }
    }
}

const fn has_controls(member: &str) -> bool {
    let mut rest = member.as_bytes();
    while let [first, more @ ..] = rest {
        if first.is_ascii_control() {
            return true;
        }
        rest = more;
    }
    false
}
