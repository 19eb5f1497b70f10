//! Making a cache on a private server that lives as long as the cache.

use std::sync::Arc;

use super::Cache;
use crate::embedded::Server;
use crate::error::{Error, Result};

impl Cache {
    /// A cache on a private real server, started for it and stopped with its last clone.
    ///
    /// For examples, development and tests: nothing is persistent. The server's binaries are found or, once,
    /// downloaded, as [`embedded`](crate::embedded) describes. `REDIS_URL` is never looked at.
    ///
    /// # Errors
    /// [`Error::Embedded`] if no server can be provided or started; its source says what to install or run.
    pub async fn embedded() -> Result<Self> {
        let server = Server::start().await.map_err(|error| Error::Embedded(Box::new(error)))?;
        let cache = Self::connect(server.url()).await?;
        Ok(Self { keeps: Some(Arc::new(server)), ..cache })
    }
}
