//! Reducers as data: what becomes of the documents of a group, and of which values.

use std::fmt;
use std::marker::PhantomData;

use super::expr::{Expr, ExprValue, IntoExpr};
use super::fields::{Grouped, SingleValue, field_node};
use super::node::{Node, ValueType};
use crate::aggregate_error::AggregateError;
use crate::field::Field;
use crate::kind::FieldKind;
use crate::schema::FieldDef;
use crate::sort::Direction;
use crate::value::JsonType;

/// What becomes of the documents of a group of model `M`: made by [`count`](super::count), [`sum`](super::sum) and others.
///
/// ```
/// # use cache_index::*;
/// # struct Order;
/// # impl Order {
/// #     const PRICE: Field<Order, f64, Numeric, Options<No>> = Field::indexed("price", "price");
/// # }
/// use cache_index::aggregate::{AggregatePlan, Reducer, avg, max};
///
/// fn summary(of: Reducer<Order>) -> AggregatePlan<Order> {
///     AggregatePlan::all().reduce("summary", of)
/// }
/// assert!(summary(max(Order::PRICE)).render()?.stages().contains("REDUCE MAX 1 @f0 AS r0"));
/// assert!(summary(avg(Order::PRICE)).render()?.stages().contains("REDUCE AVG 1 @f0 AS r0"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub struct Reducer<M> {
    pub(super) reduce: Reduce,
    model: PhantomData<fn() -> M>,
}

#[derive(Debug, Clone)]
pub(super) enum Reduce {
    Count,
    /// Of a number: the function, more arguments, and whether the server answers 0 where there is no value.
    Numeric {
        function: Function,
        of: Node,
    },
    /// How many different values: the function's name.
    Distinct {
        keyword: &'static str,
        of: Node,
    },
    FirstBy {
        of: Node,
        value: ValueType,
        by: Node,
        direction: Direction,
    },
    List {
        of: Node,
        value: ValueType,
    },
    Sample {
        of: Node,
        value: ValueType,
        size: u32,
    },
    Invalid(AggregateError),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Function {
    Sum,
    Min,
    Max,
    Avg,
    Stddev,
    Quantile(f64),
}

impl Function {
    pub(super) const fn keyword(self) -> &'static str {
        match self {
            Self::Sum => "SUM",
            Self::Min => "MIN",
            Self::Max => "MAX",
            Self::Avg => "AVG",
            Self::Stddev => "STDDEV",
            Self::Quantile(_) => "QUANTILE",
        }
    }
}

impl<M> Reducer<M> {
    pub(super) fn new(reduce: Reduce) -> Self {
        Self { reduce, model: PhantomData }
    }

    pub(super) fn numeric(function: Function, of: impl IntoExpr<M, f64>) -> Self {
        Self::new(Reduce::Numeric { function, of: of.into_expr().node })
    }
}

impl<M> Clone for Reducer<M> {
    fn clone(&self) -> Self {
        Self::new(self.reduce.clone())
    }
}

impl<M> fmt::Debug for Reducer<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.reduce.fmt(f)
    }
}

/// What a reducer of any values takes: a TAG, NUMERIC or TEXT field of model `M` with one value a document, or an
/// expression.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const CITY: Field<User, String, Tag, Options<No>> = Field::indexed("city", "city");
/// #     const AGE: Field<User, u8, Numeric, Options<No>> = Field::indexed("age", "age");
/// # }
/// use cache_index::aggregate::{AggregatePlan, Values, count_distinct, floor};
///
/// fn different(values: impl Values<User>) -> AggregatePlan<User> {
///     AggregatePlan::all().reduce("different", count_distinct(values))
/// }
/// assert!(different(User::CITY).render()?.stages().contains("REDUCE COUNT_DISTINCT 1 @f0"));
/// assert!(different(floor(User::AGE.expr() / 10)).render()?.stages().contains("REDUCE COUNT_DISTINCT 1 @x0"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no values of `{M}` to aggregate",
    label = "expected a field of `{M}` or an expression"
)]
pub trait Values<M> {
    #[doc(hidden)]
    fn into_values(self) -> Valued;
}

#[doc(hidden)]
#[derive(Debug)]
pub struct Valued {
    pub(super) node: Node,
    pub(super) value: ValueType,
}

impl<M, V: SingleValue, K: Grouped, O> Values<M> for Field<M, V, K, O> {
    fn into_values(self) -> Valued {
        Valued { node: field_node(self.def()), value: value_type(&self.def()) }
    }
}

impl<M, T: ExprValue> Values<M> for Expr<M, T> {
    fn into_values(self) -> Valued {
        Valued { node: self.node, value: T::TYPE }
    }
}

pub(super) fn value_type(def: &FieldDef) -> ValueType {
    match (def.kind(), def.json()) {
        (FieldKind::Numeric, _) => ValueType::Number,
        (_, JsonType::Bool) => ValueType::Bool,
        _ => ValueType::Text,
    }
}

/// A field that groups are made by, or a computed key with a name.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub(super) name: String,
    pub(super) node: Node,
    pub(super) value: ValueType,
}

pub(super) fn field_key<M, V, K, O>(field: Field<M, V, K, O>) -> Key {
    let def = field.def();
    Key { name: def.name().to_string(), node: field_node(def), value: value_type(&def) }
}
