//! What fields of a kind are searched by, as traits: what does not fit does not compile.

use super::kinds::{Geo, GeoShapeKind, Kind, Tag, Text, VectorKind};

/// Kinds whose values can be compared for equality, for fields of type `V`.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl User {
/// #     const EMAIL: Field<User, String, Tag, Options<No>> = Field::indexed("email", "email");
/// # }
/// use cache_index::{Comparable, Field, Filter, Operand};
///
/// fn either<M, V, K: Comparable<V>, O>(field: Field<M, V, K, O>, values: [impl Operand<K::Scalar>; 2]) -> Filter<M> {
///     field.is_in(values)
/// }
/// assert_eq!(either(User::EMAIL, ["a@example.com", "b@example.com"]).render()?.text(), "@email:{$p0|$p1}");
/// # Ok::<(), cache_index::QueryError>(())
/// ```
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
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl User {
/// #     const AGE: Field<User, u8, Numeric, Options<No>> = Field::indexed("age", "age");
/// # }
/// use cache_index::{Field, Filter, Operand, Ordered};
///
/// fn at_least<M, V, K: Ordered<V>, O>(field: Field<M, V, K, O>, least: impl Operand<K::Scalar>) -> Filter<M> {
///     field.ge(least)
/// }
/// assert_eq!(at_least(User::AGE, 18).render()?.text(), "@age:[$p0 +inf]");
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field has no order: `gt`, `ge`, `lt`, `le` and `between` need a NUMERIC field",
    label = "not a NUMERIC field",
    note = "index a number: `#[index]` on an integer or floating point field"
)]
pub trait Ordered<V>: Comparable<V> {}

/// Kinds that are searched by the beginning of a value or of a word.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl User {
/// #     const NAME: Field<User, String, Text, Options<No>> = Field::indexed("name", "name");
/// # }
/// use cache_index::{Field, Filter, Prefixed};
///
/// fn as_typed<M, V, K: Prefixed, O>(field: Field<M, V, K, O>, typed: &str) -> Filter<M> {
///     field.starts_with(typed)
/// }
/// assert!(as_typed(User::NAME, "an").render().is_ok());
/// assert!(as_typed(User::NAME, "a").render().is_err(), "the server wants two bytes");
/// ```
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field cannot be searched with `starts_with`",
    label = "not a TAG or TEXT field",
    note = "add `#[index]` or `#[index(text)]` to a string field"
)]
pub trait Prefixed: Kind {}

impl Prefixed for Tag {}
impl Prefixed for Text {}

/// Kinds that are searched by the end of a value or of a word, for fields with options `O`.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl User {
/// #     const EMAIL: Field<User, String, Tag, Options<No>> = Field::indexed("email", "email");
/// # }
/// use cache_index::{Field, Filter, Suffixed};
///
/// fn of_host<M, V, K: Suffixed<O>, O>(field: Field<M, V, K, O>, host: &str) -> Filter<M> {
///     field.ends_with(format!("@{host}"))
/// }
/// assert!(of_host(User::EMAIL, "example.com").render().is_ok());
/// ```
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field cannot be searched with `ends_with`",
    label = "not a TAG or TEXT field",
    note = "add `#[index]` or `#[index(text, with_suffix_trie)]` to a string field"
)]
pub trait Suffixed<O>: Kind {}

impl<O> Suffixed<O> for Tag {}

/// Kinds whose values or words are searched by a pattern with wildcards, for fields with options `O`.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl User {
/// #     const EMAIL: Field<User, String, Tag, Options<No>> = Field::indexed("email", "email");
/// # }
/// use cache_index::{Field, Filter, Wild};
///
/// fn like<M, V, K: Wild<O>, O>(field: Field<M, V, K, O>, pattern: &str) -> Filter<M> {
///     field.wildcard(pattern)
/// }
/// assert!(like(User::EMAIL, "ann*@example.???").render()?.is_inexact(), "what is found is compared here");
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field cannot be searched with `wildcard`",
    label = "not a TAG or TEXT field",
    note = "add `#[index]` or `#[index(text, with_suffix_trie)]` to a string field; ranges of numbers are searched with `between`"
)]
pub trait Wild<O>: Kind {}

impl<O> Wild<O> for Tag {}

/// Kinds that are searched by words.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl User {
/// #     const BIO: Field<User, String, Text, Options<No>> = Field::indexed("bio", "bio");
/// # }
/// use cache_index::{Field, Filter, Worded};
///
/// fn about<M, V, K: Worded, O>(field: Field<M, V, K, O>, words: &str) -> Filter<M> {
///     field.matches(words) | field.phrase(words).weight(2.0)
/// }
/// assert!(about(User::BIO, "quick fox").has_relevance());
/// ```
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field has no words: `matches`, `phrase`, `fuzzy` and the like need a TEXT field",
    label = "not a TEXT field",
    note = "write `#[index(text)]` at the field; compare whole values of a TAG field with `eq`"
)]
pub trait Worded: Kind {}

impl Worded for Text {}

/// Kinds that are searched by distance on the earth.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl User {
/// #     const HOME: Field<User, GeoPoint, Geo, Options<No>> = Field::indexed("home", "home");
/// # }
/// use cache_index::{Distance, Field, Filter, GeoPoint, Located};
///
/// fn around<M, V, K: Located, O>(field: Field<M, V, K, O>, center: GeoPoint) -> Filter<M> {
///     field.within_radius(center, Distance::kilometers(10.0))
/// }
/// assert!(around(User::HOME, GeoPoint::new(7.4474, 46.948)?).render().is_ok());
/// # Ok::<(), cache_index::GeoError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field has no distance: `within_radius` needs a GEO field",
    label = "not a GEO field",
    note = "index a `GeoPoint`: `#[index]` at the field"
)]
pub trait Located: Kind {}

impl Located for Geo {}

/// Kinds that are searched by how shapes lie to each other.
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
/// use cache_index::{Field, Filter, GeoShape, Shaped};
///
/// fn touching<M, V, K: Shaped, O>(field: Field<M, V, K, O>, shape: &GeoShape) -> Filter<M> {
///     field.intersects(shape)
/// }
/// assert!(touching(Shop::AREA, &"POINT(1 1)".parse()?).render().is_ok());
/// # Ok(())
/// # }
/// # #[cfg(not(feature = "geo"))]
/// # fn main() {}
/// ```
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field has no shape: `within`, `contains`, `intersects` and `disjoint` need a GEOSHAPE field",
    label = "not a GEOSHAPE field",
    note = "index a `GeoShape`: `#[index]` at the field; points alone are searched with `within_radius`"
)]
pub trait Shaped: Kind {}

impl Shaped for GeoShapeKind {}

/// Kinds that are searched by similarity.
///
/// ```
/// # use cache_index::*;
/// # struct Book;
/// # static SCHEMA: Schema = Schema::new("Book", "book", "id", &[]);
/// # impl IndexSchema for Book { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl Book {
/// #     const EMBEDDING: Field<Book, Vector<f32, 2>, VectorKind, Options<No>> = Field::indexed("embedding", "embedding");
/// # }
/// use cache_index::{Field, IndexValue, Nearest, Similar, Vector};
///
/// fn top<M, V, K: Similar, O, const N: usize>(field: Field<M, V, K, O>, to: &Vector<f32, N>) -> Nearest<M>
/// where
///     V: IndexValue<Scalar = Vector<f32, N>>,
/// {
///     field.nearest(10, to)
/// }
/// assert_eq!(top(Book::EMBEDDING, &Vector::from([0.5, 1.0])).k()?, 10);
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field has no similarity: `nearest` and `within_range` need a VECTOR field",
    label = "not a VECTOR field",
    note = "index a `Vector<f32, N>`: `#[index]` at the field; ranges of numbers are searched with `between`"
)]
pub trait Similar: Kind {}

impl Similar for VectorKind {}
