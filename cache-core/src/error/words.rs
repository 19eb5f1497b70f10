//! Parts of messages.

use std::time::Duration;

use cache_index::{ServerError, ServerErrorKind, printed};

use crate::connection::is_without_resp3;

/// What to do about an error of the server, where its own words do not say it.
pub(super) fn advice(error: &ServerError) -> &'static str {
    match error.kind() {
        _ if is_without_resp3(error) => {
            "; it does not speak RESP3, as Redis 6 and newer do: set `protocol(Protocol::Resp2)`, REDIS_PROTOCOL=resp2, or \
             `?protocol=resp2` in the URL"
        }
        ServerErrorKind::OutOfMemory => "; raise its `maxmemory`, or delete what is not needed",
        ServerErrorKind::NoReplicas => "; start its replicas, or lower `min-replicas-to-write`",
        ServerErrorKind::NotPersisting => "; see in its log why it cannot write to its disk",
        ServerErrorKind::Authentication => "; mend the user or the password that it was connected with",
        ServerErrorKind::ReadOnly => "; connect to the master",
        ServerErrorKind::Permission => {
            "; its user may not do that: give it the rights that `acl` of the command line prints, or `cache_core::acl::Acl` makes"
        }
        ServerErrorKind::KeyPermission => {
            "; its user may not touch the keys of a model: give it the rule that `acl` of the command line prints, or \
             `cache_core::acl::Acl` makes"
        }
        ServerErrorKind::NotPhonetic => {
            "; whoever made its index left out PHONETIC, which the server does not tell of: drop it, without `DD`, and make it \
             by the command that the plan prints"
        }
        ServerErrorKind::Loading => "; it is starting: try again when it has read its data",
        ServerErrorKind::Moving => {
            "; nothing was done, since its slot is moving to another node: try again, and if the move does not end, have it ended \
             (`redis-cli --cluster fix`)"
        }
        ServerErrorKind::Moved => {
            "; nothing was done, since another node has its slot, or is about to: try again, and without a route to a node; if a \
             move does not end, have it ended (`redis-cli --cluster fix`)"
        }
        _ => "",
    }
}

/// What to do about a document that is not one of the model's, where that is known.
pub(super) fn misfit(source: &serde_json::Error) -> &'static str {
    if source.to_string().starts_with("missing field") {
        "; give a field that is new `#[serde(default)]`, one that was renamed `#[serde(alias = \"…\")]`"
    } else {
        ""
    }
}

/// Where nothing was found, and what to do.
pub(super) fn shown_key(key: Option<&str>) -> String {
    key.map(|key| format!(" under `{}`; `save` or `insert` makes one", printed(key))).unwrap_or_default()
}

pub(super) fn shown_wait(waited: Duration) -> String {
    if waited.as_millis() < 50 { String::new() } else { format!(" after {waited:.1?}") }
}

pub(super) fn shown_conflict(expected: u64, found: Option<u64>) -> String {
    match (expected, found) {
        (0, Some(found)) => format!("has version {found}, and one that was never saved was to be new"),
        (_, Some(found)) => format!("has version {found} by now, and version {expected} was to be replaced"),
        (_, None) => format!("is gone, and version {expected} was to be replaced"),
    }
}
