//! Leases: which schemas are in use, so that nobody drops their indexes. A sorted set a prefix, with a fingerprint as the
//! member and as its score the time, by the server's clock, until which it is in use.
//!
//! A lease is of a schema and not of a process: whoever renews it keeps the index of all. It stays when it is over, as the
//! time from which on nobody was known to use the index.

use std::sync::{Arc, Weak};
use std::time::Duration;

use cache_index::{Command, ServerErrorKind};

use super::inspect::leases_key;
use super::observed::{Observed, fingerprint_in};
use super::plan::Plan;
use super::scripts::LEASE;
use crate::cache::Cache;
use crate::connection::Connection;
use crate::error::Result;
use crate::script;

/// How long a schema counts as used once that was said.
const TTL: Duration = Duration::from_secs(60);

/// How often it is said.
const RENEWED: Duration = Duration::from_secs(20);

/// How soon it is said again when the server did not hear it: twice before the lease is over.
const RETRIED: Duration = Duration::from_secs(5);

/// Says that this schema is in use, and which other ones were seen; then goes on saying the first as long as a handle of
/// the cache is there.
pub(super) async fn take(cache: &Cache, plan: &Plan, observed: &Observed) -> Result<()> {
    let key = leases_key(plan.schema.0, cache.keyspace()?)?;
    let call = LEASE.call().arg("1").key(&key).arg_display(plan.fingerprint).arg_display(TTL.as_millis());
    let call = call.repeatable();
    let seen = observed.ours(&plan.alias).filter_map(|index| fingerprint_in(&index.name, &plan.alias));
    let unknown = seen.filter(|seen| observed.leases.iter().all(|lease| lease.fingerprint != *seen));
    let first = unknown.fold(call.clone(), |call, fingerprint| call.arg_display(fingerprint));
    script::run(cache, &LEASE, first).await?;
    let mut name = key;
    name.extend_from_slice(plan.fingerprint.to_string().as_bytes());
    cache.background().keep(name, renew(Arc::downgrade(cache.connection()), call));
    Ok(())
}

/// Ends with the connection, of which it holds nothing while it waits.
async fn renew(connection: Weak<dyn Connection>, call: Command) {
    let mut pause = RENEWED;
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
        pause = if answer.is_ok() { RENEWED } else { RETRIED };
    }
}
