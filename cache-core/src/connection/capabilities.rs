//! What a server can do: its protocol, its version, its modules, read once at connect.

use cache_index::{Command, Reply};

#[cfg(any(feature = "fred", feature = "redis"))]
use super::needs::{ASSUMED, OF_FIELDS};
use super::needs::{DOCUMENT, INDEX};
use crate::error::{Error, Result};
use crate::settings::Protocol;

/// What a server can do.
///
/// ```
/// # let cache = cache_core::testkit::Memory::cache();
/// let server = cache.capabilities();
/// println!("{} {}, asked in {:?}", server.product, server.server, server.protocol);
/// // 21005 is 2.10.5.
/// assert!(server.search.is_some_and(|version| version >= 21_000), "it has no `INDEXMISSING`");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Capabilities {
    /// The protocol in use.
    pub protocol: Protocol,
    /// What the server calls itself: `redis`, `valkey`; empty: it was not asked.
    pub product: String,
    /// The server's version, such as `8.2.3`.
    pub server: String,
    /// The version of the search module as it reports it: 21005 is 2.10.5; `None`: it is not loaded.
    pub search: Option<u32>,
    /// The version of the JSON module as it reports it: 20803 is 2.8.3; `None`: it is not loaded.
    pub json: Option<u32>,
    /// The number of the database in use. Search works on database 0 only.
    pub database: i64,
    /// Whether the server is part of a cluster.
    pub cluster: bool,
    /// Whether the search module searches all of a cluster. Without a coordinator each of its nodes knows its own documents
    /// alone, and queries are refused; so they are where the user may not ask (`COMMAND INFO`, through fred `COMMAND GETKEYS`).
    /// Nothing of a single server.
    pub coordinator: bool,
    /// Whether the server was not asked yet, as before the first call of a cache that connects with it: the rest is the least
    /// that is needed here.
    pub assumed: bool,
    /// How many hits the server answers at once (`MAXSEARCHRESULTS`). If it is lowered later, the server refuses queries of
    /// this connection that have more, until the service connects anew.
    pub max_search_results: u64,
}

/// `MAXSEARCHRESULTS` of RediSearch where the server does not tell its own.
const DEFAULT_MAX_SEARCH_RESULTS: u64 = 1_000_000;

/// The first version of the search module that warns of a prefix that it did not expand to its end, in RESP3.
const EXPANSION_WARNING: u32 = 80200;

impl Capabilities {
    /// The commands whose answers [`Capabilities::read`] wants, for whoever writes a
    /// [`Connection`](super::Connection).
    pub fn questions() -> [Command; 3] {
        [
            Command::new("HELLO").repeatable(),
            Command::new("FT.CONFIG").args_from(["GET", "MAXSEARCHRESULTS"]).repeatable(),
            Command::new("COMMAND").args_from(["INFO", "FT.ALIASUPDATE"]).repeatable(),
        ]
    }

    /// Reads the answers. The second and the third may be errors: no search module, or no permission to ask.
    ///
    /// # Errors
    /// [`Error::Decode`] if the first is no answer to `HELLO`.
    pub fn read(hello: Reply, max_results: Result<Reply>, alias: Result<Reply>) -> Result<Self> {
        let decode = |source| Error::Decode { command: "HELLO".to_owned(), source };
        let mut found = Self {
            max_search_results: max_results
                .ok()
                .and_then(|reply| limit_in(&reply))
                .unwrap_or(DEFAULT_MAX_SEARCH_RESULTS),
            // A coordinator takes its commands for the whole cluster; without one they are about a node, and have keys that must
            // lie there. Who may not ask does not know, and answers of one node must not pass for those of all. Source: RediSearch
            // 2.6 to 2.10 register the command with the keys `1, 2, 1` without a coordinator, and with `0, 0, 0` where they are built
            // for one (src/module.c, `RS_ALIASUPDATE`), whose own has `0, 0, -1` (coord/src/module.c); 8.0 to 8.10 always have one, with
            // `0, 0, -1` or `0, 0, 0` (src/module.c). What the proxy of Redis Software answers, which leaves the command of its shards
            // out (`exclude_commands`, pack/ramp-enterprise.yml), they do not say: whatever is not known to be one is none.
            coordinator: alias.is_ok_and(|info| first_key(info).is_none_or(|position| position <= 0)),
            ..Self::default()
        };
        for (name, value) in hello.into_pairs().map_err(decode)? {
            match name.as_str() {
                Some("server") => found.product = value.as_str().unwrap_or_default().to_owned(),
                Some("version") => found.server = value.as_str().unwrap_or_default().to_owned(),
                Some("proto") if value.as_int() == Some(2) => found.protocol = Protocol::Resp2,
                Some("mode") => found.cluster = value.as_str() == Some("cluster"),
                Some("modules") => {
                    for module in value.into_items().map_err(decode)? {
                        found.read_module(module);
                    }
                }
                _ => {}
            }
        }
        Ok(found)
    }

    /// What a server is taken to be able to do that was not asked yet: the least that is needed here.
    #[cfg(any(feature = "fred", feature = "redis"))]
    pub(super) fn assumed(protocol: Protocol, database: i64) -> Self {
        Self {
            protocol,
            database,
            search: Some(ASSUMED.0),
            json: Some(ASSUMED.1),
            max_search_results: DEFAULT_MAX_SEARCH_RESULTS,
            assumed: true,
            ..Self::default()
        }
    }

    fn read_module(&mut self, module: Reply) {
        let (mut name, mut version) = (String::new(), None);
        for (key, value) in module.into_pairs().unwrap_or_default() {
            match key.as_str() {
                Some("name") => name = value.as_str().unwrap_or_default().to_owned(),
                Some("ver") => version = value.as_int().and_then(|version| u32::try_from(version).ok()),
                _ => {}
            }
        }
        match name.as_str() {
            // `searchlight` is the module's name on some hosted servers.
            "search" | "searchlight" => self.search = version,
            "ReJSON" => self.json = version,
            _ => {}
        }
    }

    /// Fails unless documents can be stored.
    pub(crate) fn require_json(&self, what: &'static str) -> Result<()> {
        self.require_all(what, &DOCUMENT)
    }

    /// Fails unless indexes can be made and searched.
    pub(crate) fn require_search(&self, what: &'static str) -> Result<()> {
        if self.database != 0 {
            return Err(Error::Unsupported {
                what,
                needs: format!("database 0, the only one that is indexed; the URL says {}", self.database),
            });
        }
        self.require_all(what, &INDEX)
    }

    /// Fails on a cluster whose nodes each search their own documents.
    pub(crate) fn require_coordinator(&self, what: &'static str) -> Result<()> {
        if !self.cluster || self.coordinator {
            return Ok(());
        }
        let needs = "a cluster whose search module has a coordinator: Redis 8, Redis Software or Redis Cloud; this one's nodes \
                     search their own documents alone. Or a single server. (Its user needs `+command|info`, through fred \
                     `+command|getkeys`, to know)";
        Err(Error::Unsupported { what, needs: needs.to_owned() })
    }

    /// The same error, or which module the server lacks, if it is that: what was known of it when the call began may have
    /// been assumed.
    #[cfg(any(feature = "fred", feature = "redis"))]
    pub(super) fn explain(&self, error: Error) -> Error {
        let lacks = match &error {
            Error::Server { command, source }
                if source.kind() == cache_index::ServerErrorKind::UnknownCommand =>
            {
                match command.as_str() {
                    name if name.starts_with("FT.") => self.require_search("an index"),
                    name if name.starts_with("JSON.") => self.require_json("a document"),
                    // Documents are written by scripts.
                    "EVAL" | "EVALSHA" => self.require_json("a document"),
                    name if OF_FIELDS.contains(&name) => Err(self.without_ends_of_fields()),
                    _ => Ok(()),
                }
            }
            _ => Ok(()),
        };
        lacks.err().unwrap_or(error)
    }

    /// Whether an answer itself tells that a prefix was not expanded to its end.
    pub(crate) fn warns_of_expansion(&self) -> bool {
        self.protocol == Protocol::Resp3 && self.search.is_some_and(|version| version >= EXPANSION_WARNING)
    }
}

/// `[[MAXSEARCHRESULTS, "1000000"]]`, or a map of the two; `-1` or text means unlimited.
fn limit_in(reply: &Reply) -> Option<u64> {
    match reply {
        Reply::Array(items) => items.iter().rev().find_map(limit_in),
        Reply::Map(pairs) => pairs.iter().find_map(|(_, value)| limit_in(value)),
        other => other.as_int().and_then(|limit| u64::try_from(limit).ok()),
    }
}

/// Where a command has its first key: name, arity, flags, first key, …
fn first_key(info: Reply) -> Option<i64> {
    info.into_items().ok()?.into_iter().next()?.into_items().ok()?.get(3)?.as_int()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_of_a_node_has_keys() {
        let info = |first| {
            let [name, flags] = [Reply::Bulk("FT.ALIASUPDATE".into()), Reply::Array(vec![])];
            Reply::Array(vec![Reply::Array(vec![name, Reply::Int(-1), flags, Reply::Int(first)])])
        };
        assert_eq!((first_key(info(1)), first_key(info(0))), (Some(1), Some(0)));
        assert_eq!(first_key(Reply::Array(vec![Reply::Nil])), None);
        let error = || Error::Client("NOPERM".into());
        for (alias, known) in [(Ok(info(0)), true), (Ok(info(1)), false), (Err(error()), false)] {
            let found = Capabilities::read(hello(21005), Ok(Reply::Nil), alias).unwrap();
            assert_eq!((found.coordinator, found.assumed), (known, false));
        }
    }

    fn text(text: &str) -> Reply {
        Reply::Bulk(text.to_owned().into())
    }

    fn hello(search: i64) -> Reply {
        let module =
            |name, version| Reply::Map(vec![(text("name"), text(name)), (text("ver"), Reply::Int(version))]);
        Reply::Map(vec![
            (text("server"), text("redis")),
            (text("version"), text("8.2.3")),
            (text("proto"), Reply::Int(3)),
            (text("mode"), text("standalone")),
            (text("modules"), Reply::Array(vec![module("ReJSON", 20803), module("search", search)])),
        ])
    }

    #[test]
    fn hello_tells_what_there_is() {
        let limit = Reply::Array(vec![Reply::Array(vec![text("MAXSEARCHRESULTS"), text("500")])]);
        let found = Capabilities::read(hello(21005), Ok(limit), Ok(Reply::Nil)).unwrap();
        assert_eq!((found.search, found.json, found.max_search_results), (Some(21005), Some(20803), 500));
        assert!(found.require_search("a query").is_ok());
        assert!(!found.warns_of_expansion());
    }

    #[test]
    fn what_is_missing_is_named_with_a_way_out() {
        let old = Capabilities::read(hello(20811), Ok(Reply::Nil), Ok(Reply::Nil)).unwrap();
        assert_eq!(old.max_search_results, DEFAULT_MAX_SEARCH_RESULTS);
        let message = old.require_search("a query").unwrap_err().to_string();
        assert!(message.contains("RediSearch 2.10.0") && message.contains("version 2.8.11"), "{message}");
        let message = Capabilities::default().require_json("saving").unwrap_err().to_string();
        assert!(message.contains("docker run"), "{message}");
    }
}
