//! The functions of expressions, as RediSearch has them.

use super::expr::{Columns, Expr, IntoExpr};
use super::fields::field_node;
use super::node::{Node, ValueType};
use crate::field::Field;
use crate::geo::GeoPoint;
use crate::kind::{Geo, Kind};

macro_rules! numeric {
    ($($(#[$doc:meta])* $name:ident = $function:literal;)*) => {$(
        $(#[$doc])*
        pub fn $name<S>(number: impl IntoExpr<S, f64>) -> Expr<S, f64> {
            Expr::call($function, vec![number.into_expr().node])
        }
    )*};
}

numeric! {
    /// The number without its sign.
    abs = "abs";
    /// The smallest whole number that is not less.
    ceil = "ceil";
    /// The largest whole number that is not greater.
    floor = "floor";
    /// The natural logarithm; NaN of negative numbers.
    ln = "log";
    /// The binary logarithm; NaN of negative numbers.
    log2 = "log2";
    /// `e` to the power of the number.
    exp = "exp";
    /// The square root; NaN of negative numbers.
    sqrt = "sqrt";
    /// The year of seconds since 1970, at UTC. Dates before 1970 have none (`None` in a row; an error of the server's where
    /// it is computed with).
    year = "year";
    /// The month of seconds since 1970, at UTC: 0 is January. Dates before 1970 have none, as with [`year`].
    month_of_year = "monthofyear";
    /// The day of the month of seconds since 1970, at UTC: 1 is the first. Dates before 1970 have none, as with [`year`].
    day_of_month = "dayofmonth";
    /// The day of the week of seconds since 1970, at UTC: 0 is Sunday. Dates before 1970 have none, as with [`year`].
    day_of_week = "dayofweek";
    /// The day of the year of seconds since 1970, at UTC: 0 is the first of January. Dates before 1970 have none, as with
    /// [`year`].
    day_of_year = "dayofyear";
}

/// The number rounded down to a multiple of this many.
fn rounded(number: Node, unit: f64) -> Node {
    let units = Node::Call("floor", vec![Node::infix("/", number, Node::Number(unit))]);
    Node::infix("*", units, Node::Number(unit))
}

/// The beginning of the day (UTC) of seconds since 1970, also of dates before.
///
/// Computed, not the server's `day`: that is a day off from 2101 on.
#[doc(alias = "day")]
pub fn start_of_day<S>(seconds: impl IntoExpr<S, f64>) -> Expr<S, f64> {
    Expr::new(rounded(seconds.into_expr().node, 86_400.0))
}

/// The beginning of the hour of seconds since 1970, also of dates before.
#[doc(alias = "hour")]
pub fn start_of_hour<S>(seconds: impl IntoExpr<S, f64>) -> Expr<S, f64> {
    Expr::new(rounded(seconds.into_expr().node, 3_600.0))
}

/// The beginning of the minute of seconds since 1970, also of dates before.
#[doc(alias = "minute")]
pub fn start_of_minute<S>(seconds: impl IntoExpr<S, f64>) -> Expr<S, f64> {
    Expr::new(rounded(seconds.into_expr().node, 60.0))
}

/// The beginning of the month (UTC) of seconds since 1970. Dates before 1970 are an error of the server's.
#[doc(alias = "month")]
pub fn start_of_month<S>(seconds: impl IntoExpr<S, f64>) -> Expr<S, f64> {
    let seconds = seconds.into_expr().node;
    let days = Node::infix("-", Node::Call("dayofmonth", vec![seconds.clone()]), Node::Number(1.0));
    let since = Node::infix("*", days, Node::Number(86_400.0));
    Expr::new(Node::infix("-", rounded(seconds, 86_400.0), since))
}

/// The seconds since 1970 as a text, at UTC, in a format of `strftime`: `"%Y-%m"`. Of what cannot be formatted, none.
#[doc(alias = "timefmt")]
pub fn format_time<S>(seconds: impl IntoExpr<S, f64>, format: impl IntoExpr<S, String>) -> Expr<S, String> {
    Expr::call("timefmt", vec![seconds.into_expr().node, format.into_expr().node])
}

/// The seconds since 1970 of a text in a format of `strptime`. Of what cannot be read, none.
#[doc(alias = "parsetime")]
pub fn parse_time<S>(text: impl IntoExpr<S, String>, format: impl IntoExpr<S, String>) -> Expr<S, f64> {
    Expr::call("parsetime", vec![text.into_expr().node, format.into_expr().node])
}

/// The string in lower case; ASCII letters only.
pub fn lower<S>(text: impl IntoExpr<S, String>) -> Expr<S, String> {
    Expr::call("lower", vec![text.into_expr().node])
}

/// The string in upper case; ASCII letters only.
pub fn upper<S>(text: impl IntoExpr<S, String>) -> Expr<S, String> {
    Expr::call("upper", vec![text.into_expr().node])
}

/// The length of the string in bytes.
#[doc(alias = "strlen")]
pub fn length<S>(text: impl IntoExpr<S, String>) -> Expr<S, f64> {
    Expr::call("strlen", vec![text.into_expr().node])
}

/// A part of the string: `length` bytes (a negative length leaves out so many at the end, -1 one) from `offset` on (a
/// negative one counts from the end). A cut through a letter of several bytes is no text, and an error when it is read.
pub fn substr<S>(text: impl IntoExpr<S, String>, offset: i32, length: i32) -> Expr<S, String> {
    let arguments =
        vec![text.into_expr().node, Node::Number(f64::from(offset)), Node::Number(f64::from(length))];
    Expr::call("substr", arguments)
}

/// Both strings, one behind the other.
#[doc(alias = "format")]
pub fn concat<S>(first: impl IntoExpr<S, String>, second: impl IntoExpr<S, String>) -> Expr<S, String> {
    let arguments = vec![Node::Text("%s%s".to_owned()), first.into_expr().node, second.into_expr().node];
    Expr::call("format", arguments)
}

/// The meters between a GEO field and a point, rounded to centimeters.
#[doc(alias = "geodistance")]
pub fn distance<M, V, O>(field: Field<M, V, Geo, O>, point: GeoPoint) -> Expr<M, f64> {
    let arguments =
        vec![field_node(field.def()), Node::Number(point.longitude()), Node::Number(point.latitude())];
    Expr::call("geodistance", arguments)
}

/// What may be missing: a field, or a column of a group.
pub trait MaybeMissing<S> {
    #[doc(hidden)]
    fn into_node(self) -> Place;
}

#[doc(hidden)]
#[derive(Debug)]
pub struct Place(pub(super) Node);

impl<M, V, K: Kind, O> MaybeMissing<M> for Field<M, V, K, O> {
    fn into_node(self) -> Place {
        Place(field_node(self.def()))
    }
}

/// A column's name.
impl MaybeMissing<Columns> for &'static str {
    fn into_node(self) -> Place {
        Place(Node::Column(self, None))
    }
}

/// Whether the field, or the column of this name, has a value: neither missing nor `null`.
///
/// Where it holds, expressions may read the value: `exists(User::AGE) & User::AGE.expr().gt(17)`.
pub fn exists<S>(place: impl MaybeMissing<S>) -> Expr<S, bool> {
    Expr::new(Node::Exists(Box::new(place.into_node().0)))
}

/// The column of this name, which holds numbers.
pub fn number(column: &'static str) -> Expr<Columns, f64> {
    Expr::new(Node::Column(column, Some(ValueType::Number)))
}

/// The column of this name, which holds strings.
pub fn text(column: &'static str) -> Expr<Columns, String> {
    Expr::new(Node::Column(column, Some(ValueType::Text)))
}

/// The column of this name, which holds booleans.
pub fn truth(column: &'static str) -> Expr<Columns, bool> {
    Expr::new(Node::Column(column, Some(ValueType::Bool)))
}
