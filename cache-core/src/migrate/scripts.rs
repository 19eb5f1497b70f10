//! The migrator's scripts, each beside the order of its arguments. They read and change indexes without anything in
//! between, on one server; the search module of a cluster refuses that.

use crate::index::with_name_of;
use crate::script::Script;

/// ARGV: commands as they will be sent, each behind the number of its words and which of them is its key (0: none). Answers
/// the names of those that the user may not run, and the keys for which others are refused.
///
/// The server does not say why it refuses. Alone, a command has no key that could be denied; but `SET` looks for one all the
/// same, so of that it counts whether another command was refused for the key.
pub(super) const DENIED: Script = Script {
    source: "if not redis.acl_check_cmd then return {{}, {}} end
local commands, keys, is_denied, at = {}, {}, {}, 1
while at < #ARGV do
  local words = {unpack(ARGV, at + 2, at + 1 + ARGV[at])}
  local known, allowed = pcall(redis.acl_check_cmd, unpack(words))
  if known and not allowed then
    local name, key = words[1], words[tonumber(ARGV[at + 1])]
    local is_key = key and is_denied[key]
    if key and name ~= 'SET' then is_key = redis.acl_check_cmd(name) end
    if is_key then
      is_denied[key] = true
      keys[#keys + 1] = key
    else
      commands[#commands + 1] = name
    end
  end
  at = at + 2 + ARGV[at]
end
return {commands, keys}",
    sha1: "cd9700610da9478f210c74103fc1eee272eceeb6",
};

/// KEYS: the leases. ARGV: a fingerprint, how long it is used from now on in milliseconds, fingerprints that were seen.
/// Of those that were not seen before, the time is kept from which on nobody was known to use them.
pub(super) const LEASE: Script = Script {
    source: "local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], 'GT', string.format('%.0f', now + ARGV[2]), ARGV[1])
for i = 3, #ARGV do redis.call('ZADD', KEYS[1], 'NX', string.format('%.0f', now), ARGV[i]) end
return 1",
    sha1: "0e6a20cbad6aaffaa9868881c26bd29af4752a7f",
};

/// KEYS: what is being extended. ARGV: our name, the index that is to answer to it, our fingerprint. Answers the index
/// that does, which is another one if somebody made it meanwhile; nothing if the index is gone.
pub(super) const ADOPT: Script = Script {
    source: with_name_of!(
        "local own = name_of(ARGV[1])
if not own then
  if name_of(ARGV[2]) ~= ARGV[2] then return false end
  redis.call('FT.ALIASADD', ARGV[1], ARGV[2])
  own = ARGV[2]
end
redis.call('HDEL', KEYS[1], ARGV[3])
return own"
    ),
    sha1: "4a3d79e7f564327d2c9d02570cc6003b76a7f1f8",
};

/// KEYS: those of redis-om. ARGV: its index, our alias, our index. Answers 1 if it was dropped, 2 if it was gone; 0 if ours is
/// not active. A document may have such a key too, and stays.
pub(super) const RETIRE: Script = Script {
    source: with_name_of!(
        "if name_of(ARGV[2]) ~= ARGV[3] then return 0 end
local there = name_of(ARGV[1]) == ARGV[1]
if there then redis.call('FT.DROPINDEX', ARGV[1]) end
for i = 1, #KEYS do
  local kind = redis.call('TYPE', KEYS[i])
  if (kind.ok or kind) == 'string' then redis.call('DEL', KEYS[i]) end
end
return there and 1 or 2"
    ),
    sha1: "a9ce7638d8d748c7481a47f6f183d7b1b2c6f152",
};

/// KEYS: the leases, what is kept of comparisons. ARGV: the alias, an index of ours, its fingerprint, our own fingerprint, how long one that nobody
/// uses is kept in milliseconds. Answers what became of it: `dropped`, `active`, `used`, `seen` for the first time, `gone`.
pub(super) const COLLECT: Script = Script {
    source: with_name_of!(
        "local index, names, last = ARGV[2], {}, nil
if name_of(index) ~= index then return 'gone' end
if name_of(ARGV[1]) == index then return 'active' end
if name_of(ARGV[1] .. ':' .. ARGV[4]) == index then return 'used' end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local leases = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for i = 1, #leases, 2 do
  local of, score = name_of(ARGV[1] .. ':' .. leases[i]), tonumber(leases[i + 1])
  if of == index then
    names[#names + 1] = leases[i]
    last = math.max(last or 0, score)
  elseif not of and score + ARGV[5] <= now then
    redis.call('ZREM', KEYS[1], leases[i])
  end
end
if not last then
  redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[3])
  return 'seen'
end
if last + ARGV[5] > now then return 'used' end
redis.call('FT.DROPINDEX', index)
redis.call('ZREM', KEYS[1], unpack(names))
for _, field in ipairs(redis.call('HKEYS', KEYS[2])) do
  for i = 1, #names do
    if string.sub(field, 1, #names[i]) == names[i] then redis.call('HDEL', KEYS[2], field) end
  end
end
return 'dropped'"
    ),
    sha1: "8eb743ec980177e550d28c974f88c91a0f60861a",
};

/// KEYS: what is kept of comparisons. ARGV: an index, what its mark's name begins with, the fingerprint, a new mark. Answers
/// the index's mark; nothing if the index is gone.
pub(super) const MARK: Script = Script {
    source: with_name_of!(
        "local mark = redis.call('HGET', KEYS[1], ARGV[3] .. ':mark')
if mark and name_of(ARGV[2] .. mark) == ARGV[1] then return mark end
if name_of(ARGV[1]) ~= ARGV[1] then return false end
redis.call('HSET', KEYS[1], ARGV[3] .. ':mark', ARGV[4])
redis.call('FT.ALIASADD', ARGV[2] .. ARGV[4], ARGV[1])
return ARGV[4]"
    ),
    sha1: "9517625a05ce96fd5f106e0a03345ec517e2daae",
};

/// KEYS: what is kept of comparisons. ARGV: an index, what its mark's name begins with, the field, the mark, what was found.
/// Answers 1 if it is kept, 0 if the index is another one by now.
pub(super) const RECORD: Script = Script {
    source: with_name_of!(
        "if name_of(ARGV[2] .. ARGV[4]) ~= ARGV[1] then return 0 end
local time = redis.call('TIME')
local now = string.format('%.0f', time[1] * 1000 + math.floor(time[2] / 1000))
redis.call('HSET', KEYS[1], ARGV[3], now .. ' ' .. ARGV[4] .. ' ' .. ARGV[5])
return 1"
    ),
    sha1: "3e66c4e65db41a8519f652bacce1d1eb09da4e68",
};

/// KEYS: a turn. ARGV: whose it is, how long from now on in milliseconds; 0: it is over. Answers 1, or 0 if it is another's.
pub(super) const HOLD: Script = Script {
    source: "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])",
    sha1: "2deae1ef2395a47a688aa388ceff88bd1c320ba4",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_the_digests_of_the_sources() {
        [DENIED, LEASE, ADOPT, RETIRE, COLLECT, MARK, RECORD, HOLD]
            .iter()
            .for_each(crate::script::assert_named);
    }
}
