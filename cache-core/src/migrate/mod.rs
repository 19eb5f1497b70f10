//! The migrator: makes the indexes that the registered models need, waits until they are filled, and points
//! the aliases at them.

mod apply;
mod data;
mod error;
mod inspect;
mod plan;
mod registered;

use std::collections::HashSet;

use cache_index::{IndexSchema, Schema};

pub use data::{DataDifference, DataFailure, DataMigration, DataMigrationError, DataReport, RecordedStep};
pub use error::MigrateError;
pub use plan::{Plan, Step};
pub use registered::RegisteredModel;

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
}

impl Migrator {
    /// A migrator without models.
    pub fn new() -> Self {
        Self::default()
    }

    /// A migrator of every model of the binary: of each `#[derive(CacheModel)]` in it and in the crates that it uses,
    /// also of models without an index, whose prefixes are checked. In the order of their prefixes.
    ///
    /// They are found by the [`inventory`](https://docs.rs/inventory) crate, before `main`, so that nothing has to be
    /// kept up by hand. What is not there cannot be found: a model that a `cfg` leaves out, and the models of a
    /// dependency that no code names. An implementation of [`IndexSchema`] by hand, and so one that is generic, is
    /// registered with [`register`](Migrator::register). A binary with models that are not meant for one
    /// cache, or in which two models have one name, registers them by hand.
    ///
    /// ```no_run
    /// # use cache_core::{Cache, Migrator};
    /// # async fn example(cache: Cache) -> Result<(), cache_core::MigrateError> {
    /// let migration = Migrator::all().run(&cache).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn all() -> Self {
        Self { schemas: registered::schemas() }
    }

    /// Registers a model. A model without an index has none to make; its prefix is checked all the same.
    pub fn register<M: IndexSchema>(mut self) -> Self {
        let schema = M::schema();
        if !self.schemas.iter().any(|known| std::ptr::eq(*known, schema)) {
            self.schemas.push(schema);
        }
        self
    }

    /// The schemas of the registered models, in the order of registration.
    pub fn schemas(&self) -> impl Iterator<Item = &'static Schema> + use<'_> {
        self.schemas.iter().copied()
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
        if self.schemas.iter().any(|schema| schema.is_indexed()) {
            cache.capabilities().require_search("the migrator")?;
        }
        let plans = self.plan(cache).await?;
        // All indexes are made first, so that the server fills them at the same time.
        let mut indexes = Vec::with_capacity(plans.len());
        for plan in &plans {
            apply::create(cache, plan).await?;
        }
        for plan in &plans {
            indexes.push(apply::finish(cache, plan).await?);
        }
        Ok(Migration { indexes })
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
                if one.model() == other.model() && one.prefix() != other.prefix() {
                    return Err(MigrateError::SameModelName {
                        model: one.model(),
                        one_prefix: one.prefix(),
                        other_prefix: other.prefix(),
                    });
                }
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
}

impl Migration {
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
