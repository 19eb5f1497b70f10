//! Making a cache from settings, with the default client.

use std::sync::Arc;

use super::{Cache, Degrade};
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

    /// Connects to a server that may be away: [`Degrade::connect`] with what is usual.
    ///
    /// # Errors
    /// As [`Degrade::connect`].
    pub async fn connect_or_degrade(settings: impl Into<RedisSettings>) -> Result<Self> {
        Degrade::new().connect(settings).await
    }
}

impl Degrade {
    /// Connects to a server that may be away, now or later, and does without it as long as it is.
    ///
    /// Where it cannot be reached, does not answer within the budget, or is starting, the cache is degraded: it boots all the same, and goes on asking in the background (with jitter, every two seconds at most).
    /// When the server comes, it is [enabled](Cache::is_enabled), and degrades again when it goes. As long as it is degraded,
    /// calls cost no I/O, and before that an entry's time-out:
    ///
    /// - reading documents by their keys answers that there is none (`get`, `get_many`, `exists`, `ttl`);
    /// - saving them (`save`, `save_with`, `save_many`, `save_stream`) answers [`Saved`](crate::Saved) with `stored() == false`;
    ///   one that was not answered in time may be stored all the same;
    /// - deleting them (`delete`, `delete_by_id`, `delete_many`) answers that none was there, and is kept: it is delivered
    ///   when the server comes, before anything is read from it again. As many as 100,000 are kept, each further one is an
    ///   error; they are lost with the process, so give what is cached a time to live;
    /// - everything else says so by type: queries, patches, inserts, replaces and gates fail with
    ///   [`Error::is_unavailable`](crate::Error::is_unavailable) (what a gate does then is its
    ///   [`on_unavailable`](crate::Gate::on_unavailable)); a [`Migrator`](crate::Migrator) puts its work off, as with
    ///   [`defer`](crate::Migrator::defer).
    ///
    /// # Errors
    /// What will not pass, unless [`lenient`](Degrade::lenient): [`Error::is_access_denied`](crate::Error::is_access_denied) if
    /// the server refuses the user, [`Error::Tls`](crate::Error::Tls), [`Error::Unsupported`](crate::Error::Unsupported) if it has
    /// no JSON module. In any case
    /// [`Error::Settings`](crate::Error::Settings) if the settings are none, and
    /// [`Error::NoRuntime`](crate::Error::NoRuntime).
    pub async fn connect(self, settings: impl Into<RedisSettings>) -> Result<Cache> {
        self.over(Arc::new(RedisConnection::lazy(&settings.into())?)).await
    }
}
