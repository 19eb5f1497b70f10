//! The script that makes a partial update: first everything is checked, then everything is written.

use crate::document::unique::guard;
use crate::script::Script;

/// KEYS: the document, then see [`guard!`](guard). ARGV: the fence, see there; `get` if the document is wanted in the answer, then see
/// `guard!`, then for each change its kind, the path of
/// the member, the path of the object that has it, how many arguments follow, and these:
///
/// | kind | arguments |
/// |---|---|
/// | `set` | the JSON |
/// | `push` | the JSON of each element |
/// | `remove` | none |
/// | `integer` | the amount, the least and the most that the sum may be |
/// | `version` | as `integer`; a member that is missing or `null` counts as 0 |
/// | `form` | the version that the document must have at least, else `{'form'}`; nothing is changed |
/// | `single` | the amount |
/// | `double` | the amount to compute with, the amount in the form that the server reads rightly |
///
/// Answers `{'done', the document if it is wanted, the version if there is one, what settle answers}`, or why nothing was changed: `{'missing'}` without a document,
/// or a reason, the position of the change (from 0) and, for `number` and `range`, what the member holds.
///
/// Integers are added here, as two parts of 15 digits: `JSON.NUMINCRBY` wraps at the ends of 64 signed bits and turns
/// unsigned integers beyond into doubles. Doubles are added by it, since what it stores is the sum, and what is
/// written as text is read back as another double one time in ten. Nothing can fail once something was written:
/// paths, types and sums are checked before, a server without memory refuses the first write.
pub(crate) const PATCH: Script = Script {
    source: guard!(
        "local key = KEYS[1]
if redis.call('EXISTS', key) == 0 then return {'missing'} end
local changes, refusal = unclaimed(key, 3)
if refusal then return refusal end

local function number(path)
  local held = redis.call('JSON.GET', key, path):sub(2, -2)
  return held:match('^%-?%d[%d.eE+-]*$'), held ~= '' and held:sub(1, 100)
end

local function parts(digits)
  local sign, whole = digits:match('^(-?)(%d+)$')
  if not whole then return nil end
  sign = sign == '-' and -1 or 1
  return sign * (tonumber(whole:sub(1, -16)) or 0), sign * tonumber(whole:sub(-15))
end

local function plus(high, low, by_high, by_low)
  high, low = high + by_high, low + by_low
  if low >= 1e15 or (low > 0 and high < 0) then return high + 1, low - 1e15 end
  if low <= -1e15 or (low < 0 and high > 0) then return high - 1, low + 1e15 end
  return high, low
end

local function less(high, low, than_high, than_low)
  return high < than_high or (high == than_high and low < than_low)
end

local function digits(high, low)
  local sign = (high < 0 or low < 0) and '-' or ''
  if high == 0 then return sign .. string.format('%.0f', math.abs(low)) end
  return sign .. string.format('%.0f%015.0f', math.abs(high), math.abs(low))
end

local function single(number)
  return (struct.unpack('f', struct.pack('f', number)))
end

local function sum(kind, held, at)
  if kind == 'integer' or kind == 'version' then
    local high, low = parts(held)
    if not high then return nil, 'number' end
    high, low = plus(high, low, parts(ARGV[at]))
    local least, low_of_least = parts(ARGV[at + 1])
    local most, low_of_most = parts(ARGV[at + 2])
    if less(high, low, least, low_of_least) or less(most, low_of_most, high, low) then return nil, 'range' end
    return digits(high, low)
  end
  if kind == 'single' then
    local result = single(single(tonumber(held)) + tonumber(ARGV[at]))
    if not (math.abs(result) < math.huge) then return nil, 'range' end
    for precision = 1, 8 do
      local text = string.format('%.' .. precision .. 'g', result)
      if single(tonumber(text)) == result then return text end
    end
    return string.format('%.9g', result)
  end
  if not (math.abs(tonumber(held) + tonumber(ARGV[at])) < 1.797693134862315e308) then return nil, 'range' end
  return ''
end

local sums, version = {}, false
local at, position = changes, 0
while at <= #ARGV do
  local kind, path, parent = ARGV[at], ARGV[at + 1], ARGV[at + 2]
  if kind == 'set' then
    if not redis.call('JSON.OBJLEN', key, parent)[1] then return {'parent', position} end
  elseif kind == 'push' then
    if not redis.call('JSON.ARRLEN', key, path)[1] then return {'list', position} end
  elseif kind == 'remove' then
    redis.call('JSON.TYPE', key, path)
  elseif kind == 'form' then
    local held = redis.call('JSON.GET', key, path):sub(2, -2)
    if (tonumber(held) or 1) < tonumber(ARGV[at + 4]) then return {'form'} end
  else
    local held, shown = number(path)
    if kind == 'version' and (not shown or shown == 'null') then held = '0' end
    if not held then return {'number', position, shown} end
    local result, refused = sum(kind, held, at + 4)
    if not result then return {refused, position, shown} end
    sums[at] = result
    if kind == 'version' then version = result end
  end
  at, position = at + 4 + ARGV[at + 3], position + 1
end

at = changes
while at <= #ARGV do
  local kind, path, first, count = ARGV[at], ARGV[at + 1], at + 4, tonumber(ARGV[at + 3])
  if kind == 'set' then
    redis.call('JSON.SET', key, path, ARGV[first])
  elseif kind == 'push' then
    for from = first, first + count - 1, 1000 do
      redis.call('JSON.ARRAPPEND', key, path, unpack(ARGV, from, math.min(from + 999, first + count - 1)))
    end
  elseif kind == 'remove' then
    redis.call('JSON.DEL', key, path)
  elseif kind == 'double' then
    redis.call('JSON.NUMINCRBY', key, path, ARGV[first + 1])
  elseif kind ~= 'form' then
    redis.call('JSON.SET', key, path, sums[at])
  end
  at = first + count
end
local ends = settle(key)
return {'done', ARGV[2] == 'get' and redis.call('JSON.GET', key), version, ends}"
    ),
    sha1: "3b3d369c2f0336b78027ce29289506661da59a8f",
};

#[cfg(test)]
mod tests {
    #[test]
    fn the_name_is_the_digest_of_the_source() {
        crate::script::assert_named(&super::PATCH);
    }
}
