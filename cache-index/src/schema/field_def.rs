//! One field of a schema as const data: its names, its kind, its options.

use crate::kind::{FieldKind, Kind};
use crate::value::{IndexValue, Indexable, JsonType, SortableValue, TextValue};

/// A field: the JSON member it is stored in, the name it is searched by, its kind and options.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FieldDef {
    member: &'static str,
    name: &'static str,
    kind: FieldKind,
    json: JsonType,
    many: bool,
    sortable: bool,
    fold_case: bool,
}

impl FieldDef {
    /// A field that is stored and not indexed.
    pub const fn stored(member: &'static str) -> Self {
        Self {
            member,
            name: member,
            kind: FieldKind::Stored,
            json: JsonType::Any,
            many: false,
            sortable: false,
            fold_case: false,
        }
    }

    /// A field of type `V`, indexed as `K`, searched by `name`.
    pub const fn indexed<V: Indexable<K>, K: Kind>(member: &'static str, name: &'static str) -> Self {
        Self { member, name, kind: K::KIND, json: V::JSON, many: V::MANY, sortable: false, fold_case: false }
    }

    /// A field of type `V`, indexed as the kind that the type takes by itself, searched by `name`.
    pub const fn inferred<V: IndexValue>(member: &'static str, name: &'static str) -> Self {
        Self {
            member,
            name,
            kind: <V::Kind as Kind>::KIND,
            json: V::JSON,
            many: V::MANY,
            sortable: false,
            fold_case: false,
        }
    }

    /// The same field with its values kept beside the index, so that answers can be sorted by it.
    pub const fn sortable<V: SortableValue>(self) -> Self {
        Self { sortable: true, ..self }
    }

    /// The same TAG field with `A` and `a` being one value.
    pub const fn fold_case<V: TextValue>(self) -> Self {
        Self { fold_case: true, ..self }
    }

    /// The JSON member that the field is stored in, as serde writes it.
    pub const fn member(&self) -> &'static str {
        self.member
    }

    /// The name that queries use.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The kind.
    pub const fn kind(&self) -> FieldKind {
        self.kind
    }

    /// The JSON type of the values, of each element if there are many.
    pub const fn json(&self) -> JsonType {
        self.json
    }

    /// Whether the JSON is an array whose elements are indexed one by one.
    pub const fn is_many(&self) -> bool {
        self.many
    }

    /// Whether answers can be sorted by the field.
    pub const fn is_sortable(&self) -> bool {
        self.sortable
    }

    /// Whether `A` and `a` are one value. Only ASCII letters are folded by every version of the server.
    pub const fn folds_case(&self) -> bool {
        self.fold_case
    }

    /// Whether the field is in the index.
    pub const fn is_indexed(&self) -> bool {
        !matches!(self.kind, FieldKind::Stored)
    }

    /// The JSONPath of the values: `$.email`, `$.tags[*]`, `$["first name"]`.
    pub fn path(&self) -> String {
        let mut path = if is_plain(self.member) {
            format!("$.{}", self.member)
        } else {
            // A JSON string is what a JSONPath expects between brackets.
            format!("$[{}]", serde_json::Value::from(self.member))
        };
        if self.many {
            path.push_str("[*]");
        }
        path
    }

    /// The words of `FT.CREATE` behind the kind, in the order in which the server wants them.
    pub(crate) fn options(&self) -> impl Iterator<Item = &'static str> + use<> {
        let tag_of_strings = self.kind == FieldKind::Tag && self.json == JsonType::String;
        [
            (tag_of_strings && !self.fold_case, "CASESENSITIVE"),
            // Without it, `eq("")` would be an error of the server.
            (tag_of_strings, "INDEXEMPTY"),
            (self.sortable, "SORTABLE"),
        ]
        .into_iter()
        .filter_map(|(wanted, word)| wanted.then_some(word))
    }
}

/// Whether a member can stand behind a dot in a JSONPath.
fn is_plain(member: &str) -> bool {
    let mut characters = member.chars();
    characters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && characters.all(|other| other.is_ascii_alphanumeric() || other == '_')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::Tag;

    #[test]
    fn paths_quote_what_a_dot_cannot_take() {
        let path = |member| FieldDef::indexed::<String, Tag>(member, "x").path();
        assert_eq!(path("email"), "$.email");
        assert_eq!(path("first name"), r#"$["first name"]"#);
        assert_eq!(path("a\"b"), r#"$["a\"b"]"#);
        assert_eq!(path("größe"), "$[\"größe\"]");
        assert_eq!(FieldDef::indexed::<Vec<String>, Tag>("tags", "tags").path(), "$.tags[*]");
    }
}
