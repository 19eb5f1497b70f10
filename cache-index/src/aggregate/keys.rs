//! What groups are made by: fields, computed keys, and several of them.

use super::expr::Named;
use super::fields::{Grouped, SingleValue};
use super::reducer::{Key, field_key};
use crate::field::Field;

/// What groups of model `M` are made by: a TAG, NUMERIC or TEXT field with one value a document, an expression with a
/// name ([`Expr::named`](super::Expr::named)), or up to six of both as a tuple.
///
/// A field's column has its search name: `city`, `address_city` in an embedded struct.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const CITY: Field<User, String, Tag, Options<No>> = Field::indexed("city", "city");
/// #     const AGE: Field<User, u8, Numeric, Options<No>> = Field::indexed("age", "age");
/// # }
/// use cache_index::aggregate::{AggregatePlan, GroupBy, count, floor};
///
/// fn users(keys: impl GroupBy<User>) -> AggregatePlan<User> {
///     AggregatePlan::by(keys).reduce("users", count())
/// }
/// assert!(users(User::CITY).render()?.stages().contains("GROUPBY 1 @f0"));
/// let decade = floor(User::AGE.expr() / 10).named("decade");
/// assert!(users((User::AGE, decade)).render()?.stages().contains("GROUPBY 2 @f0 @x0"));
/// # Ok::<(), cache_index::QueryError>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "groups of `{M}` cannot be made by `{Self}`",
    label = "expected a field of `{M}`, an expression with a name, or a tuple of them",
    note = "write `User::CITY`, `(User::CITY, User::ROLE)`, or `floor(User::AGE.expr() / 10).named(\"decade\")`"
)]
pub trait GroupBy<M> {
    #[doc(hidden)]
    fn into_keys(self) -> Keys;
}

#[doc(hidden)]
#[derive(Debug, Clone, Default)]
pub struct Keys(pub(super) Vec<Key>);

impl<M, V: SingleValue, K: Grouped, O> GroupBy<M> for Field<M, V, K, O> {
    fn into_keys(self) -> Keys {
        Keys(vec![field_key(self)])
    }
}

impl<M> GroupBy<M> for Named<M> {
    fn into_keys(self) -> Keys {
        Keys(vec![Key { name: self.name.to_owned(), node: self.node, value: self.value }])
    }
}

macro_rules! tuples {
    ($(($($name:ident)*))*) => {$(
        impl<M, $($name: GroupBy<M>),*> GroupBy<M> for ($($name,)*) {
            #[allow(non_snake_case, reason = "the types' names stand for the values")]
            fn into_keys(self) -> Keys {
                let ($($name,)*) = self;
                let mut keys = Keys::default();
                $(keys.0.extend($name.into_keys().0);)*
                keys
            }
        }
    )*};
}

tuples! { (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) }
