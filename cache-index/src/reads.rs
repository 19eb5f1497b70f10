//! What a view may read a field as: the type that the model has, or one that shows that there may be none, or many.

use crate::epoch::{Epoch, NoForm};

/// A type that a view can read a field of type `V` as. How the two differ is `S`, which follows from them.
///
/// ```
/// use cache_index::{ReadFrom, ReadMode};
///
/// /// Whether a view's `T` has room for many of a model's `V`.
/// fn is_many<V, T: ReadFrom<V, S>, S: ReadMode>() -> Option<bool> {
///     S::MANY
/// }
/// assert_eq!(is_many::<String, Option<String>, _>(), Some(false));
/// assert_eq!(is_many::<String, Vec<String>, _>(), Some(true));
/// ```
#[diagnostic::on_unimplemented(
    message = "a view cannot read a field of type `{V}` as `{Self}`",
    label = "the model's field is `{V}`",
    note = "give the view's field the same type, or an `Option` of it where older documents may lack the field; within an \
            embedded list or map a `Vec` of it",
    note = "what serde writes with a module is read with the same one: `#[serde(with = \"…\")]`; what is declared with \
            `#[index(as = String)]` is read with `#[cache(as = String)]`"
)]
pub trait ReadFrom<V, S> {}

/// How a view's type differs from the one of the field.
///
/// ```
/// use cache_index::{ByOther, OfEach, OrMissing, ReadMode};
///
/// assert_eq!((OrMissing::MANY, OfEach::MANY, ByOther::MANY), (Some(false), Some(true), None));
/// ```
pub trait ReadMode {
    /// Whether it has room for the many values of an embedded list or map; `None`: it is read by code that is not known.
    const MANY: Option<bool>;
}

macro_rules! readings {
    ($($(#[$doc:meta])* $name:ident: $many:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub enum $name {}

        impl ReadMode for $name {
            const MANY: Option<bool> = $many;
        }
    )*};
}

readings! {
    /// The same type.
    ///
    /// ```
    /// use cache_index::{ReadFrom, Same};
    ///
    /// fn reads<T: ReadFrom<String, Same>>() {}
    /// reads::<String>();
    /// ```
    Same: Some(false);
    /// An `Option`: what a document lacks is `None`.
    ///
    /// ```
    /// use cache_index::{OrMissing, ReadFrom};
    ///
    /// fn reads<T: ReadFrom<String, OrMissing>>() {}
    /// reads::<Option<String>>();
    /// ```
    OrMissing: Some(false);
    /// A `Vec`: the field of each embedded struct.
    ///
    /// ```
    /// use cache_index::{OfEach, ReadFrom};
    ///
    /// fn reads<T: ReadFrom<String, OfEach>>() {}
    /// reads::<Vec<String>>();
    /// ```
    OfEach: Some(true);
    /// A `Vec` of `Option`: the field of each embedded struct, which it may lack.
    ///
    /// ```
    /// use cache_index::{OfEachOrMissing, ReadFrom};
    ///
    /// fn reads<T: ReadFrom<String, OfEachOrMissing>>() {}
    /// reads::<Vec<Option<String>>>();
    /// ```
    OfEachOrMissing: Some(true);
    /// An `Option` of a `Vec`: the field of each embedded struct, where there is a list of them.
    ///
    /// ```
    /// use cache_index::{OfEachIfAny, ReadFrom};
    ///
    /// fn reads<T: ReadFrom<String, OfEachIfAny>>() {}
    /// reads::<Option<Vec<String>>>();
    /// ```
    OfEachIfAny: Some(true);
    /// The type that a module of this crate reads, of a field without an index, whose handle does not know that module.
    ///
    /// ```
    /// use cache_index::{ByModule, Epoch, ReadFrom, Seconds};
    /// # struct Day;
    ///
    /// fn reads<T: ReadFrom<Day, ByModule>>() {}
    /// reads::<Epoch<Day, Seconds>>();
    /// ```
    ByModule: Some(false);
    /// A type that is read by code which is not known here.
    ///
    /// ```
    /// use cache_index::{ByOther, NoForm, ReadFrom};
    /// # struct Money;
    ///
    /// fn reads<T: ReadFrom<String, ByOther>>() {}
    /// reads::<NoForm<Money>>();
    /// ```
    ByOther: None;
}

impl<V> ReadFrom<V, Same> for V {}
impl<V> ReadFrom<V, OrMissing> for Option<V> {}
impl<V> ReadFrom<V, OfEach> for Vec<V> {}
impl<V> ReadFrom<V, OfEachOrMissing> for Vec<Option<V>> {}
impl<V> ReadFrom<V, OfEachIfAny> for Option<Vec<V>> {}
impl<T, U> ReadFrom<T, ByModule> for Epoch<T, U> {}
impl<T, U> ReadFrom<Option<T>, ByModule> for Option<Epoch<T, U>> {}
impl<T, U> ReadFrom<Vec<T>, ByModule> for Vec<Epoch<T, U>> {}
impl<T, V> ReadFrom<V, ByOther> for NoForm<T> {}

/// What a module for `#[serde(with = …)]` at a view's field is known to read. What the derive writes for it.
///
/// ```
/// use cache_index::{Epoch, ReadFrom, ReadWith, Seconds, ByModule};
/// # struct Day;
///
/// // What the derive writes for the first field of a view, `#[serde(with = "cache_core::epoch_seconds")] on: Day`:
/// struct Card;
/// impl ReadWith<0> for Card {
///     type As = Epoch<Day, Seconds>;
/// }
/// fn reads<V, T: ReadWith<0, As: ReadFrom<V, ByModule>>>() {}
/// reads::<Day, Card>();
/// ```
pub trait ReadWith<const FIELD: usize> {
    /// What the index sees of it, or [`NoForm`].
    type As;
}
