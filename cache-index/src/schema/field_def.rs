//! One field of a schema as const data: where it is, what it is called, its kind, its options.

use serde_json::Value;

use super::vector_options::VectorOptions;
use crate::error::{MAX_SEPARATED_TAG, MAX_TAG};
use crate::kind::{FieldKind, Kind};
use crate::path::{FieldPath, Known, Path, SearchName, Step, values_at, write_step};
use crate::value::{
    FlatValue, IndexValue, Indexable, JsonType, OptionalValue, ShapeValue, SortableValue, TextValue,
};

/// A field: the JSON member it is stored in, the name it is searched by, its kind and options.
///
/// ```
/// use cache_index::{FieldDef, Tag};
///
/// let tags = FieldDef::indexed::<Vec<String>, Tag>("tags", "tags").fold_case::<Vec<String>>();
/// assert_eq!(tags.path(), "$.tags[*]");
/// assert!(tags.is_many() && tags.folds_case());
/// let document = serde_json::json!({ "tags": ["new", "red"] });
/// assert_eq!(tags.values(&document), ["new", "red"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FieldDef {
    parent: Option<&'static FieldPath>,
    member: &'static str,
    name: &'static str,
    step: Step,
    pub(super) kind: FieldKind,
    pub(super) json: JsonType,
    pub(super) sortable: bool,
    pub(super) fold_case: bool,
    pub(super) separator: Option<char>,
    pub(super) suffix_trie: bool,
    pub(super) no_stem: bool,
    pub(super) weight: Option<&'static str>,
    pub(super) index_missing: bool,
    pub(super) index_empty: bool,
    pub(super) phonetic: Option<&'static str>,
    pub(super) unf: bool,
    pub(super) no_index: bool,
    pub(super) flat: bool,
    pub(super) spherical: bool,
    pub(super) vector: VectorOptions,
    may_be_absent: bool,
}

impl FieldDef {
    /// A field that is stored and not indexed.
    pub const fn stored(member: &'static str) -> Self {
        Self {
            parent: None,
            member,
            name: member,
            step: Step::One,
            kind: FieldKind::Stored,
            json: JsonType::Any,
            sortable: false,
            fold_case: false,
            separator: None,
            suffix_trie: false,
            no_stem: false,
            weight: None,
            index_missing: false,
            index_empty: false,
            phonetic: None,
            unf: false,
            no_index: false,
            flat: false,
            spherical: false,
            vector: VectorOptions::NONE,
            may_be_absent: false,
        }
    }

    /// The member that holds the embedded struct at this place, or the list or map of them, as a whole.
    pub(crate) const fn embedded<P: Path>() -> Self {
        match P::PATH {
            Some(path) => {
                path.assert_member();
                Self { parent: path.parent(), ..Self::stored(path.member()) }
            }
            None => Self::stored(""),
        }
    }

    /// A field of type `V`, indexed as `K`, searched by `name`.
    pub const fn indexed<V: Indexable<K>, K: Kind>(member: &'static str, name: &'static str) -> Self {
        let may_be_absent = V::OPTIONAL;
        Self { name, step: V::STEP, kind: K::KIND, json: V::JSON, may_be_absent, ..Self::stored(member) }
    }

    /// A field of type `V`, indexed as the kind that the type takes by itself, searched by `name`.
    pub const fn inferred<V: IndexValue>(member: &'static str, name: &'static str) -> Self {
        let kind = <V::Kind as Kind>::KIND;
        let may_be_absent = V::OPTIONAL;
        Self { name, step: V::STEP, kind, json: V::JSON, may_be_absent, ..Self::stored(member) }
    }

    /// The same field with its values kept beside the index, so that answers can be sorted by it.
    pub const fn sortable<V: SortableValue>(self) -> Self {
        Self { sortable: true, ..self }
    }

    /// The same TAG field with `A` and `a` being one value.
    pub const fn fold_case<V: TextValue>(self) -> Self {
        Self { fold_case: true, ..self }
    }

    /// The same TAG field with each string cut into tags at this character, blanks around them left out.
    pub const fn separator<V: TextValue>(self, separator: char) -> Self {
        Self { separator: Some(separator), ..self }
    }

    /// The same field with an index of the ends of its values, which makes searches for them fast and the index larger.
    pub const fn with_suffix_trie<V: TextValue>(self) -> Self {
        Self { suffix_trie: true, ..self }
    }

    /// The same TEXT field with its words as they are written, not stemmed. A query still looks for the stem of its
    /// words too: `foxes` finds `fox`, `fox` does not find `foxes`.
    pub const fn no_stem(self) -> Self {
        Self { no_stem: true, ..self }
    }

    /// The same TEXT field counting this much in scores, in place of 1; a decimal number.
    pub const fn weight(self, weight: &'static str) -> Self {
        Self { weight: Some(weight), ..self }
    }

    /// The same field with the documents that lack it in the index, so that they can be searched for.
    pub const fn index_missing<V: OptionalValue>(self) -> Self {
        Self { index_missing: true, ..self }
    }

    /// The same TEXT field with empty texts in the index, so that they can be searched for.
    pub const fn index_empty(self) -> Self {
        Self { index_empty: true, ..self }
    }

    /// The same TEXT field with what its words sound like, by the rules of this language: `en`, `fr`, `pt` or `es`.
    pub const fn phonetic(self, language: &'static str) -> Self {
        Self { phonetic: Some(language), ..self }
    }

    /// The same sortable field with its values sorted as they are, not in lower case without accents.
    pub const fn unf(self) -> Self {
        Self { unf: true, ..self }
    }

    /// The same sortable field without its values in the index: answers are sorted by it, it is not searched.
    pub const fn no_index(self) -> Self {
        Self { no_index: true, ..self }
    }

    /// The same GEOSHAPE field on a plane; the same VECTOR field compared vector by vector.
    pub const fn flat<V: FlatValue>(self) -> Self {
        Self { flat: true, ..self }
    }

    /// The same GEOSHAPE field on the globe, as it is without saying so.
    pub const fn spherical<V: ShapeValue>(self) -> Self {
        Self { spherical: true, ..self }
    }

    /// The same VECTOR field with these options.
    pub(crate) const fn with_vector(self, vector: VectorOptions) -> Self {
        Self { vector, ..self }
    }

    /// The same field, which serde leaves out of some documents (`skip_serializing_if`).
    pub const fn skippable(self) -> Self {
        Self { may_be_absent: true, ..self }
    }

    /// The same field within an embedded struct. In a list it is not sortable: there is no single value.
    pub const fn within<P: Path>(self) -> Self {
        let sortable = match P::PATH {
            Some(path) => self.sortable && !path.is_many(),
            None => self.sortable,
        };
        Self { parent: P::PATH, sortable, ..self }
    }

    /// The JSON member that the field is stored in, as serde writes it.
    pub const fn member(&self) -> &'static str {
        self.member
    }

    /// The name that queries use.
    pub const fn name(&self) -> SearchName {
        SearchName::within(self.parent, self.name)
    }

    /// The kind.
    pub const fn kind(&self) -> FieldKind {
        self.kind
    }

    /// The JSON type of the values, of each one if there are many.
    pub const fn json(&self) -> JsonType {
        self.json
    }

    /// Whether a document may have many values: the field is a list or a map, or stands in a list.
    pub const fn is_many(&self) -> bool {
        match self.parent {
            Some(parent) if parent.is_many() => true,
            _ => !matches!(self.step, Step::One),
        }
    }

    /// Whether answers can be sorted by the field.
    pub const fn is_sortable(&self) -> bool {
        self.sortable
    }

    /// Whether `A` and `a` are one value. Only ASCII letters are folded by every version of the server.
    pub const fn folds_case(&self) -> bool {
        self.fold_case
    }

    /// The character at which strings are cut into tags; `None`: each string is a tag.
    pub const fn tag_separator(&self) -> Option<char> {
        self.separator
    }

    /// The longest tag that the index can tell from others, in bytes. Where strings are cut into tags, the server cuts
    /// the tags too (`MAX_TAG_LEN` of its `tag_index.h`).
    pub const fn longest_tag(&self) -> usize {
        if self.separator.is_some() { MAX_SEPARATED_TAG } else { MAX_TAG }
    }

    /// Whether documents that lack the field are in the index as such. `null` is not lacking it.
    pub const fn indexes_missing(&self) -> bool {
        self.index_missing
    }

    /// Whether empty texts are in the index.
    pub const fn indexes_empty(&self) -> bool {
        self.index_empty
    }

    /// What words sound like: the language, if it is indexed.
    pub const fn phonetics(&self) -> Option<&'static str> {
        self.phonetic
    }

    /// Whether the index only keeps the values for sorting.
    pub const fn is_sorted_only(&self) -> bool {
        self.no_index
    }

    /// Whether shapes lie on a plane.
    pub const fn is_flat(&self) -> bool {
        self.flat
    }

    /// How vectors are indexed and compared.
    pub const fn vector_options(&self) -> VectorOptions {
        self.vector
    }

    /// Whether a document may lack the field, or have `null` there.
    pub const fn may_be_absent(&self) -> bool {
        self.may_be_absent
    }

    /// The embedded struct that the field is in.
    pub(crate) const fn parent(&self) -> Option<&'static FieldPath> {
        self.parent
    }

    /// How to get from the member to the values.
    pub(crate) const fn step(&self) -> Step {
        self.step
    }

    /// Whether words are stemmed.
    pub const fn stems(&self) -> bool {
        !self.no_stem
    }

    /// Whether the field is in the index.
    pub const fn is_indexed(&self) -> bool {
        !matches!(self.kind, FieldKind::Stored)
    }

    /// The JSONPath of the values: `$.email`, `$.tags[*]`, `$["first name"]`, `$.address.city`.
    pub fn path(&self) -> String {
        let mut path = String::new();
        match self.parent {
            Some(parent) => parent.write(&mut path),
            None => path.push('$'),
        }
        write_step(&mut path, self.member, self.step);
        path
    }

    /// The values that a document has for this field: none where a member is missing.
    pub fn values<'a>(&self, document: &'a Value) -> Vec<&'a Value> {
        self.values_known(document, &|_| None)
    }

    /// The values that a document has for this field, where it is known which one of many embedded structs is meant.
    pub(crate) fn values_known<'a>(&self, document: &'a Value, known: Known<'_, 'a>) -> Vec<&'a Value> {
        values_at(self.parent, self.member, self.step, document, known)
    }

    /// Whether the other field has the same values: another index of the same member.
    pub(crate) fn is_beside(&self, other: &Self) -> bool {
        (self.parent, self.member, self.step) == (other.parent, other.member, other.step)
    }
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
        let map = FieldDef::inferred::<std::collections::HashMap<String, u8>>("counts", "counts");
        assert_eq!((map.path(), map.kind()), ("$.counts.*".to_owned(), FieldKind::Numeric));
    }
}
