//! Field kinds as types: what RediSearch can do with a field, known to the type checker.

use std::fmt;

mod sealed {
    pub trait Sealed {}
}

/// A kind of field: one of RediSearch's, or [`Stored`].
pub trait Kind: sealed::Sealed + 'static {
    /// The kind as data.
    const KIND: FieldKind;
}

/// The kind of a field as data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FieldKind {
    /// Stored in the document, not indexed.
    Stored,
    /// `TAG`: found by the whole value.
    Tag,
    /// `NUMERIC`: found by value and range.
    Numeric,
    /// `TEXT`: found by its words.
    Text,
    /// `GEO`: points, found by their distance.
    Geo,
    /// `GEOSHAPE`: shapes, found by how they lie to another.
    GeoShape,
    /// `VECTOR`: found by similarity.
    Vector,
}

impl FieldKind {
    /// RediSearch's word for the kind; `None` for stored fields.
    pub const fn keyword(self) -> Option<&'static str> {
        match self {
            Self::Stored => None,
            Self::Tag => Some("TAG"),
            Self::Numeric => Some("NUMERIC"),
            Self::Text => Some("TEXT"),
            Self::Geo => Some("GEO"),
            Self::GeoShape => Some("GEOSHAPE"),
            Self::Vector => Some("VECTOR"),
        }
    }
}

impl fmt::Display for FieldKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.keyword().unwrap_or("stored"))
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $kind:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub enum $name {}

        impl sealed::Sealed for $name {}

        impl Kind for $name {
            const KIND: FieldKind = FieldKind::$kind;
        }
    )*};
}

kinds! {
    /// The field is stored in the document and not indexed: it can be read, not searched.
    Stored = Stored;
    /// `TAG`: exact values. The kind of `String`, `bool` and `char`.
    Tag = Tag;
    /// `NUMERIC`: values and ranges. The kind of integers and floating point numbers.
    Numeric = Numeric;
    /// `TEXT`: words, stemmed. A `String` field takes it with `#[index(text)]`.
    Text = Text;
    /// `GEO`: points on the earth. The kind of [`GeoPoint`](crate::GeoPoint).
    Geo = Geo;
    /// `GEOSHAPE`: points and polygons. The kind of `GeoShape` (feature `geo`).
    GeoShapeKind = GeoShape;
    /// `VECTOR`: similarity. The kind of [`Vector`](crate::Vector).
    VectorKind = Vector;
}

/// Kinds whose values can be compared for equality, for fields of type `V`.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field cannot be compared with `eq`, `ne` or `is_in`",
    label = "not a TAG or NUMERIC field",
    note = "add `#[index]` to a field that has none; search a TEXT field with `matches`, a GEO field with `within_radius`"
)]
pub trait Comparable<V>: Kind {
    /// What a value of type `V` is compared with.
    type Scalar;
}

/// Kinds whose values have an order, for fields of type `V`.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field has no order: `gt`, `ge`, `lt`, `le` and `between` need a NUMERIC field",
    label = "not a NUMERIC field",
    note = "index a number: `#[index]` on an integer or floating point field"
)]
pub trait Ordered<V>: Comparable<V> {}

/// Kinds that are searched by the beginning of a value or of a word.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field cannot be searched with `starts_with`",
    label = "not a TAG or TEXT field",
    note = "add `#[index]` or `#[index(text)]` to a string field"
)]
pub trait Prefixed: Kind {}

impl Prefixed for Tag {}
impl Prefixed for Text {}

/// Kinds that are searched by the end of a value or of a word, for fields with options `O`.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field cannot be searched with `ends_with`",
    label = "not a TAG or TEXT field",
    note = "add `#[index]` or `#[index(text, with_suffix_trie)]` to a string field"
)]
pub trait Suffixed<O>: Kind {}

impl<O> Suffixed<O> for Tag {}

/// Kinds whose values or words are searched by a pattern with wildcards, for fields with options `O`.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field cannot be searched with `wildcard`",
    label = "not a TAG or TEXT field",
    note = "add `#[index]` or `#[index(text, with_suffix_trie)]` to a string field; ranges of numbers are searched with `between`"
)]
pub trait Wild<O>: Kind {}

impl<O> Wild<O> for Tag {}

/// Kinds that are searched by words.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field has no words: `matches`, `phrase`, `fuzzy` and the like need a TEXT field",
    label = "not a TEXT field",
    note = "write `#[index(text)]` at the field; compare whole values of a TAG field with `eq`"
)]
pub trait Worded: Kind {}

impl Worded for Text {}

/// Kinds that are searched by distance on the earth.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field has no distance: `within_radius` needs a GEO field",
    label = "not a GEO field",
    note = "index a `GeoPoint`: `#[index]` at the field"
)]
pub trait Located: Kind {}

impl Located for Geo {}

/// Kinds that are searched by how shapes lie to each other.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field has no shape: `within`, `contains`, `intersects` and `disjoint` need a GEOSHAPE field",
    label = "not a GEOSHAPE field",
    note = "index a `GeoShape`: `#[index]` at the field; points alone are searched with `within_radius`"
)]
pub trait Shaped: Kind {}

impl Shaped for GeoShapeKind {}

/// Kinds that are searched by similarity.
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field has no similarity: `nearest` and `within_range` need a VECTOR field",
    label = "not a VECTOR field",
    note = "index a `Vector<f32, N>`: `#[index]` at the field; ranges of numbers are searched with `between`"
)]
pub trait Similar: Kind {}

impl Similar for VectorKind {}
