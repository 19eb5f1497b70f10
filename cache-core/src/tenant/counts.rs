//! What the tiers were asked and did, counted by each process.

use std::sync::atomic::{AtomicU64, Ordering};

use super::error::Tier;

/// What a process asked of the tiers, since it made its [`TenantSettings`](super::TenantSettings).
///
/// ```no_run
/// # use cache_core::tenant::TenantSettings;
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Shop { theme: String }
/// # fn example(shops: TenantSettings<Shop>) {
/// let counts = shops.counts();
/// println!("tenant_answers_total {}", counts.answers);
/// println!("tenant_stale_answers_total {}", counts.stale);
/// println!("tenant_store_failures_total {}", counts.store_failures);
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TenantCounts {
    /// Answers.
    pub answers: u64,
    /// Times that the tiers below the cache were asked for a tenant.
    pub loads: u64,
    /// Times that the hosts of all tenants were read.
    pub host_loads: u64,
    /// Answers that were older than they should be, for want of a store.
    pub stale: u64,
    /// Tenants and hosts that nobody knew.
    pub unknown: u64,
    /// Failures of the cache.
    pub cache_failures: u64,
    /// Failures of the store, settings in it that do not fit among them.
    pub store_failures: u64,
    /// Failures of the YAML file.
    pub yaml_failures: u64,
}

#[derive(Debug, Default)]
pub(super) struct Counts {
    pub(super) answers: Count,
    pub(super) loads: Count,
    pub(super) host_loads: Count,
    pub(super) stale: Count,
    pub(super) unknown: Count,
    cache_failures: Count,
    store_failures: Count,
    yaml_failures: Count,
}

#[derive(Debug, Default)]
pub(super) struct Count(AtomicU64);

impl Count {
    pub(super) fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl Counts {
    pub(super) fn failed(&self, tier: Tier) {
        match tier {
            Tier::Cache => self.cache_failures.add(),
            Tier::Store => self.store_failures.add(),
            Tier::Yaml => self.yaml_failures.add(),
        }
    }

    pub(super) fn read(&self) -> TenantCounts {
        TenantCounts {
            answers: self.answers.get(),
            loads: self.loads.get(),
            host_loads: self.host_loads.get(),
            stale: self.stale.get(),
            unknown: self.unknown.get(),
            cache_failures: self.cache_failures.get(),
            store_failures: self.store_failures.get(),
            yaml_failures: self.yaml_failures.get(),
        }
    }
}
