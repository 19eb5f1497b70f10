//! Reducers: what becomes of the documents of a group.

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

/// `MAX_SAMPLE_SIZE` of RediSearch.
const LARGEST_SAMPLE: u32 = 1_000;

/// What becomes of the documents of a group of model `M`: made by [`count`](super::count), [`sum`](super::sum) and others.
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
    fn new(reduce: Reduce) -> Self {
        Self { reduce, model: PhantomData }
    }

    fn numeric(function: Function, of: impl IntoExpr<M, f64>) -> Self {
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

/// How many documents there are. No `Option`: a group without documents is no group.
pub fn count<M>() -> Reducer<M> {
    Reducer::new(Reduce::Count)
}

/// How many different values there are; a missing one is none.
pub fn count_distinct<M>(values: impl Values<M>) -> Reducer<M> {
    Reducer::new(Reduce::Distinct { keyword: "COUNT_DISTINCT", of: values.into_values().node })
}

/// About how many different values there are, in constant memory (HyperLogLog of 256 registers: within some 6 %, and
/// worse for few).
#[doc(alias = "count_distinctish")]
pub fn count_distinct_about<M>(values: impl Values<M>) -> Reducer<M> {
    Reducer::new(Reduce::Distinct { keyword: "COUNT_DISTINCTISH", of: values.into_values().node })
}

/// The sum, computed in doubles: whole numbers are exact up to 2^53, and beyond it a row holds a floating point number. A
/// missing value adds nothing, so that a sum of none is 0.
pub fn sum<M>(number: impl IntoExpr<M, f64>) -> Reducer<M> {
    Reducer::numeric(Function::Sum, number)
}

/// The smallest number; missing ones do not count. `None` if all are missing.
pub fn min<M>(number: impl IntoExpr<M, f64>) -> Reducer<M> {
    Reducer::numeric(Function::Min, number)
}

/// The largest number; missing ones do not count. `None` if all are missing.
pub fn max<M>(number: impl IntoExpr<M, f64>) -> Reducer<M> {
    Reducer::numeric(Function::Max, number)
}

/// The mean, computed in doubles; missing numbers do not count (where the server's own `AVG` takes them for 0). `None` if
/// all are missing.
#[doc(alias = "mean")]
pub fn avg<M>(number: impl IntoExpr<M, f64>) -> Reducer<M> {
    Reducer::numeric(Function::Avg, number)
}

/// The standard deviation of a sample (divided by `n - 1`); of one number it is 0. `None` if all are missing.
pub fn stddev<M>(number: impl IntoExpr<M, f64>) -> Reducer<M> {
    Reducer::numeric(Function::Stddev, number)
}

/// The number that this part of the numbers (0 to 1, 0.5 is the median) is not greater than. It is one of the numbers.
/// The server estimates it, with an error that grows with the number of documents. `None` if all are missing.
#[doc(alias = "median")]
#[doc(alias = "percentile")]
pub fn quantile<M>(number: impl IntoExpr<M, f64>, quantile: f64) -> Reducer<M> {
    if (0.0..=1.0).contains(&quantile) {
        return Reducer::numeric(Function::Quantile(quantile), number);
    }
    Reducer::new(Reduce::Invalid(AggregateError::Quantile { quantile: quantile.to_string() }))
}

/// The value of the document that comes first when they are sorted by another field or expression; of several, of any.
///
/// Neither may be missing; see [`exists`](super::exists).
#[doc(alias = "first_value")]
pub fn first_by<M>(values: impl Values<M>, by: impl Values<M>, direction: Direction) -> Reducer<M> {
    let Valued { node: of, value } = values.into_values();
    Reducer::new(Reduce::FirstBy { of, value, by: by.into_values().node, direction })
}

/// The different values, in any order, as a list (`Vec<T>`); missing ones are left out. The server holds all of them: it
/// knows no limit.
///
/// Of a number that may be missing, see [`exists`](super::exists).
pub fn to_list<M>(values: impl Values<M>) -> Reducer<M> {
    let Valued { node: of, value } = values.into_values();
    Reducer::new(Reduce::List { of, value })
}

/// The values of so many documents (1 to 1,000), drawn at random, as a list (`Vec<T>`): all of them, if there are no more.
///
/// None may be missing; see [`exists`](super::exists).
pub fn random_sample<M>(values: impl Values<M>, size: u32) -> Reducer<M> {
    if !(1..=LARGEST_SAMPLE).contains(&size) {
        return Reducer::new(Reduce::Invalid(AggregateError::SampleSize { size, most: LARGEST_SAMPLE }));
    }
    let Valued { node: of, value } = values.into_values();
    Reducer::new(Reduce::Sample { of, value, size })
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
