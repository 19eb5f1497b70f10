//! The rows of an aggregation.

use std::ops::Deref;

use cache_index::Completeness;

/// The rows of an aggregation, and whether they are complete. It is used like a slice, and iterated like a vector.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary<T> {
    pub(super) rows: Vec<T>,
    pub(super) completeness: Completeness,
}

impl<T> Summary<T> {
    /// Whether documents or rows may be missing. Always complete, unless the query was told to allow a partial answer.
    pub fn completeness(&self) -> &Completeness {
        &self.completeness
    }

    /// The rows.
    pub fn into_vec(self) -> Vec<T> {
        self.rows
    }
}

impl<T> Deref for Summary<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.rows
    }
}

impl<T> IntoIterator for Summary<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Summary<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.rows.iter()
    }
}
