//! Reducers, as RediSearch has them.

use super::expr::IntoExpr;
use super::reducer::{Function, Reduce, Reducer, Valued, Values};
use crate::aggregate_error::AggregateError;
use crate::sort::Direction;

/// `MAX_SAMPLE_SIZE` of RediSearch.
const LARGEST_SAMPLE: u32 = 1_000;

/// How many documents there are. No `Option`: a group without documents is no group.
///
/// ```
/// use cache_index::aggregate::{AggregatePlan, count};
/// # struct User;
///
/// let plan = AggregatePlan::<User>::all().reduce("users", count());
/// assert_eq!(plan.render()?.stages(), "GROUPBY 0 REDUCE COUNT 0 AS r0");
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub fn count<M>() -> Reducer<M> {
    Reducer::new(Reduce::Count)
}

/// How many different values there are; a missing one is none.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const CITY: Field<User, String, Tag, Options<No>> = Field::indexed("city", "city");
/// # }
/// use cache_index::aggregate::{AggregatePlan, count_distinct};
///
/// let plan = AggregatePlan::all().reduce("cities", count_distinct(User::CITY));
/// assert!(plan.render()?.stages().contains("REDUCE COUNT_DISTINCT 1 @f0"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub fn count_distinct<M>(values: impl Values<M>) -> Reducer<M> {
    Reducer::new(Reduce::Distinct { keyword: "COUNT_DISTINCT", of: values.into_values().node })
}

/// About how many different values there are, in constant memory (HyperLogLog of 256 registers: within some 6 %, and
/// worse for few).
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const CITY: Field<User, String, Tag, Options<No>> = Field::indexed("city", "city");
/// # }
/// use cache_index::aggregate::{AggregatePlan, count_distinct_about};
///
/// let plan = AggregatePlan::all().reduce("cities", count_distinct_about(User::CITY));
/// assert!(plan.render()?.stages().contains("REDUCE COUNT_DISTINCTISH 1 @f0"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[doc(alias = "count_distinctish")]
pub fn count_distinct_about<M>(values: impl Values<M>) -> Reducer<M> {
    Reducer::new(Reduce::Distinct { keyword: "COUNT_DISTINCTISH", of: values.into_values().node })
}

/// The sum, computed in doubles: whole numbers are exact up to 2^53, and beyond it a row holds a floating point number. A
/// missing value adds nothing, so that a sum of none is 0.
///
/// ```
/// # use cache_index::*;
/// # struct Order;
/// # impl Order {
/// #     const PRICE: Field<Order, f64, Numeric, Options<No>> = Field::indexed("price", "price");
/// # }
/// use cache_index::aggregate::{AggregatePlan, sum};
///
/// let plan = AggregatePlan::all().reduce("total", sum(Order::PRICE));
/// assert!(plan.render()?.stages().contains("REDUCE SUM 1 @f0"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub fn sum<M>(number: impl IntoExpr<M, f64>) -> Reducer<M> {
    Reducer::numeric(Function::Sum, number)
}

/// The smallest number; missing ones do not count. `None` if all are missing.
///
/// ```
/// # use cache_index::*;
/// # struct Order;
/// # impl Order {
/// #     const PRICE: Field<Order, f64, Numeric, Options<No>> = Field::indexed("price", "price");
/// # }
/// use cache_index::aggregate::{AggregatePlan, min};
///
/// let plan = AggregatePlan::all().reduce("cheapest", min(Order::PRICE));
/// assert!(plan.render()?.stages().contains("REDUCE MIN 1 @f0"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub fn min<M>(number: impl IntoExpr<M, f64>) -> Reducer<M> {
    Reducer::numeric(Function::Min, number)
}

/// The largest number; missing ones do not count. `None` if all are missing.
///
/// ```
/// # use cache_index::*;
/// # struct Order;
/// # impl Order {
/// #     const PRICE: Field<Order, f64, Numeric, Options<No>> = Field::indexed("price", "price");
/// # }
/// use cache_index::aggregate::{AggregatePlan, max};
///
/// let plan = AggregatePlan::all().reduce("dearest", max(Order::PRICE));
/// assert!(plan.render()?.stages().contains("REDUCE MAX 1 @f0"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub fn max<M>(number: impl IntoExpr<M, f64>) -> Reducer<M> {
    Reducer::numeric(Function::Max, number)
}

/// The mean, computed in doubles; missing numbers do not count (where the server's own `AVG` takes them for 0). `None` if
/// all are missing.
///
/// ```
/// # use cache_index::*;
/// # struct Order;
/// # impl Order {
/// #     const PRICE: Field<Order, f64, Numeric, Options<No>> = Field::indexed("price", "price");
/// # }
/// use cache_index::aggregate::{AggregatePlan, avg};
///
/// let plan = AggregatePlan::all().reduce("mean", avg(Order::PRICE));
/// assert!(plan.render()?.stages().contains("REDUCE AVG 1 @f0"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[doc(alias = "mean")]
pub fn avg<M>(number: impl IntoExpr<M, f64>) -> Reducer<M> {
    Reducer::numeric(Function::Avg, number)
}

/// The standard deviation of a sample (divided by `n - 1`); of one number it is 0. `None` if all are missing.
///
/// ```
/// # use cache_index::*;
/// # struct Order;
/// # impl Order {
/// #     const PRICE: Field<Order, f64, Numeric, Options<No>> = Field::indexed("price", "price");
/// # }
/// use cache_index::aggregate::{AggregatePlan, stddev};
///
/// let plan = AggregatePlan::all().reduce("spread", stddev(Order::PRICE));
/// assert!(plan.render()?.stages().contains("REDUCE STDDEV 1 @f0"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub fn stddev<M>(number: impl IntoExpr<M, f64>) -> Reducer<M> {
    Reducer::numeric(Function::Stddev, number)
}

/// The number that this part of the numbers (0 to 1, 0.5 is the median) is not greater than. It is one of the numbers.
/// The server estimates it, with an error that grows with the number of documents. `None` if all are missing.
///
/// ```
/// # use cache_index::*;
/// # struct Order;
/// # impl Order {
/// #     const PRICE: Field<Order, f64, Numeric, Options<No>> = Field::indexed("price", "price");
/// # }
/// use cache_index::aggregate::{AggregatePlan, quantile};
///
/// let plan = AggregatePlan::all().reduce("median", quantile(Order::PRICE, 0.5));
/// assert!(plan.render()?.stages().contains("REDUCE QUANTILE 2 @f0 0.5"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
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
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const CITY: Field<User, String, Tag, Options<No>> = Field::indexed("city", "city");
/// #     const AGE: Field<User, u8, Numeric, Options<No>> = Field::indexed("age", "age");
/// # }
/// use cache_index::Direction;
/// use cache_index::aggregate::{AggregatePlan, first_by};
///
/// let plan = AggregatePlan::all().reduce("city_of_the_oldest", first_by(User::CITY, User::AGE, Direction::Descending));
/// assert!(plan.render()?.stages().contains("REDUCE FIRST_VALUE 4 @f0 BY @f1 DESC"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[doc(alias = "first_value")]
pub fn first_by<M>(values: impl Values<M>, by: impl Values<M>, direction: Direction) -> Reducer<M> {
    let Valued { node: of, value } = values.into_values();
    Reducer::new(Reduce::FirstBy { of, value, by: by.into_values().node, direction })
}

/// The different values, in any order, as a list (`Vec<T>`); missing ones are left out. The server holds all of them: it
/// knows no limit.
///
/// Of a number that may be missing, see [`exists`](super::exists).
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const CITY: Field<User, String, Tag, Options<No>> = Field::indexed("city", "city");
/// # }
/// use cache_index::aggregate::{AggregatePlan, to_list};
///
/// let plan = AggregatePlan::all().reduce("cities", to_list(User::CITY));
/// assert!(plan.render()?.stages().contains("REDUCE TOLIST 1 @f0"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub fn to_list<M>(values: impl Values<M>) -> Reducer<M> {
    let Valued { node: of, value } = values.into_values();
    Reducer::new(Reduce::List { of, value })
}

/// The values of so many documents (1 to 1,000), drawn at random, as a list (`Vec<T>`): all of them, if there are no more.
///
/// None may be missing; see [`exists`](super::exists).
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const CITY: Field<User, String, Tag, Options<No>> = Field::indexed("city", "city");
/// # }
/// use cache_index::aggregate::{AggregatePlan, random_sample};
///
/// let plan = AggregatePlan::all().reduce("some_cities", random_sample(User::CITY, 10));
/// assert!(plan.render()?.stages().contains("REDUCE RANDOM_SAMPLE 2 @f0 10"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub fn random_sample<M>(values: impl Values<M>, size: u32) -> Reducer<M> {
    if !(1..=LARGEST_SAMPLE).contains(&size) {
        return Reducer::new(Reduce::Invalid(AggregateError::SampleSize { size, most: LARGEST_SAMPLE }));
    }
    let Valued { node: of, value } = values.into_values();
    Reducer::new(Reduce::Sample { of, value, size })
}
