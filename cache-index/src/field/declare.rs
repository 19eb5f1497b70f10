//! Handles declared: a field's member, name, kind and options, checked against its type. What the derive writes.

use super::Field;
use crate::kind::Kind;
use crate::path::Path;
use crate::schema::DistanceMetric;
use crate::schema::FieldDef;
use crate::value::{
    FlatValue, IndexValue, Indexable, OptionalValue, ShapeValue, SortableValue, TextValue, VectorValue,
};

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

    /// The handle of a field that the index keeps as the kind `I` and that cannot be searched as such.
    pub const fn indexed_as<I: Kind>(member: &'static str, name: &'static str) -> Self
    where
        V: Indexable<I>,
    {
        Self::new(FieldDef::indexed::<V, I>(member, name))
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

    /// The same TEXT field with empty texts in the index.
    pub const fn index_empty(self) -> Self {
        Self::new(self.def.index_empty())
    }

    /// The same TEXT field with what its words sound like in this language.
    pub const fn phonetic(self, language: &'static str) -> Self {
        Self::new(self.def.phonetic(language))
    }

    /// The same sortable field with its values sorted as they are.
    pub const fn unf(self) -> Self {
        Self::new(self.def.unf())
    }

    /// The same field, only sorted by.
    pub const fn no_index(self) -> Self {
        Self::new(self.def.no_index())
    }

    /// The same GEOSHAPE field on a plane, or VECTOR field compared vector by vector.
    pub const fn flat(self) -> Self
    where
        V: FlatValue,
    {
        Self::new(self.def.flat::<V>())
    }

    /// The same GEOSHAPE field on the globe.
    pub const fn spherical(self) -> Self
    where
        V: ShapeValue,
    {
        Self::new(self.def.spherical::<V>())
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

macro_rules! vector_options {
    ($($(#[$doc:meta])* $option:ident($($argument:ident: $type:ty)?) = $field:ident: $value:expr;)*) => {
        impl<M, V: VectorValue, K, O> Field<M, V, K, O> {$(
            $(#[$doc])*
            pub const fn $option(self $(, $argument: $type)?) -> Self {
                let mut options = self.def.vector_options();
                options.$field = $value;
                Self::new(self.def.with_vector(options))
            }
        )*}
    };
}

vector_options! {
    /// The same VECTOR field with a graph for approximate answers.
    hnsw() = hnsw: true;
    /// The same VECTOR field with distances measured like this.
    distance_metric(metric: DistanceMetric) = metric: metric;
    /// The same VECTOR field with this many neighbours in the graph.
    m(m: u32) = m: Some(m);
    /// The same VECTOR field with this many candidates while the graph is built.
    ef_construction(candidates: u32) = ef_construction: Some(candidates);
    /// The same VECTOR field with this many candidates while it is searched.
    ef_runtime(candidates: u32) = ef_runtime: Some(candidates);
    /// The same VECTOR field with ranges searched this much farther; a decimal number.
    epsilon(epsilon: &'static str) = epsilon: Some(epsilon);
    /// The same VECTOR field with its vectors in blocks of this many.
    block_size(vectors: u32) = block_size: Some(vectors);
    /// The same VECTOR field with room for this many vectors from the beginning.
    initial_cap(vectors: u32) = initial_cap: Some(vectors);
}
