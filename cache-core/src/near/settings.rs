//! How much is kept near, and for how long.

use std::time::Duration;

/// What a near cache keeps. Made into one by [`Cache::near`](crate::Cache::near).
///
/// ```no_run
/// use std::time::Duration;
/// use cache_core::{Cache, CacheModel, NearCache};
///
/// #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// struct User {
///     #[primary_key]
///     id: String,
///     name: String,
/// }
///
/// # async fn example() -> cache_core::Result<()> {
/// let cache = Cache::connect("redis://localhost:6379").await?.project("shop");
/// let near = cache.near(NearCache::new().capacity(100_000).ttl(Duration::from_secs(30))).await?;
///
/// let user = near.get::<User>("u1").await?; // asks the server, and keeps what it says
/// let same = near.get::<User>("u1").await?; // the same `Arc<User>`, as long as nobody changed it
/// # let _ = (user, same);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NearCache {
    pub(super) capacity: usize,
    pub(super) ttl: Duration,
}

impl Default for NearCache {
    fn default() -> Self {
        Self { capacity: 10_000, ttl: Duration::from_secs(30) }
    }
}

impl NearCache {
    /// Ten thousand documents, each for at most thirty seconds.
    pub fn new() -> Self {
        Self::default()
    }

    /// How many documents are kept at most, those among them that are known to be missing. Which of them are is decided by how
    /// often they are asked for, so that reading all of many once drives nothing else out (a Clock-PRO: S. Jiang, F. Chen, X. Zhang,
    /// "CLOCK-Pro: An Effective Improvement of the CLOCK Replacement", USENIX 2005; by the crate `quick_cache`). Zero counts as one.
    #[doc(alias = "max_size")]
    pub fn capacity(mut self, documents: usize) -> Self {
        self.capacity = documents.max(1);
        self
    }

    /// How long a document is kept at most, whether the server says anything of it or not. It is kept no longer than its own
    /// time to live. Zero: nothing is kept.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.ttl = ttl;
        self
    }
}
