//! What is kept of tenants on the Redis server.

use cache_derive::CacheModel;
use serde::{Deserialize, Serialize};

use crate::model::JsonMap;

/// The version of [`TenantRow`]: what has another one is read by nobody of this release.
const VERSION: u32 = 1;

/// The settings of a tenant as they came out, under `<global>:tenant_settings:<tenant>`.
///
/// Members that a release does not know are kept, so that releases with other settings share a row.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, CacheModel)]
#[cache(crate = "super::unlisted", prefix = "tenant_settings", ttl = "65m", jitter = 0.1)]
pub(super) struct TenantRow {
    #[primary_key]
    pub(super) tenant: String,
    v: u32,
    /// What of the YAML file it was made with: with another one it would have come out otherwise.
    basis: String,
    /// The revision in the store; `None`: the store has nothing.
    pub(super) revision: Option<u64>,
    pub(super) settings: JsonMap,
}

impl TenantRow {
    pub(super) fn new(tenant: &str, basis: &str, revision: Option<u64>, settings: JsonMap) -> Self {
        Self { tenant: tenant.to_owned(), v: VERSION, basis: basis.to_owned(), revision, settings }
    }

    /// Whether it was made by the same rules, with the same file.
    pub(super) fn is_of(&self, basis: &str) -> bool {
        self.v == VERSION && self.basis == basis
    }
}

/// Which tenant has a host, under `<global>:host_mapping:<host>`: written when the host is first asked for, read after.
///
/// It is written and dropped by [`TenantSettings`](super::TenantSettings), which needs no index for it. With one, which
/// `Migrator::new().register::<HostTenantMapping>()` makes, it can be searched; [`Migrator::all`](crate::Migrator::all) leaves
/// it out.
///
/// ```no_run
/// # async fn example(cache: cache_core::Cache) -> cache_core::Result<()> {
/// use cache_core::CacheModel;
/// use cache_core::tenant::HostTenantMapping;
///
/// let seen = HostTenantMapping::find_by_tenant("acme").all(&cache).await?;
/// # let _ = seen;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, CacheModel)]
#[cache(crate = "super::unlisted", prefix = "host_mapping", ttl = "5m", jitter = 0.1)]
pub struct HostTenantMapping {
    /// The host, [normalised](super::Host).
    #[primary_key]
    pub host: String,
    /// The tenant.
    #[index]
    pub tenant: String,
    /// What of the YAML file it was found with: who has another one does not believe it.
    #[serde(default)]
    pub basis: String,
}

/// Names the state of all hosts together: who has read them under this name need not read them again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, CacheModel)]
#[cache(crate = "super::unlisted", prefix = "host_mapping_state", ttl = "5m", jitter = 0.1)]
pub(super) struct HostsState {
    #[primary_key]
    pub(super) id: String,
    pub(super) name: String,
}

impl HostsState {
    /// The only one.
    pub(super) const ALL: &str = "all";

    pub(super) fn fresh() -> Self {
        Self { id: Self::ALL.to_owned(), name: format!("{:032x}", rand::random::<u128>()) }
    }
}
