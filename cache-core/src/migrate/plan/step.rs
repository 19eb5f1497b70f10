//! The steps of a plan, and what is to be known beside them.

use cache_index::{Difference, IndexedField};
use serde::Serialize;

use crate::migrate::memory::ServerMemory;

/// A step towards a schema's index, in the order in which they are done.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel, Migrator};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, #[index] city: String }
/// # async fn example(cache: Cache) -> Result<(), cache_core::MigrateError> {
/// use cache_core::Step;
///
/// // A deployment that makes no index while the shop is busy.
/// let plans = Migrator::new().register::<User>().plan(&cache).await?;
/// let builds = plans.iter().flat_map(|plan| &plan.steps).any(|step| matches!(step, Step::Create { .. }));
/// println!("{}", if builds { "wait for the night" } else { "go on" });
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "step", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Step {
    /// The index's name is taken by an index of another make. It is never dropped here: nothing is done for this model
    /// before somebody looks at it.
    Drift {
        /// The name.
        index: String,
        /// The index that is there: of another name, if ours is an alias of it.
        own: String,
        /// How it differs from what it should be.
        differences: Vec<Difference>,
    },
    /// Create the index.
    Create {
        /// Its name.
        index: String,
    },
    /// Add fields to an index that is there.
    AlterAdd {
        /// The index.
        index: String,
        /// The fields.
        fields: Vec<IndexedField>,
    },
    /// Wait until the index holds the documents that are there.
    Wait,
    /// Compare what the new index lacks with what the old one lacks.
    Verify {
        /// The old one; of an index that fields are added to, itself.
        against: String,
    },
    /// Look for documents that are there and not in the index: the first one of a model has no other to be compared with, one
    /// that is there and was never compared may have been made, and left unfilled, by hand, and an old one that was never
    /// compared may be as short as the new one.
    VerifyAll,
    /// Let the index that is there answer to the name of ours too: it was made for this very schema.
    Adopt {
        /// The index.
        index: String,
        /// Our name, which becomes an alias of it.
        name: String,
    },
    /// Point the alias at the index.
    Cutover {
        /// Where it points now; `None`: nowhere.
        from: Option<String>,
        /// The index.
        to: String,
    },
    /// Drop the index that redis-om left for the same documents, and its keys; or its keys alone, if it is gone. Documents
    /// stay.
    Retire {
        /// The index.
        index: String,
        /// Its keys.
        keys: Vec<String>,
    },
    /// Drop an index of ours that nobody has used for long. Documents stay.
    Collect {
        /// The index.
        index: String,
    },
}

/// Something that a plan leaves as it is, and somebody should know of.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel, Migrator};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, #[index] city: String }
/// # async fn example(cache: Cache) -> Result<(), cache_core::MigrateError> {
/// use cache_core::Notice;
///
/// for (model, notice) in Migrator::new().register::<User>().run(&cache).await?.notices() {
///     match notice {
///         Notice::Lacking { keys, .. } => println!("mend these documents of {model}: {keys:?}"),
///         other => println!("{model}: {other}"),
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "notice", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Notice {
    /// An index that redis-om made has the same documents. [`Migrator::retire_redis_om`](crate::Migrator::retire_redis_om)
    /// drops it when ours is in its place.
    RedisOm {
        /// The index.
        index: String,
    },
    /// An index of another model or namespace of ours has documents of this one among its own.
    Overlap {
        /// The index.
        index: String,
        /// What the keys of its documents begin with.
        prefixes: Vec<String>,
    },
    /// An index that is none of ours has documents of this model among its own.
    Foreign {
        /// The index.
        index: String,
        /// What the keys of its documents begin with.
        prefixes: Vec<String>,
    },
    /// Indexes of others that the user may not look at, so that it is not known whether they have documents of this model. Their
    /// names are what the user needs to be allowed to read them: `~name`; in RediSearch 8, what they are over.
    Hidden {
        /// The indexes.
        indexes: Vec<String>,
    },
    /// The alias moves from another schema's index, and no schema lock says which of the two is newer.
    NoLock {
        /// Where the alias pointed.
        from: String,
    },
    /// The schema is not in the lock that was given; what the lock has for its prefix was taken to be older.
    NotInLock,
    /// The alias points at an index that is not known to be older than this release's own, and stays there: this is the
    /// older release, or one of another branch.
    Newer {
        /// Where the alias points.
        active: String,
    },
    /// The index is filled and in use, and the alias stays where it is, since the server takes no writes now; the next run
    /// moves it. In the notices of a run alone.
    AliasWaits {
        /// Where the alias points; `None`: nowhere.
        active: Option<String>,
    },
    /// The index lacks documents that are there, since the server refuses each for a value of another type than its field has.
    /// While there are any, queries refuse answers that may lack them. A plan knows it of an index that a run compared.
    Lacking {
        /// The index.
        index: String,
        /// How many.
        documents: u64,
        /// The keys of the first ten; of an index with a `filter`, and on a cluster, the last one that was refused.
        keys: Vec<String>,
    },
    /// The index lacks documents that are there, and it is not known why: whether the server refuses them for their values, or
    /// was never asked to take them. While there are any, queries refuse answers that may lack them.
    Unjudged {
        /// The index.
        index: String,
        /// How many.
        documents: u64,
        /// The keys of the first ten.
        keys: Vec<String>,
        /// Why it is not known: the commands that asking needs and the user may not run; empty: for `reason`.
        commands: Vec<String>,
        /// What kept the server from being asked; `None`: nobody asked yet, which the next run does.
        reason: Option<String>,
    },
    /// The user may not run commands by which the server is asked why an index lacks documents. That matters only if it does:
    /// then a first run ends with [`MigrateError::Permission`](crate::MigrateError::Permission), and a later one with
    /// [`Unjudged`](Notice::Unjudged). In what [`Migrator::plan`](crate::Migrator::plan) answers alone.
    CannotJudge {
        /// The commands.
        commands: Vec<String>,
    },
    /// The new index needs more memory than is free, and the server makes room by throwing keys away, whichever its
    /// `maxmemory-policy` (`allkeys-…`) chooses: documents of any model, and keys of the migrator and of gates.
    Evicts {
        /// How many bytes the new indexes of this run will take, about.
        estimate: u64,
        /// What the server has.
        memory: ServerMemory,
    },
    /// A key beside the model's documents, by which replicas share the search for missing documents, holds something else: each
    /// looks for itself.
    Taken {
        /// The key.
        key: String,
    },
    /// A new index is made, since the active one, which is the same in all that the server tells, is not known to have the options that it
    /// does not tell: PHONETIC, EF_RUNTIME, EPSILON, INITIAL_CAP, BLOCK_SIZE.
    Untold {
        /// The active index.
        index: String,
        /// What is wanted of these options, a field each: `bio PHONETIC dm:en`. Other fields are to have none of them.
        wanted: Vec<String>,
    },
    /// The old index is to hold other documents than the new one, so that what they hold cannot be compared.
    NotComparable {
        /// The old index.
        index: String,
    },
    /// There are so many keys on the server that the model's documents were not looked for among them, to compare them with
    /// its index.
    NotCompared {
        /// How many keys there are.
        keys: u64,
    },
    /// Fields cannot be added to the index in place, for this reason; a new one is made.
    NotInPlace {
        /// The index.
        index: String,
        /// Why.
        reason: &'static str,
    },
    /// The masters of a cluster do not say the same of an index, or of the alias: one of them lost its data, or did not hear of a
    /// change. The plan makes them agree.
    Disagreement {
        /// The name.
        name: String,
        /// The index that it stands for, a master each; `None`: it has none.
        found: Vec<Option<String>>,
    },
    /// The index has fields that this schema lacks: a newer release added them in place.
    Extended {
        /// The index.
        index: String,
        /// How many.
        fields: usize,
    },
}

impl Notice {
    /// Whether it tells of an index that is made, or extended: once that is there, no plan says it again.
    pub(in crate::migrate) fn is_of_making(&self) -> bool {
        matches!(self, Self::NotInPlace { .. } | Self::Evicts { .. } | Self::Disagreement { .. })
    }

    /// Whether it tells of the alias that moves: once it did, no plan says it again.
    pub(in crate::migrate) fn is_of_moving(&self) -> bool {
        matches!(
            self,
            Self::NoLock { .. } | Self::Untold { .. } | Self::NotComparable { .. } | Self::NotCompared { .. }
        )
    }
}
