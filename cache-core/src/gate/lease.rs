//! One win of a gate: who holds it, and until when.

use std::sync::Arc;
use std::sync::LazyLock;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::GateError;

/// How much sooner a lease ends here than on the server: a hundredth for clocks that run at different speeds, and
/// two milliseconds (the drift allowance of the Redlock description).
const GUARD: (u32, Duration) = (100, Duration::from_millis(2));

/// The right to do a gate's work, for as long as [`check`](Lease::check) says so. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Lease {
    held: Arc<Held>,
}

#[derive(Debug)]
struct Held {
    key: String,
    token: String,
    deadline: Instant,
}

impl Lease {
    /// `asked` is the moment before the request was sent: the server's clock started no earlier.
    pub(super) fn new(key: String, token: String, asked: Instant, ttl: Duration) -> Self {
        let (part, fixed) = GUARD;
        let deadline = asked + (ttl - ttl / part).saturating_sub(fixed);
        Self { held: Arc::new(Held { key, token, deadline }) }
    }

    /// Whether the lease still holds, by this process's clock and without asking the server. To be called before
    /// each effect that the gate protects.
    ///
    /// # Errors
    /// [`GateError::Lost`] when the time is over.
    pub fn check(&self) -> Result<(), GateError> {
        if Instant::now() < self.held.deadline {
            Ok(())
        } else {
            Err(GateError::Lost { key: self.held.key.clone() })
        }
    }

    /// The gate's key on the server.
    pub fn key(&self) -> &str {
        &self.held.key
    }

    /// What the key holds: `v1|host|process|start of the process in Unix seconds|128 random bits`.
    pub fn token(&self) -> &str {
        &self.held.token
    }
}

/// A token that no other run has, readable for whoever looks at the key.
pub(super) fn token() -> String {
    static PROCESS: LazyLock<String> = LazyLock::new(|| {
        let host = gethostname::gethostname().to_string_lossy().replace('|', "_");
        let start = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        format!("v1|{host}|{}|{start}", std::process::id())
    });
    format!("{}|{:032x}", *PROCESS, rand::random::<u128>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_differ_and_name_the_process() {
        let (one, other) = (token(), token());
        assert_ne!(one, other);
        let parts: Vec<_> = one.split('|').collect();
        assert_eq!((parts.len(), parts[0], parts[2]), (5, "v1", std::process::id().to_string().as_str()));
    }

    #[test]
    fn a_lease_ends_before_the_servers_key() {
        let asked = Instant::now() - Duration::from_millis(990);
        let over = Lease::new("k".into(), "t".into(), asked, Duration::from_secs(1));
        assert!(over.check().is_err());
        let held = Lease::new("k".into(), "t".into(), Instant::now(), Duration::from_secs(60));
        assert!(held.check().is_ok());
    }
}
