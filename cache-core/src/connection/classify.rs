//! What a server's error text means. The only place where such texts are looked at.

use cache_index::{ServerError, ServerErrorKind};

#[cfg(any(feature = "fred", feature = "redis"))]
use crate::error::Error;

/// Why a server cannot be reached where nobody listens.
pub(super) const REFUSED: &str = "it refuses connections; start it, or mend the address";

/// Why there is no answer where a connection ended.
#[cfg(any(feature = "fred", feature = "redis"))]
pub(super) const BROKE: &str = "the connection broke";

/// Why there is no answer where none came to be.
const UNMADE: &str = "no connection could be made; see that it runs, and that this is its address";

/// Whether the reason is that no connection was made, so that nothing was sent.
pub(crate) fn is_unmade(reason: &str) -> bool {
    reason == REFUSED || reason == UNMADE
}

/// The same error, of a call that never had a connection.
#[cfg(any(feature = "fred", feature = "redis"))]
pub(super) fn unmade(error: Error) -> Error {
    match error {
        Error::Unavailable { reason, source } if reason == BROKE => {
            Error::Unavailable { reason: UNMADE.to_owned(), source }
        }
        other => other,
    }
}

/// What answers where a connection is made cannot be read.
#[cfg(any(feature = "fred", feature = "redis"))]
pub(super) const NO_REDIS: &str =
    "what answers there does not speak the protocol of Redis; if it is TLS, write `rediss://`";

/// What to do about a server that says this and ends the connection.
#[cfg(feature = "redis")]
pub(super) fn ended_advice(error: &ServerError) -> &'static str {
    if error.text().contains("max number of clients") {
        "; raise its `maxclients` (and the open files of its process), or end clients that are not needed (`CLIENT LIST`)"
    } else {
        ""
    }
}

/// Codes that mean one thing.
const CODES: &[(&str, ServerErrorKind)] = &[
    ("LOADING", ServerErrorKind::Loading),
    ("READONLY", ServerErrorKind::ReadOnly),
    ("MASTERDOWN", ServerErrorKind::ReadOnly),
    ("WRONGPASS", ServerErrorKind::Authentication),
    ("NOAUTH", ServerErrorKind::Authentication),
    ("NOPERM", ServerErrorKind::Permission),
    ("NOSCRIPT", ServerErrorKind::NoScript),
    ("WRONGTYPE", ServerErrorKind::WrongType),
    ("OOM", ServerErrorKind::OutOfMemory),
    ("NOREPLICAS", ServerErrorKind::NoReplicas),
    ("MISCONF", ServerErrorKind::NotPersisting),
    ("CLUSTERDOWN", ServerErrorKind::ClusterDown),
    ("BUSY", ServerErrorKind::Busy),
    ("MOVED", ServerErrorKind::Moved),
    ("ASK", ServerErrorKind::Moved),
    ("TRYAGAIN", ServerErrorKind::Moving),
    ("SEARCH_INDEX_NOT_FOUND", ServerErrorKind::UnknownIndex),
];

/// Phrases of RediSearch 2.10, 8.0 to 8.8 and RedisJSON 2.8, which have no code of their own, in lower case.
const PHRASES: &[(&str, ServerErrorKind)] = &[
    ("no permissions to access a key", ServerErrorKind::KeyPermission),
    ("no permissions to access one of the keys", ServerErrorKind::KeyPermission),
    // RediSearch 8 asks whether the user may read the keys that an index is of.
    ("does not have the required permissions to", ServerErrorKind::KeyPermission),
    ("no such index", ServerErrorKind::UnknownIndex),
    ("unknown index name", ServerErrorKind::UnknownIndex),
    ("index not found", ServerErrorKind::UnknownIndex),
    ("dict does not exist", ServerErrorKind::UnknownDictionary),
    ("could not open dict key", ServerErrorKind::UnknownDictionary),
    ("index already exists", ServerErrorKind::IndexExists),
    ("does not support phonetics", ServerErrorKind::NotPhonetic),
    ("cursor not found", ServerErrorKind::UnknownCursor),
    ("cursor does not exist", ServerErrorKind::UnknownCursor),
    ("index was dropped while the cursor", ServerErrorKind::UnknownCursor),
    ("too many cursors", ServerErrorKind::TooManyCursors),
    ("unknown command", ServerErrorKind::UnknownCommand),
    ("unknown redis command called from script", ServerErrorKind::UnknownCommand),
    ("existing key has wrong redis type", ServerErrorKind::WrongType),
    ("timeout limit was reached", ServerErrorKind::QueryTimeout),
    ("invalid username-password", ServerErrorKind::Authentication),
    ("acl failure in script", ServerErrorKind::Permission),
    // Of a command within a script, before Redis 7.
    ("-readonly you can't write against a read only replica", ServerErrorKind::ReadOnly),
];

/// What stands behind the name of a command that a server does not know, in front of its arguments.
const ARGUMENTS: &str = "with args beginning with";

/// What a server says, without the arguments that it repeats of a command that it does not know: a password may be among them
/// (`HELLO`, `AUTH`, `ACL SETUSER`), or what is to be stored.
pub(super) fn without_arguments(text: &str) -> &str {
    match text.split_once(ARGUMENTS) {
        Some((said, _)) => said.trim_end_matches([',', ' ']),
        None => text,
    }
}

/// Whether a connection was refused for its protocol: by who does not know `HELLO`, or not the version.
pub(crate) fn is_without_resp3(error: &ServerError) -> bool {
    let is_unknown = error.kind() == ServerErrorKind::UnknownCommand && error.text().contains("HELLO");
    is_unknown || error.text().starts_with("NOPROTO")
}

/// The server's error with its meaning, from the text with the code in front, for whoever writes a
/// [`Connection`](super::Connection). It is without the arguments that a server repeats of a command that it does not know.
///
/// ```
/// use cache_core::ServerErrorKind;
/// use cache_core::connection::server_error;
///
/// let error = server_error("READONLY You can't write against a read only replica.");
/// assert_eq!(error.kind(), ServerErrorKind::ReadOnly);
/// ```
pub fn server_error(text: &str) -> ServerError {
    let text = without_arguments(text);
    // Why `EXEC` itself was refused, behind the word for it.
    let reason = text.strip_prefix("EXECABORT Transaction discarded because of: ").unwrap_or(text);
    let code = reason.split_whitespace().next().unwrap_or_default();
    let by_code = CODES.iter().find(|(known, _)| *known == code).map(|(_, kind)| *kind);
    let kind = match by_code {
        // The code does not tell a command from a key.
        Some(ServerErrorKind::Permission) | None => by_phrase(text).or(by_code),
        Some(kind) => Some(kind),
    };
    ServerError::new(kind.unwrap_or(ServerErrorKind::Other), text)
}

/// Where a node of a cluster says that a command has to go. It was not executed.
#[cfg(any(feature = "fred", feature = "redis"))]
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Redirect {
    /// The slot has moved to this address. Without a host, `:6381`, it is that of the node that says so.
    Moved(u16, String),
    /// The slot is moving, and the key is, or will be, at this address, written as that.
    Ask(String),
    /// The slot is moving, and some of the keys have moved, or it is not said where to: the same again, later.
    Later,
    /// Not here: the node is a replica by now, or the slot has no master, or one of which nobody knows where it is.
    Elsewhere,
}

/// Reads a redirection of Redis Cluster. Source: Redis Cluster Specification, "Redirection and resharding".
#[cfg(any(feature = "fred", feature = "redis"))]
pub(crate) fn redirect(error: &ServerError) -> Option<Redirect> {
    let mut words = error.text().split_whitespace();
    match words.next()? {
        "MOVED" => {
            let (slot, address) = (words.next()?.parse().ok()?, words.next()?);
            Some(if is_nowhere(address) {
                Redirect::Elsewhere
            } else {
                Redirect::Moved(slot, address.to_owned())
            })
        }
        "ASK" => {
            let address = words.nth(1)?;
            Some(if is_nowhere(address) { Redirect::Later } else { Redirect::Ask(address.to_owned()) })
        }
        "TRYAGAIN" => Some(Redirect::Later),
        "READONLY" | "CLUSTERDOWN" | "MASTERDOWN" => Some(Redirect::Elsewhere),
        _ => None,
    }
}

/// Whether a node is to have a hostname and has none. Source: documentation of `CLUSTER SLOTS`.
#[cfg(any(feature = "fred", feature = "redis"))]
fn is_nowhere(address: &str) -> bool {
    address.starts_with("?:")
}

fn by_phrase(text: &str) -> Option<ServerErrorKind> {
    let text = text.to_lowercase();
    PHRASES.iter().find(|(phrase, _)| text.contains(phrase)).map(|(_, kind)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(any(feature = "fred", feature = "redis"))]
    #[test]
    fn redirections_are_read() {
        let moved = Redirect::Moved(3999, "127.0.0.1:6381".to_owned());
        for (text, redirect) in [
            ("MOVED 3999 127.0.0.1:6381", Some(moved)),
            ("ASK 3999 h:1", Some(Redirect::Ask("h:1".to_owned()))),
            ("MOVED 3999 :6381", Some(Redirect::Moved(3999, ":6381".to_owned()))),
            ("ASK 3999 :6381", Some(Redirect::Ask(":6381".to_owned()))),
            ("MOVED 3999 ?:6381", Some(Redirect::Elsewhere)),
            ("ASK 3999 ?:6381", Some(Redirect::Later)),
            ("MASTERDOWN Link with MASTER is down", Some(Redirect::Elsewhere)),
            ("TRYAGAIN Multiple keys request during rehashing of slot", Some(Redirect::Later)),
            ("READONLY You can't write against a read only replica.", Some(Redirect::Elsewhere)),
            ("CLUSTERDOWN Hash slot not served", Some(Redirect::Elsewhere)),
            ("MOVED x h:1", None),
            ("MOVED", None),
            ("ERR MOVED 1 h:1", None),
            ("", None),
        ] {
            assert_eq!(super::redirect(&server_error(text)), redirect, "{text}");
        }
    }

    #[test]
    fn what_a_command_was_sent_with_is_not_told() {
        for (text, told) in [
            (
                "unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'default' 's3cret'",
                "unknown command 'HELLO'",
            ),
            // Redis 5 and 6.
            (
                "ERR unknown command `AUTH`, with args beginning with: `s3cret`, ",
                "ERR unknown command `AUTH`",
            ),
            (
                "EXECABORT Transaction discarded because of: unknown command 'ACL' with args beginning with: 'SETUSER'",
                "EXECABORT Transaction discarded because of: unknown command 'ACL'",
            ),
        ] {
            let error = server_error(text);
            assert_eq!((error.text(), error.kind()), (told, ServerErrorKind::UnknownCommand));
        }
        assert_eq!(server_error("NOAUTH a, b").text(), "NOAUTH a, b");
    }

    #[test]
    fn known_texts_have_a_meaning() {
        for (text, kind) in [
            ("nope: no such index", ServerErrorKind::UnknownIndex),
            ("ERR No such index nope", ServerErrorKind::UnknownIndex),
            ("Unknown index name", ServerErrorKind::UnknownIndex),
            ("Unknown Index name", ServerErrorKind::UnknownIndex),
            ("SEARCH_INDEX_NOT_FOUND Index not found: p", ServerErrorKind::UnknownIndex),
            ("Dict does not exist: d", ServerErrorKind::UnknownDictionary),
            ("could not open dict key", ServerErrorKind::UnknownDictionary),
            ("Index already exists", ServerErrorKind::IndexExists),
            ("LOADING Redis is loading the dataset in memory", ServerErrorKind::Loading),
            ("ERR unknown command 'JSON.SET'", ServerErrorKind::UnknownCommand),
            (
                "ERR ACL failure in script: User bob has no permissions to run the",
                ServerErrorKind::Permission,
            ),
            (
                "ERR ACL failure in script: No permissions to access a key script: 84d3, on @user_script:1.",
                ServerErrorKind::KeyPermission,
            ),
            ("NOPERM No permissions to access a key", ServerErrorKind::KeyPermission),
            (
                "EXECABORT Transaction discarded because of: NOPERM User bob has no permissions to run the 'exec' command",
                ServerErrorKind::Permission,
            ),
            ("EXECABORT Transaction discarded because of previous errors.", ServerErrorKind::Other),
            ("NOPERM User bob has no permissions to run the 'eval_ro' command", ServerErrorKind::Permission),
            (
                "NOPERM User does not have the required permissions to query the index",
                ServerErrorKind::KeyPermission,
            ),
            ("ERR Unknown Redis command called from script", ServerErrorKind::UnknownCommand),
            (
                "ERR Error running script (call to f_84d3): @user_script:1: @user_script: 1: -READONLY You can't write \
                 against a read only replica.",
                ServerErrorKind::ReadOnly,
            ),
            ("NOREPLICAS Not enough good replicas to write.", ServerErrorKind::NoReplicas),
            ("MISCONF Redis is configured to save RDB snapshots, but", ServerErrorKind::NotPersisting),
            ("CLUSTERDOWN Hash slot not served", ServerErrorKind::ClusterDown),
            ("MOVED 3999 127.0.0.1:6381", ServerErrorKind::Moved),
            ("ASK 3999 127.0.0.1:6381", ServerErrorKind::Moved),
            ("TRYAGAIN Multiple keys request during rehashing of slot", ServerErrorKind::Moving),
            ("ERR TRYAGAIN", ServerErrorKind::Other),
            ("BUSY Redis is busy running a script.", ServerErrorKind::Busy),
            ("NOSCRIPT No matching script.", ServerErrorKind::NoScript),
            ("Existing key has wrong Redis type", ServerErrorKind::WrongType),
            ("ERR something else", ServerErrorKind::Other),
        ] {
            assert_eq!(server_error(text).kind(), kind, "{text}");
        }
    }
}
