//! Conditions on one and the same element of a list.

use super::{Field, Yes};
use crate::filter::{Filter, Place};
use crate::path::{Many, Path};
use crate::value::ListValue;

impl<M, V, K, O> Field<M, V, K, O> {
    /// Documents of whose list one element meets the whole condition, where conditions side by side may be met by
    /// several: `NUMBERS.any(|number| number.ge(3) & !number.eq(4))`.
    ///
    /// Within the condition the field is the element alone; conditions on other fields are about the document. A document
    /// without elements is not found, whatever the condition; `null` is no element.
    ///
    /// The server knows no elements: unless the condition is a single one, or several with `|` between, it is asked for
    /// documents that meet what is not negated in any elements, and what it finds is compared here.
    pub fn any(self, condition: impl FnOnce(Self) -> Filter<M>) -> Filter<M>
    where
        V: ListValue,
    {
        Filter::new(condition(self).node.of_any(Place::Values(self.def)))
    }
}

/// As [`Field::any`], for a list or a map of embedded structs at place `P`. What the derive's `any` calls.
///
/// ```
/// # use cache_index::{IndexSchema, Schema};
/// # struct User;
/// # static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
/// # impl IndexSchema for User { fn schema() -> &'static Schema { &SCHEMA } }
/// # struct Order;
/// use cache_index::{Field, FieldPath, Nested, No, Numeric, Options, Step, any_embedded};
///
/// // What the derive writes for `#[embedded] orders: Vec<Order>`:
/// struct AtOrders;
/// impl Nested for AtOrders {
///     const AT: FieldPath = FieldPath::new(None, "orders", "orders", Step::Each);
///     type Sort<S: 'static> = No;
///     type Value = Vec<Order>;
/// }
/// const PRICE: Field<User, f64, Numeric, Options<No>> =
///     Field::indexed("price", "price").within_embedded::<AtOrders>();
///
/// let filter = any_embedded::<User, AtOrders>(PRICE.ge(10.0) & PRICE.lt(20.0));
/// assert!(filter.accepts_json(&serde_json::json!({ "orders": [{ "price": 15 }] }))?);
/// assert!(!filter.accepts_json(&serde_json::json!({ "orders": [{ "price": 5 }, { "price": 25 }] }))?);
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub fn any_embedded<M, P: Path>(condition: Filter<M>) -> Filter<M>
where
    P::Sort<Yes>: Many,
{
    match P::PATH {
        Some(path) => Filter::new(condition.node.of_any(Place::Embedded(path))),
        None => condition,
    }
}
