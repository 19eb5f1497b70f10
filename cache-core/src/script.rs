//! Scripts: each runs on the server without anything in between, and gets its values as arguments, never as text.

use cache_index::{Command, Reply, ServerErrorKind};

use crate::cache::Cache;
use crate::error::Result;

/// A script and the name that the server caches it under.
pub(crate) struct Script {
    pub(crate) source: &'static str,
    pub(crate) sha1: &'static str,
}

impl Script {
    /// The beginning of a call by name. What follows: the number of keys, the keys, the arguments.
    pub(crate) fn call(&self) -> Command {
        Command::new("EVALSHA").arg(self.sha1)
    }

    /// The same call by source, for a server that does not have the script.
    pub(crate) fn by_source(&self, call: &Command) -> Command {
        let same = Command::new("EVAL").arg(self.source).args_from(call.args().skip(2));
        let same = same.routed(call.route().clone());
        let same = if call.is_repeatable() { same.repeatable() } else { same };
        match call.timeout() {
            Some(timeout) => same.within(timeout),
            None => same,
        }
    }
}

/// Runs a script by its name, and by its source where the server does not have it: after a restart or a failover.
pub(crate) async fn run(cache: &Cache, script: &Script, call: Command) -> Result<Reply> {
    match cache.command(call.clone()).await {
        // The name is looked up before anything is executed, so the call may be sent again whatever it does.
        Err(error) if error.server_kind() == Some(ServerErrorKind::NoScript) => {
            cache.command(script.by_source(&call)).await
        }
        other => other,
    }
}

/// Asserts that the name is the digest of the source.
#[cfg(test)]
pub(crate) fn assert_named(script: &Script) {
    use sha1::{Digest, Sha1};
    let digest: String =
        Sha1::digest(script.source.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(script.sha1, digest, "{}", script.source);
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_call_by_source_is_the_same_call() {
        let script = Script { source: "return 1", sha1: "e0e1f9fabfc9d4800c877a703b823ac0578ff8db" };
        assert_named(&script);
        let call = script.call().arg("1").key("k").arg("a b").within(Duration::from_secs(1)).repeatable();
        let same = script.by_source(&call);
        let words: Vec<_> = same.args().collect();
        assert_eq!(words, [&b"EVAL"[..], b"return 1", b"1", b"k", b"a b"]);
        assert_eq!(same.route_key(), Some(&b"k"[..]));
        assert_eq!((same.timeout(), same.is_repeatable()), (call.timeout(), true));
    }
}
