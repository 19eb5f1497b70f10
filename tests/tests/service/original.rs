//! The rules of the cache package that this library replaces, to try the judges on.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use cache_core::{Cache, Command, Error, RedisSettings, Reply};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Whether there is a Redis was found out once; who misses loads, and stores what was loaded, for ever.
#[derive(Debug, Clone)]
pub(crate) struct Original {
    pub(crate) cache: Cache,
    enabled: bool,
}

impl Original {
    /// Boots: a Redis that does not answer is none, for the life of the process.
    pub(crate) async fn boot(url: &str) -> Self {
        let settings = RedisSettings::new(url).connect_timeout(Duration::from_secs(5));
        let cache = Cache::connect_lazy(settings).unwrap_or_else(|error| panic!("{error}"));
        let enabled = cache.ping().await.is_ok();
        Self { cache, enabled }
    }

    /// The key of a document, as `number`.
    fn key(number: u64) -> String {
        format!("original:{number}")
    }

    /// Reads it, or loads and stores it.
    pub(crate) async fn read<F: Future<Output = u64>>(
        &self,
        number: u64,
        load: impl FnOnce() -> F,
    ) -> Result<u64, Error> {
        if !self.enabled {
            return Ok(load().await);
        }
        let key = Self::key(number);
        let stored = self.cache.command(Command::new("JSON.GET").key(&key)).await?;
        if let Some(value) = stored.as_str().and_then(|text| text.parse().ok()) {
            return Ok(value);
        }
        let value = load().await;
        self.store(number, value).await?;
        Ok(value)
    }

    /// Writes the cache, before the document.
    pub(crate) async fn store(&self, number: u64, value: u64) -> Result<Reply, Error> {
        let set = Command::new("JSON.SET").key(Self::key(number)).arg("$").arg_display(value);
        self.cache.command(set).await
    }

    /// A service with these rules, and where it is.
    pub(crate) async fn serve(self) -> String {
        let read = async |State(original): State<Self>| {
            let read = original.read(1, async || 7).await;
            read.map(|value| value.to_string()).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
        };
        let app: Router = Router::new().route("/tenant_settings", get(read)).with_state(self);
        let listener =
            tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap_or_else(|error| panic!("{error}"));
        let address = listener.local_addr().unwrap_or_else(|error| panic!("{error}"));
        tokio::spawn(async move { axum::serve(listener, app).await });
        format!("http://{address}")
    }
}

/// What its boot does first: a ping, without any bound.
pub(crate) async fn ping_without_bound(port: u16) -> Result<(), Infallible> {
    if let Ok(mut stream) = TcpStream::connect(("127.0.0.1", port)).await {
        let _ = stream.write_all(b"PING\r\n").await;
        let _ = stream.read(&mut [0; 64]).await;
    }
    Ok(())
}
