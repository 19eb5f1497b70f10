//! Fields selected: what a view reads of one, as which type.

use super::Field;
use crate::path::Path;
use crate::reads::{ReadFrom, ReadMode};
use crate::schema::FieldDef;

impl<M, V, K, O> Field<M, V, K, O> {
    /// The field as data, to be read as a `T`. What the derive of views writes; a `T` that has no room for what is there
    /// is a message of the compiler's.
    #[doc(hidden)]
    pub const fn read_as<T: ReadFrom<V, S>, S: ReadMode>(&self) -> FieldDef {
        self.def.assert_reading(S::MANY)
    }
}

/// As `Field::read_as`, for the embedded struct at place `P` as a whole. What the handles of one call.
///
/// ```
/// # struct Address;
/// use cache_index::{FieldPath, Nested, OrMissing, Step, embedded_as};
///
/// // What the derive writes for `#[embedded] address: Address`:
/// struct AtAddress;
/// impl Nested for AtAddress {
///     const AT: FieldPath = FieldPath::new(None, "address", "address", Step::One);
///     type Sort<S: 'static> = S;
///     type Value = Address;
/// }
/// let whole = embedded_as::<AtAddress, Option<Address>, OrMissing>();
/// assert_eq!(whole.path(), "$.address");
/// ```
pub const fn embedded_as<P: Path, T: ReadFrom<P::Value, S>, S: ReadMode>() -> FieldDef {
    FieldDef::embedded::<P>().assert_reading(S::MANY)
}
