//! Fields in expressions: which can stand there, and as what.

use super::expr::{Expr, ExprValue, IntoExpr};
use super::node::Node;
use crate::aggregate_error::AggregateError;
use crate::field::Field;
use crate::kind::{Kind, Numeric, Tag, Text};
use crate::schema::FieldDef;
use crate::value::{IndexValue, SortableValue};

impl<M, V, K: Evaluates<V, T>, O, T> IntoExpr<M, T> for Field<M, V, K, O> {
    fn into_expr(self) -> Expr<M, T> {
        Expr::new(field_node(self.def()))
    }
}

pub(super) fn field_node(def: FieldDef) -> Node {
    if def.is_many() {
        let field = def.name().to_string();
        return Node::Invalid(AggregateError::ManyValues { field }.into());
    }
    Node::Field(def)
}

/// Types with one value a document, not a list of them.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const CITY: Field<User, Option<String>, Tag, Options<No>> = Field::indexed("city", "city");
/// # }
/// use cache_index::Field;
/// use cache_index::aggregate::{AggregatePlan, Grouped, SingleValue, count};
///
/// fn per_value<M, V: SingleValue, K: Grouped, O>(field: Field<M, V, K, O>) -> AggregatePlan<M> {
///     AggregatePlan::by(field).reduce("documents", count())
/// }
/// assert!(per_value(User::CITY).render()?.stages().contains("GROUPBY 1 @f0"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no single value to group by or to compute with",
    label = "a list",
    note = "the server would read the first element only; store a value of its own in a field"
)]
pub trait SingleValue: IndexValue {}

#[diagnostic::do_not_recommend]
impl<T: SortableValue> SingleValue for T {}

/// Kinds of fields with a value that groups are made by.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const CITY: Field<User, String, Tag, Options<No>> = Field::indexed("city", "city");
/// # }
/// use cache_index::Field;
/// use cache_index::aggregate::{AggregatePlan, Grouped, count_distinct};
///
/// fn different<M, K: Grouped, O>(field: Field<M, String, K, O>) -> AggregatePlan<M> {
///     AggregatePlan::all().reduce("different", count_distinct(field))
/// }
/// assert!(different(User::CITY).render()?.stages().contains("REDUCE COUNT_DISTINCT 1 @f0"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field has no value to group by or to aggregate",
    label = "not a TAG, NUMERIC or TEXT field",
    note = "add `#[index]` to a field that has none"
)]
pub trait Grouped: Kind {}

impl Grouped for Tag {}
impl Grouped for Numeric {}
impl Grouped for Text {}

/// Kinds of fields of type `V` that are a `T` in expressions.
///
/// ```
/// # use cache_index::*;
/// # struct Order;
/// # impl Order {
/// #     const PRICE: Field<Order, f64, Numeric, Options<No>> = Field::indexed("price", "price");
/// # }
/// use cache_index::Field;
/// use cache_index::aggregate::{AggregatePlan, Evaluates, sum};
///
/// fn total<M, V, K: Evaluates<V, f64>, O>(field: Field<M, V, K, O>) -> AggregatePlan<M> {
///     AggregatePlan::all().reduce("total", sum(field))
/// }
/// assert!(total(Order::PRICE).render()?.stages().contains("REDUCE SUM 1 @f0"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field of `{V}` is no `{T}` in an expression",
    label = "expected a field or an expression of `{T}`",
    note = "`sum`, `min`, `max`, `avg`, `stddev`, `quantile` and arithmetic take NUMERIC fields (`f64`); TAG and TEXT fields of \
            strings are `String`, TAG fields of booleans are `bool`"
)]
pub trait Evaluates<V, T>: Kind {}

impl<V: SingleValue> Evaluates<V, f64> for Numeric {}
impl<V: SingleValue> Evaluates<V, String> for Text {}
impl<V: SingleValue> Evaluates<V, String> for Tag where V::Scalar: TagText {}
impl<V: SingleValue<Scalar = bool>> Evaluates<V, bool> for Tag {}

/// What the tags of strings are made from.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const GRADE: Field<User, char, Tag, Options<No>> = Field::indexed("grade", "grade");
/// # }
/// use cache_index::aggregate::{AggregatePlan, count, lower};
///
/// let plan = AggregatePlan::all().filter(lower(User::GRADE).eq("a")).reduce("users", count());
/// assert!(plan.render()?.stages().contains(r#"FILTER lower(@f0)=="a""#));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub trait TagText {}

impl TagText for String {}
impl TagText for char {}

/// Kinds of fields of type `V` that can stand in expressions.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const CITY: Field<User, String, Tag, Options<No>> = Field::indexed("city", "city");
/// #     const BORN_IN: Field<User, String, Tag, Options<No>> = Field::indexed("born_in", "born_in");
/// # }
/// use cache_index::Field;
/// use cache_index::aggregate::{AggregatePlan, Expr, Expressible, count};
///
/// fn same<M, V, K: Expressible<V>, O>(one: Field<M, V, K, O>, other: Field<M, V, K, O>) -> Expr<M, bool> {
///     one.expr().eq(other.expr())
/// }
/// let plan = AggregatePlan::all().filter(same(User::CITY, User::BORN_IN)).reduce("users", count());
/// assert!(plan.render()?.stages().contains("FILTER @f0==@f1"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "a `{Self}` field of `{V}` cannot stand in an expression",
    label = "not a number, a string or a boolean",
    note = "NUMERIC and TEXT fields, and TAG fields of strings and booleans can; add `#[index]` to a field that has none, and \
            compare others in a filter"
)]
pub trait Expressible<V>: Kind {
    /// What the field is in expressions.
    type Value: ExprValue;
}

impl<V: SingleValue> Expressible<V> for Numeric {
    type Value = f64;
}
impl<V: SingleValue> Expressible<V> for Text {
    type Value = String;
}
impl<V: SingleValue> Expressible<V> for Tag
where
    V::Scalar: ScalarExpr,
{
    type Value = <V::Scalar as ScalarExpr>::Value;
}

/// What a tag is in expressions.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const ACTIVE: Field<User, bool, Tag, Options<No>> = Field::indexed("active", "active");
/// # }
/// use cache_index::aggregate::{AggregatePlan, Expr, count};
///
/// let active: Expr<User, bool> = User::ACTIVE.expr();
/// let plan = AggregatePlan::all().filter(active).reduce("users", count());
/// assert!(plan.render()?.stages().contains("FILTER @f0"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "a tag of `{Self}` cannot stand in an expression",
    label = "not a string or a boolean",
    note = "compare it in a filter, or group by the field itself"
)]
pub trait ScalarExpr {
    /// `String` or `bool`.
    type Value: ExprValue;
}

impl ScalarExpr for String {
    type Value = String;
}
impl ScalarExpr for char {
    type Value = String;
}
impl ScalarExpr for bool {
    type Value = bool;
}

impl<M, V, K, O> Field<M, V, K, O> {
    /// The field in an expression: a number, a string or a boolean that the server computes with.
    pub fn expr(self) -> Expr<M, K::Value>
    where
        K: Expressible<V>,
    {
        Expr::new(field_node(self.def()))
    }
}
