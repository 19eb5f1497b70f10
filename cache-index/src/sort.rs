//! What answers are sorted by.

use std::fmt;
use std::marker::PhantomData;

use crate::path::SearchName;

/// Which end comes first.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const AGE: Field<User, u8, Numeric, Options<Yes>> = Field::indexed("age", "age").sortable();
/// # }
/// assert_eq!(User::AGE.desc().direction(), Direction::Descending);
/// assert_eq!(User::AGE.asc().direction(), Direction::Ascending);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The smallest first.
    Ascending,
    /// The largest first.
    Descending,
}

impl Direction {
    pub(crate) const fn keyword(self) -> &'static str {
        match self {
            Self::Ascending => "ASC",
            Self::Descending => "DESC",
        }
    }
}

/// A sortable field of model `M` and a direction. Made by a handle's `asc` and `desc`.
///
/// ```
/// # use cache_index::*;
/// # struct User;
/// # impl User {
/// #     const AGE: Field<User, u8, Numeric, Options<Yes>> = Field::indexed("age", "age").sortable();
/// # }
/// let oldest_first = User::AGE.desc();
/// assert_eq!(oldest_first.field().to_string(), "age");
/// assert_eq!(format!("{oldest_first:?}"), "age DESC");
/// ```
pub struct SortKey<M> {
    field: SearchName,
    direction: Direction,
    model: PhantomData<fn() -> M>,
}

impl<M> SortKey<M> {
    pub(crate) const fn new(field: SearchName, direction: Direction) -> Self {
        Self { field, direction, model: PhantomData }
    }

    /// The field's search name.
    pub const fn field(&self) -> SearchName {
        self.field
    }

    /// The direction.
    pub const fn direction(&self) -> Direction {
        self.direction
    }
}

impl<M> Clone for SortKey<M> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<M> Copy for SortKey<M> {}

impl<M> fmt::Debug for SortKey<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.direction.keyword())
    }
}
