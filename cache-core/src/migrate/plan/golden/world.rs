//! A server made of data: what is on it, and what the steps of a plan make of that.

use std::collections::{BTreeMap, HashSet};

use bytes::Bytes;
use cache_index::{Fingerprint, IndexInfo, Keyspace, Schema};

use crate::index::{Compared, Kept};
use crate::migrate::memory::ServerMemory;
use crate::migrate::observed::{Beside, Extending, Observed, Seen, fingerprint_in};
use crate::migrate::plan::{Plan, Step};

/// When it is, in milliseconds.
pub(super) const NOW: u64 = 1_000_000_000;

#[derive(Debug, Clone, Default)]
pub(super) struct World {
    indexes: BTreeMap<String, IndexInfo>,
    aliases: BTreeMap<String, String>,
    leases: BTreeMap<String, u64>,
    extending: BTreeMap<String, String>,
    /// The keys that redis-om left of an index that is gone.
    pub(super) left: Vec<String>,
    pub(super) keys: u64,
    /// The indexes beside which redis-om keeps its digest.
    pub(super) hashed: Vec<String>,
    /// The indexes of others that the user may not look at.
    pub(super) hidden: Vec<String>,
    pub(super) memory: Option<ServerMemory>,
    /// What each master of a cluster says of a name, where they differ.
    torn: BTreeMap<String, Vec<Option<String>>>,
    /// Whether nobody compared the indexes with the documents.
    pub(super) unverified: bool,
    /// Whether nobody compared those of other schemas.
    pub(super) unproven: bool,
}

impl World {
    pub(super) fn keyspace() -> Keyspace {
        Keyspace::default()
    }

    /// The index of a schema, filled, with documents and some memory.
    pub(super) fn with(self, schema: &Schema) -> Self {
        let name = schema.index_name(&Self::keyspace());
        self.named(&name, schema)
    }

    /// The index of a schema under another name.
    pub(super) fn named(mut self, name: &str, schema: &Schema) -> Self {
        let definition = schema.definition(&Self::keyspace());
        let info = IndexInfo {
            name: name.to_owned(),
            documents: 60_000,
            memory: 12_300_000,
            percent_indexed: 1.0,
            definition,
            ..IndexInfo::default()
        };
        self.indexes.insert(name.to_owned(), info);
        self
    }

    /// Changes an index.
    pub(super) fn but(mut self, name: &str, change: impl FnOnce(&mut IndexInfo)) -> Self {
        change(self.indexes.get_mut(name).unwrap());
        self
    }

    /// The alias of a schema's model points at the index of the schema.
    pub(super) fn active(self, schema: &Schema) -> Self {
        let keyspace = Self::keyspace();
        self.alias(&schema.alias(&keyspace), &schema.index_name(&keyspace))
    }

    pub(super) fn alias(mut self, alias: &str, index: &str) -> Self {
        self.aliases.insert(alias.to_owned(), index.to_owned());
        self
    }

    /// A schema was used until so many milliseconds before now.
    pub(super) fn used(mut self, fingerprint: &Fingerprint, before: u64) -> Self {
        self.leases.insert(fingerprint.to_string(), NOW - before);
        self
    }

    /// The schema's release began to extend an index.
    pub(super) fn extending(mut self, schema: &Schema, index: &str) -> Self {
        self.extending.insert(schema.fingerprint().to_string(), index.to_owned());
        self
    }

    /// Masters do not say the same of a name.
    pub(super) fn torn(mut self, name: &str, said: &[Option<&str>]) -> Self {
        let said = said.iter().map(|one| one.map(str::to_owned)).collect();
        self.torn.insert(name.to_owned(), said);
        self
    }

    pub(super) fn observe(&self, schema: &Schema) -> Observed {
        let named = |(name, info): (&String, &IndexInfo)| (name.clone().into(), info.clone());
        let mut found: std::collections::HashMap<Bytes, _> = self.indexes.iter().map(named).collect();
        for (alias, index) in &self.aliases {
            // An index shadows an alias of its name.
            if let (Some(info), false) = (self.indexes.get(index), self.indexes.contains_key(alias)) {
                found.insert(alias.clone().into(), info.clone());
            }
        }
        let listed = self.indexes.keys().cloned().map(Into::into).collect();
        let leases = self.leases.iter().map(|(fingerprint, until)| (fingerprint.parse().unwrap(), *until));
        let extension = |(fingerprint, index): (&String, &String)| Extending {
            fingerprint: fingerprint.parse().unwrap(),
            index: index.clone(),
            missing: 0,
            fields: 1,
            digests: HashSet::new(),
        };
        let beside = Beside {
            leases: leases.collect(),
            extensions: self.extending.iter().map(extension).collect(),
            compared: Vec::new(),
            taken: None,
            hashed: self.hashed.clone(),
            redis_om_keys: self.left.clone(),
        };
        let (server, cluster) = (String::new(), false);
        let (hidden, now, memory) = (self.hidden.clone(), NOW, self.memory);
        let torn = self.torn.iter().map(|(name, said)| (name.clone().into(), said.clone())).collect();
        let seen = Seen { listed, found, torn, hidden, now, keys: self.keys, memory, server, cluster };
        let observed = seen.of(schema, &Self::keyspace(), beside);
        let alias = schema.alias(&Self::keyspace());
        let proven = observed.ours(&alias).filter(|_| !self.unproven);
        let kept = |index: &IndexInfo| {
            let (index, compared) = (index.name.clone(), Compared::default());
            Kept { fingerprint: *schema.fingerprint(), index, compared }
        };
        let kept = proven.map(kept).collect();
        Observed { unverified: self.unverified && observed.index.is_some(), kept, ..observed }
    }

    /// What is there when the plan was carried out.
    pub(super) fn after(mut self, plan: &Plan) -> Self {
        self.leases.insert(plan.fingerprint.to_string(), NOW + 60_000);
        for step in &plan.steps {
            match step {
                Step::Create { index } => {
                    self = self.named(index, plan.schema.0);
                    self.torn.remove(index);
                    self.unverified = true;
                }
                Step::AlterAdd { index, fields } => {
                    self.extending.insert(plan.fingerprint.to_string(), index.clone());
                    let there = self.indexes.get_mut(index).unwrap();
                    there.definition.fields.extend(fields.iter().cloned());
                }
                Step::Wait => {
                    for info in self.indexes.values_mut() {
                        info.indexing = false;
                        info.percent_indexed = 1.0;
                    }
                }
                Step::Adopt { index, name } => {
                    self.extending.remove(&plan.fingerprint.to_string());
                    self.aliases.insert(name.clone(), index.clone());
                    self.torn.remove(name);
                }
                Step::Cutover { from, to } => {
                    let was = from.as_deref().and_then(|from| fingerprint_in(from, &plan.alias));
                    if let Some(was) = was {
                        let until = self.leases.entry(was.to_string()).or_insert(NOW);
                        *until = NOW.max(*until);
                    }
                    self.aliases.insert(plan.alias.clone(), to.clone());
                    self.torn.remove(&plan.alias);
                }
                Step::Retire { index, .. } if !self.indexes.contains_key(index) => self.left.clear(),
                Step::Retire { index, .. } | Step::Collect { index } => {
                    self.indexes.remove(index).unwrap();
                    self.aliases.retain(|_, target| target != index);
                }
                Step::Verify { against } => {
                    assert!(self.indexes.contains_key(against), "{against}");
                    self.unverified = false;
                }
                Step::VerifyAll => self.unverified = false,
                Step::Drift { .. } => {}
            }
        }
        self
    }
}
