//! The migrator: makes the indexes that the registered models need, waits until they are filled, and points
//! the aliases at them.

// A file imports from those before it: words, lock, unlocked, progress, options, memory, observed, plan, error, report,
// scripts, check, refuse, denied, inspect, masters, preflight, data, foresee, lease, create, wait, turn, count, verify, cutover, collect, apply,
// this one, registered, survey, locked, deferred, refusal, look, watch.

mod apply;
mod check;
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

use std::sync::Arc;
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

    /// How a model gets an index of a new schema; [`Strategy::Rebuild`] without it.
    pub fn strategy(mut self, strategy: Strategy) -> Self {
        self.options.strategy = strategy;
        self
    }

    /// Which schemas are older than those of this release: the text of the repository's `schema.lock`, usually
    /// `include_str!("../schema.lock")`.
    ///
    /// With it, the alias moves only from an index that is older, so that boots of old and new releases in any order
    /// leave it at the newest; unless a schema goes back to what it was (A, B, A): then each of the two is older than the other,
    /// and a replica of the release between, whose lock does not have the last line, takes the alias from the newest when it
    /// boots, until one of that boots again. Without it, it moves to the index of whoever boots, with a [`Notice::NoLock`]. Queries of
    /// this crate never use the alias.
    ///
    /// The same holds when indexes vanish and are made again (FLUSHDB): whoever makes its own again gets the alias if that
    /// points nowhere and pointed at this index when the migrator ran. With a lock, it then takes the alias from an older
    /// index as soon as its own is filled; without one, from none.
    ///
    /// A text that is no lock is an error of every later call.
    pub fn lock(mut self, text: &str) -> Self {
        (self.options.lock, self.bad_lock) = match text.parse() {
            Ok(lock) => (Some(lock), None),
            Err(error) => (None, Some(error)),
        };
        self
    }

    /// Moves the alias to the index of this release whatever the lock says: for a release that is taken back on purpose.
    pub fn force_activate(mut self) -> Self {
        self.options.force = true;
        self
    }

    /// How many documents a new index may lack of those that the old one holds; 0 without it. With more, the alias
    /// stays and the run ends with [`MigrateError::Verify`].
    ///
    /// Documents are compared key by key if either index ever failed to take one, or if the new one holds fewer; else the
    /// new one lacks none that the old one has, since an index takes every document that is written or that its scan meets. Where
    /// no run found that the old one has all (it vanished and was made again, or somebody else made it), the new one is compared
    /// with the documents too. After an addition in
    /// place that was refused, the old index is taken to hold what it held before. On a cluster, numbers are compared.
    ///
    /// As long as they are missing, queries are refused that do not say `allow_partial`.
    ///
    /// Only documents that the server refuses for a value may be missing. Those that it would take are
    /// [`MigrateError::Unfilled`], however many are allowed.
    pub fn allow_failures(mut self, documents: u64) -> Self {
        self.options.allowed_failures = documents;
        self
    }

    /// Makes new indexes even if the server seems to have too little memory for them.
    ///
    /// What is checked is that a second index as large as the one before fits below the server's `maxmemory`. Nothing is where
    /// there is no such limit, since a server does not know how much of its machine it may have; nor for the first index of a
    /// model, which nothing is known of, unless redis-om left one for the same documents. Where the server throws any keys away
    /// to make room (`allkeys-…`), it is told and not refused: [`Notice::Evicts`].
    pub fn skip_memory_check(mut self) -> Self {
        self.options.checks_memory = false;
        self
    }

    /// Drops the index that redis-om left for the same documents, and its keys `<index>:hash` and `<index>:schema`, when
    /// ours is filled, active, and lacks no document that theirs holds, also if it was made long before. Documents stay.
    ///
    /// An index is redis-om's if it is over exactly the keys of the model and has the name that redis-om gives it,
    /// `<global>:<prefix>:index`, or any name with a SHA-1 in the key `<index>:hash`. Where the index of that first name is
    /// gone by itself, its keys go too.
    ///
    /// When nothing that uses redis-om runs any longer: its own migrator would create the index again.
    ///
    /// Not for an index that somebody made TEMPORARY, which redis-om never does: the server deletes the documents of such a one
    /// with it, whoever drops it, and `FT.INFO` does not say that it is one.
    pub fn retire_redis_om(mut self) -> Self {
        self.options.retires_redis_om = true;
        self
    }

    /// How long an index that nobody uses is kept; 24 hours without it, so that a release that is taken back finds its
    /// index filled.
    pub fn retain(mut self, unused: Duration) -> Self {
        self.options.retain = unused;
        self
    }

    /// Leaves dropping old indexes to [`collect`](Migrator::collect). Without it, [`run`](Migrator::run) drops those
    /// that nobody has used for longer than [`retain`](Migrator::retain).
    pub fn keep_old_indexes(mut self) -> Self {
        self.options.collects = false;
        self
    }

    /// Tells how far an index is filled, about once a second while it is waited for.
    pub fn progress(mut self, listener: impl Fn(&Progress) + Send + Sync + 'static) -> Self {
        self.listeners.progress = Some(Arc::new(listener));
        self
    }

    /// Calls the function behind each boundary at which a run may be killed: `leased`, `created`, `altered`, `filled`,
    /// `verified`, `aliased`, `cutover`, `retired`, `collected`. For tests.
    #[doc(hidden)]
    pub fn observe_steps(mut self, listener: Arc<dyn Fn(&str) + Send + Sync>) -> Self {
        self.listeners.steps = Some(listener);
        self
    }

    /// How long the lease of a schema lasts that is not renewed, in place of a minute. For tests.
    #[doc(hidden)]
    pub fn lease_for(mut self, ttl: Duration) -> Self {
        self.options.lease = ttl;
        self
    }

    /// Lets [`run`](Migrator::run) put the migration off where the server cannot be reached, does not answer in time, is
    /// starting, takes no writes or has no room for a second index, in place of an error: for services that boot without their cache.
    ///
    /// The migration is then done in the background as soon as the server lets it, each model by itself, tried again after
    /// random pauses of up to 10 seconds, or a minute where somebody has to mend something first, for as long as a handle of the cache is there; until then queries fail as they do without a
    /// server. [`Migration::is_deferred`] says so, and [`Cache::readiness`] since when, and what the last try met. A run
    /// that breaks off while it waits for an index to be filled is put off too. Everything else is an error all the same.
    ///
    /// A later run that succeeds, or is put off too, takes its place: the options of the last run count.
    ///
    /// On a cache that [does without its server](Cache::connect_or_degrade) it is so without this.
    pub fn defer(mut self) -> Self {
        self.defers = Some(true);
        self
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
