//! How the server tells of indexes: of their names, and of one.

use std::time::Duration;

use bytes::Bytes;
use cache_index::{Command, DecodeError, IndexInfo, Reply, ServerErrorKind};

use crate::error::{Error, Result};

/// The names in an answer, and those that they may stand for.
pub(crate) fn listed(reply: Reply) -> Result<Vec<Bytes>> {
    let mut listed =
        names(reply).map_err(|source| Error::Decode { command: "FT._LIST".to_owned(), source })?;
    listed.extend(unescaped(&listed));
    Ok(listed)
}

/// Names are bytes: one that is no text is none of ours, and its index may be of our documents all the same.
fn names(reply: Reply) -> Result<Vec<Bytes>, DecodeError> {
    let name = |reply| match reply {
        Reply::Bulk(name) => Some(name),
        Reply::Status(name) => Some(name.into()),
        _ => None,
    };
    Ok(reply.into_items()?.into_iter().filter_map(name).collect())
}

/// The names that those may stand for which have an escaped end of a line in them: `FT._LIST` writes simple strings, in which
/// it has to be escaped, and escapes nothing else, so that both may be. One with U+0000 is listed up to that, and not found.
fn unescaped(listed: &[Bytes]) -> Vec<Bytes> {
    let name = |name: &Bytes| {
        let (mut plain, mut rest) = (Vec::with_capacity(name.len()), &name[..]);
        while let Some((first, behind)) = rest.split_first() {
            let end = match rest {
                [b'\\', b'n', ..] => Some(b'\n'),
                [b'\\', b'r', ..] => Some(b'\r'),
                _ => None,
            };
            plain.push(end.unwrap_or(*first));
            rest = if end.is_some() { behind.get(1..).unwrap_or_default() } else { behind };
        }
        (plain.len() < name.len()).then(|| plain.into())
    };
    listed.iter().filter_map(name).collect()
}

/// The question for what the server knows of an index.
pub(crate) fn question(index: impl AsRef<[u8]>, deadline: Option<Duration>) -> Command {
    let command = Command::new("FT.INFO").arg(index).repeatable();
    match deadline {
        Some(deadline) => command.within(deadline),
        None => command,
    }
}

pub(super) fn decode(reply: Reply) -> Result<IndexInfo> {
    IndexInfo::decode(reply).map_err(|source| Error::Decode { command: "FT.INFO".to_owned(), source })
}

/// What the server knows of an index, or of what an alias points at; `None`: there is none of this name.
pub(crate) fn read(answer: Result<Reply>) -> Result<Option<IndexInfo>> {
    match answer {
        Ok(reply) => decode(reply).map(Some),
        Err(error) if is_missing(&error) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether the server says that there is no such index.
pub(super) fn is_missing(error: &Error) -> bool {
    error.server_kind() == Some(ServerErrorKind::UnknownIndex)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_stand_for_one_with_ends_of_lines() {
        let listed = ["plain", "two\\r\\nlines", "a\\xb", "\\"].map(Bytes::from);
        assert_eq!(unescaped(&listed), ["two\r\nlines"]);
    }
}
