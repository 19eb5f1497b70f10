//! Leases: which schemas are in use, so that nobody drops their indexes. A sorted set a prefix, with a fingerprint as the
//! member and as its score the time, by the server's clock, until which it is in use.
//!
//! A lease is of a schema and not of a process: whoever renews it keeps the index of all. It stays when it is over, as the
//! time from which on nobody was known to use the index.

use std::sync::{Arc, Weak};
use std::time::Duration;

use cache_index::{Command, ServerErrorKind};

use super::denied;
use super::error::MigrateError;
use super::inspect::leases_key;
use super::observed::{Observed, fingerprint_in};
use super::plan::Plan;
use super::scripts::LEASE;
use crate::cache::Cache;
use crate::connection::Connection;
use crate::script;

/// How often it is said that a schema is in use.
#[derive(Debug, Clone, Copy)]
struct Pauses {
    calm: Duration,
    /// When the server did not hear it: several times before the lease is over.
    unheard: Duration,
}

impl Pauses {
    fn of(ttl: Duration) -> Self {
        Self { calm: ttl / 3, unheard: ttl / 12 }
    }
}

/// Says that this schema is in use, and which other ones were seen; then goes on saying the first as long as a handle of
/// the cache is there.
///
/// A server that takes no writes now is told later (`false`), if the plan makes nothing: whoever finds its index filled can
/// go on.
pub(super) async fn take(
    cache: &Cache,
    plan: &Plan,
    observed: &Observed,
    ttl: Duration,
) -> Result<bool, MigrateError> {
    let key = leases_key(plan.schema.0, cache.keyspace()?)?;
    let call = LEASE.call().arg("1").key(&key).arg_display(plan.fingerprint).arg_display(ttl.as_millis());
    let call = call.repeatable();
    let seen = observed.ours(&plan.alias).filter_map(|index| fingerprint_in(&index.name, &plan.alias));
    let unknown = seen.filter(|seen| observed.leases.iter().all(|lease| lease.fingerprint != *seen));
    let first = unknown.fold(call.clone(), Command::arg_display);
    let pauses = Pauses::of(ttl);
    let heard = match script::run(cache, &LEASE, first).await {
        Ok(_) => true,
        Err(error) if error.is_write_refused() && plan.serves() => false,
        Err(error) => return Err(denied::on_keys(cache, plan.schema.0, &key, error).await),
    };
    let mut name = key;
    name.extend_from_slice(plan.fingerprint.to_string().as_bytes());
    let pause = if heard { pauses.calm } else { pauses.unheard };
    cache.background().keep(name, renew(Arc::downgrade(cache.connection()), call, pause, pauses));
    Ok(heard)
}

/// Says that an index of ours was in use up to now.
pub(super) async fn was_used(cache: &Cache, plan: &Plan, index: &str) -> Result<(), MigrateError> {
    let Some(fingerprint) = fingerprint_in(index, &plan.alias) else { return Ok(()) };
    let key = leases_key(plan.schema.0, cache.keyspace()?)?;
    let call = LEASE.call().arg("1").key(key).arg_display(fingerprint).arg("0");
    script::run(cache, &LEASE, call.repeatable()).await?;
    Ok(())
}

/// Ends with the connection, of which it holds nothing while it waits.
async fn renew(connection: Weak<dyn Connection>, call: Command, mut pause: Duration, pauses: Pauses) {
    loop {
        tokio::time::sleep(pause).await;
        let Some(connection) = connection.upgrade() else { return };
        let answer = match connection.send(call.clone()).await {
            Err(error) if error.server_kind() == Some(ServerErrorKind::NoScript) => {
                connection.send(LEASE.by_source(&call)).await
            }
            answer => answer,
        };
        // Nobody is there to be told; what it costs is that the index may be dropped, after the retention.
        pause = if answer.is_ok() { pauses.calm } else { pauses.unheard };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicBool, Ordering};

    use cache_index::{Batch, Reply};
    use futures_core::future::BoxFuture;
    use tokio::time::Instant;

    use super::*;
    use crate::connection::{Capabilities, PushStream};
    use crate::error::{Error, Result};

    /// Remembers when it was asked, in seconds since the test began.
    struct Heard {
        began: Instant,
        at: Mutex<Vec<u64>>,
        deaf: AtomicBool,
        capabilities: Capabilities,
    }

    impl Connection for Heard {
        fn send(&self, command: Command) -> BoxFuture<'_, Result<Reply>> {
            assert_eq!(command.name(), "EVALSHA");
            self.at.lock().unwrap().push(self.began.elapsed().as_secs());
            let deaf = self.deaf.load(Ordering::Relaxed);
            Box::pin(async move {
                let unavailable = || Error::Unavailable { reason: "deaf".to_owned(), source: None };
                if deaf { Err(unavailable()) } else { Ok(Reply::Int(1)) }
            })
        }

        fn send_all(&self, _: Batch) -> BoxFuture<'_, Result<Vec<Result<Reply>>>> {
            Box::pin(async { Ok(Vec::new()) })
        }

        fn capabilities(&self) -> &Capabilities {
            &self.capabilities
        }

        fn pushes(&self) -> Option<PushStream> {
            None
        }

        fn deadline(&self) -> Duration {
            Duration::from_secs(2)
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lease_is_renewed_until_the_connection_goes() {
        let (began, deaf) = (Instant::now(), AtomicBool::new(false));
        let heard = Heard { began, at: Mutex::default(), deaf, capabilities: Capabilities::default() };
        let heard = Arc::new(heard);
        let connection: Arc<dyn Connection> = heard.clone();
        let pauses = Pauses::of(Duration::from_secs(60));
        let renewing = tokio::spawn(renew(Arc::downgrade(&connection), LEASE.call(), pauses.calm, pauses));
        tokio::time::sleep(Duration::from_secs(50)).await;
        assert_eq!(*heard.at.lock().unwrap(), [20, 40]);
        heard.deaf.store(true, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(22)).await;
        assert_eq!(*heard.at.lock().unwrap(), [20, 40, 60, 65, 70], "sooner while nobody hears it");
        heard.deaf.store(false, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_secs(40)).await;
        assert_eq!(heard.at.lock().unwrap()[5..], [75, 95]);
        drop((connection, heard));
        renewing.await.unwrap();
    }
}
