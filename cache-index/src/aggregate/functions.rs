//! The functions of expressions about numbers, strings and points, as RediSearch has them.

use super::expr::{Expr, IntoExpr};
use super::fields::field_node;
use super::node::Node;
use crate::field::Field;
use crate::geo::GeoPoint;
use crate::kind::Geo;

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
    ///
    /// ```
    /// # use cache_index::*;
    /// # struct Sensor;
    /// # impl Sensor {
    /// #     const DRIFT: Field<Sensor, f64, Numeric, Options<No>> = Field::indexed("drift", "drift");
    /// # }
    /// use cache_index::aggregate::{AggregatePlan, abs, count};
    ///
    /// let plan = AggregatePlan::all().filter(abs(Sensor::DRIFT).gt(5)).reduce("found", count());
    /// assert!(plan.render()?.stages().contains("FILTER abs(@f0)>5"));
    /// # Ok::<(), cache_index::QueryError>(())
    /// ```
    abs = "abs";
    /// The smallest whole number that is not less.
    ///
    /// ```
    /// # use cache_index::*;
    /// # struct Sensor;
    /// # impl Sensor {
    /// #     const DRIFT: Field<Sensor, f64, Numeric, Options<No>> = Field::indexed("drift", "drift");
    /// # }
    /// use cache_index::aggregate::{AggregatePlan, ceil, count};
    ///
    /// let plan = AggregatePlan::all().filter(ceil(Sensor::DRIFT).eq(3)).reduce("found", count());
    /// assert!(plan.render()?.stages().contains("FILTER ceil(@f0)==3"));
    /// # Ok::<(), cache_index::QueryError>(())
    /// ```
    ceil = "ceil";
    /// The largest whole number that is not greater.
    ///
    /// ```
    /// # use cache_index::*;
    /// # struct Sensor;
    /// # impl Sensor {
    /// #     const DRIFT: Field<Sensor, f64, Numeric, Options<No>> = Field::indexed("drift", "drift");
    /// # }
    /// use cache_index::aggregate::{AggregatePlan, count, floor};
    ///
    /// let plan = AggregatePlan::all().filter(floor(Sensor::DRIFT.expr() / 10).eq(3)).reduce("found", count());
    /// assert!(plan.render()?.stages().contains("FILTER floor(@f0/10)==3"));
    /// # Ok::<(), cache_index::QueryError>(())
    /// ```
    floor = "floor";
    /// The natural logarithm; NaN of negative numbers.
    ///
    /// ```
    /// # use cache_index::*;
    /// # struct Sensor;
    /// # impl Sensor {
    /// #     const DRIFT: Field<Sensor, f64, Numeric, Options<No>> = Field::indexed("drift", "drift");
    /// # }
    /// use cache_index::aggregate::{AggregatePlan, count, ln};
    ///
    /// let plan = AggregatePlan::all().filter(ln(Sensor::DRIFT).gt(1)).reduce("found", count());
    /// assert!(plan.render()?.stages().contains("FILTER log(@f0)>1"));
    /// # Ok::<(), cache_index::QueryError>(())
    /// ```
    ln = "log";
    /// The binary logarithm; NaN of negative numbers.
    ///
    /// ```
    /// # use cache_index::*;
    /// # struct Sensor;
    /// # impl Sensor {
    /// #     const DRIFT: Field<Sensor, f64, Numeric, Options<No>> = Field::indexed("drift", "drift");
    /// # }
    /// use cache_index::aggregate::{AggregatePlan, count, log2};
    ///
    /// let plan = AggregatePlan::all().filter(log2(Sensor::DRIFT).gt(1)).reduce("found", count());
    /// assert!(plan.render()?.stages().contains("FILTER log2(@f0)>1"));
    /// # Ok::<(), cache_index::QueryError>(())
    /// ```
    log2 = "log2";
    /// `e` to the power of the number.
    ///
    /// ```
    /// # use cache_index::*;
    /// # struct Sensor;
    /// # impl Sensor {
    /// #     const DRIFT: Field<Sensor, f64, Numeric, Options<No>> = Field::indexed("drift", "drift");
    /// # }
    /// use cache_index::aggregate::{AggregatePlan, count, exp};
    ///
    /// let plan = AggregatePlan::all().filter(exp(Sensor::DRIFT).lt(10)).reduce("found", count());
    /// assert!(plan.render()?.stages().contains("FILTER exp(@f0)<10"));
    /// # Ok::<(), cache_index::QueryError>(())
    /// ```
    exp = "exp";
    /// The square root; NaN of negative numbers.
    ///
    /// ```
    /// # use cache_index::*;
    /// # struct Sensor;
    /// # impl Sensor {
    /// #     const DRIFT: Field<Sensor, f64, Numeric, Options<No>> = Field::indexed("drift", "drift");
    /// # }
    /// use cache_index::aggregate::{AggregatePlan, count, sqrt};
    ///
    /// let plan = AggregatePlan::all().filter(sqrt(Sensor::DRIFT).ge(2)).reduce("found", count());
    /// assert!(plan.render()?.stages().contains("FILTER sqrt(@f0)>=2"));
    /// # Ok::<(), cache_index::QueryError>(())
    /// ```
    sqrt = "sqrt";
}

pub(super) use numeric;

/// The string in lower case; ASCII letters only.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const EMAIL: Field<User, String, Tag, Options<No>> = Field::indexed("email", "email");
/// # }
/// use cache_index::aggregate::{AggregatePlan, count, lower};
///
/// let plan = AggregatePlan::all().filter(lower(User::EMAIL).eq("ann@example.com")).reduce("found", count());
/// assert!(plan.render()?.stages().contains(r#"lower(@f0)=="ann@example.com""#));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub fn lower<S>(text: impl IntoExpr<S, String>) -> Expr<S, String> {
    Expr::call("lower", vec![text.into_expr().node])
}

/// The string in upper case; ASCII letters only.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const EMAIL: Field<User, String, Tag, Options<No>> = Field::indexed("email", "email");
/// # }
/// use cache_index::aggregate::{AggregatePlan, count, upper};
///
/// let plan = AggregatePlan::all().filter(upper(User::EMAIL).ne(User::EMAIL)).reduce("found", count());
/// assert!(plan.render()?.stages().contains("upper(@f0)!=@f0"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub fn upper<S>(text: impl IntoExpr<S, String>) -> Expr<S, String> {
    Expr::call("upper", vec![text.into_expr().node])
}

/// The length of the string in bytes.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const EMAIL: Field<User, String, Tag, Options<No>> = Field::indexed("email", "email");
/// # }
/// use cache_index::aggregate::{AggregatePlan, count, length};
///
/// let plan = AggregatePlan::all().filter(length(User::EMAIL).gt(64)).reduce("found", count());
/// assert!(plan.render()?.stages().contains("strlen(@f0)>64"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[doc(alias = "strlen")]
pub fn length<S>(text: impl IntoExpr<S, String>) -> Expr<S, f64> {
    Expr::call("strlen", vec![text.into_expr().node])
}

/// A part of the string: `length` bytes (a negative length leaves out so many at the end, -1 one) from `offset` on (a
/// negative one counts from the end). A cut through a letter of several bytes is no text, and an error when it is read.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const EMAIL: Field<User, String, Tag, Options<No>> = Field::indexed("email", "email");
/// # }
/// use cache_index::aggregate::{AggregatePlan, count, substr};
///
/// let plan = AggregatePlan::all().filter(substr(User::EMAIL, -3, -1).eq(".ch")).reduce("found", count());
/// assert!(plan.render()?.stages().contains(r#"substr(@f0,(-3),(-1))==".ch""#));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub fn substr<S>(text: impl IntoExpr<S, String>, offset: i32, length: i32) -> Expr<S, String> {
    let arguments =
        vec![text.into_expr().node, Node::Number(f64::from(offset)), Node::Number(f64::from(length))];
    Expr::call("substr", arguments)
}

/// Both strings, one behind the other.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const FIRST: Field<User, String, Tag, Options<No>> = Field::indexed("first", "first");
/// #     const LAST: Field<User, String, Tag, Options<No>> = Field::indexed("last", "last");
/// # }
/// use cache_index::aggregate::{AggregatePlan, concat, count};
///
/// let plan = AggregatePlan::all().filter(concat(User::FIRST, User::LAST).eq("AnnLee")).reduce("found", count());
/// assert!(plan.render()?.stages().contains(r#"format("%s%s",@f0,@f1)=="AnnLee""#));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[doc(alias = "format")]
pub fn concat<S>(first: impl IntoExpr<S, String>, second: impl IntoExpr<S, String>) -> Expr<S, String> {
    let arguments = vec![Node::Text("%s%s".to_owned()), first.into_expr().node, second.into_expr().node];
    Expr::call("format", arguments)
}

/// The meters between a GEO field and a point, rounded to centimeters.
///
/// ```
/// # use cache_index::*;
/// # struct Shop;
/// # impl Shop {
/// #     const PLACE: Field<Shop, GeoPoint, Geo, Options<No>> = Field::indexed("place", "place");
/// # }
/// use cache_index::GeoPoint;
/// use cache_index::aggregate::{AggregatePlan, distance, min};
///
/// let bern = GeoPoint::new(7.4474, 46.948)?;
/// let plan = AggregatePlan::all().reduce("nearest", min(distance(Shop::PLACE, bern)));
/// assert!(plan.render()?.stages().contains("geodistance(@f0,7.4474,46.948)"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "geodistance")]
pub fn distance<M, V, O>(field: Field<M, V, Geo, O>, point: GeoPoint) -> Expr<M, f64> {
    let arguments =
        vec![field_node(field.def()), Node::Number(point.longitude()), Node::Number(point.latitude())];
    Expr::call("geodistance", arguments)
}
