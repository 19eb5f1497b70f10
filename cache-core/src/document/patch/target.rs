//! Where a change is made: the path of one member, and of what holds it.

use cache_index::FieldDef;
use serde_json::Value;

use crate::patch_error::PatchError;

/// One member of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    /// The name in messages.
    pub(super) field: String,
    /// The member's JSONPath.
    pub(super) path: String,
    /// The JSONPath of the object that has the member.
    pub(super) parent: String,
    /// The members on the way, from the document to this one.
    pub(super) members: Vec<String>,
}

/// A step of a JSONPath.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    /// Each element of a list or each value of a map.
    Every,
}

impl Target {
    /// The member that a field is stored in.
    ///
    /// # Errors
    /// [`PatchError::InList`], [`PatchError::Member`].
    pub(super) fn of(def: &FieldDef) -> Result<Self, PatchError> {
        let field = def.name().to_string();
        let path = def.path();
        let mut steps = steps(&path);
        // Where a list's elements or a map's values are indexed, the path leads to these; the member is before them.
        let at = match steps.last() {
            Some((_, Step::Every)) => steps.pop().map_or(path.len(), |(start, _)| start),
            _ => path.len(),
        };
        let parent = steps.last().map_or(0, |(start, _)| *start);
        let until = |end| path.get(..end).unwrap_or_default().to_owned();
        let (path, parent) = (until(at), until(parent));
        let Some(members) = members_of(&path) else { return Err(PatchError::InList { field }) };
        // The server reads these otherwise than JSON does, or not at all.
        let is_hostile = |member: &String| member.contains(['"', '\\']) || member.contains(char::is_control);
        if members.iter().any(is_hostile) {
            return Err(PatchError::Member { field });
        }
        Ok(Self { field, path, parent, members })
    }

    /// Whether one of the two is the other, or a part of it.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.members.starts_with(&other.members) || other.members.starts_with(&self.members)
    }

    /// A document that has nothing but this value in this place.
    pub(super) fn document(&self, value: Value) -> Value {
        self.members
            .iter()
            .rev()
            .fold(value, |value, member| Value::Object([(member.clone(), value)].into_iter().collect()))
    }
}

/// The members that a path goes through; `None`: it goes through each element of a list or a map.
pub(crate) fn members_of(path: &str) -> Option<Vec<String>> {
    let member = |(_, step)| match step {
        Step::Member(member) => Some(member),
        Step::Every => None,
    };
    steps(path).into_iter().map(member).collect()
}

/// The steps of a path that a field definition wrote, each with where it begins.
fn steps(path: &str) -> Vec<(usize, Step)> {
    let mut steps = Vec::new();
    let mut rest = path.strip_prefix('$').unwrap_or(path);
    while !rest.is_empty() {
        let start = path.len() - rest.len();
        let (step, length) = step(rest);
        steps.push((start, step));
        rest = rest.get(length..).unwrap_or_default();
    }
    steps
}

/// The first step and its length in bytes.
fn step(path: &str) -> (Step, usize) {
    if path.starts_with("[*]") {
        return (Step::Every, 3);
    }
    if path.starts_with(".*") {
        return (Step::Every, 2);
    }
    if let Some(quoted) = path.strip_prefix('[') {
        let mut read = serde_json::Deserializer::from_str(quoted).into_iter::<String>();
        if let Some(Ok(member)) = read.next() {
            // The brackets stand around what was read.
            return (Step::Member(member), read.byte_offset() + 2);
        }
    }
    let member = path.strip_prefix('.').unwrap_or(path);
    let length = member.find(['.', '[']).unwrap_or(member.len());
    (Step::Member(member.get(..length).unwrap_or_default().to_owned()), path.len() - member.len() + length)
}

#[cfg(test)]
mod tests {
    use cache_index::Tag;
    use serde_json::json;

    use super::*;

    fn target(member: &'static str) -> Target {
        Target::of(&FieldDef::stored(member)).unwrap()
    }

    #[test]
    fn a_target_is_a_member_and_what_holds_it() {
        let plain = target("email");
        assert_eq!((plain.path.as_str(), plain.parent.as_str()), ("$.email", "$"));
        let quoted = target("first [*] .name");
        assert_eq!((quoted.path.as_str(), quoted.parent.as_str()), (r#"$["first [*] .name"]"#, "$"));
        assert_eq!(quoted.members, ["first [*] .name"]);
        let list = Target::of(&FieldDef::indexed::<Vec<String>, Tag>("my tags", "tags")).unwrap();
        assert_eq!(
            (list.path.as_str(), list.members.as_slice()),
            (r#"$["my tags"]"#, &["my tags".to_owned()][..])
        );
    }

    #[test]
    fn steps_are_those_of_the_path() {
        let member = |name: &str| Step::Member(name.to_owned());
        assert_eq!(
            steps(r#"$.a["b.c"][*].d.*"#),
            [(1, member("a")), (3, member("b.c")), (10, Step::Every), (13, member("d")), (15, Step::Every)]
        );
    }

    #[test]
    fn what_the_server_cannot_address_is_refused() {
        for member in ["a\"b", "a\\b", "a\nb"] {
            let refused = Target::of(&FieldDef::stored(member));
            assert!(matches!(refused, Err(PatchError::Member { .. })), "{member:?}");
        }
    }

    #[test]
    fn parts_overlap_and_neighbours_do_not() {
        let nested = Target { members: vec!["address".into(), "city".into()], ..target("address") };
        assert!(nested.overlaps(&target("address")) && target("address").overlaps(&nested));
        assert!(!nested.overlaps(&target("city")) && !target("add").overlaps(&target("address")));
        assert_eq!(nested.document(json!("Bern")), json!({"address": {"city": "Bern"}}));
    }
}
