//! What the expansion of the derive macros names. No part of the public API: it changes without notice.

pub use cache_index::{
    Comparand, DistanceMetric, Each, Embedded, EmbeddedFields, Entry, Field, FieldDef, FieldPath, Filter,
    FindBy, FlatValue, Geo, GeoShapeKind, HasForm, HashTag, IndexSchema, IndexValue, Indexable, JsonType,
    Kind, Language, Nested, No, Numeric, One, Operand, Options, Path, ScalarValue, Schema, Shape, ShapeValue,
    Single, SortableValue, Step, Stored, Tag, Text, TextValue, Values, VectorKind, VectorValue, Yes,
    default_form,
};

pub use crate::model::{Indexed, Model};
pub use crate::query::Query;

/// The kind that a type takes by itself.
pub type KindOf<T> = <T as IndexValue>::Kind;

/// What the index holds of a type.
pub type ScalarOf<T> = <T as IndexValue>::Scalar;

/// The documents that a finder's argument means.
pub fn find_by<M: Model, V: IndexValue, K, O>(
    field: Field<M, V, K, O>,
    by: impl FindBy<V::Scalar, K>,
) -> Query<M> {
    Query::new(by.into_filter(field))
}
