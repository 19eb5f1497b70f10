//! Values that are searched by a part of them: beginning, end, anything between.

use super::{Field, SuffixTrie};
use crate::error::{MIN_PREFIX, QueryError};
use crate::filter::{Affix, Filter, Node, Test};
use crate::kind::{FieldKind, Prefixed, Suffixed, Tag, Text};
use crate::schema::FieldDef;

impl<M, V, K, O> Field<M, V, K, O> {
    /// Documents whose value, or a word of whose text, begins like this.
    ///
    /// The server wants at least two bytes; a shorter prefix is refused, since its answer would be empty whatever
    /// is there; and on TEXT fields letters that the server folds in a prefix only, such as `ß` and `Ä`. It also stops
    /// at `MAXPREFIXEXPANSIONS` (200) different values; an answer that was stopped says so.
    #[doc(alias = "startswith")]
    #[doc(alias = "prefix")]
    pub fn starts_with(self, prefix: impl AsRef<str>) -> Filter<M>
    where
        K: Prefixed,
    {
        let prefix = prefix.as_ref();
        if K::KIND == FieldKind::Tag && prefix.ends_with('\\') && prefix.len() >= MIN_PREFIX {
            return Filter::new(Node::Invalid(QueryError::PrefixEndsInBackslash { field: self.def.name() }));
        }
        like(self.def, Affix::Prefix, prefix)
    }

    /// Documents whose value ends like this. As with [`starts_with`](Field::starts_with), two bytes are the least, and
    /// an answer that was stopped at 200 different values says so.
    ///
    /// Without `with_suffix_trie` at the field the server looks at every different value that it has.
    #[doc(alias = "endswith")]
    #[doc(alias = "suffix")]
    pub fn ends_with(self, suffix: impl AsRef<str>) -> Filter<M>
    where
        K: Suffixed<O>,
    {
        like(self.def, Affix::Suffix, suffix.as_ref())
    }

    /// Of a TAG field, the documents whose value has this in it: see [`ends_with`](Field::ends_with). Of a GEOSHAPE
    /// field, those whose shape contains this one: see `within`.
    pub fn contains(self, part: impl Part<K, O>) -> Filter<M> {
        part.filter(self.def)
    }
}

/// What a value of a field of kind `K` may contain: of a TAG field a string, of a GEOSHAPE field a `&GeoShape`.
#[diagnostic::on_unimplemented(
    message = "a `{K}` field cannot be searched for a `{Self}` that it contains",
    label = "`contains` takes a string for TAG fields, a `&GeoShape` for GEOSHAPE fields",
    note = "search a TEXT field with `matches`; compare numbers with `eq` and `between`"
)]
pub trait Part<K, O> {
    /// The documents whose value contains it.
    fn filter<M>(self, field: FieldDef) -> Filter<M>;
}

impl<T: AsRef<str>, O> Part<Tag, O> for T {
    fn filter<M>(self, field: FieldDef) -> Filter<M> {
        like(field, Affix::Infix, self.as_ref())
    }
}

impl<T: AsRef<str>, O: SuffixTrie> Part<Text, O> for T {
    fn filter<M>(self, field: FieldDef) -> Filter<M> {
        like(field, Affix::Infix, self.as_ref())
    }
}

fn like<M>(field: FieldDef, affix: Affix, part: &str) -> Filter<M> {
    let part_of = if field.kind() == FieldKind::Text { Test::WordLike } else { Test::TagLike };
    Filter::new(match refused(&field, part) {
        Some(error) => Node::Invalid(error),
        None => Node::Leaf(field, part_of(affix, part.to_owned())),
    })
}

fn refused(def: &FieldDef, part: &str) -> Option<QueryError> {
    let (field, length, most) = (def.name(), part.len(), def.longest_tag());
    if part.contains('\0') {
        Some(QueryError::NulCharacter { field })
    } else if length < MIN_PREFIX {
        Some(QueryError::PrefixTooShort { field, prefix: part.to_owned() })
    } else if length > most {
        Some(QueryError::TooLong { field, length, most })
    } else {
        None
    }
}
