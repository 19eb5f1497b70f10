//! The scripts: nothing happens on the server between what they compare and what they do.

use bytes::Bytes;
use cache_index::{DecodeError, Reply};

use crate::error::{Error, Result};
use crate::script::Script;

/// KEYS: the document, the mark of a load, what is known of the last one. ARGV: a token, how long the mark lives in
/// milliseconds, the text that says that there is nothing, `1` if a document that is there is to be answered, `1` if one load
/// of the fleet is enough.
///
/// Answers `{'found', the document}`, `{'nothing'}`, `{'busy'}`, or `{'begun', the token to fill it with}`: that of a load that
/// is under way goes for all.
pub(super) const BEGIN: Script = Script {
    source: "local document, mark, known = KEYS[1], KEYS[2], KEYS[3]
if ARGV[4] == '1' then
  local json = redis.call('JSON.GET', document)
  if json then return {'found', json} end
  if redis.call('GET', known) == ARGV[3] then return {'nothing'} end
end
local token = redis.call('GET', mark)
if token and token ~= ARGV[1] and ARGV[5] == '1' then return {'busy'} end
token = token or ARGV[1]
redis.call('SET', mark, token, 'PX', ARGV[2])
return {'begun', token}",
    sha1: "04e74ef3ffb5ce5618b984c388b0d272c5aef733",
};

/// KEYS: as of [`BEGIN`]. ARGV: the token, the document that was there when the load began or nothing, the one that was loaded
/// or nothing, its time to live in milliseconds or nothing, what is to be known of it or nothing, and for how long.
///
/// Answers `{'stored'}`, `{'late'}` if it was invalidated meanwhile, or `{'other', the document}` if somebody saved one.
pub(super) const FILL: Script = Script {
    source: "local document, mark, known = KEYS[1], KEYS[2], KEYS[3]
if redis.call('GET', mark) ~= ARGV[1] then return {'late'} end
local there = redis.call('JSON.GET', document) or ''
if there ~= ARGV[2] then
  if there == '' then return {'late'} end
  return {'other', there}
end
if ARGV[3] == '' then
  redis.call('DEL', document)
else
  redis.call('JSON.SET', document, '$', ARGV[3])
  if ARGV[4] == '' then redis.call('PERSIST', document) else redis.call('PEXPIRE', document, ARGV[4]) end
end
if ARGV[5] == '' then redis.call('DEL', known) else redis.call('SET', known, ARGV[5], 'PX', ARGV[6]) end
redis.call('DEL', mark)
return {'stored'}",
    sha1: "3155847ca91b08e4c533c5be469b8e5321e261d9",
};

/// The word that a script answers, and what stands behind it.
pub(super) fn word(reply: Reply) -> Result<(String, Option<Bytes>)> {
    let mut items = match reply {
        Reply::Array(items) => items.into_iter(),
        other => return Err(unexpected(&other)),
    };
    let word = match items.next() {
        Some(Reply::Bulk(word)) => String::from_utf8_lossy(&word).into_owned(),
        other => return Err(unexpected(&other.unwrap_or(Reply::Nil))),
    };
    match items.next() {
        None => Ok((word, None)),
        Some(Reply::Bulk(value)) => Ok((word, Some(value))),
        Some(other) => Err(unexpected(&other)),
    }
}

pub(super) fn unexpected(found: &Reply) -> Error {
    Error::Decode {
        command: "EVALSHA".to_owned(),
        source: DecodeError::unexpected("how a load stands", found.describe()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_names_are_the_digests_of_the_sources() {
        crate::script::assert_named(&BEGIN);
        crate::script::assert_named(&FILL);
    }
}
