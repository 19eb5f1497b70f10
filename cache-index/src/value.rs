//! Values: which kind a type has by default, and which kinds it may take.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;
use std::sync::Arc;

use crate::kind::{Comparable, Kind, Numeric, Ordered, Tag, Text};
#[allow(unused_imports, reason = "only features use it")]
pub(crate) use crate::operand::operands;
pub(crate) use crate::operand::widen;
pub use crate::operand::{Comparand, Operand};
use crate::path::Step;
use crate::vector::VectorType;

/// The type that JSON gives to an indexed value.
///
/// ```
/// use cache_index::{FieldDef, JsonType};
///
/// assert_eq!(FieldDef::inferred::<Vec<u8>>("sizes", "sizes").json(), JsonType::Number);
/// assert_eq!(FieldDef::stored("notes").json(), JsonType::Any);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum JsonType {
    /// Not indexed, so it does not matter.
    Any,
    /// A string.
    String,
    /// A number.
    Number,
    /// `true` or `false`.
    Bool,
    /// An array of numbers, as many as the vector has dimensions.
    Vector(VectorType),
}

/// A type that can be indexed without saying how.
///
/// `String`, `&'static str`-like types, `char` and `bool` are [`Tag`], numbers are [`Numeric`]; `Option<T>`
/// indexes as `T`, lists and sets index each of their elements, and maps each of their values; of `bool` neither, since
/// the server leaves a document with several of them at one path out of the index. 128-bit integers have no kind: RedisJSON
/// turns them into doubles. Integers beyond ±(2^53 - 1) are stored exactly and indexed as doubles, which confuse
/// neighbours: [`eq`](crate::Field::eq) finds them exactly all the same, and what could not be true is refused.
///
/// ```
/// use cache_index::{FieldDef, FieldKind, IndexValue, JsonType, Step, Tag};
///
/// // What `#[derive(CacheValue)]` writes for this:
/// struct Email(String);
/// impl IndexValue for Email {
///     type Kind = Tag;
///     type Scalar = String;
///     const JSON: JsonType = JsonType::String;
///     const STEP: Step = Step::One;
/// }
///
/// let field = FieldDef::inferred::<Option<Email>>("email", "email");
/// assert_eq!((field.kind(), field.may_be_absent()), (FieldKind::Tag, true));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be indexed",
    label = "has no index kind",
    note = "strings, `char`, `bool`, numbers up to 64 bits (RedisJSON turns larger ones into doubles), and `Option`, lists and sets of these can be indexed",
    note = "dates can with `#[serde(with = \"cache_core::epoch_millis\")]`, or `epoch_seconds` or `epoch_float_seconds`; \
            decimals with `decimal_number`; what serde writes as another type with `#[index(as = String)]`",
    note = "remove `#[index]` to store the field without an index"
)]
pub trait IndexValue {
    /// The kind that the type takes when `#[index]` names none.
    type Kind: Kind;
    /// What the index holds of it: the type itself, what is in the `Option`, or the element.
    type Scalar;
    /// The JSON type of the scalar.
    const JSON: JsonType;
    /// How to get from the JSON to what is indexed: the whole, each element of a list, each value of a map.
    const STEP: Step;
    /// Whether a document may lack the value, or have `null` in its place.
    const OPTIONAL: bool = false;
}

/// A type that can be indexed as this kind.
///
/// ```
/// use cache_index::{FieldDef, Indexable, Tag, Text};
///
/// fn both<V: Indexable<Tag> + Indexable<Text>>(member: &'static str) -> [FieldDef; 2] {
///     [FieldDef::indexed::<V, Tag>(member, "exact"), FieldDef::indexed::<V, Text>(member, "words")]
/// }
/// assert_eq!(both::<String>("name").map(|field| field.kind().to_string()), ["TAG", "TEXT"]);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be indexed as `{K}`",
    label = "not a type of this kind",
    note = "TAG and TEXT index strings, TAG also `bool` and `char`, NUMERIC indexes numbers, GEO a `GeoPoint`, \
            GEOSHAPE a `GeoShape`, VECTOR a `Vector`",
    note = "dates are numbers with `#[serde(with = \"cache_core::epoch_millis\")]`"
)]
pub trait Indexable<K: Kind>: IndexValue {}

/// A type whose values can be sorted by: one value a document, not a list.
///
/// ```
/// use cache_index::{FieldDef, SortableValue};
///
/// fn sorted<V: SortableValue>(name: &'static str) -> FieldDef {
///     FieldDef::inferred::<V>(name, name).sortable::<V>()
/// }
/// assert!(sorted::<Option<i64>>("age").is_sortable());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be `sortable`",
    label = "has no single value to sort by",
    note = "remove `sortable`"
)]
pub trait SortableValue: IndexValue {}

/// A type whose scalar is a string.
///
/// ```
/// use cache_index::{FieldDef, TextValue};
///
/// fn folded<V: TextValue>(name: &'static str) -> FieldDef {
///     FieldDef::inferred::<V>(name, name).fold_case::<V>()
/// }
/// assert!(folded::<Vec<String>>("tags").folds_case());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no string",
    label = "not a string",
    note = "`fold_case`, `separator` and `with_suffix_trie` are options of strings; remove it"
)]
pub trait TextValue: IndexValue {}

/// A type whose value may be missing from a document.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl User {
/// #     const BONUS: Field<User, Option<f64>, Numeric, Options<No, Yes>> = Field::indexed("bonus", "bonus").index_missing();
/// # }
/// assert_eq!(User::BONUS.is_missing().render()?.text(), "ismissing(@bonus)");
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is never missing",
    label = "not an `Option`",
    note = "`index_missing` is for `Option` fields that serde leaves out; remove it"
)]
pub trait OptionalValue: IndexValue {}

impl<T: IndexValue> OptionalValue for Option<T> {}

/// A type that holds many values: a list, a set, a map, or an `Option` of one.
///
/// ```
/// # use cache_index::*;
/// # struct Order;
/// # static SCHEMA: Schema = Schema::new("Order", "order", "id", &[]);
/// # impl IndexSchema for Order { fn schema() -> &'static Schema { &SCHEMA } }
/// # impl Order {
/// #     const SIZES: Field<Order, Vec<u8>, Numeric, Options<No>> = Field::indexed("sizes", "sizes");
/// # }
/// let filter = Order::SIZES.any(|size| size.ge(3) & size.lt(5));
/// assert!(filter.accepts_json(&serde_json::json!({ "sizes": [1, 4, 9] }))?);
/// assert!(!filter.accepts_json(&serde_json::json!({ "sizes": [1, 9] }))?, "3 to 9, but not one and the same");
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`any` needs a list, and `{Self}` is none",
    label = "has one value, not many",
    note = "combine conditions on one value with `&`: `field.ge(3) & field.lt(5)`; for what embedded structs hold, call `any` \
            on the embedded list: `parts.any(|part| part.name.eq(…) & part.size.gt(…))`"
)]
pub trait ListValue: IndexValue {}

impl<T: ListValue> ListValue for Option<T> {}

/// A type whose values are vectors.
///
/// ```
/// # use cache_index::*;
/// # struct Book;
/// # impl Book {
/// #     const EMBEDDING: Field<Book, Vector<f32, 2>, VectorKind, Options<No>> = Field::indexed("embedding", "embedding").hnsw().m(32);
/// # }
/// assert!(Book::EMBEDDING.def().vector_options().is_approximate());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no vector",
    label = "not a `Vector`",
    note = "algorithm and distance are options of VECTOR fields; write `Vector<f32, N>`, or remove the option"
)]
pub trait VectorValue: IndexValue {}

impl<T: VectorValue> VectorValue for Option<T> {}

/// A type whose values are shapes.
///
/// ```
/// # #[cfg(feature = "geo")]
/// # fn main() {
/// use cache_index::{FieldDef, GeoShape, ShapeValue};
///
/// fn on_the_globe<V: ShapeValue>(name: &'static str) -> FieldDef {
///     FieldDef::inferred::<V>(name, name).spherical::<V>()
/// }
/// assert!(!on_the_globe::<Option<GeoShape>>("area").is_flat());
/// # }
/// # #[cfg(not(feature = "geo"))]
/// # fn main() {}
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no shape",
    label = "not a `GeoShape`",
    note = "`spherical` is an option of GEOSHAPE fields; remove it"
)]
pub trait ShapeValue: IndexValue {}

impl<T: ShapeValue> ShapeValue for Option<T> {}

/// A type that can be declared `flat`: a shape (on a plane), or a vector (compared with every other).
///
/// ```
/// use cache_index::{FieldDef, FlatValue, Vector};
///
/// fn flat<V: FlatValue>(name: &'static str) -> FieldDef {
///     FieldDef::inferred::<V>(name, name).flat::<V>()
/// }
/// assert!(flat::<Vector<f32, 2>>("embedding").is_flat());
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be declared `flat`",
    label = "neither a `GeoShape` nor a `Vector`",
    note = "remove `flat`"
)]
pub trait FlatValue: IndexValue {}

impl<T: FlatValue> FlatValue for Option<T> {}

/// A scalar that stands alone in JSON: what lists and sets may hold.
///
/// ```
/// use cache_index::{FieldDef, ScalarValue};
///
/// fn listed<T: ScalarValue>(name: &'static str) -> FieldDef {
///     FieldDef::inferred::<Vec<T>>(name, name)
/// }
/// assert_eq!(listed::<String>("tags").path(), "$.tags[*]");
/// ```
#[diagnostic::on_unimplemented(
    message = "a list of `{Self}` cannot be indexed",
    label = "the elements of an indexed list are strings, `char`, numbers, points or vectors",
    note = "the server takes no lists of `bool` or of shapes: list names in their place, or index an enum",
    note = "remove `#[index]` to store the field without an index"
)]
pub trait ScalarValue: IndexValue {
    // Not `IndexValue::Kind` and `IndexValue::Scalar`: a list of what is no scalar would have them nevertheless,
    // and the compiler would go on from there to messages that do not help.
    /// The kind of a list of such elements.
    type ElementKind: Kind;
    /// What the index holds of such an element.
    type Element;
}

macro_rules! scalars {
    ($($type:ty as $scalar:ty: $json:ident, $kind:ident $(+ $other:ident)*;)*) => {$(
        impl IndexValue for $type {
            type Kind = $kind;
            type Scalar = $scalar;
            const JSON: JsonType = JsonType::$json;
            const STEP: Step = Step::One;
        }
        impl Indexable<$kind> for $type {}
        $(impl Indexable<$other> for $type {})*
        impl ScalarValue for $type {
            type ElementKind = $kind;
            type Element = $scalar;
        }
        impl SortableValue for $type {}
    )*};
}

scalars! {
    String as String: String, Tag + Text;
    Box<str> as String: String, Tag + Text;
    Arc<str> as String: String, Tag + Text;
    Rc<str> as String: String, Tag + Text;
    Cow<'static, str> as String: String, Tag + Text;
    char as char: String, Tag;
    i8 as i8: Number, Numeric;
    i16 as i16: Number, Numeric;
    i32 as i32: Number, Numeric;
    i64 as i64: Number, Numeric;
    isize as isize: Number, Numeric;
    u8 as u8: Number, Numeric;
    u16 as u16: Number, Numeric;
    u32 as u32: Number, Numeric;
    u64 as u64: Number, Numeric;
    usize as usize: Number, Numeric;
    f32 as f32: Number, Numeric;
    f64 as f64: Number, Numeric;
}

#[allow(unused_imports, reason = "only features use it")]
pub(crate) use scalars;

// No `ScalarValue`: RediSearch 2.10.5 leaves a document with two of them at one path out of its index.
impl IndexValue for bool {
    type Kind = Tag;
    type Scalar = Self;
    const JSON: JsonType = JsonType::Bool;
    const STEP: Step = Step::One;
}
impl Indexable<Tag> for bool {}
impl SortableValue for bool {}

impl<T: IndexValue> IndexValue for Option<T> {
    type Kind = T::Kind;
    type Scalar = T::Scalar;
    const JSON: JsonType = T::JSON;
    const STEP: Step = T::STEP;
    const OPTIONAL: bool = true;
}
impl<K: Kind, T: Indexable<K>> Indexable<K> for Option<T> {}
impl<T: SortableValue> SortableValue for Option<T> {}
impl<T: TextValue> TextValue for Option<T> {}

macro_rules! texts {
    ($($type:ty)*) => {$(impl TextValue for $type {})*};
}

texts! { String Box<str> Arc<str> Rc<str> Cow<'static, str> }

impl<V: IndexValue> Comparable<V> for Tag {
    type Scalar = V::Scalar;
}
impl<V: IndexValue> Comparable<V> for Numeric {
    type Scalar = V::Scalar;
}
impl<V: IndexValue> Ordered<V> for Numeric {}

macro_rules! collections {
    ($([$($generics:tt)*] $type:ty: $step:ident;)*) => {$(
        impl<T: ScalarValue, $($generics)*> IndexValue for $type {
            type Kind = T::ElementKind;
            type Scalar = T::Element;
            const JSON: JsonType = T::JSON;
            const STEP: Step = Step::$step;
        }
        impl<T: ScalarValue, $($generics)*> ListValue for $type {}
        impl<T: ScalarValue + TextValue, $($generics)*> TextValue for $type {}
        impl<T: ScalarValue + VectorValue, $($generics)*> VectorValue for $type {}
        impl<T: ScalarValue + FlatValue, $($generics)*> FlatValue for $type {}
        impl<K: Kind, T: ScalarValue + Indexable<K>, $($generics)*> Indexable<K> for $type {}
    )*};
}

collections! {
    [] Vec<T>: Each;
    [] Box<[T]>: Each;
    [] BTreeSet<T>: Each;
    [S] HashSet<T, S>: Each;
    [const N: usize] [T; N]: Each;
    [Key] BTreeMap<Key, T>: Values;
    [Key, S] HashMap<Key, T, S>: Values;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_index_as_what_they_hold() {
        fn kind<T: IndexValue>() -> (crate::kind::FieldKind, JsonType, Step) {
            (T::Kind::KIND, T::JSON, T::STEP)
        }
        use crate::kind::FieldKind;
        assert_eq!(kind::<Option<String>>(), (FieldKind::Tag, JsonType::String, Step::One));
        assert_eq!(kind::<Vec<u32>>(), (FieldKind::Numeric, JsonType::Number, Step::Each));
        assert_eq!(kind::<Option<HashSet<char>>>(), (FieldKind::Tag, JsonType::String, Step::Each));
        assert_eq!(kind::<[f32; 3]>(), (FieldKind::Numeric, JsonType::Number, Step::Each));
        assert_eq!(kind::<HashMap<String, char>>(), (FieldKind::Tag, JsonType::String, Step::Values));
    }
}
