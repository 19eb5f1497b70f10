//! The hosts of all tenants together.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Instant;

use tokio::sync::{Mutex, MutexGuard};

use super::error::TierFailure;
use super::host::{Host, Listed};
use super::rows::HostTenantMapping;
use super::sections::Sections;

/// The hosts of all tenants, as a process read them last.
#[derive(Default)]
pub(super) struct Hosts {
    seen: RwLock<Option<Arc<Seen>>>,
    /// Who reads them. One at a time.
    turn: Mutex<()>,
}

pub(super) struct Seen {
    /// The state of all hosts at the server before they were read; `None`: there was no server.
    pub(super) state: Option<String>,
    pub(super) began: Instant,
    pub(super) sections: Arc<Sections>,
    pub(super) owners: Owners,
    /// Why it is not all of them.
    pub(super) failures: Vec<TierFailure>,
}

/// Who has a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Owner {
    One(String),
    Several(String, String),
}

#[derive(Debug, Default)]
pub(super) struct Owners(pub(super) HashMap<Listed, Owner>);

/// How a host was found.
pub(super) enum Found<'a> {
    Exact(&'a Owner),
    Below(&'a Owner),
    Nowhere,
}

/// What a load of a host brings that is not stored.
#[derive(Debug, Clone)]
pub(super) enum NotStored {
    Tenant(String),
    Conflict(String, String),
    Unavailable(Vec<TierFailure>),
}

impl Owners {
    pub(super) fn add(&mut self, tenant: &str, hosts: &BTreeSet<Listed>) {
        for host in hosts {
            let owner = self.0.entry(host.clone()).or_insert_with(|| Owner::One(tenant.to_owned()));
            if let Owner::One(first) = owner
                && first != tenant
            {
                *owner = Owner::Several(first.clone(), tenant.to_owned());
            }
        }
    }

    /// The hosts of a tenant.
    pub(super) fn of(&self, tenant: &str) -> BTreeSet<Listed> {
        let has = |owner: &Owner| match owner {
            Owner::One(one) => one == tenant,
            Owner::Several(first, second) => first == tenant || second == tenant,
        };
        self.0.iter().filter(|(_, owner)| has(owner)).map(|(host, _)| host.clone()).collect()
    }

    /// The host itself goes before `*.` and what it ends in, of which the longest goes first.
    pub(super) fn find(&self, host: &Host) -> Found<'_> {
        if let Some(owner) = self.0.get(&Listed::Exact(host.clone())) {
            return Found::Exact(owner);
        }
        let mut rest = host.as_str();
        while let Some((_, parent)) = rest.split_once('.') {
            if let Some(owner) = Host::read(parent).ok().and_then(|parent| self.0.get(&Listed::Below(parent)))
            {
                return Found::Below(owner);
            }
            rest = parent;
        }
        Found::Nowhere
    }
}

impl Seen {
    pub(super) fn answer(&self, host: &Host, basis: String) -> Result<Option<HostTenantMapping>, NotStored> {
        let complete = self.failures.is_empty();
        match self.owners.find(host) {
            Found::Exact(Owner::Several(first, second)) | Found::Below(Owner::Several(first, second)) => {
                Err(NotStored::Conflict(first.clone(), second.clone()))
            }
            Found::Exact(Owner::One(tenant)) if complete => {
                Ok(Some(HostTenantMapping { host: host.to_string(), tenant: tenant.clone(), basis }))
            }
            // Which hosts of a pattern were seen is known to nobody who could drop them.
            Found::Exact(Owner::One(tenant)) | Found::Below(Owner::One(tenant)) => {
                Err(NotStored::Tenant(tenant.clone()))
            }
            Found::Nowhere if complete => Ok(None),
            Found::Nowhere => Err(NotStored::Unavailable(self.failures.clone())),
        }
    }
}

impl Hosts {
    pub(super) fn seen(&self) -> Option<Arc<Seen>> {
        self.seen.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn keep(&self, seen: Option<Arc<Seen>>) {
        *self.seen.write().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    /// Waits for the turn to read them, as long as the reads before it take.
    pub(super) async fn turn(&self) -> MutexGuard<'_, ()> {
        self.turn.lock().await
    }
}
