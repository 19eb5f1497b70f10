//! What is chosen before a migrator runs: how, by which lock, with which allowances.

use std::sync::Arc;
use std::time::Duration;

use super::Migrator;
use super::options::Strategy;
use super::progress::Progress;

impl Migrator {
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
    /// boots, until one of that boots again. Without it, it moves to the index of whoever boots, with a [`Notice::NoLock`](crate::Notice::NoLock). Queries of
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
    /// stays and the run ends with [`MigrateError::Verify`](crate::MigrateError::Verify).
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
    /// [`MigrateError::Unfilled`](crate::MigrateError::Unfilled), however many are allowed.
    pub fn allow_failures(mut self, documents: u64) -> Self {
        self.options.allowed_failures = documents;
        self
    }

    /// Makes new indexes even if the server seems to have too little memory for them.
    ///
    /// What is checked is that a second index as large as the one before fits below the server's `maxmemory`. Nothing is where
    /// there is no such limit, since a server does not know how much of its machine it may have; nor for the first index of a
    /// model, which nothing is known of, unless redis-om left one for the same documents. Where the server throws any keys away
    /// to make room (`allkeys-…`), it is told and not refused: [`Notice::Evicts`](crate::Notice::Evicts).
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
    /// server. [`Migration::is_deferred`](crate::Migration::is_deferred) says so, and [`Cache::readiness`](crate::Cache::readiness) since when, and what the last try met. A run
    /// that breaks off while it waits for an index to be filled is put off too. Everything else is an error all the same.
    ///
    /// A later run that succeeds, or is put off too, takes its place: the options of the last run count.
    ///
    /// On a cache that [does without its server](crate::Cache::connect_or_degrade) it is so without this.
    pub fn defer(mut self) -> Self {
        self.defers = Some(true);
        self
    }
}
