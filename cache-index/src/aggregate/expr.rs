//! Expressions with a type: numbers, strings and booleans, of the fields of a document or of the columns of a group.

use std::fmt;
use std::marker::PhantomData;
use std::ops::{Add, BitAnd, BitOr, Div, Mul, Neg, Not, Rem, Sub};

use super::node::{Node, ValueType};
use crate::aggregate_error::AggregateError;
use crate::value::widen;

/// What expressions of columns belong to, where those of fields belong to their model.
///
/// ```
/// use cache_index::aggregate::{AggregatePlan, Columns, Expr, count, number};
/// # struct User;
///
/// let many: Expr<Columns, bool> = number("users").gt(10);
/// let plan = AggregatePlan::<User>::all().reduce("users", count()).having(many);
/// assert!(plan.render()?.stages().contains("FILTER @r0>10"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub enum Columns {}

/// What an expression can be: `f64`, `String` or `bool`.
///
/// ```
/// use cache_index::aggregate::{AggregatePlan, Columns, Expr, ExprValue, count, number};
/// # struct User;
///
/// fn with<T: ExprValue>(expr: Expr<Columns, T>) -> AggregatePlan<User> {
///     AggregatePlan::all().reduce("users", count()).apply("computed", expr)
/// }
/// assert!(with(number("users") / 2).render()?.stages().contains("APPLY @r0/2 AS a1"));
/// assert!(with(number("users").gt(2)).render()?.stages().contains("APPLY @r0>2 AS a1"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub trait ExprValue: sealed::Sealed {
    #[doc(hidden)]
    const TYPE: ValueType;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for f64 {}
    impl Sealed for String {}
    impl Sealed for bool {}
}

impl ExprValue for f64 {
    const TYPE: ValueType = ValueType::Number;
}
impl ExprValue for String {
    const TYPE: ValueType = ValueType::Text;
}
impl ExprValue for bool {
    const TYPE: ValueType = ValueType::Bool;
}

/// An expression that the server evaluates: a number (`f64`), a string (`String`) or a boolean (`bool`), of a document
/// of model `S`, or of a group (`S` is [`Columns`]).
///
/// Numbers are doubles, with `+ - * /` and [`pow`](Self::pow); `%` takes an integer. Booleans have `&`, `|` and `!`. What
/// may be missing (an `Option`) can be read where [`exists`](super::exists) makes sure that it is there; elsewhere it is
/// refused ([`AggregateError::MayBeMissing`]), since the server would stop in the middle of its answer.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const AGE: Field<User, u8, Numeric, Options<No>> = Field::indexed("age", "age");
/// #     const CITY: Field<User, String, Tag, Options<No>> = Field::indexed("city", "city");
/// # }
/// use cache_index::aggregate::{AggregatePlan, count};
///
/// let adults = User::AGE.expr().ge(18) & User::CITY.expr().starts_with("B");
/// let plan = AggregatePlan::all().filter(adults).reduce("users", count());
/// assert!(plan.render()?.stages().contains(r#"FILTER (@f0>=18)&&startswith(@f1,"B")"#));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub struct Expr<S, T> {
    pub(super) node: Node,
    types: PhantomData<fn() -> (S, T)>,
}

impl<S, T> Expr<S, T> {
    pub(super) fn new(node: Node) -> Self {
        Self { node, types: PhantomData }
    }

    pub(super) fn call(function: &'static str, arguments: Vec<Node>) -> Self {
        Self::new(Node::Call(function, arguments))
    }

    pub(super) fn infix(self, operator: &'static str, right: Node) -> Node {
        Node::infix(operator, self.node, right)
    }

    /// Whether it is the same. Strings are compared byte for byte, numbers as doubles.
    #[doc(alias = "==")]
    pub fn eq(self, other: impl IntoExpr<S, T>) -> Expr<S, bool> {
        Expr::new(self.infix("==", other.into_expr().node))
    }

    /// Whether it is another.
    #[doc(alias = "!=")]
    pub fn ne(self, other: impl IntoExpr<S, T>) -> Expr<S, bool> {
        Expr::new(self.infix("!=", other.into_expr().node))
    }

    /// A group key that is computed: its value is the column of this name.
    #[doc(alias = "AS")]
    pub fn named(self, name: &'static str) -> Named<S>
    where
        T: ExprValue,
    {
        Named { name, node: self.node, value: T::TYPE, scope: PhantomData }
    }
}

/// An expression with the name of the column that it becomes.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const AGE: Field<User, u8, Numeric, Options<No>> = Field::indexed("age", "age");
/// # }
/// use cache_index::aggregate::{AggregatePlan, Named, count, floor};
///
/// let decade: Named<User> = floor(User::AGE.expr() / 10).named("decade");
/// let plan = AggregatePlan::by(decade).reduce("users", count());
/// assert!(plan.render()?.stages().contains("APPLY floor(@f0/10) AS x0 GROUPBY 1 @x0"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub struct Named<S> {
    pub(super) name: &'static str,
    pub(super) node: Node,
    pub(super) value: ValueType,
    scope: PhantomData<fn() -> S>,
}

impl<S> Expr<S, f64> {
    /// Whether it is greater.
    #[doc(alias = ">")]
    pub fn gt(self, other: impl IntoExpr<S, f64>) -> Expr<S, bool> {
        Expr::new(self.infix(">", other.into_expr().node))
    }

    /// Whether it is greater or equal.
    #[doc(alias = ">=")]
    pub fn ge(self, other: impl IntoExpr<S, f64>) -> Expr<S, bool> {
        Expr::new(self.infix(">=", other.into_expr().node))
    }

    /// Whether it is less.
    #[doc(alias = "<")]
    pub fn lt(self, other: impl IntoExpr<S, f64>) -> Expr<S, bool> {
        Expr::new(self.infix("<", other.into_expr().node))
    }

    /// Whether it is less or equal.
    #[doc(alias = "<=")]
    pub fn le(self, other: impl IntoExpr<S, f64>) -> Expr<S, bool> {
        Expr::new(self.infix("<=", other.into_expr().node))
    }

    /// To the power of.
    #[doc(alias = "^")]
    pub fn pow(self, exponent: impl IntoExpr<S, f64>) -> Self {
        Self::new(self.infix("^", exponent.into_expr().node))
    }
}

impl<S> Expr<S, String> {
    /// Whether the string begins with this one.
    #[doc(alias = "startswith")]
    pub fn starts_with(self, beginning: impl IntoExpr<S, String>) -> Expr<S, bool> {
        Expr::call("startswith", vec![self.node, beginning.into_expr().node])
    }

    /// Whether the string has this one in it.
    pub fn contains(self, part: impl IntoExpr<S, String>) -> Expr<S, bool> {
        // The server counts how often.
        let count = Node::Call("contains", vec![self.node, part.into_expr().node]);
        Expr::new(Node::infix(">", count, Node::Number(0.0)))
    }
}

macro_rules! arithmetic {
    ($($operator:ident $method:ident $text:literal;)*) => {$(
        impl<S, R: IntoExpr<S, f64>> $operator<R> for Expr<S, f64> {
            type Output = Self;

            fn $method(self, right: R) -> Self {
                Self::new(self.infix($text, right.into_expr().node))
            }
        }
    )*};
}

arithmetic! {
    Add add "+";
    Sub sub "-";
    Mul mul "*";
    Div div "/";
}

/// The remainder of whole numbers, with the sign of the left one as in Rust; fractions are cut off before.
///
/// The right one is a number, not an expression: a divisor between 0 and 1 would crash the server.
impl<S> Rem<i64> for Expr<S, f64> {
    type Output = Self;

    fn rem(self, divisor: i64) -> Self {
        Self::new(match divisor {
            0 => Node::Invalid(AggregateError::ZeroDivisor.into()),
            _ => self.infix("%", Node::Number(divisor as f64)),
        })
    }
}

impl<S> Neg for Expr<S, f64> {
    type Output = Self;

    fn neg(self) -> Self {
        Self::new(Node::infix("*", Node::Number(-1.0), self.node))
    }
}

impl<S, R: IntoExpr<S, bool>> BitAnd<R> for Expr<S, bool> {
    type Output = Self;

    fn bitand(self, other: R) -> Self {
        Self::new(self.infix("&&", other.into_expr().node))
    }
}

impl<S, R: IntoExpr<S, bool>> BitOr<R> for Expr<S, bool> {
    type Output = Self;

    fn bitor(self, other: R) -> Self {
        Self::new(self.infix("||", other.into_expr().node))
    }
}

impl<S> Not for Expr<S, bool> {
    type Output = Self;

    fn not(self) -> Self {
        Self::new(Node::Not(Box::new(self.node)))
    }
}

impl<S, T> Clone for Expr<S, T> {
    fn clone(&self) -> Self {
        Self::new(self.node.clone())
    }
}

impl<S, T> fmt::Debug for Expr<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Expr").field(&self.node).finish()
    }
}

/// What may stand in an expression of `S` where a `T` is needed: an expression, a field of model `S`, a value.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const AGE: Field<User, u8, Numeric, Options<No>> = Field::indexed("age", "age");
/// #     const WORKED: Field<User, u8, Numeric, Options<No>> = Field::indexed("worked", "worked");
/// # }
/// use cache_index::aggregate::{AggregatePlan, IntoExpr, count};
///
/// fn older(than: impl IntoExpr<User, f64>) -> AggregatePlan<User> {
///     AggregatePlan::all().filter(User::AGE.expr().gt(than)).reduce("users", count())
/// }
/// assert!(older(65).render()?.stages().contains("FILTER @f0>65"));
/// assert!(older(User::WORKED.expr() + 18).render()?.stages().contains("FILTER @f0>(@f1+18)"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no `{T}` in an expression of `{S}`",
    label = "expected an expression of `{T}`",
    note = "numbers are `f64`: NUMERIC fields, their expressions and Rust's numbers; strings are TAG and TEXT fields and `&str`; \
            columns of a group are read with `number(\"…\")`, `text(\"…\")` and `truth(\"…\")`"
)]
pub trait IntoExpr<S, T> {
    /// The expression.
    fn into_expr(self) -> Expr<S, T>;
}

impl<S, T> IntoExpr<S, T> for Expr<S, T> {
    fn into_expr(self) -> Self {
        self
    }
}

macro_rules! literals {
    ($($type:ty => $to:ty, |$value:ident| $node:expr;)*) => {$(
        impl<S> IntoExpr<S, $to> for $type {
            fn into_expr(self) -> Expr<S, $to> {
                let $value = self;
                Expr::new($node)
            }
        }
    )*};
}

literals! {
    f64 => f64, |value| Node::Number(value);
    f32 => f64, |value| Node::Number(widen(value));
    i8 => f64, |value| Node::Number(f64::from(value));
    i16 => f64, |value| Node::Number(f64::from(value));
    i32 => f64, |value| Node::Number(f64::from(value));
    u8 => f64, |value| Node::Number(f64::from(value));
    u16 => f64, |value| Node::Number(f64::from(value));
    u32 => f64, |value| Node::Number(f64::from(value));
    &str => String, |value| Node::Text(value.to_owned());
    &String => String, |value| Node::Text(value.clone());
    String => String, |value| Node::Text(value);
    // The server's booleans are numbers.
    bool => bool, |value| Node::Number(f64::from(u8::from(value)));
}
