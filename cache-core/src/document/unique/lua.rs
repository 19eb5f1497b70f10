//! The part of a script that looks after fences and claims, for the scripts that write, change and delete documents.

/// Ends the script if a larger fence was seen than the one it carries, and defines two functions for the script behind it.
///
/// ARGV[1] is nothing, or the fence, or the fence and for how many milliseconds it is kept; the last of KEYS then is where
/// the largest is. Answers `{'fenced', the largest}` to a smaller one, before anything else.
///
/// `unclaimed(key, at)` reads arguments from `at` on and answers where the next ones are, and what the script is to
/// answer if it must not go on; `settle(key)` writes the claims after the document was written, and answers the
/// document's end as `PEXPIRETIME` tells it. KEYS behind the document: the claims wanted, the claims given up, and
/// documents that seem to hold claims that are wanted.
///
/// | arguments | |
/// |---|---|
/// | nothing | there are no claims: nothing more follows |
/// | the time after which it is too late; 0: never | `{'late'}` |
/// | a count, then for each member on which claims depend: its path, and what it is believed to be | `{'stale', what each is}` |
/// | a count, then for each claim wanted: the number of its holder's key or 0, a count, and for each of its members: the path, the value | `{'claimed', the claim's position, its content}` if the holder is another one; `{'taken', the position, the holder}` if it has the values |
/// | the count of the claims given up | |
///
/// While a slot moves to another node, a key that a script has deleted is none of the first one any more: what it says of it
/// then is taken for the end that it is. All other keys are there, or the script is refused before it begins (`TRYAGAIN`).
///
/// A claim is `…:<key of the document>`. It counts only while that document has the values; another is taken over.
macro_rules! guard {
    ($script:literal) => {
        concat!(
            "local number, life = ARGV[1]:match('^(%d+) ?(%d*)$')
if number then
  local newest = redis.call('GET', KEYS[#KEYS])
  if newest and tonumber(newest) > tonumber(number) then return {'fenced', newest} end
  if life ~= '' then
    redis.call('SET', KEYS[#KEYS], number, 'PX', life)
  elseif newest ~= number then
    redis.call('SET', KEYS[#KEYS], number)
  end
end

local guarded, wanted, released = false, 0, 0

local function owner(claim)
  local content = redis.call('GET', claim)
  return content and (content:match('^[^:]*:(.*)$') or ''), content
end

local function unclaimed(key, at)
  local last = ARGV[at]
  at = at + 1
  if last == '' then return at end
  guarded = true
  local time = redis.call('TIME')
  if last ~= '0' and time[1] * 1000 + math.floor(time[2] / 1000) > tonumber(last) then return at, {'late'} end
  local stale, held = false, {'stale'}
  for member = 1, tonumber(ARGV[at]) do
    local text = redis.call('JSON.GET', key, ARGV[at + 2 * member - 1])
    stale = stale or (text and text ~= ARGV[at + 2 * member])
    held[member + 1] = text
  end
  at = at + 2 * tonumber(ARGV[at]) + 1
  if stale then return at, held end
  wanted = tonumber(ARGV[at])
  at = at + 1
  for claim = 2, wanted + 1 do
    local holder, members = tonumber(ARGV[at]), tonumber(ARGV[at + 1])
    local other, content = owner(KEYS[claim])
    if other and other ~= key then
      if holder == 0 or (KEYS[holder] ~= other and other ~= '') then return at, {'claimed', claim - 2, content} end
      local has = other ~= ''
      for member = 1, members do
        has = has and redis.pcall('JSON.GET', other, ARGV[at + 2 * member]) == ARGV[at + 2 * member + 1]
      end
      if has then return at, {'taken', claim - 2, other} end
    end
    at = at + 2 + 2 * members
  end
  released = tonumber(ARGV[at])
  return at + 1
end

local function settle(key)
  if not guarded then return false end
  local ends = redis.pcall('PEXPIRETIME', key)
  if type(ends) == 'table' then
    ends = ends.err:find('non local key', 1, true) and -2 or redis.call('PEXPIRETIME', key)
  end
  for claim = 2, wanted + 1 do
    if ends == -2 then
      redis.call('DEL', KEYS[claim])
    else
      redis.call('SET', KEYS[claim], ':' .. key)
      if ends >= 0 then redis.call('PEXPIREAT', KEYS[claim], string.format('%.0f', ends)) end
    end
  end
  for claim = wanted + 2, wanted + released + 1 do
    if owner(KEYS[claim]) == key then redis.call('DEL', KEYS[claim]) end
  end
  return string.format('%.0f', ends)
end

",
            $script
        )
    };
}

pub(in crate::document) use guard;
