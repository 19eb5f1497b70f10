//! What a migration left behind.

use std::fmt;

use serde::Serialize;

use super::memory::documents;
use super::plan::{Notice, Plan};

/// What a migration left behind: an index for each model that has one, filled.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel, Migrator};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, #[index] city: String }
/// # async fn example(cache: Cache) -> Result<(), cache_core::MigrateError> {
/// let migration = Migrator::new().register::<User>().defer().run(&cache).await?;
/// if migration.is_deferred() {
///     println!("booted without the server; `cache.readiness()` tells when the indexes are there");
/// }
/// println!("{migration}");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Migration {
    pub(super) indexes: Vec<MigratedIndex>,
    pub(super) deferred: bool,
}

impl Migration {
    pub(super) fn deferred() -> Self {
        Self { indexes: Vec::new(), deferred: true }
    }

    /// Whether it was put off until the server can be asked and takes writes, as [`Migrator::defer`](crate::Migrator::defer) lets
    /// it. Then there are no indexes yet; [`Cache::readiness`](crate::Cache::readiness) tells when they are.
    pub fn is_deferred(&self) -> bool {
        self.deferred
    }

    /// The indexes, in the order of registration.
    pub fn indexes(&self) -> &[MigratedIndex] {
        &self.indexes
    }

    /// What was left as it is, and somebody should know of: each with the model it is about.
    pub fn notices(&self) -> impl Iterator<Item = (&'static str, &Notice)> {
        self.indexes.iter().flat_map(|index| index.notices.iter().map(|notice| (index.model, notice)))
    }
}

/// A line for each index, with what somebody should know of below it.
impl fmt::Display for Migration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.deferred {
            return f.write_str("put off, and tried again in the background; `cache.readiness()` says why");
        }
        let mut first = true;
        self.indexes.iter().try_for_each(|index| {
            let line = if std::mem::take(&mut first) { "" } else { "\n" };
            write!(f, "{line}{index}")
        })
    }
}

/// A model's index after a migration.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel, Migrator};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, #[index] city: String }
/// # async fn example(cache: Cache) -> Result<(), cache_core::MigrateError> {
/// for index in Migrator::new().register::<User>().run(&cache).await?.indexes() {
///     println!("{}: {} documents, made by this run: {}", index.name, index.documents, index.created);
///     if let Some(key) = &index.last_failure {
///         println!("{} are not in it, such as `{key}`", index.missing);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct MigratedIndex {
    /// The model.
    pub model: &'static str,
    /// The name by which queries reach the index.
    pub name: String,
    /// Whether this run asked for it to be created; another replica may have been faster.
    pub created: bool,
    /// How many documents it holds.
    pub documents: u64,
    /// How many documents are there and not in it, for a value of another type than its field. While there are
    /// any, answers of this cache handle say that they may be incomplete. That they were mended or deleted is noticed within
    /// half a minute where the index is asked; on a cluster, and in models with a `filter`, when the index is made anew.
    pub missing: u64,
    /// The key of the last such document; [`Notice::Lacking`] has those of the first ten.
    pub last_failure: Option<String>,
    /// Whether the alias points at it.
    pub active: bool,
    /// The indexes that were dropped: older ones of ours, and that of redis-om.
    pub dropped: Vec<String>,
    /// What was left as it is, and somebody should know of.
    pub notices: Vec<Notice>,
}

impl MigratedIndex {
    pub(super) fn of(plan: &Plan) -> Self {
        Self {
            model: plan.model,
            name: plan.index.clone(),
            created: false,
            documents: 0,
            missing: 0,
            last_failure: None,
            active: false,
            dropped: Vec::new(),
            notices: plan.notices.clone(),
        }
    }
}

impl fmt::Display for MigratedIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.model, self.name, documents(self.documents))?;
        self.notices.iter().try_for_each(|notice| write!(f, "\n  ! {notice}"))
    }
}
