//! Changing settings: the store first, then the copies.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::copies::Copies;
use super::error::{Misfit, TenantError, Tier, TierFailure};
use super::fit::misfit;
use super::host::Listed;
use super::overlay::{carry, is_reserved, merge, strip};
use super::sections::Sections;
use super::store::{AnyStore, Stored};
use super::tiers::Tiers;
use crate::model::JsonMap;

/// Settings that were changed.
///
/// ```no_run
/// # use cache_core::tenant::{TenantError, TenantSettings};
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Shop { theme: String }
/// # async fn example(shops: TenantSettings<Shop>) -> Result<(), TenantError> {
/// let saved = shops.update("acme", |shop| shop.theme = "dark".to_owned()).await?;
/// println!("revision {}, copies: {:?}", saved.revision, saved.copies);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct SettingsSaved {
    /// Their revision in the store.
    pub revision: u64,
    /// What became of the copies of what they were.
    pub copies: Copies,
}

/// What is about to be written.
pub(super) struct Change {
    pub(super) tenant: String,
    /// What differs from what lies below; `None`: it is removed.
    pub(super) over: Option<JsonMap>,
    /// The revision that it replaces.
    pub(super) replaces: Option<u64>,
    /// The hosts that come and go with it.
    pub(super) hosts: BTreeSet<Listed>,
}

/// What is known of a tenant's settings before they are changed.
pub(super) struct Known {
    pub(super) sections: Arc<Sections>,
    pub(super) below: JsonMap,
    pub(super) stored: Option<Stored>,
    /// As they come out.
    pub(super) whole: JsonMap,
}

impl Tiers {
    pub(super) fn store(&self) -> Result<&dyn AnyStore, TenantError> {
        self.store.as_deref().ok_or(TenantError::NoStore)
    }

    /// Reads what is to be changed, from the store itself.
    pub(super) async fn known(&self, tenant: &str) -> Result<Known, TenantError> {
        let sections = self.sections();
        let stored = self.ask(self.store()?.get(tenant)).await;
        let stored = stored.map_err(|failure| TenantError::Unavailable { failures: vec![failure] })?;
        let below = self.below(tenant, &sections);
        let whole = match (&stored, sections.tenants.get(tenant)) {
            (Some(stored), _) => merge(&below, &stored.settings),
            (None, Some(section)) => merge(&sections.default, section),
            (None, None) => below.clone(),
        };
        Ok(Known { sections, below, stored, whole })
    }

    /// What is to be written for settings to come out as `whole`. `read`: what was known as the service reads it; what it
    /// does not read stays.
    pub(super) async fn change(
        &self,
        tenant: &str,
        known: &Known,
        mut whole: JsonMap,
        read: Option<&JsonMap>,
    ) -> Result<Change, TenantError> {
        if let Some(read) = read {
            carry(&mut whole, &known.whole, read);
        }
        if is_reserved(&whole) {
            return Err(misfit(tenant, None, "the member `~absent` cannot be one of settings").into());
        }
        let over = strip(&whole, &known.below);
        let whole = merge(&known.below, &over);
        (self.fits)(tenant, &whole).map_err(|Misfit { tenant, field, reason }| {
            let reason = format!("what serde writes of it, it does not read: {reason}");
            Misfit { tenant, field, reason }
        })?;
        let hosts = self.hosts_in(tenant, &whole)?;
        let before = match (&known.stored, known.sections.tenants.contains_key(tenant)) {
            (None, false) => BTreeSet::new(),
            // What does not fit has no hosts.
            _ => self.hosts_in(tenant, &known.whole).unwrap_or_default(),
        };
        let added: BTreeSet<Listed> = hosts.difference(&before).cloned().collect();
        if !added.is_empty() {
            self.check_hosts(tenant, &added, &known.sections).await?;
        }
        Ok(Change {
            tenant: tenant.to_owned(),
            over: Some(over),
            replaces: known.stored.as_ref().map(|stored| stored.revision),
            hosts: hosts.symmetric_difference(&before).cloned().collect(),
        })
    }

    /// Writes it, and drops the copies, also if whoever asked for it is gone. `None`: it was changed meanwhile.
    pub(super) async fn write(
        self: &Arc<Self>,
        change: Change,
    ) -> Result<Option<SettingsSaved>, TenantError> {
        self.store()?;
        let tiers = Arc::clone(self);
        let task = tokio::spawn(async move { tiers.write_now(change).await });
        match task.await {
            Ok(written) => written,
            Err(gone) => Err(TenantError::Store(TierFailure::new(Tier::Store, gone))),
        }
    }

    async fn write_now(self: Arc<Self>, change: Change) -> Result<Option<SettingsSaved>, TenantError> {
        let Change { tenant, over, replaces, hosts } = change;
        let store = self.store()?;
        let written = match (&over, replaces) {
            (Some(over), replaces) => self.ask(store.put(&tenant, over, replaces)).await,
            (None, Some(revision)) => {
                let removed = self.ask(store.remove(&tenant, revision)).await;
                removed.map(|removed| removed.then_some(revision))
            }
            (None, None) => Ok(Some(0)),
        };
        match written {
            Ok(None) => Ok(None),
            Ok(Some(revision)) => {
                let copies = self.drop_copies(&tenant, &hosts).await;
                Ok(Some(SettingsSaved { revision, copies }))
            }
            Err(failure) => {
                // It may be written, or be just about to be: copies of before are dropped now, and once more later.
                self.drop_copies(&tenant, &hosts).await;
                let later = Arc::clone(&self);
                tokio::spawn(async move {
                    tokio::time::sleep(later.options.store_timeout).await;
                    later.drop_copies(&tenant, &hosts).await;
                });
                Err(TenantError::Store(failure))
            }
        }
    }
}
