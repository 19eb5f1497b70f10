//! What expressions read by name: columns, and whether a field or a column has a value.

use super::expr::{Columns, Expr};
use super::fields::field_node;
use super::node::{Node, ValueType};
use crate::field::Field;
use crate::kind::Kind;

/// What may be missing: a field, or a column of a group.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const BONUS: Field<User, Option<f64>, Numeric, Options<No>> = Field::indexed("bonus", "bonus");
/// # }
/// use cache_index::aggregate::{AggregatePlan, MaybeMissing, count, exists};
///
/// fn known(place: impl MaybeMissing<User>) -> AggregatePlan<User> {
///     AggregatePlan::all().filter(exists(place)).reduce("known", count())
/// }
/// assert!(known(User::BONUS).render()?.stages().contains("exists(@f0)"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
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
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const BONUS: Field<User, Option<f64>, Numeric, Options<No>> = Field::indexed("bonus", "bonus");
/// # }
/// use cache_index::aggregate::{AggregatePlan, count, exists};
///
/// let plan = |filter| AggregatePlan::all().filter(filter).reduce("users", count()).render();
/// assert!(plan(exists(User::BONUS) & User::BONUS.expr().gt(100)).is_ok());
/// assert!(plan(User::BONUS.expr().gt(100)).is_err(), "it may be missing");
/// ```
pub fn exists<S>(place: impl MaybeMissing<S>) -> Expr<S, bool> {
    Expr::new(Node::Exists(Box::new(place.into_node().0)))
}

/// The column of this name, which holds numbers.
///
/// ```
/// use cache_index::aggregate::{AggregatePlan, count, number};
/// # struct User;
///
/// let plan = AggregatePlan::<User>::all().reduce("users", count()).having(number("users").gt(10));
/// assert!(plan.render()?.stages().contains("FILTER @r0>10"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub fn number(column: &'static str) -> Expr<Columns, f64> {
    Expr::new(Node::Column(column, Some(ValueType::Number)))
}

/// The column of this name, which holds strings.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const CITY: Field<User, String, Tag, Options<No>> = Field::indexed("city", "city");
/// # }
/// use cache_index::aggregate::{AggregatePlan, count, text};
///
/// let plan = AggregatePlan::by(User::CITY).reduce("users", count()).having(text("city").starts_with("B"));
/// assert!(plan.render()?.stages().contains(r#"FILTER startswith(@f0,"B")"#));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub fn text(column: &'static str) -> Expr<Columns, String> {
    Expr::new(Node::Column(column, Some(ValueType::Text)))
}

/// The column of this name, which holds booleans.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const ACTIVE: Field<User, bool, Tag, Options<No>> = Field::indexed("active", "active");
/// # }
/// use cache_index::aggregate::{AggregatePlan, count, truth};
///
/// let plan = AggregatePlan::by(User::ACTIVE).reduce("users", count()).having(truth("active"));
/// assert!(plan.render()?.stages().contains("FILTER @f0"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
pub fn truth(column: &'static str) -> Expr<Columns, bool> {
    Expr::new(Node::Column(column, Some(ValueType::Bool)))
}
