//! What needs a server, or a module of it, of some version, and what does instead: one table.

use std::fmt;

use super::capabilities::Capabilities;
use crate::error::{Error, Result};

/// What a version is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The server itself.
    Server,
    /// Its search module.
    Search,
    /// Its JSON module.
    Json,
}

/// Something that not every server has.
#[derive(Debug)]
pub(crate) struct Need {
    /// What it is, as the README names it.
    name: &'static str,
    part: Part,
    /// The first version that has it, as modules count: 21000 is 2.10.0.
    least: u32,
    /// What to do without it.
    instead: &'static str,
}

const NEWER: &str = "run Redis 8 or newer, or Redis Stack 7.4 (`docker run -p 6379:6379 redis:8`)";
/// Of a server that is new enough itself.
const MODULES: &str = "its modules are missing: load RediSearch and RedisJSON with `loadmodule` in its configuration, or run the image \
                       `redis:8` or `redis/redis-stack-server`, which have them";
const NEWER_SERVER: &str = "run Redis 7.0 or newer, or leave `#[unique]` out";
const VALKEY_SEARCH: &str =
    ", whose search module is another one, without TEXT fields, FT.AGGREGATE and aliases of indexes";
const VALKEY_JSON: &str = ", whose JSON module is another one, with which this was not tried";
const EXPLAIN: &str = "version 2.10 crashes; use `explain`";

const fn need(name: &'static str, part: Part, least: u32, instead: &'static str) -> Need {
    Need { name, part, least, instead }
}

/// Values of queries as `PARAMS`. Every query needs it.
const PARAMS: Need = need("queries with `PARAMS` (dialect 2)", Part::Search, 20400, NEWER);
const GEOSHAPE: Need = need("`GEOSHAPE`", Part::Search, 20800, NEWER);
/// TAG fields need it to find `""`, so nearly every index does.
const INDEX_EMPTY: Need = need("`INDEXEMPTY`", Part::Search, 21000, NEWER);
const INDEX_MISSING: Need = need("`INDEXMISSING`", Part::Search, 21000, NEWER);
const HALF_VECTORS: Need = need("vectors of `FLOAT16` and `BFLOAT16`", Part::Search, 21000, NEWER);
const DOCUMENTS: Need = need("documents", Part::Json, 20600, NEWER);
/// The scripts read when a document ends, by `PEXPIRETIME`.
pub(crate) const UNIQUE_VALUES: Need = need("`#[unique]`", Part::Server, 70000, NEWER_SERVER);
pub(crate) const PROFILE_OF_MISSING: Need =
    need("`profile` of a query for missing fields", Part::Search, 80000, EXPLAIN);

/// From this version on, Redis comes with the modules.
const WITH_MODULES: u32 = 80000;

/// What indexes and queries need, whichever fields they have: a server with all of it is asked for none of it again.
/// Sources, as of all versions here: the history of each option in Redis' references of `FT.CREATE`, `FT.SEARCH` and
/// `PEXPIRETIME`; of the last one, what RediSearch 2.10.5 did.
pub(super) const INDEX: [&Need; 5] = [&PARAMS, &GEOSHAPE, &INDEX_EMPTY, &INDEX_MISSING, &HALF_VECTORS];
/// What a document needs.
pub(super) const DOCUMENT: [&Need; 1] = [&DOCUMENTS];

/// The commands of times to live of a hash's fields: of Redis 7.4 and Valkey 9.0, by their references of `HEXPIRE`.
#[cfg(any(feature = "fred", feature = "redis"))]
pub(super) const OF_FIELDS: [&str; 9] = [
    "HEXPIRE",
    "HPEXPIRE",
    "HEXPIREAT",
    "HPEXPIREAT",
    "HTTL",
    "HPTTL",
    "HEXPIRETIME",
    "HPEXPIRETIME",
    "HPERSIST",
];

/// What a server is taken to have that was not asked yet: the versions of the search module and of the JSON module.
#[cfg(any(feature = "fred", feature = "redis"))]
pub(super) const ASSUMED: (u32, u32) = (INDEX_EMPTY.least, DOCUMENTS.least);

impl Need {
    /// What it is.
    pub(crate) const fn name(&self) -> &'static str {
        self.name
    }
}

impl Capabilities {
    /// What a server lacks that knows none of [`OF_FIELDS`].
    #[cfg(any(feature = "fred", feature = "redis"))]
    pub(super) fn without_ends_of_fields(&self) -> Error {
        let found = self.found();
        let needs = format!(
            "Redis 7.4 or Valkey 9.0; this is {found}: let the whole key expire, or keep what ends earlier under a key of its own"
        );
        Error::Unsupported { what: "a time to live of a hash's field", needs }
    }

    /// Fails unless the server has what this needs, which the call `what` is about to send.
    pub(crate) fn require(&self, what: &'static str, need: &Need) -> Result<()> {
        self.require_all(what, &[need])
    }

    /// As [`require`](Capabilities::require), of several that need the same part: the error names all that are lacking.
    pub(super) fn require_all(&self, what: &'static str, needs: &[&Need]) -> Result<()> {
        let lacking: Vec<_> = needs.iter().filter(|need| !self.has(need)).collect();
        let Some(newest) = lacking.iter().max_by_key(|need| need.least) else { return Ok(()) };
        let (module, lacks) = match newest.part {
            Part::Server => ("Redis", String::new()),
            Part::Search => ("RediSearch", self.lacks(self.search, VALKEY_SEARCH)),
            Part::Json => ("RedisJSON", self.lacks(self.json, VALKEY_JSON)),
        };
        let names: Vec<_> = lacking.iter().map(|need| need.name).filter(|name| *name != what).collect();
        let of = if names.is_empty() { String::new() } else { format!(", for {}", names.join(", ")) };
        let is_bare = match newest.part {
            Part::Server => false,
            Part::Search => self.search.is_none(),
            Part::Json => self.json.is_none(),
        };
        let is_new = !self.is_valkey() && version(&self.server).is_some_and(|found| found >= WITH_MODULES);
        let instead = if is_bare && is_new { MODULES } else { newest.instead };
        let (least, found) = (Shown(newest.least), self.found());
        let needs = format!("{module} {least}{of}; this is {found}{lacks}: {instead}");
        Err(Error::Unsupported { what, needs })
    }

    fn has(&self, need: &Need) -> bool {
        let found = match need.part {
            Part::Search => self.search,
            Part::Json => self.json,
            // A server that does not say its version is asked all the same.
            Part::Server if self.server.is_empty() => return true,
            Part::Server => version(&self.server),
        };
        found.is_some_and(|found| found >= need.least)
    }

    /// How a module falls short.
    fn lacks(&self, found: Option<u32>, valkeys: &str) -> String {
        match found {
            _ if self.is_valkey() => valkeys.to_owned(),
            Some(found) => format!(" with version {} of the module", Shown(found)),
            None => " without the module".to_owned(),
        }
    }

    /// What the server says of itself.
    fn found(&self) -> String {
        let product = match &*self.product {
            "" | "redis" => "Redis",
            "valkey" => "Valkey",
            other => other,
        };
        match &*self.server {
            "" => format!("a {product} of a version that it does not tell"),
            version => format!("{product} {version}"),
        }
    }

    fn is_valkey(&self) -> bool {
        self.product == "valkey"
    }
}

/// A version as modules count it, for people.
struct Shown(u32);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.0 / 10_000, self.0 / 100 % 100, self.0 % 100)
    }
}

/// A version that people read, as modules count it; `None`: it is none.
fn version(text: &str) -> Option<u32> {
    let mut parts = text.split(['.', '-']).map(|part| part.parse::<u32>().ok().filter(|part| *part < 100));
    let (major, minor) = (parts.next()??, parts.next()??);
    Some(major * 10_000 + minor * 100 + parts.next().flatten().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use cache_index::Reply;

    use super::*;

    fn all() -> impl Iterator<Item = &'static Need> {
        INDEX.into_iter().chain(DOCUMENT).chain([&UNIQUE_VALUES, &PROFILE_OF_MISSING])
    }

    fn bulk(text: &str) -> Reply {
        Reply::Bulk(text.to_owned().into())
    }

    /// The answer to `HELLO 2` in the form of the server's source. `live_gate_servers` asks such servers themselves.
    fn hello(product: &str, version: &str, modules: &[(&str, i64)]) -> Capabilities {
        let module = |(name, version): &(&str, i64)| {
            Reply::Array(vec![bulk("name"), bulk(name), bulk("ver"), Reply::Int(*version)])
        };
        let modules = Reply::Array(modules.iter().map(module).collect());
        let answer = Reply::Array(vec![
            bulk("server"),
            bulk(product),
            bulk("version"),
            bulk(version),
            bulk("proto"),
            Reply::Int(2),
            bulk("id"),
            Reply::Int(7),
            bulk("mode"),
            bulk("standalone"),
            bulk("role"),
            bulk("master"),
            bulk("modules"),
            modules,
        ]);
        Capabilities::read(answer, Ok(Reply::Nil), Ok(Reply::Nil)).unwrap()
    }

    fn message(result: Result<()>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn valkey_is_called_by_its_name() {
        let valkey = hello("valkey", "8.1.1", &[("search", 10000), ("json", 10010)]);
        assert_eq!(
            message(valkey.require_search("a query")),
            "a query needs RediSearch 2.10.0, for queries with `PARAMS` (dialect 2), `GEOSHAPE`, \
             `INDEXEMPTY`, `INDEXMISSING`, vectors of `FLOAT16` and `BFLOAT16`; this is Valkey 8.1.1, whose search module is another one, without \
             TEXT fields, FT.AGGREGATE and aliases of indexes: run Redis 8 or newer, or Redis Stack 7.4 \
             (`docker run -p 6379:6379 redis:8`)"
        );
        let json = message(valkey.require_json("`get`"));
        assert!(
            json.contains("RedisJSON 2.6.0") && json.contains("Valkey 8.1.1, whose JSON module"),
            "{json}"
        );
        assert!(hello("valkey", "8.1.1", &[]).require_json("`get`").is_err());
        // What documents do not need, works.
        valkey.require("a save", &UNIQUE_VALUES).unwrap();
    }

    #[test]
    fn what_an_old_server_lacks_is_told_with_what_it_has() {
        let old = hello("redis", "6.2.14", &[("search", 20616), ("ReJSON", 20407)]);
        let message_of = message(old.require_search("the migrator"));
        assert!(
            message_of.contains("this is Redis 6.2.14 with version 2.6.16 of the module: run"),
            "{message_of}"
        );
        assert!(message(old.require_json("`get`")).contains("needs RedisJSON 2.6.0, for documents"));
        assert_eq!(
            message(old.require("a save", &UNIQUE_VALUES)),
            "a save needs Redis 7.0.0, for `#[unique]`; this is Redis 6.2.14: run Redis 7.0 or newer, or leave `#[unique]` out"
        );
        let bare = hello("redis", "7.2.4", &[]);
        let message_of = message(bare.require_search("a query"));
        assert!(message_of.contains("this is Redis 7.2.4 without the module: run Redis 8"), "{message_of}");
        bare.require("a save", &UNIQUE_VALUES).unwrap();
        let new = hello("redis", "8.2.3", &[]);
        for error in [new.require_search("a query"), new.require_json("`get`")].map(message) {
            assert!(
                error.contains("this is Redis 8.2.3 without the module: its modules are missing"),
                "{error}"
            );
        }
    }

    #[test]
    fn each_of_the_table_is_there_from_its_version_on() {
        for need in all() {
            let with = |version: u32| {
                let mut found = Capabilities::default();
                match need.part {
                    Part::Server => found.server = Shown(version).to_string(),
                    Part::Search => found.search = Some(version),
                    Part::Json => found.json = Some(version),
                }
                found
            };
            with(need.least).require("a call", need).unwrap();
            assert!(with(need.least - 1).require("a call", need).is_err(), "{need:?}");
            if need.part == Part::Search && need.least > INDEX_EMPTY.least {
                assert!(!need.instead.contains("run"), "newer than what is asked of every server: {need:?}");
            }
        }
        // A server that was not asked yet, or says nothing, is not refused for its version.
        Capabilities::default().require("a call", &UNIQUE_VALUES).unwrap();
    }

    #[test]
    fn the_readme_has_the_table() {
        let module = |need: &Need| match need.part {
            Part::Server => "Redis",
            Part::Search => "RediSearch",
            Part::Json => "RedisJSON",
        };
        let row = |need: &Need| {
            let (major, minor) = (need.least / 10_000, need.least / 100 % 100);
            format!("| {} | {} {major}.{minor} |", need.name, module(need))
        };
        let table: Vec<_> = all().map(row).collect();
        let table = table.join("\n");
        assert!(include_str!("../../README.md").contains(&table), "put this into the README:\n{table}");
    }

    #[test]
    fn versions_are_read() {
        assert_eq!((version("7.2.4"), version("8.0")), (Some(70204), Some(80000)));
        assert_eq!((version("7.9.240"), version("8.0-rc1")), (Some(70900), Some(80000)));
        assert_eq!((version(""), version("x.1")), (None, None));
    }
}
