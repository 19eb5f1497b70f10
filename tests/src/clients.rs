//! Which client a test goes through.

use std::sync::Arc;

use cache_core::connection::FredConnection;
use cache_core::{Cache, Degrade, Error, Protocol, RedisSettings, Result};

use crate::{LATE, chain, coordinator};

/// Which client the tests go through: `redis`, which it is without it, or `fred`.
const CLIENT: &str = "CACHE_TEST_CLIENT";

/// Whether the tests go through `fred`.
///
/// # Panics
/// If a client is named that is none.
pub fn is_fred() -> bool {
    match std::env::var(CLIENT).as_deref() {
        Err(_) | Ok("redis") => false,
        Ok("fred") => true,
        Ok(other) => panic!("{CLIENT} is `{other}`, which is no client: say `redis` or `fred`"),
    }
}

/// A cache on a server, in the default namespace.
///
/// # Panics
/// If the server cannot be reached.
pub async fn connect(url: &str, protocol: Protocol) -> Cache {
    there(connect_with(patient(url, protocol)).await)
}

/// The same through the `redis` crate in any case, for what the adapter of `fred` has not: hearing what the server says
/// without being asked.
///
/// # Panics
/// If the server cannot be reached.
pub async fn connect_redis(url: &str, protocol: Protocol) -> Cache {
    there(Cache::connect(patient(url, protocol)).await)
}

/// [`Cache::connect`], through the client that is chosen.
///
/// # Errors
/// Those of that.
///
/// # Panics
/// If none is that is known.
pub async fn connect_with(settings: impl Into<RedisSettings>) -> Result<Cache> {
    connect_as_it_is(settings).await.map(coordinator::as_told)
}

/// A cache on a server, which is not taken for a cluster.
pub(crate) async fn connect_one(url: &str, protocol: Protocol) -> Cache {
    there(connect_as_it_is(patient(url, protocol)).await)
}

async fn connect_as_it_is(settings: impl Into<RedisSettings>) -> Result<Cache> {
    if is_fred() {
        Ok(Cache::from_connection(Arc::new(FredConnection::connect(settings).await?)))
    } else {
        Cache::connect(settings).await
    }
}

/// [`Cache::connect_lazy`], through the client that is chosen.
///
/// # Errors
/// Those of that.
///
/// # Panics
/// If none is that is known.
pub fn connect_lazy(settings: impl Into<RedisSettings>) -> Result<Cache> {
    if is_fred() {
        Ok(Cache::from_connection(Arc::new(FredConnection::lazy(settings)?)))
    } else {
        Cache::connect_lazy(settings)
    }
}

/// [`Degrade::connect`], through the client that is chosen.
///
/// # Errors
/// Those of that.
///
/// # Panics
/// If none is that is known.
pub async fn degrade(degrade: Degrade, settings: impl Into<RedisSettings>) -> Result<Cache> {
    if is_fred() {
        degrade.over(Arc::new(FredConnection::lazy(settings)?)).await
    } else {
        degrade.connect(settings).await
    }
}

/// Whether the tests go through `fred`, which has to refuse these settings then and to say what they are for. What they do is
/// for the other client alone.
///
/// # Panics
/// If it does not refuse them, or in another way.
pub async fn refused_by_fred(settings: &RedisSettings) -> bool {
    if !is_fred() {
        return false;
    }
    let refused =
        [connect_with(settings).await, connect_lazy(settings), degrade(Degrade::new(), settings).await];
    for error in refused.map(Result::err) {
        match error {
            Some(error @ Error::Settings { setting: "url", .. })
                if error.to_string().contains("for `Cache::connect`") => {}
            other => panic!("fred does not refuse them: {other:?}"),
        }
    }
    true
}

fn patient(url: &str, protocol: Protocol) -> RedisSettings {
    RedisSettings::new(url).response_timeout(LATE).connect_timeout(LATE).protocol(protocol)
}

fn there(connected: Result<Cache>) -> Cache {
    match connected {
        Ok(cache) => cache,
        Err(error) => panic!("no connection to the test server: {}", chain(&error)),
    }
}
