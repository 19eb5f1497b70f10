//! Making a cache from settings, with the default client.

use std::sync::Arc;

use super::Cache;
use crate::connection::redis::RedisConnection;
use crate::error::Result;
use crate::settings::RedisSettings;

impl Cache {
    /// Connects to a server, in the namespace `cache`, and reads what the server can do.
    ///
    /// The connection is shared by all clones and made anew when it breaks.
    ///
    /// # Errors
    /// [`Error::is_unavailable`](crate::Error::is_unavailable) if the server cannot be reached in time,
    /// [`Error::is_access_denied`](crate::Error::is_access_denied) if it refuses the user,
    /// [`Error::Settings`](crate::Error::Settings) if the URL is none.
    pub async fn connect(settings: impl Into<RedisSettings>) -> Result<Self> {
        let settings = settings.into();
        let connection = RedisConnection::connect(&settings).await?;
        Ok(Self::from_connection(Arc::new(connection)))
    }

    /// A cache in the namespace `cache` that connects with its first command, for services that boot without their
    /// server: nothing is sent, and calls fail with [`Error::is_unavailable`](crate::Error::is_unavailable) until it comes.
    ///
    /// What the server can do is asked before the first command that reaches it. Until then it is
    /// [taken](Cache::capabilities) to have the modules in the oldest version that is supported, and to be no cluster: a
    /// call that was begun before that and needs more meets an error of the server.
    ///
    /// ```no_run
    /// # use cache_core::{Cache, CacheModel, Migrator};
    /// # #[derive(serde::Serialize, serde::Deserialize, CacheModel)]
    /// # struct User { #[primary_key] id: String, #[index] city: String }
    /// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let cache = Cache::connect_lazy("redis://localhost:6379")?;
    /// let migration = Migrator::new().register::<User>().defer().run(&cache).await?;
    /// println!("{} {}", migration.is_deferred(), cache.readiness());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Settings`](crate::Error::Settings) if the URL is none.
    pub fn connect_lazy(settings: impl Into<RedisSettings>) -> Result<Self> {
        let connection = RedisConnection::lazy(&settings.into())?;
        Ok(Self::from_connection(Arc::new(connection)))
    }
}
