//! What there is no server for, in words.

use crate::error::Error;

/// A command that only a server can do. The name says what it was for.
pub(super) fn command(name: &str) -> Error {
    let what = match name {
        "FT.AGGREGATE" => "an aggregation (FT.AGGREGATE)",
        "FT.CURSOR" => "a cursor (FT.CURSOR)",
        "FT.SEARCH" => "a search (FT.SEARCH)",
        "FT.EXPLAIN" => "`explain` (FT.EXPLAIN)",
        "FT.PROFILE" => "`profile` (FT.PROFILE)",
        "FT.TAGVALS" | "FT.SPELLCHECK" | "FT.SYNUPDATE" | "FT.SYNDUMP" => "what is asked of an index's terms",
        "FT.DICTADD" | "FT.DICTDEL" | "FT.DICTDUMP" => "a dictionary (FT.DICTADD)",
        "FT.SUGADD" | "FT.SUGGET" | "FT.SUGDEL" | "FT.SUGLEN" => "a suggestion (FT.SUGADD)",
        "FT.INFO" => "an aggregation, or whatever else is asked of an index (FT.INFO)",
        "FT._LIST" | "FT.CREATE" | "FT.ALTER" | "FT.DROPINDEX" | "FT.ALIASADD" | "FT.ALIASUPDATE" => {
            "an index or a migration (FT.CREATE)"
        }
        "JSON.GET" | "JSON.SET" | "JSON.MGET" => "this form of a command of documents (JSON.GET, JSON.SET)",
        "SCAN" => "this form of SCAN",
        "EVAL" | "EVALSHA" => "a script other than those of documents: of a gate, a load or a migration",
        "INFO" => "what a server tells of itself (INFO)",
        _ => return other(name),
    };
    unsupported(what)
}

/// A fence that a write carries.
pub(super) fn fence() -> Error {
    unsupported("a write that carries a fence")
}

fn other(name: &str) -> Error {
    let needs = format!("a server: `{name}` is not among what `testkit::Memory` does; {}", instead());
    Error::Unsupported { what: "this command", needs }
}

fn unsupported(what: &'static str) -> Error {
    Error::Unsupported { what, needs: format!("a server, and `testkit::Memory` has none; {}", instead()) }
}

fn instead() -> &'static str {
    "use `#[cache_core::test]`, `Cache::embedded()`, or `testkit::Recorder` for which commands are sent"
}
