//! What the expansion of the derive macros names. No part of the public API: it changes without notice.

pub use cache_index::{
    Comparand, DistanceMetric, Each, Embedded, EmbeddedFields, Entry, Field, FieldDef, FieldPath, Filter,
    FindBy, FlatValue, Geo, GeoShapeKind, HasForm, HashTag, Hit, IndexSchema, IndexValue, Indexable,
    IsScalar, JsonType, Kind, Language, ListValue, Loads, Many, Member, Nested, No, NoForm, NotScalar,
    Numeric, One, Operand, Options, Path, ReadFrom, ReadMode, ReadWith, ScalarValue, Schema, Shape,
    ShapeValue, Single, SortableValue, Step, Stored, Tag, Text, TextValue, UniqueOperand, UniqueValue,
    Values, VectorKind, VectorValue, Yes, any_embedded, default_form, embedded_as, unique_member,
};

pub use futures_core::future::BoxFuture;
pub use inventory;

pub use crate::cache::{Cache, RegisteredModel};
pub use crate::document::{get_by_unique, modify};
pub use crate::error::Result;
pub use crate::gate::{Gated, gated};
pub use crate::model::{Indexed, Model, Versioned};
pub use crate::primary_key::Id;
pub use crate::query::{Query, Row, read_view};
pub use crate::version::VersionValue;

/// Lets [`Migrator::all`](crate::Migrator::all) find a model: before `main`, its schema is put on a list.
#[doc(hidden)]
#[macro_export]
macro_rules! __register {
    ($model:ty) => {
        $crate::__private::inventory::submit! { $crate::__private::RegisteredModel::of::<$model>() }
    };
}
pub use crate::__register as register;

/// The members of a document.
pub type JsonMap = serde_json::Map<String, serde_json::Value>;

/// An error of another crate.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

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
