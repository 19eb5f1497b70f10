//! What queries do while their index is being filled.

use std::time::Duration;

/// What a query does while its index is being filled: after it vanished and was made again, or after the server started
/// anew and reads its documents once more. Set for all queries by [`Cache::while_indexing`](crate::Cache::while_indexing),
/// and for one by [`Query::while_indexing`](crate::Query::while_indexing).
///
/// | | an index that is being filled | what is handed out |
/// |---|---|---|
/// | `Allow` | is asked all the same, at once | nothing ([`Error::Incomplete`](crate::Error::Incomplete)), or with [`allow_partial`](crate::Query::allow_partial) what is there, marked with [`Shortfall::Indexing`](crate::Shortfall::Indexing) |
/// | `FailFast` | is not asked | nothing: [`Error::Indexing`](crate::Error::Indexing) at once |
/// | `WaitUpTo(time)` | is waited for | the answer of the filled index, or [`Error::Indexing`](crate::Error::Indexing) when the time is over |
///
/// A server that is there and loads its data is waited for likewise, by `WaitUpTo`; one that cannot be reached is an error at once.
///
/// `FailFast` is `WaitUpTo(Duration::ZERO)`. Under both an answer never has
/// [`Shortfall::Indexing`](crate::Shortfall::Indexing), also one that may be partial: what `allow_partial` allows there are
/// all other reasons. Verbs whose answer cannot say that it is partial ([`tag_values`](crate::Terms::tag_values), spell
/// checks) take `Allow` as `FailFast`; those that read no documents (`explain`, `profile`) take no notice.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel, IndexPolicy};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, #[index] city: String }
/// # async fn example(cache: Cache) -> cache_core::Result<()> {
/// use std::time::Duration;
///
/// let cache = cache.while_indexing(IndexPolicy::WaitUpTo(Duration::from_secs(2)));
/// let users = User::find_by_city("Bern").all(&cache).await?;
/// let count = User::find().while_indexing(IndexPolicy::FailFast).count(&cache).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum IndexPolicy {
    /// Asks at once: the answer says that documents may be missing, and is refused unless it was allowed to be partial.
    #[default]
    Allow,
    /// Fails at once.
    FailFast,
    /// Waits until the index is filled, at most so long, plus the time that the server takes for one answer.
    WaitUpTo(Duration),
}

impl IndexPolicy {
    /// How long is waited; `None`: the answer is taken as it is.
    pub(crate) fn patience(self) -> Option<Duration> {
        match self {
            Self::Allow => None,
            Self::FailFast => Some(Duration::ZERO),
            Self::WaitUpTo(time) => Some(time),
        }
    }
}
