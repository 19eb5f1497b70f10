//! The gate's scripts, each beside the order of its arguments.

use std::time::Duration;

use cache_index::{Command, DecodeError, Reply};

use super::Lease;
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::script::{Script, run};

/// KEYS: the gate's key. ARGV: the token, the ttl in milliseconds. Answers 1, or the holder and what PTTL says.
///
/// Asked again with the same token it answers the same, so that a lost reply leaves no key that nobody holds.
const ACQUIRE: Script = Script {
    source: "local holder = redis.call('GET', KEYS[1])
if holder == ARGV[1] then return 1 end
if holder then return {holder, redis.call('PTTL', KEYS[1])} end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1",
    sha1: "1aa8c9ceb31bfce08e5f728c8e814e0a57081895",
};

/// KEYS: the gate's key. ARGV: the token, the grace in milliseconds. Answers 1, or 0 if the key is not the token's.
const RELEASE: Script = Script {
    source: "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
if ARGV[2] == '0' then redis.call('DEL', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return 1",
    sha1: "843ea98788ae91a1d3e04f6af1a71a735cb64b81",
};

pub(super) enum Acquired {
    Yes,
    No { holder: String, ttl: Option<Duration> },
}

pub(super) async fn acquire(cache: &Cache, key: &str, token: &str, ttl: Duration) -> Result<Acquired> {
    match run(cache, &ACQUIRE, call(&ACQUIRE, key, token, ttl).repeatable()).await? {
        Reply::Int(1) => Ok(Acquired::Yes),
        Reply::Array(items) => {
            let mut items = items.into_iter();
            let holder =
                items.next().and_then(|holder| holder.as_str().map(str::to_owned)).unwrap_or_default();
            let left = items.next().and_then(|left| left.as_int()).and_then(|left| u64::try_from(left).ok());
            Ok(Acquired::No { holder, ttl: left.map(Duration::from_millis) })
        }
        other => Err(unreadable(&other)),
    }
}

/// Whether the key was the lease's own.
pub(super) async fn release(cache: &Cache, lease: &Lease, grace: Duration) -> Result<bool> {
    // A deletion that is repeated finds no key, which would look like a lease that was lost.
    let call = call(&RELEASE, lease.key(), lease.token(), grace);
    let call = if grace.as_millis() == 0 { call } else { call.repeatable() };
    match run(cache, &RELEASE, call).await? {
        Reply::Int(owned) => Ok(owned == 1),
        other => Err(unreadable(&other)),
    }
}

/// KEYS and ARGV, in the order that both scripts read them.
fn call(script: &Script, key: &str, token: &str, time: Duration) -> Command {
    script.call().arg("1").key(key).arg(token).arg_display(time.as_millis())
}

fn unreadable(reply: &Reply) -> Error {
    Error::Decode {
        command: "EVALSHA".to_owned(),
        source: DecodeError::unexpected("a gate script's answer", reply.describe()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_digests_of_the_sources() {
        [ACQUIRE, RELEASE].iter().for_each(crate::script::assert_named);
    }
}
