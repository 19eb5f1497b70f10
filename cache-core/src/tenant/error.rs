//! What keeps the settings of a tenant, or the tenant of a host, from being told.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::host::HostError;
use crate::error::{BoxError, Error, shown};

/// Where settings can be found.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), cache_core::tenant::TenantError> {
/// # let cache = cache_core::testkit::Memory::cache();
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Shop { theme: String }
/// use cache_core::tenant::{TenantSettings, Tier};
///
/// let shops = TenantSettings::<Shop>::builder(&cache).yaml_text("default: { theme: light }").build().await?;
/// assert_eq!(shops.tiers(), [Tier::Cache, Tier::Yaml]);
/// assert_eq!(Tier::Yaml.to_string(), "the YAML file");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tier {
    /// The cache, on the Redis server.
    Cache,
    /// The [`TenantStore`](super::TenantStore).
    Store,
    /// The YAML file.
    Yaml,
}

impl fmt::Display for Tier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cache => "the cache",
            Self::Store => "the store",
            Self::Yaml => "the YAML file",
        })
    }
}

/// A tier that was asked and could not answer. Shared by all that waited for it.
///
/// ```no_run
/// # use cache_core::tenant::{TenantError, TenantSettings};
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Shop { theme: String }
/// # async fn example(shops: TenantSettings<Shop>) -> Result<(), TenantError> {
/// for failure in shops.resolve("acme").await?.failures {
///     println!("answered all the same, but {failure}: {}", failure.source);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[error("{tier} failed")]
#[non_exhaustive]
pub struct TierFailure {
    /// Which tier.
    pub tier: Tier,
    /// Why.
    #[source]
    pub source: Arc<dyn std::error::Error + Send + Sync>,
}

impl TierFailure {
    pub(super) fn new(tier: Tier, source: impl Into<BoxError>) -> Self {
        Self { tier, source: Arc::from(source.into()) }
    }
}

/// A store that did not answer in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the store did not answer within {after:?}; give it longer with `store_timeout`")]
pub(super) struct StoreTimeout {
    pub(super) after: Duration,
}

/// Settings that are not what the service takes.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), cache_core::tenant::TenantError> {
/// # let cache = cache_core::testkit::Memory::cache();
/// use cache_core::tenant::{TenantError, TenantSettings};
///
/// #[derive(Debug, serde::Serialize, serde::Deserialize)]
/// struct Shop {
///     theme: String, // what each tenant has to say
///     max_users: u32,
/// }
///
/// let shops = TenantSettings::<Shop>::builder(&cache).yaml_text("default: { max_users: 10 }").build().await?;
/// let Err(TenantError::Misfit(misfit)) = shops.defaults() else { panic!("it has no theme") };
/// assert_eq!(misfit.to_string(), "the settings of tenant `default` do not fit: missing field `theme`");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[error(
    "the settings of tenant `{tenant}`{} do not fit: {reason}",
    .field.as_ref().map(|field| format!(", field `{field}`")).unwrap_or_default()
)]
#[non_exhaustive]
pub struct Misfit {
    /// Whose settings.
    pub tenant: String,
    /// The field that does not fit, as `theme.colors[2]`; `None`: it is about the whole.
    pub field: Option<String>,
    /// What serde found, without the value.
    pub reason: String,
}

/// Why a YAML file was not taken. What was read of it before stays in use.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// # let cache = cache_core::testkit::Memory::cache();
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Shop { theme: String }
/// use cache_core::tenant::{TenantError, TenantSettings};
///
/// let text = "default:\n  theme: light\nacme:\n  theme: 7\n";
/// let Err(TenantError::Yaml(error)) = TenantSettings::<Shop>::builder(&cache).yaml_text(text).build().await else {
///     panic!("a theme is a string");
/// };
/// assert_eq!((error.line, error.tenant.as_deref(), error.field.as_deref()), (Some(4), Some("acme"), Some("theme")));
/// # }
/// ```
#[derive(Debug, Clone, thiserror::Error)]
#[error("{}{}: {reason}", .path.as_ref().map_or("the YAML text".to_owned(), |path| path.display().to_string()), Place(*.line, *.column))]
#[non_exhaustive]
pub struct YamlError {
    /// The file; `None`: it was given as text.
    pub path: Option<PathBuf>,
    /// The line, counted from 1.
    pub line: Option<usize>,
    /// The column, counted from 1.
    pub column: Option<usize>,
    /// The tenant that it is about.
    pub tenant: Option<String>,
    /// The field that it is about, as `theme.colors[2]`.
    pub field: Option<String>,
    /// What is wrong.
    pub reason: String,
}

struct Place(Option<usize>, Option<usize>);

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0, self.1) {
            (Some(line), Some(column)) => write!(f, ", line {line}, column {column}"),
            (Some(line), None) => write!(f, ", line {line}"),
            (None, _) => Ok(()),
        }
    }
}

/// What went wrong with tenants.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), cache_core::tenant::TenantError> {
/// # let cache = cache_core::testkit::Memory::cache();
/// # #[derive(Debug, serde::Serialize, serde::Deserialize)]
/// # struct Shop { theme: String }
/// # use cache_core::tenant::TenantSettings;
/// # let shops = TenantSettings::<Shop>::builder(&cache).yaml_text("default: { theme: light }").build().await?;
/// use cache_core::tenant::TenantError;
///
/// fn status(error: &TenantError) -> u16 {
///     match error {
///         error if error.is_unknown() => 404,
///         error if error.is_invalid() => 400,
///         error if error.is_unavailable() => 503,
///         _ => 500,
///     }
/// }
/// assert_eq!(status(&shops.get("no\nname").await.unwrap_err()), 400);
/// assert_eq!(status(&shops.tenant_of_host("no host").await.unwrap_err()), 400);
/// # Ok(())
/// # }
/// ```
#[derive(thiserror::Error)]
#[non_exhaustive]
pub enum TenantError {
    /// No tier knows the tenant. Remembered for a few seconds.
    #[error("there is no tenant `{tenant}`")]
    UnknownTenant {
        /// The tenant that was asked for.
        tenant: String,
    },
    /// No tenant has the host. Remembered for a few seconds.
    #[error("no tenant has the host `{host}`")]
    UnknownHost {
        /// The host, [normalised](super::Host).
        host: String,
    },
    /// What was given as a host is none.
    #[error("this is no host")]
    Host(#[from] HostError),
    /// Two tenants have one host.
    #[error("the host `{host}` belongs to the tenants `{first}` and `{second}`; take it from one of them")]
    HostConflict {
        /// The host, normalised.
        host: String,
        /// The tenant that has it.
        first: String,
        /// The tenant that has it, or wants it, too.
        second: String,
    },
    /// A name that no tenant can have; nothing was asked.
    #[error("`{}` cannot be the name of a tenant: {reason}", .tenant.escape_debug())]
    Name {
        /// The name.
        tenant: String,
        /// Why.
        reason: &'static str,
    },
    /// Every tier that could have answered failed.
    #[error("the settings could not be had: {}", Listed(.failures))]
    Unavailable {
        /// What failed, in the order in which it was asked.
        failures: Vec<TierFailure>,
    },
    /// The store failed while it was written to. Whether it was written is unknown; copies were dropped all the same.
    #[error("the store could not be written")]
    Store(#[source] TierFailure),
    /// The settings were changed by others each time between being read and being written.
    #[error("the settings of tenant `{tenant}` were changed by others {tries} times in a row; try again")]
    Contended {
        /// Whose settings.
        tenant: String,
        /// How often it was tried.
        tries: u32,
    },
    /// What is in the store, or was to be put there, does not fit.
    #[error(transparent)]
    Misfit(#[from] Misfit),
    /// There is nothing to write to.
    #[error("there is no store; give one with `store`")]
    NoStore,
    /// The YAML file cannot be used, and none was read before.
    #[error("the tenants could not be read")]
    Yaml(#[from] Box<YamlError>),
    /// The cache cannot be used as it was set up.
    #[error("the cache cannot be used")]
    Cache(#[from] Error),
}

impl fmt::Debug for TenantError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        shown(self, f)
    }
}

impl TenantError {
    /// Whether there is no such tenant, or no tenant has the host: a `404` of a service.
    pub fn is_unknown(&self) -> bool {
        matches!(self, Self::UnknownTenant { .. } | Self::UnknownHost { .. })
    }

    /// Whether whoever asked gave something that can never be right: a `400` of a service.
    pub fn is_invalid(&self) -> bool {
        matches!(self, Self::Name { .. } | Self::Host(_))
    }

    /// Whether it may be better later: a `503` of a service.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. } | Self::Store(_) | Self::Contended { .. })
    }
}

/// An error and what lies below it, but for what it tells itself.
pub(super) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut below = error.source();
    while let Some(error) = below {
        let why = error.to_string();
        if !text.contains(&why) {
            text.push_str(": ");
            text.push_str(&why);
        }
        below = error.source();
    }
    text
}

struct Listed<'a>(&'a [TierFailure]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, failure) in self.0.iter().enumerate() {
            let why = chain(&*failure.source);
            write!(f, "{}{failure} ({why})", if number == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
