//! The rows of an aggregation.

use std::ops::Deref;

use cache_index::Completeness;

/// The rows of an aggregation, and whether they are complete. It is used like a slice, and iterated like a vector.
///
/// ```no_run
/// use cache_core::aggregate::{avg, count};
/// use cache_core::{Cache, CacheModel, Summary};
///
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User {
/// #     #[primary_key]
/// #     id: u32,
/// #     #[index]
/// #     city: String,
/// #     #[index]
/// #     age: u8,
/// # }
/// #[derive(Debug, serde::Deserialize)]
/// struct City {
///     city: String,
///     users: u64,
///     age: f64,
/// }
///
/// # async fn example(cache: &Cache) -> cache_core::Result<()> {
/// let users = User::find().group_by(User::CITY).reduce("users", count()).reduce("age", avg(User::AGE));
/// let cities: Summary<City> = users.rows(cache).await?;
/// println!("{} cities, all of them: {}", cities.len(), cities.completeness().is_complete());
/// for city in &cities {
///     println!("{} in {}, {:.1} years on average", city.users, city.city, city.age);
/// }
/// # Ok(())
/// # }
/// ```
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
