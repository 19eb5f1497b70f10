//! How settings of tenants are set up.

use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::counts::Counts;
use super::error::TenantError;
use super::fit::{Fits, FitsPartly, HostsOf, fit, fit_partly, listed_hosts};
use super::hosts::check_sections;
use super::recent::{Away, LastGood, Told, Unknown};
use super::seen::Hosts;
use super::settings::TenantSettings;
use super::store::{AnyStore, TenantStore};
use super::tiers::{Merge, Options, Tiers};
use super::yaml::{Check, Yaml};
use crate::cache::Cache;

/// How settings of tenants are set up. Made by [`TenantSettings::builder`].
#[must_use = "nothing is read until `build` is called"]
pub struct Builder<T> {
    cache: Cache,
    store: Option<Box<dyn AnyStore>>,
    yaml: Option<Source>,
    options: Options,
    look_every: Duration,
    hosts_of: HostsOf,
    settings: PhantomData<fn() -> T>,
}

enum Source {
    File(PathBuf),
    Text(String),
}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> TenantSettings<T> {
    /// Settings of tenants over this cache. A cache that fails without its server is used as one that
    /// [does without](Cache::connect_or_degrade).
    pub fn builder(cache: &Cache) -> Builder<T> {
        Builder::new(cache)
    }
}

impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Builder<T> {
    fn new(cache: &Cache) -> Self {
        Self {
            cache: cache.degrading(),
            store: None,
            yaml: None,
            options: Options {
                merge: Merge::default(),
                ttl: Duration::from_secs(5 * 60),
                max_stale: Duration::from_secs(60 * 60),
                store_timeout: Duration::from_secs(2),
                yaml_on_error: false,
                missing_for: Duration::from_secs(5),
                most_missing: 10_000,
            },
            look_every: Duration::from_secs(1),
            hosts_of: Arc::new(listed_hosts),
            settings: PhantomData,
        }
    }

    /// Where settings are kept for good, and changed. Without it, they are only read, from the file.
    pub fn store(mut self, store: impl TenantStore) -> Self {
        self.store = Some(Box::new(store));
        self
    }

    /// The file with the defaults, and with the tenants that are part of the deployment:
    ///
    /// ```yaml
    /// default:          # required; the others inherit from it
    ///   theme: light
    ///   limits: { users: 10 }
    /// acme:
    ///   hosts: [acme.example, "*.acme.example"]
    ///   limits: { users: 500 }
    /// ```
    ///
    /// It is YAML 1.2 as [`saphyr`](https://docs.rs/saphyr) reads it, with anchors, and with `<<` as YAML 1.1 had it. Every
    /// section, over the default, has to fit the type, and so has what the default has; what it lacks, tenants have to have.
    pub fn yaml(mut self, path: impl Into<PathBuf>) -> Self {
        self.yaml = Some(Source::File(path.into()));
        self
    }

    /// The text of such a file, as `include_str!` brings it.
    pub fn yaml_text(mut self, text: impl Into<String>) -> Self {
        self.yaml = Some(Source::Text(text.into()));
        self
    }

    /// How long the file is believed before a call looks whether it has changed; without it a second. It costs the call one
    /// look at the file's metadata.
    pub fn look_every(mut self, time: Duration) -> Self {
        self.look_every = time;
        self
    }

    /// What is put over what; without it [`Merge::Overlay`].
    pub fn merge(mut self, merge: Merge) -> Self {
        self.options.merge = merge;
        self
    }

    /// How long the cache answers for the store; without it five minutes. Changes made through any [`TenantSettings`] of the
    /// fleet show at once; this bounds how long those made past it stay unseen.
    pub fn ttl(mut self, ttl: Duration) -> Self {
        self.options.ttl = ttl;
        self
    }

    /// How long beyond that settings are told while the store fails; without it an hour. What is answered then is
    /// [marked](super::Resolved::stale).
    pub fn max_stale(mut self, time: Duration) -> Self {
        self.options.max_stale = time;
        self
    }

    /// How long one call of the store may take; without it two seconds. One that fails after half a second or more keeps other
    /// reads from asking for half a second more; then one asks again, and the others wait for nothing until it is answered.
    pub fn store_timeout(mut self, bound: Duration) -> Self {
        self.options.store_timeout = bound;
        self
    }

    /// Answers from the file alone when the store fails and nothing is cached. Without it, that is an error: what the store
    /// would say may be stricter.
    pub fn yaml_on_error(mut self, answers: bool) -> Self {
        self.options.yaml_on_error = answers;
        self
    }

    /// How long unknown tenants and hosts are remembered, a fifth more or less; without it five seconds.
    pub fn missing_for(mut self, time: Duration) -> Self {
        self.options.missing_for = time;
        self
    }

    /// How many unknown tenants, and as many hosts, a process remembers at once; without it ten thousand. Those beyond are
    /// asked for each time.
    pub fn most_missing(mut self, most: usize) -> Self {
        self.options.most_missing = most;
        self
    }

    /// Which hosts a tenant has: names, addresses, or `*.` and a name for all that end in it. Without it, they are the member
    /// `hosts` of the settings, a string or a list of strings, whether or not the type has such a field.
    ///
    /// ```no_run
    /// # use cache_core::{Cache, tenant::{TenantError, TenantSettings}};
    /// # #[derive(serde::Serialize, serde::Deserialize)]
    /// # struct Site { domain: String }
    /// # async fn example(cache: Cache) -> Result<(), TenantError> {
    /// let sites = TenantSettings::<Site>::builder(&cache)
    ///     .yaml("tenants.yaml")
    ///     .hosts(|site| vec![site.domain.clone(), format!("*.{}", site.domain)])
    ///     .build()
    ///     .await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn hosts(mut self, hosts: impl Fn(&T) -> Vec<String> + Send + Sync + 'static) -> Self {
        self.hosts_of = Arc::new(move |tenant, settings| Ok(hosts(&fit::<T>(tenant, settings)?)));
        self
    }

    /// Reads the file.
    ///
    /// # Errors
    /// [`TenantError::Yaml`] if it cannot be read, does not fit, or gives one host to two tenants; [`TenantError::Cache`] if the
    /// cache has a namespace that cannot be used.
    pub async fn build(self) -> Result<TenantSettings<T>, TenantError> {
        self.cache.keyspace()?;
        let fits: Fits = Arc::new(|tenant, settings| fit::<T>(tenant, settings).map(drop));
        let check = || -> Box<Check> {
            let (fits, hosts_of) = (Arc::clone(&fits), Arc::clone(&self.hosts_of));
            let fits_partly: FitsPartly = fit_partly::<T>;
            Box::new(move |sections| check_sections(sections, &fits, fits_partly, &hosts_of))
        };
        let yaml = match self.yaml {
            None => None,
            Some(Source::Text(text)) => Some(Yaml::text(&text, check())?),
            Some(Source::File(path)) => Some(Yaml::open(path, self.look_every, check()).await?),
        };
        let unknown = || Unknown::new(self.options.most_missing, self.options.missing_for);
        let tiers = Tiers {
            unknown: unknown(),
            unknown_hosts: unknown(),
            cache: self.cache,
            store: self.store,
            yaml,
            no_file: Arc::default(),
            options: self.options,
            fits,
            hosts_of: self.hosts_of,
            hosts: Hosts::default(),
            counts: Counts::default(),
            last_good: LastGood::default(),
            gets_away: Away::default(),
            all_away: Away::default(),
            told: Told::default(),
        };
        Ok(TenantSettings { tiers: Arc::new(tiers), settings: PhantomData })
    }
}

impl<T> fmt::Debug for Builder<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("options", &self.options).finish_non_exhaustive()
    }
}
