//! Handles declared: a field's member, name, kind and options, checked against its type. What the derive writes.

use super::Field;
use crate::kind::Kind;
use crate::path::Path;
use crate::schema::FieldDef;
use crate::value::{IndexValue, Indexable, OptionalValue, SortableValue, TextValue};

impl<M, V, K, O> Field<M, V, K, O> {
    /// The handle of a field without an index, stored as this member.
    pub const fn stored(member: &'static str) -> Self {
        Self::new(FieldDef::stored(member))
    }

    /// The handle of a field that is indexed as its type says.
    pub const fn inferred(member: &'static str, name: &'static str) -> Self
    where
        V: IndexValue,
    {
        Self::new(FieldDef::inferred::<V>(member, name))
    }

    /// The handle of a field that is indexed as this kind.
    pub const fn indexed(member: &'static str, name: &'static str) -> Self
    where
        V: Indexable<K>,
        K: Kind,
    {
        Self::new(FieldDef::indexed::<V, K>(member, name))
    }

    /// The same field with its values kept beside the index, so that answers can be sorted by it.
    pub const fn sortable(self) -> Self
    where
        V: SortableValue,
    {
        Self::new(self.def.sortable::<V>())
    }

    /// The same TAG field with `A` and `a` being one value.
    pub const fn fold_case(self) -> Self
    where
        V: TextValue,
    {
        Self::new(self.def.fold_case::<V>())
    }

    /// The same TAG field with each string cut into tags at this character.
    pub const fn separator(self, separator: char) -> Self
    where
        V: TextValue,
    {
        Self::new(self.def.separator::<V>(separator))
    }

    /// The same field with an index of the ends of its values.
    pub const fn with_suffix_trie(self) -> Self
    where
        V: TextValue,
    {
        Self::new(self.def.with_suffix_trie::<V>())
    }

    /// The same TEXT field with its words as they are written.
    pub const fn no_stem(self) -> Self {
        Self::new(self.def.no_stem())
    }

    /// The same TEXT field with this weight in scores.
    pub const fn weight(self, weight: &'static str) -> Self {
        Self::new(self.def.weight(weight))
    }

    /// The same field with its absence indexed.
    pub const fn index_missing(self) -> Self
    where
        V: OptionalValue,
    {
        Self::new(self.def.index_missing::<V>())
    }

    /// The same field, which serde leaves out of some documents.
    pub const fn skippable(self) -> Self {
        Self::new(self.def.skippable())
    }

    /// The same field within an embedded struct.
    pub const fn within_embedded<P: Path>(self) -> Self {
        Self::new(self.def.within::<P>())
    }
}
