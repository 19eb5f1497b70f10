//! Dropping the copies of what has changed, now or when the server is there again.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures_core::future::BoxFuture;

use super::error::{Tier, TierFailure};
use super::host::Listed;
use super::overlay::merge;
use super::rows::{HostTenantMapping, HostsState, TenantRow};
use super::sections::Sections;
use super::tiers::Tiers;
use super::yaml::Changed;
use crate::cache::{Cache, Invalidation};
use crate::cache_model::CacheModel;
use crate::error::{Error, Result};

/// What became of the copies of settings that were changed.
///
/// ```no_run
/// # use cache_core::tenant::{TenantError, TenantSettings};
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Shop { theme: String }
/// # async fn example(shops: TenantSettings<Shop>) -> Result<(), TenantError> {
/// use cache_core::tenant::Copies;
///
/// // After a change that was made in the database itself.
/// match shops.invalidate("acme").await? {
///     Copies::Dropped => println!("everybody sees it now"),
///     Copies::Owed => println!("{} drops wait for the server", shops.owed_invalidations()),
///     _ => println!("it shows when the time to live is over"),
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Copies {
    /// They are dropped: whoever asks from now on gets what was written.
    Dropped,
    /// The server could not be told. It is told as soon as it answers, by this process, before this process reads from it
    /// again; until then, others may get what was there before.
    Owed,
    /// They could not be dropped, and live until their time ends. An event says why.
    Left,
}

impl Tiers {
    /// Drops the copies of a tenant's settings, and of the hosts that changed.
    pub(super) async fn drop_copies(&self, tenant: &str, hosts: &BTreeSet<Listed>) -> Copies {
        self.last_good.forget(tenant);
        self.unknown.forget(tenant);
        let hosts_left = if hosts.is_empty() { Ok(()) } else { self.drop_hosts(tenant, hosts).await };
        match TenantRow::invalidate(&self.cache, tenant).await.and(hosts_left) {
            // What is owed keeps the cache from being read until it is delivered.
            Ok(()) if self.cache.is_enabled() => Copies::Dropped,
            Ok(()) => Copies::Owed,
            Err(error) => {
                let failure = TierFailure::new(Tier::Cache, error);
                self.note(&failure);
                tracing::error!(tenant, "copies of settings that were changed live until their time ends");
                Copies::Left
            }
        }
    }

    /// Drops hosts, the state of all hosts before them: who reads them meanwhile does so by the new state.
    async fn drop_hosts(&self, about: &str, hosts: &BTreeSet<Listed>) -> Result<()> {
        self.forget_hosts(hosts);
        let exact: Vec<String> = hosts.iter().filter_map(exact).collect();
        drop_in_order(&self.cache, &exact).await?;
        if self.cache.is_enabled() {
            return Ok(());
        }
        // What is owed is delivered in any order; these are once more in theirs.
        let key = format!("{}:~host_mapping:{about}:{}", self.cache.keyspace()?.global(), exact.join(","));
        let owed: Invalidation = Arc::new(move |cache: Cache| -> BoxFuture<'static, Result<()>> {
            let exact = exact.clone();
            Box::pin(async move { drop_in_order(&cache, &exact).await })
        });
        let away = Error::Unavailable { reason: "it did not answer before".to_owned(), source: None };
        self.cache.or_owed(Err(away), [(key.into_bytes(), owed)], || ())
    }

    /// The hosts that are known to the server, or were to this process, as a tenant's.
    pub(super) async fn seen_hosts(&self, tenant: &str) -> BTreeSet<Listed> {
        let mut hosts = self.hosts.seen().map(|seen| seen.owners.of(tenant)).unwrap_or_default();
        let mut ids = HostTenantMapping::ids(&self.cache);
        // Where it cannot be looked for, it lives until its time ends.
        while let Some(Ok(host)) = ids.next().await {
            if let Ok(Some(row)) = HostTenantMapping::get(&self.cache, &host).await
                && row.tenant == tenant
                && let Ok(host) = Listed::read(&host)
            {
                hosts.insert(host);
            }
        }
        hosts
    }

    /// Looks at the file; hosts that changed with it are dropped.
    pub(super) async fn look(self: &Arc<Self>, now: bool) {
        let Some(yaml) = &self.yaml else { return };
        let had_error = yaml.last_error().is_some();
        let Some(Changed { before, now }) = yaml.look(now).await else {
            if !had_error && yaml.last_error().is_some() {
                self.counts.failed(Tier::Yaml);
            }
            return;
        };
        let (before, now) = (self.hosts_of_file(&before), self.hosts_of_file(&now));
        let changed: BTreeSet<Listed> =
            before.symmetric_difference(&now).map(|(_, host)| host.clone()).collect();
        if changed.is_empty() {
            return;
        }
        let tiers = Arc::clone(self);
        // Also if whoever looked is gone: nobody else finds that the file has changed.
        let dropping = tokio::spawn(async move {
            if let Err(error) = tiers.drop_hosts("the file", &changed).await {
                tiers.note(&TierFailure::new(Tier::Cache, error));
            }
        });
        // It ends with the runtime, or when it is done.
        let _ = dropping.await;
    }

    fn hosts_of_file(&self, sections: &Sections) -> BTreeSet<(String, Listed)> {
        let tenants = sections.tenants.iter();
        tenants
            .flat_map(|(tenant, section)| {
                let hosts = self.hosts_in(tenant, &merge(&sections.default, section)).unwrap_or_default();
                hosts.into_iter().map(|host| (tenant.clone(), host))
            })
            .collect()
    }
}

fn exact(host: &Listed) -> Option<String> {
    match host {
        Listed::Exact(host) => Some(host.to_string()),
        Listed::Below(_) => None,
    }
}

async fn drop_in_order(cache: &Cache, exact: &[String]) -> Result<()> {
    HostsState::invalidate(cache, HostsState::ALL).await?;
    HostTenantMapping::invalidate_many(cache, exact.iter().map(String::as_str)).await
}
