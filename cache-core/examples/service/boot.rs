//! What a worker has before it answers.

use std::sync::Arc;
use std::time::Duration;

use cache_core::health::HealthCheck;
use cache_core::tenant::HostTenantMapping;
use cache_core::{Cache, Degrade, Migrator, RedisSettings, Watch};
use tokio::sync::oneshot;

use crate::args::Args;
use crate::seed;
use crate::sessions::Session;
use crate::tenants::Tenants;
use crate::{Failure, chain};

/// The name of the service: its keys begin with it.
const PROJECT: &str = "service";

/// How long a worker waits for its indexes before it answers without them. What is wrong with the settings shows earlier.
const INDEXES: Duration = Duration::from_secs(3);

/// The pause before a migration that failed behind it is tried again.
const MENDED: Duration = Duration::from_secs(60);

/// What requests are answered with. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) cache: Cache,
    pub(crate) tenants: Tenants,
    pub(crate) health: HealthCheck,
    _watch: Arc<Watch>,
}

impl App {
    /// Boots: without Redis within little more than a second, and with one that is slow, or has many documents to fill an index
    /// with, a few seconds later, while the indexes are made in the background and the readiness says so. What waiting does not
    /// mend is an error: a wrong password, a module that is missing, an index that somebody else made.
    pub(crate) async fn boot(args: &Args) -> Result<Self, Failure> {
        // `Cache::connect_or_degrade` with a setting of its own.
        let degrade = Degrade::new().entry_timeout(args.entry_timeout);
        let cache = degrade.connect(RedisSettings::from_env()?).await?.project(PROJECT);
        let migrator = Migrator::new().register::<Session>().register::<HostTenantMapping>();
        migrate(&migrator, &cache).await?;
        // Whoever flushes Redis, or starts it anew, takes the indexes with it: they are made again.
        let watch = Arc::new(migrator.watch(&cache)?);
        // Nobody has to wait for it: a page without sessions is a page.
        tokio::spawn(seed::whenever_redis_comes(cache.clone()));
        let tenants = Tenants::open(&cache, args).await?;
        let health = HealthCheck::new(&cache).gate(seed::gate());
        Ok(Self { cache, tenants, health, _watch: watch })
    }
}

/// Makes the indexes; without Redis, or if that takes long, in the background.
async fn migrate(migrator: &Migrator, cache: &Cache) -> Result<(), Failure> {
    let (migrator, cache) = (migrator.clone(), cache.clone());
    let (told, first) = oneshot::channel();
    let work = async move {
        let mut told = Some(told);
        loop {
            let done = migrator.run(&cache).await;
            let failed = done.is_err();
            // Whoever waits for it decides what it means.
            let unheard = match told.take() {
                Some(told) => told.send(done).err(),
                None => Some(done),
            };
            match unheard {
                None => return,
                Some(Ok(_)) => tracing::info!("the indexes are made"),
                Some(Err(error)) => tracing::error!(error = chain(&error), "the indexes cannot be made"),
            }
            if !failed {
                return;
            }
            tokio::time::sleep(MENDED).await;
        }
    };
    tokio::spawn(work);
    match tokio::time::timeout(INDEXES, first).await {
        Ok(done) => done?.map(drop)?,
        Err(_) => tracing::warn!("the indexes are made in the background: that takes long"),
    }
    Ok(())
}
