//! Aggregation: groups of documents and what becomes of them, as `FT.AGGREGATE` computes it.
//!
//! ```
//! # use cache_index::{Field, FieldDef, IndexSchema, No, Numeric, Options, Schema, Tag};
//! # struct User;
//! # impl IndexSchema for User {
//! #     fn schema() -> &'static Schema {
//! #         static SCHEMA: Schema = Schema::new("User", "user", "id", &[]);
//! #         &SCHEMA
//! #     }
//! # }
//! # impl User {
//! #     const CITY: Field<User, String, Tag, Options<No>> = Field::new(FieldDef::indexed::<String, Tag>("city", "city"));
//! #     const AGE: Field<User, i64, Numeric, Options<No>> = Field::new(FieldDef::indexed::<i64, Numeric>("age", "age"));
//! # }
//! use cache_index::aggregate::{AggregatePlan, avg, count, floor, number};
//!
//! let plan = AggregatePlan::by((User::CITY, floor(User::AGE.expr() / 10).named("decade")))
//!     .reduce("people", count())
//!     .reduce("age", avg(User::AGE))
//!     .having(number("people").gt(10));
//! assert!(plan.render().is_ok());
//! ```
//!
//! Documents that lack a field which is no `Option` (another program wrote them, or it was added later) count as 0 in
//! `avg`, `min` and others, and make a row's key unreadable.
//!
//! What is known to be imperfect: the server tells values apart by a hash of 64 bits; 0.0 and -0.0 are two groups; whole
//! numbers beyond 2^53 are grouped with their neighbours, and come as floating point numbers, which an integer of a row
//! refuses.

// A file imports from those before it: node, expr, fields, functions, times, places, reducer, reducers, keys, column, rendered, render (with plan), request, rows.

mod column;
mod expr;
mod fields;
mod functions;
mod keys;
mod node;
mod places;
mod plan;
mod reducer;
mod reducers;
mod render;
mod rendered;
mod request;
mod rows;
#[cfg(test)]
mod tests;
mod times;

pub use expr::{Columns, Expr, ExprValue, IntoExpr, Named};
pub use fields::{Evaluates, Expressible, Grouped, ScalarExpr, SingleValue, TagText};
pub use functions::{abs, ceil, concat, distance, exp, floor, length, ln, log2, lower, sqrt, substr, upper};
pub use keys::GroupBy;
pub use places::{MaybeMissing, exists, number, text, truth};
pub use plan::AggregatePlan;
pub use reducer::{Reducer, Values};
pub use reducers::{
    avg, count, count_distinct, count_distinct_about, first_by, max, min, quantile, random_sample, stddev,
    sum, to_list,
};
pub use rendered::RenderedAggregate;
pub use request::AggregateRequest;
pub use rows::{AggregateAnswer, AggregateRow};
pub use times::{
    day_of_month, day_of_week, day_of_year, format_time, month_of_year, parse_time, start_of_day,
    start_of_hour, start_of_minute, start_of_month, year,
};
