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
}
