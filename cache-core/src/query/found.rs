//! What a query found.

use std::ops::Deref;

use cache_index::Completeness;

/// The documents that a query found, how many there are in all, and whether the answer is complete.
///
/// It is used like a slice, and iterated like a vector.
///
/// ```
/// use cache_core::{CacheModel, testkit};
///
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User {
/// #     #[primary_key]
/// #     id: u32,
/// #     #[index]
/// #     city: String,
/// # }
/// # tokio::runtime::Runtime::new()?.block_on(async {
/// let cache = testkit::Memory::cache();
/// for id in 1..=3 {
///     User { id, city: "Bern".to_owned() }.save(&cache).await?;
/// }
/// let found = User::find_by_city("Bern").page(0, 2).all(&cache).await?;
/// assert_eq!((found.len(), found.total()), (2, 3));
/// assert!(found.completeness().is_complete());
/// assert!(found.iter().all(|user| user.city == "Bern"));
/// # Ok::<_, cache_core::Error>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Found<T> {
    pub(super) items: Vec<T>,
    pub(super) total: u64,
    pub(super) completeness: Completeness,
}

impl<T> Found<T> {
    pub(super) fn nothing() -> Self {
        Self { items: Vec::new(), total: 0, completeness: Completeness::Complete }
    }

    /// How many documents the query means, whatever the page.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Whether documents may be missing. Always complete, unless the query was told to allow a partial answer.
    pub fn completeness(&self) -> &Completeness {
        &self.completeness
    }

    /// The documents.
    pub fn into_vec(self) -> Vec<T> {
        self.items
    }
}

impl<T> Deref for Found<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        &self.items
    }
}

impl<T> IntoIterator for Found<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Found<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.iter()
    }
}
