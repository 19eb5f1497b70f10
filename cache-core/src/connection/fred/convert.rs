//! Between this crate's values and those of `fred`, without copying bytes on the way back.

use std::time::Duration;

use ::fred::error::{Error as FredError, ErrorKind};
use ::fred::types::{ClusterHash, CustomCommand, Resp3Frame, Value};
use bytes::Bytes;
use cache_index::{Command, Reply, ServerErrorKind};

use super::{lists, tls};
use crate::connection::answers;
use crate::connection::classify::{BROKE, REFUSED, server_error, without_arguments};
use crate::error::{Error, Result};

/// A command as `fred` takes it: its name, and its arguments as bytes.
pub(super) fn command(command: &Command) -> (CustomCommand, Vec<Value>) {
    let args = command.args().skip(1).map(|argument| Value::Bytes(Bytes::copy_from_slice(argument)));
    (CustomCommand::new(command.name(), ClusterHash::FirstKey, false), args.collect())
}

/// The reply; a server's error among its parts stays a part of it.
pub(super) fn reply(frame: Resp3Frame) -> Reply {
    match frame {
        Resp3Frame::Null => Reply::Nil,
        Resp3Frame::Number { data, .. } => Reply::Int(data),
        Resp3Frame::Double { data, .. } => Reply::Double(data),
        Resp3Frame::Boolean { data, .. } => Reply::Bool(data),
        Resp3Frame::BlobString { data, .. }
        | Resp3Frame::VerbatimString { data, .. }
        | Resp3Frame::BigNumber { data, .. }
        | Resp3Frame::ChunkedString(data) => Reply::Bulk(data),
        Resp3Frame::SimpleString { data, .. } => Reply::Status(String::from_utf8_lossy(&data).into_owned()),
        Resp3Frame::SimpleError { data, .. } => error_reply(&data),
        Resp3Frame::BlobError { data, .. } => error_reply(&String::from_utf8_lossy(&data)),
        Resp3Frame::Array { data, .. } => Reply::Array(data.into_iter().map(reply).collect()),
        // Within an answer it is a list, which its parser took for a message in RESP2 and put a word in front of.
        Resp3Frame::Push { data, .. } => {
            let marked =
                matches!(data.first(), Some(Resp3Frame::SimpleString { data, .. }) if data == lists::MARK);
            Reply::Array(data.into_iter().skip(usize::from(marked)).map(reply).collect())
        }
        Resp3Frame::Set { data, .. } => Reply::Array(data.into_iter().map(reply).collect()),
        // Its parser (redis-protocol 6.0.0) begins with the last pair.
        Resp3Frame::Map { data, .. } => {
            Reply::Map(data.into_iter().rev().map(|(name, value)| (key(name), reply(value))).collect())
        }
        // What a client says, never a server.
        Resp3Frame::Hello { .. } => Reply::Nil,
    }
}

/// A key of a map, which is text also where the server says a status.
fn key(frame: Resp3Frame) -> Reply {
    match frame {
        Resp3Frame::SimpleString { data, .. } => Reply::Bulk(data),
        frame => reply(frame),
    }
}

/// The answer to a command: a server's error is an error.
pub(super) fn answer(command: &str, frame: Resp3Frame) -> Result<Reply> {
    answers::answer(command, reply(frame))
}

/// The code `ERR` says nothing: as with the other client, the rest is the text.
fn error_reply(text: &str) -> Reply {
    Reply::Error(server_error(text.strip_prefix("ERR ").unwrap_or(text)))
}

/// What `fred` itself failed with. A server's refusal of a connection comes this way too, with its text.
pub(super) fn error(command: &str, after: Duration, error: &FredError) -> Error {
    if let Some(reason) = tls::reason(error) {
        return Error::Tls { reason };
    }
    // fred keeps what a server says to its `HELLO` or `AUTH` as it is, and what is kept as a source is told too.
    let error = FredError::new(error.kind().clone(), without_arguments(error.details()).to_owned());
    let text = error.details();
    let refused = server_error(text.strip_prefix("ERR ").unwrap_or(text));
    match error.kind() {
        // fred takes this one for the end of a connection, and has it fail all that is under way there: it need not be the
        // answer to this command, which may have been executed.
        ErrorKind::Cluster if refused.kind() == ServerErrorKind::ClusterDown => {
            let reason =
                "the connection was given up, since its node says that the cluster is down".to_owned();
            Error::Unavailable { reason, source: Some(Box::new(error)) }
        }
        ErrorKind::Timeout => Error::Timeout { command: command.to_owned(), after },
        ErrorKind::Auth => Error::Server { command: command.to_owned(), source: refused },
        ErrorKind::Unknown | ErrorKind::Cluster
            if refused.kind() != ServerErrorKind::Other || begins_with_code(text) =>
        {
            Error::Server { command: command.to_owned(), source: refused }
        }
        ErrorKind::Config | ErrorKind::Url => Error::Settings { setting: "url", reason: text.to_owned() },
        _ if is_broken(&error) => {
            let refuses = text.to_ascii_lowercase().contains("connection refused");
            let reason = if refuses { REFUSED } else { BROKE };
            Error::Unavailable { reason: reason.to_owned(), source: Some(Box::new(error)) }
        }
        _ => Error::Client(Box::new(error)),
    }
}

/// Whether a text is a server's, as `ERR DB index is out of range`; fred's own have small letters.
fn begins_with_code(text: &str) -> bool {
    let code = text.split(' ').next().unwrap_or_default();
    code.len() > 2 && code.bytes().all(|byte| byte.is_ascii_uppercase())
}

/// Whether the connection itself is at fault, so that another one may do.
pub(super) fn is_broken(error: &FredError) -> bool {
    matches!(
        error.kind(),
        // It ends with an answer that fred cannot read, and all that is under way there.
        ErrorKind::IO | ErrorKind::Canceled | ErrorKind::Unknown | ErrorKind::Routing | ErrorKind::Protocol
    )
}

#[cfg(test)]
mod tests {
    use redis_protocol::resp3::decode::complete::decode_bytes;
    use redis_protocol::resp3::types::VerbatimStringFormat;

    use super::*;

    #[test]
    fn a_cluster_that_is_down_may_have_executed_what_was_under_way() {
        let text = "CLUSTERDOWN Hash slot not served";
        let error = error("SET", Duration::from_secs(1), &FredError::new(ErrorKind::Cluster, text));
        assert!(matches!(error, Error::Unavailable { .. }), "{error:?}");
    }

    #[test]
    fn what_a_connection_began_with_is_in_no_error() {
        let said = "ERR unknown command 'HELLO', with args beginning with: '3' 'AUTH' 'default' 's3cret'";
        for kind in [
            ErrorKind::Unknown,
            ErrorKind::Auth,
            ErrorKind::Cluster,
            ErrorKind::Config,
            ErrorKind::IO,
            ErrorKind::Canceled,
            ErrorKind::Protocol,
            ErrorKind::InvalidCommand,
        ] {
            let told = error("PING", Duration::ZERO, &FredError::new(kind, said));
            assert!(!format!("{told:?} {told}").contains("s3cret"), "{told:?}");
        }
    }

    #[test]
    fn a_list_that_looks_like_a_message_is_a_list() {
        let list = |words: &[&str]| {
            Reply::Array(words.iter().map(|word| Reply::Bulk((*word).to_owned().into())).collect())
        };
        let wire = Bytes::from_static(
            b"*2\r\n*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n*4\r\n$6\r\npubsub\r\n$7\r\nmessage\r\n$1\r\na\r\n$1\r\nb\r\n",
        );
        let (frame, _) = redis_protocol::resp2::decode::decode_bytes(&wire).unwrap().unwrap();
        let expected = vec![list(&["message", "a", "b"]), list(&["pubsub", "message", "a", "b"])];
        assert_eq!(reply(frame.into_resp3()), Reply::Array(expected));
    }

    /// As documented: what stands in a reply is what the client read, wherever it stands.
    #[test]
    fn bytes_are_handed_on_and_not_copied() {
        let bytes = Bytes::from("x".repeat(100));
        let data = || bytes.clone();
        let bulk = || Resp3Frame::BlobString { data: data(), attributes: None };
        let verbatim =
            Resp3Frame::VerbatimString { data: data(), format: VerbatimStringFormat::Text, attributes: None };
        let big = Resp3Frame::BigNumber { data: data(), attributes: None };
        let status = Resp3Frame::SimpleString { data: data(), attributes: None };
        let list = |data| Resp3Frame::Array { data, attributes: None };
        let set = Resp3Frame::Set { data: [bulk()].into_iter().collect(), attributes: None };
        let map = Resp3Frame::Map { data: [(status, bulk())].into_iter().collect(), attributes: None };
        let push = Resp3Frame::Push { data: vec![bulk()], attributes: None };
        let chunked = Resp3Frame::ChunkedString(data());
        let all = list(vec![bulk(), verbatim, big, chunked, list(vec![bulk()]), set, map, push]);
        let mut found = Vec::new();
        bulks(&answer("GET", all).unwrap(), &mut found);
        assert_eq!(found.len(), 9);
        assert!(found.iter().all(|found| found.as_ptr() == bytes.as_ptr() && found.len() == bytes.len()));
    }

    /// In both protocols they are parts of what was read.
    #[test]
    fn bytes_are_parts_of_what_was_read() {
        let text = "x".repeat(100);
        let wire = Bytes::from(format!("*2\r\n$100\r\n{text}\r\n*1\r\n$100\r\n{text}\r\n"));
        let (two, _) = redis_protocol::resp2::decode::decode_bytes(&wire).unwrap().unwrap();
        let (three, _) = decode_bytes(&wire).unwrap().unwrap();
        for frame in [two.into_resp3(), three] {
            let mut found = Vec::new();
            bulks(&reply(frame), &mut found);
            let at: Vec<_> =
                found.iter().map(|found| found.as_ptr() as usize - wire.as_ptr() as usize).collect();
            assert_eq!(at, [10, 122]);
        }
    }

    /// All texts of a reply.
    fn bulks(reply: &Reply, found: &mut Vec<Bytes>) {
        match reply {
            Reply::Bulk(bytes) => found.push(bytes.clone()),
            Reply::Array(items) => items.iter().for_each(|item| bulks(item, found)),
            Reply::Map(pairs) => pairs.iter().for_each(|(name, value)| {
                bulks(name, found);
                bulks(value, found);
            }),
            _ => {}
        }
    }

    #[test]
    fn a_map_has_the_order_of_the_wire() {
        let wire = Bytes::from_static(b"%3\r\n+c\r\n:1\r\n+a\r\n:2\r\n+b\r\n%2\r\n+z\r\n:3\r\n+y\r\n:4\r\n");
        let (frame, _) = decode_bytes(&wire).unwrap().unwrap();
        let pairs = |pairs: &[(&str, i64)]| {
            pairs
                .iter()
                .map(|(key, value)| (Reply::Bulk((*key).to_owned().into()), Reply::Int(*value)))
                .collect::<Vec<_>>()
        };
        let inner = (Reply::Bulk("b".into()), Reply::Map(pairs(&[("z", 3), ("y", 4)])));
        let mut expected = pairs(&[("c", 1), ("a", 2)]);
        expected.push(inner);
        assert_eq!(reply(frame), Reply::Map(expected));
    }
}
