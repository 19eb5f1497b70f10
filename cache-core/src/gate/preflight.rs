//! Whether the server may throw locks away.

use cache_index::Command;

use super::{Gate, GateError};
use crate::cache::Cache;
use crate::error::Error;

/// Asks once on each connection, for a strict gate each time, whether the server's eviction policy can evict locks: keys with a ttl, which all are.
///
/// Measured: of 20 held locks 19 were evicted under `volatile-ttl`, 16 under `allkeys-lru`, none under `noeviction`.
///
/// A server that does not say is taken for one that does not, unless the gate is strict.
pub(super) async fn check(gate: &Gate, cache: &Cache) -> Result<(), GateError> {
    let connection = cache.connection().generation();
    let policy = match cache.eviction_policy().known(connection) {
        // Somebody may have changed it since.
        Some(policy) if !gate.strict => policy,
        _ => match read(cache).await {
            Ok(policy) => {
                cache.eviction_policy().learn(connection, policy.clone());
                if evicts(&policy) {
                    tracing::warn!(%policy, "the server can evict the keys of gates; set maxmemory-policy to noeviction");
                }
                policy
            }
            Err(error) if gate.strict => return Err(error.into()),
            // What keeps the server from answering keeps the gate from being asked, which comes next.
            Err(_) => return Ok(()),
        },
    };
    if gate.strict && policy != "noeviction" {
        return Err(GateError::Evictable { policy });
    }
    Ok(())
}

fn evicts(policy: &str) -> bool {
    policy != "noeviction" && !policy.is_empty()
}

async fn read(cache: &Cache) -> Result<String, Error> {
    let reply = cache.command(Command::new("INFO").arg("memory").repeatable()).await?;
    let text = reply.as_str().unwrap_or_default();
    let policy = text.lines().find_map(|line| line.strip_prefix("maxmemory_policy:"));
    Ok(policy.unwrap_or_default().trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::evicts;

    #[test]
    fn only_no_eviction_keeps_locks() {
        assert!(evicts("allkeys-lru") && evicts("volatile-ttl"));
        assert!(!evicts("noeviction") && !evicts(""));
    }
}
