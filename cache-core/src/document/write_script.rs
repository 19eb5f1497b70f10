//! The script that writes a document together with all that depends on it: whether it may be written, its version,
//! its time to live, the claims on its unique values, the fence that it carries.

use super::unique::guard;
use crate::script::Script;

/// KEYS: the document, then see [`guard!`](guard). ARGV: the fence, see there; its JSON; the condition (see below); the command that sets its time to live or nothing;
/// the argument of that or nothing; the path of the version or nothing; the version that must be stored or nothing;
/// the version to store; then see `guard!`.
///
/// | condition | writes | else answers |
/// |---|---|---|
/// | nothing | always | |
/// | `NX` | if there is no document | `{'there'}` |
/// | `XX` | if there is one | `{'missing'}` |
/// | `GET` | if there is no document | `{'there', the document}` |
///
/// Answers `{'stored', with GET the document, what settle answers}`; or why nothing was touched: see above and `guard!`,
/// and `{'version', what is stored or false}`. Versions are compared and written as texts: numbers are doubles here.
pub(crate) const WRITE: Script = Script {
    source: guard!(
        "local key = KEYS[1]
local json, condition, setter, argument = ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local path, expected, version = ARGV[6], ARGV[7], ARGV[8]

local there = redis.call('JSON.TYPE', key)
if there and condition == 'GET' then return {'there', redis.call('JSON.GET', key)} end
if there and condition == 'NX' then return {'there'} end
if not there and condition == 'XX' then return {'missing'} end
if expected ~= '' then
  local found = there and redis.call('JSON.GET', key, path):sub(2, -2)
  if found == '' or found == 'null' then found = '0' end
  if (found or '0') ~= expected then return {'version', found} end
end
local _, refusal = unclaimed(key, 9)
if refusal then return refusal end

redis.call('JSON.SET', key, '$', json)
if path ~= '' then redis.call('JSON.SET', key, path, version) end
if setter ~= '' then
  if argument == '' then redis.call(setter, key) else redis.call(setter, key, argument) end
end
local ends = settle(key)
return {'stored', condition == 'GET' and redis.call('JSON.GET', key), ends}"
    ),
    sha1: "c4bb91f1b6c27057d029822179363b7c1ecb39a0",
};

/// The same where the time to live is all that depends on the document. KEYS: the document. ARGV: its JSON; the condition,
/// which is nothing, `NX` or `XX`; the command that sets its time to live; the argument of that or nothing.
///
/// Answers as `JSON.SET`: `OK`, or nil if the condition does not hold. No transaction, which would go on behind a write
/// that was refused: a key of another kind, or a document that was there, must not get a time to live by it.
pub(crate) const WRITE_EXPIRING: Script = Script {
    source: "local key, json, condition, setter, argument = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local stored
if condition == '' then
  stored = redis.call('JSON.SET', key, '$', json)
else
  stored = redis.call('JSON.SET', key, '$', json, condition)
end
if not stored then return false end
if argument == '' then redis.call(setter, key) else redis.call(setter, key, argument) end
return stored",
    sha1: "d22ecad31ca43a2c2303cd5ef82fc3d5c68f52a2",
};

#[cfg(test)]
mod tests {
    #[test]
    fn the_names_are_the_digests_of_the_sources() {
        crate::script::assert_named(&super::WRITE);
        crate::script::assert_named(&super::WRITE_EXPIRING);
    }
}
