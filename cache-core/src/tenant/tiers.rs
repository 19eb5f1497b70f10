//! The tiers: the cache before the store before the YAML file.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::counts::Counts;
use super::error::{Misfit, StoreTimeout, TenantError, Tier, TierFailure, chain};
use super::fit::{Fits, HostsOf};
use super::overlay::merge;
use super::recent::{Away, LastGood, Told, Unknown};
use super::rows::TenantRow;
use super::sections::{DEFAULT, Sections};
use super::seen::Hosts;
use super::store::{AnyStore, StoreResult, Stored};
use super::yaml::Yaml;
use crate::cache::Cache;
use crate::cache_model::CacheModel;
use crate::load::{Load, LoadError};
use crate::model::JsonMap;

/// The longest name of a tenant, in bytes.
const LONGEST_NAME: usize = 200;

/// What is put over what, when several tiers have a tenant.
///
/// ```no_run
/// # use cache_core::{Cache, tenant::{MemoryStore, TenantError, TenantSettings}};
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Shop { theme: String }
/// # async fn example(cache: Cache, store: MemoryStore) -> Result<(), TenantError> {
/// use cache_core::tenant::Merge;
///
/// // A tenant that the store has owes nothing to its section of the file.
/// let builder = TenantSettings::<Shop>::builder(&cache).yaml("tenants.yaml").store(store);
/// let shops = builder.merge(Merge::FirstHit).build().await?;
/// # let _ = shops;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Merge {
    /// What the store has, over the tenant's section of the file, over the default, deep: the store need hold no more than
    /// what it changes.
    #[default]
    Overlay,
    /// What the first tier that has the tenant has, over the default, deep.
    FirstHit,
}

#[derive(Debug, Clone)]
pub(super) struct Options {
    pub(super) merge: Merge,
    pub(super) ttl: Duration,
    pub(super) max_stale: Duration,
    pub(super) store_timeout: Duration,
    pub(super) yaml_on_error: bool,
    pub(super) missing_for: Duration,
    pub(super) most_missing: usize,
}

/// Everything but the type of the settings.
pub(super) struct Tiers {
    /// Does without its server.
    pub(super) cache: Cache,
    pub(super) store: Option<Box<dyn AnyStore>>,
    pub(super) yaml: Option<Yaml>,
    /// What there is without a file: one value, so that it is known for the same.
    pub(super) no_file: Arc<Sections>,
    pub(super) options: Options,
    pub(super) fits: Fits,
    pub(super) hosts_of: HostsOf,
    pub(super) counts: Counts,
    pub(super) last_good: LastGood,
    pub(super) unknown: Unknown,
    pub(super) unknown_hosts: Unknown,
    pub(super) hosts: Hosts,
    /// Whether the store does not answer who asks for a tenant.
    pub(super) gets_away: Away,
    /// Whether it does not answer who asks for all of them, which takes longer.
    pub(super) all_away: Away,
    pub(super) told: Told,
}

/// Settings, and where they come from.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) row: Arc<TenantRow>,
    pub(super) stale: bool,
    pub(super) failures: Vec<TierFailure>,
}

/// The tier that decides failed: what the others have is not stored.
#[derive(Debug, Clone)]
pub(super) struct Fallen {
    failure: TierFailure,
    misfit: Option<Misfit>,
}

impl Tiers {
    pub(super) fn sections(&self) -> Arc<Sections> {
        self.yaml.as_ref().map_or_else(|| Arc::clone(&self.no_file), Yaml::sections)
    }

    /// Names what a copy was made by: the rules, and what of the file.
    pub(super) fn basis(&self, digest: &str) -> String {
        let rule = match self.options.merge {
            Merge::Overlay => "overlay",
            Merge::FirstHit => "first",
        };
        format!("{rule}:{digest}")
    }

    /// A read of the store for somebody who can do without: not made while it is known not to answer.
    pub(super) async fn ask_unless_away<T>(
        &self,
        away: &Away,
        call: impl Future<Output = StoreResult<T>> + Send,
    ) -> Result<T, TierFailure> {
        away.check(self.options.store_timeout)?;
        let began = Instant::now();
        let answer = self.ask(call).await;
        away.note(began.elapsed(), answer.as_ref().err());
        answer
    }

    /// A call of the store, within its bound.
    pub(super) async fn ask<T>(
        &self,
        call: impl Future<Output = StoreResult<T>> + Send,
    ) -> Result<T, TierFailure> {
        let after = self.options.store_timeout;
        let failure = match tokio::time::timeout(after, call).await {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => TierFailure::new(Tier::Store, error),
            Err(_) => TierFailure::new(Tier::Store, StoreTimeout { after }),
        };
        self.note(&failure);
        Err(failure)
    }

    /// Counts and tells a failure.
    pub(super) fn note(&self, failure: &TierFailure) {
        self.counts.failed(failure.tier);
        let error = &*failure.source as &dyn std::error::Error;
        // Each call may fail; a line for each would hide the others.
        if self.told.is_news(chain(failure)) {
            tracing::warn!(tier = %failure.tier, error, "a tier of settings failed");
        } else {
            tracing::debug!(tier = %failure.tier, error, "a tier of settings failed again");
        }
    }

    /// What is put below what the store has of a tenant.
    pub(super) fn below(&self, tenant: &str, sections: &Sections) -> JsonMap {
        match (self.options.merge, sections.tenants.get(tenant)) {
            (Merge::Overlay, Some(section)) => merge(&sections.default, section),
            (Merge::FirstHit, _) | (_, None) => sections.default.clone(),
        }
    }

    /// The settings of a tenant.
    pub(super) async fn find(
        self: &Arc<Self>,
        tenant: &str,
        sections: &Arc<Sections>,
    ) -> Result<Answer, TenantError> {
        check_name(tenant)?;
        let unknown = || {
            self.counts.unknown.add();
            TenantError::UnknownTenant { tenant: tenant.to_owned() }
        };
        if !self.cache.is_enabled() && self.unknown.has(tenant) && !sections.tenants.contains_key(tenant) {
            return Err(unknown());
        }
        let basis = self.basis(sections.digest(tenant));
        let loader = {
            let (tiers, tenant, sections) = (Arc::clone(self), tenant.to_owned(), Arc::clone(sections));
            let basis = basis.clone();
            move || async move { tiers.load(&tenant, &basis, &sections).await }
        };
        let fits = |row: &TenantRow| row.is_of(&basis) && (self.fits)(tenant, &row.settings).is_ok();
        let good = |json: &[u8], fresh: bool| {
            // What another release wrote is as good as nothing.
            fresh && serde_json::from_slice::<TenantRow>(json).is_ok_and(|row| fits(&row))
        };
        let options = &self.options;
        let load = TenantRow::load(tenant)
            .stale_after(options.ttl)
            .lives(options.ttl.saturating_add(options.max_stale))
            .missing_for(self.unknown.lasts())
            .within(options.store_timeout.saturating_add(Duration::from_secs(1)));
        let loaded = match Load::get_if(load, &self.cache, good, loader.clone()).await {
            Ok(Some(row)) if fits(&row) => Ok(Some(row)),
            Ok(None) if !sections.tenants.contains_key(tenant) => Ok(None),
            // Somebody with another file, or another shape of settings, was faster.
            Ok(_) => loader().await,
            Err(LoadError::Loader(fallen)) => Err(Fallen::clone(&fallen)),
            Err(error) => {
                self.note(&TierFailure::new(Tier::Cache, error_of(error)));
                loader().await
            }
        };
        match loaded {
            Ok(Some(row)) => {
                let row = Arc::new(row);
                self.last_good.keep(&row);
                Ok(Answer { row, stale: false, failures: Vec::new() })
            }
            Ok(None) => {
                self.last_good.forget(tenant);
                self.unknown.keep(tenant);
                Err(unknown())
            }
            Err(fallen) => self.without_store(tenant, &basis, sections, fallen).await,
        }
    }

    /// What the tiers below the cache have.
    async fn load(
        &self,
        tenant: &str,
        basis: &str,
        sections: &Sections,
    ) -> Result<Option<TenantRow>, Fallen> {
        self.counts.loads.add();
        let stored = match &self.store {
            Some(store) => {
                let stored = self.ask_unless_away(&self.gets_away, store.get(tenant)).await;
                stored.map_err(|failure| Fallen { failure, misfit: None })?
            }
            None => None,
        };
        let Some(Stored { settings, revision }) = stored else {
            return Ok(self.row_of_file(tenant, basis, sections));
        };
        let settings = merge(&self.below(tenant, sections), &settings);
        match (self.fits)(tenant, &settings) {
            Ok(()) => Ok(Some(TenantRow::new(tenant, basis, Some(revision), settings))),
            Err(misfit) => {
                let failure = TierFailure::new(Tier::Store, misfit.clone());
                self.note(&failure);
                Err(Fallen { failure, misfit: Some(misfit) })
            }
        }
    }

    fn row_of_file(&self, tenant: &str, basis: &str, sections: &Sections) -> Option<TenantRow> {
        let section = sections.tenants.get(tenant)?;
        Some(TenantRow::new(tenant, basis, None, merge(&sections.default, section)))
    }

    /// What there is when the store cannot be asked: what was good a while ago, and the file where that is allowed.
    async fn without_store(
        &self,
        tenant: &str,
        basis: &str,
        sections: &Sections,
        fallen: Fallen,
    ) -> Result<Answer, TenantError> {
        let mut failures = vec![fallen.failure];
        let fits = |row: &TenantRow| (self.fits)(tenant, &row.settings).is_ok();
        // It lives no longer than it may be told.
        let cached = match TenantRow::get(&self.cache, tenant).await {
            Ok(cached) => cached.filter(&fits).map(Arc::new),
            Err(error) => {
                let failure = TierFailure::new(Tier::Cache, error);
                self.note(&failure);
                failures.push(failure);
                None
            }
        };
        let lately = || self.last_good.get(tenant, self.options.max_stale).filter(|row| fits(row));
        if let Some(row) = cached.or_else(lately) {
            self.counts.stale.add();
            return Ok(Answer { row, stale: true, failures });
        }
        if self.options.yaml_on_error
            && let Some(row) = self.row_of_file(tenant, basis, sections)
        {
            return Ok(Answer { row: Arc::new(row), stale: false, failures });
        }
        match fallen.misfit {
            Some(misfit) => Err(misfit.into()),
            None => Err(TenantError::Unavailable { failures }),
        }
    }
}

/// What kept the cache from answering, as an error of one type.
pub(super) fn error_of<E>(error: LoadError<E>) -> Box<dyn std::error::Error + Send + Sync> {
    match error {
        LoadError::Cache(error) => Box::new(error),
        other => other.to_string().into(),
    }
}

/// Refuses what no tenant is called.
pub(super) fn check_name(tenant: &str) -> Result<(), TenantError> {
    let reason = if tenant.is_empty() {
        "it is empty"
    } else if tenant.len() > LONGEST_NAME {
        "it is longer than 200 bytes"
    } else if tenant.chars().any(char::is_control) {
        "it has control characters"
    } else if tenant == DEFAULT {
        "that is the section that all tenants inherit"
    } else {
        return Ok(());
    };
    // The name comes from whoever asks.
    let shown = tenant.chars().take(LONGEST_NAME).collect();
    Err(TenantError::Name { tenant: shown, reason })
}
