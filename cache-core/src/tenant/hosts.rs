//! Which tenant has which host.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::error::{Misfit, TenantError, Tier, TierFailure};
use super::fit::{Fits, FitsPartly, HostsOf, misfit};
use super::host::{Host, Listed};
use super::overlay::merge;
use super::rows::{HostTenantMapping, HostsState};
use super::sections::{DEFAULT, Flaw, Sections};
use super::seen::{Found, NotStored, Owner, Owners, Seen};
use super::store::Stored;
use super::tiers::{Tiers, check_name, error_of};
use crate::cache_model::CacheModel;
use crate::load::{Load, LoadError};
use crate::model::JsonMap;

/// How long the hosts that were read are good where no server tells that they have changed.
const ALONE: Duration = Duration::from_secs(5);

/// The hosts that settings list, read.
pub(super) fn listed(tenant: &str, hosts: Vec<String>) -> Result<BTreeSet<Listed>, Misfit> {
    let read = |host: String| {
        let refused =
            |error| misfit(tenant, Some("hosts".to_owned()), format!("`{}`: {error}", host.escape_debug()));
        Listed::read(&host).map_err(refused)
    };
    hosts.into_iter().map(read).collect()
}

impl Tiers {
    /// The hosts of settings as they came out.
    pub(super) fn hosts_in(&self, tenant: &str, settings: &JsonMap) -> Result<BTreeSet<Listed>, Misfit> {
        listed(tenant, (self.hosts_of)(tenant, settings)?)
    }

    /// The tenant that has a host.
    pub(super) async fn tenant_of(self: &Arc<Self>, host: &Host) -> Result<String, TenantError> {
        let (name, sections) = (host.as_str(), self.sections());
        let unknown = || {
            self.counts.unknown.add();
            TenantError::UnknownHost { host: name.to_owned() }
        };
        if !self.cache.is_enabled() && self.unknown_hosts.has(name) {
            return Err(unknown());
        }
        let by_pattern =
            self.hosts.seen().is_some_and(|seen| matches!(seen.owners.find(host), Found::Below(_)));
        let answer = if by_pattern {
            self.read_host(host, &sections).await
        } else {
            let loader = {
                let (tiers, host, sections) = (Arc::clone(self), host.clone(), Arc::clone(&sections));
                move || async move {
                    let read = tiers.read_host(&host, &sections).await;
                    read.map_err(|not_stored| (sections, not_stored))
                }
            };
            let basis = self.basis(sections.digest_of_all());
            let is_ours = |mapping: &HostTenantMapping| mapping.host == name && mapping.basis == basis;
            let good = |json: &[u8], _| {
                // With another file, it may be another tenant's.
                serde_json::from_slice::<HostTenantMapping>(json).is_ok_and(|mapping| is_ours(&mapping))
            };
            // It may wait for one that has just begun.
            let within = self.options.store_timeout.saturating_mul(2).saturating_add(Duration::from_secs(1));
            let load = HostTenantMapping::load(name).missing_for(self.unknown_hosts.lasts()).within(within);
            let load = load.lives(self.options.ttl);
            match Load::get_if(load, &self.cache, good, loader).await {
                Ok(Some(mapping)) if is_ours(&mapping) => Ok(Some(mapping)),
                Ok(None) => self.nobodys(host, &sections).await,
                Err(LoadError::Loader(told)) if Arc::ptr_eq(&told.0, &sections) => Err(told.1.clone()),
                // Somebody with another file was faster.
                Ok(Some(_)) | Err(LoadError::Loader(_)) => self.read_host(host, &sections).await,
                Err(error) => {
                    self.note(&TierFailure::new(Tier::Cache, error_of(error)));
                    self.read_host(host, &sections).await
                }
            }
        };
        match answer {
            Ok(Some(mapping)) => Ok(mapping.tenant),
            Err(NotStored::Tenant(tenant)) => Ok(tenant),
            Ok(None) => {
                self.unknown_hosts.keep(name);
                Err(unknown())
            }
            Err(NotStored::Conflict(first, second)) => {
                tracing::error!(host = name, first, second, "two tenants have one host");
                Err(TenantError::HostConflict { host: name.to_owned(), first, second })
            }
            Err(NotStored::Unavailable(failures)) => Err(TenantError::Unavailable { failures }),
        }
    }

    async fn read_host(
        &self,
        host: &Host,
        sections: &Arc<Sections>,
    ) -> Result<Option<HostTenantMapping>, NotStored> {
        self.all_hosts(sections).await.answer(host, self.basis(sections.digest_of_all()))
    }

    /// What to make of it that somebody, who may have another file, knows a host for nobody's.
    async fn nobodys(
        &self,
        host: &Host,
        sections: &Arc<Sections>,
    ) -> Result<Option<HostTenantMapping>, NotStored> {
        let agrees = |seen: Arc<Seen>| {
            let same_file = Arc::ptr_eq(&seen.sections, sections);
            same_file && seen.failures.is_empty() && matches!(seen.owners.find(host), Found::Nowhere)
        };
        if self.hosts.seen().is_some_and(agrees) {
            return Ok(None);
        }
        match self.read_host(host, sections).await {
            Err(NotStored::Unavailable(_)) => Ok(None),
            read => read,
        }
    }

    /// Fails if another tenant has one of these hosts.
    pub(super) async fn check_hosts(
        &self,
        tenant: &str,
        hosts: &BTreeSet<Listed>,
        sections: &Arc<Sections>,
    ) -> Result<(), TenantError> {
        let seen = self.all_hosts(sections).await;
        for host in hosts {
            let other = match seen.owners.0.get(host) {
                Some(Owner::One(other)) if other != tenant => other,
                Some(Owner::Several(first, second)) => {
                    if first == tenant {
                        second
                    } else {
                        first
                    }
                }
                _ => continue,
            };
            let (first, second) = (other.clone(), tenant.to_owned());
            return Err(TenantError::HostConflict { host: host.to_string(), first, second });
        }
        Ok(())
    }

    /// All hosts, read anew if they have changed since they were.
    async fn all_hosts(&self, sections: &Arc<Sections>) -> Arc<Seen> {
        let asked = Instant::now();
        let state = self.state_of_hosts().await;
        let good = |seen: &Arc<Seen>| {
            let same_file = Arc::ptr_eq(&seen.sections, sections);
            let unchanged = match &state {
                Some(state) => seen.state.as_ref() == Some(state),
                None => seen.began.elapsed() < ALONE,
            };
            // What was begun after this call is as good as what it would find.
            same_file && (seen.began >= asked || (unchanged && seen.failures.is_empty()))
        };
        if let Some(seen) = self.hosts.seen().filter(&good) {
            return seen;
        }
        let _turn = self.hosts.turn().await;
        if let Some(seen) = self.hosts.seen().filter(&good) {
            return seen;
        }
        let before = self.hosts.seen();
        let seen = Arc::new(self.read_hosts(state.clone(), sections, before.as_deref()).await);
        self.hosts.keep(Some(Arc::clone(&seen)));
        seen
    }

    /// The name of the state that all hosts are in.
    async fn state_of_hosts(&self) -> Option<String> {
        if !self.cache.is_enabled() {
            return None;
        }
        let make = async || Ok::<_, std::convert::Infallible>(Some(HostsState::fresh()));
        let good = |json: &[u8], _| serde_json::from_slice::<HostsState>(json).is_ok();
        let load = HostsState::load(HostsState::ALL).lives(self.options.ttl);
        match load.get_if(&self.cache, good, make).await {
            Ok(state) => state.map(|state| state.name),
            Err(error) => {
                self.note(&TierFailure::new(Tier::Cache, error_of(error)));
                None
            }
        }
    }

    async fn read_hosts(
        &self,
        state: Option<String>,
        sections: &Arc<Sections>,
        before: Option<&Seen>,
    ) -> Seen {
        self.counts.host_loads.add();
        let (began, mut failures) = (Instant::now(), Vec::new());
        let stored = match &self.store {
            None => Vec::new(),
            Some(store) => {
                let stored = self.ask_unless_away(&self.all_away, store.all()).await;
                stored.unwrap_or_else(|failure| {
                    failures.push(failure);
                    Vec::new()
                })
            }
        };
        let mut settings: BTreeMap<&str, JsonMap> = BTreeMap::new();
        for (tenant, section) in &sections.tenants {
            settings.insert(tenant, merge(&sections.default, section));
        }
        for (tenant, Stored { settings: over, .. }) in &stored {
            settings.insert(tenant, merge(&self.below(tenant, sections), over));
        }
        let mut owners = Owners::default();
        for (tenant, settings) in settings {
            if check_name(tenant).is_err() {
                continue;
            }
            match self.hosts_in(tenant, &settings) {
                Ok(hosts) => owners.add(tenant, &hosts),
                // The others have theirs all the same.
                Err(misfit) => self.note(&TierFailure::new(Tier::Store, misfit)),
            }
        }
        // Better hosts of a while ago than none.
        if let Some(before) = before
            && !failures.is_empty()
            && before.began.elapsed() <= self.options.max_stale
        {
            for (host, owner) in &before.owners.0 {
                owners.0.entry(host.clone()).or_insert_with(|| owner.clone());
            }
        }
        Seen { state, began, sections: Arc::clone(sections), owners, failures }
    }

    /// What is forgotten here when hosts change.
    pub(super) fn forget_hosts<'a>(&self, hosts: impl IntoIterator<Item = &'a Listed>) {
        self.hosts.keep(None);
        for host in hosts {
            if let Listed::Exact(host) = host {
                self.unknown_hosts.forget(host.as_str());
            }
        }
    }
}

/// Refuses a file in which two tenants have one host, a section does not fit, or what the default has does not.
pub(super) fn check_sections(
    sections: &Sections,
    fits: &Fits,
    fits_partly: FitsPartly,
    hosts_of: &HostsOf,
) -> Result<(), Flaw> {
    let flaw_of = |section: &str, field: Option<String>, reason: String| Flaw {
        line: sections.line(section, field.as_deref()),
        column: None,
        section: Some(section.to_owned()),
        field,
        reason,
    };
    let mut owners: BTreeMap<Listed, &str> = BTreeMap::new();
    for (tenant, section) in &sections.tenants {
        let flaw = |field: Option<String>, reason: String| flaw_of(tenant, field, reason);
        check_name(tenant).map_err(|error| flaw(None, error.to_string()))?;
        let settings = merge(&sections.default, section);
        let misfits = |misfit: Misfit| flaw(misfit.field.clone(), misfit.to_string());
        fits(tenant, &settings).map_err(misfits)?;
        for host in listed(tenant, hosts_of(tenant, &settings).map_err(misfits)?).map_err(misfits)? {
            if let Some(first) = owners.get(&host) {
                let reason = format!(
                    "the host `{host}` belongs to the tenants `{first}` and `{tenant}`; take it from one"
                );
                return Err(flaw(Some("hosts".to_owned()), reason));
            }
            owners.insert(host, tenant);
        }
    }
    // Tenants that only the store knows inherit it too.
    fits_partly(&sections.default)
        .map_err(|misfit| flaw_of(DEFAULT, misfit.field.clone(), misfit.to_string()))
}
