//! Field kinds as types: what RediSearch can do with a field, known to the type checker.

use std::fmt;

mod sealed {
    pub trait Sealed {}
}

/// A kind of field: one of RediSearch's, or [`Stored`].
///
/// ```
/// use cache_index::{IndexValue, Kind};
///
/// fn keyword<V: IndexValue>() -> Option<&'static str> {
///     <V::Kind as Kind>::KIND.keyword()
/// }
/// assert_eq!(keyword::<Vec<String>>(), Some("TAG"));
/// assert_eq!(keyword::<Option<u8>>(), Some("NUMERIC"));
/// ```
pub trait Kind: sealed::Sealed + 'static {
    /// The kind as data.
    const KIND: FieldKind;
}

/// The kind of a field as data.
///
/// ```
/// use cache_index::{FieldDef, FieldKind};
///
/// let email = FieldDef::inferred::<String>("email", "email");
/// assert_eq!(email.kind(), FieldKind::Tag);
/// assert_eq!(FieldDef::stored("notes").kind().keyword(), None);
/// ```
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
    ///
    /// ```
    /// use cache_index::{Field, No, Options, Stored};
    /// # struct User;
    ///
    /// const NOTES: Field<User, String, Stored, Options<No>> = Field::stored("notes");
    /// assert!(!NOTES.def().is_indexed());
    /// assert_eq!(NOTES.def().path(), "$.notes");
    /// ```
    Stored = Stored;
    /// `TAG`: exact values. The kind of `String`, `bool` and `char`.
    ///
    /// ```
    /// # use cache_index::*;
    /// # struct User;
    /// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
    /// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
    /// # impl User {
    /// #     const EMAIL: Field<User, String, Tag, Options<No>> = Field::indexed("email", "email");
    /// # }
    /// let hers = User::EMAIL.eq("ann@example.com");
    /// assert_eq!(hers.render()?.text(), "@email:{$p0}");
    /// # Ok::<(), cache_index::QueryError>(())
    /// ```
    Tag = Tag;
    /// `NUMERIC`: values and ranges. The kind of integers and floating point numbers.
    ///
    /// ```
    /// # use cache_index::*;
    /// # struct User;
    /// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
    /// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
    /// # impl User {
    /// #     const AGE: Field<User, u8, Numeric, Options<No>> = Field::indexed("age", "age");
    /// # }
    /// let adults = User::AGE.ge(18);
    /// assert_eq!(adults.render()?.text(), "@age:[$p0 +inf]");
    /// # Ok::<(), cache_index::QueryError>(())
    /// ```
    Numeric = Numeric;
    /// `TEXT`: words, stemmed. A `String` field takes it with `#[index(text)]`.
    ///
    /// ```
    /// # use cache_index::*;
    /// # struct User;
    /// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
    /// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
    /// # impl User {
    /// #     const BIO: Field<User, String, Text, Options<No>> = Field::indexed("bio", "bio");
    /// # }
    /// let rustaceans = User::BIO.matches("rust");
    /// assert_eq!(rustaceans.render()?.text(), "@bio:$p0");
    /// # Ok::<(), cache_index::QueryError>(())
    /// ```
    Text = Text;
    /// `GEO`: points on the earth. The kind of [`GeoPoint`](crate::GeoPoint).
    ///
    /// ```
    /// # use cache_index::*;
    /// # struct User;
    /// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
    /// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
    /// # impl User {
    /// #     const HOME: Field<User, GeoPoint, Geo, Options<No>> = Field::indexed("home", "home");
    /// # }
    /// let center = GeoPoint::new(7.4474, 46.948)?;
    /// let near = User::HOME.within_radius(center, Distance::kilometers(5.0));
    /// assert_eq!(near.render()?.text(), "@home:[$p0 $p1 $p2 m]");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Geo = Geo;
    /// `GEOSHAPE`: points and polygons. The kind of `GeoShape` (feature `geo`).
    ///
    /// ```
    /// # #[cfg(feature = "geo")]
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # use cache_index::*;
    /// # struct Shop;
    /// # static SCHEMA: Schema = Schema::new("Shop", "shop", "id", &[]);
    /// # impl IndexSchema for Shop { fn schema() -> &'static Schema { &SCHEMA } }
    /// # impl Shop {
    /// #     const AREA: Field<Shop, GeoShape, GeoShapeKind, Options<No>> = Field::indexed("area", "area");
    /// # }
    /// let town: GeoShape = "POLYGON((0 0, 0 2, 2 2, 2 0, 0 0))".parse()?;
    /// let inside = Shop::AREA.within(&town);
    /// assert_eq!(inside.render()?.text(), "@area:[WITHIN $p0]");
    /// # Ok(())
    /// # }
    /// # #[cfg(not(feature = "geo"))]
    /// # fn main() {}
    /// ```
    GeoShapeKind = GeoShape;
    /// `VECTOR`: similarity. The kind of [`Vector`](crate::Vector).
    ///
    /// ```
    /// # use cache_index::*;
    /// # struct Book;
    /// # static SCHEMA: Schema = Schema::new("Book", "book", "id", &[]);
    /// # impl IndexSchema for Book { fn schema() -> &'static Schema { &SCHEMA } }
    /// # impl Book {
    /// #     const EMBEDDING: Field<Book, Vector<f32, 2>, VectorKind, Options<No>> = Field::indexed("embedding", "embedding");
    /// # }
    /// let alike = Book::EMBEDDING.within_range(&Vector::from([0.5, 1.0]), 0.2);
    /// assert_eq!(alike.render()?.text(), "@embedding:[VECTOR_RANGE $p0 $p1]");
    /// # Ok::<(), cache_index::QueryError>(())
    /// ```
    VectorKind = Vector;
}
