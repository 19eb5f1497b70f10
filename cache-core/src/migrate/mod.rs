//! The migrator: makes the indexes that the registered models need, waits until they are filled, and points
//! the aliases at them.

mod apply;
mod data;
mod deferred;
mod error;
mod inspect;
mod plan;
mod watch;

use std::collections::HashSet;

use cache_index::{IndexSchema, Schema};

pub use data::{DataDifference, DataFailure, DataMigration, DataMigrationError, DataReport, RecordedStep};
pub use error::MigrateError;
pub use plan::{Plan, Step};
pub use watch::Watch;

use crate::cache::Cache;

/// Which models' indexes are wanted. A value: nothing is sent before [`run`](Migrator::run) or
/// [`plan`](Migrator::plan).
///
/// An index is named by the fingerprint of its schema, so that any number of replicas may run the migrator at
/// boot, of the same release or of different ones: equal schemas agree on one index, different schemas never touch
/// each other's, and no index is ever dropped.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel, Migrator};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, #[index] city: String }
/// # async fn example(cache: Cache) -> Result<(), cache_core::MigrateError> {
/// let migration = Migrator::new().register::<User>().run(&cache).await?;
/// for index in migration.indexes() {
///     println!("{}: {} documents", index.name, index.documents);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a migrator does nothing until `run`"]
pub struct Migrator {
    schemas: Vec<&'static Schema>,
    defers: bool,
}

impl Migrator {
    /// A migrator without models.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a model. A model without an index has none to make; its prefix is checked all the same.
    pub fn register<M: IndexSchema>(mut self) -> Self {
        let schema = M::schema();
        if !self.schemas.iter().any(|known| std::ptr::eq(*known, schema)) {
            self.schemas.push(schema);
        }
        self
    }

    /// Lets [`run`](Migrator::run) put the migration off where the server cannot be reached, does not answer in time, is
    /// starting or takes no writes, in place of an error: for services that boot without their cache.
    ///
    /// The migration is then done in the background as soon as the server lets it, tried again after random pauses of up
    /// to 10 seconds, for as long as a handle of the cache is there; until then queries fail as they do without a
    /// server. [`Migration::is_deferred`] says so, and [`Cache::readiness`] since when, and what the last try met. A run
    /// that breaks off while it waits for an index to be filled is put off too. Everything else is an error all the same.
    pub fn defer(mut self) -> Self {
        self.defers = true;
        self
    }

    /// What [`run`](Migrator::run) would do now. Only reads.
    ///
    /// # Errors
    /// [`MigrateError`] if the models cannot live together, or the server cannot be asked.
    pub async fn plan(&self, cache: &Cache) -> Result<Vec<Plan>, MigrateError> {
        self.check()?;
        let mut plans = Vec::new();
        for schema in self.schemas.iter().filter(|schema| schema.is_indexed()) {
            schema.check_namespace(cache.keyspace()?)?;
            plans.push(plan::plan(schema, cache.keyspace()?, inspect::inspect(cache, schema).await?)?);
        }
        Ok(plans)
    }

    /// Makes every registered model's index, waits until it holds the documents that are there, and points the
    /// alias at it. Safe to run at boot in every replica, and again at any time: what is there is left alone.
    ///
    /// The wait has no bound, since filling an index takes as long as the documents and the load on the server
    /// make it take; wrap the call in a time-out to give up earlier, and run it again to go on.
    ///
    /// # Errors
    /// [`MigrateError::Overlap`] if two models' documents would mix, before anything is written;
    /// [`MigrateError::AliasTaken`] if an index of another make has the alias's name; [`MigrateError::Server`] for
    /// what kept the server from doing it.
    pub async fn run(&self, cache: &Cache) -> Result<Migration, MigrateError> {
        self.check()?;
        deferred::run(self, cache).await
    }

    async fn run_now(&self, cache: &Cache) -> Result<Migration, MigrateError> {
        if self.schemas.iter().any(|schema| schema.is_indexed()) {
            cache.capabilities().require_search("the migrator")?;
        }
        let plans = self.plan(cache).await?;
        // All indexes are made first, so that the server fills them at the same time.
        let mut indexes = Vec::with_capacity(plans.len());
        for plan in &plans {
            apply::create(cache, plan).await?;
            // From now on it is made again when it vanishes.
            cache.standing().migrated(&plan.index);
        }
        for plan in &plans {
            indexes.push(apply::finish(cache, plan).await?);
        }
        Ok(Migration { indexes, deferred: false })
    }

    fn indexed(&self) -> Vec<&'static Schema> {
        self.schemas.iter().copied().filter(|schema| schema.is_indexed()).collect()
    }

    fn check(&self) -> Result<(), MigrateError> {
        for schema in &self.schemas {
            let mut names = HashSet::new();
            // The derive sees a struct's own names; those of embedded structs come together only here.
            if let Some(twice) = schema
                .indexed()
                .map(|field| field.name().to_string())
                .find(|name| !names.insert(name.clone()))
            {
                return Err(MigrateError::SameName { model: schema.model(), name: twice });
            }
            if let Some(name) = schema.unknown_in_filter() {
                return Err(MigrateError::FilterField { model: schema.model(), name });
            }
        }
        for (number, one) in self.schemas.iter().enumerate() {
            for other in self.schemas.iter().skip(number + 1) {
                if one.keys_overlap(other) {
                    return Err(MigrateError::Overlap {
                        one: one.model(),
                        one_prefix: one.prefix(),
                        other: other.model(),
                        other_prefix: other.prefix(),
                    });
                }
            }
        }
        Ok(())
    }
}

/// What a migration left behind: an index for each model that has one, filled and aliased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    indexes: Vec<MigratedIndex>,
    deferred: bool,
}

impl Migration {
    fn deferred() -> Self {
        Self { indexes: Vec::new(), deferred: true }
    }

    /// Whether it was put off until the server can be asked, as [`Migrator::defer`] lets it. Then there are no indexes yet;
    /// [`Cache::readiness`] tells when they are.
    pub fn is_deferred(&self) -> bool {
        self.deferred
    }

    /// The indexes, in the order of registration.
    pub fn indexes(&self) -> &[MigratedIndex] {
        &self.indexes
    }
}

/// A model's index after a migration.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct MigratedIndex {
    /// The model.
    pub model: &'static str,
    /// The index's name on the server.
    pub name: String,
    /// Whether this run asked for it to be created; another replica may have been faster.
    pub created: bool,
    /// How many documents it holds.
    pub documents: u64,
    /// How many documents are there and not in it, because a value has another type than its field. While there are
    /// any, answers of this cache handle say that they may be incomplete; after mending or deleting them, run the
    /// migrator again.
    pub missing: u64,
    /// The key of the last such document.
    pub last_failure: Option<String>,
}
