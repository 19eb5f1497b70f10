//! Settings of the tenants of a service, and which tenant a host belongs to.
//!
//! [`TenantSettings`] answers with a struct of the service's own, from three tiers: a cache on the Redis server, a
//! [`TenantStore`] that keeps settings for good, and a `tenants.yaml` with the defaults that all tenants inherit. It needs the
//! server no more than any cache does: without it, the store is asked, and what is to be dropped is dropped when it is back.
//!
//! ```no_run
//! use cache_core::Cache;
//! use cache_core::tenant::{MemoryStore, TenantError, TenantSettings};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Debug, Serialize, Deserialize)]
//! struct Shop {
//!     theme: String,
//!     #[serde(default)]
//!     max_users: Option<u32>,
//!     #[serde(default)]
//!     hosts: Vec<String>,
//! }
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let cache = Cache::connect_or_degrade("redis://localhost:6379").await?.project("shop");
//! let shops = TenantSettings::<Shop>::builder(&cache)
//!     .yaml("tenants.yaml")
//!     .store(MemoryStore::new()) // `PostgresStore` keeps them
//!     .build()
//!     .await?;
//!
//! let tenant = shops.tenant_of_host("Acme.example:443").await?;
//! println!("{}", shops.get(&tenant).await?.theme);
//! shops.update(&tenant, |shop| shop.max_users = Some(500)).await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Where hosts come from
//!
//! A tenant's hosts are part of its settings, in whatever tier: the member `hosts`, or what the function given to
//! [`Builder::hosts`] makes of the struct. So they are changed as everything else is, and checked: no two tenants have one.
//!
//! Read `X-Forwarded-Host` only from proxies that you know to set it; anybody else can write what they like there.

// A file imports from those before it: overlay, host, error, store, memory, postgres, sections, yaml, fit, unlisted, rows, recent, counts,
// seen, tiers, hosts, copies, write, settings, builder.

mod builder;
mod copies;
mod counts;
mod error;
mod fit;
mod host;
mod hosts;
mod memory;
mod overlay;
#[cfg(feature = "postgres")]
mod postgres;
mod recent;
mod rows;
mod sections;
mod seen;
mod settings;
mod store;
mod tiers;
mod unlisted;
mod write;
mod yaml;

pub use self::builder::Builder;
pub use self::copies::Copies;
pub use self::counts::TenantCounts;
pub use self::error::{Misfit, TenantError, Tier, TierFailure, YamlError};
pub use self::host::{Host, HostError};
pub use self::memory::MemoryStore;
#[cfg(feature = "postgres")]
pub use self::postgres::{PostgresStore, PostgresStoreError};
pub use self::rows::HostTenantMapping;
pub use self::settings::{Resolved, TenantSettings};
pub use self::store::{StoreResult, Stored, TenantStore};
pub use self::tiers::Merge;
pub use self::write::SettingsSaved;
