//! What is on the server, as far as a plan needs it: data, however it was read.

use std::collections::{HashMap, HashSet};

use bytes::Bytes;
use cache_index::{Fingerprint, IndexDefinition, IndexInfo, Keyspace, Schema};
use serde::Serialize;

use super::memory::ServerMemory;
use crate::index::{Compared, Kept, mark_name};

/// What the server has for one model's documents, as [`Migrator::inspect`](crate::Migrator::inspect) reads it.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel, Migrator};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, #[index] city: String }
/// # async fn example(cache: Cache) -> Result<(), cache_core::MigrateError> {
/// for seen in Migrator::new().register::<User>().inspect(&cache).await? {
///     let documents = seen.index.map(|index| index.documents);
///     println!("{documents:?} documents in the index, {} keys on the server", seen.keys);
///     println!("{} indexes have such documents", seen.indexes.len());
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Observed {
    /// The index that answers to the name of the schema's own; `None`: there is none. Its own name is another one where
    /// it was adopted, or extended in place.
    pub index: Option<IndexInfo>,
    /// The index that answers to the alias; `None`: the alias points nowhere.
    pub active: Option<IndexInfo>,
    /// Whether the schema's index is there and not known to have been compared with the documents, or was found to lack some
    /// for no value of theirs. On a cluster, and where the schema has a filter, it cannot be.
    pub unverified: bool,
    /// The indexes to which releases began to add fields, and are not known to have done so to the end.
    pub extensions: Vec<Extending>,
    /// All indexes whose documents are, or could be, documents of the model: those of all its schemas, and those of
    /// others.
    pub indexes: Vec<IndexInfo>,
    /// Indexes of others that the user may not look at, so that it is not known whether they have documents of the model.
    pub hidden: Vec<String>,
    /// The indexes that redis-om made for exactly the model's documents.
    pub redis_om: Vec<String>,
    /// The keys that redis-om left of an index that is gone.
    pub redis_om_keys: Vec<String>,
    /// How many keys of any kind there are; on a cluster, on one of its nodes.
    pub keys: u64,
    /// Which schemas' indexes are in use, and since when those are not that no longer are.
    pub leases: Vec<LeaseSeen>,
    /// The server's clock, in milliseconds since 1970.
    pub now: u64,
    /// The server's memory; `None`: it has no limit, or does not tell.
    pub memory: Option<ServerMemory>,
    /// The key by which replicas share the search for missing documents, if it holds something else.
    pub taken: Option<String>,
    /// The names of the model's indexes, and its alias, of which the masters of a cluster do not say the same: one of them lost
    /// its data, or did not hear of a change. Its index is made again where it is missing.
    pub disagreements: Vec<Disagreement>,
    /// What is kept of comparisons, of those indexes that are there and that the schemas use.
    #[serde(skip)]
    pub(super) kept: Vec<Kept>,
    /// With how many fields the schemas' indexes were seen that are gone, by what is kept of comparisons.
    #[serde(skip)]
    pub(super) had: Vec<(Fingerprint, usize)>,
    /// The run of the server; empty: it does not tell.
    #[serde(skip)]
    pub(super) server: String,
}

/// What each master of a cluster says of a name, where they differ.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel, Migrator};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, #[index] city: String }
/// # async fn example(cache: Cache) -> Result<(), cache_core::MigrateError> {
/// for seen in Migrator::new().register::<User>().inspect(&cache).await? {
///     for one in &seen.disagreements {
///         let lack = one.found.iter().filter(|found| found.is_none()).count();
///         println!("{lack} of {} masters lack {}", one.found.len(), one.name);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Disagreement {
    /// The name.
    pub name: String,
    /// The index that it stands for, a master each, in the order of their ids; `None`: it has none.
    pub found: Vec<Option<String>>,
}

/// That fields are being added to an index, or were without the new release coming to use it.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel, Migrator};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, #[index] city: String }
/// # async fn example(cache: Cache) -> Result<(), cache_core::MigrateError> {
/// for seen in Migrator::new().register::<User>().inspect(&cache).await? {
///     for one in &seen.extensions {
///         println!("{} is being extended for {}; it lacked {} documents", one.index, one.fingerprint, one.missing);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Extending {
    /// The schema that needs them.
    pub fingerprint: Fingerprint,
    /// The index, by its own name.
    pub index: String,
    /// How many documents were missing from it before.
    pub missing: u64,
    /// How many fields it had before.
    pub fields: usize,
    /// What stands for the keys of these, unless there were too many to keep.
    #[serde(skip)]
    pub(super) digests: HashSet<u64>,
}

impl Extending {
    /// Whether the index has fields more than before: else nothing was added yet, or it was made again since.
    pub(super) fn is_of(&self, index: &IndexInfo) -> bool {
        self.index == index.name && index.definition.fields.len() > self.fields
    }

    /// Whether it is known which documents were missing before, and not only how many.
    pub(super) fn is_known(&self) -> bool {
        self.digests.len() as u64 == self.missing
    }
}

/// What stands beside the documents of one model.
#[derive(Debug, Default)]
pub(super) struct Beside {
    pub(super) leases: Vec<(Fingerprint, u64)>,
    pub(super) extensions: Vec<Extending>,
    pub(super) compared: Vec<(Fingerprint, Compared)>,
    /// The key of turns, if it holds something else.
    pub(super) taken: Option<String>,
    /// The indexes that have the key beside them in which redis-om keeps what it made.
    pub(super) hashed: Vec<String>,
    /// The keys that redis-om keeps beside the index of the name that it gives by default.
    pub(super) redis_om_keys: Vec<String>,
}

/// That releases of a schema use its index.
///
/// ```no_run
/// # use cache_core::{Cache, CacheModel, Migrator};
/// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
/// # struct User { #[primary_key] id: String, #[index] city: String }
/// # async fn example(cache: Cache) -> Result<(), cache_core::MigrateError> {
/// for seen in Migrator::new().register::<User>().inspect(&cache).await? {
///     for lease in &seen.leases {
///         let used = if lease.until > seen.now { "in use" } else { "no longer in use" };
///         println!("{}: {used}", lease.fingerprint);
///     }
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct LeaseSeen {
    /// The schema.
    pub fingerprint: Fingerprint,
    /// Until when, by the server's clock, in milliseconds since 1970; if that is over: until when the last one did.
    pub until: u64,
    /// The index that the schema's name stands for; `None`: there is none.
    pub index: Option<String>,
}

/// What was read of a server for all models together.
pub(super) struct Seen {
    /// The names of all indexes.
    pub(super) listed: Vec<Bytes>,
    /// What answers to each name that was asked after.
    pub(super) found: HashMap<Bytes, IndexInfo>,
    /// The names of which masters do not say the same, and what each says.
    pub(super) torn: HashMap<Bytes, Vec<Option<String>>>,
    /// The names of those that the user may not look at.
    pub(super) hidden: Vec<String>,
    pub(super) now: u64,
    pub(super) keys: u64,
    pub(super) memory: Option<ServerMemory>,
    pub(super) server: String,
    pub(super) cluster: bool,
}

impl Seen {
    /// What it means for one model, with what stands beside its documents.
    pub(super) fn of(&self, schema: &Schema, keyspace: &Keyspace, beside: Beside) -> Observed {
        let (alias, index) = (schema.alias(keyspace), schema.index_name(keyspace));
        let wanted = schema.definition(keyspace);
        let found = |name: &str| self.found.get(name.as_bytes()).cloned();
        let here =
            |info: &&IndexInfo| is_ours(&info.name, &alias) || wanted.shares_documents(&info.definition);
        let lease = |(fingerprint, until)| {
            let index =
                self.found.get(format!("{alias}:{fingerprint}").as_bytes()).map(|info| info.name.clone());
            LeaseSeen { fingerprint, until, index }
        };
        let mut redis_om: Vec<String> = self.same_documents(&wanted).map(|one| one.name.clone()).collect();
        let default = redis_om_index(&alias);
        redis_om.retain(|name| *name == default || beside.hashed.contains(name));
        let kept = |(fingerprint, compared): (Fingerprint, Compared)| {
            let index = found(&mark_name(&alias, fingerprint, &compared.mark))?.name;
            // What was found while fields were added for a schema, before it came to use the index, is no baseline.
            found(&format!("{alias}:{fingerprint}")).filter(|used| used.name == index)?;
            Some(Kept { fingerprint, index, compared })
        };
        let is_gone =
            |one: &&(Fingerprint, Compared)| found(&mark_name(&alias, one.0, &one.1.mark)).is_none();
        let had = beside.compared.iter().filter(is_gone).map(|(of, one)| (*of, one.fields)).collect();
        let kept: Vec<_> = beside.compared.into_iter().filter_map(kept).collect();
        let verified = |index: IndexInfo| {
            let of_it = |kept: &&Kept| kept.fingerprint == *schema.fingerprint() && kept.index == index.name;
            kept.iter().find(of_it).is_some_and(|kept| kept.compared.is_filled())
        };
        let comparable = !self.cluster && schema.filter().is_none();
        let stands_for = found(&index).map(|info| info.name).filter(|name| *name != index);
        let disagrees = |name: String| {
            let found = self.torn.get(name.as_bytes())?.clone();
            Some(Disagreement { name, found })
        };
        let ours = [Some(index.clone()), stands_for, Some(alias.clone())];
        Observed {
            disagreements: ours.into_iter().flatten().filter_map(disagrees).collect(),
            unverified: comparable && found(&index).is_some_and(|index| !verified(index)),
            kept,
            had,
            server: self.server.clone(),
            index: found(&index),
            active: found(&alias),
            extensions: beside.extensions,
            taken: beside.taken,
            hidden: self.hidden.clone(),
            redis_om,
            redis_om_keys: if found(&default).is_none() { beside.redis_om_keys } else { Vec::new() },
            keys: self.keys,
            indexes: self
                .listed
                .iter()
                .filter_map(|name| self.found.get(name))
                .filter(here)
                .cloned()
                .collect(),
            leases: beside.leases.into_iter().map(lease).collect(),
            now: self.now,
            memory: self.memory,
        }
    }
}

impl Seen {
    /// The indexes that others made over exactly the same keys.
    pub(super) fn same_documents<'a>(
        &'a self,
        wanted: &'a IndexDefinition,
    ) -> impl Iterator<Item = &'a IndexInfo> {
        self.listed.iter().filter_map(|name| self.found.get(name)).filter(|one| {
            let of =
                |definition: &IndexDefinition| (definition.prefixes.clone(), definition.key_type.clone());
            of(&one.definition) == of(wanted) && !names_an_index(&one.name)
        })
    }
}

/// The name that redis-om gives an index, unless it is told another one.
pub(super) fn redis_om_index(alias: &str) -> String {
    format!("{}index", alias.strip_suffix("idx").unwrap_or(alias))
}

/// What redis-om keeps beside an index: the digest and the text of its schema.
pub(super) fn redis_om_keys(index: &str) -> [String; 2] {
    [format!("{index}:hash"), format!("{index}:schema")]
}

impl Observed {
    /// What each master says of a name, if they differ.
    pub(super) fn disagreement(&self, name: &str) -> Option<&Disagreement> {
        self.disagreements.iter().find(|one| one.name == name)
    }

    /// What this schema's release began to add fields to, and the index, if it is there.
    pub(super) fn extending(&self, fingerprint: Fingerprint) -> Option<(&Extending, &IndexInfo)> {
        let extending = self.extensions.iter().find(|one| one.fingerprint == fingerprint)?;
        Some((extending, self.all().find(|index| index.name == extending.index)?))
    }

    /// The schemas whose releases no longer add fields to an index: this one, which has its own by now, and those whose index
    /// is gone.
    pub(super) fn given_up(&self, own: Fingerprint) -> Vec<Fingerprint> {
        let is_there = |name: &str| self.all().any(|there| there.name == name);
        let gone = |one: &&Extending| one.fingerprint == own || !is_there(&one.index);
        self.extensions.iter().filter(gone).map(|one| one.fingerprint).collect()
    }

    /// The index that a fingerprint's name stands for.
    pub(super) fn index_of(&self, alias: &str, fingerprint: Fingerprint) -> Option<&IndexInfo> {
        let name = format!("{alias}:{fingerprint}");
        let leased = self.leases.iter().find(|lease| lease.fingerprint == fingerprint);
        let stands_for = leased.and_then(|lease| lease.index.as_ref()).unwrap_or(&name);
        self.all().find(|index| index.name == *stands_for)
    }

    /// The indexes that were made for a schema of this prefix.
    pub(super) fn ours<'a>(&'a self, alias: &'a str) -> impl Iterator<Item = &'a IndexInfo> {
        self.indexes.iter().filter(move |index| is_ours(&index.name, alias))
    }

    /// The index of this name.
    pub(super) fn named(&self, name: &str) -> Option<&IndexInfo> {
        self.all().find(|index| index.name == name)
    }

    /// Whether the index of this name that was seen is not this one, but one before it: ids of documents only grow.
    pub(super) fn saw_another(&self, now: &IndexInfo) -> bool {
        self.named(&now.name).is_some_and(|seen| seen.last_document > now.last_document)
    }

    /// Whether a run compared the index with the documents, and found that it lacked none but for their values.
    pub(super) fn is_proven(&self, index: &IndexInfo) -> bool {
        self.kept.iter().any(|kept| kept.index == index.name && kept.compared.is_filled())
    }

    fn all(&self) -> impl Iterator<Item = &IndexInfo> {
        self.indexes.iter().chain(&self.index).chain(&self.active)
    }
}

/// Whether an index is named as one of a schema of the prefix with this alias.
pub(super) fn is_ours(name: &str, alias: &str) -> bool {
    fingerprint_in(name, alias).is_some()
}

/// The fingerprint in the name of such an index.
pub(super) fn fingerprint_in(name: &str, alias: &str) -> Option<Fingerprint> {
    name.strip_prefix(alias)?.strip_prefix(':')?.parse().ok()
}

/// Whether an index is named as one of some schema of some namespace.
pub(super) fn names_an_index(name: &str) -> bool {
    name.rsplit_once(':').is_some_and(|(alias, _)| alias.ends_with(":idx") && is_ours(name, alias))
}
