//! What keeps a document from being loaded.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::error::Error;

/// What kept a document from being got or loaded. All that waited for a load share its error.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # #[cache(ttl = "10m")]
/// # struct Price { #[primary_key] article: u64, cents: i64 }
/// # async fn ask_the_shop(article: u64) -> Result<Option<Price>, std::io::Error> { Ok(None) }
/// # async fn example(cache: Cache) {
/// use cache_core::LoadError;
///
/// match Price::get_or_load(&cache, 7, || ask_the_shop(7)).await {
///     Ok(Some(price)) => println!("{} cents", price.cents),
///     Ok(None) => println!("the shop has no such article"),
///     Err(LoadError::Loader(error)) => println!("the shop does not answer: {error}"),
///     Err(LoadError::Timeout { after }) => println!("the shop took longer than {after:?}"),
///     Err(error) => println!("{error}"),
/// }
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum LoadError<E> {
    /// The loader failed.
    Loader(Arc<E>),
    /// The loader took too long, and was dropped.
    Timeout {
        /// How long it had.
        after: Duration,
    },
    /// The loader panicked, or its runtime ended.
    Panicked,
    /// What is stored, or was loaded, cannot be used.
    Cache(Arc<Error>),
}

impl<E> LoadError<E> {
    /// The loader's error, if that is what went wrong.
    pub fn loader(&self) -> Option<&E> {
        match self {
            Self::Loader(error) => Some(error),
            _ => None,
        }
    }

    /// The same for somebody else who waited.
    pub(super) fn again(&self) -> Self {
        match self {
            Self::Loader(error) => Self::Loader(Arc::clone(error)),
            Self::Timeout { after } => Self::Timeout { after: *after },
            Self::Panicked => Self::Panicked,
            Self::Cache(error) => Self::Cache(Arc::clone(error)),
        }
    }
}

impl<E> From<Error> for LoadError<E> {
    fn from(error: Error) -> Self {
        Self::Cache(Arc::new(error))
    }
}

impl<E> fmt::Display for LoadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loader(_) => f.write_str("the loader failed"),
            Self::Timeout { after } => {
                write!(
                    f,
                    "the loader was not done within {after:?}; give it longer with `within`, or a bound of its own"
                )
            }
            Self::Panicked => f.write_str("the loader panicked, or its runtime ended"),
            Self::Cache(_) => f.write_str("the document could not be got or stored"),
        }
    }
}

impl<E: std::error::Error + 'static> std::error::Error for LoadError<E> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Loader(error) => Some(&**error),
            Self::Cache(error) => Some(&**error),
            Self::Timeout { .. } | Self::Panicked => None,
        }
    }
}
