//! The gate's scripts, each beside the order of its arguments.

use std::time::Duration;

use cache_index::{Batch, Command, DecodeError, Reply};

use super::keys::GateKeys;
use crate::cache::Cache;
use crate::error::{Error, Result};
use crate::script::{Script, run};

/// KEYS: the gate's key, its fence, its finished generations. ARGV: the token, the ttl in milliseconds, the generation
/// (empty: none is asked about).
///
/// Answers `{1, fence}` to the winner, `{0, holder, PTTL}` to others, `{2}` if the generation is finished.
///
/// Asked again with the same token it answers the same, so that a lost reply leaves no key that nobody holds. The
/// fence is the larger of what follows the last one and the server's time in microseconds: it does not go back when the
/// keys are lost. Doubles count microseconds exactly until the year 2255.
const ACQUIRE: Script = Script {
    source: "if ARGV[3] ~= '' and redis.call('ZSCORE', KEYS[3], ARGV[3]) then return {2} end
local holder = redis.call('GET', KEYS[1])
local fence = redis.call('GET', KEYS[2])
if holder == ARGV[1] and fence then return {1, fence} end
if holder and holder ~= ARGV[1] then return {0, holder, redis.call('PTTL', KEYS[1])} end
local time = redis.call('TIME')
local next = time[1] * 1000000 + time[2]
local last = tonumber(fence or '0')
if last >= next then next = last + 1 end
fence = string.format('%.0f', next)
redis.call('SET', KEYS[2], fence)
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return {1, fence}",
    sha1: "56374c6757beff4a63f3eb0cdd953a4c0cbc3bfc",
};

/// KEYS: the gate's key. ARGV: the token, the ttl in milliseconds. Answers 1, or 0 if the key is not the token's.
const RENEW: Script = Script {
    source: "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1",
    sha1: "3365317404aaf2fec1fa0091fb6152928888d265",
};

/// KEYS: the gate's key, its finished generations. ARGV: the token, how long the key stays in milliseconds, the
/// generation that is finished (empty: none). Answers 1, or 0 if the key is not the token's; 1 too if the generation is known to
/// be finished, so that it can be asked again.
///
/// Of the generations the last 64 are kept, in the order in which they were finished: more releases than that are not under
/// way at once.
const RELEASE: Script = Script {
    source: "if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  if ARGV[3] ~= '' and redis.call('ZSCORE', KEYS[2], ARGV[3]) then return 1 end
  return 0
end
if ARGV[2] == '0' then redis.call('DEL', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
if ARGV[3] ~= '' then
  local time = redis.call('TIME')
  local score = time[1] * 1000000 + time[2]
  local last = redis.call('ZREVRANGE', KEYS[2], 0, 0, 'WITHSCORES')[2]
  if last and tonumber(last) >= score then score = tonumber(last) + 1 end
  redis.call('ZADD', KEYS[2], string.format('%.0f', score), ARGV[3])
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -65)
end
return 1",
    sha1: "7b1e5e934d4e7d4d5ede1cde72b2a2e5ec7afeec",
};

/// KEYS: the gate's key, its fence. Answers the holder, PTTL, the fence and the server's time; nil where nobody holds it.
const INSPECT: Script = Script {
    source: "local holder = redis.call('GET', KEYS[1])
if not holder then return false end
local time = redis.call('TIME')
return {holder, redis.call('PTTL', KEYS[1]), redis.call('GET', KEYS[2]) or '0', time[1], time[2]}",
    sha1: "008b40a8ab2b8ef8ea00ce7524f67d6125349aba",
};

pub(super) enum Acquired {
    Yes { fence: u64 },
    No { holder: String, ttl: Option<Duration> },
    Finished,
}

/// Who holds a gate, as the server tells it.
pub(super) struct Found {
    pub(super) holder: String,
    pub(super) ttl: Option<Duration>,
    pub(super) fence: u64,
    /// Microseconds since 1970.
    pub(super) now: u64,
}

pub(super) async fn acquire(
    cache: &Cache,
    keys: &GateKeys,
    token: &str,
    ttl: Duration,
    generation: &str,
    within: Duration,
) -> Result<Acquired> {
    let call = ACQUIRE.call().arg("3").key(&keys.lock).key(&keys.fence).key(&keys.finished);
    let call = call.arg(token).arg_display(millis(ttl)).arg(generation).repeatable().within(within);
    let reply = run(cache, &ACQUIRE, call).await?;
    let items = items(&reply);
    match (items.first().and_then(Reply::as_int), items.get(1), items.get(2)) {
        (Some(1), Some(fence), _) => match number(fence) {
            Some(fence) => Ok(Acquired::Yes { fence }),
            None => Err(unreadable(&reply)),
        },
        (Some(0), Some(holder), left) => {
            let holder = holder.as_str().map(str::to_owned).unwrap_or_default();
            Ok(Acquired::No { holder, ttl: left.and_then(remaining) })
        }
        (Some(2), ..) => Ok(Acquired::Finished),
        _ => Err(unreadable(&reply)),
    }
}

/// Whether the key still is the token's, and lives for the ttl from now on.
pub(super) async fn renew(
    cache: &Cache,
    keys: &GateKeys,
    token: &str,
    ttl: Duration,
    within: Duration,
) -> Result<bool> {
    let call = RENEW.call().arg("1").key(&keys.lock).arg(token).arg_display(millis(ttl));
    owned(run(cache, &RENEW, call.repeatable().within(within)).await?)
}

/// Renews, and what another command says behind it on the same connection; `None`: the key is not the token's.
pub(super) async fn renew_and(
    cache: &Cache,
    keys: &GateKeys,
    token: &str,
    ttl: Duration,
    command: Command,
) -> Result<Option<Reply>> {
    let call = RENEW.call().arg("1").key(&keys.lock).arg(token).arg_display(millis(ttl)).repeatable();
    // By its source: what is sent behind it is not sent again with it.
    let call = RENEW.by_source(&call);
    let mut answers = cache.send_all(Batch::pipeline(vec![call, command])).await?.into_iter();
    let mut next = || answers.next().unwrap_or(Ok(Reply::Nil));
    let (renewed, answer) = (next(), next());
    if owned(renewed?)? { answer.map(Some) } else { Ok(None) }
}

/// Whether the key was the token's own.
pub(super) async fn release(
    cache: &Cache,
    keys: &GateKeys,
    token: &str,
    stay: Duration,
    generation: &str,
    within: Duration,
) -> Result<bool> {
    owned(run(cache, &RELEASE, release_call(keys, token, stay, generation, within)).await?)
}

fn release_call(keys: &GateKeys, token: &str, stay: Duration, generation: &str, within: Duration) -> Command {
    let call = RELEASE.call().arg("2").key(&keys.lock).key(&keys.finished);
    let call = call.arg(token).arg_display(millis(stay)).arg(generation).within(within);
    // What is repeated by the connection must still find what the first time left, or it would look like a lease that was lost: a
    // generation that is noted, or a key that stays for longer than any answer to it is waited for.
    let finds_it = !generation.is_empty() || stay > within.saturating_mul(2);
    if finds_it { call.repeatable() } else { call }
}

pub(super) async fn inspect(cache: &Cache, keys: &GateKeys) -> Result<Option<Found>> {
    let call = INSPECT.call().arg("2").key(&keys.lock).key(&keys.fence).repeatable();
    let reply = run(cache, &INSPECT, call).await?;
    if matches!(reply, Reply::Nil) {
        return Ok(None);
    }
    let items = items(&reply);
    let [holder, left, fence, seconds, micros] = items else { return Err(unreadable(&reply)) };
    match (holder.as_str(), number(fence), number(seconds), number(micros)) {
        (Some(holder), Some(fence), Some(seconds), Some(micros)) => Ok(Some(Found {
            holder: holder.to_owned(),
            ttl: remaining(left),
            fence,
            now: seconds.saturating_mul(1_000_000).saturating_add(micros),
        })),
        _ => Err(unreadable(&reply)),
    }
}

/// The server's time in microseconds since 1970.
pub(super) async fn time(cache: &Cache) -> Result<u64> {
    let reply = cache.command(Command::new("TIME").repeatable()).await?;
    match items(&reply) {
        [seconds, micros] => match (number(seconds), number(micros)) {
            (Some(seconds), Some(micros)) => Ok(seconds.saturating_mul(1_000_000).saturating_add(micros)),
            _ => Err(unreadable(&reply)),
        },
        _ => Err(unreadable(&reply)),
    }
}

/// Whole milliseconds, rounded up: a time that is not zero does not become it.
fn millis(time: Duration) -> u128 {
    time.as_micros().div_ceil(1_000)
}

/// The items of an array; none of anything else.
fn items(reply: &Reply) -> &[Reply] {
    match reply {
        Reply::Array(items) => items,
        _ => &[],
    }
}

fn owned(reply: Reply) -> Result<bool> {
    match reply {
        Reply::Int(owned) => Ok(owned == 1),
        other => Err(unreadable(&other)),
    }
}

fn number(reply: &Reply) -> Option<u64> {
    match reply.as_int() {
        Some(number) => u64::try_from(number).ok(),
        None => reply.as_str()?.parse().ok(),
    }
}

/// What PTTL says; `None`: without end.
fn remaining(reply: &Reply) -> Option<Duration> {
    reply.as_int().and_then(|left| u64::try_from(left).ok()).map(Duration::from_millis)
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
        [ACQUIRE, RENEW, RELEASE, INSPECT].iter().for_each(crate::script::assert_named);
    }

    #[test]
    fn a_release_is_repeated_only_where_it_finds_what_it_left() {
        let keys = ["lock", "fence", "finished"].map(str::to_owned);
        let [lock, fence, finished] = keys;
        let keys = GateKeys { lock, fence, finished };
        let within = Duration::from_millis(30);
        for (stay, generation, repeatable) in
            [(0, "", false), (5, "", false), (60, "", false), (61, "", true)]
                .into_iter()
                .chain([(0, "g", true), (5, "g", true)])
        {
            let call = release_call(&keys, "token", Duration::from_millis(stay), generation, within);
            assert_eq!(call.is_repeatable(), repeatable, "{stay} {generation:?}");
            assert_eq!(call.timeout(), Some(within));
        }
    }

    #[test]
    fn times_are_rounded_up() {
        assert_eq!(millis(Duration::ZERO), 0);
        assert_eq!(millis(Duration::from_nanos(1_500)), 1);
        assert_eq!(millis(Duration::from_millis(7)), 7);
    }
}
