//! How a migration goes about: what a user chose, apart from the models.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::lock::SchemaLock;
use super::progress::Progress;

/// How long an index that nobody uses stays: long enough that a release can be taken back and finds its index filled.
const RETAIN: Duration = Duration::from_secs(24 * 60 * 60);

/// How long a schema counts as used once that was said: a process that was killed keeps its index for no longer.
const LEASE: Duration = Duration::from_secs(60);

/// How a model gets an index of a new schema.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel, Migrator};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, #[index] city: String }
/// # async fn example(cache: Cache) -> Result<(), cache_core::MigrateError> {
/// use cache_core::Strategy;
///
/// // Memory is scarce, and releases only ever add fields.
/// Migrator::new().register::<User>().strategy(Strategy::InPlaceAdditive).run(&cache).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Strategy {
    /// A new index beside the old one, filled and verified before the alias moves. Both take memory until the old one
    /// is collected, and writes are indexed twice meanwhile.
    #[default]
    Rebuild,
    /// If the new schema is the old one and fields more, these are added to the index that is there (`FT.ALTER`), which
    /// then answers to both names; else as [`Rebuild`](Strategy::Rebuild).
    ///
    /// It takes less memory and less work of the server. But an index takes a document as a whole: one in which an
    /// *added* field has a value of another type vanishes from the index of the old release too, until it is mended. The
    /// migrator then stops before the new release uses the index, and names such documents; so does every later run, also
    /// with another strategy or of another release. Queries of the old release say that documents are missing from the moment on
    /// in which they vanish. While the server goes through the documents they are answered in full, unless their process never saw
    /// the index filled before.
    ///
    /// Where two releases add one name with two kinds at once, the second gets an index of its own.
    InPlaceAdditive,
    /// Nothing is made, moved or dropped: somebody else does that, with the plan at hand, which has the commands
    /// ([`Plan::commands`](crate::Plan::commands)). A missing index is [`MigrateError::Missing`](crate::MigrateError::Missing). Nor is one made again that vanishes later: queries then fail
    /// with [`Error::IndexLeft`](crate::Error::IndexLeft), as the last run under a cache said.
    /// One that is there is compared with the documents, once; what is found is kept as with the other strategies. PHONETIC,
    /// EF_RUNTIME, EPSILON, INITIAL_CAP and BLOCK_SIZE of it are not known, since the server does not tell them.
    Manual,
}

/// What a plan depends on beside the schema and the server.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Options {
    pub(crate) strategy: Strategy,
    pub(crate) lock: Option<SchemaLock>,
    /// Whether the alias moves whatever the lock says.
    pub(crate) force: bool,
    /// How many documents a new index may lack beyond those that the old one lacks.
    pub(crate) allowed_failures: u64,
    pub(crate) checks_memory: bool,
    pub(crate) retires_redis_om: bool,
    /// Whether `run` collects.
    pub(crate) collects: bool,
    pub(crate) retain: Duration,
    /// How long a schema counts as used once that was said.
    pub(crate) lease: Duration,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            strategy: Strategy::default(),
            lock: None,
            force: false,
            allowed_failures: 0,
            checks_memory: true,
            retires_redis_om: false,
            collects: true,
            retain: RETAIN,
            lease: LEASE,
        }
    }
}

/// Whom something is told.
type Listener<T> = Arc<dyn Fn(&T) + Send + Sync>;

/// Who wants to know how a run goes on.
#[derive(Clone, Default)]
pub(super) struct Listeners {
    pub(super) progress: Option<Listener<Progress>>,
    pub(super) steps: Option<Listener<str>>,
}

impl Listeners {
    /// A step is done.
    pub(super) fn step(&self, name: &str) {
        if let Some(listener) = &self.steps {
            listener(name);
        }
    }
}

impl fmt::Debug for Listeners {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listened = (self.progress.is_some(), self.steps.is_some());
        f.debug_struct("Listeners").field("progress", &listened.0).field("steps", &listened.1).finish()
    }
}
