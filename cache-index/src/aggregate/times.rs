//! The functions of expressions about points in time, as RediSearch has them.

use super::expr::{Expr, IntoExpr};
use super::functions::numeric;
use super::node::Node;

numeric! {
    /// The year of seconds since 1970, at UTC. Dates before 1970 have none (`None` in a row; an error of the server's where
    /// it is computed with).
    ///
    /// ```
    /// # use cache_index::*;
    /// # struct Order;
    /// # impl Order {
    /// #     const PLACED: Field<Order, i64, Numeric, Options<No>> = Field::indexed("placed", "placed");
    /// # }
    /// use cache_index::aggregate::{AggregatePlan, count, year};
    ///
    /// let plan = AggregatePlan::all().filter(year(Order::PLACED).eq(2026)).reduce("found", count());
    /// assert!(plan.render()?.stages().contains("FILTER year(@f0)==2026"));
    /// # Ok::<(), cache_index::QueryError>(())
    /// ```
    year = "year";
    /// The month of seconds since 1970, at UTC: 0 is January. Dates before 1970 have none, as with [`year`].
    ///
    /// ```
    /// # use cache_index::*;
    /// # struct Order;
    /// # impl Order {
    /// #     const PLACED: Field<Order, i64, Numeric, Options<No>> = Field::indexed("placed", "placed");
    /// # }
    /// use cache_index::aggregate::{AggregatePlan, count, month_of_year};
    ///
    /// let plan = AggregatePlan::all().filter(month_of_year(Order::PLACED).eq(11)).reduce("found", count());
    /// assert!(plan.render()?.stages().contains("FILTER monthofyear(@f0)==11"));
    /// # Ok::<(), cache_index::QueryError>(())
    /// ```
    month_of_year = "monthofyear";
    /// The day of the month of seconds since 1970, at UTC: 1 is the first. Dates before 1970 have none, as with [`year`].
    ///
    /// ```
    /// # use cache_index::*;
    /// # struct Order;
    /// # impl Order {
    /// #     const PLACED: Field<Order, i64, Numeric, Options<No>> = Field::indexed("placed", "placed");
    /// # }
    /// use cache_index::aggregate::{AggregatePlan, count, day_of_month};
    ///
    /// let plan = AggregatePlan::all().filter(day_of_month(Order::PLACED).le(7)).reduce("found", count());
    /// assert!(plan.render()?.stages().contains("FILTER dayofmonth(@f0)<=7"));
    /// # Ok::<(), cache_index::QueryError>(())
    /// ```
    day_of_month = "dayofmonth";
    /// The day of the week of seconds since 1970, at UTC: 0 is Sunday. Dates before 1970 have none, as with [`year`].
    ///
    /// ```
    /// # use cache_index::*;
    /// # struct Order;
    /// # impl Order {
    /// #     const PLACED: Field<Order, i64, Numeric, Options<No>> = Field::indexed("placed", "placed");
    /// # }
    /// use cache_index::aggregate::{AggregatePlan, count, day_of_week};
    ///
    /// let plan = AggregatePlan::all().filter(day_of_week(Order::PLACED).eq(0)).reduce("found", count());
    /// assert!(plan.render()?.stages().contains("FILTER dayofweek(@f0)==0"));
    /// # Ok::<(), cache_index::QueryError>(())
    /// ```
    day_of_week = "dayofweek";
    /// The day of the year of seconds since 1970, at UTC: 0 is the first of January. Dates before 1970 have none, as with
    /// [`year`].
    ///
    /// ```
    /// # use cache_index::*;
    /// # struct Order;
    /// # impl Order {
    /// #     const PLACED: Field<Order, i64, Numeric, Options<No>> = Field::indexed("placed", "placed");
    /// # }
    /// use cache_index::aggregate::{AggregatePlan, count, day_of_year};
    ///
    /// let plan = AggregatePlan::all().filter(day_of_year(Order::PLACED).lt(90)).reduce("found", count());
    /// assert!(plan.render()?.stages().contains("FILTER dayofyear(@f0)<90"));
    /// # Ok::<(), cache_index::QueryError>(())
    /// ```
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
///
/// ```
/// # use cache_index::*;
/// # struct Order;
/// # impl Order {
/// #     const PLACED: Field<Order, i64, Numeric, Options<No>> = Field::indexed("placed", "placed");
/// # }
/// use cache_index::aggregate::{AggregatePlan, count, start_of_day};
///
/// let plan = AggregatePlan::by(start_of_day(Order::PLACED).named("day")).reduce("orders", count());
/// assert!(plan.render()?.stages().contains("APPLY floor(@f0/86400)*86400 AS x0 GROUPBY 1 @x0"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[doc(alias = "day")]
pub fn start_of_day<S>(seconds: impl IntoExpr<S, f64>) -> Expr<S, f64> {
    Expr::new(rounded(seconds.into_expr().node, 86_400.0))
}

/// The beginning of the hour of seconds since 1970, also of dates before.
///
/// ```
/// # use cache_index::*;
/// # struct Order;
/// # impl Order {
/// #     const PLACED: Field<Order, i64, Numeric, Options<No>> = Field::indexed("placed", "placed");
/// # }
/// use cache_index::aggregate::{AggregatePlan, count, start_of_hour};
///
/// let plan = AggregatePlan::by(start_of_hour(Order::PLACED).named("hour")).reduce("orders", count());
/// assert!(plan.render()?.stages().contains("APPLY floor(@f0/3600)*3600 AS x0 GROUPBY 1 @x0"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[doc(alias = "hour")]
pub fn start_of_hour<S>(seconds: impl IntoExpr<S, f64>) -> Expr<S, f64> {
    Expr::new(rounded(seconds.into_expr().node, 3_600.0))
}

/// The beginning of the minute of seconds since 1970, also of dates before.
///
/// ```
/// # use cache_index::*;
/// # struct Order;
/// # impl Order {
/// #     const PLACED: Field<Order, i64, Numeric, Options<No>> = Field::indexed("placed", "placed");
/// # }
/// use cache_index::aggregate::{AggregatePlan, count, start_of_minute};
///
/// let plan = AggregatePlan::by(start_of_minute(Order::PLACED).named("minute")).reduce("orders", count());
/// assert!(plan.render()?.stages().contains("APPLY floor(@f0/60)*60 AS x0 GROUPBY 1 @x0"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[doc(alias = "minute")]
pub fn start_of_minute<S>(seconds: impl IntoExpr<S, f64>) -> Expr<S, f64> {
    Expr::new(rounded(seconds.into_expr().node, 60.0))
}

/// The beginning of the month (UTC) of seconds since 1970. Dates before 1970 are an error of the server's.
///
/// ```
/// # use cache_index::*;
/// # struct Order;
/// # impl Order {
/// #     const PLACED: Field<Order, i64, Numeric, Options<No>> = Field::indexed("placed", "placed");
/// # }
/// use cache_index::aggregate::{AggregatePlan, count, start_of_month};
///
/// let plan = AggregatePlan::by(start_of_month(Order::PLACED).named("month")).reduce("orders", count());
/// assert!(plan.render()?.stages().contains("dayofmonth(@f0)"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[doc(alias = "month")]
pub fn start_of_month<S>(seconds: impl IntoExpr<S, f64>) -> Expr<S, f64> {
    let seconds = seconds.into_expr().node;
    let days = Node::infix("-", Node::Call("dayofmonth", vec![seconds.clone()]), Node::Number(1.0));
    let since = Node::infix("*", days, Node::Number(86_400.0));
    Expr::new(Node::infix("-", rounded(seconds, 86_400.0), since))
}

/// The seconds since 1970 as a text, at UTC, in a format of `strftime`: `"%Y-%m"`. Of what cannot be formatted, none.
///
/// ```
/// # use cache_index::*;
/// # struct Order;
/// # impl Order {
/// #     const PLACED: Field<Order, i64, Numeric, Options<No>> = Field::indexed("placed", "placed");
/// # }
/// use cache_index::aggregate::{AggregatePlan, count, format_time};
///
/// let plan = AggregatePlan::by(format_time(Order::PLACED, "%Y-%m").named("month")).reduce("orders", count());
/// assert!(plan.render()?.stages().contains(r#"APPLY timefmt(@f0,"%Y-%m") AS x0 GROUPBY 1 @x0"#));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[doc(alias = "timefmt")]
pub fn format_time<S>(seconds: impl IntoExpr<S, f64>, format: impl IntoExpr<S, String>) -> Expr<S, String> {
    Expr::call("timefmt", vec![seconds.into_expr().node, format.into_expr().node])
}

/// The seconds since 1970 of a text in a format of `strptime`. Of what cannot be read, none.
///
/// ```
/// # use cache_index::*;
/// # struct Order;
/// # impl Order {
/// #     const DUE: Field<Order, String, Tag, Options<No>> = Field::indexed("due", "due");
/// # }
/// use cache_index::aggregate::{AggregatePlan, count, parse_time};
///
/// let plan = AggregatePlan::all().filter(parse_time(Order::DUE, "%Y-%m-%d").lt(1_800_000_000)).reduce("found", count());
/// assert!(plan.render()?.stages().contains(r#"parsetime(@f0,"%Y-%m-%d")<1800000000"#));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[doc(alias = "parsetime")]
pub fn parse_time<S>(text: impl IntoExpr<S, String>, format: impl IntoExpr<S, String>) -> Expr<S, f64> {
    Expr::call("parsetime", vec![text.into_expr().node, format.into_expr().node])
}
