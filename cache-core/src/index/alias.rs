//! The alias of a model's indexes, for people and tools, moved without anything in between.

use cache_index::Reply;

use crate::cache::Cache;
use crate::error::Result;
use crate::script::{self, Script};

/// `name_of(name)`: the own name of the index that answers to a name; nil if there is none. FT.INFO tells some of its words
/// as statuses, which a script sees as tables.
macro_rules! with_name_of {
    ($source:literal) => {
        concat!(
            "local function name_of(index)
  local info = redis.pcall('FT.INFO', index)
  if info.err then return nil end
  for i = 1, #info, 2 do
    local key, value = info[i], info[i + 1]
    if (key.ok or key) == 'index_name' then return value.ok or value end
  end
end
",
            $source
        )
    };
}
pub(crate) use with_name_of;

/// ARGV: the alias, the index, `any` or `older`, the names that are older. Answers the index that the alias points at
/// then, or the alias itself if an index of this name shadows it; nothing if the index is gone.
const CUTOVER: Script = Script {
    source: with_name_of!(
        "local active = name_of(ARGV[1])
if active == ARGV[1] or active == ARGV[2] then return active end
local moves = not active or ARGV[3] == 'any'
for i = 4, #ARGV do moves = moves or ARGV[i] == active end
for i = 4, #ARGV do moves = moves or name_of(ARGV[i]) == active end
if not moves then return active end
if name_of(ARGV[2]) ~= ARGV[2] then return false end
redis.call('FT.ALIASUPDATE', ARGV[1], ARGV[2])
return ARGV[2]"
    ),
    sha1: "d3a3208f57f1313a5ff048ad3cf71cf9b0b513ac",
};

/// Points the alias at the index if it points nowhere, at one of the older ones, or anywhere if that does not matter.
/// Answers where it points then: the alias itself if an index of its name shadows it; `None`: the index is gone.
///
/// One server only: the search module of a cluster refuses its commands in scripts.
pub(crate) async fn point(
    cache: &Cache,
    alias: &str,
    to: &str,
    any: bool,
    older: &[String],
) -> Result<Option<String>> {
    let call = CUTOVER.call().arg("0").arg(alias).arg(to).arg(if any { "any" } else { "older" });
    let answer: Reply = script::run(cache, &CUTOVER, call.args_from(older).repeatable()).await?;
    Ok(answer.as_str().map(str::to_owned))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_name_is_the_digest_of_the_source() {
        crate::script::assert_named(&super::CUTOVER);
    }
}
