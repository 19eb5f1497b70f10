//! The scripts of the protocol across slots: each has one key.

use crate::script::Script;

/// KEYS: a claim. ARGV: a token, the document, for how many milliseconds, and the content to take over or nothing.
///
/// Makes the claim one of a document that is about to be written: `{'locked', until when}`. Nobody else touches it until
/// then, not even another writer of the same document: `{'pending'}`. If it is another document's, `{'held', the
/// content}`, with which it can be taken over. A time that is more than a day away is no lock's: somebody else wrote it.
pub(super) const LOCK: Script = Script {
    source: "local content = redis.call('GET', KEYS[1])
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if content and content ~= ARGV[4] then
  local header, owner = content:match('^([^:]*):(.*)$')
  local token, till = (header or ''):match('^(%x*)~(%d+)$')
  local left = (tonumber(till) or 0) - now
  if token ~= ARGV[1] and left > 0 and left < 86400000 then return {'pending'} end
  if owner ~= ARGV[2] then return {'held', content} end
end
local till = string.format('%.0f', now + ARGV[3])
redis.call('SET', KEYS[1], ARGV[1] .. '~' .. till .. ':' .. ARGV[2])
return {'locked', till}",
    sha1: "3700b12573b9d8b53c43c20acfda1c69bf6c002f",
};

/// KEYS: a claim. ARGV: the token and the document that it must have; the time at which it ends, in milliseconds since
/// 1970, -1 for never, -2 for at once. Answers whether it was this claim.
pub(super) const SETTLE: Script = Script {
    source: "local content = redis.call('GET', KEYS[1])
local token, owner = (content or ''):match('^(%x*)[~%d]*:(.*)$')
if token ~= ARGV[1] or owner ~= ARGV[2] then return 0 end
if ARGV[3] == '-2' then return redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[1], token .. ':' .. owner)
if ARGV[3] ~= '-1' then redis.call('PEXPIREAT', KEYS[1], ARGV[3]) end
return 1",
    sha1: "379c68e7158580b7fa7bd33e166941cb13c86571",
};

/// KEYS: a document. ARGV: paths. Answers when it ends, as `PEXPIRETIME` tells it, and what is at each path.
pub(super) const SHOW: Script = Script {
    source: "local answer = {string.format('%.0f', redis.call('PEXPIRETIME', KEYS[1]))}
for position, path in ipairs(ARGV) do
  local text = redis.pcall('JSON.GET', KEYS[1], path)
  answer[position + 1] = type(text) == 'string' and text
end
return answer",
    sha1: "4197d52a51d7c54e69aba088842e7e7983851381",
};

#[cfg(test)]
mod tests {
    #[test]
    fn the_names_are_the_digests_of_the_sources() {
        for script in [&super::LOCK, &super::SETTLE, &super::SHOW] {
            crate::script::assert_named(script);
        }
    }
}
