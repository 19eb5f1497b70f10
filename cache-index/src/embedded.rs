//! Embedded structs: how the fields of a struct become fields of the models that it is embedded in.

use std::collections::{BTreeMap, HashMap};

use crate::field::No;
use crate::path::{Path, Step};
use crate::schema::Entry;

/// A struct that models can embed, or an `Option`, a list or a map of one.
///
/// ```
/// use std::marker::PhantomData;
///
/// use cache_index::{Embedded, EmbeddedFields, Entry, Field, FieldDef, No, One, Options, Path, Root, Tag};
///
/// // What `#[derive(CacheEmbedded)]` writes for this:
/// struct Address {
///     city: String,
/// }
/// struct AddressFields<M, P> {
///     city: Field<M, String, Tag, Options<No>>,
///     place: PhantomData<fn() -> P>,
/// }
/// # impl<M, P> Clone for AddressFields<M, P> {
/// #     fn clone(&self) -> Self { *self }
/// # }
/// # impl<M, P> Copy for AddressFields<M, P> {}
/// impl<M: 'static, P: Path> EmbeddedFields for AddressFields<M, P> {
///     const ALL: Self =
///         Self { city: Field::indexed("city", "city").within_embedded::<P>(), place: PhantomData };
///     const ENTRIES: &'static [Entry] = &[Entry::Field(Self::ALL.city.def())];
/// }
/// impl Embedded for Address {
///     type Fields<M: 'static, P: Path> = AddressFields<M, P>;
///     type Shape = One;
/// }
///
/// struct User;
/// let handles = <Option<Address> as Embedded>::Fields::<User, Root>::ALL;
/// assert_eq!(handles.city.def().path(), "$.city");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be embedded",
    label = "not an embedded struct",
    note = "add `#[derive(CacheEmbedded)]` to the struct; `Option`, `Box`, `Vec` and maps of one can be embedded too"
)]
pub trait Embedded {
    /// The handles of its fields within model `M`, at place `P`.
    type Fields<M: 'static, P: Path>: EmbeddedFields;
    /// Whether a member holds one, or many.
    type Shape: Shape;
    /// Whether a document may lack it, or have `null` in its place.
    const OPTIONAL: bool = false;
}

/// An embedded struct, or an `Option` of one: what an embedded list or map may hold.
///
/// ```
/// use cache_index::{Each, Embedded, Shape, Single, Step};
///
/// fn step_of_list<T: Single>() -> Step {
///     <<Vec<T> as Embedded>::Shape as Shape>::STEP
/// }
/// # use cache_index::{EmbeddedFields, Entry, One, Path};
/// # #[derive(Clone, Copy)] struct Fields;
/// # impl EmbeddedFields for Fields { const ALL: Self = Fields; const ENTRIES: &'static [Entry] = &[]; }
/// # struct Address;
/// # impl Embedded for Address { type Fields<M: 'static, P: Path> = Fields; type Shape = One; }
/// # impl Single for Address {}
/// assert_eq!(step_of_list::<Address>(), Step::Each);
/// assert_eq!(step_of_list::<Option<Address>>(), Step::Each);
/// ```
#[diagnostic::on_unimplemented(
    message = "a list of `{Self}` cannot be embedded",
    label = "an embedded list or map holds structs that derive `CacheEmbedded`",
    note = "put what the list holds into a struct of its own"
)]
pub trait Single: Embedded {}

/// The handles of an embedded struct's fields, as a value.
///
/// ```
/// use cache_index::{EmbeddedFields, Entry, Field, FieldDef, No, Options, Tag};
/// # struct User;
///
/// // What `#[derive(CacheEmbedded)]` writes, within one model and at one place:
/// #[derive(Clone, Copy)]
/// struct AddressFields {
///     city: Field<User, String, Tag, Options<No>>,
/// }
/// impl EmbeddedFields for AddressFields {
///     const ALL: Self = Self { city: Field::indexed("city", "city") };
///     const ENTRIES: &'static [Entry] = &[Entry::Field(Self::ALL.city.def())];
/// }
/// assert_eq!(AddressFields::ENTRIES.len(), 1);
/// ```
pub trait EmbeddedFields: Copy + 'static {
    /// The handles.
    const ALL: Self;
    /// The fields behind them, for the schema.
    const ENTRIES: &'static [Entry];
}

/// Whether a member holds one embedded struct, or many.
///
/// ```
/// use cache_index::{Each, FieldPath, Shape};
///
/// fn path_of<S: Shape>() -> FieldPath {
///     FieldPath::new(None, "addresses", "addresses", S::STEP)
/// }
/// assert!(path_of::<Each>().is_many());
/// ```
#[diagnostic::on_unimplemented(message = "`{Self}` is no shape of an embedded struct")]
pub trait Shape {
    /// How to get from the member to the struct.
    const STEP: Step;
    /// What is left of a field's wish to be sortable.
    type Sort<S: 'static>: 'static;
}

/// A member that holds one.
///
/// ```
/// use cache_index::{One, Shape, Step};
///
/// assert_eq!(One::STEP, Step::One);
/// ```
#[derive(Debug, Clone, Copy)]
pub enum One {}

impl Shape for One {
    const STEP: Step = Step::One;
    type Sort<S: 'static> = S;
}

/// A member that holds a list.
///
/// ```
/// use cache_index::{Each, Shape, Step};
///
/// assert_eq!(Each::STEP, Step::Each);
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Each {}

impl Shape for Each {
    const STEP: Step = Step::Each;
    type Sort<S: 'static> = No;
}

/// A member that holds a map.
///
/// ```
/// use cache_index::{Shape, Step, Values};
///
/// assert_eq!(Values::STEP, Step::Values);
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Values {}

impl Shape for Values {
    const STEP: Step = Step::Values;
    type Sort<S: 'static> = No;
}

impl<T: Single> Single for Option<T> {}
impl<T: Single> Single for Box<T> {}

impl<T: Embedded> Embedded for Option<T> {
    type Fields<M: 'static, P: Path> = T::Fields<M, P>;
    type Shape = T::Shape;
    const OPTIONAL: bool = true;
}

impl<T: Embedded> Embedded for Box<T> {
    type Fields<M: 'static, P: Path> = T::Fields<M, P>;
    type Shape = T::Shape;
    const OPTIONAL: bool = T::OPTIONAL;
}

impl<T: Single> Embedded for Vec<T> {
    type Fields<M: 'static, P: Path> = T::Fields<M, P>;
    type Shape = Each;
}

impl<K, T: Single> Embedded for BTreeMap<K, T> {
    type Fields<M: 'static, P: Path> = T::Fields<M, P>;
    type Shape = Values;
}

impl<K, T: Single, S> Embedded for HashMap<K, T, S> {
    type Fields<M: 'static, P: Path> = T::Fields<M, P>;
    type Shape = Values;
}
