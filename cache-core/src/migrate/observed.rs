//! What is on the server, as far as a plan needs it: data, however it was read.

use std::collections::HashMap;

use bytes::Bytes;
use cache_index::{Fingerprint, IndexInfo, Keyspace, Schema};
use serde::Serialize;

use super::memory::ServerMemory;

/// What the server has for one model's documents, as [`Migrator::inspect`](crate::Migrator::inspect) reads it.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Observed {
    /// The index that answers to the name of the schema's own; `None`: there is none. Its own name is another one where
    /// it was adopted, or extended in place.
    pub index: Option<IndexInfo>,
    /// The index that answers to the alias; `None`: the alias points nowhere.
    pub active: Option<IndexInfo>,
    /// The index to which this release began to add fields, and is not known to have done so to the end.
    pub extending: Option<Extending>,
    /// All indexes whose documents are, or could be, documents of the model: those of all its schemas, and those of
    /// others.
    pub indexes: Vec<IndexInfo>,
    /// Which schemas' indexes are in use, and since when those are not that no longer are.
    pub leases: Vec<LeaseSeen>,
    /// The server's clock, in milliseconds since 1970.
    pub now: u64,
    /// The server's memory; `None`: it has no limit, or does not tell.
    pub memory: Option<ServerMemory>,
}

/// An index to which fields are being added.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Extending {
    /// The index.
    pub index: IndexInfo,
    /// How many documents were missing from it before.
    pub missing: u64,
}

/// That releases of a schema use its index.
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
    pub(super) now: u64,
    pub(super) memory: Option<ServerMemory>,
}

impl Seen {
    /// What it means for one model, with what stands beside its documents.
    pub(super) fn of(
        &self,
        schema: &Schema,
        keyspace: &Keyspace,
        leases: Vec<(Fingerprint, u64)>,
        extending: Option<(u64, String)>,
    ) -> Observed {
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
        Observed {
            index: found(&index),
            active: found(&alias),
            extending: extending.and_then(|(missing, name)| {
                // What was extended is there, by its own name, or is no longer of interest.
                let index = found(&name).filter(|index| index.name == name)?;
                Some(Extending { index, missing })
            }),
            indexes: self
                .listed
                .iter()
                .filter_map(|name| self.found.get(name))
                .filter(here)
                .cloned()
                .collect(),
            leases: leases.into_iter().map(lease).collect(),
            now: self.now,
            memory: self.memory,
        }
    }
}

impl Observed {
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

    /// The index that redis-om made for the same documents.
    pub(super) fn redis_om(&self, alias: &str) -> Option<&IndexInfo> {
        let name = format!("{}index", alias.strip_suffix("idx")?);
        self.indexes.iter().find(|index| index.name == name)
    }

    fn all(&self) -> impl Iterator<Item = &IndexInfo> {
        self.indexes
            .iter()
            .chain(&self.index)
            .chain(&self.active)
            .chain(self.extending.iter().map(|extending| &extending.index))
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
