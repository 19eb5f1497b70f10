//! The migrator: makes the indexes that the registered models need, waits until they are filled, and points
//! the aliases at them.

// A file imports from those before it: words, lock, unlocked, progress, options, memory, observed, plan, error, report,
// scripts, check, refuse, denied, inspect, masters, preflight, data, foresee, lease, create, wait, turn, count, verify, claims, cutover, collect, apply,
// this one, choices, registered, survey, locked, deferred, refusal, look, watch.

mod apply;
mod check;
mod choices;
mod claims;
mod collect;
mod count;
mod create;
mod cutover;
mod data;
mod deferred;
mod denied;
mod error;
mod foresee;
mod inspect;
mod lease;
mod lock;
mod locked;
mod look;
mod masters;
mod memory;
mod observed;
mod options;
mod plan;
mod preflight;
mod progress;
#[cfg(feature = "cli")]
mod refusal;
mod refuse;
mod registered;
mod report;
mod scripts;
mod survey;
mod turn;
mod unlocked;
mod verify;
mod wait;
mod watch;
mod words;

use std::time::Duration;

use cache_index::{IndexSchema, Schema};

pub use data::{DataDifference, DataFailure, DataMigration, DataMigrationError, DataReport, RecordedStep};
pub use error::MigrateError;
#[cfg(feature = "cli")]
pub(crate) use lock::Entry as LockEntry;
pub use lock::{SchemaLock, SchemaLockError};
#[cfg(feature = "cli")]
pub(crate) use memory::{Bytes, documents};
pub use memory::{Estimate, Sample, ServerMemory};
pub use observed::{Disagreement, Extending, LeaseSeen, Observed};
pub use options::Strategy;
pub use plan::{Notice, Plan, Step};
pub use progress::Progress;
pub use report::{MigratedIndex, Migration};
pub use unlocked::Unlocked;
pub use watch::Watch;

use self::apply::Run;
use self::options::{Listeners, Options};
use crate::cache::Cache;
use crate::error::Error;
use crate::index;

/// How often a run makes new plans because something changed under it: an index that vanished (FLUSHDB), a replica that
/// was faster. More often than replicas of a fleet get in each other's way.
const ROUNDS: u32 = 20;

/// Which models' indexes are wanted. A value: nothing is sent before [`run`](Migrator::run),
/// [`plan`](Migrator::plan), [`inspect`](Migrator::inspect) or [`collect`](Migrator::collect).
///
/// An index is named by the fingerprint of its schema, so that any number of replicas may run the migrator at
/// boot, of the same release or of different ones: equal schemas agree on one index, and different schemas never touch
/// each other's.
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
/// for (model, notice) in migration.notices() {
///     println!("{model}: {notice}");
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a migrator does nothing until `run`"]
pub struct Migrator {
    schemas: Vec<&'static Schema>,
    options: Options,
    /// A lock that cannot be read is kept until it is used: `lock` is written in chains.
    bad_lock: Option<SchemaLockError>,
    listeners: Listeners,
    /// Whether what cannot be done now is put off; `None`: as the cache does without its server.
    pub(crate) defers: Option<bool>,
}

impl Migrator {
    /// A migrator without models.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a model. A model without an index has none to make; its prefix is checked all the same.
    pub fn register<M: IndexSchema>(self) -> Self {
        self.register_schema(M::schema())
    }

    /// Registers a model by its schema.
    pub fn register_schema(mut self, schema: &'static Schema) -> Self {
        if !self.schemas.iter().any(|known| std::ptr::eq(*known, schema)) {
            self.schemas.push(schema);
        }
        self
    }

    /// The schemas of the registered models, in the order of registration.
    pub fn schemas(&self) -> &[&'static Schema] {
        &self.schemas
    }

    /// What is on the server for each registered model that has an index, in the order of registration. Only reads.
    ///
    /// # Errors
    /// [`MigrateError`] if the models cannot live together, or the server cannot be asked.
    pub async fn inspect(&self, cache: &Cache) -> Result<Vec<Observed>, MigrateError> {
        match self.observe(cache).await {
            Ok((observed, _)) => Ok(observed),
            Err(error) => Err(preflight::named(cache, &self.indexed(), error).await),
        }
    }

    /// What [`run`](Migrator::run) would do now, for each registered model that has an index, in the order of
    /// registration, with what is missing from its index by now. Only reads.
    ///
    /// # Errors
    /// [`MigrateError`] if the models cannot live together, or the server cannot be asked.
    pub async fn plan(&self, cache: &Cache) -> Result<Vec<Plan>, MigrateError> {
        match self.planned(cache).await {
            Err(error) => Err(preflight::named(cache, &self.indexed(), error).await),
            plans => plans,
        }
    }

    /// Makes every registered model's index, waits until it holds the documents that are there, compares it with the old
    /// one, points the alias at it, and drops indexes of older releases that nobody has used for a day. Safe to run at
    /// boot in every replica, and again at any time: what is there is left alone, and whoever is killed in the middle
    /// leaves what the next run goes on with.
    ///
    /// Nothing is written before the models, the server, the user's rights and the memory are known to do. The first thing
    /// written is a lease, which says that this schema is in use: renewed as long as a handle of the cache is there, it
    /// keeps other releases from dropping the index ([`collect`](Migrator::collect) says more). Where the index is filled it
    /// may wait, and so may the alias ([`Notice::AliasWaits`]), so that a replica of the service boots also while the server
    /// takes no writes.
    ///
    /// An index that vanishes meanwhile, or that another replica makes again, is waited for too: the run goes on with a new plan,
    /// and its answer tells all that was done by each.
    ///
    /// The wait has no bound, since filling an index takes as long as the documents and the load on the server
    /// make it take; wrap the call in a time-out to give up earlier, and run it again to go on.
    ///
    /// # Errors
    /// [`MigrateError`] says what to do. Before anything is written: models that cannot live together, a
    /// [`Drift`](MigrateError::Drift), an [alias that is taken](MigrateError::AliasTaken), too little
    /// [memory](MigrateError::Memory), a server or user that [cannot](MigrateError::Unsupported), cannot
    /// [now](MigrateError::ReadOnly) or [may not](MigrateError::Permission). Later: [`Verify`](MigrateError::Verify) for documents that the new index lacks,
    /// [`Server`](MigrateError::Server) for what kept the server from doing it.
    pub async fn run(&self, cache: &Cache) -> Result<Migration, MigrateError> {
        match deferred::run(self, cache).await {
            Err(error) => Err(preflight::named(cache, &self.indexed(), error).await),
            done => done,
        }
    }

    async fn run_now(&self, cache: &Cache) -> Result<Migration, MigrateError> {
        let mut run = Run::new(cache, &self.options, &self.listeners);
        let mut vanished = None;
        for round in 0..ROUNDS {
            let (observed, plans) = self.observe(cache).await?;
            if plans.is_empty() {
                return Ok(Migration { indexes: Vec::new(), deferred: false });
            }
            refuse::refuse(&plans, &self.options)?;
            // Where there is nothing to do, the lease is all that is written, and the server says itself what that lacks.
            if round == 0 && !plans.iter().all(Plan::is_empty) {
                preflight::check(cache, &plans).await?;
            }
            if let Some(indexes) = run.apply(&plans, &observed).await?
                && self.are_filled(cache).await?
            {
                return Ok(Migration { indexes, deferred: false });
            }
            let left = plans.iter().position(|plan| !plan.is_empty()).unwrap_or_default();
            vanished = plans.into_iter().nth(left);
        }
        let (model, index) = vanished.map(|plan| (plan.model, plan.index)).unwrap_or_default();
        Err(Error::IndexMissing { model, index }.into())
    }

    /// Whether all indexes are filled as they are seen now; those that vanished at last are made again.
    async fn are_filled(&self, cache: &Cache) -> Result<bool, MigrateError> {
        let mut filled = true;
        for schema in self.indexed() {
            let index = schema.index_name(cache.keyspace()?);
            filled &= index::look(cache, schema, &index, Duration::ZERO).await?;
        }
        Ok(filled)
    }

    /// Drops the indexes of the registered models that nobody has used for longer than [`retain`](Migrator::retain), and
    /// answers their names. Documents stay, unless somebody made an index of such a name by hand, and TEMPORARY: the server
    /// deletes the documents of such a one with it, and `FT.INFO` does not say that it is one.
    ///
    /// An index is used as long as a process that ran the migrator with its schema, or [watches](Migrator::watch) it, has a handle of its cache, and a minute
    /// longer. Never dropped are the one that the alias points at and those of the registered models themselves. One of
    /// which nobody knows when it was used last is kept from now on for as long as the others.
    ///
    /// # Errors
    /// As [`plan`](Migrator::plan), and what kept the server from dropping one.
    pub async fn collect(&self, cache: &Cache) -> Result<Vec<String>, MigrateError> {
        match self.collect_now(cache).await {
            Err(error) => Err(preflight::named(cache, &self.indexed(), error).await),
            dropped => dropped,
        }
    }

    async fn collect_now(&self, cache: &Cache) -> Result<Vec<String>, MigrateError> {
        let (observed, plans) = self.observe(cache).await?;
        let options = Options { collects: true, ..self.options.clone() };
        let mut dropped = Vec::new();
        for (plan, observed) in plans.iter().zip(&observed) {
            for index in observed.ours(&plan.alias).map(|index| &index.name) {
                // The script knows whether it is in use, and begins to count for one that it sees for the first time.
                if *index != plan.index && collect::collect(cache, plan, index, &options).await? {
                    dropped.push(index.clone());
                }
            }
        }
        Ok(dropped)
    }

    fn indexed(&self) -> Vec<&'static Schema> {
        self.schemas.iter().copied().filter(|schema| schema.is_indexed()).collect()
    }

    fn check(&self, cache: &Cache) -> Result<(), MigrateError> {
        if let Some(error) = &self.bad_lock {
            return Err(error.clone().into());
        }
        check::check(&self.schemas)?;
        let keyspace = cache.keyspace()?;
        for schema in self.indexed() {
            schema.check_namespace(keyspace)?;
            cache.capabilities().require_search("the migrator")?;
        }
        Ok(())
    }
}
