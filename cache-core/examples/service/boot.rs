//! What a worker has before it answers.

use std::sync::Arc;

use cache_core::health::HealthCheck;
use cache_core::tenant::HostTenantMapping;
use cache_core::{Cache, Degrade, Migrator, RedisSettings, Watch};

use crate::Failure;
use crate::args::Args;
use crate::seed;
use crate::sessions::Session;
use crate::tenants::Tenants;

/// The name of the service: its keys begin with it.
const PROJECT: &str = "service";

/// What requests are answered with. Cheap to clone.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) cache: Cache,
    pub(crate) tenants: Tenants,
    pub(crate) health: HealthCheck,
    _watch: Arc<Watch>,
}

impl App {
    /// Boots, within little more than a second whatever Redis does. What waiting does not mend is an error: a wrong password, a
    /// module that is missing, an index that somebody else made.
    pub(crate) async fn boot(args: &Args) -> Result<Self, Failure> {
        // `Cache::connect_or_degrade` with a setting of its own.
        let degrade = Degrade::new().entry_timeout(args.entry_timeout);
        let cache = degrade.connect(RedisSettings::from_env()?).await?.project(PROJECT);
        let migrator = Migrator::new().register::<Session>().register::<HostTenantMapping>();
        // Without Redis it is done when that comes, in the background.
        migrator.run(&cache).await?;
        // Whoever flushes Redis, or starts it anew, takes the indexes with it: they are made again.
        let watch = Arc::new(migrator.watch(&cache)?);
        // Nobody has to wait for it: a page without sessions is a page.
        tokio::spawn(seed::whenever_redis_comes(cache.clone()));
        let tenants = Tenants::open(&cache, args).await?;
        let health = HealthCheck::new(&cache).gate(seed::gate());
        Ok(Self { cache, tenants, health, _watch: watch })
    }
}
