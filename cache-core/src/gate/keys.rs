//! The names of a gate's keys on the server.

use cache_index::{DEFAULT_GLOBAL, check_name};

use super::GateError;
use super::policy::{Layout, Scope};
use crate::cache::Cache;

/// A gate's keys. All lie in one slot of a cluster: the siblings have the lock's name as their hash tag.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct GateKeys {
    pub(super) lock: String,
    pub(super) fence: String,
    pub(super) finished: String,
}

impl GateKeys {
    pub(super) fn new(cache: &Cache, key: &str, scope: Scope, layout: Layout) -> Result<Self, GateError> {
        check_name("gate's key", key)?;
        if key.split(':').next() == Some(DEFAULT_GLOBAL) {
            return Err(GateError::Settings(
                "a key that begins with `cache:` could be a document's; choose another",
            ));
        }
        cache.keyspace()?;
        let project = cache.project_name()?.ok_or(GateError::NoProject)?;
        if key.contains(['{', '}']) || project.contains(['{', '}']) {
            return Err(GateError::Settings(
                "braces in its key or project would put its keys into different slots of a cluster; leave them out",
            ));
        }
        let among = match scope {
            Scope::Fleet => String::new(),
            Scope::Host => format!("@{}", host()),
            Scope::Parent => format!("@{}/{}", host(), parent()?),
        };
        let lock = match layout {
            Layout::Leader => format!("{project}:{key}{among}:leader"),
            Layout::Lock => format!("{project}:lock:{key}{among}"),
        };
        Ok(Self { fence: format!("{{{lock}}}:f"), finished: format!("{{{lock}}}:done"), lock })
    }
}

/// The host's name, without what has a meaning in keys and tokens.
pub(super) fn host() -> String {
    gethostname::gethostname().to_string_lossy().replace(['|', '{', '}', ':', '@', '/'], "_")
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "other systems have no parents to ask for")]
fn parent() -> Result<u32, GateError> {
    Ok(std::os::unix::process::parent_id())
}

#[cfg(not(unix))]
fn parent() -> Result<u32, GateError> {
    Err(GateError::Settings(
        "`Scope::Parent` needs a system that tells a process its parent; use `Scope::Host`",
    ))
}
