//! The settings of tenants, as a service reads and changes them.

use std::collections::BTreeSet;
use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::copies::Copies;
use super::counts::TenantCounts;
use super::error::{TenantError, Tier, TierFailure, YamlError};
use super::fit::{fit, members};
use super::host::Host;
use super::tiers::{Tiers, check_name};
use super::write::{Change, SettingsSaved};

/// How often a change is tried between those of others.
const TRIES: u32 = 32;

/// The longest pause between two tries, in milliseconds.
const PAUSE: u64 = 40;

/// The settings of tenants: `T` is the service's struct, which serde reads and writes. Cheap to clone; clones share what they
/// know.
///
/// What is asked for is looked up in the cache, then in the store, then in the YAML file, once for all that ask for a tenant
/// at the same time; what is found is put into the cache for the [time to live](super::Builder::ttl). A tier that fails is passed
/// over and counted; an error is only what no tier can help with. See [the module](crate::tenant) for an example.
///
/// No read that begins after [`set`](TenantSettings::set) or [`update`](TenantSettings::update) has returned with
/// [`Copies::Dropped`] gets what was there before, in any process that has the server: a load that was under way then stores
/// nothing. A process without it asks the store, and shares what a read that is under way there brings.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), cache_core::tenant::TenantError> {
/// # let cache = cache_core::testkit::Memory::cache();
/// use cache_core::tenant::TenantSettings;
///
/// #[derive(Debug, serde::Serialize, serde::Deserialize)]
/// struct Shop {
///     theme: String,
/// }
///
/// // The defaults of a deployment, in a test of the file.
/// let text = "default: { theme: light }\nacme: { theme: dark, hosts: [acme.example] }\n";
/// let shops = TenantSettings::<Shop>::builder(&cache).yaml_text(text).build().await?;
/// assert_eq!(shops.defaults()?.theme, "light");
/// assert_eq!(shops.tenants().await?, ["acme"]);
/// # Ok(())
/// # }
/// ```
#[doc(alias = "TenantSettingsCache")]
pub struct TenantSettings<T> {
    pub(super) tiers: Arc<Tiers>,
    pub(super) settings: PhantomData<fn() -> T>,
}

/// Settings, and what is to be known of them.
///
/// ```no_run
/// # use cache_core::tenant::{TenantError, TenantSettings};
/// # #[derive(serde::Serialize, serde::Deserialize)]
/// # struct Shop { theme: String }
/// # async fn example(shops: TenantSettings<Shop>) -> Result<(), TenantError> {
/// let shop = shops.resolve("acme").await?;
/// println!("{}, of revision {:?} in the store", shop.settings.theme, shop.revision);
/// if shop.stale {
///     println!("as it was before the store failed: {:?}", shop.failures);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Resolved<T> {
    /// The settings.
    pub settings: T,
    /// Their revision in the store; `None`: the store has nothing of the tenant, and the file decides.
    pub revision: Option<u64>,
    /// Whether they are told only because the store failed, and may be as old as [`max_stale`](super::Builder::max_stale) allows.
    pub stale: bool,
    /// The tiers that were passed over since they failed.
    pub failures: Vec<TierFailure>,
}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> TenantSettings<T> {
    /// The settings of a tenant.
    ///
    /// One round trip where they are cached; else also a read of the store. Bounded by the time-outs of cache and store.
    ///
    /// # Errors
    /// [`TenantError::UnknownTenant`] if no tier knows the tenant, [`TenantError::Name`] if none can be called so,
    /// [`TenantError::Unavailable`] if the tiers fail, [`TenantError::Misfit`] if what is stored does not fit.
    pub async fn get(&self, tenant: &str) -> Result<T, TenantError> {
        self.resolve(tenant).await.map(|resolved| resolved.settings)
    }

    /// As [`get`](TenantSettings::get), with what is to be known of the answer.
    ///
    /// # Errors
    /// As [`get`](TenantSettings::get).
    pub async fn resolve(&self, tenant: &str) -> Result<Resolved<T>, TenantError> {
        self.tiers.look(false).await;
        let answer = self.tiers.find(tenant, &self.tiers.sections()).await?;
        let settings = fit(tenant, &answer.row.settings)?;
        self.tiers.counts.answers.add();
        Ok(Resolved {
            settings,
            revision: answer.row.revision,
            stale: answer.stale,
            failures: answer.failures,
        })
    }

    /// Makes the settings of a tenant these, whatever they were; one that no tier knows becomes known by it.
    ///
    /// What equals the default is left out, so that it follows the default from then on. The store is written first, then the
    /// copies are dropped, also when the future is dropped. Of several at once, the last one stays. Members that `T` does not
    /// read are left alone.
    ///
    /// # Errors
    /// [`TenantError::HostConflict`] if another tenant has one of the hosts, [`TenantError::Misfit`] if serde does not read what
    /// it writes, [`TenantError::Unavailable`] and [`TenantError::Store`] if the store fails; after the latter, whether it is
    /// written is unknown.
    pub async fn set(&self, tenant: &str, settings: &T) -> Result<SettingsSaved, TenantError> {
        check_name(tenant)?;
        let whole = members(tenant, settings)?;
        for tried in 1..=TRIES {
            self.tiers.look(false).await;
            let known = self.tiers.known(tenant).await?;
            let read = fit::<T>(tenant, &known.whole).and_then(|read| members(tenant, &read)).ok();
            let change = self.tiers.change(tenant, &known, whole.clone(), read.as_ref()).await?;
            match self.tiers.write(change).await? {
                Some(saved) => return Ok(saved),
                None => pause(tried).await,
            }
        }
        Err(TenantError::Contended { tenant: tenant.to_owned(), tries: TRIES })
    }

    /// Changes the settings of a tenant: they are read from the store, changed, and written if nobody wrote meanwhile; else all
    /// of it again, so the function may be called several times. Else as [`set`](TenantSettings::set).
    ///
    /// # Errors
    /// [`TenantError::UnknownTenant`] if neither store nor file knows the tenant, [`TenantError::Contended`] if others are faster
    /// each of 32 times; else as [`set`](TenantSettings::set).
    pub async fn update<F>(&self, tenant: &str, mut change: F) -> Result<SettingsSaved, TenantError>
    where
        F: FnMut(&mut T) + Send,
    {
        check_name(tenant)?;
        for tried in 1..=TRIES {
            self.tiers.look(false).await;
            let known = self.tiers.known(tenant).await?;
            if known.stored.is_none() && !known.sections.tenants.contains_key(tenant) {
                return Err(TenantError::UnknownTenant { tenant: tenant.to_owned() });
            }
            let (whole, read) = {
                let mut settings: T = fit(tenant, &known.whole)?;
                let read = members(tenant, &settings)?;
                change(&mut settings);
                (members(tenant, &settings)?, read)
            };
            let change = self.tiers.change(tenant, &known, whole, Some(&read)).await?;
            match self.tiers.write(change).await? {
                Some(saved) => return Ok(saved),
                None => pause(tried).await,
            }
        }
        Err(TenantError::Contended { tenant: tenant.to_owned(), tries: TRIES })
    }

    /// Takes away what the store has of a tenant; what the file has of it remains. `false`: the store had nothing.
    ///
    /// # Errors
    /// As [`set`](TenantSettings::set).
    pub async fn remove(&self, tenant: &str) -> Result<bool, TenantError> {
        check_name(tenant)?;
        for tried in 1..=TRIES {
            self.tiers.look(false).await;
            let known = self.tiers.known(tenant).await?;
            let Some(stored) = &known.stored else { return Ok(false) };
            let before = self.tiers.hosts_in(tenant, &known.whole).unwrap_or_default();
            let change = Change {
                tenant: tenant.to_owned(),
                over: None,
                replaces: Some(stored.revision),
                hosts: before,
            };
            match self.tiers.write(change).await? {
                Some(_) => return Ok(true),
                None => pause(tried).await,
            }
        }
        Err(TenantError::Contended { tenant: tenant.to_owned(), tries: TRIES })
    }

    /// Drops the copies of a tenant's settings and hosts, after they were changed past this library. It goes through the keys of
    /// all hosts that were seen; without it, what was changed shows after the [time to live](super::Builder::ttl).
    ///
    /// # Errors
    /// [`TenantError::Name`] if no tenant can be called so.
    pub async fn invalidate(&self, tenant: &str) -> Result<Copies, TenantError> {
        check_name(tenant)?;
        let mut hosts = self.tiers.seen_hosts(tenant).await;
        if let Ok(known) = self.tiers.known(tenant).await {
            hosts.extend(self.tiers.hosts_in(tenant, &known.whole).unwrap_or_default());
        }
        Ok(self.tiers.drop_copies(tenant, &hosts).await)
    }

    /// The tenant that has a host, as `Host` or `X-Forwarded-Host` say it: any bytes.
    ///
    /// A host that was seen before is one round trip; one that was not, and one under a `*.`, may be a read of the hosts of
    /// all tenants, if these have changed since this process read them.
    ///
    /// # Errors
    /// [`TenantError::Host`] if it is no host, [`TenantError::UnknownHost`] if no tenant has it, [`TenantError::HostConflict`] if
    /// several have, [`TenantError::Unavailable`] if that cannot be known for want of a tier.
    pub async fn tenant_of_host(&self, host: impl AsRef<[u8]> + Send) -> Result<String, TenantError> {
        let host = Host::read(host)?;
        self.tiers.look(false).await;
        self.tiers.tenant_of(&host).await
    }

    /// The names of all tenants, of store and file, in order.
    ///
    /// # Errors
    /// [`TenantError::Unavailable`] if the store fails.
    pub async fn tenants(&self) -> Result<Vec<String>, TenantError> {
        self.tiers.look(false).await;
        let mut names: BTreeSet<String> = self.tiers.sections().tenants.keys().cloned().collect();
        if let Some(store) = &self.tiers.store {
            let stored = self.tiers.ask(store.all()).await;
            let stored = stored.map_err(|failure| TenantError::Unavailable { failures: vec![failure] })?;
            names.extend(stored.into_iter().map(|(tenant, _)| tenant));
        }
        Ok(names.into_iter().collect())
    }

    /// The settings of a tenant that changes nothing: the section `default`.
    ///
    /// # Errors
    /// [`TenantError::Misfit`] if that lacks what each tenant has to say for itself.
    pub fn defaults(&self) -> Result<T, TenantError> {
        Ok(fit("default", &self.tiers.sections().default)?)
    }

    /// Looks at the file now, and not only when a call does.
    ///
    /// # Errors
    /// [`TenantError::Yaml`] if the file as it is cannot be used; what was read before stays in use.
    pub async fn reload(&self) -> Result<(), TenantError> {
        self.tiers.look(true).await;
        match self.last_error() {
            Some(error) => Err(Box::new(error).into()),
            None => Ok(()),
        }
    }

    /// Why the file as it is now is not in use; `None`: it is.
    pub fn last_error(&self) -> Option<YamlError> {
        self.tiers.yaml.as_ref()?.last_error()
    }

    /// What was asked of the tiers by this process, with this value and its clones.
    pub fn counts(&self) -> TenantCounts {
        self.tiers.counts.read()
    }

    /// How many dropped copies the server has not been told of yet.
    pub fn owed_invalidations(&self) -> usize {
        self.tiers.cache.owed_invalidations()
    }

    /// Which tiers there are, the first that is asked first.
    pub fn tiers(&self) -> Vec<Tier> {
        let store = self.tiers.store.is_some().then_some(Tier::Store);
        let yaml = self.tiers.yaml.is_some().then_some(Tier::Yaml);
        std::iter::once(Tier::Cache).chain(store).chain(yaml).collect()
    }
}

/// Waits a while, longer each time, so that those who want to change one thing do not meet again.
async fn pause(tried: u32) {
    let longest = PAUSE.min(1 << tried.min(16));
    tokio::time::sleep(Duration::from_millis(longest).mul_f64(rand::random())).await;
}

impl<T> Clone for TenantSettings<T> {
    fn clone(&self) -> Self {
        Self { tiers: Arc::clone(&self.tiers), settings: PhantomData }
    }
}

impl<T> fmt::Debug for TenantSettings<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TenantSettings").field("options", &self.tiers.options).finish_non_exhaustive()
    }
}
